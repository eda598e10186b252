"""All mutations: each aggregate brings its class, and stands here in one line."""

from schema.claim_mutations import ClaimMutations

MUTATIONS: tuple[type, ...] = (ClaimMutations,)
