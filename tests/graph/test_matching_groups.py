"""Quotas of a branch bind the offers of its unit, in a run asked for over GraphQL."""

from typing import Any

import pytest

from graph.driver import Graph
from graph.matching import branches
from resolvers.matching_situation import agents_above
from schema.build import build_schema
from schema.context import Context
from schema.ids import encode
from tests.graph.matching_market import Market

pytestmark = pytest.mark.anyio

RUN = """mutation Run($input: RunMatchingInput!) {
  runMatching(input: $input) {
    ... on RunMatchingPayload { run {
      policy { quotas { agentId measure most }
        diminishing { community { share bonus } subdistrict { share bonus } } }
      value bound certificate { counted { worth early } }
      unmatched { missing code text { zh en } }
      proposals { nodes { quantity } }
    } }
    ... on Problem { code message }
  }
}"""


async def test_a_branch_has_a_quota_for_its_unit(graph: Graph) -> None:
    market = await Market(graph).open()
    here = market.here
    above = agents_above(await branches(graph))
    assert above[here.unit] == here.id("branch")
    await market.order(quantity=10)
    await market.offer(capacity=10)
    await market.offer("branch", capacity=10)
    quota = {"agentId": encode("PartyBranch", here.id("branch")), "measure": "PERSON", "most": 4}
    segments = {"community": [{"share": 0.25, "bonus": 0.5}]}
    policy: dict[str, Any] = {"quotas": [quota], "diminishing": segments}
    given = {"areaId": encode("Area", here.id("subdistrict")), "idempotencyKey": "quota"}
    context = Context(graph=graph, viewer=await market.viewer("coordinator"), clock=here.clock)
    schema = build_schema()
    asked = {"input": {**given, "policy": policy}}
    result = await schema.execute(RUN, asked, context_value=context)
    assert result.errors is None
    assert result.data is not None
    run = result.data["runMatching"]["run"]
    assert run["policy"] == {
        "quotas": [quota],
        "diminishing": {**segments, "subdistrict": []},
    }
    assert sum(node["quantity"] for node in run["proposals"]["nodes"]) == 4
    (missing,) = run["unmatched"]
    assert (missing["missing"], missing["code"]) == (6, "QUOTA")
    assert "配额" in missing["text"]["zh"]
    counted = run["certificate"]["counted"]
    assert counted["early"] == 2 * 500_000
    assert run["value"] == run["bound"] == counted["worth"] + counted["early"]
    wrong = {**quota, "agentId": encode("DemandOrder", here.unit)}
    asked = {"input": {**given, "policy": {"quotas": [wrong]}}}
    refused = await schema.execute(RUN, asked, context_value=context)
    assert refused.data is not None
    assert refused.data["runMatching"]["code"] == "BAD_IDENTIFIER"
