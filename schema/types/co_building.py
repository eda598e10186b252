"""What links agents for longer than a claim: pairings, agreements, alliances, check-ins."""

from domain import records
from domain.vocabulary import Linkage
from graph.computed.linkage import LINKAGE
from graph.computed.node_actions import (
    AGREEMENT_ACTIONS,
    ALLIANCE_ACTIONS,
    CHECK_IN_ACTIONS,
    PAIRING_ACTIONS,
    TERM_ACTIONS,
)
from graph.mapping import IN
from schema.declare import computed, many, node, one
from schema.types.agents import Agent, Area, Events
from schema.types.claims import Claim
from schema.types.common import Actions, Connection, Node


@node
class Pairing(records.Pairing, Node):
    """Two units, branches or communities that are paired."""

    allowed_actions: Actions = computed(PAIRING_ACTIONS)
    linkage: Linkage | None = computed(LINKAGE)
    agents: Connection[Agent] = many("PAIRS")
    events: Events = many("CHANGED", IN, order="position")


@node
class Agreement(records.Agreement, Node):
    """A co-building agreement between two or more parties."""

    allowed_actions: Actions = computed(AGREEMENT_ACTIONS)
    parties: Connection[Agent] = many("AGREED_BY")
    claims: Connection[Claim] = many("COVERS")
    events: Events = many("CHANGED", IN, order="position")


@node
class Alliance(records.Alliance, Node):
    """A Party-building alliance of units and branches."""

    allowed_actions: Actions = computed(ALLIANCE_ACTIONS)
    area: Area | None = one("ALLIANCE_AT")
    members: Connection[Agent] = many("ALLIANCE_MEMBER")
    supporters: Connection[Agent] = many("ALLIANCE_SUPPORTER")
    terms: Connection["ChairTerm"] = many("HAS_TERM")


@node
class ChairTerm(records.ChairTerm, Node):
    """A term in the chair of an alliance."""

    allowed_actions: Actions = computed(TERM_ACTIONS)
    alliance: Alliance | None = one("HAS_TERM", IN)
    chair: Agent | None = one("CHAIRED_BY")


@node
class CheckIn(records.CheckIn, Node):
    """A branch or a member checks in at a community."""

    allowed_actions: Actions = computed(CHECK_IN_ACTIONS)
    agent: Agent | None = one("CHECKS_IN", IN)
    area: Area | None = one("CHECKED_IN_AT")
