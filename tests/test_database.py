"""One round trip: what holds for a call and for nobody else, and what happens when the connection is lost."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from urllib.parse import parse_qs, quote, urlsplit

import psycopg
import pytest

from broker.database.database import Database, UnavailableError
from broker.database.pipeline import PREPARED_STATEMENTS, Statement
from broker.database.urls import as_role

WHO = "select current_setting('broker.token_hash', true) as token_hash, pg_backend_pid() as pid"
PREPARED = "select count(*) as count from pg_prepared_statements where name like 'broker%'"
TOKEN_HASH = bytes(range(32))


@pytest.fixture
def pool(database: str) -> Iterator[Database]:
    pool = Database(database, pool_size=2)
    yield pool
    pool.close()


def test_shows_the_callers_token_to_the_call_and_to_nobody_after_it(pool: Database) -> None:
    [during] = pool.query(WHO, token_hash=TOKEN_HASH)
    [after] = pool.query(WHO)

    assert during["token_hash"] == TOKEN_HASH.hex()
    assert after == {"token_hash": "", "pid": during["pid"]}


def test_leaves_nothing_of_a_call_that_failed(pool: Database, admin: psycopg.Connection) -> None:
    admin.execute("create table public.note (text text)")

    with pytest.raises(psycopg.errors.DivisionByZero):
        pool.round_trip([Statement("insert into public.note values ('kept?')"), Statement("select 1 / 0")], TOKEN_HASH)

    [after] = pool.query(WHO)
    assert after["token_hash"] == ""
    assert admin.execute("select count(*) from public.note").fetchone() == (0,)


def test_keeps_the_connection_after_an_error(pool: Database) -> None:
    [before] = pool.query(WHO)

    with pytest.raises(psycopg.errors.RaiseException):
        pool.query("do $$ begin raise exception 'no'; end $$")

    assert pool.query(WHO) == [{**before, "token_hash": before["token_hash"]}]


def test_prepares_a_statement_once_for_each_connection(pool: Database) -> None:
    for _ in range(3):
        pool.query(WHO, token_hash=TOKEN_HASH)

    assert pool.query(PREPARED) == [{"count": 3}]


def test_closes_prepared_statements_that_are_too_many(pool: Database) -> None:
    for number in range(PREPARED_STATEMENTS + 5):
        pool.query(f"select {number}")

    assert pool.query(PREPARED) == [{"count": PREPARED_STATEMENTS}]


def test_prepares_again_what_a_failed_call_could_not(pool: Database, admin: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        pool.query("select * from public.later")
    admin.execute("create table public.later as select 1 as one")

    assert pool.query("select * from public.later") == [{"one": 1}]


def test_prepares_nothing_behind_a_pooler(database: str) -> None:
    with closing(Database(database, pool_size=1, pooler=True)) as pool:
        pool.query(WHO, token_hash=TOKEN_HASH)

        assert pool.query("select count(*) as count from pg_prepared_statements") == [{"count": 0}]


@pytest.mark.parametrize("pooler", [False, True])
def test_bounds_each_statement_and_each_wait_for_a_lock(database: str, pooler: bool) -> None:
    limits = "select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock"

    with closing(Database(as_role(database, "broker_app"), pool_size=1, pooler=pooler)) as pool:
        assert pool.query(limits, token_hash=TOKEN_HASH) == [{"statement": "1min", "lock": "10s"}]
        assert pool.query("select current_user::text as role") == [{"role": "broker_app"}]


def test_reads_values_by_their_types(pool: Database) -> None:
    rows = pool.query("select $1::integer as number, $2::bytea as bytes, null as nothing", "7", b"\0\xff")

    assert rows == [{"number": 7, "bytes": b"\0\xff", "nothing": None}]


def test_cuts_a_listing_at_its_limit(pool: Database) -> None:
    listing = Statement("select repeat('x', 1000) from generate_series(1, 10000)", row_bytes=100_000)

    [rows] = pool.round_trip([listing])

    assert rows.truncated
    assert 100_000 <= rows.size < 130_000
    assert rows.count == rows.size // 1000


def test_reads_a_listing_below_its_limit_whole(pool: Database) -> None:
    [rows] = pool.round_trip([Statement("select generate_series(1, 1234)", row_bytes=100_000)])

    assert (rows.count, rows.truncated) == (1234, False)


def test_serves_on_after_a_listing_was_cut(pool: Database) -> None:
    pool.round_trip([Statement("select repeat('x', 1000) from generate_series(1, 10000)", row_bytes=1)])

    assert pool.query("select 1 as one") == [{"one": 1}]


def test_replaces_idle_connections_that_the_server_has_closed(pool: Database, admin: psycopg.Connection) -> None:
    [before] = pool.query(WHO)
    end_session(admin, before["pid"])

    [after] = pool.query(WHO)

    assert after["pid"] != before["pid"]


def test_repeats_a_call_that_the_server_ended_before_it_was_done(pool: Database, admin: psycopg.Connection) -> None:
    admin.execute("create table public.note (text text)")
    admin.execute("select pg_advisory_lock(1)")
    call = Statement("insert into public.note select 'once' from pg_advisory_xact_lock(1)")

    with running(lambda: pool.round_trip([call])):
        end_session(admin, wait_for_waiter(admin))
        wait_for_waiter(admin)
        admin.execute("select pg_advisory_unlock(1)")

    assert admin.execute("select count(*) from public.note").fetchone() == (1,)


def test_does_not_repeat_a_call_whose_answer_was_lost(database: str, admin: psycopg.Connection) -> None:
    admin.execute("create table public.note (text text)")
    with proxy_that_cuts(database, after=b"insert into") as url, closing(Database(url, pool_size=1)) as pool:
        pool.query("select 1")

        with pytest.raises(UnavailableError):
            pool.query("insert into public.note values ('once')")

    assert admin.execute("select count(*) from public.note").fetchone() == (1,)


def test_says_that_it_is_unavailable_when_nobody_listens() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(UnavailableError):
        Database(f"postgresql://nobody@127.0.0.1:{port}/none", pool_size=1).query("select 1")


def end_session(admin: psycopg.Connection, pid: int) -> None:
    # With a timeout it waits until the session has ended.
    admin.execute("select pg_terminate_backend(%s, 5000)", [pid])


def wait_for_waiter(admin: psycopg.Connection) -> int:
    """The process that waits for the advisory lock, once there is one."""
    waiter = None
    while waiter is None:
        waiter = admin.execute("select pid from pg_locks where locktype = 'advisory' and not granted").fetchone()
    return int(waiter[0])


@contextmanager
def running(call: Callable[[], object]) -> Iterator[None]:
    """Run a call beside the block, and let its error out."""
    raised: list[Exception] = []

    def run() -> None:
        try:
            call()
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join(timeout=30)
    for error in raised:
        raise error


@contextmanager
def proxy_that_cuts(url: str, after: bytes) -> Iterator[str]:
    """A way to the server that is cut when a statement has been executed, before its answer arrives."""
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    host, port = parts.hostname or query.get("host", ""), parts.port or int(query.get("port", 5432))
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        client, _ = listener.accept()
        if host.startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{host}/.s.PGSQL.{port}")
        else:
            server = socket.create_connection((host, port))
        cut = threading.Event()

        def pass_requests() -> None:
            while data := client.recv(65536):
                if after in data:
                    cut.set()
                server.sendall(data)

        sender = threading.Thread(target=pass_requests, daemon=True)
        sender.start()
        with client, server:
            while (data := server.recv(65536)) and not cut.is_set():
                client.sendall(data)
            with suppress(OSError):  # it may have ended already
                client.shutdown(socket.SHUT_RDWR)
            sender.join()  # before its socket is closed

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    name = parts.username or query.get("user", "postgres")
    password = f":{quote(parts.password)}" if parts.password else ""
    with listener:
        yield f"postgresql://{name}{password}@127.0.0.1:{listener.getsockname()[1]}{parts.path}?sslmode=disable&gssencmode=disable"
        thread.join(timeout=10)
