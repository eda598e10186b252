"""The same plan run level by level: one small statement for each relation of a level.

The texts of the small statements recur, whatever is selected: each reads all plain properties of
its type, and its parameters have the same numbers everywhere. So they are planned already when a
document is seen for the first time. The rows are put together as the whole statement would have
returned them.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graph.access import AccessKind, Rules
from graph.access_terms import NOBODY
from graph.mapping import CONTACTS, AnyByIds, GraphMapping, PropertyField
from graph.reads.columns import (
    Columns,
    ComputedColumn,
    GroupsColumn,
    ManyColumn,
    OneColumn,
    RootPlan,
)
from graph.reads.cypher import AGENT
from graph.reads.grouping import FIRST_KEY
from graph.reads.pieces import Pieces
from graph.reads.small import (
    Apart,
    Asked,
    Counted,
    Known,
    Read,
    Small,
    asked_of,
    small_of,
    small_ones,
)
from graph.statements import CompiledStatement


@dataclass(frozen=True, slots=True)
class _One:
    small: Asked
    deeper: "_Level"


@dataclass(frozen=True, slots=True)
class _Groups:
    """Groups; `keys` are the levels of the keys that are nodes, by their places in a row."""

    small: Asked
    keys: Mapping[int, "_Level"]

    async def deepened(
        self, read: Read, parameters: Mapping[str, Any], lists: Sequence[list[list[Any]]]
    ) -> None:
        """Put all that is below the keys' nodes into the rows of several lists of groups."""
        groups = [group for groups in lists for group in groups]
        for place, level in self.keys.items():
            found = [group[place] for group in groups if group[place] is not None]
            rows = await level.rows(read, parameters, found)
            for group in groups:
                if (row := group[place]) is not None:
                    group[place] = rows[row[level.flat.properties["id"]]]


@dataclass(frozen=True, slots=True)
class _Many:
    page: Counted | Apart
    groups: tuple[_Groups, ...]
    deeper: "_Level"

    def statements(self) -> Iterator[Small]:
        """Yield the small statements of the connection and of all below."""
        if isinstance(self.page, Counted):
            yield self.page.small
        else:
            yield from small_ones(self.page.rows, self.page.total)
        for groups in self.groups:
            yield from small_ones(groups.small)
            for level in groups.keys.values():
                yield from level.statements()
        yield from self.deeper.statements()


@dataclass(frozen=True, slots=True)
class _Level:
    """Nodes at one place of the selection: what is read of them, and what begins at them."""

    columns: Columns
    flat: Columns
    computed: tuple[Small | tuple[str, ...], ...]
    """Of each computed field the small statement, or the properties that are all it needs."""
    links: tuple[_One | _Many, ...]

    async def rows(
        self, read: Read, parameters: Mapping[str, Any], found: Sequence[list[Any]]
    ) -> dict[str, list[Any]]:
        """Return the rows of nodes, by id, as the whole statement returns them."""
        by_id = {row[self.flat.properties["id"]]: row for row in found}
        ids = sorted(by_id)
        if not ids:
            return {}
        others = await asyncio.gather(
            *(self._needed(each, read, parameters, by_id) for each in self.computed),
            *(_follow(link, read, parameters, ids) for link in self.links),
        )
        return {each: [*self._own(by_id[each]), *(other[each] for other in others)] for each in ids}

    async def _needed(
        self,
        computed: Small | tuple[str, ...],
        read: Read,
        parameters: Mapping[str, Any],
        by_id: Mapping[str, list[Any]],
    ) -> dict[str, Any]:
        """Return what a computed field needs of each node."""
        if isinstance(computed, Small):
            return dict(await computed.run(read, parameters, list(by_id)))
        places = [self.flat.properties[name] for name in computed]
        return {each: [row[place] for place in places] for each, row in by_id.items()}

    def _own(self, row: list[Any]) -> Iterator[Any]:
        """Yield what is read of the node itself, in the order of the whole statement."""
        for name in self.columns.properties:
            yield row[self.flat.properties[name]]
        for wanted, place in (
            (self.columns.contacts, self.flat.contacts),
            (self.columns.label, self.flat.label),
        ):
            if wanted is not None and place is not None:
                yield row[place]

    def statements(self) -> Iterator[Small]:
        """Yield the small statements of this level and of all below."""
        yield from (each for each in self.computed if isinstance(each, Small))
        for link in self.links:
            if isinstance(link, _Many):
                yield from link.statements()
            else:
                yield from small_ones(link.small)
                yield from link.deeper.statements()


async def _follow(
    link: _One | _Many, read: Read, parameters: Mapping[str, Any], ids: Sequence[str]
) -> dict[str, Any]:
    key = link.deeper.flat.properties["id"]
    if isinstance(link, _One):
        ones = dict(await link.small.run(read, parameters, ids))
        rows = await link.deeper.rows(read, parameters, [row for row in ones.values() if row])
        return {each: None if row is None else rows[row[key]] for each, row in ones.items()}
    asked = (link.page, *(groups.small for groups in link.groups))
    answers: list[Any] = await asyncio.gather(*(each.run(read, parameters, ids) for each in asked))
    found_by_id: list[dict[str, Any]] = [dict(each) for each in answers]
    pages, *groups = found_by_id
    flat = [row for page, _ in pages.values() for row in page or ()]
    rows = await link.deeper.rows(read, parameters, flat)
    for each, found in zip(link.groups, groups, strict=True):
        await each.deepened(read, parameters, list(found.values()))
    return {
        each: [_page(page, rows, key), total, *(found[each] for found in groups)]
        for each, (page, total) in pages.items()
    }


def _page(
    page: list[list[Any]] | None, rows: Mapping[str, list[Any]], key: int
) -> list[list[Any]] | None:
    """Return the rows of a page with all that is below them."""
    return None if page is None else [rows[row[key]] for row in page]


class LevelRead:
    """A root, compiled to be read by levels."""

    def __init__(self, plan: RootPlan, mapping: GraphMapping, kind: AccessKind) -> None:
        self._mapping = mapping
        self._kind = kind
        self._many: _Many | None = None
        self._roots: dict[str, tuple[Small, _Level]] = {}
        self._listed = plan.field is not None and isinstance(plan.field.declared, AnyByIds)
        if plan.column is not None:
            self._many = self._connection(None, plan.column)
        for name, columns in plan.columns.items():
            level = self._level(columns)
            pieces = self._pieces()
            text = (pieces.nodes if self._listed else pieces.node)(name, level.flat)
            self._roots[name] = small_of(text), level

    async def run(self, read: Read, parameters: Mapping[str, Any]) -> Any:
        """Return the value that the whole statement returns, None for no record."""
        if self._many is not None:
            many = self._many
            asked = (many.page, *(groups.small for groups in many.groups))
            answers: list[Any] = await asyncio.gather(
                *(each.run(read, parameters) for each in asked)
            )
            (found, count), *groups = answers
            made = await many.deeper.rows(read, parameters, found or [])
            for each, listed in zip(many.groups, groups, strict=True):
                await each.deepened(read, parameters, [listed])
            return [_page(found, made, many.deeper.flat.properties["id"]), count, *groups]
        if self._listed:
            return await asyncio.gather(
                *(
                    self._nodes(read, parameters, small, level, parameters[f"ids{place}"])
                    for place, (small, level) in enumerate(self._roots.values())
                )
            )
        ((small, level),) = self._roots.values()
        row = await small.run(read, parameters)
        if row is None:
            return None
        (made,) = (await level.rows(read, parameters, [row])).values()
        return made

    def statements(self) -> Iterator[CompiledStatement]:
        """Yield all small statements."""
        if self._many is not None:
            yield from (small.statement for small in self._many.statements())
        for small, level in self._roots.values():
            yield small.statement
            yield from (each.statement for each in level.statements())

    @staticmethod
    async def _nodes(
        read: Read,
        parameters: Mapping[str, Any],
        small: Small,
        level: _Level,
        ids: Sequence[str],
    ) -> list[Any]:
        found: list[Any] = await small.run(read, parameters, ids)
        rows = await level.rows(read, parameters, [row for _, row in found])
        return [[each, rows[each]] for each, _ in found]

    def _pieces(self) -> Pieces:
        # New rules for each: the names of their variables begin anew, so that texts recur.
        return Pieces(Rules(self._kind), self._mapping.possible)

    def _level(self, columns: Columns, *keys: str) -> _Level:
        """Return a level; `keys` are of the order in which its rows are read, read everywhere."""
        label = columns.types[0] if len(columns.types) == 1 else AGENT
        return _Level(
            columns,
            self._flat(columns, keys),
            tuple(self._computed(label, columns, each) for each in columns.computed),
            tuple(
                self._one(label, each)
                if isinstance(each, OneColumn)
                else self._connection(label, each)
                for each in columns.relations
            ),
        )

    def _computed(
        self, label: str, columns: Columns, column: ComputedColumn
    ) -> Small | tuple[str, ...]:
        if column.field.computed.facts is None:
            return column.field.computed.properties
        same = replace(column, index=0)
        return small_of(self._pieces().computed(label, columns, same), column.index)

    def _one(self, label: str, column: OneColumn) -> _One:
        pieces = self._pieces()
        deeper = self._level(column.columns)
        if pieces.hides(column.columns.types):
            return _One(Known(None), deeper)
        return _One(small_of(pieces.one(label, OneColumn(column.field, deeper.flat))), deeper)

    def _connection(self, label: str | None, column: ManyColumn) -> _Many:
        page = column.page
        deeper = self._level(column.columns, page.order.key)
        same = ManyColumn(column.field, replace(page, index=0), deeper.flat)
        groups = tuple(self._groups(label, same, each) for each in column.groups)
        if self._pieces().hides_all(same):
            rows = Known([] if page.rows else None)
            return _Many(Apart(rows, Known(0 if column.total else None)), groups, deeper)
        counted = self._pieces().counted_rows(label, same)
        if counted is not None and (page.rows or column.total):
            small = small_of(counted, page.index, () if page.rows else (("size0", 0),))
            return _Many(Counted(small, page.rows, column.total), groups, deeper)
        rows = self._pieces().rows(label, same) if page.rows else None
        total = self._pieces().total(label, same) if column.total else None
        apart = Apart(*(asked_of(text, page.index) for text in (rows, total)))
        return _Many(apart, groups, deeper)

    def _groups(self, label: str | None, column: ManyColumn, groups: GroupsColumn) -> _Groups:
        levels = {name: self._level(columns) for name, columns in groups.keys.items()}
        flat = {name: level.flat for name, level in levels.items()}
        places = {key.name: place for place, key in enumerate(groups.asked.by, FIRST_KEY)}
        keys = {places[name]: levels[name] for name in levels}
        pieces = self._pieces()
        if label is None and pieces.hides_all(column):
            return _Groups(Known([]), keys)
        same = replace(groups, page=column.page, keys=flat)
        return _Groups(small_of(pieces.groups(label, column, same), groups.page.index), keys)

    def _flat(self, columns: Columns, keys: Sequence[str]) -> Columns:
        """Return the columns of a small statement: all plain properties, no relations.

        What is masked, or text that stands for objects, is read only where it is selected.
        """
        rules = Rules(self._kind)
        wanted = {"id", *keys, *columns.properties}
        for column in columns.computed:
            if column.field.computed.facts is None:
                wanted.update(column.field.computed.properties)
        for name in columns.types:
            for field in self._mapping.nodes[name].values():
                if not isinstance(field, PropertyField) or field.parse is not None:
                    continue
                if rules.property(columns.types, field.name, "n") is None:
                    wanted.add(field.name)
        contacts = None if columns.contacts is None else 0
        if self._has_contacts(columns.types) and rules.contacts("n") in {None, NOBODY}:
            # Read alike from everybody, so everywhere: there are fewer texts.
            contacts = 0
        flat = Columns(columns.types, dict.fromkeys(wanted, 0), contacts)
        flat.settle()
        return flat

    def _has_contacts(self, types: Sequence[str]) -> bool:
        return all(CONTACTS[0] in self._mapping.nodes[name] for name in types)
