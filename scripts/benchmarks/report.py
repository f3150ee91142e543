"""Figures as they are printed: what, measured, to reach."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One line of the report.

    Attributes:
        values: of each round; the median is quoted.
        target: as words; None for a figure that is only told.
        reached: whether the median reaches it.
    """

    what: str
    values: Sequence[float]
    unit: str
    target: str | None = None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def verdict(self) -> str:
        if self.at_least is None and self.at_most is None:
            return ""
        reached = self.median >= (self.at_least or 0) and (self.at_most is None or self.median <= self.at_most)
        return "[green]reached[/green]" if reached else "[red]missed[/red]"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def show(console: Console, title: str, figures: Sequence[Figure]) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column("what")
    for heading in ("median", "rounds", "to reach", ""):
        table.add_column(heading, justify="right" if heading in ("median", "rounds") else "left", no_wrap=True)
    for figure in figures:
        rounds = " ".join(f"{value:.4g}" for value in figure.values) if len(figure.values) > 1 else ""
        table.add_row(
            figure.what, f"{figure.median:.4g} {figure.unit}".strip(), rounds, figure.target or "", figure.verdict
        )
    console.print(table)
