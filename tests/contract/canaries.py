"""The world with a value of its own in every field, and which of them a caller may not learn.

A canary is a value that occurs nowhere else: seen in an answer, it tells which field of which node
it came from.
"""

import re
import types
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any, LiteralString, Union, cast, get_args, get_origin, get_type_hints

import orjson

from domain.access import VISITOR, HeldGrant, Viewer
from domain.hub_records import Account, Deputyship, Grant, Webhook
from domain.records import Agreement, Alliance, Area, ChairTerm, EvidenceFile, Node, Pairing
from domain.run_records import MatchRun
from domain.vocabulary import AllianceKind, Role
from graph.driver import Graph, Transaction
from graph.records import RECORDS, names, properties, stored
from graph.statements import Statement
from tests.contract.naive import Naive
from tests.contract.world import build_world
from tests.contract.world_records import BEGAN, NOW, World

Place = tuple[str, str]
"""A field of the world: the name of the node and the field of its record."""
CONTACTS = frozenset({"contact_name", "phone", "email"})
AGENTS = frozenset({"Area", "Unit", "PartyBranch", "Member"})
WRITTEN = {
    "Claim": frozenset({"note", "evidence", "reason", "pending_request"}),
    "Evaluation": frozenset({"text"}),
}
"""What people write to each other, by type; spelled anew, so that the rules are checked."""

OF_THE_NODE = "how the node is named and where its pages are: the id itself is looked for"
DECIDES = "decides who may see what, so that it cannot be any value"
SHARED = "a code that many nodes share, or that the hub has to understand"
PARSED = "served as objects, so that the text has to parse"
WITHOUT: Mapping[str, str] = {
    "id": OF_THE_NODE,
    "created_at": OF_THE_NODE,
    "path": OF_THE_NODE,
    "Category.code": "it is part of the paths of the tree, which all may see",
    "CheckIn.ends_on": DECIDES,
    "Claim.completed_at": DECIDES,
    "Grant.valid_from": DECIDES,
    "Grant.valid_until": DECIDES,
    "time_zone": SHARED,
    "measure": SHARED,
    "language": SHARED,
    "MatchRun.policy": PARSED,
    "MatchRun.weights": PARSED,
    "MatchRun.certificate": PARSED,
    "MatchRun.unmatched": PARSED,
    "MatchRun.changes": PARSED,
    "MatchRun.progress": PARSED,
    "MatchRun.failure": PARSED,
    "Proposal.reasons": PARSED,
    "Package.reasons": PARSED,
}
"""Fields that hold no canary, and why; vocabularies and windows cannot either."""
UNCHANGED = frozenset({OF_THE_NODE, DECIDES})
DECIDING = frozenset({"state", "role", "level"})
"""Vocabularies that decide who may see what."""

TOKENS = re.compile(
    r"kqz[a-z]{5}|\b90\d{5}\b|\b4[01]\.\d{5}"
    r"|\b20[3-9]\d-\d\d-\d\dT\d\d:\d\d|\b20[3-9]\d-\d\d-\d\d"
)
"""What a canary looks like in an answer."""


@dataclass(frozen=True)
class Canaries:
    """A world full of canaries, and where each belongs."""

    world: World
    places: Mapping[str, Place]
    """The canary as it looks in an answer, and the field it belongs to."""

    def found(self, answer: str) -> dict[str, Place]:
        """Return the canaries in an answer, with their places."""
        tokens = set(TOKENS.findall(answer))
        return {token: self.places[token] for token in tokens if token in self.places}

    def hidden(self, naive: Naive) -> dict[str, frozenset[str]]:
        """Return the fields of each node that a caller may not learn, by the node's name."""
        found: dict[str, frozenset[str]] = {}
        for name, record in self.world.records.items():
            if not naive.visible(name):
                found[name] = frozenset(own for own, _ in names(type(record)))
                continue
            masked = frozenset[str]()
            if type(record).__name__ in AGENTS and not naive.contacts(name):
                masked |= CONTACTS
            if type(record).__name__ in WRITTEN and not naive.free_text(name):
                masked |= WRITTEN[type(record).__name__]
            if masked:
                found[name] = masked
        return found


def peopled_world() -> World:
    """Return the world with accounts and files, and something of all that changes elsewhere."""
    world = build_world()
    _accounts(world)
    _elsewhere(world)
    return world


def canary_world() -> Canaries:
    """Return the world with accounts and files, every field of it filled with its canary."""
    world = peopled_world()
    # A run matches the orders of its area; the small world's names one from elsewhere.
    run = world.records["run0"]
    assert isinstance(run, MatchRun)
    run.unmatched = run.unmatched.replace(world.id("order1"), world.id("order0"))
    places: dict[str, Place] = {}
    for name, record in list(world.records.items()):
        changes: dict[str, Any] = {}
        hints = get_type_hints(type(record))
        for own, _ in names(type(record)):
            if argument(type(record), own) is not None:
                continue
            made = _canary(own, hints[own], len(places))
            if made is not None:
                value, token = made
                changes[own] = value
                places[token] = (name, own)
        world.records[name] = replace(record, **changes)
    return Canaries(world, places)


def argument(cls: type[Node], own: str) -> str | None:
    """Return why a field holds no canary, None where it does."""
    return WITHOUT.get(own) or WITHOUT.get(f"{cls.__name__}.{own}")


def without_canary(canaries: Canaries) -> set[str]:
    """Return the fields, as `Type.field`, that hold no canary in some node and are not argued."""
    holding = set(canaries.places.values())
    return {
        f"{type(record).__name__}.{own}"
        for name, record in canaries.world.records.items()
        for own, _ in names(type(record))
        if (name, own) not in holding
        and argument(type(record), own) is None
        and not _without_number(get_type_hints(type(record))[own])
    }


def _without_number(hint: Any) -> bool:
    """Whether a field is of a vocabulary, a truth value or windows: too few values for canaries."""
    inner = _inner(hint)
    if get_origin(inner) is tuple:
        return get_args(inner)[0].__name__ == "WeeklyWindow"
    return inner is bool or issubclass(inner, Enum)


def _inner(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        (inner,) = (each for each in get_args(hint) if each is not type(None))
        return inner
    return hint


def word(number: int, third: str = "z") -> str:
    """Return a text that occurs once: `kqz` and five letters."""
    letters = "".join(chr(97 + number // 26**power % 26) for power in range(5))
    return f"kq{third}{letters}"


def _canary(own: str, hint: Any, number: int) -> tuple[Any, str] | None:
    """Return a value for a field, and how it looks in an answer."""
    inner = _inner(hint)
    text = word(number)
    if own == "pending_request":
        request = {"action": "ASK_CANCEL", "by": "SUPPLIER", "reason": text}
        return orjson.dumps(request).decode(), text
    if inner == tuple[str, ...]:
        return (text,), text
    if inner == tuple[int, ...]:
        return (9_000_000 + number,), str(9_000_000 + number)
    if inner is str:
        return text, text
    if inner is int:
        return 9_000_000 + number, str(9_000_000 + number)
    if inner is float:
        value = (4_000_001 + 10 * number) / 100_000
        return value, f"{value:.5f}"
    if inner is date:
        day = date(2030, 1, 1) + timedelta(days=3 * number)
        return day, day.isoformat()
    if inner is datetime:
        instant = datetime(2060, 1, 1, tzinfo=UTC) + timedelta(hours=3 * number)
        return instant, instant.isoformat()[:16]
    return None


def _accounts(world: World) -> None:
    """Add accounts with grants, a deputy, evidence files of a claim and of none, webhooks."""
    for name, role, scope in (
        ("liaison", Role.LIAISON, "unit0"),
        ("member", Role.MEMBER, "wang"),
        ("coordinator", Role.COORDINATOR, "yuanbaoshan"),
        ("other coordinator", Role.COORDINATOR, "gangcheng"),
        ("loader", Role.LOADER, "gangcheng"),
        ("admin", Role.ADMIN, None),
        ("app", Role.APP, None),
        ("expired", Role.ADMIN, None),
    ):
        account = Account(id=world.id(f"account {name}"), created_at=world.at(), name=name)
        world.add(f"account {name}", account)
        grant = Grant(
            id=world.id(f"held by {name}"),
            created_at=world.at(),
            role=role,
            valid_from=BEGAN,
            valid_until=NOW - timedelta(seconds=1) if name == "expired" else None,
        )
        kind = "FOR_AREA" if role in {Role.COORDINATOR, Role.LOADER} else "FOR_AGENT"
        world.add(f"held by {name}", grant, *([(kind, scope)] if scope else []))
        world.links.append((f"account {name}", "HOLDS", f"held by {name}"))
        if name != "admin":
            world.links.append((f"held by {name}", "GRANTED_BY", "account admin"))
    world.links = [
        # The administrator came first in time, last in the list.
        *(link for link in world.links if link[1] != "GRANTED_BY"),
        *(link for link in world.links if link[1] == "GRANTED_BY"),
    ]
    for number, (account, deputy) in enumerate(
        (
            ("liaison", "member"),
            ("other coordinator", "coordinator"),
            ("other coordinator", "admin"),
        )
    ):
        deputyship = Deputyship(
            id=world.id(f"deputyship{number}"),
            created_at=world.at(),
            valid_from=NOW,
            valid_until=NOW,
        )
        world.add(f"deputyship{number}", deputyship, ("DEPUTY_IS", f"account {deputy}"))
        world.links.append((f"account {account}", "HAS_DEPUTY", f"deputyship{number}"))
    for number, (uploader, claim) in enumerate(
        (("liaison", "claim0"), ("other coordinator", "claim2"), ("member", None))
    ):
        file = EvidenceFile(
            id=world.id(f"file{number}"), created_at=world.at(), sha256="", media_type="", size=0
        )
        links = [("UPLOADED_BY", f"account {uploader}")]
        world.add(f"file{number}", file, *links, *([("EVIDENCE_OF", claim)] if claim else []))

    for number, (account, area) in enumerate(
        (("liaison", None), ("other coordinator", "gangcheng"), ("admin", "yuanbaoshan"))
    ):
        webhook = Webhook(id=world.id(f"webhook{number}"), created_at=world.at(), url="")
        followed = [("FOLLOWS_AREA", area)] if area else []
        world.add(f"webhook{number}", webhook, *followed)
        world.links.append((f"account {account}", "HAS_WEBHOOK", f"webhook{number}"))


def _elsewhere(world: World) -> None:
    """Add what lies in the other area alone: a pairing, an agreement, an alliance with a term."""
    pairing = Pairing(id=world.id("far pairing"), created_at=world.at())
    world.add("far pairing", pairing, ("PAIRS", "unit4"), ("PAIRS", "xinggong"))
    agreement = Agreement(id=world.id("far agreement"), created_at=world.at(), title="")
    parties = [("AGREED_BY", "unit4"), ("AGREED_BY", "xinggong")]
    world.add("far agreement", agreement, *parties)
    alliance = Alliance(
        id=world.id("far alliance"), created_at=world.at(), name="", kind=AllianceKind.BUSINESS
    )
    links = [("ALLIANCE_AT", "gangcheng"), ("ALLIANCE_MEMBER", "unit4")]
    world.add("far alliance", alliance, *links)
    term = ChairTerm(id=world.id("far term"), created_at=world.at(), starts_on=NOW.date())
    world.add("far term", term, ("CHAIRED_BY", "unit4"))
    world.links.append(("far alliance", "HAS_TERM", "far term"))


def callers(world: World, expired: Viewer) -> dict[str, Viewer]:
    """Return a caller of every role; `expired` is the account as the graph has it."""

    def path(name: str) -> str:
        area = world.records[name]
        assert isinstance(area, Area)
        return area.path

    held: dict[str, HeldGrant] = {
        "app": HeldGrant(Role.APP),
        "liaison": HeldGrant(Role.LIAISON, agent_id=world.id("unit0")),
        "member": HeldGrant(Role.MEMBER, agent_id=world.id("wang")),
        "coordinator": HeldGrant(Role.COORDINATOR, area_path=path("yuanbaoshan")),
        "other coordinator": HeldGrant(Role.COORDINATOR, area_path=path("gangcheng")),
        "loader": HeldGrant(Role.LOADER, area_path=path("gangcheng")),
        "admin": HeldGrant(Role.ADMIN),
    }
    return {
        "visitor": VISITOR,
        "expired": expired,
        **{name: Viewer(world.id(f"account {name}"), (grant,)) for name, grant in held.items()},
    }


# Changing what is hidden

CHANGE = {
    label: Statement(
        f"test.change {label}",
        cast(
            "LiteralString",
            f"UNWIND $rows AS row MATCH (n:{label} {{id: row[0]}}) SET n += row[1]",
        ),
        writes=True,
    )
    for label in sorted(RECORDS)
}


async def write_fields(
    graph: Graph, canaries: Canaries, fields: Mapping[str, frozenset[str]], *, other: bool
) -> None:
    """Give fields of nodes other values than their canaries, or those that they had."""
    rows: dict[str, list[list[Any]]] = {}
    for name, own in fields.items():
        record = canaries.world.records[name]
        made = replace(record, **{each: _other(record, each) for each in own}) if other else record
        found = {key: value for key, value in properties(made).items() if value is not None}
        found["search"] = canaries.world.search_text(made)
        rows.setdefault(type(record).__name__, []).append([record.id, found])

    async def work(transaction: Transaction) -> None:
        for label, each in rows.items():
            await transaction.run(CHANGE[label], rows=each)

    await graph.write(work)


def _other(record: Node, own: str) -> Any:
    """Return another value for a field, where it may have one."""
    value = getattr(record, own)
    if argument(type(record), own) in UNCHANGED or own in DECIDING:
        return value
    match value:
        case Enum():
            every = list(type(value))
            return every[(every.index(value) + 1) % len(every)]
        case str() if own == "measure":
            return "HOUR" if value == "PERSON" else "PERSON"
        case str() if argument(type(record), own) is None:
            return value.replace("kqz", "kqy")
        case (str(), *_):
            return tuple(each.replace("kqz", "kqy") for each in value)
        case _:
            return _other_number(value)


def _other_number(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value + 13
        case float():
            return value + 0.5
        case date():
            return value + timedelta(days=3000)
        case _:
            return value


def value_of(canaries: Canaries, name: str, own: str) -> Any:
    """Return a field's value as it is stored."""
    return stored(getattr(canaries.world.records[name], own))
