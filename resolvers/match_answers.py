"""Answers to proposals, from which the weights of the score can be learnt."""

from domain.access import Viewer
from domain.claims import REMEMBERED, TAKEN
from domain.clock import Clock, system_clock
from domain.vocabulary import ProposalState
from graph import accounts, match_answers
from graph.driver import Graph
from graph.match_answers import AnswerRow
from matching.documents import read_reasons
from matching.fitting import Answer
from resolvers.claims_common import caller_of
from resolvers.matching import area_path, check_coordinates


async def past_answers(
    graph: Graph, *, viewer: Viewer, area_id: str | None = None, clock: Clock = system_clock
) -> list[Answer]:
    """Return what became of proposals for orders of an area, of all without one.

    Proposals that nobody has answered are left out, and claims that were withdrawn, that expired
    or were cancelled: they do not say what was wanted. Raises NotSignedIn, Forbidden, NotFound.
    """
    present = await accounts.viewer(graph.read, caller_of(viewer), clock())
    path = await area_path(graph.read, area_id)
    check_coordinates(present, path, "MATCHING_RUN")
    rows = await match_answers.answers(graph.read, path)
    return [
        Answer(
            group=row.order_id,
            values={part.name: part.value for part in read_reasons(row.reasons)[0]},
            accepted=taken,
        )
        for row in rows
        if (taken := was_taken(row)) is not None
    ]


def was_taken(row: AnswerRow) -> bool | None:
    """Return whether the proposal was wanted by both sides, None where that is not known."""
    if row.state is ProposalState.REJECTED or row.claim_state in REMEMBERED:
        return False
    return True if row.claim_state in TAKEN else None
