"""The trees of areas and of categories: what lies below a node, and under which code."""

from domain.records import Area, Category
from graph.driver import Transaction
from graph.records import record
from graph.statements import statement

AREAS_WITH_PATH = statement(
    "trees.areas_with_path",
    "MATCH (a:Area) WHERE a.path STARTS WITH $path RETURN properties(a) AS node ORDER BY a.path",
)
CATEGORIES_WITH_PATH = statement(
    "trees.categories_with_path",
    """MATCH (c:Category) WHERE c.path STARTS WITH $path
RETURN properties(c) AS node ORDER BY c.path""",
)
AREA_WITH_CODE = statement(
    "trees.area_with_code", "MATCH (a:Area {code: $code}) RETURN a.id AS id ORDER BY id"
)
CATEGORY_WITH_CODE = statement(
    "trees.category_with_code", "MATCH (c:Category {code: $code}) RETURN c.id AS id ORDER BY id"
)


async def areas_with_path(transaction: Transaction, path: str) -> list[Area]:
    """Return an area and all below it, from the top."""
    rows = await transaction.run(AREAS_WITH_PATH, path=path)
    return [record(Area, row["node"]) for row in rows]


async def categories_with_path(transaction: Transaction, path: str) -> list[Category]:
    """Return a category and all below it, from the top."""
    rows = await transaction.run(CATEGORIES_WITH_PATH, path=path)
    return [record(Category, row["node"]) for row in rows]


async def areas_with_code(transaction: Transaction, code: str) -> list[str]:
    """Return the ids of the areas that have a code now."""
    return [row["id"] for row in await transaction.run(AREA_WITH_CODE, code=code)]


async def categories_with_code(transaction: Transaction, code: str) -> list[str]:
    """Return the ids of the categories that have a code."""
    return [row["id"] for row in await transaction.run(CATEGORY_WITH_CODE, code=code)]
