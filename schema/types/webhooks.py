"""Whom events are told to: served to the account that made it, and to administrators."""

from domain import hub_records
from graph.computed.node_actions import WEBHOOK_ACTIONS
from graph.mapping import IN
from schema.declare import computed, node, one
from schema.types.accounts import Account
from schema.types.agents import Area
from schema.types.common import Actions, Node


@node
class Webhook(hub_records.Webhook, Node):
    """An address that is told of events."""

    allowed_actions: Actions = computed(WEBHOOK_ACTIONS)
    account: Account | None = one("HAS_WEBHOOK", IN)
    area: Area | None = one("FOLLOWS_AREA")
