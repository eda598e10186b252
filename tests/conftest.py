"""The engines of the tests: `--engine embedded` (default) or `--engine neo4j`.

`graph` is an open, migrated, empty graph, one per module; a test that asks for it runs on both
engines. `engine_settings` are the settings behind it, `engine_environment` the same as variables,
for tests that start hubs as processes.
"""

from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from graph.driver import Graph
from graph.embedded import EmbeddedEngine, EmbeddedSettings
from graph.endpoint import Dialect, DriverLimits
from graph.engine import EngineSettings, open_graph
from graph.migrations import migrate
from server.process import keep_what_is_there
from tests.engines import recordings
from tests.engines.brief import BRIEF, run_briefly
from tests.engines.neo4j_server import PLANNED_ONCE, Server, neo4j_server
from tests.engines.recording import Recording
from tests.engines.wiping import ASTRAY, wipe

ASKED_OF_NEO4J = {"visitor", "coordinator", "both"}
"""The callers of the query suite on Neo4j itself; the recording asks it for the others."""
OF_THE_GRAPH = {"graph", "engine_settings", "engine_environment", "engine_server", "own_engine"}
LIMITS = DriverLimits(warn_of_deprecations=True)
RECORDED_IN: pytest.StashKey[Path | None] = pytest.StashKey()
RECORDING: pytest.StashKey[Recording] = pytest.StashKey()
MADE_OF: pytest.StashKey[str] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        choices=("embedded", "neo4j"),
        default="embedded",
        help="the engine of the graph tests; neo4j runs only them",
    )
    parser.addoption(
        "--clients",
        action="store_true",
        help="run only what uses other people's clients and browsers (Node.js, Chromium)",
    )
    parser.addoption(
        "--walk",
        action="store_true",
        help="run only the walk of the whole schema by every role, which asks very much",
    )
    parser.addoption(
        "--record",
        metavar="DIRECTORY",
        help="write there what the tests ask of the graph and what it answers",
    )


def pytest_configure(config: pytest.Config) -> None:
    run_briefly()
    config.addinivalue_line("markers", "both_engines: compares the embedded engine with Neo4j")
    config.addinivalue_line("markers", "clients: needs Node.js with packages, or Chromium")
    config.addinivalue_line(
        "markers",
        "walk: asks thousands of statements of its own; `always` is what every run on the embedded "
        "engine has of it",
    )
    config.addinivalue_line(
        "markers",
        "unrecorded: changes the graph from elsewhere, or beside reads, so that what it asks "
        "cannot be asked again in one order",
    )
    config.stash[RECORDED_IN] = _recorded_in(config)


def _recorded_in(config: pytest.Config) -> Path | None:
    """Return where the run records: where it is told to, or, run without options, in its cache."""
    directory = config.getoption("--record")
    if isinstance(directory, str):
        return Path(directory)
    if config.invocation_params.args:
        return None
    kept = config.cache.mkdir("recordings")
    recordings.begin(kept)
    config.stash[MADE_OF] = recordings.fingerprint()
    return kept


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keep the recordings of a run in which all was well."""
    directory = session.config.stash[RECORDED_IN]
    if directory is not None and MADE_OF in session.config.stash and exitstatus == 0:
        recordings.complete(directory, session.config.stash[MADE_OF])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the chosen engine has no use for, and order the rest.

    What is not recorded ends its module; what compares the engines ends the run, when a run on the
    embedded engine beside it is likely to have ended and left its recordings.
    """
    keep_what_is_there()
    chosen = [(item, _chosen(config, item)) for item in items]
    config.hook.pytest_deselected(items=[item for item, is_chosen in chosen if not is_chosen])
    modules = {item.path: number for number, item in reversed([*enumerate(items)])}
    items[:] = sorted(
        (item for item, is_chosen in chosen if is_chosen),
        key=lambda item: (
            item.get_closest_marker("both_engines") is not None,
            modules[item.path],
            item.get_closest_marker("unrecorded") is not None,
        ),
    )


def _chosen(config: pytest.Config, item: pytest.Item) -> bool:
    of_the_graph = isinstance(item, pytest.Function) and bool(
        OF_THE_GRAPH.intersection(item.fixturenames)
    )
    if bool(config.getoption("--clients")) != (item.get_closest_marker("clients") is not None):
        return False
    if not _walked(config, item):
        return False
    caller = _caller(item)
    if config.getoption("--engine") == "neo4j":
        return of_the_graph and (caller is None or caller in ASKED_OF_NEO4J)
    left_out = {"both_engines"}
    if config.getoption("--record") and not (of_the_graph and _asks_what_neo4j_is_asked(item)):
        return False
    return left_out.isdisjoint(marker.name for marker in item.iter_markers())


def _walked(config: pytest.Config, item: pytest.Item) -> bool:
    """Whether it is of the walk, where that is asked for, or what every run has of it."""
    walk = item.get_closest_marker("walk")
    if config.getoption("--walk"):
        return walk is not None
    always = walk is not None and walk.kwargs.get("always", False)
    return walk is None or (always and config.getoption("--engine") == "embedded")


def _asks_what_neo4j_is_asked(item: pytest.Item) -> bool:
    """Whether it is recorded: it asks in one order, and is not run on Neo4j as it stands."""
    return item.get_closest_marker("unrecorded") is None and _caller(item) not in ASKED_OF_NEO4J


def _caller(item: pytest.Item) -> object:
    specification = getattr(item, "callspec", None)
    return None if specification is None else specification.params.get("caller")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """Which engine the tests run on."""
    return Dialect[str(request.config.getoption("--engine")).upper()]


@pytest.fixture(scope="session")
def engine_server(
    dialect: Dialect, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Server | EmbeddedEngine]:
    """One running engine for the whole run."""
    if dialect is Dialect.NEO4J:
        with neo4j_server(PLANNED_ONCE) as server:
            yield server
        return
    directory = tmp_path_factory.mktemp("engine")
    engine = EmbeddedEngine(EmbeddedSettings(directory=directory, java_options=BRIEF))
    try:
        engine.attach()
        yield engine
    finally:
        engine.detach()


@pytest.fixture(scope="session")
def engine_settings(engine_server: Server | EmbeddedEngine) -> EngineSettings:
    """The settings of the graph: one for the whole run, empty at the beginning of each module."""
    if isinstance(engine_server, EmbeddedEngine):
        return EngineSettings(data_directory=engine_server.directory, limits=LIMITS)
    return EngineSettings(
        uri=engine_server.uri,
        user=engine_server.user,
        password=engine_server.password,
        database=engine_server.database,
        limits=LIMITS,
    )


@pytest.fixture(scope="module")
def engine_environment(
    engine_settings: EngineSettings, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The settings of this module's graph as variables of a hub's process."""
    if engine_settings.uri is None:
        return {
            "RENLING_DATA_DIRECTORY": str(engine_settings.data_directory),
            "RENLING_EMBEDDED_DATABASE": engine_settings.embedded_database,
        }
    return {
        "RENLING_NEO4J_URI": engine_settings.uri,
        "RENLING_NEO4J_USER": engine_settings.user,
        "RENLING_NEO4J_PASSWORD": engine_settings.password,
        "RENLING_NEO4J_DATABASE": engine_settings.database,
        "RENLING_DATA_DIRECTORY": str(tmp_path_factory.mktemp("hub")),
    }


@pytest.fixture(scope="module")
async def graph(
    anyio_backend: str, engine_settings: EngineSettings, request: pytest.FixtureRequest
) -> AsyncGenerator[Graph]:
    """An open, migrated, empty graph."""
    async with open_graph(engine_settings) as opened:
        await wipe(opened)
        await migrate(opened)
        with _recorded(opened, request):
            yield opened
        assert await opened.read(ASTRAY) == [{"astray": []}]


@contextmanager
def _recorded(opened: Graph, request: pytest.FixtureRequest) -> Generator[None]:
    """Record what a module asks, where the run is asked to or is whole."""
    directory = request.config.stash[RECORDED_IN]
    module = request.path.relative_to(recordings.ROOT)
    if directory is None or not any(module.is_relative_to(each) for each in recordings.SUITES):
        yield
        return
    with Recording(directory / f"{request.module.__name__}.jsonl") as recording:
        request.config.stash[RECORDING] = recording
        opened.recorders.append(recording)
        yield
        opened.recorders.clear()
        del request.config.stash[RECORDING]


@pytest.fixture(autouse=True)
def _recorded_or_not(request: pytest.FixtureRequest) -> Generator[None]:
    """Pause the recording for one test; what its module prepares is recorded before."""
    recording = request.config.stash.get(RECORDING, None)
    if recording is None or _asks_what_neo4j_is_asked(request.node):
        yield
        return
    recording.paused = True
    yield
    recording.paused = False
