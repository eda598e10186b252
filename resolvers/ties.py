"""What binds agents: pairings, agreements, alliances with their chairs, check-ins."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from domain.access import Viewer
from domain.errors import BadInput
from domain.identity import NodeReference, derived_id
from domain.plausible import check_name, check_period, check_text
from domain.records import Agreement, Alliance, ChairTerm, CheckIn, Pairing
from domain.terms import check_term
from graph import nodes, ties
from graph.driver import Graph, Transaction
from graph.events import Changes
from graph.records import record
from resolvers.changing import (
    Changed,
    Request,
    check_agents,
    created,
    lock_named,
    missing,
    raised,
    run_change,
)
from resolvers.claims_common import Call, check_version
from resolvers.entities import Entity, Link, Links, open_node

MOST_PARTIES = 50
MOST_MEMBERS = 500


def _pairing(after: Pairing, before: Pairing | None) -> Pairing:
    del before
    check_text("source", after.source)
    return after


def _agreement(after: Agreement, before: Agreement | None) -> Agreement:
    del before
    check_name("title", after.title)
    check_text("number", after.number)
    check_text("terms", after.terms)
    check_period("validUntil", after.signed_on, after.valid_until)
    return after


def _alliance(after: Alliance, before: Alliance | None) -> Alliance:
    del before
    check_name("name", after.name)
    check_text("description", after.description)
    return after


def _check_in(after: CheckIn, before: CheckIn | None) -> CheckIn:
    del before
    check_period("endsOn", after.starts_on, after.ends_on)
    return after


def _pair(links: Links) -> str:
    """Return the id of the pairing of two agents, whichever is named first."""
    return derived_id("Pairing", *sorted(links["agents"]))


PAIRING = Entity(
    record=Pairing,
    fields=frozenset({"since", "source"}),
    links={"agents": Link(relationship="PAIRS", least=2, most=2)},
    registered=frozenset({"agents"}),
    check=_pairing,
    identity=_pair,
)
AGREEMENT = Entity(
    record=Agreement,
    fields=frozenset({"title", "number", "signed_on", "valid_until", "terms"}),
    links={"parties": Link(relationship="AGREED_BY", least=2, most=MOST_PARTIES)},
    registered=frozenset({"parties"}),
    end="valid_until",
    check=_agreement,
    found_by=lambda node: (node.title, node.number),
)
ALLIANCE = Entity(
    record=Alliance,
    fields=frozenset({"name", "kind", "founded_on", "description"}),
    links={
        "area": Link(relationship="ALLIANCE_AT", least=1),
        "members": Link(relationship="ALLIANCE_MEMBER", most=MOST_MEMBERS),
        "supporters": Link(relationship="ALLIANCE_SUPPORTER", most=MOST_MEMBERS),
    },
    registered=frozenset({"area"}),
    check=_alliance,
    found_by=lambda node: (node.name,),
)
CHECK_IN = Entity(
    record=CheckIn,
    hidden=True,
    fields=frozenset({"role", "starts_on", "ends_on"}),
    links={
        "agent": Link(relationship="CHECKS_IN", least=1),
        "area": Link(relationship="CHECKED_IN_AT", least=1),
    },
    registered=frozenset({"agent", "area"}),
    end="ends_on",
    check=_check_in,
)


async def add_chair_term(
    graph: Graph,
    alliance_id: str,
    chair: NodeReference,
    starts_on: date,
    ends_on: date | None,
    request: Request,
) -> Changed:
    """Give an agent the chair of an alliance for a time in which nobody else has it.

    Raises TermsOverlap, NotFound, Retired, VersionConflict (of the alliance), Forbidden,
    NotSignedIn and BadInput.
    """
    term_id = request.ids()

    async def work(transaction: Transaction, viewer: Viewer, call: Call) -> tuple[Changed, Changes]:
        await open_node(
            transaction, ALLIANCE, alliance_id, request, call, viewer, ALLIANCE.rights.edit
        )
        found = await lock_named(transaction, {chair.kind: (chair,)}, call.token)
        check_agents((chair,), found)
        term = ChairTerm(id=term_id, created_at=call.now, starts_on=starts_on, ends_on=ends_on)
        check_term(term, await ties.terms_of(transaction, alliance_id))
        links = {"HAS_TERM": [alliance_id], "CHAIRED_BY": [chair]}
        return created(term), await nodes.make(transaction, term, links)

    given = {"alliance": alliance_id, "chair": chair, "startsOn": starts_on, "endsOn": ends_on}
    return await run_change(graph, request, "ChairTerm.CREATE", given, work)


async def edit_chair_term(
    graph: Graph, term_id: str, fields: Mapping[str, Any], request: Request
) -> Changed:
    """Change the days of a term in the chair.

    Raises TermsOverlap, NotFound, Retired, VersionConflict (of the term), Forbidden, NotSignedIn
    and BadInput.
    """
    if not fields or set(fields) - {"starts_on", "ends_on"}:
        raise BadInput(field="fields", value=", ".join(sorted(fields)), expected="startsOn, endsOn")

    async def work(transaction: Transaction, viewer: Viewer, call: Call) -> tuple[Changed, Changes]:
        (alliance_id,) = await nodes.linked(transaction, "HAS_TERM", term_id) or (None,)
        if alliance_id is None:
            raise missing("ChairTerm", term_id)
        unversioned = replace(request, expected_version=None)
        await open_node(
            transaction, ALLIANCE, alliance_id, unversioned, call, viewer, ALLIANCE.rights.edit
        )
        found = await nodes.lock(transaction, {"ChairTerm": (term_id,)}, call.token)
        before = record(ChairTerm, found[term_id])
        await check_version(
            transaction, "ChairTerm", term_id, request.expected_version, before.version
        )
        after = replace(before, **fields)
        check_term(after, await ties.terms_of(transaction, alliance_id))
        if after == before:
            return Changed(term_id, before.version), {}
        after = replace(after, version=raised(before))
        changed = await nodes.change(transaction, before, after)
        return Changed(term_id, after.version), {term_id: changed}

    given = {"id": term_id, "fields": fields}
    return await run_change(graph, request, "ChairTerm.EDIT", given, work)
