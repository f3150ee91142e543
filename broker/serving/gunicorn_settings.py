"""Settings of gunicorn, which `broker serve` starts with this file, and the worker class.

gunicorn executes the file in its main process. Nothing of the broker may be imported there: psycopg chooses how it
waits when it is imported, and must find gevent's modules, which come into place in each worker only.
"""

import ctypes
import os
import resource
import signal
import sys
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

import gevent
from gunicorn.arbiter import Arbiter
from gunicorn.workers.ggevent import GeventWorker

if TYPE_CHECKING:
    from broker.serving.application import Background

PARENT = "BROKER_SUPERVISOR_PID"  # set by serve.py
KEEP_OPEN_SECONDS = 75
SPARE_FILES = 200  # of the open files allowed: for everything that is not a client
PR_SET_PDEATHSIG = 1


class IdleConnection(gevent.Timeout):  # type: ignore[misc]  # gevent has no types
    """The wait for the next request on a connection; a worker that stops ends it at once."""

    def __init__(self, seconds: int, all_idle: "set[IdleConnection]") -> None:
        super().__init__(seconds, exception=False)
        self._greenlet = gevent.getcurrent()
        self._all_idle = all_idle

    def __enter__(self) -> "IdleConnection":
        self._all_idle.add(self)
        super().__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        self._all_idle.discard(self)
        ended: bool | None = super().__exit__(kind, error, traceback)
        return ended

    def end(self) -> None:
        """Act as if the time had run out."""
        self._greenlet.kill(self, block=False)


class BrokerWorker(GeventWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's gevent worker, which also tells those who wait, and idle connections, when it stops."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._idle: set[IdleConnection] = set()

    def timeout_ctx(self) -> IdleConnection:
        """What bounds the wait for a request."""
        return IdleConnection(self.cfg.keepalive, self._idle)

    def handle_exit(self, number: int, frame: FrameType | None) -> None:
        """SIGTERM: the main loop stops accepting within a second; until then everybody is sent home."""
        super().handle_exit(number, frame)
        gevent.spawn(self._send_home)

    def _send_home(self) -> None:
        if self.booted:
            gevent.spawn(background_of(self).stop)
        while True:
            for connection in list(self._idle):
                connection.end()
            gevent.sleep(0.1)


def on_starting(server: Arbiter) -> None:  # noqa: ARG001  # gunicorn names the argument
    """In the main process: die with the supervisor, and allow as many open files as the system lets us."""
    die_with(int(os.environ[PARENT]))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def post_fork(server: Arbiter, worker: GeventWorker) -> None:  # noqa: ARG001
    """In a new worker, before gevent's modules come into place."""
    die_with(worker.ppid)
    if "psycopg" in sys.modules:
        raise RuntimeError("psycopg was imported before gevent's modules: every call would stop all others")


def post_worker_init(worker: GeventWorker) -> None:
    """In a worker that is about to serve: start what runs beside the calls."""
    if worker.alive:
        background_of(worker).start()


def background_of(worker: GeventWorker) -> "Background":
    """What runs beside the calls of a worker's application."""
    background: Background = worker.wsgi.extensions["background"]
    return background


def die_with(parent: int) -> None:
    """Have the kernel end this process when its parent ends, however that happens.

    By SIGKILL: the listening socket must be free for the next start, and nothing is lost that the loss of the whole
    machine would keep.

    Source: prctl(2), PR_SET_PDEATHSIG.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def count_connections() -> int:
    """How many clients one worker takes."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 20_000 if hard == resource.RLIM_INFINITY else max(min(20_000, hard - SPARE_FILES), SPARE_FILES)


worker_class = BrokerWorker
worker_connections = count_connections()
keepalive = KEEP_OPEN_SECONDS
backlog = 2048
timeout = 60  # without a sign of life of its loop a worker is replaced
control_socket_disable = True
accesslog = None
errorlog = "-"
loglevel = "warning"
proc_name = "broker"
