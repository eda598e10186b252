"""What the pages speak of is there: settings, commands, targets of make, files, pages."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.command_line import app
from server.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
ROOMS = "bench|docs|domain|graph|locks|matching|resolvers|schema|seed|server|tests"
PATH = re.compile(rf"`((?:{ROOMS})/[\w*{{}},./-]*)`")
VARIABLES = re.compile(r"`(RENLING_[A-Z0-9_]+)`((?:, `_[A-Z0-9_]+`)*)")
SETTINGS = {f"RENLING_{name.upper()}" for name in Settings.model_fields}
COMMANDS = {
    *(each.name or getattr(each.callback, "__name__", "") for each in app.registered_commands),
    *(group.name for group in app.registered_groups),
}


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def variables(page: Path) -> Iterator[str]:
    """Yield the variables of a page; `_USER` after `RENLING_X_URI` is `RENLING_X_USER`."""
    for first, others in VARIABLES.findall(text_of(page)):
        yield first
        stems = [first[: place.start()] for place in re.finditer("_", first)]
        for other in re.findall(r"_[A-Z0-9_]+", others):
            yield next((stem + other for stem in stems[::-1] if stem + other in SETTINGS), other)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page: Path) -> None:
    text = text_of(page)
    assert set(variables(page)) <= SETTINGS
    makefile = text_of(ROOT / "Makefile")
    for target in re.findall(r"(?:`|^)make ([a-z][a-z0-9-]+)", text, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"
    for command in re.findall(r"(?:`|/)renling ([a-z][a-z-]+)", text):
        assert command in COMMANDS, f"renling {command}"
    for path in PATH.findall(text):
        for each in alternatives(path):
            assert list(ROOT.glob(each.rstrip("/"))), path
    for link in re.findall(r"\]\(([^):#]+?)(?:#[^)]*)?\)", text):
        assert (page.parent / link).exists(), link


def alternatives(path: str) -> Iterator[str]:
    """Yield the paths that one with `{zh,en}` stands for; words in capitals stand for any name."""
    chosen = re.search(r"\{([^}]*)\}", path)
    if chosen is None:
        yield re.sub(r"\b[A-Z]{4,}\b(?!\.)", "*", path)
        return
    for each in chosen[1].split(","):
        yield from alternatives(path.replace(chosen[0], each))


def test_every_setting_is_explained() -> None:
    explained = {
        variable
        for name in ("operating.md", "engines.md", "sign-in.md")
        for variable in variables(ROOT / "docs" / name)
    }
    assert explained == SETTINGS


def test_readme_names_every_room() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert rooms <= set(re.findall(r"`([a-z]+)/`", text_of(ROOT / "README.md")))
