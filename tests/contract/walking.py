"""Questions for everything that the schema offers, made of the schema itself."""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
)

from graph.mapping import ManyField, OneField, Page, named_type
from schema.resolve import mapping_of
from tests.contract.asking import EXECUTOR
from tests.contract.world_records import World

SCHEMA = EXECUTOR.schema
MAPPING = mapping_of(SCHEMA)
ARGUMENTS = {("ResourceOffer", "freeSlots"): '(from: "2030-01-01", to: "2030-01-31")'}
"""The arguments of fields that need some."""
PAGES: dict[str, str] = {
    root.target: name for name, root in MAPPING.roots.items() if isinstance(root.declared, Page)
}
"""The root connection of each type that has one."""
AT_ONCE = 3
"""Relations that one document asks for."""
INFO = "pageInfo { startCursor endCursor hasNextPage hasPreviousPage }"


@dataclass(frozen=True)
class Question:
    """A document with its variables, and what it is about."""

    about: str
    query: str
    variables: dict[str, Any] = field(default_factory=dict[str, Any])


def type_of(name: str) -> GraphQLObjectType:
    """Return an object type of the schema."""
    return cast("GraphQLObjectType", SCHEMA.type_map[name])


def own_fields(name: str) -> dict[str, GraphQLField]:
    """Return the fields of a node type that lead to no other node."""
    return {
        each: declared
        for each, declared in type_of(name).fields.items()
        if not isinstance(MAPPING.nodes[name][each], (OneField, ManyField))
    }


def selected(name: str, each: str, declared: GraphQLField) -> str:
    """Return a field with its arguments and, of objects, all their fields."""
    given = ARGUMENTS.get((name, each), "")
    needed = {key for key, found in declared.args.items() if _required(found)}
    assert not needed or given, f"{name}.{each} needs arguments that the walk does not know"
    return f"{each}{given}{_objects(declared)}"


def _required(argument: Any) -> bool:
    return isinstance(argument.type, GraphQLNonNull)


def _objects(declared: GraphQLField) -> str:
    named = named_type(declared)
    if isinstance(named, (GraphQLScalarType, GraphQLEnumType)):
        return ""
    assert isinstance(named, GraphQLObjectType), named
    return f" {{ {' '.join(selected(named.name, *each) for each in named.fields.items())} }}"


def own(target: str) -> str:
    """Return the selection of all own fields of a type, or of each type of an interface."""
    names = MAPPING.possible[target]
    if len(names) == 1:
        return " ".join(selected(names[0], *each) for each in own_fields(names[0]).items())
    fragments = [
        f"... on {name} {{ "
        + " ".join(
            f"{name}_{each}: " + selected(name, each, found)
            for each, found in own_fields(name).items()
        )
        + " }"
        for name in names
    ]
    return "__typename id " + " ".join(fragments)


def related(name: str) -> Iterator[str]:
    """Yield the selection of each relation of a type, with all own fields of what is there."""
    for each, mapped in MAPPING.nodes[name].items():
        if isinstance(mapped, OneField):
            yield f"{each} {{ {own(mapped.target)} }}"
        elif isinstance(mapped, ManyField):
            yield (
                f"{each}(first: 5) {{ totalCount {INFO} "
                f"edges {{ cursor node {{ {own(mapped.target)} }} }} nodes {{ id }} }}"
            )


def ordered_relations(name: str) -> Iterator[str]:
    """Yield the selection of each relation of a type in each order."""
    return (
        f"{each}_{place}: {each}(first: 5, orderBy: {order}) "
        f"{{ {INFO} edges {{ cursor node {{ id }} }} }}"
        for each, mapped in MAPPING.nodes[name].items()
        if isinstance(mapped, ManyField)
        for place, order in enumerate(orders(type_of(name).fields[each]))
    )


def orders(connection: GraphQLField) -> Iterator[str]:
    """Yield the orders that a connection offers, up and down in turn."""
    sort = cast("GraphQLInputObjectType", named_type(connection.args["orderBy"]))
    by = cast("GraphQLEnumType", named_type(sort.fields["field"]))
    for place, each in enumerate(by.values):
        yield f"{{field: {each}, direction: {'ASC' if place % 2 else 'DESC'}}}"


def pages() -> Iterator[Question]:
    """Yield the root connection of every type, in every order, forwards and backwards."""
    for target, root in PAGES.items():
        declared = cast("GraphQLObjectType", SCHEMA.query_type).fields[root]
        parts = [
            f"p{place}: {root}(first: 100, orderBy: {order}) "
            f"{{ totalCount {INFO} edges {{ cursor node {{ id }} }} }}"
            for place, order in enumerate(orders(declared))
        ]
        parts.append(
            f"{root}(last: 100) {{ totalCount {INFO} edges {{ cursor node {{ {own(target)} }} }} "
            "nodes { id } }"
        )
        yield Question(f"{root} in every order", f"{{ {' '.join(parts)} }}")


def nodes(world: World) -> Iterator[Question]:
    """Yield every node by its id, with all its relations, and alone."""
    by_type: dict[str, list[str]] = {}
    for name, record in world.records.items():
        by_type.setdefault(type(record).__name__, []).append(world.gid(name))
    for name, ids in by_type.items():
        asked = {
            "itself": [own(name)],
            "related": together(related(name)),
            "orders": together(ordered_relations(name)),
        }
        for about, selections in asked.items():
            for selection in selections:
                query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on NAME { id SELECTION } } }"
                query = query.replace("NAME", name).replace("SELECTION", selection)
                yield Question(f"{name} by id: {about}", query, {"ids": ids[:100]})


def together(selections: Iterable[str]) -> Iterator[str]:
    """Yield selections, some to a document.

    How long Neo4j plans grows faster than a statement: for all relations of an area 20 s.
    """
    found = list(selections)
    for start in range(0, len(found), AT_ONCE):
        yield " ".join(found[start : start + AT_ONCE])


def single_nodes(world: World, hidden: Mapping[str, frozenset[str]]) -> Iterator[Question]:
    """Yield one node of each type, through `node` and its own root: a hidden one, if there is."""
    chosen: dict[str, str] = {}
    for name in sorted(world.records, key=lambda name: "id" not in hidden.get(name, ())):
        chosen.setdefault(type(world.records[name]).__name__, name)
    by_id = {
        root.target: name
        for name, root in MAPPING.roots.items()
        if type(root.declared).__name__ == "ById"
    }
    for kind, name in chosen.items():
        roots = [f"node(id: $id) {{ ... on {kind} {{ {own(kind)} }} }}"]
        if kind in by_id:
            roots.append(f"{by_id[kind]}(id: $id) {{ {own(kind)} }}")
        query = f"query($id: ID!) {{ {' '.join(roots)} }}"
        yield Question(f"one {kind}", query, {"id": world.gid(name)})


def decoded(answer: str) -> str:
    """Return an answer with its cursors in clear text."""
    found = [
        base64.b64decode(cursor + "===", validate=False)
        for cursor in re.findall(r'"(?:cursor|startCursor|endCursor)":"([^"]+)"', answer)
    ]
    return answer + "\n".join(each.decode() for each in found)
