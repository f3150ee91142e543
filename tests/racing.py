"""Two calls at once, in an order that the test decides: what goes first holds a lock, what goes second waits for it."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from flask import Flask

from broker.crypto.tokens import token_hash
from tests.world import Caller, Reply, World

Call = Callable[[Caller], Reply]

SECONDS = 20.0
BLOCKED = """
    select count(*)
    from pg_stat_activity
    where datname = current_database()
      and cardinality(pg_blocking_pids(pid)) > 0
"""


@dataclass(frozen=True)
class Race:
    """Calls by threads of their own, each with a client of its own."""

    app: Flask
    world: World
    url: str
    admin: psycopg.Connection
    threads: ThreadPoolExecutor

    def start(self, call: Call) -> "Future[Reply]":
        """Start a call, and come back when it waits for a lock."""
        before = self._blocked()
        running = self.threads.submit(call, self.world.caller(self.app.test_client()))
        while self._blocked() == before:
            done, _ = wait([running], timeout=0.005)
            assert not done, f"it waited for nobody: {running.result()}"
        return running

    def at_once(self, call: Call) -> Reply:
        """Make a call that must not wait for any lock."""
        return self.threads.submit(call, self.world.caller(self.app.test_client())).result(SECONDS)

    @contextmanager
    def held(self, statement: str, *values: object) -> Iterator[psycopg.Connection]:
        """A transaction that has run a statement, and commits at the end of the block."""
        with psycopg.connect(self.url, options="-c statement_timeout=20s") as connection:
            connection.execute(statement, values)
            yield connection

    @contextmanager
    def acting(self, name: str, statement: str, *values: object) -> Iterator[psycopg.Connection]:
        """The same, as somebody of the world."""
        digest = token_hash(self.world.tokens[name]).hex()
        with self.held("select set_config('broker.token_hash', %s, true)", digest) as connection:
            connection.execute(statement, values)
            yield connection

    def one_after_the_other(self, queue_id: int, first: Call, second: Call) -> tuple[Reply, Reply]:
        """Both calls wait for the same item at the same time, and get it in this order."""
        with self.held("select from data.queue_item where queue_id = %s for update", queue_id):
            running = self.start(first), self.start(second)
        return running[0].result(SECONDS), running[1].result(SECONDS)

    def _blocked(self) -> int:
        row = self.admin.execute(BLOCKED).fetchone()
        assert row is not None
        count: int = row[0]
        return count


@pytest.fixture
def race(app: Flask, world: World, database: str, admin: psycopg.Connection) -> Iterator[Race]:
    with ThreadPoolExecutor() as threads:
        yield Race(app, world, database, admin, threads)
