"""How a command runs: over an open hub, with its settings, its errors said and its exit status."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import typer
from pydantic import ValidationError

from domain.errors import BadInput, DomainError
from domain.language import Language
from server.hub import Hub, open_hub
from server.output import Output
from server.process import Stop, run
from server.settings import Settings

FAILED = 1
"""The exit status of what failed."""

Command = Callable[[Output, Hub, Stop], Awaitable[int]]
"""What a command does, given where to say it, the hub, and when to stop; its exit status."""


def run_command(
    command: Command,
    *,
    lang: Language | None,
    as_json: bool,
    given: Mapping[str, object] | None = None,
    restoring: bool = False,
) -> None:
    """Run a command over an open hub and exit with its status; errors are said, not traced."""
    output = Output(language=lang or Language.ZH, as_json=as_json)
    try:
        settings = _settings(given or {})
        output.language = lang or settings.language
        status = run(lambda stop: _with_hub(command, output, settings, stop, restoring=restoring))
    except DomainError as error:
        output.fail(error)
        status = FAILED
    raise typer.Exit(status)


def _settings(given: Mapping[str, object]) -> Settings:
    """Read the settings, options first. Raises BadInput naming the variable that is wrong."""
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**options)
    except ValidationError as problem:
        first = problem.errors()[0]
        name = "_".join(map(str, first["loc"])).upper()
        raise BadInput(
            field=f"RENLING_{name}", value=str(first["input"]), expected=first["msg"]
        ) from problem


async def _with_hub(
    command: Command, output: Output, settings: Settings, stop: Stop, *, restoring: bool
) -> int:
    async with AsyncExitStack() as stack:
        with output.step("command.opening"):
            hub = await stack.enter_async_context(open_hub(settings, restoring=restoring))
        return await command(output, hub, stop)
