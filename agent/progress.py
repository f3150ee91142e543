"""How a job tells its progress: it writes lines to the pipe that BROKER_JOB_PROGRESS names.

A line is a number from 0 to 1, or such a number, a blank and a text: `echo "0.4 copying" > "$BROKER_JOB_PROGRESS"`. A
path is used, not a descriptor, because any program in any language can open a path, however deep it was started.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from agent.redaction import NOTHING_HIDDEN, Redaction

LINE_BYTES = 1024
TEXT_CHARACTERS = 200


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


class ProgressReader:
    """The agent's end of the pipe, from entering to leaving; latest stays after that."""

    def __init__(self, path: Path, redaction: Redaction = NOTHING_HIDDEN) -> None:
        # Before lines are cut to their length: the beginning of a secret is none that anybody would recognise.
        self._stream = redaction.stream()
        self.path = path
        self.latest: Progress | None = None
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
            self.latest = read_line(line[:LINE_BYTES]) or self.latest
        return self.latest != before
