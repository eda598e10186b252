"""The same questions answered from the plain data of a world: who may see what, in which order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from domain.access import CONTACTS_AFTER_COMPLETION, COUNTERPART_STATES, Viewer
from domain.items import PUBLISHED
from domain.records import Area, CheckIn, Claim, DemandOrder, Member, Node, ResourceOffer
from domain.vocabulary import ClaimState, ListState, Role
from graph.records import sort_key
from tests.contract.world_records import NOW, World

TO_AREA = {"LOCATED_IN", "OF_AREA", "OF_UNIT", "LIVES_IN", "WORKS_AT", "BELONGS_TO"}
SIDES = {"CLAIM_SUPPLIER", "CLAIM_RECEIVER"}


@dataclass
class Naive:
    """Evaluates over the records and links of a world, for one caller."""

    world: World
    viewer: Viewer

    def out(self, name: str, *kinds: str) -> list[str]:
        """The names at the ends of relationships that begin here."""
        return [end for start, kind, end in self.world.links if start == name and kind in kinds]

    def into(self, name: str, *kinds: str) -> list[str]:
        """The names at the starts of relationships that end here."""
        return [start for start, kind, end in self.world.links if end == name and kind in kinds]

    def named(self, cls: type[Node]) -> list[str]:
        """All that the caller may see of a type, in the order of pages."""
        names = [name for name, record in self.world.records.items() if type(record) is cls]
        return self.ordered(name for name in names if self.visible(name))

    def ordered(self, names: Iterator[str] | list[str]) -> list[str]:
        """Sort by creation, then id."""
        records = self.world.records
        return sorted(names, key=lambda name: sort_key(records[name].created_at, records[name].id))

    def areas_of(self, name: str) -> set[str]:
        """The areas in which an agent lies, through its unit or branch; itself if it is one."""
        found = {name}
        reached = {name}
        for _ in range(3):
            reached = {end for each in reached for end in self.out(each, *TO_AREA)}
            found |= reached
        return {each for each in found if isinstance(self.world.records[each], Area)}

    def coordinated(self, name: str) -> bool:
        """Whether the caller coordinates an area in which an agent lies."""
        areas = [cast("Area", self.world.records[area]) for area in self.areas_of(name)]
        return any(self.viewer.coordinates(area.path) for area in areas)

    def acts_for(self, name: str) -> bool:
        return self.viewer.acts_for(self.world.id(name))

    def speaks_for(self, name: str) -> bool:
        """Whether the caller acts for an agent, or for the home of one that has no account."""
        if self.acts_for(name):
            return True
        homes = [cast("Area", self.world.records[home]) for home in self.out(name, "LIVES_IN")]
        alone = name not in self.world.with_accounts
        return alone and any(
            agent in home.path.split("/") for home in homes for agent in self.viewer.own_agents
        )

    def visible(self, name: str) -> bool:
        """Whether the caller may see a node at all."""
        rules: dict[str, Callable[[str], bool]] = {
            "ResourceOffer": self._item,
            "DemandOrder": self._item,
            "ResourceList": self._list,
            "NeedList": self._list,
            "Member": self._member,
            "Claim": self._claim,
            "ClaimLine": lambda each: all(map(self._claim, self.into(each, "HAS_LINE"))),
            "Evaluation": lambda each: all(map(self._claim, self.out(each, "EVALUATES"))),
            "CheckIn": self._check_in,
            "Import": self._import,
            "Slot": lambda each: all(map(self._item, self.into(each, "HAS_SLOT"))),
            "MatchRun": self._run,
            "Proposal": self._proposal,
            "Package": self._package,
            "Account": self._account,
            "Grant": self._grant,
            "Deputyship": self._deputyship,
            "EvidenceFile": self._evidence,
            "Webhook": self._webhook,
        }
        rule = rules.get(type(self.world.records[name]).__name__)
        return rule is None or self.viewer.is_admin or rule(name)

    def contacts(self, name: str) -> bool:
        """Whether the caller may see an agent's contacts."""
        if self.viewer.is_admin or self.acts_for(name) or self.coordinated(name):
            return True
        for claim_name in self.into(name, *SIDES):
            claim = cast("Claim", self.world.records[claim_name])
            others = [each for each in self.out(claim_name, *SIDES) if each != name]
            if any(map(self.speaks_for, others)) and self._open(claim):
                return True
        return False

    @staticmethod
    def _open(claim: Claim) -> bool:
        if claim.state in COUNTERPART_STATES:
            return True
        done = claim.state in {ClaimState.COMPLETED, ClaimState.EVALUATED}
        recent = claim.completed_at is not None
        return done and recent and claim.completed_at > NOW - CONTACTS_AFTER_COMPLETION  # type: ignore[operator]

    def _item(self, name: str) -> bool:
        record = cast("ResourceOffer | DemandOrder", self.world.records[name])
        if record.state in PUBLISHED:
            return True
        places = self.out(name, "OFFER_AT", "ORDER_AT")
        paths = [cast("Area", self.world.records[place]).path for place in places]
        owners = self.into(name, "OFFERS", "NEEDS")
        return any(map(self.speaks_for, owners)) or any(map(self.viewer.coordinates, paths))

    def _list(self, name: str) -> bool:
        record = cast("Any", self.world.records[name])
        issuers = self.into(name, "ISSUES_RESOURCES", "ISSUES_NEEDS")
        published = record.state in {ListState.PUBLISHED, ListState.CLOSED}
        mine = any(self.speaks_for(each) or self.coordinated(each) for each in issuers)
        return published or mine

    def _member(self, name: str) -> bool:
        near = self.out(name, "WORKS_AT", "BELONGS_TO", "LIVES_IN")
        if self.acts_for(name) or any(map(self.acts_for, near)) or self.coordinated(name):
            return True
        return any(
            (found.ends_on is None or found.ends_on >= NOW.date()) and self._receives(check_in)
            for check_in in self.out(name, "CHECKS_IN")
            if isinstance(found := self.world.records[check_in], CheckIn)
        )

    def _receives(self, check_in: str) -> bool:
        """Whether the caller looks after the community of a check-in."""
        (area,) = self.out(check_in, "CHECKED_IN_AT")
        return self.acts_for(area) or self.viewer.coordinates(
            cast("Area", self.world.records[area]).path
        )

    def _check_in(self, name: str) -> bool:
        (agent,) = self.into(name, "CHECKS_IN")
        personal = isinstance(self.world.records[agent], Member)
        return not personal or self._member(agent) or self._receives(name)

    def _import(self, name: str) -> bool:
        (area,) = self.out(name, "LOADED_INTO")
        path = cast("Area", self.world.records[area]).path
        return self.viewer.coordinates(path) or any(
            path.startswith(each) for each in self.viewer.loader_paths
        )

    def _claim(self, name: str) -> bool:
        if any(grant.role in {Role.APP, Role.ADMIN} for grant in self.viewer.grants):
            return True
        return self._party(name)

    def free_text(self, name: str) -> bool:
        """Whether the caller may read what people wrote to a claim, or said of it at the end."""
        (claim,) = self.out(name, "EVALUATES") or [name]
        return self.viewer.is_admin or self._party(claim)

    def _party(self, name: str) -> bool:
        sides = self.out(name, *SIDES)
        return any(self.speaks_for(each) or self.coordinated(each) for each in sides)

    def _proposal(self, name: str) -> bool:
        (order,) = self.out(name, "PROPOSES_ORDER")
        (place,) = self.out(order, "ORDER_AT")
        return self.viewer.coordinates(cast("Area", self.world.records[place]).path)

    def _package(self, name: str) -> bool:
        packed, bound = self.out(name, "PACKS"), self.into(name, "BOUND_BY")
        return any(map(self._proposal, packed)) or any(map(self._claim, bound))

    def _run(self, name: str) -> bool:
        paths = [cast("Area", self.world.records[area]).path for area in self.out(name, "RUN_IN")]
        return self.viewer.is_admin or any(map(self.viewer.coordinates, paths))

    def _mine(self, account: str) -> bool:
        return self.world.records[account].id == self.viewer.account_id

    def _account(self, name: str) -> bool:
        return self._mine(name) or any(map(self._placed, self.out(name, "HOLDS")))

    def _placed(self, grant: str) -> bool:
        """Whether a grant is for an area that the caller coordinates, or for an agent there."""
        areas = [cast("Area", self.world.records[each]) for each in self.out(grant, "FOR_AREA")]
        return any(self.viewer.coordinates(area.path) for area in areas) or any(
            map(self.coordinated, self.out(grant, "FOR_AGENT"))
        )

    def _grant(self, name: str) -> bool:
        return any(map(self._mine, self.into(name, "HOLDS"))) or self._placed(name)

    def _webhook(self, name: str) -> bool:
        own = [self.world.id(account) for account in self.into(name, "HAS_WEBHOOK")]
        return self.viewer.account_id in own

    def _deputyship(self, name: str) -> bool:
        return any(map(self._mine, self.out(name, "DEPUTY_IS"))) or any(
            map(self._account, self.into(name, "HAS_DEPUTY"))
        )

    def _evidence(self, name: str) -> bool:
        acts = bool(self.viewer.own_agents or self.viewer.coordinated_paths)
        return acts and (
            any(map(self._mine, self.out(name, "UPLOADED_BY")))
            or any(map(self._party, self.out(name, "EVIDENCE_OF")))
        )
