"""What a step of one claim of an open package means for all of them. Pure.

The claims of a package are confirmed together, once all of them are accepted by both sides, or not
at all. `domain.claim_steps` takes the step of the one claim, by the table; here is what follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.claims import sides_to_accept
from domain.records import Claim
from domain.vocabulary import ClaimState, PackageState


@dataclass(frozen=True, slots=True)
class Together:
    """The claim of a step, and the others, after it; `state` is the package's."""

    claim: Claim
    others: tuple[Claim, ...]
    state: PackageState


def together(claim: Claim, others: Sequence[Claim], now: datetime) -> Together:
    """Return what an open package is after a step of one of its claims, which is as it is now.

    All are confirmed with the last acceptance. If the claim has ended, the others end as well: they
    expire with one that expired, and are withdrawn with one that was declined or withdrawn.
    """
    if claim.state is not ClaimState.PROPOSED:
        expired = claim.state is ClaimState.EXPIRED
        end = ClaimState.EXPIRED if expired else ClaimState.WITHDRAWN
        ended = tuple(
            replace(other, state=end, closed_at=now, version=other.version + 1) for other in others
        )
        return Together(claim, ended, PackageState.ENDED)
    if any(sides_to_accept(each) for each in (claim, *others)):
        return Together(claim, tuple(others), PackageState.PROPOSED)
    confirmed = tuple(
        replace(other, state=ClaimState.CONFIRMED, confirmed_at=now, version=other.version + 1)
        for other in others
    )
    last = replace(claim, state=ClaimState.CONFIRMED, confirmed_at=now)
    return Together(last, confirmed, PackageState.CONFIRMED)
