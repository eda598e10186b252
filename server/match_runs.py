"""Matching runs of one process: takes runs that nobody works on, one after the other."""

import asyncio

import structlog

from domain.clock import Clock
from domain.errors import DomainError, EngineError
from graph.driver import Graph
from resolvers.background import Background
from resolvers.match_run_holding import Taken, Working, take
from resolvers.match_run_work import work_on

TURN_SECONDS = 1.0
"""Between looks for a run."""
log = structlog.get_logger()


class MatchRuns:
    """Works on runs for as long as the hub serves, in turn with the other hubs of the graph."""

    def __init__(self, graph: Graph, working: Working, clock: Clock) -> None:
        self._graph = graph
        self._clock = clock
        self.working = working
        self._looking = Background(self._run)

    def start(self) -> None:
        """Begin to look for runs."""
        self._looking.start()

    async def stop(self) -> None:
        """Stop; another hub takes the run that is under way at once."""
        await self._looking.stop()

    async def _run(self) -> None:
        while True:
            try:
                taken = await take(self._graph, self.working, clock=self._clock)
                if taken is not None:
                    await self._work_on(taken)
                    continue
            except EngineError as error:
                log.warning("matching runs wait for the graph", code=error.code)
            except Exception:
                # Nobody waits for this task: without a word here no run would be worked on.
                log.exception("matching runs cannot be taken")
            await asyncio.sleep(TURN_SECONDS)

    async def _work_on(self, taken: Taken) -> None:
        run_id = taken.run.id
        try:
            done = await work_on(self._graph, taken, self.working, clock=self._clock)
        except EngineError:
            raise
        except DomainError as error:
            log.warning("a matching run failed", run=run_id, code=error.code)
        except Exception:
            log.exception("a matching run failed", run=run_id)
        else:
            log.info("a matching run ended here", run=run_id, done=done is not None)
