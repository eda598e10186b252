"""The history as each caller reads it: all, of their areas, their own, or nothing."""

from typing import Any

import orjson
import pytest

from domain.access import VISITOR, HeldGrant, Viewer
from domain.claims import ClaimAction
from domain.holds import LineRequest
from domain.identity import global_id, new_id
from domain.records import DemandOrder
from domain.vocabulary import Initiator, ItemState, Role
from graph.driver import Graph
from graph.event_numbers import standing
from graph.events import ChangedFields, event, write_event
from resolvers.claims import StepRequest, propose, take_step
from resolvers.event_feed import number_waiting
from schema.build import build_schema
from schema.context import Context
from schema.execution import Executor
from tests.graph.builders import Neighbourhood

pytestmark = pytest.mark.anyio

EXECUTOR = Executor(build_schema())


class Reader:
    """Asks both ways, which have to agree."""

    def __init__(self, here: Neighbourhood) -> None:
        self.here = here
        subdistrict = HeldGrant(Role.COORDINATOR, area_path=here.path("subdistrict"))
        self.viewers = {
            "admin": self._viewer("admin", HeldGrant(Role.ADMIN)),
            "coordinator": self._viewer("coordinator", subdistrict),
            "unit": self._viewer("unit", HeldGrant(Role.LIAISON, agent_id=here.unit)),
            "community": self._viewer(
                "community", HeldGrant(Role.LIAISON, agent_id=here.community)
            ),
            "village": self._viewer(
                "village", HeldGrant(Role.LIAISON, agent_id=here.id("village"))
            ),
            "elsewhere": self._viewer(
                "referee", HeldGrant(Role.COORDINATOR, area_path="/elsewhere/")
            ),
            "both": self._viewer(
                "both",
                HeldGrant(Role.LIAISON, agent_id=here.unit),
                HeldGrant(Role.COORDINATOR, area_path=here.path("village")),
            ),
            "app": self._viewer("nobody", HeldGrant(Role.APP)),
            "visitor": VISITOR,
        }

    def _viewer(self, name: str, *grants: HeldGrant) -> Viewer:
        return Viewer(self.here.viewer(name).account_id, grants)

    async def ask(self, who: str, query: str, **variables: object) -> dict[str, Any]:
        context = Context(
            graph=self.here.graph, viewer=self.viewers[who], clock=lambda: self.here.clock.now
        )
        fast = await EXECUTOR.fast.answer(query, variables, None, context)
        ordinary = (await EXECUTOR.ordinary(query, variables, None, context)).body
        assert fast == ordinary
        answer = orjson.loads(ordinary)
        assert "errors" not in answer, answer
        return answer["data"]

    async def actions(self, who: str, **filters: object) -> list[str]:
        query = """query($filter: EventFilter) {
          events(first: 100, filter: $filter) { totalCount nodes { action } }
        }"""
        found = (await self.ask(who, query, filter=filters))["events"]
        assert found["totalCount"] == len(found["nodes"])
        return [each["action"] for each in found["nodes"]]


@pytest.fixture(scope="module")
async def here(graph: Graph) -> Neighbourhood:
    return await Neighbourhood(graph).build()


@pytest.fixture(scope="module")
async def told(here: Neighbourhood) -> tuple[DemandOrder, str, DemandOrder]:
    """A claim that is proposed and accepted, and a draft that only its community knows."""
    order = await here.order(quantity=10)
    draft = await here.order("village", state=ItemState.DRAFT)
    claim = await propose(
        here.graph,
        viewer=here.viewer("unit"),
        initiator=Initiator.SUPPLIER,
        supplier_id=here.unit,
        order_id=order.id,
        lines=[LineRequest(3)],
        idempotency_key="history",
        note="what is written is for the two sides",
        clock=here.clock,
    )
    await take_step(
        here.graph,
        claim.id,
        StepRequest(action=ClaimAction.ACCEPT),
        viewer=here.viewer("community"),
        idempotency_key="history",
        clock=here.clock,
    )
    title = ChangedFields("DemandOrder", {"title": ["order", "another"]})
    village = here.viewer("village").account_id or ""
    written = event(new_id(), here.clock(), village, "editOrder", {draft.id: title})
    await here.graph.write(lambda transaction: write_event(transaction, written))
    while (await standing(here.graph, "tests")).waiting:
        await number_waiting(here.graph, "tests")
    return order, claim.id, draft


CLAIM_STEPS = ["CLAIM_PROPOSE", "CLAIM_ACCEPT"]


async def test_each_caller_reads_the_events_of_its_own(
    here: Neighbourhood, told: tuple[DemandOrder, str, DemandOrder]
) -> None:
    _, _, draft = told
    reader = Reader(here)
    everything = await reader.actions("admin")
    assert everything[:2] == CLAIM_STEPS
    assert len(everything) == 3
    assert await reader.actions("coordinator") == everything
    assert await reader.actions("unit") == CLAIM_STEPS
    assert await reader.actions("community") == CLAIM_STEPS
    assert await reader.actions("village") == everything[2:]
    assert await reader.actions("both") == everything
    of_draft = {"some": {"id": {"eq": global_id("DemandOrder", draft.id)}}}
    assert await reader.actions("village", orders=of_draft) == ["editOrder"]
    for who in ("elsewhere", "app", "visitor"):
        assert await reader.actions(who) == []


async def test_the_history_is_filtered(
    here: Neighbourhood, told: tuple[DemandOrder, str, DemandOrder]
) -> None:
    order, claim_id, draft = told
    reader = Reader(here)
    assert await reader.actions("admin", action={"eq": "CLAIM_ACCEPT"}) == ["CLAIM_ACCEPT"]
    assert len(await reader.actions("admin", within=global_id("Area", here.district))) == 3
    assert len(await reader.actions("admin", within=global_id("Area", here.id("village")))) == 1
    claim = global_id("Claim", claim_id)
    assert await reader.actions("admin", claims={"some": {"id": {"eq": claim}}}) == CLAIM_STEPS
    of_order = global_id("DemandOrder", order.id)
    assert (
        await reader.actions("admin", orders={"some": {"id": {"eq": of_order}}}) == CLAIM_STEPS[:1]
    )
    assert len(await reader.actions("admin", number={"gte": 2, "lte": 3})) == 2
    of_draft = global_id("DemandOrder", draft.id)
    assert await reader.actions("unit", orders={"some": {"id": {"eq": of_draft}}}) == []


async def test_events_are_read_from_their_nodes_and_lead_to_them(
    here: Neighbourhood, told: tuple[DemandOrder, str, DemandOrder]
) -> None:
    _, claim_id, _ = told
    reader = Reader(here)
    query = """query($id: ID!) {
      claim(id: $id) { events(first: 1) { totalCount pageInfo { hasNextPage endCursor } nodes {
        id number actorRoles claims { totalCount nodes { id } } orders { totalCount }
      } } }
    }"""
    claim = global_id("Claim", claim_id)
    for who in ("admin", "coordinator", "unit"):
        events = (await reader.ask(who, query, id=claim))["claim"]["events"]
        assert events["totalCount"] == 2
        assert events["pageInfo"]["hasNextPage"]
        (first,) = events["nodes"]
        assert first["number"] == 1
        assert first["actorRoles"] == ["LIAISON"]
        assert first["claims"] == {"totalCount": 1, "nodes": [{"id": claim}]}
        assert first["orders"] == {"totalCount": 1}
        node = "query($id: ID!) { node(id: $id) { __typename id } event(id: $id) { number } }"
        found = await reader.ask(who, node, id=first["id"])
        assert found == {
            "node": {"__typename": "Event", "id": first["id"]}, "event": {"number": 1}
        }  # fmt: skip
        for stranger in ("village", "app", "visitor"):
            nothing = {"node": None, "event": None}
            assert await reader.ask(stranger, node, id=first["id"]) == nothing


async def test_changes_are_told_of_what_the_caller_may_see_and_personal_ones_by_name(
    here: Neighbourhood, told: tuple[DemandOrder, str, DemandOrder]
) -> None:
    order, claim_id, _ = told
    reader = Reader(here)
    query = """{ events(first: 1) { nodes {
      actor changes { nodeId type fields { name before after } }
    } } }"""
    claim, of_order = global_id("Claim", claim_id), global_id("DemandOrder", order.id)
    actors: dict[str, Any] = {}
    for who in ("admin", "coordinator", "unit", "community"):
        (event,) = (await reader.ask(who, query))["events"]["nodes"]
        actors[who] = event["actor"]
        changes = {each["nodeId"]: each for each in event["changes"]}
        assert {changes[claim]["type"], changes[of_order]["type"]} == {"Claim", "DemandOrder"}
        fields = {each["name"]: each for each in changes[claim]["fields"]}
        assert fields["quantity"] == {"name": "quantity", "before": None, "after": 3}
        assert fields["note"] == {"name": "note", "before": None, "after": None}
        held = [each for each in changes[of_order]["fields"] if each["name"] == "held"]
        assert held == [{"name": "held", "before": 0, "after": 3}]
    unit = global_id("Account", here.viewer("unit").account_id or "")
    assert actors == {"admin": unit, "coordinator": None, "unit": unit, "community": None}


async def test_an_event_without_a_number_is_nobodys(
    here: Neighbourhood, told: tuple[DemandOrder, str, DemandOrder]
) -> None:
    order, _, _ = told
    reader = Reader(here)
    before = await reader.actions("admin")
    claim = await propose(
        here.graph,
        viewer=here.viewer("school"),
        initiator=Initiator.SUPPLIER,
        supplier_id=here.id("school"),
        order_id=order.id,
        lines=[LineRequest(1)],
        idempotency_key="unnumbered",
        clock=here.clock,
    )
    query = "query($id: ID!) { claim(id: $id) { events { totalCount nodes { number } } } }"
    found = await reader.ask("admin", query, id=global_id("Claim", claim.id))
    assert found == {"claim": {"events": {"totalCount": 0, "nodes": []}}}
    assert await reader.actions("admin") == before
    while (await standing(here.graph, "tests")).waiting:
        await number_waiting(here.graph, "tests")
    assert await reader.actions("admin") == [*before, "CLAIM_PROPOSE"]
