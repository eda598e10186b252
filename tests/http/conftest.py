"""What the tests over HTTP share."""

from collections.abc import Generator

import pytest

from graph.endpoint import Dialect
from tests.engines.own_engine import OwnEngine, own_engine_of


@pytest.fixture(scope="session")
def own_engine(dialect: Dialect, tmp_path_factory: pytest.TempPathFactory) -> Generator[OwnEngine]:
    """An engine beside that of the run, to be stopped and killed: it takes long to start."""
    with own_engine_of(dialect, tmp_path_factory.mktemp("own")) as engine:
        yield engine
