"""One run of one job: its process under a warden, its output and progress while it runs, and the way to stop it."""

import io
import marshal
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

from agent.config import ENVIRONMENT_PREFIX
from agent.output import Capture, Output
from agent.progress import Progress, ProgressReader
from agent.redaction import NOTHING_HIDDEN, Redaction

WARDEN = Path(__file__).with_name("warden.py")
READ_BYTES = 65536
# After the job's end its pipes are closed too, save where something that could not be killed holds them.
DRAIN_SECONDS = 2.0

StopReason: TypeAlias = Literal["cancelled", "lost", "shutdown"]


@dataclass(frozen=True)
class Snapshot:
    """A running or ended job as seen now; the version grows with whatever a reader could notice."""

    started: datetime
    duration_seconds: float
    stdout: Output
    stderr: Output
    progress: Progress | None
    version: int


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        exit_code: None when a signal ended it, or when it never ran.
        signal_name: for example SIGKILL.
        stopped: who made it end, if it did not end by itself.
        failure: why it never ran, or nobody knows how it ended.
    """

    exit_code: int | None = None
    signal_name: str | None = None
    stopped: StopReason | Literal["timeout"] | None = None
    failure: str | None = None


class Execution:
    """Runs a job's process. One thread runs it; any other may stop it or look at it.

    Args:
        folder: private to this run; the job's working folder unless it names another.
        environment: what the job gets besides its own variables.
        timeout_seconds: then the job is stopped; None is never.
        grace_seconds: from SIGTERM to SIGKILL.
        output_bytes: kept of each stream.
        redaction: what of the job's output nobody may see.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        timeout_seconds: float | None,
        grace_seconds: float,
        output_bytes: int,
        redaction: Redaction = NOTHING_HIDDEN,
    ) -> None:
        self.folder = folder
        self.redaction = redaction
        self.timeout_seconds = timeout_seconds
        self.output_bytes = output_bytes
        self._environment = environment
        self._grace_seconds = grace_seconds
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._reason: StopReason | None = None
        self._interrupted: StopReason | None = None
        self._started = datetime.now(UTC)
        self._begun = time.monotonic()
        self._seconds: float | None = None
        self._captures = {name: Capture(output_bytes, redaction) for name in ("stdout", "stderr")}
        self._progress = ProgressReader(folder / "progress", redaction)
        self._version = 0

    @property
    def interrupted(self) -> StopReason | None:
        """Why the process was stopped before its own end; None while it runs, and when it ended by itself."""
        return self._interrupted

    @property
    def progress(self) -> float | None:
        """What the job last said of its progress, 0 to 1."""
        latest = self._progress.latest
        return None if latest is None else latest.fraction

    @property
    def metrics(self) -> Mapping[str, float] | None:
        """What the job last counted, numbers by name."""
        return self._progress.metrics

    def stop(self, reason: StopReason) -> None:
        """Make the job end: a cancelled one gets SIGTERM and its grace, any other is killed at once."""
        with self._lock:
            if self._reason is None or reason == "lost":
                self._reason = reason
            self._order(reason)

    def snapshot(self) -> Snapshot:
        with self._lock:
            seconds = time.monotonic() - self._begun if self._seconds is None else self._seconds
            stdout, stderr = (capture.output() for capture in self._captures.values())
            return Snapshot(self._started, seconds, stdout, stderr, self._progress.latest, self._version)

    @property
    def version(self) -> int:
        """Snapshot.version without the cost of a snapshot."""
        return self._version

    def run_process(
        self, argv: Sequence[str], environment: Mapping[str, str], folder: Path | None, stdin: bytes
    ) -> Ended:
        """Run a process to its end; environment is added to what every job gets."""
        with self._progress:
            try:
                ended = self._run(list(argv), {**self._base(), **environment}, str(folder or self.folder), stdin)
            except OSError as error:  # the machine is short of processes, memory or descriptors
                ended = Ended(failure=f"the job could not be started: {error.strerror or type(error).__name__}")
        with self._lock:
            self._seconds = time.monotonic() - self._begun
            for capture in self._captures.values():
                capture.end()
        if ended.stopped is not None and ended.stopped != "timeout":
            self._interrupted = ended.stopped
        return ended

    def _base(self) -> dict[str, str]:
        return {**self._environment, "BROKER_JOB_PROGRESS": str(self._progress.path)}

    def _run(self, argv: list[str], environment: dict[str, str], folder: str, stdin: bytes) -> Ended:
        ours, theirs = socket.socketpair()
        try:
            warden = _start_warden(theirs, stdin)
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        task = marshal.dumps((argv, environment, folder, self.timeout_seconds or 0.0, self._grace_seconds))
        with warden, ours:  # left from right to left: a warden that is waited for has lost its agent, so it ends
            self._open_control(ours, len(task).to_bytes(4, "big") + task)
            said = self._follow(warden, ours)
            with self._lock:
                self._control = None
        return self._judge(said)

    def _open_control(self, control: socket.socket, task: bytes) -> None:
        """Send the job to its warden; from then on it can be stopped."""
        try:
            control.sendall(task)
        except BrokenPipeError:
            return  # the warden is dead; _judge says so
        with self._lock:
            self._control = control
            if self._reason is not None:  # stopped before there was anybody to tell
                self._order(self._reason)

    def _order(self, reason: StopReason) -> None:
        if self._control is not None:
            with suppress(OSError):  # the job may just have ended
                self._control.send(b"T" if reason == "cancelled" else b"K")

    def _follow(self, warden: "subprocess.Popen[bytes]", control: socket.socket) -> bytes:
        """Collect output and progress until the job has ended; answers what the warden said of it."""
        said = bytearray()
        deadline: float | None = None
        with selectors.DefaultSelector() as selector:
            for name, stream in (("stdout", warden.stdout), ("stderr", warden.stderr)):
                if stream is not None:  # both are, as they were asked for
                    selector.register(stream, selectors.EVENT_READ, name)
            selector.register(control, selectors.EVENT_READ, "control")
            selector.register(self._progress, selectors.EVENT_READ, "progress")
            while len(selector.get_map()) > 1:  # nobody ever closes the progress pipe
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    break
                for key, _ in selector.select(left):
                    if key.data == "progress":
                        self._note(self._progress.read())
                        continue
                    content = _read(key.fd)
                    if key.data == "control":
                        said += content
                    else:
                        with self._lock:
                            self._captures[key.data].add(content)
                        self._note(bool(content))
                    if not content:
                        selector.unregister(key.fileobj)
                        deadline = time.monotonic() + DRAIN_SECONDS if key.data == "control" else deadline
            self._note(self._progress.read())
        return bytes(said)

    def _note(self, changed: bool) -> None:
        self._version += changed

    def _judge(self, said: bytes) -> Ended:
        """Turn what the warden said into how the job ended."""
        stream = io.BytesIO(said)
        kind, number, cause = _load(stream)
        if kind == "started":
            process = number
            kind, number, cause = _load(stream)
            if kind == "":
                _kill_group(process)
        if kind == "failed":
            return Ended(failure=f"the job could not be started: {os.strerror(number)}")
        if kind == "":
            return Ended(failure="the process that watches the job was killed")
        stopped: StopReason | Literal["timeout"] | None = None
        if cause:
            stopped = "timeout" if cause == "timeout" else self._reason
        code = os.waitstatus_to_exitcode(number)
        if code >= 0:
            return Ended(exit_code=code, stopped=stopped)
        return Ended(signal_name=_signal_name(-code), stopped=stopped)


def _start_warden(control: socket.socket, stdin: bytes) -> "subprocess.Popen[bytes]":
    """Start a warden whose standard streams are those of the job to come."""
    # In memory where the system can, and without a name anywhere: stdin is part of a vault.
    linux = sys.platform == "linux"
    with os.fdopen(os.memfd_create("stdin"), "w+b") if linux else tempfile.TemporaryFile() as given:
        given.write(stdin)
        given.seek(0)
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(WARDEN), str(control.fileno())],
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=_warden_environment(),
            start_new_session=True,
            pass_fds=[control.fileno()],
        )


def job_environment(environment: Mapping[str, str], passed: Sequence[str]) -> dict[str, str]:
    """What every job gets of the agent's environment: four variables and those that the machine's owner has named."""
    given = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/", "LANG": "C.UTF-8"}
    wanted = ("PATH", "HOME", "LANG", "TZ", *passed)
    return given | {
        name: environment[name]
        for name in wanted
        if name in environment and not name.upper().startswith(ENVIRONMENT_PREFIX)
    }


def _warden_environment() -> dict[str, str]:
    """The agent's own, since its interpreter may need it, without the token: a job can read its warden's."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(ENVIRONMENT_PREFIX)}


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, READ_BYTES)
    except ConnectionResetError:
        return b""


def _load(stream: io.BytesIO) -> tuple[str, int, str]:
    """The next word of a warden; an empty kind when there is none."""
    try:
        kind, number, cause = marshal.load(stream)  # noqa: S302 - from our own child
    except (EOFError, ValueError, TypeError):
        return "", 0, ""
    return kind, number, cause


def _kill_group(process: int) -> None:
    with suppress(OSError):
        os.killpg(process, signal.SIGKILL)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
