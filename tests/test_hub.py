"""The hub: whoever waits is woken, nobody sleeps through what came, and notices only make it faster."""

import queue
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from broker.database.database import Database
from broker.live.hub import REMEMBERED_KEYS, Ending, Hub
from broker.live.notices import PAYLOAD_BYTES, Notices, payloads, read_payload
from tests.serving import until
from tests.world import MakeItem

SECONDS = 20.0  # longer than anything here takes: who needs them has slept through
AT_ONCE = 0.0
NOWHERE = "postgresql://nobody@/nothing?host=/nonexistent"


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub(Database(NOWHERE, pool_size=1))
    yield hub
    hub.close()


@pytest.fixture
def pool(database: str) -> Iterator[Database]:
    pool = Database(database, pool_size=1)
    yield pool
    pool.close()


def all_machines(admin: psycopg.Connection) -> list[str]:
    return [key for (key,) in admin.execute("select 'machine:' || machine_id from data.machine")]


@contextmanager
def listening(hub: Hub) -> Iterator[Hub]:
    hub.start()
    try:
        yield hub
    finally:
        hub.close()


@contextmanager
def notices(url: str) -> Iterator[tuple[Notices, "queue.Queue[list[str]]", threading.Event]]:
    heard: queue.Queue[list[str]] = queue.Queue()
    connected = threading.Event()
    party = Notices(url, heard.put, connected.set)
    party.start()
    assert connected.wait(SECONDS)
    try:
        yield party, heard, connected
    finally:
        party.close()


def test_wakes_all_who_wait_for_a_key_and_nobody_else(hub: Hub) -> None:
    with ThreadPoolExecutor() as pool:
        woken = [pool.submit(hub.wait, ["machine:1", "machine:2"], hub.mark(), SECONDS) for _ in range(3)]
        asleep = pool.submit(hub.wait, ["machine:3"], hub.mark(), 0.2)

        hub.wake(["machine:2"])

        assert [wait.result() for wait in woken] == [Ending.WOKEN] * 3
        assert asleep.result() is Ending.TIME_UP


def test_what_came_between_looking_and_waiting_ends_the_wait_at_once(hub: Hub) -> None:
    mark = hub.mark()
    hub.wake(["machine:1"])

    assert hub.wait(["machine:1"], mark, AT_ONCE) is Ending.WOKEN
    assert hub.wait(["machine:1"], hub.mark(), AT_ONCE) is Ending.TIME_UP


def test_who_looked_too_long_ago_to_remember_looks_again(hub: Hub) -> None:
    mark = hub.mark()
    for number in range(REMEMBERED_KEYS + 1):
        hub.wake([f"machine:{number}"])

    assert hub.wait(["machine:-1"], mark, AT_ONCE) is Ending.WOKEN


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads that take turns a thousand times more often than usual."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(interval / 1000)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.parametrize("takers", [1, 2, 12])
def test_nobody_sleeps_through_an_item(hub: Hub, hasty_threads: None, takers: int) -> None:
    count = 3_000
    items: queue.SimpleQueue[int] = queue.SimpleQueue()
    taken: queue.SimpleQueue[int] = queue.SimpleQueue()

    def take() -> Ending:
        while True:
            mark = hub.mark()
            try:
                taken.put(items.get_nowait())
            except queue.Empty:
                ending = hub.wait(["machine:1"], mark, SECONDS)
                if ending is not Ending.WOKEN:
                    return ending

    with ThreadPoolExecutor(takers) as pool:
        takings = [pool.submit(take) for _ in range(takers)]
        for number in range(count):
            items.put(number)
            hub.wake(["machine:1"])
            # Only its own wake can bring an item to a taker: the next one is not made before.
            assert taken.get(timeout=SECONDS) == number
        hub.close()

        assert [taking.result() for taking in takings] == [Ending.CLOSED] * takers


def test_a_hub_that_closes_sends_everybody_home(hub: Hub) -> None:
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(hub.wait, ["machine:1"], hub.mark(), SECONDS)

        hub.close()

        assert waiting.result() is Ending.CLOSED
    assert hub.wait(["machine:1"], hub.mark(), SECONDS) is Ending.CLOSED


def test_nobody_waits_for_a_client_that_has_gone_even_while_the_database_is_away() -> None:
    near, far = socket.socketpair()
    with near, listening(Hub(Database(NOWHERE, pool_size=1))) as hub, ThreadPoolExecutor() as pool:
        waiting = pool.submit(hub.wait, ["machine:1"], hub.mark(), SECONDS, near.fileno())

        far.close()

        assert waiting.result() is Ending.GONE


def test_a_client_that_sends_its_next_request_early_is_still_there(pool: Database) -> None:
    near, far = socket.socketpair()
    with near, far, listening(Hub(pool)) as hub:
        far.send(b"POST")

        assert hub.wait(["machine:1"], hub.mark(), 1.5, near.fileno()) is Ending.TIME_UP
        assert near.recv(4) == b"POST"


def test_polling_alone_finds_what_others_made(pool: Database, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    with listening(Hub(pool, notices_url=None)) as hub, ThreadPoolExecutor() as threads:
        waiting = threads.submit(hub.wait, all_machines(admin), hub.mark(), SECONDS)

        queue_item()

        assert waiting.result() is Ending.WOKEN


def test_polling_finds_what_was_committed_late(pool: Database, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    queue_item()
    admin.execute("update data.queue_item set ready_time = ready_time - interval '30 seconds'")

    with listening(Hub(pool, notices_url=None)) as hub:
        assert hub.wait(all_machines(admin), hub.mark(), SECONDS) is Ending.WOKEN


def test_brokers_wake_each_others_waiters(pool: Database, database: str) -> None:
    with (
        listening(Hub(pool, database)) as here,
        notices(database) as (there, _, _),
        ThreadPoolExecutor() as threads,
    ):
        waiting = threads.submit(here.wait, ["machine:7"], here.mark(), SECONDS)

        def told() -> bool:
            """Again and again: what is told before the other listens, it does not hear."""
            there.tell(["machine:7"])
            return waiting.done()

        until(told)

        assert waiting.result() is Ending.WOKEN


def test_many_wakes_make_few_notices_which_their_sender_does_not_hear(database: str) -> None:
    keys = [f"machine:{number}" for number in range(2_000)]
    with notices(database) as (sender, echo, _), notices(database) as (_, heard, _):
        for key in keys:
            sender.tell([key])

        received: list[list[str]] = []
        while sum(map(len, received)) < len(keys):
            received.append(heard.get(timeout=SECONDS))

        assert sorted(key for batch in received for key in batch) == sorted(keys)
        assert len(received) < 100
        assert echo.empty()


def test_notices_come_back_after_the_connection_was_lost(database: str) -> None:
    with notices(database) as (sender, _, _), notices(database) as (_, heard, connected):
        connected.clear()
        with psycopg.connect(database, autocommit=True) as admin:
            admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where application_name = 'broker notices' and datname = current_database()"
            )
        assert connected.wait(SECONDS)

        received = None
        while received is None:
            sender.tell(["machine:1"])
            try:
                received = heard.get(timeout=0.2)
            except queue.Empty:
                continue

        assert received == ["machine:1"]


@pytest.mark.parametrize("count", [0, 1, 5_000])
def test_a_notice_fits_the_server(count: int) -> None:
    keys = [f"machine:{number}é" for number in range(count)]

    sent = list(payloads(keys))

    assert [key for payload in sent for key in read_payload(payload)] == keys
    assert all(len(payload.encode()) <= PAYLOAD_BYTES for payload in sent)


def test_a_key_that_no_notice_can_hold_is_left_to_polling() -> None:
    assert list(payloads(["a", "x" * PAYLOAD_BYTES, "b"])) == ['["a","b"]']


@pytest.mark.parametrize("payload", ["", "hello", "7", '{"a":1}', "[1]", "[null]"])
def test_a_notice_that_no_broker_wrote_is_ignored(payload: str) -> None:
    assert read_payload(payload) == []
