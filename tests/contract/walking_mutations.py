"""Inputs for every mutation of the schema, made of its input types: on nodes of the world."""

from datetime import timedelta
from typing import Any, cast

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLUnionType,
)

from tests.contract.walking import SCHEMA, named_type
from tests.contract.world_records import NOW, World

NODES = {
    "accountId": "account other coordinator",
    "agentId": "li",
    "agentIds": ("unit4", "xinggong"),
    "allianceId": "far alliance",
    "areaId": "gangcheng",
    "branchId": "branch1",
    "categoryId": "hall",
    "chairId": "unit4",
    "claimId": "claim3",
    "deputyId": "account app",
    "deputyshipId": "deputyship2",
    "fileIds": ("file1",),
    "grantId": "held by other coordinator",
    "issuerId": "xinggong",
    "memberIds": ("unit4",),
    "offerId": "offer1",
    "orderId": "order1",
    "ownerId": "unit4",
    "packageId": "package1",
    "parentId": "gangcheng",
    "partyIds": ("unit4", "xinggong"),
    "personId": "li",
    "proposalId": "proposal1",
    "proposalIds": ("proposal1",),
    "receiverId": "xinggong",
    "runId": "run1",
    "servesIds": ("gangcheng",),
    "substituteIds": (),
    "successorId": "account app",
    "supplierId": "unit4",
    "supporterIds": (),
    "unitId": "unit4",
}
"""The nodes that an input names, by the name of the field: all of them in the other area."""
SUBJECTS = {
    "Unit": "unit4",
    "Branch": "branch1",
    "Member": "li",
    "Area": "gangcheng",
    "Category": "hall",
    "Pairing": "far pairing",
    "Agreement": "far agreement",
    "Alliance": "far alliance",
    "CheckIn": "zhao in",
    "ChairTerm": "far term",
    "ResourceList": "resources1",
    "NeedList": "needs1",
    "Webhook": "webhook1",
    "WebhookSecret": "webhook1",
}
"""The node that `id`, or `listId`, of a mutation names, by the end of the mutation's name."""
PARENTS = {"Category": "venue", "Branch": "wide"}
VALUES: dict[str, Any] = {
    "String": "text",
    "Int": 1,
    "Long": 1,
    "Float": 1.0,
    "Boolean": True,
    "Date": (NOW.date() + timedelta(days=10)).isoformat(),
    "DateTime": (NOW + timedelta(days=10)).isoformat(),
}
GIVEN: dict[str, Any] = {
    "email": "somebody@example.invalid",
    "measure": "PERSON",
    "score": 5,
    "url": "https://receiver.example/",
}
CHOSEN = {"Role": "ADMIN", "Initiator": "COORDINATOR", "AreaLevel": "COMMUNITY"}
EACH = {"endorseProposals": "... on EndorseProposalsPayload { endorsements { problem { code } } }"}
"""Where each of several things has its own problem."""
OPTIONAL = frozenset(
    {
        "name",
        "title",
        "startsOn",
        "since",
        "accountId",
        "areaId",
        "orderId",
        "supplierId",
        "receiverId",
    }
)
"""What an input may leave out and a use case needs."""


def mutation_names() -> list[str]:
    """Return the names of all mutations."""
    assert SCHEMA.mutation_type is not None
    return sorted(SCHEMA.mutation_type.fields)


def document(name: str) -> str:
    """Return a mutation that asks for the problem that it ends in."""
    assert SCHEMA.mutation_type is not None
    declared = SCHEMA.mutation_type.fields[name]
    assert set(declared.args) == {"input"}, name
    assert isinstance(named_type(declared), GraphQLUnionType), name
    given = declared.args["input"].type
    return (
        f"mutation($input: {given}) {{ result: {name}(input: $input) "
        f"{{ __typename ... on Problem {{ code }} {EACH.get(name, '')} }} }}"
    )


def given_to(world: World, name: str, optional: frozenset[str] = OPTIONAL) -> dict[str, Any]:
    """Return an input that the mutation could do something with, for who may do it.

    It says all that the mutation needs, and of the rest what is `optional`.
    """
    assert SCHEMA.mutation_type is not None
    argument = SCHEMA.mutation_type.fields[name].args["input"]
    made = cast("GraphQLInputObjectType", named_type(argument))
    found: dict[str, Any] = {}
    for field, declared in made.fields.items():
        kind = declared.type
        if isinstance(kind, GraphQLNonNull) or field in optional:
            found[field] = _value(world, name, field, kind)
    return found


def _value(world: World, mutation: str, field: str, kind: Any) -> Any:
    if field == "idempotencyKey":
        return f"walk {mutation}"
    if field in {"id", "listId"}:
        return world.gid(_subject(mutation))
    if field == "parentId":
        (parent,) = [PARENTS[end] for end in PARENTS if mutation.endswith(end)] or ["gangcheng"]
        return world.gid(parent)
    if field in NODES:
        named = NODES[field]
        return world.gid(named) if isinstance(named, str) else [world.gid(each) for each in named]
    if field in GIVEN:
        return GIVEN[field]
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(inner, GraphQLList):
        return [_value(world, mutation, f"{field} item", inner.of_type)]
    if isinstance(inner, GraphQLEnumType):
        return _choice(inner)
    if isinstance(inner, GraphQLInputObjectType):
        return {
            name: _value(world, mutation, name, declared.type)
            for name, declared in inner.fields.items()
            if isinstance(declared.type, GraphQLNonNull)
        }
    assert inner.name in VALUES, f"the walk does not know what to give {mutation} as {field}"
    return VALUES[inner.name]


def _choice(kind: GraphQLEnumType) -> str:
    """Return the value of a vocabulary that needs nothing else, and gives the most."""
    return CHOSEN.get(kind.name) or next(iter(kind.values))


def _subject(mutation: str) -> str:
    ends = [end for end in SUBJECTS if mutation.endswith(end)]
    assert ends, f"the walk does not know what {mutation} is about"
    return SUBJECTS[max(ends, key=len)]
