"""What a load may touch: an administrator's anything, another's only what lies in its area."""

from collections.abc import Sequence

from domain.errors import SheetError
from domain.records import Area
from graph import loading
from graph.driver import Graph
from resolvers.loading_names import KnownArea, Names
from resolvers.loading_pieces import Piece

AGENTS = ("Unit", "PartyBranch", "Member")


async def within_scope(
    graph: Graph,
    pieces: Sequence[Piece],
    names: Names,
    scope: KnownArea,
    errors: list[SheetError],
) -> list[Piece]:
    """Return the pieces that lie in the scope; of the others the rows become errors.

    Areas above the scope may be named, and stay as they are.
    """
    foreign = await _agents_elsewhere(graph, pieces, names, scope)
    kept: list[Piece] = []
    for piece in pieces:
        if isinstance(piece.node, Area) and not piece.node.path.startswith(scope.path):
            if piece.id in names.in_graph:
                continue
            foreign.add(piece.id)
        ends = {end for others in piece.links.values() for end in others}
        if piece.id not in foreign and not ends & foreign:
            kept.append(piece)
            continue
        foreign.add(piece.id)
        if piece.origin is not None:
            errors.append(piece.origin.error("outside_scope", value=piece.name))
    return kept


async def _agents_elsewhere(
    graph: Graph, pieces: Sequence[Piece], names: Names, scope: KnownArea
) -> set[str]:
    """Return the agents that are in the graph, and not in the scope."""
    foreign: set[str] = set()
    for kind in AGENTS:
        unknown = sorted(p.id for p in pieces if p.kind == kind and p.id not in names.in_graph)
        foreign |= (await loading.read_nodes(graph.read, kind, unknown)).keys()
    members = sorted(p.id for p in pieces if p.kind == "Member" and p.id in foreign)
    for row in await graph.read(loading.MEMBER_PLACES, ids=members):
        paths = [*row["lives"], *row["works"], *row["belongs"]]
        if any(path.startswith(scope.path) for path in paths):
            foreign.discard(row["id"])
    return foreign
