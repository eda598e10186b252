"""Mutations of webhooks: make, change, pause, resume, rotate, replay, delete, try."""

from collections.abc import Awaitable
from typing import Annotated

import strawberry
from strawberry import UNSET

from domain import hub_records
from domain.errors import BadInput
from domain.vocabulary import DeliveryProblem
from resolvers import webhooks
from resolvers.changing import Changed
from resolvers.webhooks import Edits, NewWebhook, WebhookWays
from schema.changes import (
    INPUT,
    ChangeInput,
    NodeInput,
    NodePayload,
    answer,
    answer_with,
    given_fields,
    request_of,
)
from schema.context import Info
from schema.ids import optional_uid, uid
from schema.problems import EntryProblem
from schema.resolve import read_node
from schema.types.webhooks import Webhook
from schema.values import Long

EDITED = frozenset({"url", "description", "kinds"})


@strawberry.input
class CreateWebhookInput(ChangeInput):
    """Where events are to be told, which, and from where on."""

    url: str
    description: str | None = None
    kinds: list[str] = strawberry.field(default_factory=list[str])
    area_id: strawberry.ID | None = None
    after: Long | None = None


@strawberry.input
class EditWebhookInput(NodeInput):
    """What is to change of a webhook; what is not given stays."""

    url: str | None = UNSET
    description: str | None = UNSET
    kinds: list[str] | None = UNSET
    area_id: strawberry.ID | None = UNSET


@strawberry.input
class RotateWebhookSecretInput(NodeInput):
    """Which webhook gets a new secret, and for how long the former one signs as well."""

    former_hours: int = 24


@strawberry.input
class ReplayWebhookInput(NodeInput):
    """After the event of which number a webhook goes on."""

    after: Long


@strawberry.type
class WebhookPayload(NodePayload):
    """The webhook after the change."""

    @strawberry.field
    async def webhook(self, info: Info) -> Webhook | None:
        """The webhook, read by this field's own selection."""
        return await read_node(info, "Webhook", self.node_id)


@strawberry.type
class WebhookSecretPayload(WebhookPayload):
    """The webhook and its new secret, which is told here and nowhere else."""

    secret: str | None


@strawberry.type
class DeleteWebhookPayload:
    """The webhook that is no more."""

    deleted_id: strawberry.ID


@strawberry.type
class TestWebhookPayload:
    """What came of a test message."""

    delivered: bool
    status: int | None
    problem: DeliveryProblem | None
    excerpt: str | None


WebhookResult = Annotated[WebhookPayload | EntryProblem, strawberry.union("WebhookResult")]
WebhookSecretResult = Annotated[
    WebhookSecretPayload | EntryProblem, strawberry.union("WebhookSecretResult")
]
DeleteWebhookResult = Annotated[
    DeleteWebhookPayload | EntryProblem, strawberry.union("DeleteWebhookResult")
]
TestWebhookResult = Annotated[
    TestWebhookPayload | EntryProblem, strawberry.union("TestWebhookResult")
]


def _ways(info: Info) -> WebhookWays:
    """Return how this process seals and sends. Raises BadInput where it does not serve."""
    if info.context.webhooks is None:
        raise BadInput(field="webhooks", value="", expected="renling serve")
    return info.context.webhooks


async def _told(work: Awaitable[tuple[Changed, str | None]]) -> WebhookSecretPayload:
    done, secret = await work
    return WebhookSecretPayload(node_id=done.id, version=done.version, secret=secret)


async def _create(info: Info, given: CreateWebhookInput) -> WebhookSecretPayload:
    new = NewWebhook(
        url=given.url,
        description=given.description,
        kinds=tuple(given.kinds),
        area_id=optional_uid(given.area_id, "Area"),
        after=given.after,
    )
    return await _told(
        webhooks.create(info.context.graph, _ways(info), new, request_of(info, given))
    )


async def _edit(info: Info, given: EditWebhookInput) -> Changed:
    fields = given_fields(given, hub_records.Webhook, EDITED - {"kinds"})
    if given.kinds is not UNSET:
        fields["kinds"] = tuple(given.kinds or ())
    moves = given.area_id is not UNSET
    area_id = optional_uid(given.area_id, "Area") if moves else None
    edits = Edits(fields, moves=moves, area_id=area_id)
    request = request_of(info, given)
    webhook_id = uid(given.id, "Webhook")
    return await webhooks.edit(info.context.graph, _ways(info), webhook_id, edits, request)


async def _pause(info: Info, given: NodeInput) -> Changed:
    webhook_id = uid(given.id, "Webhook")
    return await webhooks.pause(info.context.graph, webhook_id, request_of(info, given))


async def _resume(info: Info, given: NodeInput) -> Changed:
    webhook_id = uid(given.id, "Webhook")
    return await webhooks.resume(info.context.graph, webhook_id, request_of(info, given))


async def _replay(info: Info, given: ReplayWebhookInput) -> Changed:
    graph, webhook_id = info.context.graph, uid(given.id, "Webhook")
    return await webhooks.replay(graph, webhook_id, given.after, request_of(info, given))


async def _rotate(info: Info, given: RotateWebhookSecretInput) -> WebhookSecretPayload:
    graph, webhook_id = info.context.graph, uid(given.id, "Webhook")
    request = request_of(info, given)
    return await _told(webhooks.rotate(graph, _ways(info), webhook_id, given.former_hours, request))


async def _delete(info: Info, given: NodeInput) -> DeleteWebhookPayload:
    webhook_id = uid(given.id, "Webhook")
    await webhooks.delete(info.context.graph, webhook_id, request_of(info, given))
    return DeleteWebhookPayload(deleted_id=given.id)


async def _try(info: Info, given: NodeInput) -> TestWebhookPayload:
    graph, webhook_id = info.context.graph, uid(given.id, "Webhook")
    outcome = await webhooks.attempt(graph, _ways(info), webhook_id, request_of(info, given))
    return TestWebhookPayload(
        delivered=outcome.problem is None,
        status=outcome.status,
        problem=outcome.problem,
        excerpt=outcome.excerpt,
    )


@strawberry.type
class WebhookMutations:
    """Whom events are told to."""

    @strawberry.mutation
    async def create_webhook(
        self, info: Info, given: Annotated[CreateWebhookInput, INPUT]
    ) -> WebhookSecretResult:
        """Have events told to an address."""
        return await answer(info, _create(info, given))

    @strawberry.mutation
    async def edit_webhook(
        self, info: Info, given: Annotated[EditWebhookInput, INPUT]
    ) -> WebhookResult:
        """Change where a webhook goes and what it follows."""
        return await answer_with(info, WebhookPayload, _edit(info, given))

    @strawberry.mutation
    async def pause_webhook(self, info: Info, given: Annotated[NodeInput, INPUT]) -> WebhookResult:
        """Tell a webhook nothing for the time being."""
        return await answer_with(info, WebhookPayload, _pause(info, given))

    @strawberry.mutation
    async def resume_webhook(self, info: Info, given: Annotated[NodeInput, INPUT]) -> WebhookResult:
        """Let a webhook go on where it stopped."""
        return await answer_with(info, WebhookPayload, _resume(info, given))

    @strawberry.mutation
    async def replay_webhook(
        self, info: Info, given: Annotated[ReplayWebhookInput, INPUT]
    ) -> WebhookResult:
        """Let a webhook go on after another event."""
        return await answer_with(info, WebhookPayload, _replay(info, given))

    @strawberry.mutation
    async def rotate_webhook_secret(
        self, info: Info, given: Annotated[RotateWebhookSecretInput, INPUT]
    ) -> WebhookSecretResult:
        """Give a webhook a new secret."""
        return await answer(info, _rotate(info, given))

    @strawberry.mutation
    async def test_webhook(
        self, info: Info, given: Annotated[NodeInput, INPUT]
    ) -> TestWebhookResult:
        """Send a webhook a test message."""
        return await answer(info, _try(info, given))

    @strawberry.mutation
    async def delete_webhook(
        self, info: Info, given: Annotated[NodeInput, INPUT]
    ) -> DeleteWebhookResult:
        """Delete a webhook with its secrets."""
        return await answer(info, _delete(info, given))
