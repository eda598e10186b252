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
    """Return the agents and alliances that are in the graph, and not in the scope.

    Members among them that rows only name: whoever could tie any member of the district to an
    own community by its number would come to know of it.
    """
    foreign: set[str] = set()
    for kind in AGENTS:
        unknown = sorted(p.id for p in pieces if p.kind == kind and p.id not in names.in_graph)
        foreign |= (await loading.read_nodes(graph.read, kind, unknown)).keys()
    stated = {piece.id for piece in pieces}
    ends = {end for piece in pieces for others in piece.links.values() for end in others}
    foreign |= ends & names.members - stated
    named = names.members | {piece.id for piece in pieces if piece.kind == "Member"}
    members = sorted(foreign & named)
    for row in await graph.read(loading.MEMBER_PLACES, ids=members):
        paths = [*row["lives"], *row["works"], *row["belongs"], *row["belongsAtWork"]]
        if any(path.startswith(scope.path) for path in paths):
            foreign.discard(row["id"])
    for row in await graph.read(loading.ALLIANCE_PLACES, ids=sorted(names.alliances)):
        if not all(path.startswith(scope.path) for path in row["lies"]):
            foreign.add(row["id"])
    return foreign
