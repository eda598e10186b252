"""The schema, composed once per process."""

import strawberry
from strawberry.tools import merge_types

from schema.mutations import MUTATIONS


@strawberry.type
class Query:
    """What can be read."""

    hub: str = "renling"


def build_schema() -> strawberry.Schema:
    """Return the schema of queries and mutations."""
    return strawberry.Schema(
        query=Query,
        mutation=merge_types("Mutation", MUTATIONS) if MUTATIONS else None,
    )
