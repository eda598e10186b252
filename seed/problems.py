"""What is wrong with one cell, before its place is known."""


class CellProblem(Exception):
    """A cell's text is not possible. `reason` is a key under `loading.reason.`."""

    def __init__(self, reason: str, **details: object) -> None:
        super().__init__(reason, details)
        self.reason = reason
        self.details = details
