"""Rows to nodes: whom each row means, which node it states, and what links that has.

Nothing is written or read here: the directory of names has been read before. A row that names
nobody, or contradicts another, becomes an error with its cell; the others go on.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from domain.errors import SheetError
from domain.identity import derived_id
from domain.inventory import (
    AreaRow,
    BranchRow,
    Duplicate,
    MemberRow,
    OfferRow,
    OrderRow,
    Row,
    UnitRow,
)
from domain.neighbourhoods import fuller
from domain.records import Area, Member, PartyBranch, Unit
from domain.vocabulary import AreaLevel
from resolvers.loading_items import Ends, category_pieces, offer_pieces, order_pieces
from resolvers.loading_names import KnownAgent, KnownArea, Names, RowProblem, named
from resolvers.loading_pieces import Piece, piece
from resolvers.loading_ties import TIE_ROWS, TieRow, tie_piece

RowT = TypeVar("RowT", bound=Row)

LEVELS = list(AreaLevel)
_CODE_LENGTHS = (12, 9, 6, 4, 2)


@dataclass(slots=True)
class Plan:
    """The nodes that a load states, in the order in which they can be written."""

    pieces: list[Piece] = field(default_factory=list[Piece])
    errors: list[SheetError] = field(default_factory=list[SheetError])
    duplicates: list[Duplicate] = field(default_factory=list[Duplicate])


class Planner:
    """Makes the plan of one load."""

    def __init__(self, names: Names, now: datetime) -> None:
        self.names = names
        self.now = now
        self.plan = Plan()
        self._by_id: dict[str, Piece] = {}
        self._said: dict[str, Row] = {}
        self._moments = 0

    def make(self, rows: Sequence[Row]) -> Plan:
        """Plan all rows: what is named before what names it, what is stated before mentions."""
        ordered = sorted(rows, key=lambda row: row.mentioned)
        if any(isinstance(row, (OfferRow, OrderRow)) for row in ordered):
            for category in category_pieces(self.now):
                self._add(category)
        areas = [row for row in ordered if isinstance(row, AreaRow)]
        areas.sort(key=lambda row: (row.mentioned, LEVELS.index(row.level)))
        self._each(areas, self._area)
        self._each(_of(UnitRow, ordered), self._unit)
        branches = _of(BranchRow, ordered)
        for row in branches:
            self._know_branch(row)
        self._each(branches, self._branch)
        self._each(_of(MemberRow, ordered), self._member)
        self._each(_of(OfferRow, ordered), self._offer)
        self._each(_of(OrderRow, ordered), self._order)
        for kind in TIE_ROWS:
            self._each(_of(kind, ordered), self._tie)
        return self.plan

    def _moment(self) -> datetime:
        """Return when the next row came to be: rows of one load keep their order, 1 us apart."""
        self._moments += 1
        return self.now + timedelta(microseconds=self._moments)

    def add_area(self, area: KnownArea, parent: KnownArea | None) -> None:
        """Plan an area that no sheet states: one above the area of the load."""
        self._add_area(area, parent, None, None, mentioned=True)

    def _each(self, rows: Iterable[RowT], make: Callable[[RowT], None]) -> None:
        for row in rows:
            try:
                make(row)
            except RowProblem as problem:
                self.plan.errors.append(
                    row.origin.error(
                        problem.reason, column=problem.field, value=problem.value, **problem.details
                    )
                )

    def _add(self, made: Piece) -> None:
        self.plan.pieces.append(made)
        self._by_id[made.id] = made

    def _said_before(self, node_id: str, row: Row) -> bool:
        """Whether a row of this load has stated the node. Raises where it said something else."""
        before = self._said.setdefault(node_id, row)
        if before is row:
            return False
        if not row.mentioned and before == row:
            self.plan.duplicates.append(Duplicate(row.origin, before.origin))
        elif not row.mentioned:
            raise RowProblem(
                "contradicts",
                None,
                "",
                other_sheet=before.origin.sheet,
                other_cell=before.origin.cell(),
            )
        return True

    def _area(self, row: AreaRow) -> None:
        parent = self._parent(row)
        known = self._known_area(row, parent)
        if known is None:
            area_id = (
                derived_id("Area", row.code)
                if row.code
                else self.names.area_id(parent.id if parent else None, row.level, row.name)
            )
            path = f"{parent.path if parent else '/'}{area_id}/"
            area = KnownArea(area_id, row.name, row.level, path, row.code, row.aliases)
            self._said_before(area_id, row)
        else:
            if not row.mentioned and known.parent_id != (parent.id if parent else None):
                above = self.names.areas.get(known.parent_id or "")
                raise RowProblem(
                    "moved_area", "parent", row.parent or "", other=above.name if above else ""
                )
            area = self._renamed(known, row)
            if self._said_before(area.id, row) and area == known:
                return
        self._add_area(area, parent, row, known, mentioned=row.mentioned)

    def _parent(self, row: AreaRow) -> KnownArea | None:
        if row.parent is not None:
            parent = named("parent", row.parent, self.names.area)
        elif row.level is AreaLevel.PROVINCE:
            return None
        else:
            parent = self._above_by_code(row.code) or self.names.scope
        if parent is None:
            raise RowProblem("no_area", "parent", row.name)
        if LEVELS.index(parent.level) >= LEVELS.index(row.level):
            raise RowProblem("level_order", "parent", row.parent or row.name, other=parent.name)
        return parent

    def _above_by_code(self, code: str | None) -> KnownArea | None:
        for length in _CODE_LENGTHS:
            if (
                code is not None
                and length < len(code)
                and (found := self.names.area_with_code(code[:length]))
            ):
                return found
        return None

    def _known_area(self, row: AreaRow, parent: KnownArea | None) -> KnownArea | None:
        if row.code and (found := self.names.area_with_code(row.code)):
            return found
        if row.level is AreaLevel.COMMUNITY:
            found = named("name", row.name, self.names.community)
            if found and (row.mentioned or (parent and found.parent_id == parent.id)):
                return found
        return self.names.area_under(parent.id, row.level, row.name) if parent else None

    def _renamed(self, known: KnownArea, row: AreaRow) -> KnownArea:
        """Return a known area with the names of a row: the fuller is shown, the others kept."""
        name = row.name
        if row.level is AreaLevel.COMMUNITY and not row.code:
            name = fuller(known.name, row.name)
        code = known.code or row.code
        others = {known.name, row.name, *known.aliases, *row.aliases} - {name, code}
        return replace(known, name=name, code=code, aliases=tuple(sorted(filter(None, others))))

    def _add_area(
        self,
        area: KnownArea,
        parent: KnownArea | None,
        row: AreaRow | None,
        known: KnownArea | None,
        *,
        mentioned: bool,
    ) -> None:
        self.names.add_area(area)
        node = Area(
            id=area.id,
            created_at=self._moment(),
            name=area.name,
            level=area.level,
            path=area.path,
            code=area.code,
            aliases=area.aliases,
        )
        if row is not None:
            node.former_codes = row.former_codes
            node.latitude, node.longitude = row.latitude, row.longitude
            node.contact_name, node.phone, node.email = row.contact_name, row.phone, row.email
        made = piece(
            node,
            {"PART_OF": parent.id if parent else None},
            origin=row.origin if row else None,
            search=(area.name, *area.aliases),
            mentioned=mentioned,
        )
        if mentioned and known is not None and known != area:
            # A mention in another spelling is news of its names, and of nothing else.
            made.stated = {name: made.made.get(name) for name in ("name", "aliases", "search")}
            made.links = {}
        if mentioned and (planned := self._by_id.get(area.id)):
            planned.node = made.node if planned.mentioned else planned.node
            planned.made |= made.stated
            if planned.stated or planned.id in self.names.in_graph:
                planned.stated |= made.stated
            return
        self._add(made)

    def _unit(self, row: UnitRow) -> None:
        known = self.names.unit(row.name)
        holder = self.names.unit_with_credit_code(row.credit_code) if row.credit_code else None
        if holder is not None and (known is None or holder.id != known.id):
            raise RowProblem(
                "code_of_another", "credit_code", row.credit_code or "", other=holder.name
            )
        unit_id = known.id if known else self.names.unit_id(row.name)
        area = named("area", row.area, self.names.area) if row.area else self.names.scope
        if self._said_before(unit_id, row):
            return
        name = known.name if known else row.name
        aliases = _aliases(name, known.aliases if known else (), (row.name, *row.aliases))
        self.names.add_unit(
            KnownAgent(unit_id, name, aliases, area.id if area else None, row.credit_code)
        )
        node = Unit(
            id=unit_id,
            created_at=self._moment(),
            name=name,
            kind=row.kind,
            credit_code=row.credit_code,
            aliases=aliases,
            address=row.address,
            latitude=row.latitude,
            longitude=row.longitude,
            contact_name=row.contact_name,
            phone=row.phone,
            email=row.email,
        )
        stays = known is not None and row.area is None
        self._add(
            piece(
                node,
                {"LOCATED_IN": None if stays or area is None else area.id},
                origin=row.origin,
                search=(name, *aliases),
                mentioned=row.mentioned,
            )
        )

    def _know_branch(self, row: BranchRow) -> None:
        """Let branches name each other in any order."""
        if self.names.branch(row.name) is None:
            area = self.names.scope
            self.names.add_branch(
                KnownAgent(
                    self.names.branch_id(row.name), row.name, row.aliases, area.id if area else None
                )
            )

    def _branch(self, row: BranchRow) -> None:
        if row.unit and row.area:
            raise RowProblem("two_owners", "area", row.area)
        known = named("name", row.name, self.names.required_branch)
        unit = named("unit", row.unit, self.names.required_unit) if row.unit else None
        area = named("area", row.area, self.names.area) if row.area else None
        parent = named("parent", row.parent, self.names.required_branch) if row.parent else None
        if self._said_before(known.id, row):
            return
        fresh = known.id not in self.names.in_graph
        if unit is None and area is None and fresh:
            area = self.names.scope
        aliases = _aliases(known.name, known.aliases, (row.name, *row.aliases))
        place = unit.area_id if unit else area.id if area else known.area_id
        self.names.add_branch(KnownAgent(known.id, known.name, aliases, place))
        node = PartyBranch(
            id=known.id,
            created_at=self._moment(),
            name=known.name,
            kind=row.kind,
            aliases=aliases,
            contact_name=row.contact_name,
            phone=row.phone,
            email=row.email,
        )
        owned = unit is not None or area is not None
        self._add(
            piece(
                node,
                {
                    "UNDER": parent.id if parent else None,
                    "OF_UNIT": ([unit.id] if unit else []) if owned else None,
                    "OF_AREA": ([area.id] if area else []) if owned else None,
                },
                origin=row.origin,
                search=(known.name, *aliases),
                mentioned=row.mentioned,
            )
        )

    def _member(self, row: MemberRow) -> None:
        branch = named("branch", row.branch, self.names.required_branch) if row.branch else None
        unit = named("unit", row.unit, self.names.required_unit) if row.unit else None
        area = named("area", row.area, self.names.area) if row.area else None
        member_id = self.names.member_id(row.number)
        if member_id in self.names.erased:
            raise RowProblem("erased_person", "number", row.number)
        if self._said_before(member_id, row):
            return
        if branch is None and unit is None and area is None:
            area = self.names.scope
        self.names.members.add(member_id)
        node = Member(
            id=member_id,
            created_at=self._moment(),
            name=row.name,
            kind=row.kind,
            skills=row.skills,
            contact_name=row.contact_name,
            phone=row.phone,
            email=row.email,
        )
        self._add(
            piece(
                node,
                {
                    "BELONGS_TO": branch.id if branch else None,
                    "WORKS_AT": unit.id if unit else None,
                    "LIVES_IN": area.id if area else None,
                },
                origin=row.origin,
            )
        )

    def _ends(self, field_name: str, agent: str, place: str | None) -> Ends:
        agent_id, area_id = named(field_name, agent, self.names.agent)
        at = named("place", place, self.names.area).id if place else area_id
        at = at or (self.names.scope.id if self.names.scope else None)
        if at is None:
            raise RowProblem("no_area", field_name, agent)
        return Ends(agent_id, agent, at)

    def _offer(self, row: OfferRow) -> None:
        ends = self._ends("provider", row.provider, row.place)
        serves = tuple(named("serves", name, self.names.area).id for name in row.serves)
        listed, item = offer_pieces(row, replace(ends, serves=serves), self._moment())
        self._item(row, listed, item, ends.agent)

    def _order(self, row: OrderRow) -> None:
        ends = self._ends("receiver", row.receiver, row.place)
        listed, item = order_pieces(row, ends, self._moment())
        self._item(row, listed, item, ends.agent)

    def _item(self, row: Row, listed: Piece, item: Piece, agent: str) -> None:
        listed.of_person = item.of_person = agent in self.names.members
        if self._said_before(item.id, row):
            return
        if listed.id not in self._by_id:
            self._add(listed)
        self._add(item)

    def _tie(self, row: TieRow) -> None:
        made = tie_piece(row, self.names, self._moment())
        if not self._said_before(made.id, row):
            self._add(made)


def _of(cls: type[RowT], rows: Iterable[Row]) -> list[RowT]:
    return [row for row in rows if isinstance(row, cls)]


def _aliases(name: str, *groups: Iterable[str]) -> tuple[str, ...]:
    """Return all other names, each once."""
    return tuple(sorted({other for group in groups for other in group} - {name}))
