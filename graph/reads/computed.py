"""Fields that are computed: by a pure function, from what the statement reads of the node.

A type declares such a field with a `Computed` (`schema.declare.computed`): which properties of the
node the function needs, which further facts (expressions over the node, made with the rules of the
caller's kind of access), which parameters these have, and the function itself. All of it is part of
the one statement of the root, and both ways of a read call the same function. What a fact reads is
for the function alone and leaves the hub only as far as the function returns it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.access import Viewer
from domain.claims import ClaimPolicy
from domain.language import Language
from graph.access import Rules


@dataclass(frozen=True, slots=True)
class Asked:
    """What a computed field is given beside its node: who asks, when, and with which arguments.

    `language` is that of the answer.
    """

    viewer: Viewer
    language: Language
    now: datetime
    policy: ClaimPolicy
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where facts are read: the variable of the node, the caller's rules, the parameters' prefix.

    Names of variables within a fact have to be its own (`f` and whatever): facts never hold each
    other, so they may use the same ones.
    """

    node: str
    rules: Rules
    prefix: str

    def parameter(self, name: str) -> str:
        """Return how a parameter of the field is written in the statement."""
        return f"${self.prefix}_{name}"


def _nothing(_: Mapping[str, Any]) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Computed:
    """How a field is computed.

    `compute` gets the values of `properties`, then those of `facts`, and what is asked; it returns
    what is served: plain values, names of enums, or dicts and lists of dicts with the names of the
    fields of the GraphQL type. It raises DomainError for what the node cannot answer. `parameters`
    makes the parameters of the facts of the field's arguments, and raises InputError for arguments
    that are not possible, before anything is asked.
    """

    name: str
    compute: Callable[[Sequence[Any], Asked], Any]
    properties: tuple[str, ...] = ()
    facts: Callable[[Place], Sequence[str]] | None = None
    parameters: Callable[[Mapping[str, Any]], Mapping[str, Any]] = field(default=_nothing)
