"""Use cases: who may ask or do what, each in one transaction. No GraphQL types, no HTTP."""
