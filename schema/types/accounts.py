"""Who signs in, which roles they hold, and who acts for whom: served to those who may know."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import hub_records
from graph.computed.node_actions import ACCOUNT_ACTIONS, DEPUTYSHIP_ACTIONS, GRANT_ACTIONS
from graph.mapping import IN
from schema.declare import computed, many, node, one
from schema.types.common import Actions, Connection, Node

if TYPE_CHECKING:
    from schema.types.agents import Agent, Area
    from schema.types.webhooks import Webhook

OneArea = Annotated["Area", strawberry.lazy("schema.types.agents")]
OneAgent = Annotated["Agent", strawberry.lazy("schema.types.agents")]
Webhooks = Connection[Annotated["Webhook", strawberry.lazy("schema.types.webhooks")]]


@node
class Account(hub_records.Account, Node):
    """Who signs in."""

    allowed_actions: Actions = computed(ACCOUNT_ACTIONS)
    grants: Connection["Grant"] = many("HOLDS")
    granted: Connection["Grant"] = many("GRANTED_BY", IN)
    deputies: Connection["Deputyship"] = many("HAS_DEPUTY")
    webhooks: Webhooks = many("HAS_WEBHOOK")
    deputy_of: Connection["Deputyship"] = many("DEPUTY_IS", IN)


@node
class Grant(hub_records.Grant, Node):
    """A role for a part of the graph."""

    allowed_actions: Actions = computed(GRANT_ACTIONS)
    account: Account | None = one("HOLDS", IN)
    area: OneArea | None = one("FOR_AREA")
    agent: OneAgent | None = one("FOR_AGENT")
    granted_by: Account | None = one("GRANTED_BY")


@node
class Deputyship(hub_records.Deputyship, Node):
    """An account acts for another one."""

    allowed_actions: Actions = computed(DEPUTYSHIP_ACTIONS)
    account: Account | None = one("HAS_DEPUTY", IN)
    deputy: Account | None = one("DEPUTY_IS")
