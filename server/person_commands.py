"""What the commands about a person's data do: hand it out, erase it."""

import os
from pathlib import Path

import orjson

from domain.identity import parse_global_id
from resolvers import persons
from server.hub import Hub
from server.output import Output

OURS_ALONE = 0o600


async def export(output: Output, hub: Hub, person_id: str, file: Path | None) -> None:
    """Write all that the hub holds of a person to a file that we alone can read, or print it.

    `person_id` is the global id of a member or an account. Raises BadIdentifier, NotFound.
    """
    kind, found = parse_global_id(person_id, persons.KINDS)
    document = await persons.export_person(
        hub.graph, kind, found, viewer=await hub.operator(), clock=hub.clock
    )
    if file is not None:
        text = orjson.dumps(document, option=orjson.OPT_INDENT_2)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OURS_ALONE)
        with os.fdopen(descriptor, "wb") as written:
            written.write(text)
        output.say("command.person_exported", file=file)
    else:
        output.line(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
    output.result(document)


async def erase(output: Output, hub: Hub, person_id: str) -> None:
    """Erase a person's data. Raises BadIdentifier, NotFound, and HeldByClaims for live claims."""
    kind, found = parse_global_id(person_id, persons.KINDS)
    done = await persons.erase_person(
        hub.graph, kind, found, viewer=await hub.operator(), clock=hub.clock
    )
    output.say("command.person_erased" if done else "command.person_erased_before")
    output.result({"person": person_id, "erased": done})
