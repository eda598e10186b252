"""Matching runs and their proposals."""

from domain import run_records
from graph.computed.actions import PACKAGE_ACTIONS, PROPOSAL_ACTIONS, RUN_ACTIONS
from graph.mapping import IN, Structured
from schema.declare import computed, many, node_with, one, structured
from schema.types.agents import Area, Events
from schema.types.claims import Claim
from schema.types.common import Actions, Connection, Node
from schema.types.items import DemandOrder, ResourceOffer
from schema.types.plans import (
    Certificate,
    MatchReason,
    PlanChange,
    RunFailure,
    RunProgress,
    ScorePart,
    UnmatchedOrder,
    parse_certificate,
    parse_changes,
    parse_failure,
    parse_parts,
    parse_progress,
    parse_reasons,
    parse_unmatched,
)
from schema.types.policies import MatchPolicy, Weight, parse_policy, parse_weights


@node_with(
    policy=(MatchPolicy, Structured(parse_policy)),
    weights=(list[Weight], Structured(parse_weights)),
    changes=(list[PlanChange], Structured(parse_changes)),
    unmatched=(list[UnmatchedOrder], Structured(parse_unmatched)),
    certificate=(Certificate | None, Structured(parse_certificate)),
    progress=(RunProgress | None, Structured(parse_progress)),
    failure=(RunFailure | None, Structured(parse_failure)),
)
class MatchRun(run_records.MatchRun, Node):
    """A run of the matcher: its policy, what it reached, and the proof."""

    allowed_actions: Actions = computed(RUN_ACTIONS)
    area: Area | None = one("RUN_IN")
    proposals: Connection["Proposal"] = many("PROPOSED")
    packages: Connection["Package"] = many("FOUND_PACKAGE")
    events: Events = many("CHANGED", IN, order="position")


@node_with(reasons=(list[MatchReason], Structured(parse_reasons)))
class Proposal(run_records.Proposal, Node):
    """A pair that a run proposes."""

    allowed_actions: Actions = computed(PROPOSAL_ACTIONS)
    parts: list[ScorePart] = structured(parse_parts, "reasons")
    run: MatchRun | None = one("PROPOSED", IN)
    order: DemandOrder | None = one("PROPOSES_ORDER")
    offer: ResourceOffer | None = one("PROPOSES_OFFER")
    claims: Connection[Claim] = many("ENDORSES", IN)
    package: "Package | None" = one("PACKS", IN)
    events: Events = many("CHANGED", IN, order="position")


@node_with(reasons=(list[MatchReason], Structured(parse_reasons)))
class Package(run_records.Package, Node):
    """Proposals that stand or fall together."""

    allowed_actions: Actions = computed(PACKAGE_ACTIONS)
    run: MatchRun | None = one("FOUND_PACKAGE", IN)
    proposals: Connection[Proposal] = many("PACKS")
    claims: Connection[Claim] = many("BOUND_BY", IN)
    events: Events = many("CHANGED", IN, order="position")
