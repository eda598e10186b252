"""The pages and addresses by which browsers sign in, go on, and sign out.

    GET  /sign-in            the page: single sign-on, or a one-time code or token
    POST /sign-in            begin a session by a code or a token
    GET  /sign-in/start      away to the issuer
    GET  /sign-in/return     back from it: begin a session
    POST /session/refresh    go on with a session
    POST /session/sign-out   end it

The page has no script and asks nothing of any other host.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from html import escape
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route

from domain.errors import (
    AccessError,
    DomainError,
    EngineError,
    LimitError,
    NotSignedIn,
    OriginRefused,
    Overloaded,
    RateExceeded,
    SignInUnavailable,
)
from domain.language import Language, Phrase, text
from resolvers import sessions
from resolvers.sessions import OpenSession
from server.browser import Browsers
from server.gate import Gate
from server.graphql_http import preferred_language
from server.hub import Hub
from server.issuer_login import IssuerLogin, Started
from server.logs import graph_failed
from server.rates import Arrival, address_of

STYLE = Path(__file__).parent / "static" / "sign_in" / "style.css"
LARGEST_FORM = 20_000
MOST_FIELDS = 10
AWAY = timedelta(minutes=10)
"""How long a browser may be away at the issuer."""
PURPOSE = "sign-in"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
STATUS: dict[type[DomainError], HTTPStatus] = {
    NotSignedIn: HTTPStatus.UNAUTHORIZED,
    OriginRefused: HTTPStatus.FORBIDDEN,
    SignInUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    RateExceeded: HTTPStatus.TOO_MANY_REQUESTS,
    Overloaded: HTTPStatus.SERVICE_UNAVAILABLE,
}
Handler = Callable[[Request], Awaitable[Response]]


class SignInPages:
    """Answers them, for one hub; `login` is the way through the issuer, if there is one."""

    def __init__(self, hub: Hub, gate: Gate, browsers: Browsers, login: IssuerLogin | None) -> None:
        self._hub = hub
        self._gate = gate
        self._browsers = browsers
        self._login = login
        self._settings = hub.settings

    def routes(self) -> list[Route]:
        """Return the routes of the application."""
        found = [
            Route("/sign-in", self._page(self._show), methods=["GET"]),
            Route("/sign-in", self._page(self._by_code), methods=["POST"]),
            Route("/sign-in/style.css", self._style),
            Route("/session/refresh", self._data(self._refresh), methods=["POST"]),
            Route("/session/sign-out", self._data(self._sign_out), methods=["POST"]),
        ]
        if self._login is not None:
            found += [
                Route("/sign-in/start", self._page(self._start), methods=["GET"]),
                Route("/sign-in/return", self._page(self._return), methods=["GET"]),
            ]
        return found

    def _page(self, handler: Handler) -> Handler:
        """Say on the page what went wrong."""

        async def answer(request: Request) -> Response:
            try:
                return await self._admitted(handler, request, signing_in=True)
            except (AccessError, LimitError) as error:
                problem = error.message(self._language(request))
                return _later(self._html(request, problem, STATUS[type(error)]), error)
            except EngineError as error:
                graph_failed(error)
                problem = text("error.NO_GRAPH", self._language(request))
                return self._html(request, problem, HTTPStatus.SERVICE_UNAVAILABLE)

        return answer

    def _data(self, handler: Handler) -> Handler:
        """Say as JSON what went wrong; who is not signed in any more keeps no cookie."""

        async def answer(request: Request) -> Response:
            language = self._language(request)
            try:
                return await self._admitted(handler, request, signing_in=False)
            except (AccessError, LimitError) as error:
                said = {"code": error.code, "message": error.message(language)}
                refused = JSONResponse(said, STATUS[type(error)], HEADERS)
                if isinstance(error, NotSignedIn):
                    self._take_cookies(refused)
                return _later(refused, error)
            except EngineError as error:
                graph_failed(error)
                said = {"code": error.code, "message": text("error.NO_GRAPH", language)}
                return JSONResponse(said, HTTPStatus.SERVICE_UNAVAILABLE, HEADERS)

        return answer

    async def _admitted(self, handler: Handler, request: Request, *, signing_in: bool) -> Response:
        """Answer a request that passes the gate.

        Whoever is signing in, or is not signed in any more, counts by the address, whatever cookies
        come along. Raises RateExceeded and Overloaded, and what the handler raises.
        """
        address, headers = address_of(request.scope), request.headers
        self._gate.check()
        arrival = Arrival.of(address, headers)
        async with self._gate.turn(address, headers):
            if signing_in:
                await self._gate.rates.recognised(arrival, None)
            try:
                return await handler(request)
            except NotSignedIn:
                if not signing_in:
                    await self._gate.rates.recognised(arrival, None)
                raise

    async def _style(self, request: Request) -> Response:
        del request
        return FileResponse(STYLE, headers={"X-Content-Type-Options": "nosniff"})

    async def _show(self, request: Request) -> Response:
        try:
            viewer = await self._browsers.viewer(request.headers, safe=True)
        except NotSignedIn:
            return self._html(request)
        return self._html(request, signed_in=viewer.signed_in)

    async def _by_code(self, request: Request) -> Response:
        self._browsers.check_origin(request.headers)
        form = await _form(request)
        given = form.get("code", "").strip()
        hub = self._hub
        if given.count(".") == 2:  # noqa: PLR2004  (the two dots of a JWT)
            viewer = await hub.callers.viewer(given)
            found = await self._begin(account_id=viewer.account_id)
        else:
            found = await self._begin(code=given)
        return self._signed_in(found, _local(form.get("next", "")))

    async def _start(self, request: Request) -> Response:
        login = self._the_login()
        after = _local(request.query_params.get("next", ""))
        address, started = await login.start(self._back(request), after)
        answer = RedirectResponse(address, HTTPStatus.SEE_OTHER, HEADERS)
        sealed = self._hub.tokens.seal(
            PURPOSE, asdict(started), now=self._hub.clock(), lifetime=AWAY
        )
        self._browsers.started.put(answer, sealed, AWAY)
        return answer

    async def _return(self, request: Request) -> Response:
        login = self._the_login()
        sealed = self._browsers.started.read(request.headers)
        if sealed is None:
            raise NotSignedIn(reason=Phrase("reason.sign_in_mixed_up"))
        started = Started(**self._hub.tokens.unseal(PURPOSE, sealed))
        claimed = await login.finish(started, dict(request.query_params), self._back(request))
        account_id = await self._hub.callers.account_of(claimed)
        found = await self._begin(account_id=account_id)
        answer = self._signed_in(found, _local(started.after))
        self._browsers.started.take(answer)
        return answer

    async def _refresh(self, request: Request) -> Response:
        self._browsers.check_origin(request.headers)
        token = self._browsers.refresh.read(request.headers)
        if token is None:
            raise NotSignedIn(reason=Phrase("reason.session_over"))
        found = await sessions.refresh(self._hub.graph, token, clock=self._hub.clock)
        minutes = self._settings.session_minutes
        answer = JSONResponse({"expiresInSeconds": 60 * minutes}, headers=HEADERS)
        self._give_cookies(answer, found)
        return answer

    async def _sign_out(self, request: Request) -> Response:
        self._browsers.check_origin(request.headers)
        token = self._browsers.refresh.read(request.headers)
        if token is not None:
            await sessions.end(self._hub.graph, token, clock=self._hub.clock)
        answer: Response = Response(status_code=HTTPStatus.NO_CONTENT, headers=HEADERS)
        if "text/html" in request.headers.get("accept", ""):
            answer = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER, HEADERS)
        self._take_cookies(answer)
        return answer

    async def _begin(
        self, *, account_id: str | None = None, code: str | None = None
    ) -> OpenSession:
        lifetime = timedelta(days=self._settings.session_days)
        return await sessions.begin(
            self._hub.graph,
            lifetime=lifetime,
            account_id=account_id,
            code=code,
            clock=self._hub.clock,
        )

    def _signed_in(self, found: OpenSession, after: str) -> Response:
        answer = RedirectResponse(after, HTTPStatus.SEE_OTHER, HEADERS)
        self._give_cookies(answer, found)
        return answer

    def _give_cookies(self, answer: Response, found: OpenSession) -> None:
        lifetime = timedelta(minutes=self._settings.session_minutes)
        token = self._hub.tokens.sign(
            found.account_id,
            now=self._hub.clock(),
            lifetime=lifetime,
            session_id=found.session_id,
        )
        self._browsers.session.put(answer, token, lifetime)
        if found.refresh_token is not None:
            days = timedelta(days=self._settings.session_days)
            self._browsers.refresh.put(answer, found.refresh_token, days)

    def _take_cookies(self, answer: Response) -> None:
        self._browsers.session.take(answer)
        self._browsers.refresh.take(answer)

    def _back(self, request: Request) -> str:
        return f"{self._browsers.address(request.headers)}/sign-in/return"

    def _the_login(self) -> IssuerLogin:
        if self._login is None:
            raise SignInUnavailable(issuer="-")
        return self._login

    def _language(self, request: Request) -> Language:
        asked = request.query_params.get("lang", "")
        if asked in set(Language):
            return Language(asked)
        return preferred_language(request.headers.get("accept-language"), self._settings.language)

    def _html(
        self,
        request: Request,
        problem: str | None = None,
        status: HTTPStatus = HTTPStatus.OK,
        *,
        signed_in: bool = False,
    ) -> Response:
        language = self._language(request)
        other = Language.EN if language is Language.ZH else Language.ZH
        after = _local(request.query_params.get("next", ""))

        def said(name: str, which: Language = language) -> str:
            return escape(text(f"page.sign_in.{name}", which))

        parts = [f'<p class="problem" role="alert">{escape(problem)}</p>'] if problem else []
        if signed_in:
            parts.append(
                f'<p>{said("signed_in")}</p><div class="ways">'
                f'<a class="button" href="{escape(after)}">{said("go_on")}</a></div>'
                '<form method="post" action="/session/sign-out">'
                f"<button>{said('sign_out')}</button></form>"
            )
        else:
            if self._login is not None:
                start = f"/sign-in/start?next={quote(after, safe='')}"
                parts.append(
                    f'<div class="ways"><a class="button" href="{escape(start)}">'
                    f"{said('issuer')}</a></div>"
                )
            parts.append(
                f'<form method="post" action="/sign-in?lang={language}">'
                f'<label for="code">{said("code")}</label>'
                '<input id="code" name="code" required autocomplete="one-time-code" '
                'autocapitalize="none" spellcheck="false" aria-describedby="hint">'
                f'<small id="hint">{said("code_hint")}</small>'
                f'<input type="hidden" name="next" value="{escape(after)}">'
                f"<button>{said('submit')}</button></form>"
            )
        elsewhere = escape(f"/sign-in?{urlencode({'lang': other.value, 'next': after})}")
        page = (
            f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<title>{said("title")}</title><link rel="stylesheet" href="/sign-in/style.css">'
            f"<main><h1>{said('title')}</h1>{''.join(parts)}"
            f'<p><a hreflang="{other}" href="{elsewhere}">{said("other_language")}</a></p></main>'
        )
        return HTMLResponse(page, status, {**HEADERS, "Content-Language": language})


def _later(answer: Response, error: DomainError) -> Response:
    """Say when to come again, where the error knows."""
    if (seconds := error.details.get("retry_after")) is not None:
        answer.headers["Retry-After"] = str(seconds)
    return answer


async def _form(request: Request) -> dict[str, str]:
    """Return the fields of a form. Raises NotSignedIn for one that is too large to be ours."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise NotSignedIn(reason=Phrase("reason.code_invalid"))
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS))
    except ValueError as problem:
        raise NotSignedIn(reason=Phrase("reason.code_invalid")) from problem


def _local(address: str) -> str:
    """Return an address on this hub: what was asked for, if it is one, else the GraphQL page."""
    plain = address.startswith("/") and not address.startswith("//")
    return address if plain and address.isprintable() and "\\" not in address else "/graphql"
