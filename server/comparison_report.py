"""What several policies would reach, for people and for machines."""

from collections.abc import Sequence
from dataclasses import asdict

from matching.comparison import Outcome
from server.output import Output


def print_outcomes(output: Output, outcomes: Sequence[Outcome]) -> None:
    """Say what several policies would reach."""
    best = max((outcome.reached.value for outcome in outcomes), default=0)
    output.table(
        [
            "column.policy",
            "column.matched_orders",
            "column.whole_orders",
            "column.filled",
            "column.value_share",
            "column.floor",
            "column.changed",
        ],
        [
            (
                output.text(f"matching.practice.{outcome.practice}"),
                str(outcome.reached.matched_orders),
                str(outcome.reached.whole_orders),
                f"{100 * outcome.reached.filled:.1f}%",
                f"{100 * outcome.reached.value / best:.1f}%" if best else "–",
                f"{100 * outcome.floor:.1f}%",
                str(outcome.changed),
            )
            for outcome in outcomes
        ],
    )
    output.result({"policies": [asdict(outcome) for outcome in outcomes]})
