"""Units, Party branches and members: what may be said of them, and who says it."""

from dataclasses import replace

from domain.errors import AlreadyTaken, BadInput
from domain.identity import NodeReference
from domain.plausible import (
    LONGEST_NAME,
    check_contact,
    check_name,
    check_position,
    check_text,
    check_values,
    checked_credit_code,
    is_name,
)
from domain.records import Member, PartyBranch, Unit
from domain.searching import named
from domain.written import line_up_to
from graph import agents, nodes
from graph.driver import Transaction
from resolvers.claims_common import Call
from resolvers.entities import Entity, Link

CONTACT = frozenset({"contact_name", "phone", "email"})


def _unit(after: Unit, before: Unit | None) -> Unit:
    del before
    check_name("name", after.name)
    check_values("aliases", after.aliases)
    check_text("address", after.address)
    check_position(after)
    check_contact(after)
    return replace(after, credit_code=checked_credit_code(after.credit_code))


def _branch(after: PartyBranch, before: PartyBranch | None) -> PartyBranch:
    del before
    check_name("name", after.name)
    check_values("aliases", after.aliases)
    check_contact(after)
    return after


def _member(after: Member, before: Member | None) -> Member:
    del before
    if not is_name(after.name):
        # A person's name is not quoted.
        raise BadInput(field="name", value="-", expected=line_up_to(LONGEST_NAME))
    check_values("skills", after.skills)
    check_contact(after)
    return after


async def _credit_code_taken(transaction: Transaction, unit: Unit, call: Call) -> None:
    """Refuse a credit code that another unit has. Raises AlreadyTaken."""
    if unit.credit_code is None:
        return
    await nodes.lock_tree(transaction, "credit codes", call.token)
    for found in await agents.with_credit_code(transaction, unit.credit_code):
        if found != unit.id:
            raise AlreadyTaken(
                field="creditCode", value=unit.credit_code, node=NodeReference("Unit", found)
            )


UNIT = Entity(
    record=Unit,
    agent=True,
    fields=CONTACT | {"name", "kind", "credit_code", "aliases", "address", "latitude", "longitude"},
    links={"area": Link(relationship="LOCATED_IN", least=1)},
    registered=frozenset({"name", "kind", "credit_code", "area"}),
    check=_unit,
    clash=_credit_code_taken,
    found_by=named,
)
BRANCH = Entity(
    record=PartyBranch,
    agent=True,
    fields=CONTACT | {"name", "kind", "aliases"},
    links={
        "parent": Link(relationship="UNDER"),
        "unit": Link(relationship="OF_UNIT"),
        "area": Link(relationship="OF_AREA"),
    },
    registered=frozenset({"name", "kind", "parent", "unit", "area"}),
    check=_branch,
    found_by=named,
)
MEMBER = Entity(
    record=Member,
    agent=True,
    hidden=True,
    fields=CONTACT | {"name", "kind", "skills"},
    links={
        "branch": Link(relationship="BELONGS_TO"),
        "unit": Link(relationship="WORKS_AT"),
        "area": Link(relationship="LIVES_IN"),
    },
    registered=frozenset({"name", "kind", "branch", "unit", "area"}),
    check=_member,
)
