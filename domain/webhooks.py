"""Webhooks: whom the history is told elsewhere, and how it goes on when that fails."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.access import Viewer
from domain.errors import BadInput
from domain.hub_records import Webhook
from domain.vocabulary import DeliveryProblem, Role, Vocabulary, WebhookState
from domain.written import is_text, list_up_to, quoted, text_up_to

FOLLOWERS = frozenset({Role.ADMIN, Role.COORDINATOR, Role.LIAISON, Role.MEMBER})
"""The roles that see events."""
GONE = 410
LONGEST_EXCERPT = 200
"""Characters that are kept of what a receiver answered."""
LONGEST_DESCRIPTION = 200
MOST_KINDS = 50
KIND = re.compile(r"[A-Za-z_]{1,60}")
LONGEST_OVERLAP = 24 * 30
"""Hours that a former secret signs at most."""


class WebhookAction(Vocabulary):
    """What people do with a webhook."""

    EDIT = "EDIT"
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    REPLAY = "REPLAY"
    ROTATE = "ROTATE"
    TEST = "TEST"
    DELETE = "DELETE"


ADMINISTERED = frozenset({WebhookAction.PAUSE, WebhookAction.DELETE})
"""What ADMIN does with the webhooks of others."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: it was taken where there is no problem."""

    status: int | None = None
    problem: DeliveryProblem | None = None
    excerpt: str | None = None
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to wait after a failure, and when to stop trying."""

    first: timedelta = timedelta(seconds=5)
    factor: int = 4
    longest: timedelta = timedelta(hours=8)
    longest_asked: timedelta = timedelta(days=1)
    """The most that a receiver's `Retry-After` is followed."""
    give_up: timedelta = timedelta(days=5)

    def wait(self, attempts: int, share: float) -> timedelta:
        """Return the wait after so many failures; `share`, 0 to 1, is how much of it is cut off.

        Up to half of it is, so that those who failed together do not come back together.
        """
        longest = min(self.longest, self.first * self.factor ** min(attempts - 1, 20))
        return longest * (1 - share / 2)


def delivered(webhook: Webhook, number: int, outcome: Outcome, now: datetime) -> Webhook:
    """Return the webhook once an event was taken."""
    return replace(
        untroubled(webhook),
        delivered_number=number,
        last_delivered_at=now,
        last_status=outcome.status,
    )


def failed(
    webhook: Webhook, outcome: Outcome, now: datetime, policy: RetryPolicy, share: float
) -> Webhook:
    """Return the webhook after an attempt that failed: to be tried again, or no more."""
    since, attempts = webhook.failing_since or now, webhook.attempts + 1
    wait = policy.wait(attempts, share)
    if outcome.retry_after is not None:
        wait = max(wait, min(outcome.retry_after, policy.longest_asked))
    state = webhook.state
    if outcome.status == GONE:
        state = WebhookState.GONE
    elif now - since >= policy.give_up:
        state = WebhookState.FAILED
    return replace(
        webhook,
        state=state,
        version=webhook.version + (state is not webhook.state),
        attempts=attempts,
        failing_since=since,
        next_attempt_at=now + wait if state is WebhookState.ACTIVE else None,
        last_problem=outcome.problem,
        last_status=outcome.status,
        last_excerpt=outcome.excerpt,
    )


def untroubled(webhook: Webhook) -> Webhook:
    """Return the webhook without its failures."""
    return replace(
        webhook,
        attempts=0,
        failing_since=None,
        next_attempt_at=None,
        last_problem=None,
        last_status=None,
        last_excerpt=None,
    )


def may_have(viewer: Viewer) -> bool:
    """Whether an account may be told of events elsewhere: it sees some, and speaks for itself."""
    held = any(grant.role in FOLLOWERS for grant in viewer.grants)
    return held and viewer.acting_for is None


def is_own(viewer: Viewer, account_id: str) -> bool:
    """Whether a webhook is the account's own, and not that of one it is the deputy of."""
    return viewer.account_id == account_id and viewer.acting_for is None


def knows_of(viewer: Viewer, account_id: str) -> bool:
    """Whether an account may do something with a webhook of this account, or hears why not."""
    return is_own(viewer, account_id) or viewer.is_admin


def may_do(viewer: Viewer, account_id: str, action: WebhookAction) -> bool:
    """Whether an account may do something with a webhook of this account.

    Who sees no events any more is sent no test message either.
    """
    if is_own(viewer, account_id):
        return action is not WebhookAction.TEST or may_have(viewer)
    return viewer.is_admin and action in ADMINISTERED


def check_kinds(kinds: Sequence[str]) -> tuple[str, ...]:
    """Return the names of actions that a webhook follows, each once. Raises BadInput."""
    found = tuple(sorted(set(kinds)))
    for kind in found:
        if KIND.fullmatch(kind) is None:
            raise BadInput(field="kinds", value=kind, expected="CLAIM_ACCEPT")
    if len(found) > MOST_KINDS:
        raise BadInput(field="kinds", value=len(found), expected=list_up_to(MOST_KINDS))
    return found


def check_description(description: str | None) -> str | None:
    """Return what an account says of a webhook, None for nothing. Raises BadInput."""
    said = (description or "").strip()
    if not (len(said) <= LONGEST_DESCRIPTION and is_text(said)):
        expected = text_up_to(LONGEST_DESCRIPTION)
        raise BadInput(field="description", value=quoted(said), expected=expected)
    return said or None
