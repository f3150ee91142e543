"""How a job tells its progress: it writes lines to the pipe that BROKER_JOB_PROGRESS names.

A line is a number from 0 to 1, or such a number, a blank and a text: `echo "0.4 copying" > "$BROKER_JOB_PROGRESS"`.
Or it is a JSON object of numbers, the job's metrics: `echo '{"files": 12}' > "$BROKER_JOB_PROGRESS"`. A path is used,
not a descriptor, because any program in any language can open a path, however deep it was started.
"""

import json
import math
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from agent.redaction import NOTHING_HIDDEN, Redaction

if TYPE_CHECKING:
    from collections.abc import Mapping

LINE_BYTES = 1024
TEXT_CHARACTERS = 200
METRIC_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")  # the broker takes no others


@dataclass(frozen=True)
class Progress:
    """What a job said of itself: fraction 0 to 1, text of one line, perhaps empty."""

    fraction: float
    text: str


def read_line(line: bytes) -> Progress | None:
    """Understand one line; None if it is none of a progress."""
    number, _, text = line.decode("utf-8", "replace").strip().partition(" ")
    try:
        fraction = float(number)
    except ValueError:
        return None
    if not 0 <= fraction <= 1:  # also false for NaN
        return None
    return Progress(fraction, " ".join(text.split())[:TEXT_CHARACTERS])


def read_metrics(line: bytes) -> dict[str, float] | None:
    """Understand one line; None if it is none of metrics."""
    try:
        metrics = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(metrics, dict) or not all(map(METRIC_NAME.fullmatch, metrics)):
        return None
    numbers = all(type(value) in (int, float) and math.isfinite(value) for value in metrics.values())
    return metrics if numbers else None


class ProgressReader:
    """The agent's end of the pipe, from entering to leaving; latest and metrics stay after that."""

    def __init__(self, path: Path, redaction: Redaction = NOTHING_HIDDEN) -> None:
        # Before lines are cut to their length: the beginning of a secret is none that anybody would recognise.
        self._stream = redaction.stream()
        self.path = path
        self.latest: Progress | None = None
        self.metrics: Mapping[str, float] | None = None
        self._descriptor = -1
        self._unfinished = b""

    def __enter__(self) -> "ProgressReader":
        os.mkfifo(self.path, stat.S_IRUSR | stat.S_IWUSR)
        # Opened for writing too: so no writer waits for a reader, and the end of one writer is not the end of the file.
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)
        self.path.unlink(missing_ok=True)

    def fileno(self) -> int:
        return self._descriptor

    def read(self) -> bool:
        """Take in what has been written; tells whether the progress has changed."""
        try:
            content = os.read(self._descriptor, 65536)
        except BlockingIOError:
            return False
        *lines, self._unfinished = (self._unfinished + self._stream.add(content)).split(b"\n")
        self._unfinished = self._unfinished[:LINE_BYTES]
        before = self.latest
        for line in lines:
            metrics = read_metrics(line[:LINE_BYTES])
            if metrics is None:
                self.latest = read_line(line[:LINE_BYTES]) or self.latest
            else:
                self.metrics = metrics
        return self.latest != before
