"""What each caller sees, through every way to a node, against the rules evaluated naively."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from domain.hub_records import Import
from domain.records import (
    Agreement,
    Alliance,
    Area,
    ChairTerm,
    CheckIn,
    Claim,
    ClaimLine,
    DemandOrder,
    Evaluation,
    Member,
    NeedList,
    Node,
    Pairing,
    PartyBranch,
    ResourceList,
    ResourceOffer,
    Slot,
    Unit,
)
from domain.run_records import MatchRun, Package, Proposal
from graph.driver import Graph
from tests.contract.asking import Hub
from tests.contract.naive import Naive
from tests.contract.world import build_world, viewers

pytestmark = pytest.mark.anyio

WORLD = build_world()
VIEWERS = viewers(WORLD)
ROOTS: dict[str, type[Node]] = {
    "areas": Area,
    "units": Unit,
    "branches": PartyBranch,
    "members": Member,
    "resourceLists": ResourceList,
    "needLists": NeedList,
    "offers": ResourceOffer,
    "orders": DemandOrder,
    "claims": Claim,
    "evaluations": Evaluation,
    "pairings": Pairing,
    "agreements": Agreement,
    "alliances": Alliance,
    "chairTerms": ChairTerm,
    "checkIns": CheckIn,
    "imports": Import,
    "matchRuns": MatchRun,
    "proposals": Proposal,
    "packages": Package,
}
AGENTS = (Area, Unit, PartyBranch, Member)


@pytest.fixture(scope="module")
async def hub(graph: Graph) -> Hub:
    await WORLD.write(graph)
    return Hub(graph, WORLD)


each_viewer = pytest.mark.parametrize("who", VIEWERS)


def gids(names: list[str]) -> list[str]:
    return [WORLD.gid(name) for name in names]


@each_viewer
async def test_lists_and_counts_hold_what_the_caller_may_see(hub: Hub, who: str) -> None:
    naive = Naive(WORLD, VIEWERS[who])
    query = "".join(f"{root}(first: 100) {{ totalCount nodes {{ id }} }} " for root in ROOTS)
    data = await hub.data(f"{{ {query} }}", viewer=VIEWERS[who])
    for root, cls in ROOTS.items():
        expected = gids(naive.named(cls))
        assert [node["id"] for node in data[root]["nodes"]] == expected, root
        assert data[root]["totalCount"] == len(expected), root


@each_viewer
async def test_nodes_by_id_are_those_that_the_caller_may_see(hub: Hub, who: str) -> None:
    naive = Naive(WORLD, VIEWERS[who])
    names = list(WORLD.records)
    for start in range(0, len(names), 100):
        some = names[start : start + 100]
        query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
        data = await hub.data(query, {"ids": gids(some)}, VIEWERS[who])
        expected = [WORLD.gid(name) if naive.visible(name) else None for name in some]
        assert [node and node["id"] for node in data["nodes"]] == expected


@each_viewer
async def test_single_nodes_are_null_for_those_who_may_not_see_them(hub: Hub, who: str) -> None:
    naive = Naive(WORLD, VIEWERS[who])
    samples: dict[type[Node], str] = {}
    for name, record in WORLD.records.items():
        if not naive.visible(name):
            samples.setdefault(type(record), name)
    for name in samples.values():
        query = "query($id: ID!) { node(id: $id) { id } }"
        assert await hub.data(query, {"id": WORLD.gid(name)}, VIEWERS[who]) == {"node": None}


@each_viewer
async def test_contacts_are_masked_everywhere(hub: Hub, who: str) -> None:
    naive = Naive(WORLD, VIEWERS[who])
    contacts = "id contactName phone email"
    data = await hub.data(
        f"""{{
          units(first: 100) {{ nodes {{ {contacts} }} }}
          areas(first: 100) {{ nodes {{ {contacts} }} }}
          members(first: 100) {{ edges {{ node {{ {contacts} }} }} }}
          offers(first: 100) {{ nodes {{ provider {{ {contacts} }} }} }}
          orders(first: 100) {{ nodes {{ receiver {{ ... on Agent {{ {contacts} }} }} }} }}
          claims {{ nodes {{ supplier {{ {contacts} }} receiver {{ {contacts} }} }} }}
          resourceLists {{ nodes {{ issuer {{ {contacts} }} }} }}
        }}""",
        viewer=VIEWERS[who],
    )
    names = {WORLD.gid(name): name for name in WORLD.records}
    seen = list(_having("phone", data))
    assert len(seen) > 30
    for agent in seen:
        name = names[agent["id"]]
        record: Any = WORLD.records[name]
        shown = naive.contacts(name)
        assert agent["phone"] == (record.phone if shown else None), name
        assert agent["email"] == (record.email if shown else None), name
        assert agent["contactName"] == (record.contact_name if shown else None), name


def _having(field: str, value: object) -> Iterator[dict[str, Any]]:
    """Yield the objects that have a field, at any depth."""
    if isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _having(field, item)
    elif isinstance(value, dict):
        found = cast("dict[str, Any]", value)
        if field in found:
            yield found
        for item in found.values():
            yield from _having(field, item)


@each_viewer
async def test_what_people_write_to_a_claim_is_for_its_sides(hub: Hub, who: str) -> None:
    naive = Naive(WORLD, VIEWERS[who])
    texts = "id note evidence reason"
    by_id = " ".join(
        f'claim{number}: claim(id: "{WORLD.gid(f"claim{number}")}") {{ {texts} }}'
        for number in range(7)
    )
    data = await hub.data(
        f"""{{
          {by_id}
          claims {{ nodes {{ {texts} }} edges {{ node {{ words: note {texts} }} }} }}
          orders {{ nodes {{ claims {{ nodes {{
            lines {{ nodes {{ claim {{ {texts} }} }} }} }} }} }} }}
        }}""",
        viewer=VIEWERS[who],
    )
    names = {WORLD.gid(name): name for name in WORLD.records}
    for claim in _having("note", data):
        name = names[claim["id"]]
        record = cast("Claim", WORLD.records[name])
        written = (record.note, record.evidence, record.reason)
        shown = written if naive.free_text(name) else (None, None, None)
        assert (claim["note"], claim["evidence"], claim["reason"]) == shown, name
        assert claim.get("words", claim["note"]) == claim["note"]


@each_viewer
async def test_what_people_say_of_a_claim_is_for_its_sides(hub: Hub, who: str) -> None:
    naive = Naive(WORLD, VIEWERS[who])
    data = await hub.data(
        """{ evaluations { nodes { id score text } }
             claims { nodes { evaluations { nodes { id said: text text } } } } }""",
        viewer=VIEWERS[who],
    )
    for evaluation in _having("text", data):
        assert evaluation["id"] == WORLD.gid("evaluation")
        assert evaluation["text"] == ("很好" if naive.free_text("evaluation") else None)


async def test_a_front_end_reads_nothing_that_people_write(hub: Hub) -> None:
    query = "{ claims { nodes { note evidence reason } } evaluations { nodes { score text } } }"
    data = await hub.data(query, viewer=VIEWERS["app"])
    nothing = {"note": None, "evidence": None, "reason": None}
    assert data == {
        "claims": {"nodes": [nothing] * 7},
        "evaluations": {"nodes": [{"score": 5, "text": None}]},
    }


@each_viewer
async def test_persons_are_not_named_through_what_they_do(hub: Hub, who: str) -> None:
    naive = Naive(WORLD, VIEWERS[who])
    data = await hub.data(
        """{ offers(first: 100) { nodes { id provider { id name } } }
             claims { nodes { id supplier { id } receiver { id name } } } }""",
        viewer=VIEWERS[who],
    )
    names = {WORLD.gid(name): name for name in WORLD.records}
    for offer in data["offers"]["nodes"]:
        (provider,) = naive.into(names[offer["id"]], "OFFERS")
        expected = WORLD.gid(provider) if naive.visible(provider) else None
        assert (offer["provider"] and offer["provider"]["id"]) == expected
    for claim in data["claims"]["nodes"]:
        for side in ("supplier", "receiver"):
            (agent,) = naive.out(names[claim["id"]], f"CLAIM_{side.upper()}")
            expected = WORLD.gid(agent) if naive.visible(agent) else None
            assert (claim[side] and claim[side]["id"]) == expected


@each_viewer
async def test_nested_pages_and_counts_are_within_the_rights(hub: Hub, who: str) -> None:
    naive = Naive(WORLD, VIEWERS[who])
    data = await hub.data(
        """{ units(first: 20) { nodes { id
               offers { totalCount nodes { id slots { totalCount nodes { id } } } }
               members { totalCount nodes { id } }
               resourceLists { totalCount nodes { id } }
               claimsSupplied { totalCount nodes { id lines { totalCount nodes { id } }
                 evaluations { totalCount } } } } } }""",
        viewer=VIEWERS[who],
    )
    names = {WORLD.gid(name): name for name in WORLD.records}
    relations = {
        "offers": lambda name: naive.out(name, "OFFERS"),
        "members": lambda name: naive.into(name, "WORKS_AT"),
        "resourceLists": lambda name: naive.out(name, "ISSUES_RESOURCES"),
        "claimsSupplied": lambda name: naive.into(name, "CLAIM_SUPPLIER"),
    }
    for unit in data["units"]["nodes"]:
        for field, follow in relations.items():
            ends: list[str] = follow(names[unit["id"]])
            expected = gids(naive.ordered([each for each in ends if naive.visible(each)]))
            assert [node["id"] for node in unit[field]["nodes"]] == expected
            assert unit[field]["totalCount"] == len(expected)
        for offer in unit["offers"]["nodes"]:
            slots = naive.out(names[offer["id"]], "HAS_SLOT")
            assert [node["id"] for node in offer["slots"]["nodes"]] == gids(naive.ordered(slots))
        for claim in unit["claimsSupplied"]["nodes"]:
            lines = naive.out(names[claim["id"]], "HAS_LINE")
            assert [node["id"] for node in claim["lines"]["nodes"]] == gids(lines)


async def test_the_rules_make_a_difference(hub: Hub) -> None:
    """The naive rules themselves tell callers apart, so the comparisons above mean something."""
    counts = {
        who: [len(Naive(WORLD, viewer).named(cls)) for cls in (ResourceOffer, Member, Claim)]
        for who, viewer in VIEWERS.items()
    }
    assert counts["visitor"] == [15, 0, 0]
    assert counts["app"] == [15, 0, 7]
    assert counts["admin"] == [24, 4, 7]
    assert counts["member"][1] == 1
    assert 15 < counts["unit0"][0] < 24
    assert len({tuple(count) for count in counts.values()}) >= 8
    # A community sees who is checked in there, and of who was, only that somebody was.
    community = Naive(WORLD, VIEWERS["community"])
    assert community.visible("zhao was in")
    assert not community.visible("zhao")
    assert Naive(WORLD, VIEWERS["xinggong"]).visible("zhao")
    assert not Naive(WORLD, VIEWERS["unit0"]).visible("zhao in")
    # Of its residents' it sees those of whoever has no account.
    assert Naive(WORLD, VIEWERS["xinggong"]).visible("claim4")
    assert not Naive(WORLD, VIEWERS["community"]).visible("claim5")
    # It acts for them, so it reaches the other side of their claims.
    assert Naive(WORLD, VIEWERS["xinggong"]).contacts("unit5")
    assert not Naive(WORLD, VIEWERS["community"]).contacts("unit5")
    hidden = [name for name in WORLD.records if not Naive(WORLD, VIEWERS["unit0"]).visible(name)]
    kinds = {type(WORLD.records[name]) for name in hidden}
    assert kinds == {
        ResourceOffer, DemandOrder, ResourceList, NeedList, Slot, Member, Claim, ClaimLine,
        Evaluation, MatchRun, Proposal, Package, CheckIn, Import,
    }  # fmt: skip


async def test_the_viewer_says_what_its_roles_are_for(hub: Hub) -> None:
    query = """{ viewer { account { id } roles {
      role area { id path } agent { id ... on Unit { name } } } } }"""
    roles: dict[str, list[Any]] = {}
    for name in ("visitor", "app", "unit0", "community", "member", "coordinator", "both"):
        roles[name] = (await hub.data(query, viewer=VIEWERS[name]))["viewer"]["roles"]
    unit = cast("Unit", WORLD.records["unit0"])
    own = {"role": "LIAISON", "area": None, "agent": {"id": WORLD.gid("unit0"), "name": unit.name}}
    assert roles["visitor"] == []
    assert roles["app"] == [{"role": "APP", "area": None, "agent": None}]
    assert roles["unit0"] == [own]
    assert [each["agent"] for each in roles["community"]] == [{"id": WORLD.gid("yuxiangyuan")}]
    assert [each["agent"] for each in roles["member"]] == [{"id": WORLD.gid("wang")}]
    area = {"id": WORLD.gid("gangcheng"), "path": cast("Area", WORLD.records["gangcheng"]).path}
    assert roles["both"] == [{"role": "COORDINATOR", "area": area, "agent": None}, own]
