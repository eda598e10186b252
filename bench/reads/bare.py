"""The least that can answer: the driver, the best statement written by hand, a JSON encoder.

No GraphQL, no caller, no limits: what a read costs at least with this driver, engine and server.
Answers are lists without names, as the record has them.
"""

import json
import os
import socket
from typing import Any, LiteralString

import neo4j
import orjson
import uvicorn
import uvloop

READ = neo4j.READ_ACCESS
EMBEDDED = "RENLING_NEO4J_URI" not in os.environ

STATEMENTS: dict[str, LiteralString] = {
    "unit": """MATCH (u:Unit {id: $id})
RETURN [u.id, u.name, u.kind, COLLECT {
    MATCH (u)-[:OFFERS]->(o:ResourceOffer) WITH o ORDER BY o.sortKey LIMIT 10
    RETURN [o.id, o.title, o.capacity, o.measure, o.state] }] AS row""",
    "page": """MATCH (o:ResourceOffer) WHERE o.sortKey > $after WITH o ORDER BY o.sortKey LIMIT 100
RETURN collect([o.id, o.title, o.capacity, o.state,
    head([(o)<-[:OFFERS]-(u:Unit) | [u.id, u.name,
        head([(u)<-[:OF_UNIT]-(b:PartyBranch) | [b.id, b.name]])]]),
    head([(o)-[:OFFER_CATEGORY]->(c:Category) | [c.code, c.name]])]) AS row""",
    "levels": """MATCH (a:Area {id: $id})
RETURN [a.id, a.name, COLLECT {
    MATCH (a)<-[:LOCATED_IN]-(u:Unit) WITH u ORDER BY u.sortKey LIMIT 100
    RETURN [u.id, u.name, COLLECT {
        MATCH (u)-[:OFFERS]->(o:ResourceOffer) WITH o ORDER BY o.sortKey LIMIT 10
        RETURN [o.id, o.title, o.capacity] }] }] AS row""",
    "count": """MATCH (o:ResourceOffer {state: $state}) RETURN count(o) AS row""",
    "search": """CALL db.index.fulltext.queryNodes('ResourceOffer[search]', $words) YIELD node
WITH node ORDER BY node.sortKey LIMIT 20
RETURN collect([node.id, node.title]) AS row""",
    "relation": """MATCH (:Area {id: $id})<-[:OFFER_AT]-(o:ResourceOffer)
WITH o ORDER BY o.sortKey LIMIT 20 RETURN collect([o.id, o.title]) AS row""",
}

ROWS: dict[str, LiteralString] = {
    "page": """MATCH (o:ResourceOffer) WHERE o.sortKey > $after
RETURN [o.id, o.title, o.capacity, o.state,
    head([(o)<-[:OFFERS]-(u:Unit) | [u.id, u.name,
        head([(u)<-[:OF_UNIT]-(b:PartyBranch) | [b.id, b.name]])]]),
    head([(o)-[:OFFER_CATEGORY]->(c:Category) | [c.code, c.name]])] AS row
ORDER BY o.sortKey LIMIT 100""",
}
"""On the embedded engine: it reads along an index only where ordering and limit end a statement."""

state: dict[str, neo4j.AsyncDriver] = {}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer `{"name": statement, "variables": parameters}`."""
    if scope["type"] == "lifespan":
        await receive()
        state["driver"] = neo4j.AsyncGraphDatabase.driver(  # pyright: ignore[reportUnknownMemberType]
            os.environ["BENCH_URI"],
            auth=(os.environ["BENCH_USER"], os.environ["BENCH_PASSWORD"]),
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await state["driver"].close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    asked = orjson.loads(body)
    async with state["driver"].session(  # pyright: ignore[reportUnknownMemberType]
        database=os.environ["BENCH_DATABASE"], default_access_mode=READ, fetch_size=-1
    ) as session:
        by_rows = EMBEDDED and asked["name"] in ROWS
        statement = (ROWS if by_rows else STATEMENTS)[asked["name"]]
        result = await session.run(statement, asked["variables"])
        found = [record["row"] async for record in result]
    encoded = orjson.dumps(found if by_rows else found[0])
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(encoded)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": encoded})


def main() -> None:
    """Serve on a free port of the loopback, and say which, with the hub's own server."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    uvloop.run(server.serve(sockets=[listener]))


if __name__ == "__main__":
    main()
