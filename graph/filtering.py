"""The filters and orders of a schema, made of what its fields declare.

Whatever a node shows can be asked of it: its properties by comparison, the nodes that it is linked
with by filters of their own. What cannot be read off a field is in `EXTRA`.
"""

from graph.mapping import (
    CONTACTS,
    ComputedField,
    ContactField,
    GraphMapping,
    IdField,
    ManyField,
    MappedField,
    OneField,
    Page,
    PropertyField,
    Scalar,
)
from graph.ordering import CREATED, Order, orders
from graph.publishing import PUBLISHING, STATE
from graph.reads.conditions import (
    MEMBERSHIP,
    ORDERED,
    PRESENCE,
    TEXTUAL,
    Compared,
    ConcernsArea,
    Condition,
    Identified,
    Listed,
    OfType,
    Stated,
    WithinArea,
    WithinCategory,
    WithinCategoryCode,
)
from graph.reads.filters import AsType, NodeFilter, ToMany, ToOne
from graph.reads.search import Search
from graph.records import RECORDS

OPERATORS: dict[str, tuple[str, ...]] = {
    "String": (*MEMBERSHIP, *ORDERED, *TEXTUAL, PRESENCE),
    "Int": (*MEMBERSHIP, *ORDERED, PRESENCE),
    "Long": (*MEMBERSHIP, *ORDERED, PRESENCE),
    "Float": (*MEMBERSHIP, *ORDERED, PRESENCE),
    "Date": (*MEMBERSHIP, *ORDERED, PRESENCE),
    "DateTime": (*MEMBERSHIP, *ORDERED, PRESENCE),
    "Boolean": ("eq", "ne", PRESENCE),
}
"""What can be asked of a property, by the scalar that it is served as."""
OF_ENUMS = (*MEMBERSHIP, PRESENCE)
SEARCHED = (
    "Area",
    "Unit",
    "PartyBranch",
    "Category",
    "ResourceOffer",
    "DemandOrder",
    "Agreement",
    "Alliance",
)
"""The types that have a search text."""
IN_AREAS = ("Unit", "PartyBranch", "Member", "Agent")
TYPE = "type"
EXTRA: dict[str, dict[str, Condition]] = {
    "Area": {"within": WithinArea()},
    "Category": {"within": WithinCategory(), "withinCode": WithinCategoryCode()},
    **{name: {"within": WithinArea(agents=True)} for name in IN_AREAS},
    "Event": {"within": ConcernsArea()},
}


def add_filters_and_orders(mapping: GraphMapping) -> None:
    """Make the filter and the orders of every type that a page or a relation leads to."""
    for name in _targets(mapping):
        mapping.filters[name] = NodeFilter(f"{name}Filter", mapping.possible[name])
        mapping.orders[name] = _orders(mapping, name)
    for name, made in mapping.filters.items():
        made.fields.update(_conditions(mapping, name))


def _targets(mapping: GraphMapping) -> list[str]:
    roots = {root.target for root in mapping.roots.values() if isinstance(root.declared, Page)}
    related = {
        field.target
        for fields in mapping.nodes.values()
        for field in fields.values()
        if isinstance(field, (OneField, ManyField))
    }
    return sorted(roots | related)


def _conditions(mapping: GraphMapping, name: str) -> dict[str, Condition | ToOne | ToMany | AsType]:
    shown = mapping.nodes[mapping.possible[name][0]]
    names = mapping.interfaces.get(name, tuple(shown))
    found: dict[str, Condition | ToOne | ToMany | AsType] = {}
    for field_name in names:
        condition = _condition(mapping, name, shown[field_name])
        if condition is not None:
            found[field_name] = condition
    if name in mapping.interfaces:
        found[TYPE] = OfType()
        for each in mapping.possible[name]:
            found[each[0].lower() + each[1:]] = AsType(mapping.filters[each])
    if name in SEARCHED:
        found["text"] = Search()
    return found | EXTRA.get(name, {})


def _condition(
    mapping: GraphMapping, name: str, field: MappedField
) -> Condition | ToOne | ToMany | None:
    match field:
        case IdField():
            return Identified(kinds=mapping.possible[name])
        case ContactField(index=index):
            return Compared(CONTACTS[index], OPERATORS["String"], personal=True)
        case OneField():
            return ToOne(field.relation, mapping.filters[field.target])
        case ManyField():
            relation = field.relation
            return None if relation is None else ToMany(relation, mapping.filters[field.target])
        case PropertyField():
            return _of_property(name, field)
        case ComputedField():
            return None


def _of_property(name: str, field: PropertyField) -> Condition | None:
    if field.parse is not None:
        return None
    if field.listed:
        return Listed(field.name) if field.type_name == "String" else None
    operators = OF_ENUMS if field.scalar is Scalar.ENUM else OPERATORS.get(field.type_name)
    if operators is None:
        return None
    published = PUBLISHING.get(name)
    if published is not None and field.name == STATE:
        return Stated(field.name, operators, field.required, vocabulary=published.vocabulary)
    return Compared(field.name, operators, field.required)


def _orders(mapping: GraphMapping, name: str) -> tuple[Order, ...]:
    """Return the orders that all types of a name have."""
    every = [
        orders(RECORDS[each]) if each in RECORDS else (CREATED,) for each in mapping.possible[name]
    ]
    return tuple(order for order in every[0] if all(order in other for other in every))
