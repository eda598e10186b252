"""The runs, proposals and packages of the world, with what a run keeps as text."""

from domain.run_records import MatchRun, Package, Proposal
from domain.vocabulary import (
    PackageState,
    ProposalState,
    RunState,
)
from matching.documents import policy_text
from matching.model import Policy
from tests.contract.world_records import World

REASONS = """{"parts": [["CATEGORY", 0.3, 1.0], ["TEXT", 0.2, 0.5]],
 "reasons": [["CATEGORY_SAME", {}], ["WINDOWS", {"percent": 80}]]}"""
UNMATCHED = """[{"order": "ORDER", "missing": 3, "reason": "TIME",
 "refused": {"TIME": 2, "REACH": 1}, "rivals": ["ORDER"]}]"""
CERTIFICATE = """{"components": [{"orders": 1, "offers": 2, "pairs": 2, "method": "FLOW",
 "proof": "DUALS", "value": 3000000000, "bound": 3000000000}],
 "reached": {"orders": 2, "matchedOrders": 1, "wholeOrders": 1, "filled": 0.5,
  "value": 3000000000, "quantities": {"PERSON": [10, 5]}},
 "firstComeFirstServed": {"orders": 2, "matchedOrders": 1, "wholeOrders": 0, "filled": 0.25,
  "value": 5, "quantities": {}},
 "counted": {"worth": 2900000000, "kept": 100000000, "fair": 0},
 "fairness": {"premiums": {"/a/": 250}, "before": {"/a/": 0.25}, "after": {"/a/": 0.5},
  "worth_before": 3000000000, "worth_after": 2900000000, "most_cost": 0.05}}"""
CHANGES = """[{"kind": "MOVED", "order": "ORDER", "offer": "OFFER", "from": "SOURCE", "before": 3,
 "after": 4, "causes": [["ORDER_NEW", "ORDER", null], ["REFUSED", "OFFER", "TIME"],
 ["WORTHS", "", null]]}]"""


def add_matching(world: World) -> None:
    for name, area in (("run0", "yuanbaoshan"), ("run1", None)):
        run = MatchRun(
            id=world.id(name),
            created_at=world.at(),
            state=RunState.DONE,
            policy=policy_text(Policy()),
            weights='{"category": 0.3}',
            value=3_000_000_000,
            bound=3_000_000_000,
            certificate=CERTIFICATE if area else "{}",
            unmatched=UNMATCHED.replace("ORDER", world.id("order1")) if area else "[]",
            changes=CHANGES if area else "[]",
        )
        world.add(name, run, *([("RUN_IN", area)] if area else []))
    for number in range(4):
        name = f"proposal{number}"
        proposal = Proposal(
            id=world.id(name),
            created_at=world.at(),
            state=list(ProposalState)[number],
            quantity=number + 1,
            offer_quantity=number + 1,
            measure="PERSON",
            score=0.25 * number,
            reasons=REASONS,
            slots=("2026-05-09T01:00Z",) if number == 1 else (),
            slot_quantities=(2,) if number == 1 else (),
            pinned=True if number == 1 else None,
        )
        links = [("PROPOSES_ORDER", f"order{number}"), ("PROPOSES_OFFER", f"offer{number}")]
        world.add(name, proposal, *links)
        world.links.append((f"run{number % 2}", "PROPOSED", name))
    world.links.append(("claim0", "ENDORSES", "proposal0"))
    packed = Proposal(
        id=world.id("packed"),
        created_at=world.at(),
        state=ProposalState.OPEN,
        quantity=2,
        offer_quantity=2,
        measure="PERSON",
        score=0.5,
        reasons=REASONS,
    )
    world.add("packed", packed, ("PROPOSES_ORDER", "order5"), ("PROPOSES_OFFER", "offer1"))
    for number, state in enumerate((PackageState.PROPOSED, PackageState.FOUND)):
        name = f"package{number}"
        package = Package(
            id=world.id(name),
            created_at=world.at(),
            state=state,
            size=2,
            value=1_000_000 * number,
            unserved=number,
            reasons='{"parts":[],"reasons":[["CYCLE",{"count":2}],["UNSERVED",{"count":1}]]}',
            proposed_at=world.at() if number == 0 else None,
        )
        world.add(name, package)
        world.links.append((f"run{number}", "FOUND_PACKAGE", name))
    world.links += [
        ("package0", "PACKS", "proposal1"),
        ("package1", "PACKS", "packed"),
        ("claim0", "BOUND_BY", "package0"),
    ]
