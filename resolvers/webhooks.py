"""Use cases of webhooks: make, change, pause, resume, rotate, replay, delete, try.

A webhook is its account's own. ADMIN may pause and delete those of others, and has no part in
their secrets.
"""

import base64
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Protocol

import orjson

from domain.access import Viewer
from domain.addresses import Network, checked_url
from domain.availability import instant_text
from domain.errors import BadInput, Forbidden
from domain.hub_records import Webhook
from domain.identity import derived_id, new_id
from domain.vocabulary import WebhookState
from domain.webhooks import (
    LONGEST_OVERLAP,
    Outcome,
    WebhookAction,
    check_description,
    check_kinds,
    knows_of,
    may_do,
    may_have,
    untroubled,
)
from graph import webhooks
from graph.driver import Graph, Transaction
from graph.event_numbers import standing
from graph.events import ChangedFields, Changes, changes_between
from graph.webhooks import Kept, Sealed
from resolvers.changing import Changed, Request, created, missing, run_change
from resolvers.claims_common import Call, caller_of, check_version

SECRET_BYTES = 32
STANDARD_PREFIX = "whsec_"
"""How Standard Webhooks marks a secret."""
TRIED = "TEST"
"""The type of a test message."""


class Secrets(Protocol):
    """Seals secrets for the graph, each for one webhook."""

    def seal(self, webhook_id: str, secret: str) -> str:
        """Return a secret as it may be kept."""
        ...

    def unseal(self, webhook_id: str, sealed: str) -> str | None:
        """Return a secret that was sealed; None where its key is not here."""
        ...

    def is_current(self, sealed: str) -> bool:
        """Whether the newest key sealed it."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent to a receiver: under which id, signed by which secrets, and the body."""

    id: str
    url: str
    secrets: tuple[str, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class WebhookWays:
    """What webhooks need of the process: how secrets are sealed, how a message is sent."""

    secrets: Secrets
    send: Callable[[Message], Awaitable[Outcome]]
    networks: tuple[Network, ...] = ()
    most_per_account: int = 10


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """A webhook as it is asked for; `after` is the number of the last event that it is not told."""

    url: str
    description: str | None = None
    kinds: tuple[str, ...] = ()
    area_id: str | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Edits:
    """What is to change of a webhook: those fields that are given; `area_id` None follows all."""

    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    moves: bool = False
    area_id: str | None = None


async def create(
    graph: Graph, ways: WebhookWays, new: NewWebhook, request: Request
) -> tuple[Changed, str | None]:
    """Add a webhook of the caller, and return it with its secret.

    It begins with what happens from now on, or after the number that is given. Repeated with the
    same key it tells the same secret, None where that was changed since. Raises NotSignedIn,
    Forbidden for who sees no events or is a deputy, NotFound, BadInput.
    """
    account_id = caller_of(request.viewer)
    secret, webhook_id = new_secret(), request.ids()

    async def work(transaction: Transaction, viewer: Viewer, call: Call) -> tuple[Changed, Changes]:
        if not may_have(viewer):
            raise Forbidden(action="createWebhook")
        after = await _place(graph, new.after)
        webhook = Webhook(
            id=webhook_id,
            created_at=call.now,
            url=checked_url(new.url, ways.networks),
            description=check_description(new.description),
            kinds=check_kinds(new.kinds),
            delivered_number=after,
        )
        most = ways.most_per_account
        if await webhooks.count_of(transaction, account_id, call.token) >= most:
            raise BadInput(field="webhooks", value=most + 1, expected=f"<= {most}")
        sealed = Sealed(ways.secrets.seal(webhook.id, secret))
        await webhooks.create(transaction, account_id, webhook, sealed)
        changed = changes_between(None, webhook, account=account_id)
        await _follow(transaction, webhook.id, new.area_id, changed)
        return created(webhook), {webhook.id: changed}

    given = {
        "url": new.url,
        "description": new.description,
        "kinds": new.kinds,
        "area": new.area_id,
        "after": new.after,
    }
    done = await run_change(graph, request, "WEBHOOK_CREATE", given, work)
    return done, await _secret_of(graph, ways, done)


async def edit(
    graph: Graph, ways: WebhookWays, webhook_id: str, edits: Edits, request: Request
) -> Changed:
    """Change where one's webhook goes and what it follows.

    Raises NotSignedIn, NotFound, Forbidden, BadInput, VersionConflict.
    """

    async def change(
        kept: Kept, transaction: Transaction, call: Call
    ) -> tuple[Webhook, ChangedFields]:
        del call
        given = dict(edits.fields)
        if "url" in given:
            given["url"] = checked_url(given["url"], ways.networks)
        if "kinds" in given:
            given["kinds"] = check_kinds(given["kinds"] or ())
        if "description" in given:
            given["description"] = check_description(given["description"])
        after = replace(kept.webhook, **given)
        changed = changes_between(kept.webhook, after)
        if edits.moves and edits.area_id != kept.area_id:
            await _follow(transaction, webhook_id, edits.area_id, changed, kept.area_id)
        return after, changed

    given = {**edits.fields, "moves": edits.moves, "area": edits.area_id}
    return await _change(graph, webhook_id, request, WebhookAction.EDIT, given, change)


async def pause(graph: Graph, webhook_id: str, request: Request) -> Changed:
    """Tell a webhook nothing for the time being, as its owner or as ADMIN; its place stays.

    Raises NotSignedIn, NotFound, VersionConflict.
    """

    async def change(kept: Kept, _: Transaction, __: Call) -> tuple[Webhook, ChangedFields]:
        after = replace(kept.webhook, state=WebhookState.PAUSED, next_attempt_at=None)
        return after, changes_between(kept.webhook, after)

    return await _change(graph, webhook_id, request, WebhookAction.PAUSE, {}, change)


async def resume(graph: Graph, webhook_id: str, request: Request) -> Changed:
    """Let one's webhook go on where it stopped, at once and with a clean record.

    Raises NotSignedIn, NotFound, Forbidden, VersionConflict.
    """

    async def change(kept: Kept, _: Transaction, __: Call) -> tuple[Webhook, ChangedFields]:
        after = replace(untroubled(kept.webhook), state=WebhookState.ACTIVE)
        return after, changes_between(kept.webhook, after)

    return await _change(graph, webhook_id, request, WebhookAction.RESUME, {}, change)


async def replay(graph: Graph, webhook_id: str, after: int, request: Request) -> Changed:
    """Let one's webhook go on after the number of an event: back to repeat, forth to leave out.

    Raises NotSignedIn, NotFound, Forbidden, BadInput, VersionConflict.
    """

    async def change(kept: Kept, _: Transaction, __: Call) -> tuple[Webhook, ChangedFields]:
        place = await _place(graph, after)
        moved = replace(untroubled(kept.webhook), delivered_number=place)
        return moved, changes_between(kept.webhook, moved)

    given = {"after": after}
    return await _change(graph, webhook_id, request, WebhookAction.REPLAY, given, change)


async def rotate(
    graph: Graph, ways: WebhookWays, webhook_id: str, former_hours: int, request: Request
) -> tuple[Changed, str | None]:
    """Give one's webhook a new secret, and return it; the former signs as well for some hours.

    Raises NotSignedIn, NotFound, Forbidden, BadInput, VersionConflict.
    """
    secret = new_secret()

    async def change(
        kept: Kept, transaction: Transaction, call: Call
    ) -> tuple[Webhook, ChangedFields]:
        if not 0 <= former_hours <= LONGEST_OVERLAP:
            expected = f"0..{LONGEST_OVERLAP}"
            raise BadInput(field="formerHours", value=former_hours, expected=expected)
        former = kept.sealed.secret if former_hours else None
        until = call.now + timedelta(hours=former_hours) if former else None
        after = replace(kept.webhook, former_secret_until=until)
        sealed = Sealed(ways.secrets.seal(webhook_id, secret), former)
        await webhooks.reseal(transaction, webhook_id, sealed)
        changed = changes_between(kept.webhook, after)
        changed["secret"] = [None, None]
        return after, changed

    given = {"formerHours": former_hours}
    done = await _change(graph, webhook_id, request, WebhookAction.ROTATE, given, change)
    return done, await _secret_of(graph, ways, done)


async def delete(graph: Graph, webhook_id: str, request: Request) -> Changed:
    """Delete a webhook with its secrets, as its owner or as ADMIN.

    Raises NotSignedIn, NotFound, VersionConflict.
    """

    async def work(transaction: Transaction, viewer: Viewer, call: Call) -> tuple[Changed, Changes]:
        kept = await _found(transaction, viewer, webhook_id, call.token, WebhookAction.DELETE)
        await check_version(
            transaction, "Webhook", webhook_id, request.expected_version, kept.webhook.version
        )
        await webhooks.delete(transaction, webhook_id)
        state = {"state": [kept.webhook.state.value, None]}
        changed = ChangedFields("Webhook", state, account=kept.account_id)
        return Changed(webhook_id, kept.webhook.version), {webhook_id: changed}

    return await run_change(graph, request, "WEBHOOK_DELETE", {"id": webhook_id}, work)


async def attempt(graph: Graph, ways: WebhookWays, webhook_id: str, request: Request) -> Outcome:
    """Send one's webhook a test message, whatever its state, and return what came of it.

    It changes nothing, and repeated it is the same message. Raises NotSignedIn, NotFound,
    Forbidden, BadInput where the secret cannot be read here.
    """
    viewer = request.viewer
    account_id = caller_of(viewer)
    found = await webhooks.read(graph, [webhook_id])
    kept = _allowed(found[0] if found else None, viewer, webhook_id, WebhookAction.TEST)
    now = request.now
    readable = unsealed(ways, kept, kept.signing(now))
    if readable is None:
        raise BadInput(field="secret", value="***", expected="rotateWebhookSecret")
    body = orjson.dumps({"type": TRIED, "timestamp": instant_text(now), "data": {}})
    message_id = derived_id("WebhookTest", account_id, webhook_id, request.idempotency_key)
    return await ways.send(Message(message_id, kept.webhook.url, readable, body))


def unsealed(ways: WebhookWays, kept: Kept, sealed: list[str]) -> tuple[str, ...] | None:
    """Return secrets of a webhook; None where the first one cannot be read here."""
    found = [ways.secrets.unseal(kept.webhook.id, each) for each in sealed]
    return tuple(each for each in found if each is not None) if found[0] is not None else None


async def resealed(graph: Graph, ways: WebhookWays, kept: Kept) -> Kept:
    """Return a webhook, with its secrets sealed by the newest key where they were not.

    What cannot be read here stays as it is. Raises EngineError.
    """
    if ways.secrets.is_current(kept.sealed.secret):
        return kept
    webhook_id, token = kept.webhook.id, new_id()

    def again(sealed: str | None) -> str | None:
        secret = None if sealed is None else ways.secrets.unseal(webhook_id, sealed)
        return sealed if secret is None else ways.secrets.seal(webhook_id, secret)

    async def work(transaction: Transaction) -> Kept:
        now = await webhooks.lock(transaction, webhook_id, token)
        if now is None or now.sealed != kept.sealed:
            return kept
        sealed = Sealed(again(kept.sealed.secret) or kept.sealed.secret, again(kept.sealed.former))
        await webhooks.reseal(transaction, webhook_id, sealed)
        return replace(kept, sealed=sealed)

    return await graph.write(work, repeatable=True)


def new_secret() -> str:
    """Return a secret as the specification writes it."""
    return STANDARD_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


async def _change(
    graph: Graph,
    webhook_id: str,
    request: Request,
    action: WebhookAction,
    given: Mapping[str, Any],
    change: Callable[[Kept, Transaction, Call], Awaitable[tuple[Webhook, ChangedFields]]],
) -> Changed:
    """Change a webhook by an action that is the caller's to take.

    Each change raises the version: whoever delivers starts anew with what is there then.
    """

    async def work(transaction: Transaction, viewer: Viewer, call: Call) -> tuple[Changed, Changes]:
        kept = await _found(transaction, viewer, webhook_id, call.token, action)
        await check_version(
            transaction, "Webhook", webhook_id, request.expected_version, kept.webhook.version
        )
        after, changed = await change(kept, transaction, call)
        if not changed:
            return created(kept.webhook, kept.webhook.version), {}
        after = replace(after, version=kept.webhook.version + 1)
        changed.account = kept.account_id
        changed["version"] = [kept.webhook.version, after.version]
        await webhooks.update(transaction, after)
        return created(after, after.version), {webhook_id: changed}

    given = {"id": webhook_id, **given}
    return await run_change(graph, request, f"WEBHOOK_{action}", given, work)


async def _found(
    transaction: Transaction, viewer: Viewer, webhook_id: str, token: str, action: WebhookAction
) -> Kept:
    """Return a webhook, locked, for an action of the caller's. Raises NotFound, Forbidden."""
    kept = await webhooks.lock(transaction, webhook_id, token)
    return _allowed(kept, viewer, webhook_id, action)


def _allowed(kept: Kept | None, viewer: Viewer, webhook_id: str, action: WebhookAction) -> Kept:
    """Return a webhook that there is for an action of the viewer's. Raises NotFound, Forbidden."""
    if kept is None or not knows_of(viewer, kept.account_id):
        raise missing("Webhook", webhook_id)
    if not may_do(viewer, kept.account_id, action):
        raise Forbidden(action=f"WEBHOOK_{action}")
    return kept


async def _place(graph: Graph, after: int | None) -> int:
    """Return a number of the history that was given already. Raises BadInput."""
    last = (await standing(graph, "")).last
    if after is not None and not 0 <= after <= last:
        raise BadInput(field="after", value=after, expected=f"0..{last}")
    return last if after is None else after


async def _follow(
    transaction: Transaction,
    webhook_id: str,
    area_id: str | None,
    changed: ChangedFields,
    before: str | None = None,
) -> None:
    """Let a webhook follow an area, or all. Raises NotFound."""
    if not await webhooks.follow_area(transaction, webhook_id, area_id):
        raise missing("Area", area_id or "")
    if area_id != before:
        changed["area"] = [before, area_id]


async def _secret_of(graph: Graph, ways: WebhookWays, done: Changed) -> str | None:
    """Return the secret that a change made, None where it is no longer the present one."""
    for kept in await webhooks.read(graph, [done.id]):
        if kept.webhook.version == done.version:
            return ways.secrets.unseal(done.id, kept.sealed.secret)
    return None
