import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS: list[str] = PROJECT["tool"]["importlinter"]["root_packages"]


@pytest.mark.parametrize("room", ROOMS)
def test_no_installed_distribution_owns_a_room(room: str) -> None:
    assert set(packages_distributions().get(room, [])) <= {"renling"}


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_says_what_it_is(room: str) -> None:
    assert __import__(room).__doc__


def test_every_dependency_is_pinned_and_locked_with_hashes() -> None:
    declared = [
        *PROJECT["project"]["dependencies"],
        *(
            requirement
            for extra in PROJECT["project"]["optional-dependencies"].values()
            for requirement in extra
        ),
    ]
    locked = (ROOT / "locks" / "dev.txt").read_text(encoding="utf-8")
    for requirement in declared:
        name, pinned, version = requirement.partition("==")
        assert pinned, f"{requirement} is not pinned"
        assert f"{name.partition('[')[0].lower()}=={version}" in locked.lower()
    assert "://" not in locked
