"""The plain records that come out of the matcher: plans, why, and how they are proven."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from matching.model import PartName

Json = str | int | float | list[str] | list[int]
"""A value that a reason carries as data."""


class Refusal(StrEnum):
    """Why an order and an offer are no pair, in the order in which the rules are asked."""

    CATEGORY = "CATEGORY"
    OWN = "OWN"
    REJECTED = "REJECTED"
    MEASURE = "MEASURE"
    UNSTATED = "UNSTATED"
    EXHAUSTED = "EXHAUSTED"
    TIME = "TIME"
    REACH = "REACH"
    PARTNERS = "PARTNERS"
    CONTIGUOUS = "CONTIGUOUS"
    LOT = "LOT"
    SCORE = "SCORE"
    QUOTA = "QUOTA"
    USED_BY_OTHERS = "USED_BY_OTHERS"
    NOT_ENOUGH = "NOT_ENOUGH"
    """The last three forbid no pair: there is more that suits, but its supplier's quota is used
    up; what suits went where it is worth more; or nobody else wants it, but together it is less
    than the order wants, or than its lot. PARTNERS is also told where only the partners of the plan
    itself keep something from an order."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a score: `weight * value` is what it adds; `value` is in [0, 1]."""

    name: PartName
    weight: float
    value: float


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a pair is good: a code of `matching.reason.*` and the data of its sentence."""

    code: str
    data: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class SlotShare:
    """What a proposal takes in one slot, in the order's measure and in the offer's."""

    slot: str
    quantity: int
    offer_quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """How much of which offer for which order, and why.

    `quantity` is in the order's measure, `offer_quantity` in the offer's; `slots` say where in
    time, in time's order, and add up to both (empty for TOTAL offers). `pinned` of it was given.
    """

    order_id: str
    offer_id: str
    quantity: int
    offer_quantity: int
    measure: str
    slots: tuple[SlotShare, ...]
    score: float
    parts: tuple[Part, ...]
    reasons: tuple[Reason, ...]
    pinned: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """What an order does not get (`missing`, in its measure) and why.

    `refused` counts the offers by the rule that forbids them, of those that its category does
    not; `rivals` are the orders that got what this one could have had.
    """

    order_id: str
    missing: int
    reason: Refusal
    refused: Mapping[Refusal, int]
    rivals: tuple[str, ...] = ()


class Method(StrEnum):
    """What solved a component."""

    FLOW = "FLOW"
    CP_SAT = "CP_SAT"
    ROUNDING = "ROUNDING"


class Proof(StrEnum):
    """What shows that nothing better exists.

    DUALS: prices, computed from the plan alone, whose bound equals its value. SOLVER: CP-SAT's
    own proof. GAP: none; the bound says by how much at most the plan falls short.
    """

    DUALS = "DUALS"
    SOLVER = "SOLVER"
    GAP = "GAP"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentProof:
    """How one connected component was solved and proven: `value <= best <= bound`."""

    orders: int
    offers: int
    pairs: int
    method: Method
    proof: Proof
    value: int
    bound: int


@dataclass(frozen=True, slots=True)
class Counted:
    """How a plan's value is counted: its parts, which add up to it.

    `worth`: the worths of all matched units; `kept`: the bonus of those that the last plan had
    (`Policy.keep`); `fair`: the premiums of communities that a floor lifts; `early`: the bonus of
    the first shares of communities (`Policy.diminishing`).
    """

    worth: int
    kept: int = 0
    fair: int = 0
    early: int = 0

    @property
    def value(self) -> int:
        """The sum: what a plan is best by."""
        return self.worth + self.kept + self.fair + self.early


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    """What a floor between communities did: figures of the best plan without it, and with it.

    `before` and `after` say how well each community is served, by the path of its area: what it
    gets, as a share of what its orders would be worth at best. `premiums` are what a unit of a
    community counts more, in thousandths of its order's best worth. `worth_before` and
    `worth_after` count no premiums.
    """

    premiums: Mapping[str, int]
    before: Mapping[str, float]
    after: Mapping[str, float]
    worth_before: int
    worth_after: int
    most_cost: float

    @property
    def cost(self) -> float:
        """Which share of the value the floor costs."""
        lost = self.worth_before - self.worth_after
        return lost / self.worth_before if self.worth_before else 0.0

    @property
    def floor_before(self) -> float:
        """How the worst community was served; 1 where none wants anything that is there."""
        return min(self.before.values(), default=1.0)

    @property
    def floor_after(self) -> float:
        """How the worst community is served."""
        return min(self.after.values(), default=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The outcome of a run, in a canonical order: the same for any order of the input.

    `bound` is what no plan's value exceeds (None for a baseline, which proves nothing).
    """

    proposals: tuple[Proposal, ...]
    unmatched: tuple[Unmatched, ...]
    proofs: tuple[ComponentProof, ...]
    orders: int
    offers: int
    pairs: int
    counted: Counted
    bound: int | None
    fairness: Fairness | None = None

    @property
    def value(self) -> int:
        """What the plan is worth, all that it is counted by."""
        return self.counted.value

    @property
    def proven(self) -> bool:
        """Whether no better plan exists."""
        return self.value == self.bound

    @property
    def matched_orders(self) -> int:
        """How many orders get something."""
        return len({proposal.order_id for proposal in self.proposals})
