"""An OpenID Connect issuer of the tests' own, on a free port of this machine."""

import asyncio
import base64
import hashlib
import json
import secrets
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import uvicorn
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

AUDIENCE = "https://hub.example/graphql"
CLIENT = "the hub's pages"
CLIENT_SECRET = "known to the issuer and the hub"
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass
class Signer:
    """A key of the issuer; `kid` is its name."""

    kid: str
    algorithm: str
    private: PrivateKey

    def published(self) -> dict[str, Any]:
        algorithm = jwt.get_algorithm_by_name(self.algorithm)
        data = json.loads(algorithm.to_jwk(self.private.public_key()))
        return data | {"kid": self.kid, "use": "sig", "alg": self.algorithm}

    def pem(self) -> bytes:
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


def signer(kid: str, algorithm: str = "ES256", bits: int = 2048) -> Signer:
    if algorithm.startswith(("RS", "PS")):
        return Signer(kid, algorithm, rsa.generate_private_key(65537, bits))
    if algorithm == "EdDSA":
        return Signer(kid, algorithm, ed25519.Ed25519PrivateKey.generate())
    curve = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1()}[algorithm]
    return Signer(kid, algorithm, ec.generate_private_key(curve))


@dataclass
class FakeIssuer:
    """What it publishes, how it fails, and how often it was asked."""

    address: str
    keys: list[Signer]
    asked: list[str] = field(default_factory=list[str])
    away: bool = False
    published: dict[str, Any] | None = None
    """Published keys where they are other than those of `keys`."""
    named: str | None = None
    """What it calls itself, if not its address."""
    person: dict[str, Any] = field(default_factory=dict[str, Any])
    """What the identity token of the next person to sign in says beside the usual."""
    waiting: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    def claims(self, **other: object) -> dict[str, Any]:
        now = datetime.now(UTC)
        return {
            "iss": self.address,
            "sub": "subject",
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + timedelta(minutes=5),
        } | other

    def token(self, by: Signer | None = None, /, **other: object) -> str:
        return self.encode(self.claims(**other), by)

    def encode(self, claims: dict[str, Any], by: Signer | None = None, **header: object) -> str:
        chosen = by or self.keys[0]
        headers = {"kid": chosen.kid, **header}
        return jwt.encode(claims, chosen.private, chosen.algorithm, headers)

    async def answer(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        if self.away:
            return Response(status_code=503)
        match request.url.path:
            case "/.well-known/openid-configuration":
                return JSONResponse(
                    {
                        "issuer": self.named or self.address,
                        "jwks_uri": f"{self.address}/keys",
                        "authorization_endpoint": f"{self.address}/authorize",
                        "token_endpoint": f"{self.address}/token",
                    }
                )
            case "/authorize":
                return self.authorize(request)
            case "/token":
                return await self.exchange(request)
            case _:
                known = {"keys": [each.published() for each in self.keys]}
                return JSONResponse(self.published or known)

    def authorize(self, request: Request) -> Response:
        """Let the person in at once, and send it back with a code."""
        code = secrets.token_urlsafe(8)
        self.waiting[code] = dict(request.query_params)
        back = f"{request.query_params['redirect_uri']}?code={code}"
        return RedirectResponse(f"{back}&state={request.query_params['state']}")

    async def exchange(self, request: Request) -> Response:
        form = await request.form()
        asked = self.waiting.pop(str(form["code"]), None)
        basic = base64.b64decode(request.headers.get("authorization", " ").split(" ")[1]).decode()
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        good = (
            asked is not None
            and asked["code_challenge_method"] == "S256"
            and asked["code_challenge"] == challenge
            and asked["redirect_uri"] == form["redirect_uri"]
            and basic == "the%20hub%27s%20pages:known%20to%20the%20issuer%20and%20the%20hub"
        )
        if not good or asked is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        said = {"aud": CLIENT, "nonce": asked["nonce"], **self.person}
        return JSONResponse({"id_token": self.token(**said), "token_type": "Bearer"})


class _Server(uvicorn.Server):
    """Says when it listens, and leaves the signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@asynccontextmanager
async def fake_issuer() -> AsyncGenerator[FakeIssuer]:
    """Serve an issuer until the end of the block."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        issuer = FakeIssuer(address, [signer("first")])
        routes = [Route("/{path:path}", issuer.answer, methods=["GET", "POST"])]
        config = uvicorn.Config(
            Starlette(routes=routes), log_config=None, access_log=False, lifespan="off"
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        await server.up.wait()
        try:
            yield issuer
        finally:
            server.should_exit = True
            await serving
