"""Every Cypher text of the hub, named and registered where it is written."""

import re
from dataclasses import dataclass
from typing import LiteralString

ROWS = "compiled.rows"
"""The name of the statements whose records are the rows of a page, one value each."""
TOTAL = "compiled.total"
"""The name of the statements that count beside such a page."""
LEVEL = "compiled.level"
"""The name of the statements by which reads run level by level."""
_PARAMETER = re.compile(r"\$(\w+)")


@dataclass(frozen=True, slots=True)
class Statement:
    """A parameterised Cypher text; `writes` says whether it changes the graph."""

    name: str
    text: LiteralString
    writes: bool = False


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """A text that the read compiler made of canonical pieces; values are parameters in it too."""

    text: str
    name: str = "compiled"

    @property
    def parameters(self) -> frozenset[str]:
        """The names of its parameters."""
        return frozenset(_PARAMETER.findall(self.text))


STATEMENTS: dict[str, Statement] = {}
"""All statements by name: the differential test runs each on both engines."""


def statement(name: str, text: LiteralString, *, writes: bool = False) -> Statement:
    """Declare a statement. Raises ValueError when the name is taken."""
    if name in STATEMENTS:
        raise ValueError(f"statement {name!r} is declared twice")
    declared = Statement(name, text, writes)
    STATEMENTS[name] = declared
    return declared
