"""Whom the names in sheets mean: the areas, units and Party organisations of a load, by name.

Holds what the graph has below the load's area and what the load itself adds, so that rows may
name each other in any order of sheets.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, TypeVar

from domain.folding import name_key
from domain.identity import derived_id
from domain.neighbourhoods import base_name, same_community, short_form
from domain.vocabulary import AreaLevel
from graph import loading
from graph.driver import Graph

FoundT = TypeVar("FoundT")

SIMILAR = 3
NONE_SIMILAR = "—"
COUNTY_DIGITS = 6
CODES_PER_READ = 5000


class NameProblem(Exception):
    """A name means nobody, or several. `reason` is a key of the catalogues."""

    def __init__(self, reason: str, **details: object) -> None:
        super().__init__(reason, details)
        self.reason = reason
        self.details = details


class RowProblem(Exception):
    """What is wrong with a field of a row. `reason` is a key of the catalogues."""

    def __init__(self, reason: str, field_name: str | None, value: str, **details: object) -> None:
        super().__init__(reason, details)
        self.reason = reason
        self.field = field_name
        self.value = value
        self.details = details


def named(field_name: str, value: str, find: Callable[[str], FoundT]) -> FoundT:
    """Look a name up; what is wrong with it is the problem of this field (RowProblem)."""
    try:
        return find(value)
    except NameProblem as problem:
        raise RowProblem(problem.reason, field_name, value, **problem.details) from None


@dataclass(frozen=True, slots=True)
class KnownArea:
    """An area that the load can name."""

    id: str
    name: str
    level: AreaLevel
    path: str
    code: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def parent_id(self) -> str | None:
        """The area above, None for a root."""
        above = self.path.strip("/").split("/")[:-1]
        return above[-1] if above else None


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """A unit or a Party organisation that the load can name."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    area_id: str | None = None
    credit_code: str | None = None


@dataclass(slots=True)
class Names:
    """The directory of a load.

    `district` is the code that keeps equal names of two districts apart; `scope` the area of the
    load, which may come with the load itself: then it is known from `scope_code` on.
    """

    district: str = ""
    scope: KnownArea | None = None
    scope_code: str | None = None
    areas: dict[str, KnownArea] = field(default_factory=dict[str, KnownArea])
    units: dict[str, KnownAgent] = field(default_factory=dict[str, KnownAgent])
    branches: dict[str, KnownAgent] = field(default_factory=dict[str, KnownAgent])
    members: set[str] = field(default_factory=set[str])
    erased: set[str] = field(default_factory=set[str])
    """The members whose data was erased on request: no sheet brings it back."""
    alliances: dict[str, str] = field(default_factory=dict[str, str])
    """The names of the alliances, by id."""
    in_graph: set[str] = field(default_factory=set[str])
    _codes: dict[str, str] = field(default_factory=dict[str, str])
    _credit: dict[str, str] = field(default_factory=dict[str, str])
    _area_keys: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    _short: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    _unit_keys: dict[str, str] = field(default_factory=dict[str, str])
    _branch_keys: dict[str, str] = field(default_factory=dict[str, str])

    def add_area(self, area: KnownArea) -> None:
        """Know an area, also under its aliases and, for a community, its short form."""
        self.areas[area.id] = area
        if area.code:
            self._codes[area.code] = area.id
            if area.code == self.scope_code:
                self.scope = area
        for name in (area.name, *area.aliases):
            self._area_keys.setdefault(name_key(name), set()).add(area.id)
            if area.level is AreaLevel.COMMUNITY:
                self._short.setdefault(short_form(name), set()).add(area.id)

    def add_unit(self, unit: KnownAgent) -> None:
        """Know a unit, also under its aliases and its credit code."""
        self.units[unit.id] = unit
        for name in (unit.name, *unit.aliases):
            self._unit_keys.setdefault(name_key(name), unit.id)
        if unit.credit_code:
            self._credit[unit.credit_code] = unit.id

    def add_branch(self, branch: KnownAgent) -> None:
        """Know a Party organisation."""
        self.branches[branch.id] = branch
        for name in (branch.name, *branch.aliases):
            self._branch_keys.setdefault(name_key(name), branch.id)

    def copy(self) -> "Names":
        """Return a directory of its own with the same entries."""
        return deepcopy(self)

    def area_with_code(self, code: str) -> KnownArea | None:
        """Return the area with this code."""
        found = self._codes.get(code)
        return self.areas[found] if found else None

    def unit_with_credit_code(self, code: str) -> KnownAgent | None:
        """Return the unit with this credit code."""
        found = self._credit.get(code)
        return self.units[found] if found else None

    def area(self, name: str) -> KnownArea:
        """Return the area that a name or a code means. Raises NameProblem."""
        if name.isdecimal():
            if found := self.area_with_code(name):
                return found
            raise self._unknown(name, (area.name for area in self.areas.values()))
        ids = self._area_keys.get(name_key(name)) or self._communities(name)
        return self._one_area(name, ids)

    def community(self, name: str) -> KnownArea | None:
        """Return the community that a name means, in any of its spellings; None if there is none.

        Raises NameProblem where a short form may mean several.
        """
        ids = {
            found
            for found in self._area_keys.get(name_key(name), set())
            if self.areas[found].level is AreaLevel.COMMUNITY
        } or self._communities(name)
        return self._one_area(name, ids) if ids else None

    def area_under(self, parent_id: str, level: AreaLevel, name: str) -> KnownArea | None:
        """Return the area of this level and name right below another."""
        return next(
            (
                area
                for found in self._area_keys.get(name_key(name), set())
                if (area := self.areas[found]).level is level and area.parent_id == parent_id
            ),
            None,
        )

    def unit(self, name: str) -> KnownAgent | None:
        """Return the unit that a name means."""
        found = self._unit_keys.get(name_key(name))
        return self.units[found] if found else None

    def branch(self, name: str) -> KnownAgent | None:
        """Return the Party organisation that a name means."""
        found = self._branch_keys.get(name_key(name))
        return self.branches[found] if found else None

    def required_unit(self, name: str) -> KnownAgent:
        """Return the unit that a name means. Raises NameProblem."""
        found = self.unit(name)
        if found is None:
            raise self._unknown(name, (unit.name for unit in self.units.values()))
        return found

    def required_branch(self, name: str) -> KnownAgent:
        """Return the Party organisation that a name means. Raises NameProblem."""
        found = self.branch(name)
        if found is None:
            raise self._unknown(name, (branch.name for branch in self.branches.values()))
        return found

    def agent(self, name: str) -> tuple[str, str | None]:
        """Return id and area of the unit, community, Party organisation or member of this name.

        Raises NameProblem where it means nobody, or several.
        """
        found: dict[str, tuple[str, str | None]] = {}
        for known in (self.unit(name), self.branch(name)):
            if known is not None:
                found[known.id] = (known.name, known.area_id)
        if not found and (community := self.community(name)):
            return community.id, community.id
        if not found and (member := self.member_id(name)) in self.members:
            return member, None
        if len(found) > 1:
            raise NameProblem(
                "ambiguous_name", name=name, expected="、".join(name for name, _ in found.values())
            )
        for agent_id, (_, area_id) in found.items():
            return agent_id, area_id
        raise self._unknown(name, self._agent_names())

    def required_community(self, name: str) -> KnownArea:
        """Return the community that a name means. Raises NameProblem."""
        found = self.community(name)
        if found is None:
            communities = (
                area.name for area in self.areas.values() if area.level is AreaLevel.COMMUNITY
            )
            raise self._unknown(name, communities)
        return found

    def required_alliance(self, name: str) -> str:
        """Return the id of the alliance of this name. Raises NameProblem."""
        found = self.alliance_id(name)
        if found not in self.alliances:
            raise self._unknown(name, self.alliances.values())
        return found

    def who_checks_in(self, name: str) -> str:
        """Return the id of the Party organisation, or of the member with this number.

        Raises NameProblem.
        """
        branch, member = self.branch(name), self.member_id(name)
        if branch is not None:
            return branch.id
        if member in self.members:
            return member
        raise self._unknown(name, (known.name for known in self.branches.values()))

    def area_id(self, parent_id: str | None, level: AreaLevel, name: str) -> str:
        """Return the id of an area without a code, by where it lies and its name.

        A numbered community gets that of its short form, so that both spellings meet, unless
        another community has it.
        """
        above = parent_id or ""
        if level is not AreaLevel.COMMUNITY:
            return derived_id("Area", above, level, name_key(name))
        short = derived_id("Area", above, level, short_form(name))
        holder = self.areas.get(short)
        if holder is None or any(
            same_community(name, known) for known in (holder.name, *holder.aliases)
        ):
            return short
        return derived_id("Area", above, level, base_name(name))

    def unit_id(self, name: str) -> str:
        """Return the id of a unit of this district."""
        return derived_id("Unit", self.district, name_key(name))

    def branch_id(self, name: str) -> str:
        """Return the id of a Party organisation of this district."""
        return derived_id("PartyBranch", self.district, name_key(name))

    def member_id(self, number: str) -> str:
        """Return the id of a member of this district, by the number in the sheets."""
        return derived_id("Member", self.district, name_key(number))

    def alliance_id(self, name: str) -> str:
        """Return the id of an alliance of this district."""
        return derived_id("Alliance", self.district, name_key(name))

    def _communities(self, name: str) -> set[str]:
        return {
            found
            for found in self._short.get(short_form(name), set())
            if any(
                same_community(name, known)
                for known in (self.areas[found].name, *self.areas[found].aliases)
            )
        }

    def _one_area(self, name: str, ids: Iterable[str]) -> KnownArea:
        found = [self.areas[area_id] for area_id in sorted(ids)]
        if not found:
            raise self._unknown(name, (area.name for area in self.areas.values()))
        if len(found) > 1:
            expected = "、".join(area.code or area.name for area in found)
            raise NameProblem("ambiguous_name", name=name, expected=expected)
        return found[0]

    def _agent_names(self) -> Iterable[str]:
        for area in self.areas.values():
            if area.level is AreaLevel.COMMUNITY:
                yield area.name
        for known in (*self.units.values(), *self.branches.values()):
            yield known.name

    def _unknown(self, name: str, names: Iterable[str]) -> NameProblem:
        similar = difflib.get_close_matches(name, sorted(set(names)), SIMILAR)
        return NameProblem("unknown_name", name=name, expected="、".join(similar) or NONE_SIMILAR)


def known_area(row: Mapping[str, Any]) -> KnownArea:
    """Return the area of a record of the graph."""
    return KnownArea(
        id=row["id"],
        name=row["name"],
        level=AreaLevel(row["level"]),
        path=row["path"],
        code=row["code"],
        aliases=tuple(row["aliases"] or ()),
    )


async def read_names(graph: Graph, scope: KnownArea | None, codes: Iterable[str]) -> Names:
    """Return the directory of what the graph has: below the scope, above it, and by code."""
    names = Names(scope=scope)
    wanted = sorted(set(codes))
    for first in range(0, len(wanted), CODES_PER_READ):
        some = wanted[first : first + CODES_PER_READ]
        for row in await graph.read(loading.AREAS_BY_CODE, codes=some):
            names.add_area(known_area(row))
    if scope is not None:
        await _read_scope(graph, scope, names)
    names.in_graph = names.areas.keys() | names.units.keys() | names.branches.keys()
    return names


async def _read_scope(graph: Graph, scope: KnownArea, names: Names) -> None:
    above = scope.path.strip("/").split("/")
    for row in await graph.read(loading.AREAS_BY_ID, ids=above):
        names.add_area(known_area(row))
    for row in await graph.read(loading.AREAS_BELOW, path=scope.path):
        names.add_area(known_area(row))
    for row in await graph.read(loading.UNITS_BELOW, path=scope.path):
        names.add_unit(
            KnownAgent(
                row["id"], row["name"], tuple(row["aliases"] or ()), row["area"], row["creditCode"]
            )
        )
    for statement in (loading.BRANCHES_OF_AREAS_BELOW, loading.BRANCHES_OF_UNITS_BELOW):
        for row in await graph.read(statement, path=scope.path):
            names.add_branch(
                KnownAgent(row["id"], row["name"], tuple(row["aliases"] or ()), row["area"])
            )
