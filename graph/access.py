"""The rules of `domain.access` as Cypher: what a statement may return to this kind of caller.

The rules compile into the statement itself, so nothing that a caller may not see is ever read. A
kind of access says only which sets a caller has (areas, agents); the sets are parameters, so that
all coordinators share their texts.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from domain.access import FREE_TEXTS, Viewer
from graph.access_parameters import (
    ACCOUNT,
    AGENTS,
    AREAS,
    COMPLETED,
    COUNTERPART,
    LOADED,
    SINCE,
    TODAY,
)
from graph.access_terms import NOBODY, Terms, any_of, begins, exists, under
from graph.publishing import PUBLISHING, STATE

SIDES = "CLAIM_SUPPLIER|CLAIM_RECEIVER"
SEEN_IN_EVENTS = (
    "Agreement",
    "Alliance",
    "Area",
    "Category",
    "ChairTerm",
    "CheckIn",
    "Claim",
    "ClaimLine",
    "DemandOrder",
    "Evaluation",
    "EvidenceFile",
    "Import",
    "MatchRun",
    "Member",
    "NeedList",
    "Package",
    "Pairing",
    "PartyBranch",
    "Proposal",
    "ResourceList",
    "ResourceOffer",
    "Slot",
    "Unit",
    "Webhook",
)
"""The kinds of nodes of which an event shows changes to others than administrators."""


@dataclass(frozen=True, slots=True)
class AccessKind:
    """Which rules apply to a caller: the part of its access that changes a statement's text."""

    everything: bool = False
    areas: bool = False
    agents: bool = False
    claims: bool = False
    loads: bool = False
    account: bool = False

    @classmethod
    def of(cls, viewer: Viewer) -> "AccessKind":
        """Return the kind of a caller."""
        if viewer.is_admin:
            return cls(everything=True)
        return cls(
            areas=bool(viewer.coordinated_paths),
            agents=bool(viewer.own_agents),
            claims=viewer.reads_everything_published,
            loads=bool(viewer.loader_paths),
            account=viewer.signed_in,
        )


class Rules(Terms):
    """The rules for one kind of access. `fresh` gives names of variables not used elsewhere."""

    def __init__(self, kind: AccessKind) -> None:
        super().__init__()
        self._kind = kind
        self.sees_everything = kind.everything
        """Whether nothing is hidden from such a caller."""
        self.acts = kind.everything or kind.areas or kind.agents
        """Whether such a caller can change anything of the domain at all."""
        self.signed_in = kind.everything or kind.account
        """Whether there is an account behind the call."""
        self._rules: dict[str, Callable[[str], str | None]] = {
            "Slot": lambda node: self._through(node, "<-[:HAS_SLOT]-", "ResourceOffer"),
            "Member": self._member,
            "Claim": self._claim,
            "ClaimLine": lambda node: self._through(node, "<-[:HAS_LINE]-", "Claim"),
            "Evaluation": lambda node: self._through(node, "-[:EVALUATES]->", "Claim"),
            "Account": self._account,
            "Grant": self._grant,
            "Deputyship": self._deputyship,
            "EvidenceFile": self._evidence,
            "CheckIn": self._check_in,
            "Webhook": self._webhook,
            "Import": self._import,
            "MatchRun": lambda node: self._run(f"({node})-[:RUN_IN]->"),
            "Proposal": lambda node: self._run(
                f"({node})-[:PROPOSES_ORDER]->(:DemandOrder)-[:ORDER_AT]->"
            ),
            "Package": self._package,
        }
        self._unpublished: dict[str, Callable[[str], list[str]]] = {
            "ResourceOffer": lambda node: self._item(node, "OFFERS"),
            "DemandOrder": lambda node: self._item(node, "NEEDS"),
            "ResourceList": lambda node: self._list(node, "ISSUES_RESOURCES"),
            "NeedList": lambda node: self._list(node, "ISSUES_NEEDS"),
        }

    def visible(
        self, types: Collection[str], variable: str, *, published: bool | None = None
    ) -> str | None:
        """Return the test that a node of one of the types may be seen, None for always.

        `published` says what is known beside the test: that everybody may read the state of the
        node, or (False) that not everybody may.
        """
        if published is not None and len(types) == 1 and not self._kind.everything:
            (name,) = types
            if (unpublished := self._unpublished.get(name)) is not None:
                return None if published else any_of(unpublished(variable))
        tests: list[str] = []
        for name in types:
            test = self._visible(name, variable)
            if test is None:
                continue
            tests.append(test if len(types) == 1 else any_of([f"NOT {variable}:{name}", test]))
        return " AND ".join(tests) or None

    def contacts(self, variable: str) -> str | None:
        """Return the test that an agent's contacts may be seen; None always, NOBODY never."""
        if self._kind.everything:
            return None
        tests: list[str] = []
        if self._kind.agents:
            claim, other = self._fresh(), self._fresh()
            across = f"({variable})<-[:{SIDES}]-({claim}:Claim)-[:{SIDES}]->"
            open_now = (
                f"({claim}.state IN ${COUNTERPART} OR ({claim}.state IN ${COMPLETED} "
                f"AND {claim}.completedAt > ${SINCE}))"
            )
            counterpart = (
                f"EXISTS {{ MATCH {across}({other}:Agent) "
                f"WHERE {other}.id IN ${AGENTS} AND {open_now} }}"
            )
            of_resident = self._of_resident(across, open_now)
            tests += [f"{variable}.id IN ${AGENTS}", counterpart, of_resident]
        if self._kind.areas:
            tests.append(self._coordinated(variable))
        return " OR ".join(tests) or NOBODY

    def property(self, types: Collection[str], name: str, variable: str) -> str | None:
        """Return the test that a property of what is seen may be read; None always, NOBODY never.

        Who sees claims as a side of them or as a coordinator reads what people write there; a
        front-end, which sees all claims, does not.
        """
        written = [each for each in types if name in FREE_TEXTS.get(each, ())]
        if not written or not self._kind.claims:
            return None
        return any_of([self._written(each, variable) for each in written])

    def _visible(self, name: str, variable: str) -> str | None:
        if name == "Event":
            return self._event(variable)
        if self._kind.everything:
            return None
        if (unpublished := self._unpublished.get(name)) is not None:
            state = f"{variable}.{STATE} IN ${PUBLISHING[name].parameter}"
            return any_of([state, *unpublished(variable)])
        rule = self._rules.get(name)
        return None if rule is None else rule(variable)

    def _event(self, variable: str) -> str:
        """Return the test that an event has its number, and concerns what is the caller's."""
        if self._kind.everything:
            return f"{variable}.number > 0"
        # Each is null where there is none; the first two are set together with the number.
        tests: list[str] = []
        if self._kind.agents:
            tests.append(f"any(each IN {variable}.agentIds WHERE each IN ${AGENTS})")
        if self._kind.areas:
            tests.append(f"any(each IN {variable}.areaIds WHERE each IN ${AREAS})")
        if self.acts:
            tests.append(f"({variable}.number > 0 AND ${ACCOUNT} IN {variable}.accountIds)")
        return any_of(tests)

    def _item(self, variable: str, owned: str) -> list[str]:
        """Return the tests by any of which an offer or order is seen that is not published.

        An item carries the path of its area (decision 0031).
        """
        tests: list[str] = []
        if self._kind.agents:
            tests.append(self._owned(f"({variable})<-[:{owned}]-"))
            tests.append(self._of_resident(f"({variable})<-[:{owned}]-"))
        if self._kind.areas:
            tests.append(begins(f"{variable}.areaPath"))
        return tests

    def _list(self, variable: str, issued: str) -> list[str]:
        """Return the tests by any of which a list is seen that is not published."""
        tests: list[str] = []
        if self._kind.agents:
            tests.append(self._owned(f"({variable})<-[:{issued}]-"))
            tests.append(self._of_resident(f"({variable})<-[:{issued}]-"))
        if self._kind.areas:
            issuer = self._fresh()
            tests.append(
                f"EXISTS {{ MATCH ({variable})<-[:{issued}]-({issuer}:Agent) "
                f"WHERE {self._coordinated(issuer)} }}"
            )
        return tests

    def _member(self, variable: str) -> str:
        tests: list[str] = []
        if self._kind.agents:
            tests += [
                f"{variable}.id IN ${AGENTS}",
                self._owned(f"({variable})-[:WORKS_AT|BELONGS_TO|LIVES_IN]->"),
                self._checked_in(variable, lambda area: f"{area}.id IN ${AGENTS}"),
            ]
        if self._kind.areas:
            tests += [self._coordinated(variable), self._checked_in(variable, under)]
        return any_of(tests)

    def _checked_in(self, variable: str, condition: Callable[[str], str]) -> str:
        """Return the test that a member is checked in today where the condition holds."""
        check_in, area = self._fresh(), self._fresh()
        return (
            f"EXISTS {{ MATCH ({variable})-[:CHECKS_IN]->({check_in}:CheckIn)"
            f"-[:CHECKED_IN_AT]->({area}:Area) WHERE {condition(area)} "
            f"AND ({check_in}.endsOn IS NULL OR {check_in}.endsOn >= ${TODAY}) }}"
        )

    def _evidence(self, variable: str) -> str:
        """Return the test for a file: who uploaded it, and the parties of the claim it shows."""
        if not self.acts:
            return NOBODY
        account, claim = self._fresh(), self._fresh()
        uploader = f"({variable})-[:UPLOADED_BY]->({account}:Account)"
        shown = f"({variable})-[:EVIDENCE_OF]->({claim}:Claim)"
        return any_of(
            [
                f"EXISTS {{ MATCH {uploader} WHERE {account}.id = ${ACCOUNT} }}",
                exists(shown, self._party(claim)),
            ]
        )

    def _check_in(self, variable: str) -> str:
        """Return the test for a check-in: a branch's is public, a member's is like the member.

        Where it is made it stays known, as that somebody was there.
        """
        member, somebody = self._fresh(), self._fresh()
        start = f"EXISTS {{ MATCH ({variable})<-[:CHECKS_IN]-"
        tests = [f"NOT {start}({somebody}:Member) }}"]
        if self._kind.agents or self._kind.areas:
            tests.append(f"{start}({member}:Member) WHERE {self._member(member)} }}")
        if self._kind.agents:
            tests.append(self._owned(f"({variable})-[:CHECKED_IN_AT]->"))
        if self._kind.areas:
            tests.append(self._in_area(f"({variable})-[:CHECKED_IN_AT]->"))
        return any_of(tests)

    def _webhook(self, variable: str) -> str:
        """Return the test for a webhook: its account's own."""
        if not self._kind.account:
            return NOBODY
        account = self._fresh()
        return (
            f"EXISTS {{ MATCH ({variable})<-[:HAS_WEBHOOK]-({account}:Account) "
            f"WHERE {account}.id = ${ACCOUNT} }}"
        )

    def _import(self, variable: str) -> str:
        tests: list[str] = []
        if self._kind.areas:
            tests.append(self._in_area(f"({variable})-[:LOADED_INTO]->"))
        if self._kind.loads:
            tests.append(self._in_area(f"({variable})-[:LOADED_INTO]->", LOADED))
        return any_of(tests)

    def _account(self, variable: str) -> str:
        """Return the test for an account: one's own, or one with a grant in a coordinated area."""
        tests: list[str] = []
        if self._kind.account:
            tests.append(f"{variable}.id = ${ACCOUNT}")
        if self._kind.areas:
            grant = self._fresh()
            tests.append(
                f"EXISTS {{ MATCH ({variable})-[:HOLDS]->({grant}:Grant) "
                f"WHERE {self._placed(grant)} }}"
            )
        return any_of(tests)

    def _grant(self, variable: str) -> str:
        tests: list[str] = []
        if self._kind.account:
            holder = self._fresh()
            tests.append(
                f"EXISTS {{ MATCH ({variable})<-[:HOLDS]-({holder}:Account) "
                f"WHERE {holder}.id = ${ACCOUNT} }}"
            )
        if self._kind.areas:
            tests.append(self._placed(variable))
        return any_of(tests)

    def _placed(self, grant: str) -> str:
        """Return the test that a grant is for a coordinated area, or for an agent in one."""
        agent = self._fresh()
        return (
            f"({self._in_area(f'({grant})-[:FOR_AREA]->')} OR "
            f"EXISTS {{ MATCH ({grant})-[:FOR_AGENT]->({agent}:Agent) "
            f"WHERE {self._coordinated(agent)} }})"
        )

    def _deputyship(self, variable: str) -> str:
        """Return the test for a deputyship: of either of the two, and of who sees the account."""
        tests: list[str] = []
        if self._kind.account:
            deputy = self._fresh()
            tests.append(
                f"EXISTS {{ MATCH ({variable})-[:DEPUTY_IS]->({deputy}:Account) "
                f"WHERE {deputy}.id = ${ACCOUNT} }}"
            )
        if self._kind.account or self._kind.areas:
            account = self._fresh()
            tests.append(
                exists(f"({variable})<-[:HAS_DEPUTY]-({account}:Account)", self._account(account))
            )
        return any_of(tests)

    def _claim(self, variable: str) -> str | None:
        return None if self._kind.claims else self._party(variable)

    def _written(self, name: str, variable: str) -> str:
        """Return the test that the caller may read what people wrote to a claim."""
        if name == "Claim":
            return self._party(variable)
        claim = self._fresh()
        return exists(f"({variable})-[:EVALUATES]->({claim}:Claim)", self._party(claim))

    def _party(self, variable: str) -> str:
        """Return the test that the caller speaks for a side of a claim, or coordinates one."""
        tests: list[str] = []
        if self._kind.agents:
            tests.append(self._owned(f"({variable})-[:{SIDES}]->"))
            tests.append(self._of_resident(f"({variable})-[:{SIDES}]->"))
        if self._kind.areas:
            side = self._fresh()
            tests.append(
                f"EXISTS {{ MATCH ({variable})-[:{SIDES}]->({side}:Agent) "
                f"WHERE {self._coordinated(side)} }}"
            )
        return any_of(tests)

    def _package(self, variable: str) -> str:
        """Return the test for a package: who sees one of its claims, or one of its proposals."""
        packed = f"({variable})-[:PACKS]->(:Proposal)"
        area = self._run(f"{packed}-[:PROPOSES_ORDER]->(:DemandOrder)-[:ORDER_AT]->")
        claim = self._fresh()
        bound = f"({variable})<-[:BOUND_BY]-({claim}:Claim)"
        test = self._claim(claim)
        seen = f"EXISTS {{ MATCH {bound} }}" if test is None else exists(bound, test)
        return any_of([area, seen])

    def _run(self, start: str) -> str:
        return self._in_area(start) if self._kind.areas else NOBODY

    def _through(self, variable: str, arrow: str, label: str) -> str | None:
        parent = self._fresh()
        test = self._visible(label, parent)
        if test is None:
            return None
        return exists(f"({variable}){arrow}({parent}:{label})", test)
