"""What people write, and how it is quoted."""

import pytest

from domain.errors import BadInput
from domain.language import Language
from domain.plausible import LONGEST_NAME, check_name, check_text, check_values
from domain.written import quoted


@pytest.mark.parametrize("value", ["", "  ", "\u200b\u3000", "a\x00b", "one\ntwo", "x" * 201])
def test_a_name_is_one_line_that_says_something(value: str) -> None:
    with pytest.raises(BadInput) as refused:
        check_name("title", value)
    message = refused.value.message(Language.ZH)
    assert f"1 到 {LONGEST_NAME} 个字" in message
    assert len(message) < 120


@pytest.mark.parametrize("value", ["会", "一楼 会议室（东）", "Ünit 7/b", "x" * 200])
def test_whatever_can_be_read_is_a_name(value: str) -> None:
    check_name("title", value)


@pytest.mark.parametrize("value", ["a\x00", "\x1b[31m", "x" * 2001])
def test_a_text_has_no_control_characters_and_an_end(value: str) -> None:
    with pytest.raises(BadInput) as refused:
        check_text("description", value)
    assert "2000 characters" in refused.value.message(Language.EN)


def test_a_text_may_have_lines() -> None:
    check_text("description", "一\n二\r\n\t三")
    check_text("description", "")
    check_text("description", None)


def test_a_list_that_is_too_long_is_told_as_a_list() -> None:
    with pytest.raises(BadInput) as refused:
        check_values("skills", ["x"] * 51)
    assert "不超过 50 个值的列表" in refused.value.message(Language.ZH)


def test_a_value_that_is_not_given_is_null_to_the_reader() -> None:
    error = BadInput(field="listId", value=None, expected="ResourceList")
    assert "null" in error.message(Language.ZH)
    assert "None" not in error.message(Language.EN)


def test_what_is_long_is_quoted_by_its_beginning() -> None:
    assert quoted("x" * 40) == "x" * 40
    assert quoted("x" * 41) == "x" * 40 + "…"
