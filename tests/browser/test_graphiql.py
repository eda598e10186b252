"""GraphiQL in a real browser: it works, and nothing it needs comes from another host."""

import shutil
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Request, expect, sync_playwright

from tests.hub_commands import Service, commands_of, serving

pytestmark = pytest.mark.clients

# Only what keeps the browser itself from talking to its maker.
SWITCHES = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",
]


@pytest.fixture(scope="module")
def service(engine_environment: dict[str, str]) -> Generator[Service]:
    commands = commands_of(engine_environment)
    report = commands.run("demo", "--no-serve", "--json")
    with serving(commands, report) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    executable = shutil.which("chromium")
    assert executable is not None, "Chromium is needed"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable, args=SWITCHES)
        yield launched
        launched.close()


def test_the_first_query_is_answered_and_no_request_leaves_the_host(
    service: Service, browser: Browser, tmp_path: Path
) -> None:
    requests: list[Request] = []
    said: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: requests.append(request))  # noqa: PLW0108  (it marks its handlers)
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.goto(service.address)
    editor = page.locator(
        ".graphiql-query-editor .monaco-editor, .graphiql-query-editor .CodeMirror"
    )
    expect(editor.first).to_be_visible()
    page.get_by_role("button", name="Execute query").click()
    expect(page.locator(".result-window")).to_contain_text('"data"')
    page.screenshot(path=tmp_path / "graphiql.png")
    page.close()

    host = httpx.URL(service.address).netloc.decode()
    left = [
        request.url
        for request in requests
        if not request.url.startswith(("data:", "blob:")) and f"//{host}/" not in request.url
    ]
    assert not left
    assert any(request.method == "POST" for request in requests)
    assert not [line for line in said if line.startswith("error")]
