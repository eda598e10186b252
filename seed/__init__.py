"""Loaders: messy sheets become checked rows, and the rows the graph."""

from pathlib import Path

SAMPLE_DIRECTORY = Path(__file__).parent / "sample"
SAMPLE_FILES: tuple[Path, ...] = tuple(
    SAMPLE_DIRECTORY / name
    for name in (
        "areas-and-units.xlsx",
        "party-organisations.xlsx",
        "members.csv",
        "resources.xlsx",
        "needs.xlsx",
        "pairings.csv",
        "alliances.xlsx",
        "agreements.xlsx",
        "check-ins.csv",
    )
)
"""The sample inventory, to be loaded together; its areas place everything."""
