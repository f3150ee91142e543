"""Notices between brokers: for whom something became ready, by LISTEN and NOTIFY on one connection of this process.

They only make waiting shorter. A lost notice, or a server that is away, costs its listeners a poll of the hub.
"""

import json
import logging
import os
import random
import select
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import psycopg

CHANNEL = "broker_ready"
MERGE_SECONDS = 0.005
PAYLOAD_BYTES = 7_900  # the server takes less than 8,000
IDLE_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
CLOSE_SECONDS = 5.0

logger = logging.getLogger(__name__)


class Notices:
    """One connection that listens and tells, made again whenever it is lost.

    Args:
        url: of the server itself; a pooler does not pass notices on.
        heard: told the keys that another broker sent.
        connected: called after each connection: what came before it was not heard.
    """

    def __init__(self, url: str, heard: Callable[[list[str]], None], connected: Callable[[], None]) -> None:
        self._url = url
        self._heard = heard
        self._on_connection = connected
        self._lock = threading.Lock()
        self._keys: dict[str, None] = {}
        self._connected = False
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def start(self) -> None:
        """Connect, in a thread (under gevent: a greenlet) of its own."""
        self._thread.start()

    def close(self) -> None:
        """Send what is left, and disconnect."""
        if self._closed.is_set():
            return
        self._closed.set()
        self._poke()
        if self._thread.ident is not None:
            self._thread.join(CLOSE_SECONDS)
        if not self._thread.is_alive():
            os.close(self._reader)
            os.close(self._writer)

    def tell(self, keys: Iterable[str]) -> None:
        """Let the other brokers know, at most a few milliseconds later, together with all that came by then."""
        with self._lock:
            if not self._connected:
                return
            first = not self._keys
            self._keys.update(dict.fromkeys(keys))
        if first:
            self._poke()

    def _poke(self) -> None:
        with suppress(BlockingIOError):
            os.write(self._writer, b"\0")

    def _run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._closed.is_set():
            try:
                with connect(self._url) as connection:
                    pause = FIRST_PAUSE_SECONDS
                    self._converse(connection)
            except psycopg.Error as error:
                logger.warning("no notices for a while, polling goes on: %s", str(error).strip())
            finally:
                with self._lock:
                    self._connected = False
                    self._keys.clear()
            self._closed.wait(pause * random.uniform(0.5, 1.0))  # noqa: S311  # brokers must not come back in step
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _converse(self, connection: psycopg.Connection) -> None:
        connection.execute(f"listen {CHANNEL}")
        with self._lock:
            self._connected = True
        self._on_connection()
        next_time = 0.0
        # Not select(): with a thousand waiters a new connection's descriptor is beyond what it can watch.
        watched = select.poll()
        for descriptor in (connection.fileno(), self._reader):
            watched.register(descriptor, select.POLLIN)
        while True:
            readable = [descriptor for descriptor, _ in watched.poll(IDLE_SECONDS * 1000)]
            if self._reader in readable:
                os.read(self._reader, 1024)
                # The first goes at once; what comes soon after it goes together.
                time.sleep(max(0.0, next_time - time.monotonic()))
                self._send(connection)
                next_time = time.monotonic() + MERGE_SECONDS
            self._receive(connection)
            if self._closed.is_set():
                return

    def _send(self, connection: psycopg.Connection) -> None:
        with self._lock:
            keys, self._keys = self._keys, {}
        for payload in payloads(keys):
            connection.execute("select pg_notify(%s, %s)", [CHANNEL, payload])

    def _receive(self, connection: psycopg.Connection) -> None:
        for notice in connection.notifies(timeout=0):
            if notice.pid != connection.info.backend_pid:
                self._heard(read_payload(notice.payload))


def connect(url: str) -> psycopg.Connection:
    """A connection for notices: found dead within a minute; its commits change nothing and do not wait for disks."""
    connection = psycopg.connect(
        url,
        autocommit=True,
        connect_timeout=5,
        application_name="broker notices",
        keepalives_idle=20,
        keepalives_interval=10,
        keepalives_count=3,
        tcp_user_timeout=50_000,
    )
    connection.execute("set synchronous_commit = off")
    return connection


def payloads(keys: Iterable[str]) -> Iterator[str]:
    """JSON lists of keys, each short enough for one notice; a key that no notice can hold is left to polling."""
    batch: list[str] = []
    size = 2
    for key in keys:
        length = len(json.dumps(key)) + 1
        if 2 + length > PAYLOAD_BYTES:
            continue
        if size + length > PAYLOAD_BYTES:
            yield json.dumps(batch, separators=(",", ":"))
            batch, size = [], 2
        batch.append(key)
        size += length
    if batch:
        yield json.dumps(batch, separators=(",", ":"))


def read_payload(payload: str) -> list[str]:
    """The keys of a notice; none, when somebody else wrote it."""
    try:
        keys = json.loads(payload)
    except (ValueError, RecursionError):
        return []
    return [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else []
