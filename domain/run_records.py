"""The records of matching: what a run is and found, what it proposes alone and together."""

from dataclasses import dataclass
from datetime import datetime

from domain.records import Node
from domain.vocabulary import PackageState, ProposalState, RunState


@dataclass(kw_only=True)
class MatchRun(Node):
    """A run of the matcher: its policy, weights, what it reached and the proof.

    `created_at` is its moment: what is past by then is not matched. `progress`, while it runs, and
    `failure` are JSON (`domain.runs`).
    """

    state: RunState
    policy: str
    weights: str
    finished_at: datetime | None = None
    orders: int = 0
    offers: int = 0
    pairs: int = 0
    matched_orders: int = 0
    wanted_quantity: int = 0
    value: int = 0
    bound: int = 0
    certificate: str = "{}"
    unmatched: str = "[]"
    changes: str = "[]"
    progress: str | None = None
    failure: str | None = None


@dataclass(kw_only=True)
class Proposal(Node):
    """A pair that a run proposes: how much of which offer for which order, and why.

    `slots` are slot keys (the start in UTC, `2026-05-09T01:00Z`), `slot_quantities` what is taken
    in each, in `measure`; both are empty where the offer has no slots. `pinned`: later
    runs hold it.
    """

    state: ProposalState
    quantity: int
    offer_quantity: int
    measure: str
    score: float
    reasons: str
    slots: tuple[str, ...] = ()
    slot_quantities: tuple[int, ...] = ()
    pinned: bool | None = None


@dataclass(kw_only=True)
class Package(Node):
    """Proposals that stand or fall together: each of `size` agents gives to the next.

    `value` is what the run counted for it, `unserved` how many of its orders the run's plan leaves
    with nothing. `closed_at`: when all was confirmed, or when it ended.
    """

    state: PackageState
    size: int
    value: int
    unserved: int = 0
    reasons: str = '{"parts":[],"reasons":[]}'
    proposed_at: datetime | None = None
    closed_at: datetime | None = None
