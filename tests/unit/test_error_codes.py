"""The page of error codes says what the code says: no code is missing, none is made up."""

import re
from collections.abc import Iterator
from pathlib import Path

from domain import errors
from domain.errors import DomainError
from domain.language import CATALOGUES
from schema import answers, problems

PAGE = (Path(__file__).parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)


def leaves(of: type[DomainError]) -> Iterator[type[DomainError]]:
    for error in of.__subclasses__():
        if error.__module__ == errors.__name__ and "code" in vars(error):
            yield error
        yield from leaves(error)


def codes() -> set[str]:
    outside = {
        answers.PARSE_FAILED,
        answers.VALIDATION_FAILED,
        answers.BAD_REQUEST,
        answers.INTERNAL,
    }
    return {error.code for error in leaves(DomainError)} | outside


def test_every_code_is_listed_once_and_no_other() -> None:
    listed = [code for code, *_ in ROWS]
    assert sorted(listed) == sorted(codes())


def test_every_code_has_cause_and_remedy_in_both_languages() -> None:
    for code, _, cause, remedy in ROWS:
        for text in (cause, remedy):
            chinese, _, english = text.partition("·")
            assert re.search(r"[\u4e00-\u9fff]", chinese), code
            assert re.search(r"[a-z]{2}", english), code


def test_what_mutations_answer_is_called_a_problem() -> None:
    expected = {error.code for error in problems._PROBLEMS}
    assert expected <= {code for code, where, *_ in ROWS if "problem" in where}


def test_every_code_has_its_words() -> None:
    for catalogue in CATALOGUES.values():
        for code in codes():
            assert any(key.startswith(f"error.{code}") for key in catalogue), code


def test_no_two_errors_share_a_code() -> None:
    found = [error.code for error in leaves(DomainError)]
    assert len(found) == len(set(found))
