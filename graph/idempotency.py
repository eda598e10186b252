"""Keys under which a client may repeat a write: what was done once is answered, not done again.

A key belongs to an actor and an operation. It is written in the transaction of what it names, so
it exists only where that succeeded.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.availability import instant_text
from domain.errors import BadInput, IdempotencyConflict
from domain.identity import derived_id
from domain.written import is_line, line_up_to, quoted
from graph.driver import Transaction
from graph.statements import statement

MAX_KEY = 200

# The merge takes the key's lock: whoever comes with the same key at the same time waits here.
TAKE_KEY = statement(
    "idempotency.take",
    """MERGE (k:IdempotencyKey {key: $key})
SET k.lock = $token
RETURN k.inputHash AS inputHash, k.result AS result, k.createdAt AS createdAt""",
    writes=True,
)
RECORD_KEY = statement(
    "idempotency.record",
    """MATCH (k:IdempotencyKey {key: $key})
SET k.actor = $actor, k.operation = $operation, k.inputHash = $inputHash, k.result = $result,
    k.createdAt = $createdAt""",
    writes=True,
)
FORGET_KEYS = statement(
    "idempotency.forget",
    """MATCH (k:IdempotencyKey) WHERE k.createdAt > '' AND k.createdAt < $before
WITH k LIMIT $size
DELETE k
RETURN count(*) AS forgotten""",
    writes=True,
)


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A write as a client may repeat it: by whom, what, under which key, with which input."""

    actor: str
    operation: str
    key: str
    input: Mapping[str, Any]

    @property
    def stored_key(self) -> str:
        """What the key is stored under."""
        return derived_id("IdempotencyKey", self.actor, self.operation, self.key)

    @property
    def input_hash(self) -> str:
        """A digest of the input, the same for the same input."""
        text = json.dumps(self.input, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


async def earlier_result(
    transaction: Transaction, write: Repeatable, now: datetime, kept: timedelta, token: str
) -> dict[str, Any] | None:
    """Return what this write gave when it was done before; None when it is still to be done.

    Raises IdempotencyConflict when the key was used with another input, BadInput for a key that
    is empty or too long.
    """
    if not (0 < len(write.key) <= MAX_KEY and is_line(write.key)):
        raise BadInput(
            field="idempotencyKey", value=quoted(write.key), expected=line_up_to(MAX_KEY)
        )
    rows = await transaction.run(TAKE_KEY, key=write.stored_key, token=token)
    found = rows[0]
    if found["createdAt"] is None or found["createdAt"] < instant_text(now - kept):
        return None
    if found["inputHash"] != write.input_hash:
        raise IdempotencyConflict(key=write.key)
    return json.loads(found["result"])


async def record_result(
    transaction: Transaction, write: Repeatable, now: datetime, result: Mapping[str, Any]
) -> None:
    """Keep what the write gave, for those who repeat it."""
    await transaction.run(
        RECORD_KEY,
        key=write.stored_key,
        actor=write.actor,
        operation=write.operation,
        inputHash=write.input_hash,
        result=json.dumps(result, ensure_ascii=False, separators=(",", ":")),
        createdAt=instant_text(now),
    )


async def forget(transaction: Transaction, before: datetime, size: int = 1000) -> int:
    """Delete up to `size` keys from before an instant, and return how many there were."""
    rows = await transaction.run(FORGET_KEYS, before=instant_text(before), size=size)
    return rows[0]["forgotten"] if rows else 0
