"""Mutations as clients send them, for tests of what they change."""

from typing import Any

from graphql import GraphQLUnionType

from domain.access import Viewer
from domain.identity import global_id, new_id, parse_global_id
from domain.language import Language
from graph.accounts import viewer as viewer_of
from graph.mapping import named_type
from schema.build import build_schema, graphql_schema_of
from schema.context import Context
from tests.graph.builders import Neighbourhood
from tests.graph.events_of import events_of
from tests.receiving import ways

SCHEMA = build_schema()
WAYS = ways()
GRAPHQL = graphql_schema_of(SCHEMA)
PROBLEMS = {
    "BadInputProblem": "field value expected",
    "VersionConflictProblem": "node seen: expected actual changes { at action fields }",
    "HeldByClaimsProblem": "node claims",
    "InUseProblem": "node users count",
    "StateRefusedProblem": "node action state allowed",
    "UnknownMeasureProblem": "value nearest",
    "AlreadyTakenProblem": "field value node",
    "RetiredProblem": "node",
    "PartnerLimitReachedProblem": "node limit",
}


async def calling(here: Neighbourhood, who: str | None) -> Context:
    """Return the context of a call by an account, or by a visitor."""
    viewer = Viewer()
    if who is not None:
        found = await viewer_of(here.graph.read, here.id(f"account {who}"), here.clock())
        assert found is not None
        viewer = found
    return Context(
        graph=here.graph,
        viewer=viewer,
        language=Language.EN,
        clock=here.clock,
        webhooks=WAYS,
    )


async def mutate(
    here: Neighbourhood,
    who: str | None,
    field: str,
    selection: str = "",
    /,
    **given: Any,
) -> dict[str, Any]:
    """Return what a mutation answers: its payload's `selection`, or the problem."""
    mutation = GRAPHQL.mutation_type
    assert mutation is not None
    declared = mutation.fields[field]
    result = named_type(declared)
    assert isinstance(result, GraphQLUnionType)
    problems = " ".join(
        f"... on {each.name} {{ {PROBLEMS[each.name]} }}"
        for each in result.types
        if each.name in PROBLEMS
    )
    answer = await SCHEMA.execute(
        f"mutation ($input: {declared.args['input'].type}) {{ result: {field}(input: $input) "
        f"{{ __typename ... on {result.types[0].name} {{ {selection or 'version'} }} "
        f"... on Problem {{ code message }} {problems} }} }}",
        variable_values={"input": {"idempotencyKey": new_id(), **given}},
        context_value=await calling(here, who),
    )
    assert answer.errors is None, answer.errors
    assert answer.data is not None
    return answer.data["result"]


async def made(
    here: Neighbourhood,
    who: str,
    field: str,
    node: str,
    /,
    **given: Any,
) -> str:
    answer = await mutate(here, who, field, f"version {node} {{ id }}", **given)
    assert answer.get("version") == 0, answer
    node_id: str = answer[node]["id"]
    (event,) = await events_of(here.graph, parse_global_id(node_id)[1])
    assert event.action.endswith(".CREATE")
    return node_id


def gid(here: Neighbourhood, kind: str, name: str) -> str:
    return global_id(kind, here.id(name))
