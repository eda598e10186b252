"""Browsers: which cookie they carry, and which pages may make them send it.

A cookie goes along with whatever request a page makes, also a page of somebody else. So what may
change something, or stay open, has to come from a page of ours or of a configured origin, which
browsers say in `Origin`; a token in a header no page can send without knowing it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http.cookies import CookieError, SimpleCookie
from typing import Literal

from starlette.datastructures import Headers
from starlette.responses import Response

from domain.access import VISITOR, Viewer
from domain.errors import BadInput, OriginRefused
from server.callers import Callers
from server.settings import Settings

REFRESH_PATH = "/session"
SIGN_IN_PATH = "/sign-in"
ACTING_FOR = "Renling-Acting-For"
"""The header by which a deputy says for which account it acts."""


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie of ours: scripts cannot read it, and the prefix of its name fixes who may set it."""

    name: str
    path: str
    same_site: Literal["lax", "strict"]
    secure: bool

    def put(self, answer: Response, value: str, lifetime: timedelta) -> None:
        """Give the cookie to a browser."""
        answer.set_cookie(
            self.name,
            value,
            max_age=int(lifetime.total_seconds()),
            path=self.path,
            secure=self.secure,
            httponly=True,
            samesite=self.same_site,
        )

    def take(self, answer: Response) -> None:
        """Take the cookie from a browser."""
        answer.delete_cookie(
            self.name,
            path=self.path,
            secure=self.secure,
            httponly=True,
            samesite=self.same_site,
        )

    def read(self, headers: Headers) -> str | None:
        """Return the cookie's value in a request."""
        found: SimpleCookie = SimpleCookie()
        try:
            found.load(headers.get("cookie", ""))
        except CookieError:
            return None
        return found[self.name].value if self.name in found else None


def origins(settings: Settings) -> tuple[str, ...]:
    """Return the origins whose pages may use the hub, besides its own.

    Raises BadInput for what is not exactly `scheme://host` or `scheme://host:port`.
    """
    found = tuple(each.strip() for each in settings.cors_origins.split(",") if each.strip())
    for origin in found:
        scheme, _, host = origin.partition("://")
        if scheme not in {"http", "https"} or not host or set(host) & set("/*?#@\\ "):
            raise BadInput(
                field="RENLING_CORS_ORIGINS", value=origin, expected="https://app.example"
            )
    return found


class Browsers:
    """Knows the callers of requests: by the token in a header, or else by the session's cookie."""

    def __init__(self, settings: Settings, callers: Callers) -> None:
        secure = (settings.public_url or "").startswith("https://")
        whole, part = ("__Host-", "__Secure-") if secure else ("", "")
        self._callers = callers
        self._public = (settings.public_url or "").rstrip("/")
        self._origins = frozenset(origins(settings))
        self.session = Cookie(f"{whole}renling_session", "/", "lax", secure)
        self.refresh = Cookie(f"{part}renling_refresh", REFRESH_PATH, "strict", secure)
        self.started = Cookie(f"{part}renling_started", SIGN_IN_PATH, "lax", secure)

    async def viewer(self, headers: Headers, *, safe: bool) -> Viewer:
        """Return the caller of a request, a visitor where nothing says who it is.

        `safe` says that the request cannot change anything and is answered once (GET); a
        WebSocket is not. A deputy names in a header for whom it acts. Raises NotSignedIn for a
        token or a cookie that is not good, OriginRefused for a cookie that another's page made
        the browser send.
        """
        found = await self._caller(headers, safe=safe)
        acting_for = headers.get(ACTING_FOR)
        return found if acting_for is None else await self._callers.acting(found, acting_for)

    async def _caller(self, headers: Headers, *, safe: bool) -> Viewer:
        authorization = headers.get("authorization")
        if authorization is not None:
            return await self._callers.viewer_of_header(authorization)
        token = self.session.read(headers)
        if token is None:
            return VISITOR
        self.check_origin(headers, safe=safe)
        return await self._callers.viewer_of_session(token)

    def check_origin(self, headers: Headers, *, safe: bool = False) -> None:
        """Refuse what a page of somebody else makes a browser send. Raises OriginRefused."""
        origin = headers.get("origin")
        if origin is None:
            # Browsers always say where a change comes from, if not there, then here.
            if safe or headers.get("sec-fetch-site") == "same-origin":
                return
            raise OriginRefused(origin="-")
        if origin not in self._origins and origin not in self._own(headers):
            raise OriginRefused(origin=origin[:200])

    def _own(self, headers: Mapping[str, str]) -> set[str]:
        """Return the hub's own origins: as configured, else the host that the request names."""
        host = headers.get("host", "")
        return {self._public} if self._public else {f"http://{host}", f"https://{host}"}

    def address(self, headers: Mapping[str, str]) -> str:
        """Return the hub's address for browsers: as configured, else as the request names it."""
        return self._public or f"http://{headers.get('host', '')}"
