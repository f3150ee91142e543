"""What the demonstration shows: the live table, the answers, a trace."""

import json
from collections.abc import Iterable
from typing import Any

from rich.console import Console, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from scripts.demonstration.jobs import Task

COLOURS = {
    "PENDING": "dim",
    "ASSIGNED": "yellow",
    "PROCESSING": "cyan",
    "CANCELLING": "magenta",
    "COMPLETED": "green",
    "FAILED": "red",
    "CANCELLED": "magenta",
}
ANSWER_LINES = 3

Row = dict[str, Any]


def live_table(tasks: Iterable[Task], rows: dict[str, Row]) -> Table:
    """All jobs as they are now; rows by title."""
    table = Table(title="Jobs", title_justify="left", expand=False)
    for heading in ("job", "machine", "status", "attempt", "progress"):
        table.add_column(heading, no_wrap=True)
    for task in tasks:
        row = rows.get(task.title)
        if row is None:
            continue
        status = row["status"]
        table.add_row(
            task.title, task.machine, Text(status, COLOURS[status]), str(row["attempt"] or "-"), progress_of(row)
        )
    return table


def progress_of(row: Row) -> RenderableType:
    if row["progress"] is None or row["status"] not in ("PROCESSING", "CANCELLING"):
        return ""
    return ProgressBar(total=1.0, completed=row["progress"], width=20)


def show_answer(console: Console, task: Task, row: Row) -> None:
    """The opened answer of a job in short: how it ended, the first lines of what it printed."""
    answer = json.loads(row["vaultContentResponse"] or "{}")
    how = f"exit code {answer.get('exitCode')}" if answer.get("exitCode") is not None else ""
    if answer.get("signal") is not None:
        how = f"signal {answer['signal']}"
    seconds = f"{answer.get('durationSeconds', 0):.1f} s"
    console.print(
        Text.assemble((task.title, "bold"), "  ", (row["status"], COLOURS[row["status"]]), f"  {how}  {seconds}")
    )
    printed = (answer.get("stdout") or answer.get("stderr") or answer.get("error") or "").splitlines()
    for line in printed[:ANSWER_LINES]:
        console.print(Text(f"    {line}", "dim"), no_wrap=True, overflow="ellipsis")
    if len(printed) > ANSWER_LINES:
        console.print(Text(f"    ... {len(printed):,} lines in all", "dim"))


def show_trace(console: Console, title: str, events: Iterable[Row]) -> None:
    table = Table(title=title, title_justify="left")
    for heading in ("time", "event", "attempt", "actor", "details"):
        table.add_column(heading)
    for event in events:
        table.add_row(
            event["timestamp"][11:23], event["event"], str(event["attempt"]), event["actor"], event["details"] or ""
        )
    console.print(table)
