"""What ties agents as pieces of a load: pairings, agreements, alliances and chairs, check-ins."""

from collections.abc import Iterable
from datetime import datetime

from domain.folding import name_key
from domain.identity import derived_id
from domain.inventory import (
    AgreementRow,
    AllianceRow,
    ChairTermRow,
    CheckInRow,
    PairingRow,
)
from domain.records import Agreement, Alliance, ChairTerm, CheckIn, Pairing
from resolvers.loading_names import Names, RowProblem, named
from resolvers.loading_pieces import Piece, piece

TieRow = PairingRow | AgreementRow | AllianceRow | ChairTermRow | CheckInRow
TIE_ROWS: tuple[type[TieRow], ...] = (
    PairingRow,
    AgreementRow,
    AllianceRow,
    ChairTermRow,
    CheckInRow,
)
"""In the order in which they are planned: alliances before the terms in their chairs."""


def tie_piece(row: TieRow, names: Names, now: datetime) -> Piece:
    """Return the piece that a row states. Raises RowProblem."""
    match row:
        case PairingRow():
            return _pairing(row, names, now)
        case AgreementRow():
            return _agreement(row, names, now)
        case AllianceRow():
            return _alliance(row, names, now)
        case ChairTermRow():
            return _chair_term(row, names, now)
        case CheckInRow():
            return _check_in(row, names, now)


def _agents(names: Names, field_name: str, wanted: Iterable[str]) -> list[str]:
    return [named(field_name, name, names.agent)[0] for name in wanted]


def _pairing(row: PairingRow, names: Names, now: datetime) -> Piece:
    (one,), (other,) = _agents(names, "one", [row.one]), _agents(names, "other", [row.other])
    if one == other:
        raise RowProblem("same_agents", "other", row.other)
    node = Pairing(
        id=derived_id("Pairing", *sorted((one, other))),
        created_at=now,
        since=row.since,
        source=row.source,
    )
    return piece(node, {"PAIRS": (one, other)}, origin=row.origin)


def _agreement(row: AgreementRow, names: Names, now: datetime) -> Piece:
    """An agreement is known by its number with its first party, else by title and parties."""
    one, other, *others = row.parties
    parties = [
        *_agents(names, "one", [one]),
        *_agents(names, "other", [other]),
        *_agents(names, "others", others),
    ]
    if len(set(parties)) < len(parties):
        raise RowProblem("same_agents", "other", other)
    key = (
        (f"#{name_key(row.number)}", parties[0])
        if row.number
        else (name_key(row.title), *sorted(parties))
    )
    node = Agreement(
        id=derived_id("Agreement", names.district, *key),
        created_at=now,
        title=row.title,
        number=row.number,
        signed_on=row.signed_on,
        valid_until=row.valid_until,
        terms=row.terms,
    )
    return piece(
        node,
        {"AGREED_BY": parties},
        origin=row.origin,
        search=(row.title, row.number, *row.parties),
    )


def _alliance(row: AllianceRow, names: Names, now: datetime) -> Piece:
    members = _agents(names, "members", row.members)
    supporters = _agents(names, "supporters", row.supporters)
    both = [
        name for name, found in zip(row.supporters, supporters, strict=True) if found in members
    ]
    if both:
        raise RowProblem("member_and_supporter", "supporters", "、".join(both))
    area = named("area", row.area, names.area) if row.area else names.scope
    node = Alliance(
        id=names.alliance_id(row.name),
        created_at=now,
        name=row.name,
        kind=row.kind,
        founded_on=row.founded_on,
        description=row.description,
    )
    names.alliances[node.id] = row.name
    known = node.id in names.in_graph and row.area is None
    return piece(
        node,
        {
            "ALLIANCE_MEMBER": members,
            "ALLIANCE_SUPPORTER": supporters or None,
            "ALLIANCE_AT": None if known or area is None else area.id,
        },
        origin=row.origin,
        search=(row.name,),
    )


def _chair_term(row: ChairTermRow, names: Names, now: datetime) -> Piece:
    alliance = named("alliance", row.alliance, names.required_alliance)
    node = ChairTerm(
        id=derived_id("ChairTerm", alliance, row.starts_on.isoformat()),
        created_at=now,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
    )
    links = {"HAS_TERM": alliance, "CHAIRED_BY": _agents(names, "chair", [row.chair])}
    return piece(node, links, origin=row.origin)


def _check_in(row: CheckInRow, names: Names, now: datetime) -> Piece:
    agent = named("agent", row.agent, names.who_checks_in)
    area = named("area", row.area, names.required_community)
    since = row.starts_on.isoformat() if row.starts_on else ""
    node = CheckIn(
        id=derived_id("CheckIn", agent, area.id, row.role, since),
        created_at=now,
        role=row.role,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
    )
    return piece(node, {"CHECKS_IN": agent, "CHECKED_IN_AT": area.id}, origin=row.origin)
