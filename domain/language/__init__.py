"""What people read, in Chinese (first) and English: one catalogue per language.

Keys: `type.Unit`, `field.Unit.name`, `enum.UnitKind.SCHOOL`, `error.CODE`, and free ones of the
command line and the report. Texts are `str.format` templates over the named parameters.
"""

from enum import StrEnum

from domain.language.en import CATALOGUE as ENGLISH
from domain.language.zh import CATALOGUE as CHINESE


class Language(StrEnum):
    """A language of labels and messages."""

    ZH = "zh"
    EN = "en"


CATALOGUES: dict[Language, dict[str, str]] = {Language.ZH: CHINESE, Language.EN: ENGLISH}


def text(key: str, language: Language, /, **parameters: object) -> str:
    """Return the text of a key. Raises KeyError for a key that the catalogue does not have."""
    return CATALOGUES[language][key].format(**parameters)


def label(kind: str, name: str, language: Language) -> str:
    """Return the label of a vocabulary's value, such as `label("UnitKind", "SCHOOL", ZH)`."""
    return CATALOGUES[language][f"enum.{kind}.{name}"]
