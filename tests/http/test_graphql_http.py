import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.datastructures import Headers
from structlog.testing import capture_logs

from domain.errors import EngineUnavailable, LimitError, NotSignedIn, Overloaded, RateExceeded
from domain.language import Language, Phrase
from domain.limits import Rate
from server.graphql_http import GraphQLAnswer, GraphQLEndpoint, GraphQLRequest, Unguarded

pytestmark = pytest.mark.anyio
GRAPHQL_JSON = "application/graphql-response+json"
LIMIT = 2_000


class Recorder:
    """Stands for the executor: remembers what reached it."""

    def __init__(self) -> None:
        self.seen: list[tuple[GraphQLRequest, Language, bool]] = []

    async def __call__(
        self,
        request: GraphQLRequest,
        headers: Headers,
        language: Language,
        mutations: bool,
    ) -> GraphQLAnswer:
        self.seen.append((request, language, mutations))
        query = request.query or ""
        if "fail" in query:
            raise RuntimeError("secret")
        if "graph" in query:
            raise EngineUnavailable(problem="unreachable", address="bolt://secret:1", reason="gone")
        if headers.get("authorization"):
            raise NotSignedIn(reason=Phrase("reason.token_invalid"))
        return GraphQLAnswer(b'{"data":{}}', refused="refuse" in query, only_post="change" in query)


class Caller:
    def __init__(self) -> None:
        self.executor = Recorder()
        endpoint = GraphQLEndpoint(self.executor, max_body_bytes=LIMIT, language=Language.ZH)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(endpoint), base_url="http://hub.test"
        )

    async def post(self, content: object, **headers: str) -> httpx.Response:
        fields = {"Content-Type": "application/json"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        if isinstance(content, bytes):
            return await self.http.post("/graphql", content=content, headers=fields)
        return await self.http.post("/graphql", json=content, headers=fields)


async def test_a_query_reaches_the_executor_by_post_and_by_get() -> None:
    caller = Caller()
    body = {"query": "{a}", "variables": {"x": 1}, "operationName": "N"}
    assert (await caller.post(body)).json() == {"data": {}}
    await caller.http.get(
        "/graphql", params={"query": "{a}", "variables": '{"x":1}', "operationName": "N"}
    )
    expected = GraphQLRequest("{a}", {"x": 1}, "N")
    assert [(request, may) for request, _, may in caller.executor.seen] == [
        (expected, True),
        (expected, False),
    ]


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"{", "body"),
        (b"[]", "body"),
        (b"\xff\xfe", "body"),
        ({}, "query"),
        ({"query": 1}, "query"),
        ({"query": " "}, "query"),
        ({"query": "{a}", "variables": [1]}, "variables"),
        ({"query": "{a}", "operationName": 1}, "operationName"),
        ({"query": "{a}", "extensions": "x"}, "extensions"),
        ({"query": "{a}", "extensions": {"language": "fr"}}, "extensions.language"),
        ({"query": "{a}", "extensions": {"language": ["en"]}}, "extensions.language"),
        ({"documentId": 1}, "documentId"),
        ({"query": "{a}", "documentId": ""}, "documentId"),
        ({"extensions": {"persistedQuery": "x"}}, "extensions.persistedQuery"),
        ({"extensions": {"persistedQuery": {"version": 1}}}, "extensions.persistedQuery"),
        ({"extensions": {}}, "query"),
    ],
)
async def test_a_request_that_is_not_well_formed_is_named(content: object, field: str) -> None:
    caller = Caller()
    answer = await caller.post(content)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["extensions"]["code"], error["extensions"]["field"]) == ("BAD_INPUT", field)
    assert caller.executor.seen == []


async def test_a_body_is_read_up_to_the_limit() -> None:
    caller = Caller()
    body = b'{"query":"{a}"}'
    assert (await caller.post(body.ljust(LIMIT))).status_code == 200
    refused = await caller.post(body.ljust(LIMIT + 1))
    assert refused.status_code == 413
    (error,) = refused.json()["errors"]
    assert error["extensions"] == {
        "code": "LIMIT_EXCEEDED",
        "what": "BODY",
        "asked": LIMIT + 1,
        "limit": LIMIT,
    }


async def test_a_body_that_does_not_arrive_is_not_waited_for() -> None:
    recorder = Recorder()
    endpoint = GraphQLEndpoint(
        recorder, max_body_bytes=LIMIT, language=Language.EN, body_seconds=0.05
    )

    async def trickle() -> AsyncGenerator[bytes]:
        yield b'{"query":'
        await asyncio.Event().wait()

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(endpoint), base_url="http://hub.test"
    ) as http:
        answer = await http.post(
            "/graphql", content=trickle(), headers={"Content-Type": "application/json"}
        )
    assert (answer.status_code, recorder.seen) == (408, [])


async def test_batches_are_refused_in_words() -> None:
    answer = await Caller().post([{"query": "{a}"}, {"query": "{b}"}], Accept_Language="en")
    assert answer.status_code == 400
    assert "batches" in answer.json()["errors"][0]["message"]


async def test_a_document_may_be_named_by_its_id() -> None:
    caller = Caller()
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": "abc"}}
    for body in ({"documentId": "abc"}, {"extensions": persisted}):
        assert (await caller.post(body)).status_code == 200
    await caller.http.get("/graphql", params={"documentId": "abc"})
    assert {request for request, _, _ in map(_named, caller.executor.seen)} == {"abc"}


def _named(seen: tuple[GraphQLRequest, Language, bool]) -> tuple[str | None, Language, bool]:
    request, language, mutations = seen
    assert request.query is None
    return request.document_id, language, mutations


async def test_a_limit_that_is_reached_says_when_to_come_again() -> None:
    refusals: list[LimitError] = [
        Overloaded(retry_after=1),
        RateExceeded(what=Rate.TOKEN, limit=5, seconds=60, retry_after=42),
    ]

    class Refusing(Unguarded):
        @asynccontextmanager
        async def turn(self, address: str, headers: Headers) -> AsyncGenerator[None]:
            assert (address, headers["content-type"]) == ("127.0.0.1", "application/json")
            raise refusals[0]
            yield

    recorder = Recorder()
    endpoint = GraphQLEndpoint(
        recorder, max_body_bytes=LIMIT, language=Language.EN, guard=Refusing()
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(endpoint), base_url="http://hub.test"
    ) as http:
        busy = await http.post("/graphql", json={"query": "{a}"})
        del refusals[0]
        fast = await http.post("/graphql", json={"query": "{a}"})
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "1")
    assert busy.json()["errors"][0]["extensions"] == {"code": "OVERLOADED", "retryAfter": 1}
    assert (fast.status_code, fast.headers["retry-after"]) == (429, "42")
    assert fast.json()["errors"][0]["extensions"]["what"] == "TOKEN"
    assert recorder.seen == []


async def test_other_methods_and_types_are_refused() -> None:
    caller = Caller()
    refused = await caller.http.put("/graphql", json={"query": "{a}"})
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")
    assert (await caller.http.post("/graphql", content=b"{a}")).status_code == 415
    assert (await caller.post({"query": "{a}"}, Accept="text/html")).status_code == 406


async def test_the_media_type_decides_the_status_of_a_refused_document() -> None:
    caller = Caller()
    new = await caller.post({"query": "{refuse}"}, Accept=GRAPHQL_JSON)
    old = await caller.post({"query": "{refuse}"}, Accept="application/json")
    assert (new.status_code, new.headers["content-type"]) == (400, f"{GRAPHQL_JSON}; charset=utf-8")
    assert (old.status_code, old.headers["content-type"]) == (
        200,
        "application/json; charset=utf-8",
    )


async def test_what_only_post_may_do_is_told_to_others() -> None:
    caller = Caller()
    for accept in (GRAPHQL_JSON, "application/json"):
        answer = await caller.http.get(
            "/graphql", params={"query": "mutation{change}"}, headers={"Accept": accept}
        )
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_the_language_is_the_first_one_we_speak() -> None:
    caller = Caller()
    for header in ("fr, en-GB;q=0.8", "zh-CN", "fr"):
        await caller.post({"query": "{a}"}, Accept_Language=header)
    assert [language for _, language, _ in caller.executor.seen] == ["en", "zh", "zh"]


async def test_a_bad_token_is_401_in_the_readers_language() -> None:
    answer = await Caller().post({"query": "{a}"}, Authorization="Bearer x", Accept_Language="en")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "NOT_SIGNED_IN"
    assert "not one of ours" in error["message"]


@pytest.mark.parametrize(
    ("query", "status", "code", "retry"),
    [
        ("{graph}", 503, "ENGINE_UNAVAILABLE", "5"),
        ("{fail}", 500, "INTERNAL_ERROR", None),
    ],
)
async def test_what_fails_within_the_hub_is_said_as_json_and_logged(
    query: str, status: int, code: str, retry: str | None
) -> None:
    with capture_logs() as logged:
        answer = await Caller().post({"query": query}, Accept=GRAPHQL_JSON)
    assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry)
    assert answer.headers["content-type"] == f"{GRAPHQL_JSON}; charset=utf-8"
    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"code": code}
    assert "secret" not in answer.text
    assert [entry["log_level"] for entry in logged] == ["error"]
