"""What may lie in the graph: its labels and relationship types (`docs/decisions/0003`).

A test reads every statement of the hub and fails for a label or a type that is missing here; a
dump fails for nodes and relationships that it would leave out.
"""

from typing import LiteralString

AGENT: LiteralString = "Agent"
ANY: LiteralString = ""
"""The end of a relationship that may be a node of any label."""

NODES: dict[LiteralString, LiteralString] = {
    "Area": "id",
    "Unit": "id",
    "PartyBranch": "id",
    "Member": "id",
    "Category": "id",
    "ResourceList": "id",
    "NeedList": "id",
    "ResourceOffer": "id",
    "Slot": "id",
    "DemandOrder": "id",
    "Claim": "id",
    "ClaimLine": "id",
    "Evaluation": "id",
    "EvidenceFile": "id",
    "Pairing": "id",
    "Agreement": "id",
    "Alliance": "id",
    "ChairTerm": "id",
    "CheckIn": "id",
    "MatchRun": "id",
    "Proposal": "id",
    "Package": "id",
    "Account": "id",
    "Grant": "id",
    "Deputyship": "id",
    "Identity": "id",
    "SignInCode": "id",
    "Session": "id",
    "Revocation": "id",
    "Webhook": "id",
    "Import": "id",
    "Event": "id",
    "UnnumberedEvent": "id",
    "IdempotencyKey": "key",
}
"""Every label that a node has as its kind, with the property that identifies the node."""

ALWAYS_AGENTS: frozenset[LiteralString] = frozenset({"Unit", "PartyBranch", "Member"})
SOMETIMES_AGENTS: frozenset[LiteralString] = frozenset({"Area"})

OF_THE_ENGINE: frozenset[LiteralString] = frozenset({"EngineLock", "Migration"})
"""Labels of what belongs to one engine's graph and does not move with a dump."""

RELATIONSHIPS: dict[LiteralString, tuple[LiteralString, LiteralString]] = {
    "PART_OF": ("Area", "Area"),
    "LOCATED_IN": ("Unit", "Area"),
    "UNDER": ("PartyBranch", "PartyBranch"),
    "OF_UNIT": ("PartyBranch", "Unit"),
    "OF_AREA": ("PartyBranch", "Area"),
    "BELONGS_TO": ("Member", "PartyBranch"),
    "WORKS_AT": ("Member", "Unit"),
    "LIVES_IN": ("Member", "Area"),
    "CHILD_OF": ("Category", "Category"),
    "SUBSTITUTABLE_BY": ("Category", "Category"),
    "ISSUES_RESOURCES": (AGENT, "ResourceList"),
    "ISSUES_NEEDS": (AGENT, "NeedList"),
    "LISTS_OFFER": ("ResourceList", "ResourceOffer"),
    "LISTS_ORDER": ("NeedList", "DemandOrder"),
    "OFFERS": (AGENT, "ResourceOffer"),
    "NEEDS": (AGENT, "DemandOrder"),
    "OFFER_CATEGORY": ("ResourceOffer", "Category"),
    "ORDER_CATEGORY": ("DemandOrder", "Category"),
    "OFFER_AT": ("ResourceOffer", "Area"),
    "ORDER_AT": ("DemandOrder", "Area"),
    "SERVES": ("ResourceOffer", "Area"),
    "HAS_SLOT": ("ResourceOffer", "Slot"),
    "FOR_ORDER": ("Claim", "DemandOrder"),
    "FROM_OFFER": ("Claim", "ResourceOffer"),
    "CLAIM_SUPPLIER": ("Claim", AGENT),
    "CLAIM_RECEIVER": ("Claim", AGENT),
    "HAS_LINE": ("Claim", "ClaimLine"),
    "USES_SLOT": ("ClaimLine", "Slot"),
    "INITIATED_BY": ("Claim", "Account"),
    "SUPPLIER_SPOKEN_BY": ("Claim", "Account"),
    "RECEIVER_SPOKEN_BY": ("Claim", "Account"),
    "ESCALATED_TO": ("DemandOrder", "Area"),
    "ENDORSES": ("Claim", "Proposal"),
    "EVALUATES": ("Evaluation", "Claim"),
    "EVIDENCE_OF": ("EvidenceFile", "Claim"),
    "UPLOADED_BY": ("EvidenceFile", "Account"),
    "RUN_IN": ("MatchRun", "Area"),
    "PROPOSED": ("MatchRun", "Proposal"),
    "PROPOSES_ORDER": ("Proposal", "DemandOrder"),
    "PROPOSES_OFFER": ("Proposal", "ResourceOffer"),
    "FOUND_PACKAGE": ("MatchRun", "Package"),
    "PACKS": ("Package", "Proposal"),
    "BOUND_BY": ("Claim", "Package"),
    "PAIRS": ("Pairing", AGENT),
    "AGREED_BY": ("Agreement", AGENT),
    "COVERS": ("Agreement", "Claim"),
    "ALLIANCE_MEMBER": ("Alliance", AGENT),
    "ALLIANCE_SUPPORTER": ("Alliance", AGENT),
    "ALLIANCE_AT": ("Alliance", "Area"),
    "HAS_TERM": ("Alliance", "ChairTerm"),
    "CHAIRED_BY": ("ChairTerm", AGENT),
    "CHECKS_IN": (AGENT, "CheckIn"),
    "CHECKED_IN_AT": ("CheckIn", "Area"),
    "LOADED_INTO": ("Import", "Area"),
    "HOLDS": ("Account", "Grant"),
    "GRANTED_BY": ("Grant", "Account"),
    "HAS_DEPUTY": ("Account", "Deputyship"),
    "DEPUTY_IS": ("Deputyship", "Account"),
    "SIGNS_IN_AS": ("Account", "Identity"),
    "HAS_CODE": ("Account", "SignInCode"),
    "HAS_SESSION": ("Account", "Session"),
    "HAS_WEBHOOK": ("Account", "Webhook"),
    "FOLLOWS_AREA": ("Webhook", "Area"),
    "FOR_AREA": ("Grant", "Area"),
    "FOR_AGENT": ("Grant", AGENT),
    "CHANGED": ("Event", ANY),
    "ABOUT_CLAIM": ("Event", "Claim"),
}
"""Every relationship type with the labels of its ends; `Agent` is an end that varies, and what an
event has changed may be of any label. `ABOUT_CLAIM` is in dumps from before migration 5, which
replaces it."""
OF_AGENTS: frozenset[str] = frozenset(name for name, ends in RELATIONSHIPS.items() if AGENT in ends)
"""Relationships with an agent, of whatever kind, at one end."""
