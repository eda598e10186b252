"""What the log says in more than one place."""

import structlog

from domain.errors import EngineError

log = structlog.get_logger()


def graph_failed(error: EngineError) -> None:
    """Say why the graph could not be used: where it is and what it said is no client's business."""
    log.error("the graph failed", code=error.code, problem=str(error))
