"""What is told of the work while it is done; silent unless somebody measures (`server.telemetry`).

Names and outcomes only: no variable, no id, nothing of a person.
"""

from contextlib import AbstractContextManager, nullcontext


class Telemetry:
    """Is told of statements, claim steps and refusals. This one listens to nothing."""

    def statement(self, name: str) -> AbstractContextManager[None]:
        """Measure a statement by its name, retries included."""
        del name
        return nullcontext()

    def claim_step(self, action: str) -> AbstractContextManager[None]:
        """Measure a step of the claim machine; an error that passes through is its outcome."""
        del action
        return nullcontext()

    def refused(self, error: BaseException) -> None:
        """Take note of what a limit refused; of other errors nothing."""

    def webhook_sent(self, problem: str | None) -> None:
        """Take note of an attempt to deliver to a webhook; without a problem it was taken."""


SILENT = Telemetry()
