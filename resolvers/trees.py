"""The trees that all share: areas and categories. Their shape is for ADMIN.

Whatever changes the shape of a tree takes its turn first, so that no two moves make a ring, and a
node is never made below one that moves at the same time. A move writes the paths of all below in
its transaction: rights and everything-below filters follow at once.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from domain.access import Viewer
from domain.errors import AlreadyTaken, BadInput
from domain.identity import NodeReference, derived_id
from domain.language import Phrase
from domain.plausible import (
    check_contact,
    check_name,
    check_period,
    check_position,
    check_time_zone,
    check_values,
)
from domain.records import Area, Category
from domain.rights import Subject, may_administer
from domain.searching import named, of_category, search_text
from domain.vocabulary import AreaLevel
from graph import nodes, trees
from graph.driver import Graph, Transaction
from graph.events import Changes
from graph.records import record
from resolvers.changing import Changed, Request, allow, created, lock_named, raised, run_change
from resolvers.claims_common import Call
from resolvers.entities import Entity, Link, open_node

AREAS, CATEGORIES = "areas", "categories"
LEVELS = list(AreaLevel)
MOST_SUBSTITUTES = 50
_AREA_CODE = re.compile(r"\d{2}|\d{4}|\d{6}|\d{9}|\d{12}")
_CATEGORY_CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")


def _area(after: Area, before: Area | None) -> Area:
    """Return an area as it is kept: a code that is given up stays one of its former codes."""
    check_name("name", after.name)
    check_values("aliases", after.aliases)
    check_values("formerCodes", after.former_codes)
    check_position(after)
    check_contact(after)
    check_time_zone(after.time_zone)
    check_period("validUntil", after.valid_from, after.valid_until)
    if after.code is not None and _AREA_CODE.fullmatch(after.code) is None:
        raise BadInput(field="code", value=after.code, expected=Phrase("expected.area_code"))
    if before is not None and before.code is not None and before.code != after.code:
        former = dict.fromkeys((*after.former_codes, before.code))
        return replace(after, former_codes=tuple(code for code in former if code != after.code))
    return after


def _category(after: Category, before: Category | None) -> Category:
    del before
    check_name("name", after.name)
    check_name("nameEn", after.name_en)
    check_values("aliases", after.aliases)
    if _CATEGORY_CODE.fullmatch(after.code) is None:
        raise BadInput(field="code", value=after.code, expected=_CATEGORY_CODE.pattern)
    return after


async def _area_code_taken(transaction: Transaction, area: Area, call: Call) -> None:
    """Refuse a code that another area has. Raises AlreadyTaken."""
    if area.code is None:
        return
    await nodes.lock_tree(transaction, AREAS, call.token)
    for found in await trees.areas_with_code(transaction, area.code):
        if found != area.id:
            raise AlreadyTaken(field="code", value=area.code, node=NodeReference("Area", found))


AREA = Entity(
    record=Area,
    agent=True,
    fields=frozenset(
        {
            "name",
            "code",
            "aliases",
            "valid_from",
            "valid_until",
            "latitude",
            "longitude",
            "time_zone",
            "contact_name",
            "phone",
            "email",
        }
    ),
    links={},
    registered=frozenset({"name", "code", "aliases", "valid_from", "valid_until", "time_zone"}),
    end="valid_until",
    tree=AREAS,
    check=_area,
    clash=_area_code_taken,
    found_by=named,
)
CATEGORY = Entity(
    record=Category,
    fields=frozenset({"name", "name_en", "aliases"}),
    links={"substitutes": Link(relationship="SUBSTITUTABLE_BY", most=MOST_SUBSTITUTES)},
    check=_category,
    found_by=of_category,
)


async def create_area(
    graph: Graph,
    level: AreaLevel,
    parent: NodeReference | None,
    fields: Mapping[str, Any],
    request: Request,
) -> Changed:
    """Make an area below another; only a province is below none.

    Raises AlreadyTaken, NotFound, Retired, Forbidden, NotSignedIn and BadInput.
    """
    area_id = request.ids()

    async def work(transaction: Transaction, viewer: Viewer, call: Call) -> tuple[Changed, Changes]:
        allow(may_administer, viewer, Subject(), call.write.operation)
        await nodes.lock_tree(transaction, AREAS, call.token)
        path = await _area_path(transaction, parent, level, area_id, call)
        made = _area(Area(id=area_id, created_at=call.now, level=level, path=path, **fields), None)
        await _area_code_taken(transaction, made, call)
        links = {"PART_OF": [parent] if parent else []}
        changes = await nodes.make(transaction, made, links, search_text(named(made)))
        return created(made), changes

    given = {"level": level, "parent": parent, "fields": fields}
    return await run_change(graph, request, "Area.CREATE", given, work)


async def move_area(graph: Graph, area_id: str, parent: NodeReference, request: Request) -> Changed:
    """Move an area with all below it under another. Raises what an edit raises."""

    async def work(transaction: Transaction, viewer: Viewer, call: Call) -> tuple[Changed, Changes]:
        await nodes.lock_tree(transaction, AREAS, call.token)
        before, _ = await open_node(
            transaction, AREA, area_id, request, call, viewer, may_administer
        )
        path = await _area_path(transaction, parent, before.level, area_id, call)
        _refuse_ring(before.path, path, parent)
        if path == before.path:
            return Changed(before.id, before.version), {}
        below = await trees.areas_with_path(transaction, before.path)
        changes: Changes = {}
        for each in below:
            moved = path + each.path.removeprefix(before.path)
            after = replace(each, path=moved, version=raised(each))
            changes[each.id] = await nodes.change(transaction, each, after)
        linked = await nodes.link(transaction, "PART_OF", area_id, [parent])
        changes[area_id].update(linked)
        return Changed(area_id, raised(before)), changes

    given = {"id": area_id, "parent": parent}
    return await run_change(graph, request, "Area.MOVE", given, work)


async def create_category(
    graph: Graph,
    code: str,
    parent: NodeReference | None,
    fields: Mapping[str, Any],
    substitutes: tuple[NodeReference, ...],
    request: Request,
) -> Changed:
    """Make a category, below another or as a root.

    Raises AlreadyTaken, NotFound, Retired, Forbidden, NotSignedIn and BadInput.
    """
    category_id = derived_id("Category", code)

    async def work(transaction: Transaction, viewer: Viewer, call: Call) -> tuple[Changed, Changes]:
        allow(may_administer, viewer, Subject(), call.write.operation)
        await nodes.lock_tree(transaction, CATEGORIES, call.token)
        above = await _category_above(transaction, parent, substitutes, call)
        made = _category(
            Category(
                id=category_id, created_at=call.now, code=code, path=f"{above}{code}/", **fields
            ),
            None,
        )
        for found in await trees.categories_with_code(transaction, code):
            raise AlreadyTaken(field="code", value=code, node=NodeReference("Category", found))
        links = {"CHILD_OF": [parent] if parent else [], "SUBSTITUTABLE_BY": [*substitutes]}
        changes = await nodes.make(transaction, made, links, search_text(of_category(made)))
        return created(made), changes

    given = {"code": code, "parent": parent, "fields": fields, "substitutes": substitutes}
    return await run_change(graph, request, "Category.CREATE", given, work)


async def move_category(
    graph: Graph, category_id: str, parent: NodeReference | None, request: Request
) -> Changed:
    """Move a category with all below it under another, or to the top. Raises as an edit does."""

    async def work(transaction: Transaction, viewer: Viewer, call: Call) -> tuple[Changed, Changes]:
        await nodes.lock_tree(transaction, CATEGORIES, call.token)
        before, _ = await open_node(
            transaction, CATEGORY, category_id, request, call, viewer, may_administer
        )
        above = await _category_above(transaction, parent, (), call)
        path = f"{above}{before.code}/"
        _refuse_ring(before.path, path, parent)
        if path == before.path:
            return Changed(before.id, before.version), {}
        changes: Changes = {}
        for each in await trees.categories_with_path(transaction, before.path):
            moved = path + each.path.removeprefix(before.path)
            after = replace(each, path=moved, version=raised(each))
            changes[each.id] = await nodes.change(transaction, each, after)
        linked = await nodes.link(transaction, "CHILD_OF", category_id, [parent] if parent else [])
        changes[category_id].update(linked)
        return Changed(category_id, raised(before)), changes

    given = {"id": category_id, "parent": parent}
    return await run_change(graph, request, "Category.MOVE", given, work)


async def _area_path(
    transaction: Transaction,
    parent: NodeReference | None,
    level: AreaLevel,
    area_id: str,
    call: Call,
) -> str:
    """Return the path of an area below another. Raises BadInput where the levels do not fit."""
    if parent is None:
        if level is not AreaLevel.PROVINCE:
            raise BadInput(field="parentId", value=None, expected="Area")
        return f"/{area_id}/"
    found = await lock_named(transaction, {"Area": (parent,)}, call.token)
    above = record(Area, found[parent])
    if LEVELS.index(above.level) >= LEVELS.index(level):
        fitting = " | ".join(LEVELS[: LEVELS.index(level)])
        raise BadInput(field="parentId", value=above.level, expected=fitting or "null")
    return f"{above.path}{area_id}/"


async def _category_above(
    transaction: Transaction,
    parent: NodeReference | None,
    substitutes: tuple[NodeReference, ...],
    call: Call,
) -> str:
    """Return the path of the category above, `/` for none."""
    ends: list[str] = [*([parent] if parent else []), *substitutes]
    found = await lock_named(transaction, {"Category": tuple(dict.fromkeys(ends))}, call.token)
    return found[parent]["path"] if parent else "/"


def _refuse_ring(before: str, after: str, parent: NodeReference | None) -> None:
    """Refuse to move a node below itself. Raises BadInput."""
    if after != before and after.startswith(before):
        raise BadInput(field="parentId", value=parent, expected=Phrase("expected.not_below_itself"))
