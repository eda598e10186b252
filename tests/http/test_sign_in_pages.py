"""Signing in with a browser: by a code, through the issuer; cookies, refresh, other origins."""

import re
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from domain.access import Viewer
from domain.errors import BadInput
from domain.hub_records import Account
from domain.identity import global_id, new_id
from domain.sign_in import Identity, IdentityKind, email_id
from graph import accounts, sign_in
from graph.driver import Graph, Transaction
from resolvers.administration import update_account
from resolvers.changing import Request
from resolvers.deputies import appoint_deputy
from resolvers.sessions import make_code
from server.app import create_app
from server.browser import origins
from server.hub import Hub
from server.issuer import Issuer, IssuerPolicy
from server.settings import Settings
from server.tokens import Tokens
from tests.graph.builders import NOW
from tests.http.issuing import AUDIENCE, CLIENT, CLIENT_SECRET, FakeIssuer, fake_issuer

pytestmark = pytest.mark.anyio
HUB = "https://hub.example"
APP = "https://app.example"
OURS = {"Origin": HUB}
ASKED = {"query": "{ viewer { account { id } } }"}


async def account(graph: Graph, email: str | None = None) -> str:
    made = Account(id=new_id(), created_at=NOW, name="somebody")

    async def work(transaction: Transaction) -> None:
        await accounts.write_account(transaction, made)
        if email:
            invitation = Identity(id=email_id(email), created_at=NOW, kind=IdentityKind.EMAIL)
            await sign_in.write_identity(transaction, made.id, invitation)

    await graph.write(work)
    return made.id


@pytest.fixture(scope="module")
async def issuer() -> AsyncGenerator[FakeIssuer]:
    async with fake_issuer() as found:
        yield found


@pytest.fixture
async def hub(graph: Graph, issuer: FakeIssuer) -> AsyncGenerator[Hub]:
    settings = Settings(
        public_url=HUB,
        cors_origins=APP,
        oidc_issuer=issuer.address,
        oidc_audience=AUDIENCE,
        oidc_client_id=CLIENT,
        oidc_client_secret=SecretStr(CLIENT_SECRET),
    )
    async with httpx.AsyncClient(trust_env=False) as client:
        asked = Issuer(IssuerPolicy(issuer=issuer.address, audience=AUDIENCE), client)
        yield Hub(graph, settings, Tokens("k" * 64), issuer=asked)
        await asked.close()


@pytest.fixture
def browser(hub: Hub) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(create_app(hub)), base_url=HUB)


async def signed_in(browser: httpx.AsyncClient, hub: Hub) -> str:
    """Sign in by a code; return the account."""
    holder = await account(hub.graph)
    code = await make_code(hub.graph, holder)
    answer = await browser.post("/sign-in", data={"code": code}, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/graphql")
    return holder


async def asks(browser: httpx.AsyncClient, **headers: str) -> Any:
    answer = await browser.post("/graphql", json=ASKED, headers=headers)
    return answer.json() if answer.status_code == 200 else answer.status_code


def is_account(answer: Any, account_id: str | None) -> bool:
    found = answer["data"]["viewer"]["account"]
    return found == (None if account_id is None else {"id": global_id("Account", account_id)})


async def test_a_code_signs_in_and_the_cookies_are_for_the_browser_alone(
    browser: httpx.AsyncClient, hub: Hub
) -> None:
    assert is_account(await asks(browser), None)
    holder = await account(hub.graph)
    code = await make_code(hub.graph, holder)
    form = {"code": code, "next": "/graphql?x=1"}
    answer = await browser.post("/sign-in", data=form, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/graphql?x=1")
    session, refresh = sorted(answer.headers.get_list("set-cookie"))
    assert session.startswith("__Host-renling_session=")
    assert refresh.startswith("__Secure-renling_refresh=")
    for cookie, path, same_site in ((session, "/", "lax"), (refresh, "/session", "strict")):
        told = {part.strip().lower() for part in cookie.split(";")}
        assert {"httponly", "secure", f"path={path}", f"samesite={same_site}"} <= told
    assert is_account(await asks(browser, **OURS), holder)
    again = await browser.post("/sign-in", data=form, headers=OURS)
    assert again.status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "first"),
    [("GET", "/sign-in", 200), ("POST", "/session/refresh", 401), ("GET", "/sign-in/start", 303)],
)
async def test_the_pages_pass_the_gate(hub: Hub, method: str, path: str, first: int) -> None:
    """So many requests of an address in an hour are answered, and the next one is told when."""
    limited = hub.settings.model_copy(update={"rate_per_address": "3/hour"})
    app = create_app(replace(hub, settings=limited))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HUB) as caller:
        answers = [await caller.request(method, path, headers=OURS) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [first, first, first, 429]
    assert int(answers[3].headers["retry-after"]) > 0


async def test_codes_are_guessed_as_often_as_the_rate_of_an_address(hub: Hub) -> None:
    """Whatever cookie comes with the guess."""
    limited = hub.settings.model_copy(update={"rate_per_address": "2/hour"})
    app = create_app(replace(hub, settings=limited))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HUB) as caller:
        found = [
            (
                await caller.post(
                    "/sign-in", data={"code": f"guess{number}"},
                    headers={**OURS, "Cookie": f"other={number}"},
                )
            ).status_code
            for number in range(3)
        ]  # fmt: skip
    assert found == [401, 401, 429]


async def test_a_token_signs_in_as_well(browser: httpx.AsyncClient, hub: Hub) -> None:
    holder = await account(hub.graph)
    token = hub.token(holder)
    answer = await browser.post("/sign-in", data={"code": f" {token}\n"}, headers=OURS)
    assert answer.status_code == 303
    assert is_account(await asks(browser, **OURS), holder)


async def test_the_page_speaks_chinese_first_and_asks_nobody_else(
    browser: httpx.AsyncClient, hub: Hub
) -> None:
    page = await browser.get("/sign-in")
    assert page.headers["content-language"] == "zh"
    assert "登录" in page.text
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; form-action 'self'")
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert not re.findall(r"(?:src|href|action)=\"(?!/)", page.text)
    assert "<script" not in page.text
    assert (await browser.get("/sign-in/style.css")).headers["content-type"].startswith("text/css")
    english = await browser.get("/sign-in", headers={"Accept-Language": "en"})
    assert "Sign in" in english.text
    assert "Sign in" in (await browser.get("/sign-in?lang=en")).text
    await signed_in(browser, hub)
    assert "您已登录" in (await browser.get("/sign-in")).text


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "x", "/a\r\nB: c"]
)
async def test_nobody_is_sent_elsewhere_after_signing_in(
    browser: httpx.AsyncClient, hub: Hub, elsewhere: str
) -> None:
    code = await make_code(hub.graph, await account(hub.graph))
    answer = await browser.post("/sign-in", data={"code": code, "next": elsewhere}, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/graphql")
    page = await browser.get("/sign-in", params={"next": '/"><script>'})
    assert "<script" not in page.text


@pytest.mark.parametrize(
    "form", ["&".join(f"field{n}=x" for n in range(11)), "code=" + "x" * 30_000]
)
async def test_a_form_that_is_not_ours_is_no_code(browser: httpx.AsyncClient, form: str) -> None:
    told = {**OURS, "Content-Type": "application/x-www-form-urlencoded"}
    answer = await browser.post("/sign-in", content=form, headers=told)
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text


async def test_a_cookie_counts_only_from_a_page_of_ours(
    browser: httpx.AsyncClient, hub: Hub
) -> None:
    holder = await signed_in(browser, hub)
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {}):
        assert await asks(browser, **headers) == 403
        for path in ("/session/refresh", "/session/sign-out", "/sign-in"):
            assert (await browser.post(path, headers=headers)).status_code == 403
    for headers in (OURS, {"Origin": APP}, {"Sec-Fetch-Site": "same-origin"}):
        assert is_account(await asks(browser, **headers), holder)
    read = await browser.get("/graphql", params=ASKED)
    assert is_account(read.json(), holder)
    foreign = {"Origin": "https://evil.example"}
    assert (await browser.get("/graphql", params=ASKED, headers=foreign)).status_code == 403
    bearer = {"Authorization": f"Bearer {hub.token(holder)}"}
    assert is_account(await asks(browser, **foreign, **bearer), holder)


async def test_a_session_goes_on_and_ends(browser: httpx.AsyncClient, hub: Hub) -> None:
    holder = await signed_in(browser, hub)
    old = dict(browser.cookies)
    answer = await browser.post("/session/refresh", headers=OURS)
    assert answer.json() == {"expiresInSeconds": 600}
    assert browser.cookies["__Secure-renling_refresh"] != old["__Secure-renling_refresh"]
    assert is_account(await asks(browser, **OURS), holder)
    kept = browser.cookies["__Host-renling_session"]
    out = await browser.post("/session/sign-out", headers=OURS)
    assert out.status_code == 204
    assert is_account(await asks(browser), None)
    assert (await browser.post("/session/refresh", headers=OURS)).status_code == 401
    # Who kept the cookie has nothing of it, as soon as what was read of it is two seconds old.
    hub.callers.forget()
    stolen = {"Cookie": f"__Host-renling_session={kept}", **OURS}
    assert await asks(browser, **stolen) == 401
    page = {**OURS, "Accept": "text/html"}
    assert (await browser.post("/session/sign-out", headers=page)).headers["location"] == "/sign-in"


async def test_a_cookie_is_no_bearer_token(browser: httpx.AsyncClient, hub: Hub) -> None:
    holder = await signed_in(browser, hub)
    session = browser.cookies["__Host-renling_session"]
    browser.cookies.clear()
    assert await asks(browser, Authorization=f"Bearer {session}") == 401
    assert await asks(browser, Cookie=f"__Host-renling_session={hub.token(holder)}", **OURS) == 401


async def through_issuer(browser: httpx.AsyncClient, **changes: str) -> httpx.Response:
    """Go to the issuer and come back; `changes` are to what it sends along."""
    start = await browser.get("/sign-in/start?next=/graphql")
    assert start.status_code == 303
    async with httpx.AsyncClient(trust_env=False) as outside:
        away = await outside.get(start.headers["location"])
    back = httpx.URL(away.headers["location"])
    assert str(back).startswith(f"{HUB}/sign-in/return")
    return await browser.get(back.copy_merge_params(changes))


async def test_the_issuer_signs_in_whom_somebody_invited(
    browser: httpx.AsyncClient, hub: Hub, issuer: FakeIssuer
) -> None:
    holder = await account(hub.graph, "li@example.org")
    issuer.person = {"sub": "li", "email": "li@example.org", "email_verified": True}
    answer = await through_issuer(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/graphql")
    assert is_account(await asks(browser, **OURS), holder)
    issuer.person = {"sub": "stranger", "email": "li@example.org", "email_verified": True}
    assert (await through_issuer(browser)).status_code == 401


@pytest.mark.parametrize(
    ("person", "changes"),
    [
        ({"nonce": "other"}, {}),
        ({"aud": "another client"}, {}),
        ({}, {"state": "other"}),
        ({}, {"code": "other"}),
        ({}, {"code": ""}),
        ({}, {"iss": "https://else.example"}),
    ],
)
async def test_an_answer_to_another_question_signs_nobody_in(
    browser: httpx.AsyncClient,
    hub: Hub,
    issuer: FakeIssuer,
    person: dict[str, str],
    changes: dict[str, str],
) -> None:
    await account(hub.graph, f"{new_id()}@example.org")
    issuer.person = {"sub": "li"} | person
    answer = await through_issuer(browser, **changes)
    assert answer.status_code == 401
    assert "__Host-renling_session" not in browser.cookies


async def test_a_return_without_a_start_signs_nobody_in(
    browser: httpx.AsyncClient, hub: Hub
) -> None:
    assert (await browser.get("/sign-in/return?code=a&state=b")).status_code == 401
    forged = hub.token(await account(hub.graph))
    browser.cookies.set("__Secure-renling_started", forged, domain="hub.example", path="/sign-in")
    assert (await browser.get("/sign-in/return?code=a&state=b")).status_code == 401


async def test_pages_of_configured_origins_may_read_and_no_others(
    browser: httpx.AsyncClient,
) -> None:
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    allowed = await browser.options("/graphql", headers={"Origin": APP, **asked})
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == APP
    assert allowed.headers["access-control-allow-credentials"] == "true"
    for origin in ("https://evil.example", f"{APP}.evil.example", "http://app.example", "null"):
        refused = await browser.options("/graphql", headers={"Origin": origin, **asked})
        assert refused.status_code == 400
        assert "access-control-allow-origin" not in refused.headers
        answer = await browser.post("/graphql", json=ASKED, headers={"Origin": origin})
        assert "access-control-allow-origin" not in answer.headers
    read = await browser.post("/graphql", json=ASKED, headers={"Origin": APP})
    assert read.headers["access-control-allow-origin"] == APP
    assert "Origin" in read.headers["vary"]


@pytest.mark.parametrize("bad", ["*", "https://a.example/", "https://*.example", "a.example"])
def test_an_origin_is_written_out(bad: str) -> None:
    with pytest.raises(BadInput):
        origins(Settings(cors_origins=f"{APP},{bad}"))
    assert origins(Settings(cors_origins=f" {APP} , {HUB}:8443")) == (APP, f"{HUB}:8443")


async def test_the_request_the_account_and_the_header_say_the_language(
    browser: httpx.AsyncClient, hub: Hub
) -> None:
    holder = await account(hub.graph)
    token = {"Authorization": f"Bearer {hub.token(holder)}"}
    chinese, english = {"Accept-Language": "zh-CN"}, {"Accept-Language": "en-GB"}

    async def spoken(extensions: dict[str, str], **headers: str) -> str:
        hub.callers.forget()
        asked = {"query": "{ viewer { language } }", "extensions": extensions}
        answer = await browser.post("/graphql", json=asked, headers=headers)
        return answer.json()["data"]["viewer"]["language"]

    assert await spoken({}) == "zh"
    assert await spoken({}, **english) == "en"
    assert await spoken({}, **token, **english) == "en"
    own = Request(viewer=Viewer(holder), idempotency_key="k", now=hub.clock())
    await update_account(hub.graph, own, holder, language="en")
    assert await spoken({}, **token, **chinese) == "en"
    assert await spoken({"language": "zh"}, **token, **english) == "zh"


async def test_a_deputy_names_for_whom_it_acts(browser: httpx.AsyncClient, hub: Hub) -> None:
    boss, deputy = await account(hub.graph), await account(hub.graph)
    own = Request(viewer=Viewer(boss), idempotency_key="k", now=hub.clock())
    until = hub.clock() + timedelta(days=1)
    await appoint_deputy(hub.graph, own, boss, deputy, valid_from=None, valid_until=until)
    asked = {"query": "{ viewer { accountId actingForId } }"}

    async def answer(who: str, acting_for: str) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {hub.token(who)}",
            "Renling-Acting-For": acting_for,
        }
        return await browser.post("/graphql", json=asked, headers=headers)

    named = global_id("Account", boss)
    found = (await answer(deputy, named)).json()["data"]["viewer"]
    assert found == {"accountId": deputy, "actingForId": named}
    for who, acting_for in (
        (boss, global_id("Account", deputy)),
        (deputy, global_id("Account", deputy)),
        (deputy, "noise"),
    ):
        assert (await answer(who, acting_for)).status_code == 401
