"""Evidence files, from the upload over HTTP to what the sides of a claim are served."""

import asyncio
import struct
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from moto.server import ThreadedMotoServer
from obstore.store import S3Store

from domain.errors import EngineUnavailable, StatementTimedOut
from domain.identity import global_id, new_id, parse_global_id
from domain.language import Language, text
from domain.records import Claim
from domain.vocabulary import ClaimState, Initiator
from graph.driver import Graph
from server.app import create_app
from server.contents import Contents, DirectoryContents, StoreContents, key_of
from server.file_types import says_where
from server.hub import Hub
from server.settings import Settings
from server.tokens import Tokens
from tests.graph.builders import NOW, Neighbourhood, dump, put

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
PDF = b"%PDF-1.7\n" + b"x" * 100
MOST = 2_000
ATTACH = """mutation($i: AttachEvidenceInput!) { result: attachEvidence(input: $i) {
  ... on AttachEvidencePayload { claim { evidenceFiles { nodes { id mediaType size sha256 } } } }
  ... on Problem { code } } }"""


@dataclass
class Place:
    here: Neighbourhood
    hub: Hub
    contents: Contents

    def client(self, name: str | None) -> httpx.AsyncClient:
        headers = {}
        if name is not None:
            account = self.here.viewer(name).account_id or ""
            headers = {"Authorization": f"Bearer {self.hub.token(account)}"}
        transport = httpx.ASGITransport(create_app(self.hub, contents=self.contents))
        return httpx.AsyncClient(transport=transport, base_url="http://hub.test", headers=headers)

    async def upload(self, name: str | None, content: bytes, title: str = "a.png") -> Any:
        async with self.client(name) as client:
            return await client.post("/files", files={"file": (title, content)})

    async def fetch(self, name: str | None, file_id: str, **headers: str) -> httpx.Response:
        async with self.client(name) as client:
            return await client.get(f"/files/{file_id}", headers=headers)

    async def attach(self, name: str, claim_id: str, *file_ids: str) -> dict[str, Any]:
        given = {
            "claimId": global_id("Claim", claim_id),
            "fileIds": list(file_ids),
            "idempotencyKey": new_id(),
        }
        async with self.client(name) as client:
            body = {"query": ATTACH, "variables": {"i": given}}
            answer = (await client.post("/graphql", json=body)).json()
        assert "errors" not in answer, answer
        return answer["data"]["result"]

    async def claim(self, state: ClaimState = ClaimState.CONFIRMED) -> str:
        claim = Claim(
            id=new_id(),
            created_at=NOW,
            initiator=Initiator.SUPPLIER,
            state=state,
            quantity=1,
            measure="PERSON",
            expires_at=NOW,
        )
        await put(
            self.here.graph,
            [claim],
            [
                ("Claim", claim.id, "CLAIM_SUPPLIER", "Agent", self.here.unit),
                ("Claim", claim.id, "CLAIM_RECEIVER", "Agent", self.here.community),
            ],
        )
        return claim.id


@pytest.fixture(scope="module")
def s3() -> Generator[S3Store]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    httpx.put(f"{endpoint}/evidence").raise_for_status()
    yield S3Store(
        "evidence",
        endpoint=endpoint,
        region="us-east-1",
        access_key_id="testing",
        secret_access_key="testing",
        client_options={"allow_http": True},
    )
    server.stop()


@pytest.fixture(scope="module")
async def here(graph: Graph) -> Neighbourhood:
    return await Neighbourhood(graph).build()


@pytest.fixture(params=["directory", "s3"])
async def place(
    here: Neighbourhood, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncGenerator[Place]:
    settings = Settings(file_max_bytes=MOST, file_quota_bytes=3 * MOST)
    hub = Hub(here.graph, settings, Tokens("k" * 64))
    contents: Contents = DirectoryContents(tmp_path / "files")
    if request.param == "s3":
        contents = StoreContents(request.getfixturevalue("s3"), "s3://evidence")
    yield Place(here, hub, contents)
    hub.graph.telemetry = None


async def test_a_file_is_uploaded_attached_and_served_by_rights(place: Place) -> None:
    claim_id = await place.claim()
    uploaded = await place.upload("unit", PNG, "../../etc/passwd")
    assert uploaded.status_code == 201, uploaded.text
    file = uploaded.json()
    assert (file["mediaType"], file["size"]) == ("image/png", len(PNG))
    assert (await place.fetch("unit", file["id"])).content == PNG
    assert (await place.fetch("community", file["id"])).status_code == 404
    result = await place.attach("unit", claim_id, file["id"])
    assert result["claim"]["evidenceFiles"]["nodes"] == [file]
    for name in ("unit", "community", "coordinator", "district", "admin"):
        served = await place.fetch(name, file["id"])
        assert (served.status_code, served.content) == (200, PNG), name
    for stranger in ("school", "village", "nobody", None):
        assert (await place.fetch(stranger, file["id"])).status_code == 404, stranger
    headers = (await place.fetch("community", file["id"])).headers
    assert headers["content-type"] == "image/png"
    assert headers["content-disposition"].startswith("attachment; filename=")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert "private" in headers["cache-control"]
    assert "passwd" not in str(headers)


async def test_a_file_that_arrives_slowly_keeps_nobody_else_waiting(
    here: Neighbourhood, tmp_path: Path
) -> None:
    settings = Settings(requests_at_once=1, requests_waiting=0, connections_per_caller=1)
    hub = Hub(here.graph, settings, Tokens("k" * 64))
    arrived, went_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncGenerator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        arrived.set()
        await went_on.wait()
        yield PNG + b"\r\n--b--\r\n"

    account = here.viewer("unit").account_id or ""
    headers = {"Authorization": f"Bearer {hub.token(account)}"}
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    transport = httpx.ASGITransport(create_app(hub, contents=DirectoryContents(tmp_path / "files")))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://hub.test", headers=headers
    ) as client:
        sending = asyncio.create_task(client.post("/files", content=slowly(), headers=form))
        await arrived.wait()
        answer = await client.post("/graphql", json={"query": "{ viewer { language } }"})
        second = await client.post("/files", files={"file": ("b.png", PNG)})
        went_on.set()
        sent = await sending
    assert answer.status_code == 200
    assert (second.status_code, second.json()["errors"][0]["extensions"]["what"]) == (
        429,
        "CONNECTIONS",
    )
    assert sent.status_code == 201
    hub.graph.telemetry = None


async def test_a_part_of_a_file_is_served(place: Place) -> None:
    file = (await place.upload("unit", PDF)).json()
    for written, part in (("bytes=0-3", PDF[:4]), ("bytes=5-", PDF[5:]), ("bytes=-7", PDF[-7:])):
        served = await place.fetch("unit", file["id"], Range=written)
        assert (served.status_code, served.content) == (206, part)
    for written in ("lines=0-3", "bytes=0-1,3-4", "bytes=5-2", "bytes=-", "0-3"):
        whole = await place.fetch("unit", file["id"], Range=written)
        assert (whole.status_code, whole.content) == (200, PDF), written
    for written in (f"bytes={len(PDF)}-", f"bytes={'9' * 5000}-", "bytes=-0"):
        refused = await place.fetch("unit", file["id"], Range=written)
        told = (refused.status_code, refused.headers["content-range"])
        assert told == (416, f"bytes */{len(PDF)}"), written
    served = await place.fetch("unit", file["id"], Range=f"bytes=5-{'9' * 5000}")
    assert (served.status_code, served.content) == (206, PDF[5:])


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"<html><script>alert(1)</script>", 415, "BAD_INPUT"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "BAD_INPUT"),
        (b"MZ" + b"\x00" * 100, 415, "BAD_INPUT"),
        (b"", 415, "BAD_INPUT"),
        (PDF.ljust(MOST + 1), 413, "LIMIT_EXCEEDED"),
        (PDF.ljust(MOST + 50_000), 413, "LIMIT_EXCEEDED"),
    ],
)
async def test_what_is_not_taken_leaves_no_trace(
    place: Place, content: bytes, status: int, code: str
) -> None:
    before = await dump(place.here.graph)
    refused = await place.upload("unit", content)
    assert refused.status_code == status
    assert refused.json()["errors"][0]["extensions"]["code"] == code
    assert await dump(place.here.graph) == before


async def test_a_file_as_large_as_allowed_is_taken(place: Place) -> None:
    assert (await place.upload("unit", PDF.ljust(MOST))).status_code == 201


@pytest.mark.parametrize(("name", "status"), [(None, 401), ("nobody", 403)])
async def test_who_has_no_role_uploads_nothing(place: Place, name: str | None, status: int) -> None:
    before = await dump(place.here.graph)
    assert (await place.upload(name, PNG)).status_code == status
    assert await dump(place.here.graph) == before


async def test_what_is_uploaded_and_not_attached_has_a_quota(place: Place) -> None:
    content = PDF.ljust(MOST)
    statuses = [(await place.upload("branch", content)).status_code for _ in range(4)]
    while statuses and statuses[0] == 201:
        del statuses[0]
    assert set(statuses) == {429}


async def test_only_ones_own_upload_becomes_evidence_and_only_once(place: Place) -> None:
    claim_id, other = await place.claim(), await place.claim()
    file = (await place.upload("unit", PNG)).json()["id"]
    theirs = (await place.upload("school", PNG)).json()["id"]
    early = await place.claim(ClaimState.PROPOSED)
    before = await dump(place.here.graph)
    assert (await place.attach("community", claim_id, file))["code"] == "FORBIDDEN"
    assert (await place.attach("unit", claim_id, theirs))["code"] == "NOT_FOUND"
    assert (await place.attach("unit", early, file))["code"] == "STATE_REFUSED"
    assert (await place.attach("unit", claim_id))["code"] == "BAD_INPUT"
    assert (await place.attach("unit", new_id(), file))["code"] == "NOT_FOUND"
    assert await dump(place.here.graph) == before
    assert "claim" in await place.attach("unit", claim_id, file)
    assert (await place.attach("unit", other, file))["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    "path", ["..%2F..%2Ftoken.key", "..", "%2e%2e%2f", "RXZpZGVuY2VGaWxlOi4uLy4uL3g="]
)
async def test_no_path_leads_out(place: Place, path: str) -> None:
    async with place.client("admin") as client:
        answer = await client.get(f"/files/{path}", follow_redirects=True)
        assert answer.status_code in {404, 405}
    with pytest.raises(ValueError, match="not a hash"):
        key_of("../" * 20, "x")


async def test_what_nobody_attached_is_swept(place: Place) -> None:
    claim_id = await place.claim()
    kept = (await place.upload("unit", PNG)).json()
    await place.attach("unit", claim_id, kept["id"])
    left = (await place.upload("unit", PNG)).json()
    settings = place.hub.settings.model_copy(update={"file_hours": 0})
    place.hub.settings = settings
    real = place.hub.clock
    place.hub.clock = lambda: real() + timedelta(seconds=5)
    application = create_app(place.hub, contents=place.contents)
    assert await application.state.files.sweep() >= 1
    place.hub.clock = real
    assert (await place.fetch("unit", kept["id"])).content == PNG
    assert (await place.fetch("unit", left["id"])).status_code == 404
    key = key_of(left["sha256"], parse_global_id(left["id"], ("EvidenceFile",))[1])
    with pytest.raises(Exception, match=r".+"):
        await place.contents.get(key, 0, 1)


def exif(tag: int, order: str = "<") -> bytes:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(f"{order}IHHHI", 8, 1, tag, 4, 1) + struct.pack(f"{order}I", 26)


def test_an_image_that_says_where_it_was_taken_is_found() -> None:
    for order in "<>":
        for mark in (b"Exif\0\0", b"eXIf", b"EXIF\x20\0\0\0"):
            assert says_where(b"image" + mark + exif(0x8825, order))
            assert not says_where(b"image" + mark + exif(0x0112, order))
    assert says_where(b"<x:xmpmeta exif:GPSLatitude='40,9N'>")
    assert not says_where(PNG)


async def test_an_image_with_a_place_is_refused(place: Place) -> None:
    refused = await place.upload("unit", PNG + b"eXIf" + exif(0x8825))
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["extensions"]["expected"] == text(
        "expected.no_location", Language.ZH
    )


@pytest.mark.parametrize("place", ["directory"], indirect=True)
async def test_a_file_that_cannot_be_looked_up_is_not_said_to_be_missing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = (await place.upload("unit", PNG)).json()
    problems: list[tuple[Exception, int]] = [
        (StatementTimedOut(limit=1.0), 503),
        (EngineUnavailable(problem="unreachable", address="x", reason="gone"), 503),
        (ZeroDivisionError(), 500),
    ]
    for problem, status in problems:

        async def fail(*_: object, problem: Exception = problem) -> None:
            raise problem

        monkeypatch.setattr(place.hub.graph, "read_single", fail)
        answer = await place.fetch("unit", file["id"])
        assert (answer.status_code, "Retry-After" in answer.headers) == (status, status == 503)
    monkeypatch.undo()
    assert (await place.fetch("unit", file["id"])).content == PNG
    assert (await place.fetch("unit", "nobody")).status_code == 404
