"""A real PostgreSQL, one database per test cloned from a template that holds the schema and the world of `world.py`.

`BROKER_TEST_DATABASE_URL` names a server to use (a superuser's URL); without it an embedded one is started.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from psycopg import sql
from sqlalchemy.engine import make_url

from broker import create_app
from broker.config import Config
from broker.embedded.server import EmbeddedPostgres
from broker.install import install
from tests.shelf import Shelf, fill
from tests.world import Caller, MakeItem, World, build_world, must

CLOCK = """
    create table data.test_clock (ahead interval not null);
    insert into data.test_clock values ('0');
    alter table data.test_clock owner to broker_owner;
    create or replace function data.clock() returns timestamptz language sql volatile as $$
        select clock_timestamp() + ahead from data.test_clock;
    $$;
"""
FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "max_wal_size": "256MB",
}
MEMORY = Path("/dev/shm")  # the folders in it have random names
ROOM_BYTES = 4 * 2**30


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-openapi", action="store_true", help="write tests/openapi.json anew")
    parser.addoption("--all-mutants", action="store_true", help="try every place drawn, not a sample")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """URL of a superuser on a PostgreSQL server for this test process."""
    if LENT:
        yield LENT[-1].server
        return
    if url := os.environ.get("BROKER_TEST_DATABASE_URL"):
        yield url
        return
    folder = Path(tempfile.mkdtemp(prefix="broker-tests-", dir=roomy_memory()))
    folder.chmod(0o711)  # the embedded server has a user of its own, who must get in
    try:
        with EmbeddedPostgres(folder / "postgres", FAST) as embedded:
            yield embedded.url("postgres")
    finally:
        shutil.rmtree(folder)


def roomy_memory() -> Path | None:
    """A folder in memory with room for a server, unless a place was asked for: clones there cost a tenth."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ROOM_BYTES:
        return None
    return MEMORY


def database_url(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def run_on(url: str, statement: sql.Composed | sql.SQL) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


@dataclass(frozen=True)
class Template:
    """A database to clone, with nobody connected to it."""

    name: str
    world: World
    keyring: Path


@dataclass(frozen=True)
class Lent:
    """What tests work on that are run inside another test (test_engine_mutants.py): one database for all of them.

    Attributes:
        restore: puts the database back to what it was.
    """

    server: str
    template: Template
    url: str
    restore: Callable[[], None]


LENT: list[Lent] = []


@pytest.fixture(scope="session")
def template(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """The installed schema, a clock that tests can move, and the world."""
    if LENT:
        yield LENT[-1].template
        return
    name = f"template_{uuid4().hex[:12]}"
    url = database_url(server, name)
    keyring = tmp_path_factory.mktemp("keyring")
    run_on(server, sql.SQL("create database {}").format(sql.Identifier(name)))
    install(url)
    run_on(url, sql.SQL(CLOCK))
    app = create_app(Config(database_url=url, data_dir=keyring))
    world = build_world(app.test_client())
    run_on(url, sql.SQL("truncate data.audit"))  # a test reads what it has done itself
    app.extensions["procedures"].database.close()
    yield Template(name, world, keyring)
    run_on(server, sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@contextmanager
def spoiled(server: str, template: Template) -> Iterator[str]:
    """URL of a superuser on a fresh clone whose invariants nobody looks at: the test is about to break them."""
    name = f"test_{uuid4().hex[:12]}"
    run_on(
        server,
        sql.SQL("create database {} template {} strategy file_copy").format(
            sql.Identifier(name), sql.Identifier(template.name)
        ),
    )
    yield database_url(server, name)
    run_on(server, sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@contextmanager
def cloned(server: str, template: Template) -> Iterator[str]:
    """URL of a superuser on a fresh clone. Its invariants are looked at when it is not needed any more."""
    with spoiled(server, template) as url:
        yield url
        broken = broken_invariants(url)
    assert broken == {}


@pytest.fixture
def database(server: str, template: Template) -> Iterator[str]:
    """A clone for one test."""
    if LENT:
        yield LENT[-1].url
        broken = broken_invariants(LENT[-1].url)
        LENT[-1].restore()
        assert broken == {}
        return
    with cloned(server, template) as url:
        yield url


def broken_invariants(url: str) -> dict[str, list[tuple[object, ...]]]:
    """The views of sql/invariants.sql that are not empty, with their rows."""
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "select viewname from pg_views where schemaname = 'data' and viewname like 'invariant%'"
        ).fetchall()
        assert names
        found = {
            name: connection.execute(sql.SQL("select * from data.{}").format(sql.Identifier(name))).fetchall()
            for (name,) in names
        }
    return {name: rows for name, rows in found.items() if rows}


def settings(url: str, template: Template) -> Config:
    """Settings of a broker on a clone, with the keyring that the world was made with."""
    return Config(database_url=url, data_dir=template.keyring, pool_size=4)


@pytest.fixture
def config(database: str, template: Template) -> Config:
    return settings(database, template)


@contextmanager
def serving(config: Config) -> Iterator[Flask]:
    """A broker's application, whose connections are closed in the end."""
    app = create_app(config)
    yield app
    app.extensions["hub"].close()
    app.extensions["procedures"].database.close()


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    with serving(config) as app:
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def world(template: Template) -> World:
    return template.world


@pytest.fixture
def call(client: FlaskClient, world: World) -> Caller:
    """Call a procedure as bob, or `_as` somebody else of the world."""
    return world.caller(client)


@pytest.fixture
def admin(database: str) -> Iterator[psycopg.Connection]:
    """A superuser's connection to the test's database, autocommit."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


class Clock:
    """The database's clock, which only goes when told to jump."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def advance(self, **duration: float) -> None:
        """Move on by a timedelta's arguments."""
        self._connection.execute("update data.test_clock set ahead = ahead + %s", [timedelta(**duration)])


@pytest.fixture
def clock(admin: psycopg.Connection) -> Clock:
    return Clock(admin)


@pytest.fixture
def queue_item(call: Caller) -> MakeItem:
    """Make an item of machine build-01 in any state, as bob would; answers its queueId."""

    def make(status: str = "PENDING", machine: str = "build-01", job: str = '{"handler":"shell"}') -> int:
        made = must(call("CreateQueueItem", teamName="ops", machineName=machine, queueVault=job))
        queue_id: int = made.row["queueId"]
        if status == "PENDING":
            return queue_id
        if status == "CANCELLED":
            must(call("CancelQueueItem", queueId=queue_id))
            return queue_id
        claimed = must(call("GetQueueItemsNext", machineName=machine, itemCount=1, start=status != "ASSIGNED"))
        assert claimed.row["queueId"] == queue_id, "the machine has other items waiting"
        if status == "CANCELLING":
            must(call("CancelQueueItem", queueId=queue_id, force=True))
        if status in ("COMPLETED", "FAILED"):
            must(
                call(
                    "UpdateQueueItemToCompleted",
                    queueId=queue_id,
                    responseVault=json.dumps({"exitCode": 0}),
                    completionStatus="SUCCESS" if status == "COMPLETED" else "FAILED",
                )
            )
        return queue_id

    return make


@pytest.fixture(scope="module")
def shelf(server: str, template: Template) -> Iterator[Shelf]:
    """Nine queue items of every kind, for tests that change nothing."""
    with (
        cloned(server, template) as url,
        serving(settings(url, template)) as app,
        psycopg.connect(url, autocommit=True) as admin,
    ):
        yield fill(Shelf(template.world.caller(app.test_client()), {}), Clock(admin))
