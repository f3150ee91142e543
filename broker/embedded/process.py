"""Processes of the embedded PostgreSQL: how they are started, and which of them are there."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from broker.embedded.user import EmbeddedPostgresError, ServerUser

POLL_SECONDS = 0.01
ORPHAN_SECONDS = 120.0
REAP_SECONDS = 5.0
ABORT_SECONDS = 5.0

# Of postmaster.pid, counted from 0.
_STATUS_LINE = 7

# Exit statuses of the launcher. PostgreSQL's programs end with 0-3 or by a signal.
CANNOT_ENTER = 121
CANNOT_EXECUTE = 122
CANNOT_BECOME_USER = 123
PARENT_HAS_GONE = 124

# A tiny program instead of preexec_fn: that one runs Python between fork and exec, where another thread may have
# left a lock taken for ever. The order matters: a change of user clears the parent death signal (prctl(2)), so the
# user comes first; a parent that died before prctl() sends nothing, so it is looked for afterwards. The signal
# survives execv() because postgres is neither setuid nor has file capabilities.
_LAUNCHER = f"""
import ctypes, os, signal, sys
PR_SET_PDEATHSIG = 1
parent, uid, gid = (int(word) for word in sys.argv[1:4])
folder, command = sys.argv[4], sys.argv[5:]
libc = ctypes.CDLL(None)

def leave(status, text):
    print(text, file=sys.stderr, flush=True)
    os._exit(status)

os.umask(0o077)
if os.geteuid() != uid:
    try:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    except OSError as error:
        leave({CANNOT_BECOME_USER}, f"cannot become user ID {{uid}}: {{error}}")
if libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0) != 0 or os.getppid() != parent:
    leave({PARENT_HAS_GONE}, "the supervising process has gone")
try:
    os.chdir(folder)
except OSError as error:
    leave({CANNOT_ENTER}, f"cannot enter the folder: {{error}}")
try:
    os.execv(command[0], command)
except OSError as error:
    leave({CANNOT_EXECUTE}, f"cannot execute: {{error}}")
"""

_log = logging.getLogger(__name__)


def launch(command: Sequence[str], user: ServerUser, folder: Path, output: int) -> subprocess.Popen[bytes]:
    """Start a program as a direct child in its own session that gets SIGINT when this process dies, however it dies.

    Args:
        command: program (absolute path) and arguments.
        user: who the program runs as.
        folder: working folder, entered as that user.
        output: file descriptor for its standard output and standard error, or `subprocess.PIPE`.

    Returns:
        The child. It ends with `CANNOT_ENTER`, `CANNOT_EXECUTE`, `CANNOT_BECOME_USER` or `PARENT_HAS_GONE` when the
        program could not be reached.

    Raises:
        EmbeddedPostgresError: called outside the main thread.

    Source: prctl(2), PR_SET_PDEATHSIG.
    """
    # The kernel sends the signal when the thread that made the child ends, not the process: only a process's first
    # thread lives as long as the process. Asked of the kernel, because a forked process may have another first thread.
    if threading.get_native_id() != os.getpid():
        raise EmbeddedPostgresError(
            "the embedded PostgreSQL must be started from the main thread of the process that supervises it: "
            "it ends together with the thread that started it"
        )
    # Nothing of the caller's environment is handed on: PG* variables would change the server's mind, and the
    # broker's own may be secret. The library path may be what this Python needs to run at all.
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    if "LD_LIBRARY_PATH" in os.environ:
        environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    arguments = [str(os.getpid()), str(user.uid), str(user.gid), str(folder), *command]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _LAUNCHER, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        cwd="/",
        env=environment,
    )


def run(command: Sequence[str], user: ServerUser, folder: Path) -> tuple[int, str]:
    """Like `launch`, and wait for the end.

    Returns:
        Exit status (negative: the signal that ended it) and everything it printed.
    """
    child = launch(command, user, folder, subprocess.PIPE)
    try:
        output, _ = child.communicate()
    except BaseException:
        child.send_signal(signal.SIGINT)
        child.wait()
        raise
    return child.returncode, output.decode(errors="replace").strip()


def read_pid_file(cluster: Path) -> tuple[int | None, bool]:
    """What postmaster.pid says: process ID (None without a file), and whether that server accepts connections.

    Source: PostgreSQL, src/include/utils/pidfile.h.
    """
    try:
        lines = (cluster / "postmaster.pid").read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return None, False
    process_id = int(lines[0]) if lines and lines[0].isdecimal() else None
    return process_id, len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready"


def wait_until_reaped(process_id: int) -> None:
    """Wait at most `REAP_SECONDS` while the process is a zombie: its parent may be about to read its exit status."""
    deadline = time.monotonic() + REAP_SECONDS
    while _state_and_name(process_id)[0] in ("Z", "X") and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def wait_until_unused(cluster: Path, postmaster: int | None) -> None:
    """Wait until no server process works on a cluster any more.

    Args:
        cluster: PostgreSQL's data folder, without symbolic links.
        postmaster: process ID in its postmaster.pid. While it lives it is left to end by itself, `ORPHAN_SECONDS`
            at most. Processes without a living postmaster are ended, as a postmaster does after a crash.

    Raises:
        EmbeddedPostgresError: the postmaster is still there.
    """
    found = _server_processes(cluster)
    if postmaster in found:
        _log.warning("process %d still serves %s: waiting for it to shut down", postmaster, cluster)
        deadline = time.monotonic() + ORPHAN_SECONDS
        while postmaster in found:
            if time.monotonic() >= deadline:
                raise EmbeddedPostgresError(
                    f"process {postmaster} still serves {cluster} after {ORPHAN_SECONDS:.0f} seconds: "
                    f"end it (kill -INT {postmaster}) and start the broker again"
                )
            time.sleep(POLL_SECONDS)
            found = _server_processes(cluster)
    # Without its postmaster a backend in a long computation goes on writing into shared memory that nobody recovers,
    # so it must have gone before a new postmaster replays the log.
    for ending in (signal.SIGQUIT, signal.SIGKILL):
        deadline = time.monotonic() + ABORT_SECONDS
        for process_id in found:
            _log.warning("ending process %d, which lost its parent on %s", process_id, cluster)
            _send(process_id, ending)
        while found and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            found = _server_processes(cluster)
    if found:
        raise EmbeddedPostgresError(f"processes {sorted(found)} still use {cluster} and cannot be ended")


def _state_and_name(process_id: int) -> tuple[str, str]:
    """State letter and name of a process as in /proc/<pid>/stat; two empty strings when there is none."""
    try:
        text = Path(f"/proc/{process_id}/stat").read_text(errors="replace")
    except OSError:
        return "", ""
    # The name stands in parentheses and may contain some itself.
    name, _, rest = text.partition("(")[2].rpartition(")")
    return rest.split()[0], name


def _server_processes(cluster: Path) -> set[int]:
    """Living processes that work in a cluster: the postmaster and all its children, or initdb and what it runs."""
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        state, name = _state_and_name(int(entry.name))
        if name not in ("postgres", "initdb") or state in ("Z", "X"):
            continue
        try:
            folder = (entry / "cwd").readlink()
        except OSError:
            continue
        if folder == cluster:
            found.add(int(entry.name))
    return found


def _send(process_id: int, ending: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process_id, ending)
