"""What an engine says that it would do for a statement: which labels it would read as a whole.

Neo4j tells all of a plan, subqueries too; rows and total of a root are explained one by one, since
different things are asked of them. The embedded engine tells nothing of what is inside of
COLLECT and COUNT, so the bodies by which a statement begins are explained apart; and where it does
not optimise, it does not tell how it finds a node: then the same look-up is explained by itself.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, LiteralString, cast

from neo4j import Query, Session
from neo4j.exceptions import ClientError

from graph.driver import Dialect

SCANS = {"NodeByLabelScan", "AllNodesScan", "NodeIndexScan", "UnionNodeByLabelsScan"}
"""Operators of Neo4j that read a label, or the whole index of a property."""
EVERYTHING = "*"
_STEP = re.compile(r"NodeByLabelScan\((?:\w*:)?(\w+)\)?")
_UNTOLD = re.compile(r"MATCH NODE \((\w+):(\w+)\)")
_BODY = re.compile(r"\b(COLLECT|COUNT) \{ ")
_BEGINS = re.compile(r"(MATCH \(\w+:\w+( \{[^}]*\})?\)( |$)|CALL |UNWIND \$)")
_COUNTS = re.compile(r"RETURN count\((?:\w+|\*)\) AS row$|^RETURN \[null, COUNT \{")


EXPLAIN = {Dialect.EMBEDDED: "EXPLAIN", Dialect.NEO4J: "CYPHER replan=force EXPLAIN"}
"""Neo4j would tell the plan that it made when it first ran the text."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A label that a part of a statement reads as a whole."""

    label: str
    part: str


class Plans:
    """Explains statements on one engine."""

    def __init__(self, session: Session, dialect: Dialect) -> None:
        self._session = session
        self._dialect = dialect
        self._served: dict[tuple[str, str], bool] = {}
        self._told: dict[str, set[str]] = {}

    def scans(self, text: str) -> set[Scan]:
        """Return what a statement reads as a whole."""
        if self._dialect is Dialect.NEO4J:
            parts = roots(text) or [text]
        else:
            parts = [text, *beginnings(text)]
        return {Scan(label, part) for part in parts for label in self._scanned_by_a_part(part)}

    def needless(self, text: str) -> set[Scan]:
        """Return the scans of a read where an index could serve.

        To count by conditions of which no index knows, every node has to be looked at; without a
        condition, counts are kept. Neo4j knows how many it would find in an index, and is trusted
        with counts.
        """
        return {
            scan
            for scan in self.scans(text)
            if not _COUNTS.search(scan.part)
            or (
                self._dialect is Dialect.EMBEDDED
                and any(self._serves(scan.label, name) for name in required(scan.part))
            )
        }

    def _scanned_by_a_part(self, part: str) -> set[str]:
        if part not in self._told:
            self._told[part] = (
                set(_scanned(self._explained(part)))
                if self._dialect is Dialect.NEO4J
                else self._scanned_by_the_embedded_engine(part)
            )
        return self._told[part]

    def _scanned_by_the_embedded_engine(self, part: str) -> set[str]:
        try:
            told = str(self._explained(part)["args"]["string-representation"])
        except ClientError as error:
            if "UndefinedVariable" not in str(error):
                raise
            # It compares with a node of the statement around it.
            start = re.match(r"MATCH \((\w+):(\w+)", part)
            assert start is not None, part
            told = f"MATCH NODE ({start[1]}:{start[2]})"
        found: set[str] = set() if "Count Push-Down" in told else set(_STEP.findall(told))
        for variable, label in _UNTOLD.findall(told):
            if not any(self._serves(label, name) for name in looked_up(part, variable, label)):
                found.add(label)
        return found

    def _serves(self, label: str, name: str) -> bool:
        """Whether there is an index by which a value of a property is found."""
        if (label, name) not in self._served:
            plan = self._explained(
                f"MATCH (n:{label}) WHERE n.{name} = '-' RETURN n.{name} AS value"
            )
            told = str(plan["args"].get("string-representation", "")) or str(plan)
            self._served[label, name] = "IndexSeek" in told
        return self._served[label, name]

    def _explained(self, text: str) -> dict[str, Any]:
        asked = f"{EXPLAIN[self._dialect]} {text}"
        plan = self._session.run(Query(cast("LiteralString", asked))).consume().plan
        assert plan is not None, text
        return cast("dict[str, Any]", plan)


def _scanned(plan: dict[str, Any]) -> Iterator[str]:
    """Yield what is scanned anywhere in a plan of Neo4j."""
    if str(plan["operatorType"]).partition("@")[0] in SCANS:
        named = re.search(r":`?(\w+)", str(plan["args"].get("Details", "")))
        yield named[1] if named else EVERYTHING
    for child in plan.get("children", ()):
        yield from _scanned(child)


def beginnings(text: str) -> Iterator[str]:
    """Yield the bodies of COLLECT and COUNT that begin at no node of the statement around them."""
    for found in _BODY.finditer(text):
        body = _enclosed(text, found.end())
        if _BEGINS.match(body):
            yield _alone(found[1], body)


def roots(text: str) -> list[str]:
    """Return the rows and the total of a root, each as a statement; none for other statements.

    What a row holds is left out: it begins at the row's node, and planning it takes long.
    """
    found: list[str] = []
    if not text.startswith("RETURN ["):
        return found
    end = 0
    for start in _BODY.finditer(text):
        if start.start() >= end:
            body = _enclosed(text, start.end())
            end = start.end() + len(body)
            found.append(_alone(start[1], re.sub(r" RETURN \[.*", " RETURN 1 AS row", body)))
    return found


def _alone(kind: str, body: str) -> str:
    if kind == "COLLECT":
        return body
    return re.sub(r" RETURN \w+$", "", body) + " RETURN count(*) AS row"


def _enclosed(text: str, start: int) -> str:
    depth = 1
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[start:place].strip()
    raise ValueError(text)


def looked_up(text: str, variable: str, label: str) -> set[str]:
    """Return the properties by one value of which a text looks a node up."""
    inline = re.findall(rf"\({variable}:{label} \{{(\w+):", text)
    compared = re.findall(rf"\b{variable}\.(\w+) (?:=|IN) ", text)
    return {*inline, *compared}


def required(text: str) -> set[str]:
    """Return the properties of which a count asks for certain values, whatever else it asks."""
    conditions = re.search(r" WHERE (.*?)(?: RETURN |$| \}\] AS row)", text)
    if conditions is None:
        return set()
    compared = re.compile(r"\(?\w+\.(\w+) (?:=|IN|<|>|<=|>=|STARTS WITH) \$\w+\)?")
    return {
        found[1]
        for each in _conjuncts(conditions[1])
        if (found := compared.fullmatch(each.strip())) is not None
    }


def _conjuncts(text: str) -> Iterator[str]:
    depth, start = 0, 0
    for place, character in enumerate(text):
        depth += {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}.get(character, 0)
        if depth == 0 and text.startswith(" AND ", place):
            yield text[start:place]
            start = place + len(" AND ")
    yield text[start:]
