"""No statement reads a whole label where an index could serve, on either engine."""

import importlib
import pkgutil
from collections.abc import AsyncGenerator, Iterator
from typing import LiteralString

import pytest
from graphql import FragmentDefinitionNode, GraphQLObjectType, OperationDefinitionNode
from graphql.execution.values import VariableValues, get_variable_values
from neo4j import GraphDatabase

import graph as room
from graph.access import AccessKind
from graph.driver import Dialect, Graph
from graph.migrations.m0001_schema import LOOKED_UP
from graph.model import ALWAYS_AGENTS, NODES
from graph.ordering import derived
from graph.reads.plan import Planner
from graph.reads.root import RootRead, plan_root
from graph.records import RECORDS
from graph.records import names as names_of
from graph.statements import STATEMENTS, Statement
from schema.build import build_schema, graphql_schema_of
from schema.documents import parsed
from schema.resolve import mapping_of
from tests.contract.asking import Case, cases
from tests.contract.world import build_world, viewers
from tests.engines.plans import Plans, Scan, required

pytestmark = [pytest.mark.anyio, pytest.mark.unrecorded, pytest.mark.timeout(900)]

SCHEMA = graphql_schema_of(build_schema())
MAPPING = mapping_of(SCHEMA)
WORLD = build_world()
VIEWERS = viewers(WORLD)
CALLERS = ("visitor", "coordinator")
NODES_OF_A_LABEL = 300
IN_QUERIES = {
    # The embedded engine uses no index for a range within COLLECT; it reads the path of 44,703
    # areas, those of all China, in less time than it takes to walk down from a city.
    ("area", "Area"),
}
"""Queries of the suite that read a label as a whole, and why."""
OF_GROUPS = "groups"
"""Groups add up all nodes of a label; and the embedded engine does not tell how it finds the node
of a group's key, whose id the statement works out itself."""
IN_STATEMENTS = {
    "administration.administrators": "few hold grants; asked where the last administrator leaves",
    "event_numbers.waiting": "the label is of the few events that wait for their number",
    "idempotency.forget": "a range; few keys the embedded engine would rather read all",
    "match_runs.memories": "runs of the matcher are few",
    "matching.agreements": "a run of the matcher takes all of them into account",
    "matching.alliances": "a run of the matcher takes all of them into account",
    "matching.branches": "a run with quotas takes into account who belongs to whom, all of them",
    "matching.pairings": "a run of the matcher takes all of them into account",
    "matching.substitutes": "a run of the matcher takes the whole taxonomy",
    "migrations.applied": "all of them are asked for",
    "persons.events": "what names a person is in lists; asked when a person's data is handed out",
    "persons.forget_answers": "what names a person is in texts; asked when a person is erased",
    "reports.agent_by_name": "a command of an operator, who knows a name and no id",
    "reports.places_of_orders": "which areas have orders at all; a command of an operator",
    "reports.latest_run": "runs of the matcher are few",
}
"""Statements by hand that read a label as a whole, and why."""
OF_MIGRATIONS = ("migrations.", "granters.", "versions.", "restore.", "dump.")
"""What brings a graph up to date, or moves it, reads it as a whole once."""


@pytest.fixture(scope="module")
async def plans(graph: Graph, dialect: Dialect) -> AsyncGenerator[Plans]:
    await fill(graph)
    if dialect is Dialect.NEO4J:
        # It chooses by how much an index holds, which it counts later.
        await graph.schema("CALL db.prepareForReplanning(120)")
    endpoint = await graph.engine.endpoint()
    with (
        GraphDatabase.driver(endpoint.uri, auth=(endpoint.user, endpoint.password)) as driver,
        driver.session(database=endpoint.database) as session,
    ):
        yield Plans(session, dialect)


async def test_no_query_of_the_suite_scans_where_an_index_could_serve(
    plans: Plans, dialect: Dialect
) -> None:
    texts = suite(dialect)
    assert len(texts) > 100
    needless = {
        (case, scan.label): scan.part
        for text, case in texts.items()
        for scan in plans.needless(text)
        if (case, scan.label) not in IN_QUERIES
        and not case.startswith(OF_GROUPS)
        and not _few_areas(scan)
    }
    assert not needless


async def test_no_statement_scans_without_a_reason(plans: Plans) -> None:
    for module in pkgutil.walk_packages(room.__path__, "graph."):
        importlib.import_module(module.name)
    needless = {
        name: scan
        for name, each in STATEMENTS.items()
        for scan in plans.scans(each.text)
        if name not in IN_STATEMENTS and not name.startswith(OF_MIGRATIONS)
    }
    assert not needless


@pytest.mark.parametrize(
    "text",
    [
        "MATCH (n:Unit) RETURN n.name AS row ORDER BY n.address LIMIT 3",
        "MATCH (n:Unit) WHERE n.address = $address RETURN [n.id] AS row",
        "RETURN [COLLECT { MATCH (n:Unit) WHERE n.address = $address RETURN n.id }, null] AS row",
        "UNWIND $rows AS row MATCH (n:Unit {address: row}) RETURN n.id AS row",
    ],
)
async def test_a_scan_is_found(plans: Plans, text: str) -> None:
    assert {scan.label for scan in plans.needless(text)} == {"Unit"}


async def test_a_count_by_what_has_an_index_has_to_use_it(plans: Plans) -> None:
    """A function around the property keeps the engines from it."""
    count = "MATCH (n1:ResourceOffer) WHERE {} RETURN count(n1) AS row"
    assert not plans.needless(count.format("n1.state = $state"))
    assert not plans.needless(count.format("n1.measure = $measure"))
    assert plans.scans(count.format("n1.measure = $measure"))
    assert required(count.format("n1.state = $state AND (n1.id = $id OR n1.name = $name)")) == {
        "state"
    }


async def fill(graph: Graph) -> None:
    """Write some nodes of every label: of a label without any, a scan would cost nothing."""
    looked_up: dict[str, set[str]] = {}
    for label, name in LOOKED_UP:
        looked_up.setdefault(label, set()).add(name)
    for label, key in NODES.items():
        kind = RECORDS.get(label)
        labels: LiteralString = f"{label}:Agent" if label in ALWAYS_AGENTS else label
        names = {key, "sortKey", *looked_up.get(label, ())}
        if kind is not None:
            names |= derived(kind) | {stored for _, stored in names_of(kind)}
        rows = [
            {name: f"{label} {name} {number}" for name in names}
            for number in range(NODES_OF_A_LABEL)
        ]
        statement = Statement(
            "tests.fill",
            f"UNWIND $rows AS row CREATE (n:{labels}) SET n = row",
            writes=True,
        )
        await graph.write(
            lambda transaction, statement=statement, rows=rows: transaction.run(
                statement, rows=rows
            )
        )


def _few_areas(scan: Scan) -> bool:
    """Whether it is for an area and all below it: where areas are few, Neo4j begins at them."""
    return scan.label == "Area" and "path CONTAINS" in scan.part


def suite(dialect: Dialect) -> dict[str, str]:
    """Return the statements of the query suite, each once, with a query that asks it."""
    return {
        statement.text: case.name
        for case in cases(WORLD)
        for caller in CALLERS
        for read in _reads(case, AccessKind.of(VIEWERS[caller]))
        for statement in read.statements(dialect)
    }


def _reads(case: Case, kind: AccessKind) -> Iterator[RootRead]:
    document = parsed(case.query)
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    (operation,) = [
        node for node in document.definitions if isinstance(node, OperationDefinitionNode)
    ]
    query_type = SCHEMA.query_type
    assert isinstance(query_type, GraphQLObjectType)
    for run in case.runs:
        variables = get_variable_values(SCHEMA, operation.variable_definitions or (), run)
        assert isinstance(variables, VariableValues)
        planner = Planner(SCHEMA, MAPPING, fragments, variables)
        for key, nodes in planner.collect(query_type, [operation.selection_set]).items():
            if nodes[0].name.value in MAPPING.roots:
                definition = query_type.fields[nodes[0].name.value]
                plan = plan_root(planner, MAPPING, key, definition, nodes)
                yield RootRead(plan, MAPPING, kind)
