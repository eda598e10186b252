"""What signing in keeps: identities, codes, sessions, what was revoked; and deputies."""

from typing import LiteralString

from graph.driver import Graph
from graph.endpoint import Dialect

LABELS: tuple[LiteralString, ...] = (
    "Identity",
    "SignInCode",
    "Session",
    "Revocation",
    "Deputyship",
)
LOOKED_UP: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("Deputyship", "sortKey"),
    ("Revocation", "expiresAt"),
    ("Session", "expiresAt"),
    ("SignInCode", "expiresAt"),
)


async def apply(graph: Graph) -> None:
    """Create constraints and indexes where they are missing."""
    for label in LABELS:
        await graph.schema(
            f"CREATE CONSTRAINT {label}_id_unique IF NOT EXISTS "
            f"FOR (n:{label}) REQUIRE n.id IS UNIQUE"
        )
    for label, name in LOOKED_UP:
        await graph.schema(
            f"CREATE INDEX {label}_{name}_range IF NOT EXISTS FOR (n:{label}) ON (n.{name})"
        )
    if graph.dialect is Dialect.NEO4J:
        await graph.schema("CALL db.awaitIndexes(300)")
