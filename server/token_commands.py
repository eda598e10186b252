"""What the commands about tokens and keys do: sign, list, rotate, revoke."""

from datetime import UTC, datetime, timedelta

from domain.errors import BadIdentifier, BadInput, NotFound, NotSignedIn
from domain.identity import new_id, parse_global_id
from domain.sign_in import key_revocation_id, token_revocation_id
from resolvers import sessions
from resolvers.sign_in import revoke
from server.hub import Hub
from server.keys import KeyFile
from server.output import Output

LONGEST_TOKEN_LIFE = timedelta(days=366)
"""No token that the hub signs is good for longer, so what is revoked need not be kept longer."""


async def _active(hub: Hub, given: str) -> str:
    """Return the id of an account, given as such or as the global id that clients know.

    Raises NotFound if there is no such account, or it is closed.
    """
    try:
        account_id = parse_global_id(given, ("Account",))[1]
    except BadIdentifier:
        account_id = given
    try:
        await hub.viewer_of(account_id)
    except NotSignedIn as problem:
        raise NotFound(type="Account", id=given) from problem
    return account_id


async def sign_token(
    output: Output, hub: Hub, account_id: str, *, hours: int | None = None
) -> None:
    """Print a token of an account. Raises NotFound if there is no such active account."""
    account_id = await _active(hub, account_id)
    token = hub.token(account_id, hours=hours)
    output.say("command.token", hours=hours or hub.settings.token_hours)
    output.line(token)
    output.result({"account": account_id, "token": token})


async def make_code(output: Output, hub: Hub, account_id: str) -> None:
    """Print a code that signs in to an account once. Raises NotFound for none."""
    account_id = await _active(hub, account_id)
    code = await sessions.make_code(hub.graph, account_id, clock=hub.clock)
    output.say("command.code")
    output.line(code)
    output.result({"account": account_id, "code": code})


async def revoke_token(output: Output, hub: Hub, token: str) -> None:
    """End a token. Raises NotSignedIn for one that is not good in any case."""
    found = hub.tokens.check(token)
    await _revoke(
        hub, token_revocation_id(found.token_id), datetime.fromtimestamp(found.expires_at, UTC)
    )
    output.say("command.token_revoked", token=found.token_id)
    output.result({"revoked": found.token_id})


async def keys(output: Output, hub: Hub, *, rotate: bool, revoked: str | None) -> None:
    """Print the names of the keys, the one that signs first; before that add or revoke one.

    A revoked key is refused by all hubs on this graph, also where it is configured elsewhere.
    Raises BadInput where keys are configured and cannot be changed here, NotFound for no such key.
    """
    file = hub.tokens.keys
    if rotate or revoked is not None:
        if not isinstance(file, KeyFile):
            raise BadInput(
                field="RENLING_TOKEN_SECRET", value="***", expected="RENLING_DATA_DIRECTORY"
            )
        if rotate:
            output.say("command.key_added", name=file.rotate())
        if revoked is not None:
            file.remove(revoked)
            await _revoke(hub, key_revocation_id(revoked), hub.clock() + LONGEST_TOKEN_LIFE)
            output.say("command.key_revoked", name=revoked)
    names = list(hub.tokens.keys.read())
    output.say("command.keys", keys=names)
    output.result({"keys": names})


async def _revoke(hub: Hub, revocation_id: str, until: datetime) -> None:
    actor = (await hub.operator()).account_id or ""
    await revoke(
        hub.graph, revocation_id, actor=actor, until=until, clock=hub.clock, event_id=new_id()
    )
