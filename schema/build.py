"""The schema, composed once per process."""

from functools import cache
from typing import cast

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from graph.filtering import add_filters_and_orders
from graph.grouping import add_groupings
from graph.mapping import GRAPH, graph_mapping
from schema.declare import NODE_TYPES
from schema.describe import describe
from schema.groups import add_groups
from schema.inputs import add_inputs
from schema.labels import add_labels
from schema.mutations import MUTATIONS
from schema.query import Query
from schema.resolve import attach
from schema.subscriptions import Subscription
from schema.values import SCALARS


@cache
def build_schema() -> strawberry.Schema:
    """Return the schema of queries and mutations, its reads compiled from the declarations.

    It is the same for all callers in a process, and nobody changes it.
    """
    schema = strawberry.Schema(
        query=Query,
        subscription=Subscription,
        mutation=merge_types("Mutation", MUTATIONS) if MUTATIONS else None,
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    graphql_schema = graphql_schema_of(schema)
    mapping = graph_mapping(graphql_schema, frozenset(NODE_TYPES), _declared)
    add_labels(graphql_schema, mapping)
    add_filters_and_orders(mapping)
    add_groupings(mapping)
    add_inputs(graphql_schema, mapping)
    add_groups(graphql_schema, mapping)
    describe(graphql_schema)
    attach(graphql_schema, mapping)
    return schema


def graphql_schema_of(schema: strawberry.Schema) -> GraphQLSchema:
    """Return the schema of the library beneath."""
    return schema._schema  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]


def _declared(field: object) -> object:
    """Return what a field declares in its metadata, None for nothing."""
    extensions = cast("dict[str, object]", getattr(field, "extensions", None) or {})
    definition = extensions.get("strawberry-definition")
    metadata = cast("dict[str, object]", getattr(definition, "metadata", None) or {})
    return metadata.get(GRAPH)
