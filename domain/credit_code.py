"""The unified social credit code of organisations (GB 32100): 18 characters, the last a check."""

from stdnum.cn import uscc
from stdnum.exceptions import ValidationError


def credit_code(text: str) -> str:
    """Return the code without separators, in capitals.

    Raises ValueError where the length, an area digit or the check character is wrong.
    """
    try:
        return uscc.validate(text)
    except ValidationError as error:
        raise ValueError(f"not a credit code: {text!r}") from error
