"""From a row to the response, by a function made for the plan.

The made function only knows well-formed rows. Whatever else it meets (an absent value where the
schema promises one, a number out of range, an unknown name of an enum) raises `Anomaly`: then the
ordinary executor answers, whose errors and null propagation are the specification's.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

from domain.identity import global_id
from graph.mapping import AnyByIds, ContactField, IdField, PropertyField, Scalar
from graph.reads.columns import (
    TYPE_NAME,
    Answer,
    Columns,
    ComputedAnswer,
    Connection,
    Edges,
    Groups,
    KeyOfGroup,
    ManyColumn,
    Objects,
    OneAnswer,
    RootPlan,
    TypeNameAnswer,
    ValueAnswer,
    Views,
)
from graph.reads.cursors import encode_cursor, order_mark
from graph.reads.grouping import FIRST_KEY, NodeKey, TypeKey, ValueKey, quantities, statistics
from graph.reads.parameters import RequestValue

SMALLEST_INT, LARGEST_INT = -(2**31), 2**31 - 1
LARGEST_LONG = 2**53 - 1

Assembler: TypeAlias = Callable[[Any, Sequence[RequestValue]], Any]


class Anomaly(Exception):
    """The row is not what the schema promises."""


def anomaly() -> Any:
    """Raise Anomaly from within an expression."""
    raise Anomaly


def assembler(plan: RootPlan) -> Assembler:
    """Return the function that makes the response of a root of its row and its page values.

    For `AnyByIds` it makes that of one node, `[type, row]`.
    """
    return _Maker().make(plan)


def _guarded(made: Assembler) -> Assembler:
    def assemble(row: Any, pages: Sequence[RequestValue]) -> Any:
        try:
            return made(row, pages)
        except (TypeError, ValueError, LookupError) as error:
            # A value of another kind than the schema promises: text for a number, broken JSON.
            raise Anomaly from error

    return assemble


def _mark(column: ManyColumn) -> str:
    return order_mark(column.page.order, descending=column.page.descending)


class _Maker:
    """Writes the functions. A node's function takes its row `r` and the page values `p`."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._plain: dict[str, str] = {}
        """Of the functions that only return an expression: that, over the row `r`."""
        self._count = 0
        self._names: dict[str, Any] = {
            "anomaly": anomaly,
            "cursor": encode_cursor,
            "global_id": global_id,
        }

    def make(self, plan: RootPlan) -> Assembler:
        if plan.column is not None and plan.connection is not None:
            name = self._connection(plan.column, plan.connection)
        elif plan.field is not None and isinstance(plan.field.declared, AnyByIds):
            functions = self._table(
                {
                    kind: self._node(kind, columns, plan.views[kind])
                    for kind, columns in plan.columns.items()
                }
            )
            name = self._function(f"{functions}[r[0]](r[1], p)")
        else:
            ((kind, columns),) = plan.columns.items()
            name = self._node(kind, columns, plan.views[kind])
        # The text is made of the names of the schema and of response keys, which are GraphQL
        # names and stand in it as literals: nothing of a request can be code.
        exec("\n".join(self._lines), self._names)  # noqa: S102
        return _guarded(self._names[name])

    def _function(self, expression: str, *before: str) -> str:
        self._count += 1
        name = f"make{self._count}"
        if not before:
            self._plain[name] = expression
        self._lines.append(f"def {name}(r, p):")
        self._lines.extend(f"    {line}" for line in before)
        self._lines.append(f"    return {expression}")
        return name

    def _table(self, functions: dict[str, str]) -> str:
        """Return the name of the table of functions by type."""
        self._count += 1
        name = f"table{self._count}"
        entries = ", ".join(f"{kind!r}: {function}" for kind, function in functions.items())
        self._lines.append(f"{name} = {{{entries}}}")
        return name

    def _constant(self, value: Any) -> str:
        self._count += 1
        name = f"constant{self._count}"
        self._names[name] = value
        return name

    def _views(self, columns: Columns, views: Views) -> str:
        """Return the name of the function for a node of any of the types."""
        made = {kind: self._node(kind, columns, view) for kind, view in views.items()}
        if len(made) == 1:
            return next(iter(made.values()))
        functions = self._table(made)
        return self._function(f"({functions}.get(r[{columns.label}]) or anomaly())(r, p)")

    def _node(self, kind: str, columns: Columns, view: list[Answer]) -> str:
        parts = [f"{each.key!r}: {self._answer(kind, columns, each)}" for each in view]
        return self._function(f"{{{', '.join(parts)}}}")

    def _answer(self, kind: str, columns: Columns, answer: Answer) -> str:
        match answer:
            case TypeNameAnswer():
                return repr(kind)
            case ValueAnswer():
                return self._value(kind, columns, answer)
            case ComputedAnswer(column=column):
                function = self._constant(column.field.computed.compute)
                place = columns.positions[id(column)]
                value = f"{function}(r[{place}], p[{column.index}])"
                if answer.objects is None:
                    return value
                return self._structured(value, answer.objects, listed=column.field.listed)
            case OneAnswer(column=column):
                other = f"r[{columns.positions[id(column)]}]"
                name = self._views(column.columns, answer.views)
                absent = "anomaly()" if column.field.required else "None"
                return f"({name}(o, p) if (o := {other}) is not None else {absent})"
            case _:
                name = self._connection(answer.column, answer.connection)
                return f"{name}(r[{columns.positions[id(answer.column)]}], p)"

    def _value(self, kind: str, columns: Columns, answer: ValueAnswer) -> str:
        match answer.field:
            case IdField():
                place = columns.properties["id"]
                return f"global_id({kind!r}, r[{place}])"
            case ContactField(index=index):
                return f"(c[{index}] if (c := r[{columns.contacts}]) is not None else None)"
            case PropertyField(name=name):
                value = f"r[{columns.properties[name]}]"
                return self._property(value, answer.field, answer.objects)

    def _property(self, value: str, field: PropertyField, objects: Objects | None) -> str:
        if field.parse is not None:
            parsed = f"{self._constant(field.parse)}({value})"
            if objects is None:
                return parsed
            return self._structured(parsed, objects, listed=field.listed)
        if field.listed:
            return f"({value} or [])"
        absent = "anomaly()" if field.required else "None"
        match field.scalar:
            case Scalar.TEXT:
                return (
                    f"(v if (v := {value}) is not None else anomaly())" if field.required else value
                )
            case Scalar.FLOAT:
                return f"(float(v) if (v := {value}) is not None else {absent})"
            case Scalar.ENUM:
                names = self._constant({*field.values, *(() if field.required else (None,))})
                return f"(v if (v := {value}) in {names} else anomaly())"
            case Scalar.INTEGER | Scalar.LONG:
                low, high = (
                    (SMALLEST_INT, LARGEST_INT)
                    if field.scalar is Scalar.INTEGER
                    else (-LARGEST_LONG, LARGEST_LONG)
                )
                checked = f"(v if {low} <= v <= {high} else anomaly())"
                return f"({checked} if (v := {value}) is not None else {absent})"

    def _structured(self, parsed: str, objects: Objects, *, listed: bool) -> str:
        name = self._objects(objects)
        if listed:
            return f"[{name}(o, p) for o in {parsed}]"
        return f"({name}(o, p) if (o := {parsed}) is not None else None)"

    def _objects(self, objects: Objects) -> str:
        parts: list[str] = []
        for key, name, deeper in objects.answers:
            if name == TYPE_NAME:
                parts.append(f"{key!r}: {objects.type_name!r}")
            elif deeper is None:
                parts.append(f"{key!r}: r[{name!r}]")
            else:
                made = self._objects(deeper)
                parts.append(
                    f"{key!r}: ([{made}(o, p) for o in v] if isinstance(v := r[{name!r}], list) "
                    f"else {made}(v, p) if v is not None else None)"
                )
        return self._function(f"{{{', '.join(parts)}}}")

    def _connection(self, column: ManyColumn, connection: Connection) -> str:
        page = column.page
        before: list[str] = []
        if page.rows:
            before += [f"rows = r[0]; page = p[{page.index}]"]
            if page.more:
                before += ["more = len(rows) > page.size", "if more: rows = rows[:page.size]"]
            if page.backward:
                before += ["rows = rows[::-1]"]
        parts: list[str] = []
        for key, name, answer in connection.answers:
            match name, answer:
                case "edges", Edges():
                    made = self._edges(column, answer)
                    value = f"[{made}(o, p) for o in rows]"
                case "nodes", dict():
                    # Written out rather than called: there may be a thousand of them.
                    made = self._views(column.columns, answer)
                    value = f"[{self._plain[made]} for r in rows]"
                case "pageInfo", Objects():
                    value = self._page_info(column, answer)
                case "totalCount", _:
                    value = "r[1]"
                case "groups", Groups():
                    made = self._groups(answer)
                    value = f"[{made}(o, p) for o in r[{2 + answer.column.number}]]"
                case _:
                    value = repr(connection.type_name)
            parts.append(f"{key!r}: {value}")
        return self._function(f"{{{', '.join(parts)}}}", *before)

    def _groups(self, groups: Groups) -> str:
        asked, grouping = groups.column.asked, groups.column.grouping
        parts: list[str] = []
        for key, name, answer in groups.answers:
            match name, answer:
                case "count", _:
                    value = "r[0]"
                case "key", KeyOfGroup():
                    value = f"{self._key_of_group(groups, answer)}(r, p)"
                case "quantities", Objects():
                    told = self._constant(partial(quantities, grouping, asked))
                    value = self._structured(f"{told}(r[1])", answer, listed=True)
                case _, Objects():
                    place = FIRST_KEY + len(asked.by) + asked.numbers.index(name)
                    whole = not grouping.numbers[name]
                    made = f"{self._constant(statistics)}(r[{place}], whole={whole})"
                    value = self._structured(made, answer, listed=False)
                case _:
                    value = repr(groups.type_name)
            parts.append(f"{key!r}: {value}")
        return self._function(f"{{{', '.join(parts)}}}")

    def _key_of_group(self, groups: Groups, selected: KeyOfGroup) -> str:
        by = {key.name: (place, key) for place, key in enumerate(groups.column.asked.by, FIRST_KEY)}
        parts: list[str] = []
        for key, name, views in selected.answers:
            if name == TYPE_NAME:
                value = repr(selected.type_name)
            elif name not in by:
                value = "None"
            else:
                place, grouped = by[name]
                value = f"r[{place}]"
                match grouped:
                    case NodeKey():
                        made = self._views(groups.column.keys[name], views)
                        value = f"({made}(o, p) if (o := {value}) is not None else None)"
                    case TypeKey(constants=constants):
                        value = f"{self._constant({None: None, **constants})}[{value}]"
                    case ValueKey(values=values) if values:
                        names = self._constant({None, *values})
                        value = f"(v if (v := {value}) in {names} else anomaly())"
                    case _:
                        pass
            parts.append(f"{key!r}: {value}")
        return self._function(f"{{{', '.join(parts)}}}")

    def _edges(self, column: ManyColumn, edges: Edges) -> str:
        parts: list[str] = []
        for key, name, views in edges.answers:
            if name == "cursor":
                place = column.columns.properties[column.page.order.key]
                value = f"cursor({_mark(column)!r}, r[{place}])"
            elif name == "node":
                value = f"{self._views(column.columns, views)}(r, p)"
            else:
                value = repr(edges.type_name)
            parts.append(f"{key!r}: {value}")
        return self._function(f"{{{', '.join(parts)}}}")

    @staticmethod
    def _page_info(column: ManyColumn, objects: Objects) -> str:
        # Without a place no cursor is asked for.
        place, mark = column.columns.properties.get(column.page.order.key), _mark(column)
        backward = column.page.backward
        values = {
            "hasNextPage": "page.before" if backward else "more",
            "hasPreviousPage": "more" if backward else "page.after",
            "startCursor": f"(cursor({mark!r}, rows[0][{place}]) if rows else None)",
            "endCursor": f"(cursor({mark!r}, rows[-1][{place}]) if rows else None)",
            TYPE_NAME: repr(objects.type_name),
        }
        return f"{{{', '.join(f'{key!r}: {values[name]}' for key, name, _ in objects.answers)}}}"
