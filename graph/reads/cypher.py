"""From a plan to the text of its statement, canonical: no aliases, no values, fixed names.

Every relation is an expression over a variable that is never null, so that no pattern begins at
nothing: to-one relations as the head of a pattern comprehension, pages as COLLECT subqueries,
counts as COUNT subqueries (from the degree store where nothing is filtered).

Neo4j refuses an aggregate inside of a list, however deep. So a subquery that holds groups is not
written in its place but before, as an item of a WITH, and is named in its place; `Before` gathers
such items. Statements without groups have none.
"""

from collections.abc import Callable, Sequence

from graph.access import Rules
from graph.access_terms import NOBODY
from graph.mapping import CONTACTS, AnyByIds, Below, Relation
from graph.model import ANY, RELATIONSHIPS
from graph.ordering import Order
from graph.reads.columns import (
    Columns,
    ComputedColumn,
    GroupsColumn,
    ManyColumn,
    OneColumn,
    PagePlan,
    RootPlan,
)
from graph.reads.computed import Place
from graph.reads.conditions import Subject, Texts
from graph.reads.grouping import NodeKey, clauses

AGENT = "Agent"
VARIED = frozenset(kind for kind, (_, end) in RELATIONSHIPS.items() if end == ANY)
"""Relationship types that do not imply the label of their end."""
ROOT = "n"


class Before:
    """What is worked out in a WITH before the expression that names it."""

    def __init__(self) -> None:
        self._items: list[str] = []

    def name(self, name: str, expression: str) -> str:
        """Have an expression worked out before, and return its name."""
        self._items.append(f"{expression} AS {name}")
        return name

    def clause(self, *carried: str) -> str:
        """Return the WITH, which carries the variables in use on; nothing where none is needed."""
        return f"WITH {', '.join([*carried, *self._items])} " if self._items else ""


def compile_root(plan: RootPlan, rules: Rules, possible: dict[str, tuple[str, ...]]) -> str:
    """Return the statement of a root: one record with one value."""
    return Compiler(rules, possible).root(plan)


def compile_apart(
    plan: RootPlan, rules: Callable[[], Rules], possible: dict[str, tuple[str, ...]]
) -> tuple[str | None, str | None] | None:
    """Return the page of a root as a statement of its rows, and the statement of its total.

    The embedded engine reads along an index, and stops where the page is full, only for the rows
    of a whole statement; and it counts faster for a whole one. None where the root begins
    elsewhere; of the two, None for what is not asked for.
    """
    column = plan.column
    if column is None or column.groups or column.columns.aggregates:
        return None
    page = column.page
    if page.filter is not None and page.filter.finds_few(page.shape):
        return None
    if Compiler(rules(), possible).hides_all(column):
        return None
    rows = Compiler(rules(), possible).in_order(column) if column.page.rows else None
    if column.page.rows and rows is None:
        return None
    return rows, Compiler(rules(), possible).counted(column) if column.total else None


class Compiler:
    """Writes the parts of statements for one kind of access. Names are new in each statement."""

    def __init__(self, rules: Rules, possible: dict[str, tuple[str, ...]]) -> None:
        self._rules = rules
        self._possible = possible
        self._variables = 0
        self._named = 0

    def root(self, plan: RootPlan) -> str:
        """Return the statement of a root."""
        before = Before()
        if plan.column is not None:
            row = self._from_the_top(plan.column, before)
            return f"{before.clause()}RETURN {row} AS row"
        if plan.field is not None and isinstance(plan.field.declared, AnyByIds):
            lists = [
                self._wanted(name, columns, place, before)
                for place, (name, columns) in enumerate(plan.columns.items())
            ]
            return f"{before.clause()}RETURN [{', '.join(lists)}] AS row"
        ((name, columns),) = plan.columns.items()
        row = self._row(columns, ROOT, before)
        return f"{self._by_id(name, '$id')} {before.clause(ROOT)}RETURN {row} AS row"

    def _wanted(self, name: str, columns: Columns, place: int, before: Before) -> str:
        within = Before()
        row = self._row(columns, ROOT, within)
        found = (
            f"COLLECT {{ UNWIND $ids{place} AS wanted {self._by_id(name, 'wanted')} "
            f"{within.clause(ROOT)}RETURN [{ROOT}.id, {row}] }}"
        )
        return self._placed(found, before, aggregates=columns.aggregates)

    def _placed(self, expression: str, before: Before, *, aggregates: bool) -> str:
        """Return an expression, or its name where it has to be worked out before."""
        if not aggregates:
            return expression
        self._named += 1
        return before.name(f"g{self._named}", expression)

    def _by_id(self, name: str, value: str) -> str:
        visible = self._rules.visible((name,), ROOT)
        where = "" if visible is None else f" WHERE {visible}"
        return f"MATCH ({ROOT}:{name} {{id: {value}}}){where}"

    def _row(self, columns: Columns, variable: str, before: Before) -> str:
        parts = [self._property(columns, variable, name) for name in columns.properties]
        if columns.contacts is not None:
            parts.append(self._contacts(variable))
        if columns.label is not None:
            parts.append(f"head([label IN labels({variable}) WHERE label <> '{AGENT}'])")
        parts += [self._computed(columns, variable, each) for each in columns.computed]
        for relation in columns.relations:
            if isinstance(relation, OneColumn):
                parts.append(self._one(variable, relation, before))
            else:
                parts.append(self._many(variable, relation, before))
        return f"[{', '.join(parts)}]"

    def _property(self, columns: Columns, variable: str, name: str) -> str:
        allowed = self._rules.property(columns.types, name, variable)
        return _masked(f"{variable}.{name}", allowed)

    def _computed(self, columns: Columns, variable: str, column: ComputedColumn) -> str:
        computed = column.field.computed
        parts = [self._property(columns, variable, name) for name in computed.properties]
        if computed.facts is not None:
            parts += computed.facts(Place(variable, self._rules, f"computed{column.index}"))
        return f"[{', '.join(parts)}]"

    def _contacts(self, variable: str) -> str:
        values = f"[{', '.join(f'{variable}.{name}' for name in CONTACTS)}]"
        return _masked(values, self._rules.contacts(variable))

    def _one(self, start: str, column: OneColumn, before: Before) -> str:
        variable, within = self._fresh(), Before()
        pattern = column.field.relation.pattern(start, self._end(variable, column.field.target))
        visible = self._rules.visible(column.columns.types, variable)
        where = "" if visible is None else f" WHERE {visible}"
        row = self._row(column.columns, variable, within)
        if not column.aggregates:
            return f"head([{pattern}{where} | {row}])"
        found = f"MATCH {pattern}{where} {within.clause(variable)}RETURN {row}"
        return self._placed(f"head(COLLECT {{ {found} }})", before, aggregates=True)

    def hides_all(self, column: ManyColumn) -> bool:
        """Whether the caller can see no node of the type at all."""
        return self._visible(column, ROOT) == NOBODY

    def _from_the_top(self, column: ManyColumn, before: Before) -> str:
        if self.hides_all(column):
            # The embedded engine would test it node by node.
            rows, total = "[]" if column.page.rows else "null", "0" if column.total else "null"
            return f"[{', '.join([rows, total, *('[]' for _ in column.groups)])}]"
        return self._many(None, column, before)

    def _many(self, start: str | None, column: ManyColumn, before: Before) -> str:
        rows = "null"
        if column.page.rows:
            rows = self._rows(start, column)
            rows = self._placed(rows, before, aggregates=column.columns.aggregates)
        total = self._total(start, column) if column.total else "null"
        groups = [
            self._placed(self._groups(start, column, each), before, aggregates=True)
            for each in column.groups
        ]
        return f"[{', '.join([rows, total, *groups])}]"

    def _rows(self, start: str | None, column: ManyColumn) -> str:
        page, variable, within = column.page, self._fresh(), Before()
        key = f"{variable}.{page.key}"
        source = self._source(start, column, variable, _bounds(page, key), page.grouped)
        descending = " DESC" if page.reversed else ""
        row = self._row(column.columns, variable, within)
        return (
            f"COLLECT {{ {source} WITH {variable} ORDER BY {key}{descending} "
            f"LIMIT $size{page.index} {within.clause(variable)}RETURN {row} }}"
        )

    def _groups(self, start: str | None, column: ManyColumn, groups: GroupsColumn) -> str:
        variable, within = self._fresh(), Before()
        subject = Subject(variable, column.columns.types)
        source = self._source(start, column, variable, [])
        self._named += 1
        made = clauses(groups.asked, subject, f"g{self._named}", self._rules)
        keys: list[str] = []
        for key, name in zip(groups.asked.by, made.keys, strict=True):
            value = key.value(name)
            columns = groups.keys.get(key.name)
            if isinstance(key, NodeKey):
                value = "null" if columns is None else self._key(value, columns, within)
            keys.append(value)
        row = ", ".join([made.amount, made.quantities, *keys, *made.numbers])
        part = groups.prefix
        return (
            f"COLLECT {{ {source} {made.text} SKIP ${part}offset LIMIT ${part}first "
            f"{within.clause(*made.variables)}RETURN [{row}] }}"
        )

    def _key(self, value: str, columns: Columns, before: Before) -> str:
        """Return what is read of the node that is a key; of none where it is null."""
        variable, within = self._fresh(), Before()
        label = columns.types[0] if len(columns.types) == 1 else AGENT
        row = self._row(columns, variable, within)
        found = (
            f"MATCH ({variable}:{label} {{id: coalesce({value}, '')}}) "
            f"{within.clause(variable)}RETURN {row}"
        )
        return self._placed(f"head(COLLECT {{ {found} }})", before, aggregates=columns.aggregates)

    def in_order(self, column: ManyColumn) -> str | None:
        """Return the rows of a root along the index of its order; None where that is not sure."""
        page, variable = column.page, self._fresh()
        key = f"{variable}.{page.key}"
        tests = [*_bounds(page, key), *map(_unindexed, self._tests(column, variable, page.grouped))]
        if any("CASE" in test and "{" in test for test in tests):
            # A subquery within CASE is not evaluated there.
            return None
        return (
            f"MATCH ({self._end(variable, column.field.target)}) WHERE {' AND '.join(tests)} "
            f"RETURN {self._row(column.columns, variable, Before())} AS row "
            f"ORDER BY {key}{' DESC' if page.reversed else ''} LIMIT $size{page.index}"
        )

    def counted(self, column: ManyColumn) -> str:
        """Return how many nodes a root has, as a statement of its own: it can use any index."""
        variable = self._fresh()
        return f"{self._source(None, column, variable, [])} RETURN count({variable}) AS row"

    def _tests(self, column: ManyColumn, variable: str, grouped: Order | None) -> list[str]:
        """Return the tests of a page that begins nowhere else, but for its bounds."""
        page, types = column.page, column.columns.types
        visible = self._visible(column, variable)
        tests = [] if visible is None else [visible]
        if page.filter is not None:
            texts = Texts(self._rules, f"filter{page.index}")
            without = None if grouped is None else grouped.field
            tests += page.filter.tests(Subject(variable, types), page.shape, texts, without)
        return tests

    def _visible(self, column: ManyColumn, variable: str) -> str | None:
        """Return the test that a node of a connection may be seen, beside those of its filter."""
        page = column.page
        known = None if page.filter is None else page.filter.published(page.shape)
        return self._rules.visible(column.columns.types, variable, published=known)

    def _total(self, start: str | None, column: ManyColumn) -> str:
        if (counted := self._degree(start, column)) is not None:
            return counted
        variable = self._fresh()
        source = self._source(start, column, variable, [])
        returned = "" if source.startswith("MATCH (") else f" RETURN {variable}"
        return f"COUNT {{ {source}{returned} }}"

    def _degree(self, start: str | None, column: ManyColumn) -> str | None:
        """Return how many there are where the engines know without looking at them, else None."""
        relation = column.field.relation
        if (
            start is None
            or not isinstance(relation, Relation)
            or relation.transitive
            or relation.type in VARIED
            or column.page.shape
            or self._visible(column, ROOT) is not None
        ):
            return None
        # Without the end's label the engines answer from the degree store.
        return f"COUNT {{ {relation.pattern(start, '')} }}"

    def _source(
        self,
        start: str | None,
        column: ManyColumn,
        variable: str,
        bounds: Sequence[str],
        grouped: Order | None = None,
    ) -> str:
        """Return the clauses that bind the variable to the nodes of a connection.

        `grouped` says which test the bounds make needless.
        """
        relation, page = column.field.relation, column.page
        begun = None
        if page.filter is not None and start is None:
            texts = Texts(self._rules, f"filter{page.index}")
            begun = page.filter.start(variable, page.shape, texts)
        if begun is None:
            end = self._end(variable, column.field.target)
            opening = "MATCH " + (
                f"({end})" if start is None or relation is None else relation.pattern(start, end)
            )
            tests = [*bounds, *self._tests(column, variable, grouped)]
        else:
            opening = begun.clauses
            visible = self._visible(column, variable)
            tests = [*bounds, *([] if visible is None else [visible]), *begun.tests]
        if not tests:
            return opening
        joint = "AND" if isinstance(relation, Below) and start is not None else "WHERE"
        return f"{opening} {joint} {' AND '.join(tests)}"

    def _end(self, variable: str, target: str) -> str:
        types = self._possible[target]
        return f"{variable}:{types[0] if len(types) == 1 else AGENT}"

    def _fresh(self) -> str:
        self._variables += 1
        return f"n{self._variables}"


def _bounds(page: PagePlan, key: str) -> list[str]:
    """Return the tests that the key of a row lies within the page's bounds, where it has any."""
    if not page.bounded:
        return []
    return [f"{key} > $above{page.index}", f"{key} < $below{page.index}"]


def _unindexed(test: str) -> str:
    """Return a test by which the embedded engine does not choose another index to read.

    It would read all that the index has for the value, and sort it. No index serves subqueries.
    A bare CASE would not do: of one with `any(.. WHERE ..)` in it that engine asks the `any` alone.
    """
    return test if "{" in test else f"CASE WHEN {test} THEN true ELSE false END = true"


def _masked(value: str, allowed: str | None) -> str:
    """Return an expression that is null where the test does not hold."""
    if allowed is None:
        return value
    return "null" if allowed == NOBODY else f"CASE WHEN {allowed} THEN {value} ELSE null END"
