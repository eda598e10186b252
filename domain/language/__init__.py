"""What people read, in Chinese (first) and English: one catalogue per language.

Keys: `type.Unit`, `field.Unit.name`, `enum.UnitKind.SCHOOL`, `error.CODE`, and free ones of the
command line and the report. Texts are `str.format` templates over the named parameters.
"""

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Protocol, cast, runtime_checkable

from domain.language.en import CATALOGUE as ENGLISH
from domain.language.zh import CATALOGUE as CHINESE


class Language(StrEnum):
    """A language of labels and messages."""

    ZH = "zh"
    EN = "en"


CATALOGUES: dict[Language, dict[str, str]] = {Language.ZH: CHINESE, Language.EN: ENGLISH}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A parameter that is itself a text: read in the language of the text around it."""

    key: str
    parameters: dict[str, object] = field(default_factory=dict[str, object])


def text(key: str, language: Language, /, **parameters: object) -> str:
    """Return the text of a key. Raises KeyError for a key that the catalogue does not have.

    A parameter from a closed vocabulary is read as its label, a list as its items.
    """
    values = {name: _readable(value, language) for name, value in parameters.items()}
    return CATALOGUES[language][key].format(**values)


def in_words(value: object, language: Language) -> object:
    """Return the text of a phrase; what is none stays as it is."""
    return text(value.key, language, **value.parameters) if isinstance(value, Phrase) else value


@runtime_checkable
class Known(Protocol):
    """What clients know by another text than the hub itself, such as the id of a node."""

    @property
    def public(self) -> str:
        """The text by which clients know it."""
        ...


def _readable(value: object, language: Language) -> object:
    match value:
        case Phrase():
            return in_words(value, language)
        case Known():
            return value.public
        case Enum():
            return CATALOGUES[language].get(f"enum.{type(value).__name__}.{value.name}", value)
        case list() | tuple():
            items = cast("list[object]", value)
            separator = "、" if language is Language.ZH else ", "
            return separator.join(str(_readable(item, language)) for item in items) or "-"
        case None:
            return "null"
        case _:
            return value


def kind_name(kind: str, language: Language) -> str:
    """Return the short name of a type, such as `Area`; the type itself where it has none."""
    return CATALOGUES[language].get(f"kind.{kind}", kind)


def action_name(action: str, language: Language) -> str:
    """Return what an action of the history or of a refusal is called; itself if it has no name.

    Actions are `Kind.VERB`, `CLAIM_STEP` and `WEBHOOK_STEP`, or have an entry of their own.
    """
    catalogue = CATALOGUES[language]
    if (own := catalogue.get(f"action.{action}")) is not None:
        return own
    kind, _, verb = action.partition(".")
    if (of_kind := catalogue.get(f"action.{verb}")) is not None:
        return text("action.of_kind", language, action=of_kind, kind=kind_name(kind, language))
    about, _, step = action.partition("_")
    for vocabulary in ("ClaimAction", "Action"):
        if (said := catalogue.get(f"enum.{vocabulary}.{step}")) is not None:
            kind = kind_name(about.capitalize(), language)
            return text("action.about_kind", language, action=said, kind=kind)
    return action


def label(kind: str, name: str, language: Language) -> str:
    """Return the label of a vocabulary's value, such as `label("UnitKind", "SCHOOL", ZH)`."""
    return CATALOGUES[language][f"enum.{kind}.{name}"]
