"""By what the nodes of a schema can be grouped, made of what its fields declare."""

from collections.abc import Iterator, Mapping

from domain.vocabulary import AreaLevel
from graph.mapping import GraphMapping, OneField, PropertyField, Scalar
from graph.naming import constant
from graph.ordering import PATH, SORT_KEY, key_of
from graph.reads.grouping import (
    MEASURE,
    AnyKey,
    Granularity,
    Grouping,
    Hop,
    NodeKey,
    Rise,
    TimeKey,
    TypeKey,
    ValueKey,
)

AREA, CATEGORY = "Area", "Category"
LEVELS = (
    AreaLevel.PROVINCE,
    AreaLevel.CITY,
    AreaLevel.DISTRICT,
    AreaLevel.SUBDISTRICT,
    AreaLevel.COMMUNITY,
)
"""To which areas are rolled up."""
GROUPED_TEXTS = frozenset({MEASURE, "action", "mediaType", "sheet"})
"""The texts of which many nodes have the same."""
GROUPED_NUMBERS = frozenset({("Evaluation", "score")})
NOT_ADDED_UP = frozenset(
    {
        "contiguousMinutes",
        "deliveredOfferQuantity",
        "latitude",
        "leastScore",
        "longitude",
        "number",
        "offerQuantity",
        "partnerLimit",
        "slotMinutes",
        "version",
        "wantedQuantity",
    }
)
"""Numbers that are names or places, or in another measure than that of their node."""
NAMED: Mapping[str, Mapping[str, str]] = {
    "DemandOrder": {"wanted": "quantity", "matched": "held", "fulfilled": "completed"},
}
"""Sums of quantities that have names of their own."""
THROUGH = frozenset({"ResourceOffer", "DemandOrder"})
"""Related nodes through which the nodes are grouped by category and area."""
_TOP = "size(split({0}.path, '/')) = 3"


def add_groupings(mapping: GraphMapping) -> None:
    """Make the grouping of every type that has a filter."""
    for name in mapping.filters:
        mapping.groupings[name] = _Maker(mapping).grouping(name)


class _Maker:
    def __init__(self, mapping: GraphMapping) -> None:
        self._mapping = mapping

    def grouping(self, name: str) -> Grouping:
        types = self._mapping.possible[name]
        made = Grouping(types, named=NAMED.get(name, {}))
        fields = self._mapping.nodes[types[0]]
        shown = self._mapping.interfaces.get(name, tuple(fields))
        if name in self._mapping.interfaces:
            made.keys["type"] = self._type("type", (), (), name)
        for field_name in shown:
            field = fields[field_name]
            if isinstance(field, PropertyField):
                for key in _of_property(name, field):
                    made.keys[key.name] = key
            elif isinstance(field, OneField):
                for key in self._of_node(field_name, field, (f"{name}.{field_name}",), ()):
                    made.keys[key.name] = key
        _numbers(made, [each for each in map(fields.get, shown) if isinstance(each, PropertyField)])
        return made

    def _of_node(
        self, name: str, field: OneField, fields: tuple[str, ...], before: tuple[Hop, ...]
    ) -> Iterator[AnyKey]:
        """Yield the keys that a related node is, with what lies above it in its tree."""
        target = field.target
        hops = (*before, Hop(field.relation, self._mapping.possible[target]))
        order = self._order(target)
        yield NodeKey(name, fields, hops, target, order)
        if target in self._mapping.interfaces:
            yield self._type(f"{name}Type", fields, hops, target)
        rises = {
            AREA: [
                Rise(level.value, "PART_OF", AREA, f"{{0}}.level = '{level.value}'")
                for level in LEVELS
            ],
            CATEGORY: [Rise("TOP", "CHILD_OF", CATEGORY, _TOP)],
        }
        for rise in rises.get(target, []):
            risen = f"{name}{rise.to.capitalize()}"
            yield NodeKey(risen, fields, hops, target, order, rise)
        if target in THROUGH and not before:
            for inner, each in self._mapping.nodes[target].items():
                if isinstance(each, OneField) and inner in {"category", "area"}:
                    further = (*fields, f"{target}.{inner}")
                    yield from self._of_node(f"{name}{inner.capitalize()}", each, further, hops)

    def _order(self, target: str) -> str:
        """Return the property by which nodes of a type are listed: tree, name, else creation."""
        stored = [order.key for order in self._mapping.orders[target]]
        wanted = (PATH,) if target == CATEGORY else (key_of("name"), key_of("title"))
        return next((key for key in wanted if key in stored), SORT_KEY)

    def _type(
        self, name: str, fields: tuple[str, ...], hops: tuple[Hop, ...], interface: str
    ) -> TypeKey:
        constants = {kind: constant(kind) for kind in self._mapping.possible[interface]}
        return TypeKey(name, fields, hops, f"{interface}Type", constants)


def _of_property(type_name: str, field: PropertyField) -> Iterator[AnyKey]:
    if field.listed or field.parse is not None:
        return
    fields = (f"{type_name}.{field.name}",)
    if field.type_name in {"Date", "DateTime"}:
        instant = field.type_name == "DateTime"
        for part in Granularity:
            name = f"{field.name}{part.value.capitalize()}"
            yield TimeKey(name, fields, field.name, part, instant)
    elif field.scalar is Scalar.ENUM:
        yield ValueKey(field.name, fields, field.name, field.type_name, field.values)
    elif field.name in GROUPED_TEXTS or (type_name, field.name) in GROUPED_NUMBERS:
        yield ValueKey(field.name, fields, field.name, field.type_name)


def _numbers(made: Grouping, fields: list[PropertyField]) -> None:
    measured = any(field.name == MEASURE for field in fields)
    for field in fields:
        added = field.scalar in {Scalar.INTEGER, Scalar.LONG, Scalar.FLOAT}
        if not added or field.listed or field.name in NOT_ADDED_UP:
            continue
        per_measure = measured and field.scalar is Scalar.LONG
        into = made.quantities if per_measure else made.numbers
        into[field.name] = field.scalar is Scalar.FLOAT
