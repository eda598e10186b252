"""`allowedActions` of lists, of agents and what binds them, and of accounts with their grants.

What makes a `Subject` of a node is what the use cases read: `graph.standing` says of each kind
which relationships count.
"""

from collections.abc import Callable, Sequence
from typing import Any

from domain.actions import (
    Action,
    account_actions,
    deputyship_actions,
    grant_actions,
    kind_actions,
    list_actions,
    names,
    webhook_actions,
)
from domain.administration import AccountFile, PlacedGrant
from domain.hub_records import Account, Deputyship, Grant
from domain.persons import may_erase
from domain.rights import AgentPlace, Subject
from domain.vocabulary import AreaLevel, ListState, WebhookState
from graph.access import Rules
from graph.computed.actions import allowed, standing_of
from graph.loading import RELATION_ENDS
from graph.reads.computed import Asked, Computed, Place
from graph.records import record
from graph.standing import LIES_IN, OWNED_BY, STANDING, place_of

STARTS = {name: start for name, start, _, _ in RELATION_ENDS}
ACCOUNT = ("id", "createdAt", "name", "active")
GRANT = ("id", "createdAt", "role", "validFrom", "validUntil")
DEPUTYSHIP = ("id", "createdAt", "validFrom", "validUntil")


def _way(node: str, kind: str, relationship: str) -> str:
    """Return the pattern from a node of a kind to the other end of its relationship."""
    out = STARTS[relationship] == kind
    return f"({node}){'-' if out else '<-'}[:{relationship}]{'->' if out else '-'}"


def _subject_facts(node: str, kind: str) -> tuple[str, str]:
    """Return the standing of each who has a say in a node, and the path of its area."""
    standing = STANDING.replace("{agent}", "f1")
    owners = [f"[{_way(node, kind, owned)}(f1:Agent) | {standing}]" for owned in OWNED_BY[kind]]
    lies = LIES_IN.get(kind)
    path = f"head([{_way(node, kind, lies)}(f1:Area) | f1.path])" if lies else "null"
    return " + ".join(owners) or "[]", path


def _subject(owners: Sequence[Any], path: str | None) -> Subject:
    return Subject(tuple(place_of(owner) for owner in owners), path)


def _of_kind(
    kind: str,
    properties: tuple[str, ...] = ("retiredAt",),
    own: Callable[[Sequence[Any], AgentPlace], AgentPlace | None] | None = None,
    more: Callable[[Sequence[Any], AgentPlace, Asked], list[Action]] | None = None,
) -> Computed:
    """Return what may be done with nodes of a kind of `RIGHTS`; retired, nothing.

    `own` returns the node itself as the rules see it, where it is an agent; `more` what may be
    done besides, also with what is retired.
    """

    def facts(at: Place) -> Sequence[str]:
        itself = STANDING.replace("{agent}", at.node) if own else "null"
        return (*_subject_facts(at.node, kind), itself)

    def decide(values: Sequence[Any], found: Sequence[Any], asked: Asked) -> list[str]:
        owners, path, standing = found
        place = place_of(standing) if standing is not None else None
        subject = _subject(owners, path or (values[1] if kind == "Area" else None))
        itself = own(values, place) if own and place else None
        retired = values[0] is not None
        actions = [] if retired else kind_actions(asked.viewer, kind, itself, subject)
        if more and place:
            actions += more(values, place, asked)
        return names(actions)

    return allowed(properties, facts, decide)


def _itself(_: Sequence[Any], place: AgentPlace) -> AgentPlace:
    return place


def _community(values: Sequence[Any], place: AgentPlace) -> AgentPlace | None:
    return place if values[2] == AreaLevel.COMMUNITY else None


def _matching(values: Sequence[Any], _: AgentPlace, asked: Asked) -> list[Action]:
    return [Action.RUN_MATCHING] if asked.viewer.oversees(values[1]) else []


def _erasing(values: Sequence[Any], place: AgentPlace, asked: Asked) -> list[Action]:
    may = values[1] is None and may_erase(asked.viewer, place.id)
    return [Action.ERASE] if may else []


def _list(issued: str) -> Computed:
    way = f"<-[:{issued}]-(f1:Agent)"

    def facts(at: Place) -> Sequence[str]:
        start = f"({at.node}){way}"
        return standing_of(start, "f1"), f"head([{start} | f1.retiredAt])"

    def decide(values: Sequence[Any], found: Sequence[Any], asked: Asked) -> list[str]:
        issuer, retired_at = found
        state = ListState(values[0])
        subject = Subject(() if issuer is None else (place_of(issuer),), state=state)
        in_use = issuer is not None and retired_at is None
        return names(list_actions(asked.viewer, subject, state, issuer_in_use=in_use))

    return allowed(("state",), facts, decide)


def _term_facts(at: Place) -> Sequence[str]:
    start = f"({at.node})<-[:HAS_TERM]-(f1:Alliance)"
    path = "head([(f1)-[:ALLIANCE_AT]->(f2:Area) | f2.path])"
    return (f"head([{start} WHERE f1.retiredAt IS NULL | [{path}]])",)


def _term(_: Sequence[Any], found: Sequence[Any], asked: Asked) -> list[str]:
    (alliance,) = found
    if alliance is None:
        return []
    may = Action.EDIT in kind_actions(asked.viewer, "Alliance", None, Subject((), alliance[0]))
    return names([Action.EDIT] if may else [])


# Accounts


def _signed_in(rules: Rules) -> bool:
    return rules.signed_in


def _part(grant: str) -> str:
    """Return the part of the graph that a grant is for: a path, or where an agent belongs."""
    standing = STANDING.replace("{agent}", "f3")
    return (
        f"head([({grant})-[:FOR_AREA]->(f2:Area) | f2.path]), "
        f"head([({grant})-[:FOR_AGENT]->(f3:Agent) | {standing}])"
    )


def _grants(account: str) -> str:
    """Return the grants that an account holds, with their parts."""
    own = ", ".join(f"f1.{name}" for name in GRANT)
    return f"[({account})-[:HOLDS]->(f1:Grant) | [{own}, {_part('f1')}]]"


def _placed(row: Sequence[Any]) -> PlacedGrant:
    *own, area_path, standing = row
    path = area_path if standing is None else place_of(standing).path
    return PlacedGrant(record(Grant, dict(zip(GRANT, own, strict=True))), path=path)


def _file(account: Sequence[Any], grants: Sequence[Any]) -> AccountFile:
    found = record(Account, dict(zip(ACCOUNT, account, strict=True)))
    return AccountFile(found, tuple(_placed(row) for row in grants))


def _account_facts(at: Place) -> Sequence[str]:
    return (_grants(at.node),)


def _account(values: Sequence[Any], found: Sequence[Any], asked: Asked) -> list[str]:
    return names(account_actions(asked.viewer, _file(values, found[0]), asked.now))


def _grant_facts(at: Place) -> Sequence[str]:
    return f"head([({at.node})<-[:HOLDS]-(f1:Account) | f1.id])", _part(at.node)


def _grant(values: Sequence[Any], found: Sequence[Any], asked: Asked) -> list[str]:
    holder, *part = found
    if holder is None:
        return []
    return names(grant_actions(asked.viewer, _placed([*values, *part]), holder, asked.now))


def _deputyship_facts(at: Place) -> Sequence[str]:
    own = ", ".join(f"f0.{name}" for name in ACCOUNT)
    return (
        f"head([({at.node})<-[:HAS_DEPUTY]-(f0:Account) | [[{own}], {_grants('f0')}]])",
        f"head([({at.node})-[:DEPUTY_IS]->(f1:Account) | f1.id])",
    )


def _deputyship(values: Sequence[Any], found: Sequence[Any], asked: Asked) -> list[str]:
    account, deputy_id = found
    if account is None or deputy_id is None:
        return []
    deputyship = record(Deputyship, dict(zip(DEPUTYSHIP, values, strict=True)))
    file = _file(*account)
    return names(deputyship_actions(asked.viewer, deputyship, file, deputy_id, asked.now))


def _webhook_facts(at: Place) -> Sequence[str]:
    return (f"head([({at.node})<-[:HAS_WEBHOOK]-(f1:Account) | f1.id])",)


def _webhook(values: Sequence[Any], found: Sequence[Any], asked: Asked) -> list[str]:
    state, attempts = values
    (account_id,) = found
    if account_id is None:
        return []
    actions = webhook_actions(
        asked.viewer, account_id, WebhookState(state), troubled=bool(attempts)
    )
    return names(actions)


AREA_ACTIONS = _of_kind("Area", ("retiredAt", "path", "level"), _community, _matching)
UNIT_ACTIONS = _of_kind("Unit", own=_itself)
BRANCH_ACTIONS = _of_kind("PartyBranch", own=_itself)
MEMBER_ACTIONS = _of_kind("Member", ("retiredAt", "erasedAt"), _itself, _erasing)
CATEGORY_ACTIONS = _of_kind("Category")
PAIRING_ACTIONS = _of_kind("Pairing")
AGREEMENT_ACTIONS = _of_kind("Agreement")
ALLIANCE_ACTIONS = _of_kind("Alliance")
CHECK_IN_ACTIONS = _of_kind("CheckIn")
TERM_ACTIONS = allowed((), _term_facts, _term)
RESOURCE_LIST_ACTIONS = _list("ISSUES_RESOURCES")
NEED_LIST_ACTIONS = _list("ISSUES_NEEDS")
ACCOUNT_ACTIONS = allowed(ACCOUNT, _account_facts, _account, _signed_in)
GRANT_ACTIONS = allowed(GRANT, _grant_facts, _grant, _signed_in)
DEPUTYSHIP_ACTIONS = allowed(DEPUTYSHIP, _deputyship_facts, _deputyship, _signed_in)
WEBHOOK_ACTIONS = allowed(("state", "attempts"), _webhook_facts, _webhook, _signed_in)
