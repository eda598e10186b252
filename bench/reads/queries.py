"""What is asked: the same six questions in the words of each contender."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from bench.city import PLACES, WORDS, City
from domain.identity import global_id

Variables = dict[str, Any]
SAMPLES = 200
"""How many different variables a question is asked with."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question: the hub's document, the peer's, and the variables of all three.

    `size` counts the objects in an answer of each contender, so that none answers less.
    """

    name: str
    ours: str
    peer: str
    variables: Callable[[City, int], tuple[Variables, Variables, Variables]]
    size: Callable[[Any], int]


def samples(question: Question, what: City) -> list[tuple[Variables, Variables, Variables]]:
    """Return the variables of the hub, the peer and the bare statement, many times."""
    return [question.variables(what, number) for number in range(SAMPLES)]


def _spread(found: Sequence[str], number: int) -> str:
    return found[number * 7919 % len(found)]


def _unit(what: City, number: int) -> tuple[Variables, Variables, Variables]:
    unit = _spread(what.unit_ids, number)
    return {"id": global_id("Unit", unit)}, {"id": unit}, {"id": unit}


def _community(what: City, number: int) -> tuple[Variables, Variables, Variables]:
    area = _spread(what.communities, number)
    return {"id": global_id("Area", area)}, {"id": area}, {"id": area}


def _nothing(_what: City, _number: int) -> tuple[Variables, Variables, Variables]:
    return {}, {}, {"after": ""}


def _state(_what: City, number: int) -> tuple[Variables, Variables, Variables]:
    state = ("OPEN", "WITHDRAWN")[number % 2]
    return {"state": state}, {"state": state}, {"state": state}


def _words(_what: City, number: int) -> tuple[Variables, Variables, Variables]:
    place, word = PLACES[number % len(PLACES)], WORDS[number // len(PLACES) % len(WORDS)]
    phrase = f'"{place}" AND "{word}"'
    return {"text": f"{place} {word}"}, {"phrase": phrase}, {"words": phrase}


def _count(answer: Any) -> int:
    """Count the objects below an answer, whatever the shape of its lists."""
    if isinstance(answer, dict):
        members = cast("dict[str, Any]", answer)
        return sum(map(_count, members.values())) + ("id" in members)
    if isinstance(answer, list):
        items = cast("list[Any]", answer)
        return sum(map(_count, items)) + bool(items and isinstance(items[0], str))
    return 0


QUESTIONS = (
    Question(
        "unit",
        """query Unit($id: ID!) { unit(id: $id) { id name kind
  offers(first: 10) { nodes { id title capacity measure state } } } }""",
        """query Unit($id: ID!) { units(where: {id: {eq: $id}}) { id name kind
  offers(limit: 10, sort: [{sortKey: ASC}]) { id title capacity measure state } } }""",
        _unit,
        _count,
    ),
    Question(
        "page",
        """query Page { offers(first: 100) { nodes { id title capacity state
  provider { id name ... on Unit { branches(first: 1) { nodes { id name } } } }
  category { id code name } } } }""",
        """query Page { resourceOffers(limit: 100, sort: [{sortKey: ASC}]) { id title capacity state
  provider { id name branches(limit: 1) { id name } } category { id code name } } }""",
        _nothing,
        _count,
    ),
    Question(
        "levels",
        """query Levels($id: ID!) { area(id: $id) { id name units(first: 100) { nodes { id name
  offers(first: 10) { nodes { id title capacity } } } } } }""",
        """query Levels($id: ID!) { areas(where: {id: {eq: $id}}) { id name
  units(limit: 100, sort: [{sortKey: ASC}]) { id name
  offers(limit: 10, sort: [{sortKey: ASC}]) { id title capacity } } } }""",
        _community,
        _count,
    ),
    Question(
        "count",
        """query Count($state: ItemState!) {
  offers(filter: {state: {eq: $state}}) { totalCount } }""",
        """query Count($state: String!) {
  resourceOffersConnection(where: {state: {eq: $state}}) { aggregate { count { nodes } } } }""",
        _state,
        lambda answer: next(iter(_numbers(answer))),
    ),
    Question(
        "search",
        """query Search($text: String!) {
  offers(first: 20, filter: {text: $text}) { nodes { id title } } }""",
        """query Search($phrase: String!) {
  searchOffers(phrase: $phrase, first: 20) { edges { node { id title } } } }""",
        _words,
        _count,
    ),
    Question(
        "relation",
        """query Relation($id: ID!) {
  offers(first: 20, filter: {area: {id: {eq: $id}}}) {
  nodes { id title } } }""",
        """query Relation($id: ID!) { resourceOffers(
  where: {area: {some: {id: {eq: $id}}}}, limit: 20, sort: [{sortKey: ASC}]) {
  id title } }""",
        _community,
        _count,
    ),
)


def _numbers(answer: Any) -> list[int]:
    if isinstance(answer, int):
        return [answer]
    parts = cast("dict[str, Any]", answer).values() if isinstance(answer, dict) else answer
    return [number for part in cast("list[Any]", parts) for number in _numbers(part)]
