"""A person's data: handed out, and erased (PIPL articles 45 and 47).

By that person, or an administrator. A person is a member, together with the accounts that are for
that member alone; or an account that is for no member.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from domain.access import Viewer
from domain.availability import instant_text
from domain.claims import LIVE
from domain.clock import Clock
from domain.errors import Forbidden, HeldByClaims, NotFound, NotSignedIn
from domain.hub_records import Account
from domain.identity import NodeReference, new_id
from domain.language import Phrase
from domain.persons import erased, may_erase
from domain.records import (
    Claim,
    DemandOrder,
    Evaluation,
    Member,
    NeedList,
    Node,
    ResourceList,
    ResourceOffer,
)
from domain.run_records import Proposal
from graph import events, match_runs, persons
from graph.accounts import Run
from graph.accounts import viewer as read_viewer
from graph.driver import Graph, Transaction
from graph.events import ChangedFields, Changes
from graph.persons import Properties
from graph.records import record
from matching.documents import without_words

ERASE = "ERASE_PERSON"
EXPORT = "EXPORT_PERSON"
MEMBER, ACCOUNT = "Member", "Account"
KINDS = (MEMBER, ACCOUNT)
_SECRETS = frozenset({"refreshDigest", "formerDigest", "sealedSecret", "formerSecret"})
_RECORDS: dict[str, type[Node]] = {
    "resourceLists": ResourceList,
    "needLists": NeedList,
    "offers": ResourceOffer,
    "orders": DemandOrder,
    "claims": Claim,
    "evaluations": Evaluation,
    "offersProposed": Proposal,
    "ordersProposed": Proposal,
}
_ITEMS = ("offers", "orders")
_OF_PERSON = ("resourceLists", "needLists", *_ITEMS)


@dataclass(frozen=True, slots=True)
class Person:
    """Who is meant: a member if there is one, and the accounts."""

    member_id: str | None
    account_ids: tuple[str, ...]


async def export_person(
    graph: Graph, kind: str, person_id: str, *, viewer: Viewer, clock: Clock
) -> dict[str, Any]:
    """Return all that the hub holds of a person, as JSON values.

    `kind` is MEMBER or ACCOUNT. Raises NotSignedIn, Forbidden and NotFound.
    """
    _entitled(viewer, person_id, EXPORT)
    person = await _person(graph.read, kind, person_id)
    held: dict[str, Any] = {
        "takenAt": instant_text(clock()),
        "member": None,
        "places": [],
        **{name: [] for name in persons.OF_MEMBER if name != "accounts"},
    }
    if person.member_id is not None:
        (held["member"],) = await persons.nodes(graph.read, persons.MEMBER, id=person.member_id)
        held["places"] = await graph.read(persons.PLACES, id=person.member_id)
        for name, statement in persons.OF_MEMBER.items():
            held[name] = await persons.nodes(graph.read, statement, id=person.member_id)
    ids = list(person.account_ids)
    held["accounts"] = await persons.nodes(graph.read, persons.ACCOUNTS, ids=ids)
    for name, statement in persons.OF_ACCOUNTS.items():
        found = await persons.nodes(graph.read, statement, ids=ids)
        held[name] = [
            {field: value for field, value in each.items() if field not in _SECRETS}
            for each in found
        ]
    about = [person.member_id] if person.member_id else []
    rows = await graph.read(persons.EVENTS, actors=ids, ids=[*about, *ids])
    held["events"] = [{name: row[name] for name in ("at", "action", "byThePerson")} for row in rows]
    return held


async def erase_person(
    graph: Graph,
    kind: str,
    person_id: str,
    *,
    viewer: Viewer,
    clock: Clock,
    ids: Callable[[], str] = new_id,
) -> bool:
    """Erase a person's data; False where that was done before, and nothing changes.

    What the person offered or needed ends, and stands without its words; claims stand without what
    was written to them, and their evidence files are left to the sweep of uploads; accounts that
    were for this person alone are closed, others lose the link.
    Raises NotSignedIn, Forbidden, NotFound, and HeldByClaims where claims are still under way:
    they have to be settled first.
    """
    account_id = _entitled(viewer, person_id, ERASE)
    now, token, event_id = clock(), ids(), ids()

    async def work(transaction: Transaction) -> bool:
        fresh = await read_viewer(transaction.run, account_id, now)
        if fresh is None:
            raise NotSignedIn(reason=Phrase("reason.token_invalid"))
        _entitled(fresh, person_id, ERASE)
        person = await _person(transaction.run, kind, person_id)
        if person.member_id is not None:
            await transaction.run(persons.LOCK_MEMBER, id=person.member_id, token=token)
        changes: Changes = {}
        accounts = list(person.account_ids)
        if person.member_id is not None:
            changes, touched = await _erase_member(transaction, person.member_id, now, token)
            if kind == MEMBER:
                rows = await transaction.run(
                    persons.OTHER_GRANTS,
                    ids=accounts,
                    member=person.member_id,
                    now=instant_text(now),
                )
                accounts = sorted(set(accounts) - {row["id"] for row in rows})
        else:
            touched = []
        events.add_changes(changes, await _close_accounts(transaction, accounts, now, token))
        if not changes:
            return False
        if person.member_id is not None:
            await transaction.run(persons.UNLINK, id=person.member_id, now=instant_text(now))
            await transaction.run(persons.STAY_IN_COMMUNITY, id=person.member_id)
            await transaction.run(persons.LEAVE_PLACES, id=person.member_id)
        await transaction.run(persons.FORGET_ANSWERS, actors=accounts, ids=touched)
        written = events.event(event_id, now, account_id, ERASE, changes)
        await events.write_event(transaction, written)
        return True

    return await graph.write(work, repeatable=True)


def _entitled(viewer: Viewer, person_id: str, action: str) -> str:
    """Return the account of a caller who may. Raises NotSignedIn, Forbidden."""
    if viewer.account_id is None:
        raise NotSignedIn(reason=Phrase("reason.token_missing"))
    if not may_erase(viewer, person_id):
        raise Forbidden(action=action)
    return viewer.account_id


async def _person(run: Run, kind: str, person_id: str) -> Person:
    """Return who is meant. Raises NotFound."""
    member_id: str | None = person_id
    account_ids: set[str] = set()
    if kind == ACCOUNT:
        if not await run(persons.ACCOUNTS, ids=[person_id]):
            raise NotFound(type=ACCOUNT, id=NodeReference(ACCOUNT, person_id))
        members = await run(persons.MEMBERS_OF_ACCOUNT, id=person_id)
        member_id = members[0]["id"] if members else None
        account_ids.add(person_id)
    elif not await run(persons.MEMBER, id=person_id):
        raise NotFound(type=MEMBER, id=NodeReference(MEMBER, person_id))
    if member_id is not None:
        rows = await run(persons.OF_MEMBER["accounts"], id=member_id)
        account_ids.update(row["id"] for row in rows)
    return Person(member_id, tuple(sorted(account_ids)))


async def _erase_member(
    transaction: Transaction, member_id: str, now: datetime, token: str
) -> tuple[Changes, list[str]]:
    """Erase a member with all that is the member's; return what changed, and all that is."""
    (stored,) = await persons.nodes(transaction.run, persons.MEMBER, id=member_id)
    member = record(Member, stored)
    if member.erased_at is not None:
        return {}, []
    held = await _held(transaction, member_id)
    for name, statement in zip(
        _ITEMS[::-1], (match_runs.LOCK_ORDERS, match_runs.LOCK_OFFERS), strict=True
    ):
        if held[name]:
            await transaction.run(statement, ids=[row["id"] for row in held[name]], token=token)
    held = await _held(transaction, member_id)
    live = [row["id"] for row in held["claims"] if row["state"] in LIVE]
    if live:
        raise HeldByClaims(
            node=NodeReference(MEMBER, member_id),
            claims=[NodeReference("Claim", claim_id) for claim_id in live],
        )
    changed: list[tuple[Node, Node]] = [(member, erased(member, now))]
    changes: Changes = {member_id: events.changes_between(*changed[0])}
    for name, cls in _RECORDS.items():
        for row in held[name]:
            before = record(cls, row)
            after = _without_words(before) if cls is Proposal else erased(before, now)
            differing = events.changes_between(before, after, of_person=name in _OF_PERSON)
            if differing:
                changed.append((before, after))
                changes[before.id] = differing
    await persons.change(transaction, changed)
    for row in await transaction.run(persons.CUT_EVIDENCE, id=member_id, token=token):
        changes[row["id"]] = ChangedFields("EvidenceFile", {"claim": [row["claim"], None]})
    await persons.forget_search(
        transaction,
        {
            "ResourceOffer": [row["id"] for row in held["offers"]],
            "DemandOrder": [row["id"] for row in held["orders"]],
        },
    )
    touched = [row["id"] for name in _RECORDS for row in held[name]]
    return changes, [member_id, *touched]


async def _held(transaction: Transaction, member_id: str) -> dict[str, list[Properties]]:
    return {
        name: await persons.nodes(transaction.run, persons.OF_MEMBER[name], id=member_id)
        for name in _RECORDS
    }


def _without_words(proposal: Node) -> Node:
    """Return a proposal whose reasons quote no words of the person's order or offer."""
    found = cast("Proposal", proposal)
    return replace(found, reasons=without_words(found.reasons))


async def _close_accounts(
    transaction: Transaction, account_ids: Sequence[str], now: datetime, token: str
) -> Changes:
    """Close accounts, end their grants, and forget how they signed in and their webhooks."""
    if not account_ids:
        return {}
    await transaction.run(persons.LOCK_ACCOUNTS, ids=list(account_ids), token=token)
    stored = await persons.nodes(transaction.run, persons.ACCOUNTS, ids=list(account_ids))
    before = [record(Account, row) for row in stored]
    changed = [(account, after) for account in before if (after := erased(account, now)) != account]
    await persons.change(transaction, changed)
    await transaction.run(persons.END_GRANTS, ids=list(account_ids), now=instant_text(now))
    for statement in persons.FORGET_OF_ACCOUNTS:
        await transaction.run(statement, ids=list(account_ids))
    return {account.id: events.changes_between(account, after) for account, after in changed}
