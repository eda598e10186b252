"""The texts that reads compile to, and what of a request changes them. No graph is needed."""

from typing import Any, cast

import pytest
from graphql import GraphQLObjectType, OperationDefinitionNode
from graphql.execution.values import VariableValues, get_variable_values

from domain.access import VISITOR, HeldGrant, Viewer
from domain.errors import BadCursor, BadIdentifier
from domain.identity import global_id, parse_global_id
from domain.vocabulary import Role
from graph.access import AccessKind
from graph.ordering import BY_PATH, CREATED, Order
from graph.reads.assemble import Anomaly, assembler
from graph.reads.columns import nodes_key
from graph.reads.cursors import decode_cursor, encode_cursor, order_mark
from graph.reads.parameters import PageResolvers, PageValue
from graph.reads.plan import Planner
from graph.reads.root import RootRead, plan_root
from graph.reads.rows import Row
from graph.reads.search import Search
from schema.build import build_schema, graphql_schema_of
from schema.documents import parsed
from schema.recent import Recent
from schema.resolve import mapping_of

SCHEMA = graphql_schema_of(build_schema())
MAPPING = mapping_of(SCHEMA)
ADMIN = AccessKind(everything=True)
PUBLIC = AccessKind()
UID = "a" * 20
UNIT = global_id("Unit", UID)


def compiled(query: str, kind: AccessKind = ADMIN, **inputs: Any) -> RootRead:
    """Compile the one root of a query."""
    document = parsed(query)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    variables = get_variable_values(SCHEMA, operation.variable_definitions or (), inputs)
    assert isinstance(variables, VariableValues)
    fragments = {node.name.value: node for node in document.definitions[1:]}  # type: ignore[attr-defined]
    planner = Planner(SCHEMA, MAPPING, cast("Any", fragments), variables)
    query_type = cast("GraphQLObjectType", SCHEMA.query_type)
    ((key, nodes),) = planner.collect(query_type, [operation.selection_set]).items()
    definition = query_type.fields[nodes[0].name.value]
    return RootRead(plan_root(planner, MAPPING, key, definition, nodes), MAPPING, kind)


def text(query: str, kind: AccessKind = ADMIN, **inputs: Any) -> str:
    return compiled(query, kind, **inputs).statement.text


def test_a_node_with_a_relation_and_a_page() -> None:
    query = f"""{{ unit(id: "{UNIT}") {{
      name area {{ name }} offers(first: 2) {{ totalCount nodes {{ title }} }} }} }}"""
    assert text(query) == (
        "MATCH (n:Unit {id: $id}) RETURN [n.name, "
        "head([(n)-[:LOCATED_IN]->(n1:Area) | [n1.name]]), "
        "[COLLECT { MATCH (n)-[:OFFERS]->(n2:ResourceOffer) "
        "WITH n2 ORDER BY n2.sortKey LIMIT $size0 RETURN [n2.title] }, "
        "COUNT { (n)-[:OFFERS]->() }]] AS row"
    )


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ("nodes { title }", "[n1.title]"),
        ("edges { node { title } }", "[n1.title]"),
        ("pageInfo { hasNextPage }", "[]"),
        ("edges { cursor }", "[n1.sortKey]"),
        ("pageInfo { endCursor } nodes { title }", "[n1.sortKey, n1.title]"),
    ],
)
def test_the_key_of_a_row_is_read_where_a_cursor_is_asked_for(asked: str, read: str) -> None:
    assert f"RETURN {read} }}" in text(f'{{ unit(id: "{UNIT}") {{ offers {{ {asked} }} }} }}')


def test_bounds_are_in_the_text_where_they_do_something() -> None:
    """At a root, which may be read along its index, and wherever a cursor is given."""
    nested = """query($after: String) { unit(id: "%s") {
      offers(after: $after) { nodes { title } } } }""".replace("%s", UNIT)
    assert "$above0" not in text(nested)
    assert "$above0" in text(nested, after="a cursor")
    assert "$above0" in text("{ offers { nodes { title } } }")


def test_access_is_part_of_the_statement() -> None:
    query = f'{{ unit(id: "{UNIT}") {{ phone offers {{ totalCount }} }} }}'
    assert text(query, PUBLIC) == (
        "MATCH (n:Unit {id: $id}) RETURN [null, [null, COUNT { "
        "MATCH (n)-[:OFFERS]->(n1:ResourceOffer) WHERE (n1.state IN $publishedItems) }]] AS row"
    )
    kinds = [ADMIN, PUBLIC, AccessKind(areas=True), AccessKind(agents=True)]
    assert len({text(query, kind) for kind in kinds}) == 4


def test_nobody_without_a_role_reads_a_member() -> None:
    assert text("{ members { totalCount } }", PUBLIC) == "RETURN [null, 0] AS row"
    assert text("{ members { nodes { id } } }", PUBLIC) == "RETURN [[], null] AS row"
    assert "WHERE" not in text("{ members { totalCount } }")


def test_an_interface_reads_the_columns_of_all_its_types_once() -> None:
    query = """{ offers { nodes { provider {
      name offers { totalCount } ... on Unit { kind } ... on Member { skills }
      ... on Area { level } } } } }"""
    made = text(query)
    assert made.count("COUNT {") == 1
    assert "[n2.kind, n2.level, n2.name, n2.skills, head([label IN labels(n2)" in made


@pytest.mark.parametrize(
    "query",
    [
        '{ x: unit(id: "%s") { b: name a: id } }',
        '{ unit(id: "%s") { id name n2: name __typename } }',
        '{ unit(id: "%s") { ...F ... on Node { id } } } fragment F on Agent { name }',
    ],
)
def test_the_spelling_of_a_selection_does_not_matter(query: str) -> None:
    assert text(query % UNIT) == "MATCH (n:Unit {id: $id}) RETURN [n.id, n.name] AS row"


def test_the_shape_of_a_filter_matters_and_its_values_do_not() -> None:
    query = "query($f: ResourceOfferFilter) { offers(filter: $f) { totalCount } }"
    given: list[dict[str, Any]] = [
        {"capacity": {"gte": 1}},
        {"capacity": {"gte": 2}},
        {"capacity": {"lte": 2}},
        {"capacity": {"gte": 1, "lte": None}},
        {"text": "会议室"},
        {"text": "烘焙 会议室"},
        {"text": "烘"},
        {"text": None},
        {},
    ]
    texts = [text(query, f=each) for each in given]
    assert texts[0] == texts[1] == texts[3]
    assert texts[4] == texts[5]
    assert texts[7] == texts[8]
    assert len(set(texts)) == 5


def test_a_page_from_the_back_is_read_backwards() -> None:
    assert "ORDER BY n1.sortKey DESC" in text("{ units(last: 3) { nodes { name } } }")
    assert "DESC" not in text("{ units(first: 3) { nodes { name } } }")


@pytest.mark.parametrize(
    ("words", "shape", "query"),
    [
        ("会议室", (True, False), '"会议室"'),
        ("會議室  ＡＢ", (True, False), '"会议室" AND ab*'),
        ("烘", (False, True), ""),
        ("it 会议", (True, True), '"会议"'),
        ('ab"c* (d)', (True, True), "ab*"),
        ("** 会议", (True, False), '"会议"'),
        ("IT培训100", (True, True), '"培训" AND 100*'),
        (" ", (False, False), ""),
    ],
)
def test_words_for_the_index_are_folded_and_quoted(
    words: str, shape: tuple[bool, bool], query: str
) -> None:
    search = Search()
    assert search.shape(words) == shape
    assert search.values(words)[0] == query


def test_cursors_are_checked_against_their_order() -> None:
    key = f"2026-05-09T01:00:00.000000Z|{UID}"
    by_title = Order("title", "titleKey")
    for made, order, descending in (
        (key, CREATED, False),
        (key, CREATED, True),
        ("/venue/hall/", BY_PATH, False),
        (f"hui-yi-shi {key}", by_title, False),
        (f"~ {key}", by_title, True),
    ):
        cursor = encode_cursor(order_mark(order, descending=descending), made)
        assert decode_cursor(cursor, order, descending=descending) == made
        with pytest.raises(BadCursor):
            decode_cursor(cursor, order, descending=not descending)
        with pytest.raises(BadCursor):
            decode_cursor(cursor, Order("deadline", "deadlineKey"), descending=descending)
    for cursor, order in (
        (encode_cursor("path>", key), BY_PATH),
        (encode_cursor("createdAt>", "/venue/"), CREATED),
        (encode_cursor("createdAt>", key + "x"), CREATED),
        (encode_cursor("", key), CREATED),
        ("", CREATED),
        ("é", BY_PATH),
        ("YQ", BY_PATH),
    ):
        with pytest.raises(BadCursor):
            decode_cursor(cursor, order, descending=False)


def test_global_ids() -> None:
    assert parse_global_id(UNIT, ("Unit",)) == ("Unit", UID)
    for value in ("", "x", UID, UNIT[:-1], global_id("Unit", UID + "a"), global_id("unit", UID)):
        with pytest.raises(BadIdentifier):
            parse_global_id(value)
    with pytest.raises(BadIdentifier):
        parse_global_id(UNIT, ("Area",))


@pytest.mark.parametrize(
    "row",
    [
        [None, "ORGAN"],
        ["name", "NO_SUCH_KIND"],
        ["name", None],
    ],
)
def test_the_assembler_leaves_what_is_not_promised_to_the_executor(row: list[Any]) -> None:
    read = compiled(f'{{ unit(id: "{UNIT}") {{ name kind }} }}')
    assert list(read.plan.columns["Unit"].properties) == ["kind", "name"]
    make = assembler(read.plan)
    assert make(["ORGAN", "name"], ()) == {"name": "name", "kind": "ORGAN"}
    with pytest.raises(Anomaly):
        make(row[::-1], ())


def test_numbers_beyond_their_type_are_anomalies() -> None:
    pages = (PageValue(20, after=False, before=False),)
    make = assembler(compiled("{ offers { nodes { held version } } }").plan)
    held, version = 0, 1
    row: list[Any] = [0, 0]
    for place, most in ((held, 2**53 - 1), (version, 2**31 - 1)):
        fits = [*row]
        fits[place] = most
        assert make([[fits], None], pages)
        fits[place] = most + 1
        with pytest.raises(Anomaly):
            make([[fits], None], pages)
    with pytest.raises(Anomaly):
        make([[["text", 0]], None], pages)


def test_a_row_answers_by_the_nodes_that_asked() -> None:
    read = compiled(f'{{ unit(id: "{UNIT}") {{ a: area {{ name }} b: area {{ id name }} }} }}')
    columns = read.plan.columns["Unit"]
    row = Row(columns, [[UID, "second"], ["first"]], ())  # the canonical order: by what is read
    asked = {}
    for selection in read.plan.node.selection_set.selections:  # type: ignore[union-attr]
        field = MAPPING.nodes["Unit"]["area"]
        found = row.value(field, [cast("Any", selection)])
        asked[cast("Any", selection).alias.value] = found.values
    assert asked == {"a": ["first"], "b": [UID, "second"]}
    assert nodes_key([]) == ()


def test_kinds_of_access() -> None:
    coordinator = HeldGrant(Role.COORDINATOR, area_path="/a/")
    liaison = HeldGrant(Role.LIAISON, agent_id=UID)
    cases = {
        AccessKind(): VISITOR,
        AccessKind(account=True, areas=True): Viewer("x", (coordinator,)),
        AccessKind(account=True, agents=True): Viewer("x", (liaison,)),
        AccessKind(account=True, areas=True, agents=True): Viewer("x", (liaison, coordinator)),
        AccessKind(account=True, claims=True): Viewer("x", (HeldGrant(Role.APP),)),
        AccessKind(everything=True): Viewer("x", (HeldGrant(Role.ADMIN), liaison)),
    }
    for kind, viewer in cases.items():
        assert AccessKind.of(viewer) == kind


def test_the_entries_used_last_are_kept() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.put("a", 1)
    recent.put("b", 2)
    assert recent.get("a") == 1
    recent.put("c", 3)
    assert [recent.get(key) for key in "abc"] == [1, None, 3]


STATES = """query($state: ItemState, $states: [ItemState!]) {
  offers(filter: {state: {eq: $state, in: $states}}) { totalCount } }"""


@pytest.mark.parametrize(
    ("asked", "everybody", "somebody"),
    [
        ({"state": "OPEN"}, False, False),
        ({"states": ["OPEN", "CLAIMED"]}, False, False),
        ({"state": "DRAFT"}, False, True),
        ({"states": ["DRAFT", "WITHDRAWN"]}, False, True),
        ({"states": ["OPEN", "DRAFT"]}, True, True),
        ({}, True, True),
    ],
)
def test_what_a_filter_says_of_the_state_is_not_asked_again(
    asked: dict[str, Any], everybody: bool, somebody: bool
) -> None:
    made = text(STATES, AccessKind(areas=True), **asked)
    assert ("$publishedItems" in made, "$viewerPaths" in made) == (everybody, somebody)
    assert (text(STATES, PUBLIC, **asked) == "RETURN [null, 0] AS row") is (
        somebody and not everybody
    )


@pytest.mark.parametrize(
    ("filter_", "told"),
    [
        ("{state: {eq: OPEN}, capacity: {gt: 1}}", True),
        ("{and: [{capacity: {gt: 1}}, {and: [{state: {in: [OPEN, EXPIRED]}}]}]}", True),
        ("{state: {eq: OPEN}, not: {state: {eq: DRAFT}}}", True),
        ("{not: {state: {eq: OPEN}}}", False),
        ("{or: [{state: {eq: OPEN}}, {capacity: {gt: 1}}]}", False),
        ("{state: {ne: DRAFT}}", False),
        ("{state: {notIn: [DRAFT]}}", False),
        ("{list: {state: {eq: PUBLISHED}}}", False),
    ],
)
def test_only_what_has_to_hold_tells_of_the_state(filter_: str, told: bool) -> None:
    made = text(f"{{ offers(filter: {filter_}) {{ totalCount }} }}", PUBLIC)
    assert ("n1.state IN $publishedItems" not in made) is told


@pytest.mark.parametrize(
    ("asked", "tests"),
    [
        ("some: {state: {eq: OPEN}}", 0),
        ("none: {state: {eq: OPEN}}", 0),
        ("every: {state: {eq: OPEN}}", 1),
        ("some: {capacity: {gt: 1}}", 1),
    ],
)
def test_related_nodes_are_asked_for_their_state_once(asked: str, tests: int) -> None:
    made = text(f"{{ units(filter: {{offers: {{{asked}}}}}) {{ totalCount }} }}", PUBLIC)
    assert made.count("$publishedItems") == tests


def test_values_of_another_shape_than_the_plan_are_refused() -> None:
    read = compiled(STATES, PUBLIC, state="OPEN")
    resolvers = PageResolvers(tuple(read.plan.pages()))
    for state, refused in (("CLAIMED", False), ("DRAFT", True)):
        coerced = get_variable_values(SCHEMA, _definitions(STATES), {"state": state})
        assert isinstance(coerced, VariableValues)
        if refused:
            with pytest.raises(RuntimeError):
                resolvers.resolve(coerced, {})
        else:
            assert resolvers.resolve(coerced, {})


def _definitions(query: str) -> Any:
    operation = parsed(query).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return operation.variable_definitions
