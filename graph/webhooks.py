"""Webhooks in the graph: whose they are, where they stand, and their sealed secrets.

The secrets lie on the node beside the record's own properties: no read of the schema knows them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.hub_records import Webhook
from graph.driver import Graph, Transaction
from graph.records import properties, record
from graph.statements import statement

CREATE = statement(
    "webhooks.create",
    """MATCH (account:Account {id: $account})
CREATE (account)-[:HAS_WEBHOOK]->(w:Webhook)
SET w = $properties""",
    writes=True,
)
# The account's webhooks take turns at being made, so that the limit holds.
COUNT_OF = statement(
    "webhooks.count_of",
    """MATCH (account:Account {id: $account})
SET account.lock = $token
WITH account
RETURN COUNT { (account)-[:HAS_WEBHOOK]->() } AS webhooks""",
    writes=True,
)
FOLLOW_AREA = statement(
    "webhooks.follow_area",
    """MATCH (w:Webhook {id: $id}) MATCH (area:Area {id: $area})
CREATE (w)-[:FOLLOWS_AREA]->(area)
RETURN area.id AS id""",
    writes=True,
)
LEAVE_AREA = statement(
    "webhooks.leave_area",
    "MATCH (:Webhook {id: $id})-[r:FOLLOWS_AREA]->(:Area) DELETE r",
    writes=True,
)
LOCK = statement(
    "webhooks.lock",
    """MATCH (w:Webhook {id: $id})
SET w.lock = $token
WITH w
MATCH (account:Account)-[:HAS_WEBHOOK]->(w)
RETURN properties(w) AS p, account.id AS account,
    head([(w)-[:FOLLOWS_AREA]->(area:Area) | area.id]) AS area""",
    writes=True,
)
READ = statement(
    "webhooks.read",
    """UNWIND $ids AS id
MATCH (w:Webhook {id: id})
MATCH (account:Account)-[:HAS_WEBHOOK]->(w)
RETURN properties(w) AS p, account.id AS account,
    head([(w)-[:FOLLOWS_AREA]->(area:Area) | area.id]) AS area""",
)
ACTIVE = statement(
    "webhooks.active",
    "MATCH (w:Webhook {state: 'ACTIVE'}) RETURN w.id AS id, w.version AS version ORDER BY id",
)
UPDATE = statement(
    "webhooks.update",
    "MATCH (w:Webhook {id: $id}) SET w += $properties",
    writes=True,
)
# Whoever has stood still meanwhile, or was overtaken by an edit, finds another place or version.
ADVANCE = statement(
    "webhooks.advance",
    """MATCH (w:Webhook {id: $id})
SET w.lock = $token
WITH w
WHERE w.deliveredNumber = $place AND w.version = $version AND w.state = 'ACTIVE'
SET w += $properties
RETURN w.id AS id""",
    writes=True,
)
DELETE = statement(
    "webhooks.delete",
    "MATCH (w:Webhook {id: $id}) DETACH DELETE w",
    writes=True,
)


@dataclass(frozen=True, slots=True)
class Sealed:
    """The sealed secrets of a webhook: what signs, and what signed before a rotation."""

    secret: str
    former: str | None = None

    @property
    def properties(self) -> dict[str, str | None]:
        """The properties that hold them."""
        return {"sealedSecret": self.secret, "formerSecret": self.former}


@dataclass(frozen=True, slots=True)
class Kept:
    """A webhook as the graph keeps it: whose it is, which area it follows, its secrets."""

    webhook: Webhook
    account_id: str
    area_id: str | None
    sealed: Sealed

    def signing(self, now: datetime) -> list[str]:
        """Return the sealed secrets that sign now, the present one first."""
        until = self.webhook.former_secret_until
        former = self.sealed.former if until is not None and now < until else None
        return [self.sealed.secret, *([former] if former else [])]


async def count_of(transaction: Transaction, account_id: str, token: str) -> int:
    """Return how many webhooks an account has, which nobody adds to meanwhile."""
    rows = await transaction.run(COUNT_OF, account=account_id, token=token)
    return rows[0]["webhooks"] if rows else 0


async def create(
    transaction: Transaction, account_id: str, webhook: Webhook, sealed: Sealed
) -> None:
    """Add a webhook of an account."""
    values = {**properties(webhook), **sealed.properties}
    await transaction.run(CREATE, account=account_id, properties=values)


async def follow_area(transaction: Transaction, webhook_id: str, area_id: str | None) -> bool:
    """Let a webhook follow one area, or all; False where there is no such area."""
    await transaction.run(LEAVE_AREA, id=webhook_id)
    if area_id is None:
        return True
    return bool(await transaction.run(FOLLOW_AREA, id=webhook_id, area=area_id))


async def lock(transaction: Transaction, webhook_id: str, token: str) -> Kept | None:
    """Lock a webhook and return it, None where there is none."""
    rows = await transaction.run(LOCK, id=webhook_id, token=token)
    return _kept(rows[0]) if rows else None


async def read(graph: Graph, ids: Sequence[str]) -> list[Kept]:
    """Return those of the webhooks that there are. Raises EngineError."""
    return [_kept(row) for row in await graph.read(READ, ids=list(ids))]


async def active(graph: Graph) -> dict[str, int]:
    """Return the ids of the webhooks that are told of events, with their versions."""
    return {row["id"]: row["version"] for row in await graph.read(ACTIVE)}


async def update(transaction: Transaction, webhook: Webhook) -> None:
    """Write a webhook that is locked as it is now."""
    await transaction.run(UPDATE, id=webhook.id, properties=properties(webhook))


async def reseal(transaction: Transaction, webhook_id: str, sealed: Sealed) -> None:
    """Write the secrets of a webhook that is locked."""
    await transaction.run(UPDATE, id=webhook_id, properties=sealed.properties)


async def advance(transaction: Transaction, before: Webhook, after: Webhook, token: str) -> bool:
    """Write what came of an attempt; False where the webhook is no longer as it was before."""
    rows = await transaction.run(
        ADVANCE,
        id=before.id,
        token=token,
        place=before.delivered_number,
        version=before.version,
        properties=properties(after),
    )
    return bool(rows)


async def delete(transaction: Transaction, webhook_id: str) -> None:
    """Delete a webhook with its secrets."""
    await transaction.run(DELETE, id=webhook_id)


def _kept(row: dict[str, Any]) -> Kept:
    stored = row["p"]
    sealed = Sealed(stored.get("sealedSecret", ""), stored.get("formerSecret"))
    return Kept(record(Webhook, stored), row["account"], row["area"], sealed)
