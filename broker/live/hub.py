"""The hub: who waits for what, and who wakes them.

Waking has three ways in: this process, after its own commits; other brokers, by notices; and a look into the database
once a second, while somebody waits, which finds what psql, sweeps and brokers without notices made. Everything is right
with the last one alone.

Nothing is lost between looking and waiting: whoever waits says since when, by the `mark` he took before he looked, and
the hub remembers what was woken since.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

import psycopg

from broker.database.arguments import as_array
from broker.database.database import Database, SchemaChangedError, UnavailableError
from broker.live.clients import Clients
from broker.live.notices import Notices

POLL_SECONDS = 1.0
# A transaction that committed late has items older than the last look; psql's, typed by hand, last long.
LOOK_BACK = timedelta(seconds=60)
LOOK_BACK_EVERY_SECONDS = 10.0
REMEMBERED_KEYS = 10_000
CLOSE_SECONDS = 5.0  # then a look that hangs in a lost connection is left to itself
READY_SINCE = "select wake, until from keyring.ready_since($1)"
LOOKS_OF = "select key, look from keyring.looks_of($1)"

logger = logging.getLogger(__name__)


class Ending(Enum):
    """Why a wait ended."""

    WOKEN = "something came: look again"
    TIME_UP = "nothing came"
    GONE = "the client has closed its connection"
    CLOSED = "the process stops"


def new_bell() -> threading.Lock:
    """A lock that is taken: whoever waits takes it once more, whoever wakes him releases it."""
    bell = threading.Lock()
    bell.acquire()
    return bell


@dataclass(slots=True, eq=False)
class Waiter:
    """One waiting request.

    Attributes:
        looks: of items that it watches, by their keys: how they looked when it looked.
    """

    keys: Sequence[str]
    client: int | None
    looks: dict[str, str] = field(default_factory=dict)
    bell: threading.Lock = field(default_factory=new_bell)
    ending: Ending | None = None

    def ring(self, ending: Ending) -> None:
        """End the wait, if nothing else has."""
        if self.ending is None:
            self.ending = ending
            self.bell.release()


class Hub:
    """Waiters by key.

    Without `start` it is a complete hub of this process alone.

    Args:
        database: for the look once a second.
        notices_url: of the server itself, for LISTEN; None: polling only.
    """

    def __init__(self, database: Database, notices_url: str | None = None) -> None:
        self._database = database
        self._notices = Notices(notices_url, self._ring, self._look_now) if notices_url else None
        self._lock = threading.Lock()
        self._waiters: dict[str, set[Waiter]] = {}
        self._everybody: set[Waiter] = set()
        self._clients = Clients()
        self._by_client: dict[int, Waiter] = {}
        self._sequence = 0
        self._rung: OrderedDict[str, int] = OrderedDict()
        self._forgotten = 0
        self._closed = False
        self._somebody_waits = threading.Event()
        self._look_soon = threading.Event()
        self._look_far_time = 0.0
        self._blind = False
        self._thread = threading.Thread(target=self._watch, name="hub", daemon=True)

    def start(self) -> None:
        """Begin to listen and to look, in threads (under gevent: greenlets) of their own."""
        self._thread.start()
        if self._notices:
            self._notices.start()

    def close(self) -> None:
        """End every wait, and those that begin later at once; stop listening and looking."""
        with self._lock:
            self._closed = True
            for waiter in self._everybody:
                waiter.ring(Ending.CLOSED)
        self._somebody_waits.set()
        self._look_soon.set()
        if self._notices:
            self._notices.close()
        if self._thread.ident is not None:
            self._thread.join(CLOSE_SECONDS)

    @property
    def waiting_count(self) -> int:
        """How many wait."""
        return len(self._everybody)

    def wake(self, keys: Iterable[str]) -> None:
        """Wake who waits for one of these keys, here and at the other brokers. Call it after the commit."""
        keys = list(keys)
        self._ring(keys)
        if self._notices:
            self._notices.tell(keys)

    def mark(self) -> int:
        """The present moment, to be taken before looking and given to `wait`."""
        return self._sequence

    def wait(self, keys: Sequence[str], mark: int, seconds: float, client: int | None = None) -> Ending:
        """Wait until one of the keys is woken, or was since the mark.

        Args:
            keys: of an item with its look, `item:1:2=...`, where the look once a second is to find any other look.
            mark: what `mark` gave before the caller looked and found nothing.
            seconds: at most.
            client: file descriptor of the connection that gets the answer; the wait ends when its other end closes it.
        """
        looks = dict(key.split("=", 1) for key in keys if "=" in key)
        keys = [key.partition("=")[0] for key in keys]
        waiter = Waiter(keys, client, looks)
        with self._lock:
            if self._closed:
                return Ending.CLOSED
            if mark < self._forgotten or any(self._rung.get(key, 0) > mark for key in keys):
                return Ending.WOKEN
            self._add(waiter)
            self._somebody_waits.set()
        try:
            waiter.bell.acquire(timeout=seconds)
        finally:
            with self._lock:
                self._remove(waiter)
        return waiter.ending or Ending.TIME_UP

    def _add(self, waiter: Waiter) -> None:
        self._everybody.add(waiter)
        for key in waiter.keys:
            self._waiters.setdefault(key, set()).add(waiter)
        if waiter.client is not None:
            self._clients.add(waiter.client)
            self._by_client[waiter.client] = waiter

    def _remove(self, waiter: Waiter) -> None:
        self._everybody.discard(waiter)
        if waiter.client is not None:
            self._clients.remove(waiter.client)
            del self._by_client[waiter.client]
        for key in waiter.keys:
            others = self._waiters[key]
            others.discard(waiter)
            if not others:
                del self._waiters[key]

    def _ring(self, keys: Iterable[str]) -> None:
        with self._lock:
            self._sequence += 1
            for key in keys:
                self._rung[key] = self._sequence
                self._rung.move_to_end(key)
                for waiter in self._waiters.get(key, ()):
                    waiter.ring(Ending.WOKEN)
            while len(self._rung) > REMEMBERED_KEYS:
                self._forgotten = self._rung.popitem(last=False)[1]

    def _look_now(self) -> None:
        self._look_far_time = 0.0
        self._look_soon.set()

    def _watch(self) -> None:
        """Once a second, while somebody waits: look for what became ready, and for clients that have gone."""
        until: datetime | None = None
        while True:
            if not self._somebody_waits.wait(0):
                until = None
                self._somebody_waits.wait()
            if self._closed:
                return
            self._look_soon.clear()
            until = self._look(until)
            self._dismiss_gone()
            self._look_soon.wait(POLL_SECONDS)
            with self._lock:
                if not self._everybody and not self._closed:
                    self._somebody_waits.clear()

    def _look(self, until: datetime | None) -> datetime | None:
        """Wake for whom items became ready since the last look, or longer ago, if it is time for that.

        Returns:
            From when the next look must look; None: this one failed.
        """
        try:
            if until is None:
                self._look_far_time = 0.0
                until = self._wake_ready_since(None)
            if time.monotonic() >= self._look_far_time:
                self._look_far_time = time.monotonic() + LOOK_BACK_EVERY_SECONDS
                until -= LOOK_BACK
            until = self._wake_ready_since(until)
            self._wake_watchers()
        except (psycopg.Error, SchemaChangedError, UnavailableError) as error:
            if not self._blind:
                logger.warning("cannot look for ready items, trying on: %s", error)
            self._blind = True
            return None
        self._blind = False
        return until

    def _wake_ready_since(self, moment: datetime | None) -> datetime:
        [row] = self._database.query(READY_SINCE, None if moment is None else moment.isoformat())
        self._ring(row["wake"])
        until: datetime = row["until"]
        return until

    def _wake_watchers(self) -> None:
        """Wake who watches an item that does not look as it did when he looked."""
        with self._lock:
            watched = list({key for waiter in self._everybody for key in waiter.looks})
        if not watched:
            return
        looks = {row["key"]: row["look"] for row in self._database.query(LOOKS_OF, as_array(watched))}
        with self._lock:
            for waiter in self._everybody:
                if any(key in looks and looks[key] != look for key, look in waiter.looks.items()):
                    waiter.ring(Ending.WOKEN)

    def _dismiss_gone(self) -> None:
        with self._lock:
            for client in self._clients.gone():
                if client in self._by_client:
                    self._by_client[client].ring(Ending.GONE)
