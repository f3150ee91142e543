"""Spool: final answers on disk until the broker has them, so that neither an outage nor a restart loses one.

A folder of mode 0700 with one file of mode 0600 for each answer, named so that the order of names is the order of
writing. The files hold answers and claim tokens in the clear: they belong to the user that the agent runs as.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from agent.wire import Report

PRIVATE = 0o700
SUFFIX = ".answer"


class Spool:
    """The answers in one folder, oldest first. Not for two threads at once.

    Args:
        folder: made when it does not exist.
        longest_seconds: an answer older than this is dropped when the folder is read.
        most_answers: the oldest beyond this number are dropped.
        clock: seconds since 1970.
    """

    def __init__(
        self, folder: Path, longest_seconds: float, most_answers: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._longest_seconds = longest_seconds
        self._most_answers = most_answers
        self._clock = clock
        self._number = 0
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        folder.chmod(PRIVATE)

    def put(self, report: Report) -> Path:
        """Keep an answer; when this returns it survives a loss of power.

        Raises:
            OSError: the disk is full, or not ours to write.
        """
        self._number += 1
        name = f"{int(self._clock() * 1000):015d}-{self._number:06d}{SUFFIX}"
        descriptor, unfinished = tempfile.mkstemp(dir=self._folder)  # mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(asdict(report), file)
                file.flush()
                os.fsync(file.fileno())
            Path(unfinished).rename(self._folder / name)
        except OSError:
            Path(unfinished).unlink(missing_ok=True)
            raise
        self._sync_folder()
        return self._folder / name

    def load(self) -> tuple[list[tuple[Path, Report]], int]:
        """The kept answers, oldest first, and how many had to be dropped: too old, too many or not readable."""
        kept, dropped = [], 0
        for file in sorted(self._folder.iterdir()):
            report = self._read(file) if file.name.endswith(SUFFIX) else None
            if report is not None:
                kept.append((file, report))
            else:
                dropped += file.name.endswith(SUFFIX)  # others are writes that were cut off
                file.unlink(missing_ok=True)
        for file, _ in kept[: -self._most_answers]:
            file.unlink(missing_ok=True)
            dropped += 1
        return kept[-self._most_answers :], dropped

    def remove(self, file: Path) -> None:
        file.unlink(missing_ok=True)

    def is_too_old(self, file: Path) -> bool:
        return self._clock() - int(file.name.partition("-")[0]) / 1000 > self._longest_seconds

    def _read(self, file: Path) -> Report | None:
        try:
            if self.is_too_old(file):
                return None
            return Report(**json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
