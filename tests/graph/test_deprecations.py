"""The tests hear what the server says is deprecated."""

import pytest

from graph.driver import Graph
from graph.endpoint import Dialect
from graph.statements import CompiledStatement

pytestmark = [pytest.mark.anyio, pytest.mark.unrecorded]

DEPRECATED = CompiledStatement("MATCH (n:Unit) RETURN id(n) AS id")


async def test_a_deprecated_form_fails_a_test_on_neo4j(graph: Graph, dialect: Dialect) -> None:
    if dialect is Dialect.EMBEDDED:
        assert await graph.read(DEPRECATED) == []
        return
    with pytest.raises(DeprecationWarning, match="deprecated"):
        await graph.read(DEPRECATED)
