"""`broker serve`: one process that supervises PostgreSQL, unless the database is elsewhere, and gunicorn.

The port is taken first, so that nothing is started in vain, and kept by this process: while gunicorn is restarted,
clients wait instead of being refused. Both children end with this process, however it ends.
"""

import http.client
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from broker.config import Config
from broker.embedded.access import embedded_config
from broker.embedded.server import EmbeddedPostgres, EmbeddedPostgresError
from broker.install import install
from broker.serving.instance_keys import open_keyring

PARENT = "BROKER_SUPERVISOR_PID"  # gunicorn_settings.py reads it, and may not be imported here: it needs gevent
BACKLOG = 2048
STOP_SECONDS = 30
PROBE_SECONDS = 0.05
NOTICE_SECONDS = 15.0
WATCH_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
WORKER_CANNOT_START = 3  # gunicorn's exit status when the application does not load
PACKAGES = Path(__file__).parent.parent.parent  # the folder that holds the package broker
APPLICATION = "broker.serving.application:make_application()"

logger = logging.getLogger(__name__)


class PortError(Exception):
    """The address cannot be listened on; the message says why and what to try."""


class ServeError(Exception):
    """The broker cannot start; the message says why and what to try."""


class _Stop(BaseException):
    """Somebody asked the broker to stop."""


def serve(config: Config) -> None:
    """Run until SIGTERM or SIGINT, then finish the calls under way and stop everything.

    Prints `Broker ready at http://...` when calls are answered. Call it in the main thread.

    Raises:
        PortError: before anything is started.
        EmbeddedPostgresError, InstallError, KeyringError, psycopg.Error, ServeError: it cannot start; what was started
            is stopped.
    """
    listener = open_listener(config.host, config.port)
    with listener, stop_signals() as woken, suppress(_Stop):
        make_data_dir(config)
        if config.database_url is not None:
            run(config, listener, None, woken)
        else:
            with EmbeddedPostgres(config.data_dir) as postgres:
                run(embedded_config(config, postgres.url), listener, postgres, woken)


def run(config: Config, listener: socket.socket, postgres: EmbeddedPostgres | None, woken: int) -> None:
    """Migrate and serve, over a database that is there."""
    install(config.migrate_url or config.database_url or "")
    open_keyring(config)
    server = WebServer(config, listener)
    try:
        server.start()
        wait_until_ready(server, listener)
        print(f"Broker ready at {address_of(listener)}", flush=True)  # noqa: T201  # scripts wait for this line
        while True:
            select.select([woken], [], [], WATCH_SECONDS)
            with suppress(BlockingIOError):
                os.read(woken, 1024)
            watch(postgres)
            server.keep_running()
    finally:
        # First: who comes now is refused at once, and not left to wait in the queue of the socket.
        listener.close()
        server.stop()


def watch(postgres: EmbeddedPostgres | None) -> None:
    """Bring an embedded server that has died back; a failure is tried again a moment later."""
    if postgres is None:
        return
    try:
        postgres.poll()
    except EmbeddedPostgresError:
        logger.exception("PostgreSQL does not come back, trying again")


class WebServer:
    """gunicorn, as a child process."""

    def __init__(self, config: Config, listener: socket.socket) -> None:
        self._config = config
        self._listener = listener
        self._process: subprocess.Popen[bytes] | None = None
        self._started_time = 0.0
        self._pause_seconds = FIRST_PAUSE_SECONDS

    def start(self) -> None:
        """Start it; returns at once."""
        number = self._listener.fileno()
        package = Path(__file__).parent
        command = [sys.executable, "-P", "-m", "gunicorn", "--config", str(package / "gunicorn_settings.py")]
        command += ["--bind", f"fd://{number}", "--workers", str(self._config.workers)]
        command += ["--graceful-timeout", str(STOP_SECONDS), APPLICATION]
        self._started_time = time.monotonic()
        # A session of its own: Ctrl-C in a terminal is for this process, which then stops things in their order.
        self._process = subprocess.Popen(
            command, pass_fds=[number], env=child_environment(self._config), cwd="/", start_new_session=True
        )

    def ended(self) -> int | None:
        """Exit status when it has ended, else None."""
        return None if self._process is None else self._process.poll()

    def keep_running(self) -> None:
        """Start it again when it has ended; ever later, if it ends at once each time."""
        status = self.ended()
        if status is None:
            return
        lived = time.monotonic() - self._started_time
        if lived > LONGEST_PAUSE_SECONDS:
            self._pause_seconds = FIRST_PAUSE_SECONDS
        if lived < self._pause_seconds:
            return
        logger.error("the web server ended by itself (exit status %d): starting it again", status)
        self._pause_seconds = min(self._pause_seconds * 2, LONGEST_PAUSE_SECONDS)
        self.start()

    def stop(self) -> None:
        """Let it finish the calls under way, then end it."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS + 5)
        except subprocess.TimeoutExpired:
            logger.warning("the web server does not stop: it is ended")
            self._process.kill()
            self._process.wait()


def open_listener(host: str, port: int) -> socket.socket:
    """Take the port; 0 takes a free one.

    Raises:
        PortError: it cannot be taken.
    """
    name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (OSError, UnicodeError) as error:
        raise PortError(f"cannot listen on {name}: the host is not known ({error}); try --host 127.0.0.1") from error
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise PortError(
            f"cannot listen on {name}: {(error.strerror or str(error)).lower()}; "
            "stop what uses it, or choose another port with --port or BROKER_PORT (0: any free one)"
        ) from error
    return listener


def address_of(listener: socket.socket) -> str:
    """The URL under which this machine reaches the listener."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not listened on
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def wait_until_ready(server: WebServer, listener: socket.socket) -> None:
    """Return when /livez and /readyz both answer 200.

    Raises:
        ServeError: the web server ended before.
    """
    next_notice = time.monotonic() + NOTICE_SECONDS
    while True:
        answer = probe(listener)
        if answer == "":
            return
        status = server.ended()
        if status is not None:
            detail = "the application does not load" if status == WORKER_CANNOT_START else f"exit status {status}"
            raise ServeError(f"the web server did not start ({detail}); the lines above say why")
        if time.monotonic() >= next_notice:
            logger.warning("not ready yet: %s", answer)
            next_notice += NOTICE_SECONDS
        time.sleep(PROBE_SECONDS)


def probe(listener: socket.socket) -> str:
    """Ask for both health addresses; empty when both are good, else what is wrong."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        for path in ("/livez", "/readyz"):
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
            if response.status != http.HTTPStatus.OK:
                return f"{path} answers {response.status} {body[:200].decode(errors='replace')}"
    except (OSError, http.client.HTTPException) as error:
        return f"no answer ({error})"
    finally:
        connection.close()
    return ""


def child_environment(config: Config) -> dict[str, str]:
    """What the web server finds in its environment: ours, with the URLs; the owner's only where it is needed."""
    environment = dict(os.environ)
    names = {
        "BROKER_DATABASE_URL": config.database_url,
        "BROKER_MIGRATE_DATABASE_URL": None if config.background_url else config.migrate_url,
        "BROKER_BACKGROUND_DATABASE_URL": config.background_url,
        "BROKER_DATA_DIR": str(config.data_dir),
        PARENT: str(os.getpid()),
        # The folder of this package comes first, wherever the command was typed.
        "PYTHONPATH": os.pathsep.join(filter(None, [str(PACKAGES), os.environ.get("PYTHONPATH")])),
    }
    for name, value in names.items():
        environment.pop(name, None)
        if value is not None:
            environment[name] = value
    return environment


def make_data_dir(config: Config) -> None:
    """Make the folder of the keyring, where the embedded server does not.

    Raises:
        ServeError: it cannot be made.
    """
    if config.database_url is None or config.keyring is not None:
        return
    try:
        config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ServeError(
            f"the data folder {config.data_dir} cannot be made ({error.strerror}): set BROKER_DATA_DIR to one that can"
        ) from error


@contextmanager
def stop_signals() -> Iterator[int]:
    """SIGTERM and SIGINT raise `_Stop` once; the yielded pipe can be read when a child has ended."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def stop(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
        raise _Stop

    def note(number: int, frame: FrameType | None) -> None:
        """Children are looked at by the loop; the pipe wakes it."""

    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)}
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stop)
    signal.signal(signal.SIGCHLD, note)
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(wakeup)
        for each, handler in before.items():
            signal.signal(each, handler)
        os.close(reader)
        os.close(writer)
