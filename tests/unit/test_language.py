import string

import pytest

from domain import errors, vocabulary
from domain.errors import DomainError, NotFound
from domain.language import CATALOGUES, Language, Phrase, label, text


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_both_catalogues_say_the_same_things() -> None:
    chinese, english = CATALOGUES[Language.ZH], CATALOGUES[Language.EN]
    assert chinese.keys() == english.keys()
    differing = [key for key in chinese if placeholders(chinese[key]) != placeholders(english[key])]
    assert differing == []


def test_no_topic_overwrites_another() -> None:
    for language in ("zh", "en"):
        package = __import__(f"domain.language.{language}", fromlist=["*"])
        topics = [
            module.TEXTS
            for name, module in vars(package).items()
            if hasattr(module, "TEXTS") and not name.startswith("_")
        ]
        assert sum(map(len, topics)) == len(package.CATALOGUE)


def leaves(cls: type[DomainError]) -> list[type[DomainError]]:
    below = cls.__subclasses__()
    return [leaf for child in below for leaf in leaves(child)] if below else [cls]


@pytest.mark.parametrize("error", leaves(DomainError), ids=lambda error: error.__name__)
def test_every_error_has_a_text_and_a_code_of_its_own(error: type[DomainError]) -> None:
    for catalogue in CATALOGUES.values():
        assert f"error.{error.code}" in catalogue
    assert [other for other in leaves(DomainError) if other.code == error.code] == [error]
    assert error.__name__ in str(errors.__doc__)


def test_every_value_of_a_vocabulary_has_its_label() -> None:
    for language in Language:
        for kind in vocabulary.Vocabulary.__subclasses__():
            for value in kind:
                assert label(kind.__name__, value.name, language)


def test_a_phrase_is_read_in_the_language_around_it() -> None:
    reason = Phrase("reason.token_expired")
    assert "令牌已过期" in text("error.NOT_SIGNED_IN", Language.ZH, reason=reason)
    assert "expired" in text("error.NOT_SIGNED_IN", Language.EN, reason=reason)


@pytest.mark.parametrize(
    ("kind", "chinese", "english"),
    [
        ("Area", "找不到区域「x」", "No Area x"),
        ("MatchRun", "找不到匹配运行「x」", "No Matching run x"),
        ("Unheard", "找不到Unheard「x」", "No Unheard x"),
    ],
)
def test_what_is_not_found_is_named_as_people_name_it(
    kind: str, chinese: str, english: str
) -> None:
    error = NotFound(type=kind, id="x")
    assert error.message(Language.ZH).startswith(chinese)
    assert error.message(Language.EN).startswith(english)
    assert error.details["type"] == kind
