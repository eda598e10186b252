"""Files into the graph: reads their sheets and loads what they say."""

from collections.abc import Callable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from domain.access import Viewer
from domain.availability import DEFAULT_TIME_ZONE
from domain.clock import Clock
from domain.identity import new_id
from domain.inventory import SheetContent
from graph.driver import Graph
from resolvers import loading
from resolvers.loading_report import LoadReport
from seed.reading import read_file


def no_progress(_stage: str, _done: int, _total: int) -> None:
    """Tell nobody."""


async def load(
    graph: Graph,
    files: Sequence[Path],
    *,
    viewer: Viewer,
    area: str | None = None,
    dry_run: bool = False,
    clock: Clock,
    ids: Callable[[], str] = new_id,
    progress: loading.Progress = no_progress,
) -> LoadReport:
    """Load files: workbooks and csv files of any of the known kinds of sheet.

    `area` (a code or a name) places what a sheet does not. What is wrong with a file, a sheet or
    a row is an error of the report, and everything else is loaded. Raises NotSignedIn, Forbidden,
    NotFound for an unknown area, and EngineUnavailable.
    """
    today = clock().astimezone(ZoneInfo(DEFAULT_TIME_ZONE)).date()
    sheets = list[SheetContent]()
    for done, path in enumerate(files):
        progress("loading.progress.read", done, len(files))
        sheets.extend(read_file(path, today))
    progress("loading.progress.read", len(files), len(files))
    return await loading.load(
        graph,
        sheets,
        viewer=viewer,
        area=area,
        dry_run=dry_run,
        clock=clock,
        ids=ids,
        progress=progress,
    )
