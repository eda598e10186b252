"""What the rules of access are made of: tests in Cypher that a node lies, or belongs, somewhere."""

from collections.abc import Sequence

from graph.access_parameters import AGENTS, PATHS
from graph.reads.places import within_areas

NOBODY = "false"


class Terms:
    """Writes tests whose variables are used nowhere else in the statement."""

    def __init__(self) -> None:
        self._used = 0

    def _owned(self, start: str) -> str:
        owner = self._fresh()
        return f"EXISTS {{ MATCH {start}({owner}) WHERE {owner}.id IN ${AGENTS} }}"

    def _of_resident(self, start: str, condition: str | None = None) -> str:
        """Return the test that it is of a resident for whom only the community's liaison speaks."""
        further = f"AND {condition} " if condition else ""
        resident, home, grant = self._fresh(), self._fresh(), self._fresh()
        return (
            f"EXISTS {{ MATCH {start}({resident}:Member)-[:LIVES_IN]->({home}:Area) "
            f"WHERE any(part IN split({home}.path, '/') WHERE part IN ${AGENTS}) {further}"
            f"AND NOT EXISTS {{ MATCH ({resident})<-[:FOR_AGENT]-({grant}:Grant) }} }}"
        )

    def _in_area(self, start: str, paths: str = PATHS) -> str:
        area = self._fresh()
        return f"EXISTS {{ MATCH {start}({area}:Area) WHERE {under(area, paths)} }}"

    def _coordinated(self, variable: str) -> str:
        area = self._fresh()
        return within_areas(variable, area, under(area))

    def _fresh(self) -> str:
        self._used += 1
        return f"r{self._used}"


def under(area: str, paths: str = PATHS) -> str:
    """Return the test that an area is, or lies below, one of the areas with these paths."""
    return begins(f"{area}.path", paths)


def begins(path: str, paths: str = PATHS) -> str:
    """Return the test that a path begins with one of these paths."""
    return f"any(path IN ${paths} WHERE {path} STARTS WITH path)"


def exists(pattern: str, test: str) -> str:
    """Return the test that the pattern is met by what the test holds for."""
    return NOBODY if test == NOBODY else f"EXISTS {{ MATCH {pattern} WHERE {test} }}"


def any_of(tests: Sequence[str]) -> str:
    """Return the test that one of the tests holds."""
    possible = [test for test in tests if test != NOBODY]
    return f"({' OR '.join(possible)})" if possible else NOBODY
