"""All mutations: each aggregate brings its class, and stands here in one line."""

from schema.account_mutations import AccountMutations
from schema.agent_mutations import AgentMutations
from schema.claim_mutations import ClaimMutations
from schema.evidence_mutations import EvidenceMutations
from schema.item_mutations import OfferMutations, OrderMutations
from schema.list_mutations import NeedListMutations, ResourceListMutations
from schema.match_run_mutations import MatchRunMutations
from schema.matching_mutations import MatchingMutations
from schema.person_mutations import PersonMutations
from schema.tie_mutations import TieMutations
from schema.tree_mutations import TreeMutations
from schema.webhook_mutations import WebhookMutations

MUTATIONS: tuple[type, ...] = (
    AccountMutations,
    ClaimMutations,
    EvidenceMutations,
    MatchingMutations,
    MatchRunMutations,
    ResourceListMutations,
    NeedListMutations,
    OfferMutations,
    OrderMutations,
    AgentMutations,
    TreeMutations,
    TieMutations,
    PersonMutations,
    WebhookMutations,
)
