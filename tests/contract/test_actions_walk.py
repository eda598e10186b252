"""Every action of every kind of node by every role: listed exactly if it is not refused.

A change is tried and taken back, so that all of them meet the same world. What an action asks for
besides, and what stands in its way elsewhere, is no refusal here: only rights and state are.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import orjson
import pytest

from domain.access import ActingAccount, Viewer
from domain.actions import Action
from domain.claims import ClaimAction
from domain.hub_records import Account, Deputyship, Grant, Webhook
from domain.items import ItemAction, ListAction
from domain.records import Claim, DemandOrder, EvidenceFile, ResourceList, ResourceOffer, Retirable
from domain.run_records import MatchRun
from domain.vocabulary import ItemState, ListState, Role, RunState, WebhookState
from domain.webhooks import WebhookAction
from graph import accounts
from graph.driver import Graph
from tests.contract.asking import Hub
from tests.contract.canaries import peopled_world
from tests.contract.rehearsing import rehearsed
from tests.contract.walking import SCHEMA
from tests.contract.walking_mutations import document, given_to
from tests.contract.world_records import NOW, World

if TYPE_CHECKING:
    from graphql import GraphQLObjectType

pytestmark = [pytest.mark.anyio, pytest.mark.unrecorded]

ROLES = (
    "visitor", "expired", "app", "liaison", "community", "member", "coordinator",
    "other coordinator", "deputy of a coordinator", "loader", "admin",
)  # fmt: skip
REFUSALS = {
    "NOT_SIGNED_IN", "FORBIDDEN", "NOT_FOUND", "NOT_THIS_SIDE", "STATE_REFUSED", "RETIRED",
    "TRANSITION_REFUSED", "MATCHING_ERROR",
}  # fmt: skip
"""Problems of rights and of state; NOT_FOUND is a denial of what the caller may not know of."""
AGENTS = ("Area", "Unit", "PartyBranch", "Member")
SHORT = {"PartyBranch": "Branch", "ResourceOffer": "Offer", "DemandOrder": "Order"}
NAMED = {
    ("Claim", "ASK_RESCHEDULE"): "askToRescheduleClaim",
    ("Claim", "CONSENT_RESCHEDULE"): "consentToRescheduleClaim",
    ("Claim", "ASK_CANCEL"): "askToCancelClaim",
    ("Claim", "CONSENT_CANCEL"): "consentToCancelClaim",
    ("Claim", "COMPLETE"): "verifyClaim",
    ("Claim", "ATTACH_EVIDENCE"): "attachEvidence",
    ("Member", "ERASE"): "erasePerson",
    ("Account", "ERASE"): "erasePerson",
    ("Account", "GRANT"): "grantRole",
    ("Account", "APPOINT_DEPUTY"): "appointDeputy",
    ("Account", "HAND_OVER"): "handOverAccount",
    ("Alliance", "ADD_TERM"): "addChairTerm",
    ("Webhook", "ROTATE"): "rotateWebhookSecret",
    ("ResourceList", "ADD_ITEM"): "createOffer",
    ("NeedList", "ADD_ITEM"): "createOrder",
    **{(kind, "ADD_ITEM"): "createOrder" for kind in AGENTS},
    **{(kind, "ADD_LIST"): "createNeedList" for kind in AGENTS},
    **{(kind, "REGISTER"): f"edit{SHORT.get(kind, kind)}" for kind in AGENTS},
}  # fmt: skip
"""The mutations of the actions whose names do not say it."""
ELSEWHERE = frozenset(action.value for action in ClaimAction) | {"RUN_MATCHING", "ENDORSE"}
"""Steps of claims, and what is tried without a transaction: `tests/graph/test_allowed_actions`."""
SAID: dict[str, dict[str, Any]] = {
    "Area EDIT": {"phone": "1"},
    "Unit EDIT": {"phone": "1"},
    "PartyBranch EDIT": {"phone": "1"},
    "Member EDIT": {"phone": "1"},
    "Category EDIT": {"nameEn": "other"},
    "Pairing EDIT": {"source": "other"},
    "Agreement EDIT": {"terms": "other"},
    "Alliance EDIT": {"description": "other"},
    "ChairTerm EDIT": {"endsOn": "2029-01-01"},
    "CheckIn EDIT": {"endsOn": "2029-01-01"},
    "ResourceList EDIT": {"title": "other"},
    "NeedList EDIT": {"title": "other"},
    "ResourceOffer EDIT": {"title": "other"},
    "DemandOrder EDIT": {"title": "other"},
    "Account UPDATE": {"name": "other"},
    "Webhook EDIT": {"description": "other"},
    "Webhook REPLAY": {"after": 0},
    **{f"{kind} REGISTER": {"name": "other"} for kind in AGENTS},
    **{f"{kind} ADD_ITEM": {"origin": "MEETING"} for kind in ("Area", "Unit", "PartyBranch")},
    "Member ADD_ITEM": {"origin": "RESIDENT"},
}
"""What the input of an action says beside the node."""
SUBJECTS = (
    "id", "listId", "offerId", "orderId", "claimId", "accountId", "grantId", "deputyshipId",
    "personId", "proposalId", "runId", "packageId",
)  # fmt: skip
"""The fields of inputs that name the node which a mutation is about."""
_AGENT = frozenset({"EDIT", "REGISTER", "RETIRE", "ADD_LIST", "ADD_ITEM"})
_ITEM = frozenset(action.value for action in ItemAction)
_LIST = frozenset(action.value for action in ListAction)
_TIE = frozenset({"EDIT", "END"})
ACTIONS: dict[str, frozenset[str]] = {
    "Account": frozenset(
        {"UPDATE", "GRANT", "SUSPEND", "REACTIVATE", "HAND_OVER", "APPOINT_DEPUTY", "ERASE"}
    ),
    "Agreement": _TIE,
    "Alliance": _TIE | {"ADD_TERM"},
    "Area": _AGENT | {"MOVE"},
    "Category": frozenset({"EDIT", "MOVE", "RETIRE"}),
    "ChairTerm": frozenset({"EDIT"}),
    "CheckIn": _TIE,
    "Claim": frozenset({"ATTACH_EVIDENCE"}),
    "DemandOrder": _ITEM,
    "Deputyship": frozenset({"END"}),
    "Grant": frozenset({"REVOKE"}),
    "Member": _AGENT | {"ERASE"},
    "MatchRun": frozenset({"CANCEL"}),
    "NeedList": _LIST,
    "Pairing": _TIE,
    "Package": frozenset({"PROPOSE"}),
    "PartyBranch": _AGENT,
    "Proposal": frozenset({"REJECT", "PIN"}),
    "ResourceList": _LIST,
    "ResourceOffer": _ITEM,
    "Unit": _AGENT,
    "Webhook": frozenset(action.value for action in WebhookAction),
}
"""What may be done with nodes of each type by somebody, at some time; what else, never."""
PER_TYPE = 4
"""Nodes of a type, or one of each state."""


def walked_world() -> World:
    """Return the world with accounts, and with what is retired, closed, ended and acted for."""
    world = peopled_world()
    for name in (
        "unit3",
        "branch1",
        "li",
        "room",
        "across",
        "agreement1",
        "alliance1",
        "branch in",
    ):
        record = world.records[name]
        assert isinstance(record, Retirable)
        world.records[name] = replace(record, retired_at=NOW)
    for name, state in (
        ("order2", ItemState.PENDING_REVIEW),
        ("offer2", ItemState.PENDING_REVIEW),
        ("offer4", ItemState.REJECTED),
    ):
        record = world.records[name]
        assert isinstance(record, DemandOrder | ResourceOffer)
        world.records[name] = replace(record, state=state)
    claim = world.records["claim0"]
    assert isinstance(claim, Claim)
    world.records["claim0"] = replace(claim, expires_at=NOW + timedelta(days=1))
    for number, issuer in enumerate(("unit3", "wang")):
        made = ResourceList(
            id=world.id(f"own{number}"), created_at=world.at(), title="", state=ListState.DRAFT
        )
        world.add(f"own{number}", made)
        world.links.append((issuer, "ISSUES_RESOURCES", f"own{number}"))
    for name, state in (("run0", RunState.RUNNING), ("run1", RunState.QUEUED)):
        run = world.records[name]
        assert isinstance(run, MatchRun)
        world.records[name] = replace(run, state=state)
    account = Account(id=world.id("account community"), created_at=world.at(), name="community")
    world.add("account community", account)
    grant = Grant(
        id=world.id("held by community"), created_at=world.at(), role=Role.LIAISON, valid_from=NOW
    )
    world.add("held by community", grant, ("FOR_AGENT", "yuxiangyuan"))
    world.links.append(("account community", "HOLDS", "held by community"))
    running = Deputyship(
        id=world.id("running"),
        created_at=world.at(),
        valid_from=NOW - timedelta(days=1),
        valid_until=NOW + timedelta(days=1),
    )
    world.add("running", running, ("DEPUTY_IS", "account app"))
    world.links.append(("account coordinator", "HAS_DEPUTY", "running"))
    suspended = Account(
        id=world.id("account suspended"), created_at=world.at(), name="", active=False
    )
    world.add("account suspended", suspended)
    held = Grant(
        id=world.id("held by suspended"), created_at=world.at(), role=Role.LIAISON, valid_from=NOW
    )
    world.add("held by suspended", held, ("FOR_AGENT", "unit0"))
    world.links.append(("account suspended", "HOLDS", "held by suspended"))
    for name, state, attempts in (
        ("webhook0", WebhookState.ACTIVE, 2),
        ("webhook1", WebhookState.ACTIVE, 0),
        ("webhook2", WebhookState.PAUSED, 0),
    ):
        webhook = world.records[name]
        assert isinstance(webhook, Webhook)
        # Elsewhere than at the begin of the history, to which it can go back.
        world.records[name] = replace(webhook, state=state, attempts=attempts, delivered_number=5)
    for who in ROLES:
        file = EvidenceFile(
            id=world.id(f"file of {who}"),
            created_at=world.at(),
            sha256="",
            media_type="image/png",
            size=1,
        )
        if f"account {who}" in world.records:
            world.add(f"file of {who}", file, ("UPLOADED_BY", f"account {who}"))
    return world


WORLD = walked_world()


@pytest.fixture(scope="module")
async def hub(graph: Graph) -> Hub:
    await WORLD.write(graph)
    return Hub(graph, WORLD)


async def viewer_of(hub: Hub, who: str) -> Viewer:
    if who == "visitor":
        return Viewer()
    account_id = WORLD.id(f"account {who}")
    if who == "deputy of a coordinator":
        account_id = ActingAccount(WORLD.id("account app"), WORLD.id("account coordinator"))
    found = await accounts.viewer(hub.graph.read, account_id, NOW)
    return found or Viewer(account_id)


def with_actions() -> list[str]:
    """The types of the world that say what may be done with them."""
    held = {type(record).__name__ for record in WORLD.records.values()}
    types = {kind: cast("GraphQLObjectType", SCHEMA.type_map[kind]) for kind in held}
    return sorted(kind for kind, found in types.items() if "allowedActions" in found.fields)


def chosen(kind: str) -> list[str]:
    """Return nodes of a type by name: of each state some."""
    seen: dict[tuple[object, ...], int] = {}
    ranked: list[tuple[int, str]] = []
    for name, record in WORLD.records.items():
        if type(record).__name__ == kind:
            state = tuple(
                getattr(record, field, None) for field in ("state", "retired_at", "active", "level")
            )
            seen[state] = seen.get(state, 0) + 1
            ranked.append((seen[state], name))
    return [name for _, name in sorted(ranked)][: max(PER_TYPE, len(seen))]


def attempt(kind: str, action: str, name: str, viewer: Viewer) -> tuple[str, dict[str, Any]]:
    """Return the mutation that an action of a node is, and an input for it."""
    usual = f"{action.split('_', maxsplit=1)[0].lower()}{SHORT.get(kind, kind)}"
    mutation = NAMED.get((kind, action), usual)
    node = WORLD.gid(name)
    given = given_to(WORLD, mutation, frozenset())
    if "idempotencyKey" in given:
        given["idempotencyKey"] = f"{kind} {action} {name}"
    if action in {"ADD_LIST", "ADD_ITEM"}:
        given |= _added(kind, action, name)
    elif mutation == "appointDeputy":
        given["accountId"] = node
    elif mutation == "addChairTerm":
        given["allianceId"] = node
    else:
        (subject,) = [field for field in SUBJECTS if field in given]
        given[subject] = node
    if mutation == "handOverAccount":
        given["successorId"] = node
    elif mutation == "moveCategory":
        parent = {"training": "venue", "baking": None}.get(name, "training")
        given["parentId"] = parent and WORLD.gid(parent)
    elif mutation == "attachEvidence":
        files = {WORLD.id(f"account {who}"): f"file of {who}" for who in ROLES}
        file = files.get(viewer.account_id or "", "file1")
        given["fileIds"] = [WORLD.gid(file if file in WORLD.records else "file1")]
    elif mutation == "grantRole":
        below = "unit4" if viewer.account_id == WORLD.id("account other coordinator") else "unit0"
        given |= {"role": "LIAISON", "agentId": WORLD.gid(below)}
    return mutation, given | SAID.get(f"{kind} {action}", {})


def _added(kind: str, action: str, name: str) -> dict[str, Any]:
    """Return what makes something new the node's: a list, an order, an item on a list."""
    if action == "ADD_LIST":
        return {"issuerId": WORLD.gid(name)}
    here = {"areaId": WORLD.gid("yuanbaoshan"), "categoryId": WORLD.gid("hall")}
    if not kind.endswith("List"):
        return {"ownerId": WORLD.gid(name), **here}
    (issuer,) = [
        agent for agent, link, made in WORLD.links if made == name and link.startswith("ISSUES")
    ]
    return {"ownerId": WORLD.gid(issuer), "listId": WORLD.gid(name), **here}


async def listed(hub: Hub, viewer: Viewer, kind: str, names: list[str]) -> list[set[str]]:
    """Return the actions that nodes list; of those that are not there, none."""
    query = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {kind} {{ allowedActions }} }} }}"
    found = await hub.data(query, {"ids": [WORLD.gid(name) for name in names]}, viewer)
    return [set(node["allowedActions"]) if node else set() for node in found["nodes"]]


async def tried(
    hub: Hub, viewer: Viewer, mutation: str, given: Mapping[str, Any]
) -> tuple[bool, str]:
    """Whether a change is not refused, and would change something."""
    events: list[str] = []

    def observe(name: str, _text: str, _parameters: object) -> None:
        events.append(name)

    hub.graph.observers.append(observe)
    try:
        answer = await hub.executor.answer(
            document(mutation), {"input": given}, None, hub.context(viewer)
        )
    finally:
        hub.graph.observers.remove(observe)
    body: dict[str, Any] = orjson.loads(answer.body)
    assert "errors" not in body, (mutation, given, body)
    result = body["data"]["result"]
    if result["__typename"] == "TestWebhookPayload":
        return True, "sent"
    if "code" in result:
        refused = REFUSALS | ({"BAD_INPUT"} if mutation == "grantRole" else set[str]())
        return result["code"] not in refused, result["code"]
    return any(name.startswith("events.create") for name in events), "done"


@pytest.mark.parametrize("who", ROLES)
async def test_an_action_is_listed_exactly_if_it_is_not_refused(
    hub: Hub, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = await viewer_of(hub, who)
    wrong: list[tuple[str, str, str]] = []
    for kind in with_actions():
        names = chosen(kind)
        for name, found in zip(names, await listed(hub, viewer, kind, names), strict=True):
            assert found <= ACTIONS[kind] | ELSEWHERE, (name, found)
            with rehearsed(hub.graph, monkeypatch):
                for action in ACTIONS[kind]:
                    done, how = await tried(hub, viewer, *attempt(kind, action, name, viewer))
                    if done != (action in found):
                        wrong.append((name, action, how))
    assert not wrong


async def test_every_kind_of_node_with_mutations_says_what_may_be_done(hub: Hub) -> None:
    assert set(with_actions()) == set(ACTIONS)
    tried = frozenset[str]().union(*ACTIONS.values())
    assert {action.value for action in Action} <= tried | ELSEWHERE
    seen: dict[str, set[str]] = {kind: set() for kind in ACTIONS}
    for who in ROLES:
        viewer = await viewer_of(hub, who)
        for kind in ACTIONS:
            for found in await listed(hub, viewer, kind, chosen(kind)):
                seen[kind] |= found
    assert {
        kind: ACTIONS[kind] - seen[kind] for kind in ACTIONS if ACTIONS[kind] - seen[kind]
    } == {}
