"""The warden: a small process that starts one job, stops it on order, and never lets it outlive its agent.

Run as a script, one for each job: `python -I -S warden.py <descriptor>`. It imports nothing of the agent and knows
nothing of the broker. The descriptor is one end of a socket pair whose other end only the agent holds:

    agent -> warden    length (4 bytes, big endian), marshal((argv, environment, folder, timeout, grace)), then orders:
                       b"T" stop: SIGTERM, after the grace SIGKILL; b"K" kill
    warden -> agent    marshal((kind, number, cause)) once or twice, then end of file
                       kind "failed": nothing runs, number is errno; kind "started": number is the process id;
                       kind "ended": number is the wait status, cause "", "stopped", "timeout" or "killed", whichever
                       came first

End of file from the agent is an order to kill: the kernel closes the agent's end even after kill -9. A parent-death
signal in the agent's own children would not do: it follows the thread that started the child, not the process, and
reaches no grandchild. The warden has one thread, so it may fork safely, and it is the subreaper of all that the job
starts: what leaves the job's session comes to the warden when its parent ends, and is killed with the rest.

marshal instead of JSON: both ends are the same interpreter, and importing json costs a third of the start.
"""

import ctypes
import marshal
import os
import select
import signal
import sys
import time
from contextlib import suppress

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
REAP_SECONDS = 5
KILL = b"K"
# What this interpreter or the warden ignores or handles; a program expects the defaults.
RESTORED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD)

Task = tuple[list[str], dict[str, str], str, float, float]


def watch(control: int) -> None:
    """Run the job that the agent sends, and tell how it ended."""
    os.set_inheritable(control, False)
    for ignored in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(ignored, signal.SIG_IGN)  # they are meant for the agent, which tells us what to do
    process_control(PR_SET_CHILD_SUBREAPER, 1)
    awake, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)

    task = receive_task(control)
    if task is None:
        return
    argv, environment, folder, timeout, grace = task
    job, failure = start(argv, environment, folder)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)  # else the job's output would not end with the job
    if failure:
        report(control, "failed", failure, "")
        return
    report(control, "started", job, "")
    cause = stand_by(control, awake, job, timeout, grace)
    report(control, "ended", kill_all(job), cause)


def receive_task(control: int) -> Task | None:
    """Read the job; None when the agent has gone before it could send it."""
    wanted, content = 4, b""
    while len(content) < wanted:
        part = os.read(control, wanted - len(content))
        if not part:
            return None
        content += part
        if len(content) == 4:
            wanted = 4 + int.from_bytes(content, "big")
    task: Task = marshal.loads(content[4:])  # noqa: S302 - from our own parent
    return task


def start(argv: list[str], environment: dict[str, str], folder: str) -> tuple[int, int]:
    """Start the job in a session of its own; answers its process id and 0, or an errno when it cannot be started."""
    told, tell = os.pipe()  # closed by a successful exec
    warden = os.getpid()
    job = os.fork()
    if job == 0:
        try:
            os.setsid()
            process_control(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != warden:
                os._exit(127)  # the warden died before the line above
            for restored in RESTORED:
                signal.signal(restored, signal.SIG_DFL)
            os.chdir(folder)
            os.execvpe(argv[0], argv, environment)  # noqa: S606 - no shell is what is wanted
        except OSError as error:
            os.write(tell, (error.errno or 0).to_bytes(4, "big"))
        finally:
            os._exit(127)
    os.close(tell)
    failure = int.from_bytes(os.read(told, 4), "big")
    os.close(told)
    return job, failure


def stand_by(control: int, awake: int, job: int, timeout: float, grace: float) -> str:
    """Wait until the job has ended or must be killed, obeying orders and clock; answers the cause.

    A timeout of 0 is none.
    """
    cause = ""
    deadline = time.monotonic() + timeout if timeout else None
    while True:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        readable = select.select([control, awake], [], [], left)[0]
        if awake in readable:
            os.read(awake, 4096)
            if has_ended(job):
                return cause
        order = read_order(control) if control in readable else None
        if order is not None and (KILL in order or not order):
            return cause or "killed"
        timed_out = deadline is not None and time.monotonic() >= deadline
        if timed_out and cause:
            return cause
        if timed_out or (order is not None and not cause):
            cause = "timeout" if timed_out else "stopped"
            deadline = time.monotonic() + grace
            signal_group(job, signal.SIGTERM)
            signal_group(job, signal.SIGCONT)  # a stopped process takes no other signal


def has_ended(job: int) -> bool:
    """Whether the job is a zombie; it stays one, so that its group's number cannot be given to others yet."""
    while True:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None or ended.si_pid == job:
            return ended is not None
        os.waitpid(ended.si_pid, 0)  # an orphan of the job's


def kill_all(job: int) -> int:
    """Kill the job, its group and whatever else has come to the warden from it; answers the job's wait status."""
    signal_group(job, signal.SIGKILL)
    status = os.waitpid(job, 0)[1]
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(REAP_SECONDS)  # what cannot be killed (another user's, a dead disk's) must not hold the answer
    try:
        while True:
            os.waitpid(-1, os.WNOHANG)  # raises when there is none, which spares most jobs the look through /proc
            for orphan in children():
                with suppress(OSError):  # another user's, or gone
                    os.kill(orphan, signal.SIGKILL)
            os.waitpid(-1, 0)
    except (ChildProcessError, TimeoutError):
        return status
    finally:
        signal.alarm(0)


def give_up(_number: int, _frame: object) -> None:
    raise TimeoutError


def children() -> list[int]:
    """Process ids whose parent is the warden."""
    if sys.platform != "linux":
        return []
    with os.scandir("/proc") as entries:
        return [int(entry.name) for entry in entries if entry.name.isdigit() and parent_of(entry.name) == os.getpid()]


def parent_of(process: str) -> int:
    """The parent's process id, 0 when the process has ended."""
    try:
        descriptor = os.open(f"/proc/{process}/stat", os.O_RDONLY)
    except OSError:
        return 0
    try:
        return int(
            os.read(descriptor, 4096).rpartition(b")")[2].split()[1]
        )  # the name in parentheses may hold anything
    except (OSError, IndexError):
        return 0
    finally:
        os.close(descriptor)


def signal_group(job: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(job, number)


def read_order(control: int) -> bytes:
    try:
        return os.read(control, 16)
    except ConnectionResetError:
        return b""


def report(control: int, kind: str, number: int, cause: str) -> None:
    with suppress(OSError):  # the agent may have gone: nobody wants to know
        os.write(control, marshal.dumps((kind, number, cause)))


def process_control(option: int, argument: int) -> None:
    """prctl(2), where there is one."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, argument, 0, 0, 0)


if __name__ == "__main__":
    watch(int(sys.argv[1]))
