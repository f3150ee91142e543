"""Who watches an item is woken by each change of its state or its progress, whoever made it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from flask import Flask

from broker.live.hub import Ending, Hub
from tests.conftest import Clock
from tests.jobs import beat, claim, complete, give_back, respond, sweep
from tests.serving import until
from tests.world import Caller, MakeItem, must

SECONDS = 20.0
AT_ONCE = 0.0


@pytest.fixture
def hub(app: Flask) -> Hub:
    hub: Hub = app.extensions["hub"]
    return hub


def key_of(admin: psycopg.Connection, queue_id: int) -> str:
    row = admin.execute(
        "select queue.item_key(company_id, queue_id) from data.queue_item where queue_id = %s", [queue_id]
    ).fetchone()
    assert row is not None
    key: str = row[0]
    return key


def look_of(admin: psycopg.Connection, queue_id: int) -> str:
    row = admin.execute("select look from keyring.looks_of(%s)", [[key_of(admin, queue_id)]]).fetchone()
    assert row is not None
    look: str = row[0]
    return look


def wakes(hub: Hub, key: str, act: Callable[[], object]) -> bool:
    """Whether an act wakes who watches an item in this process, at once."""
    mark = hub.mark()
    act()
    return hub.wait([key], mark, AT_ONCE) is Ending.WOKEN


STEPS: dict[str, tuple[str, Callable[[Caller, int], object]]] = {
    "claim": ("PENDING", lambda call, _: claim(call)),
    "response that claims": (
        "PENDING",
        lambda call, it: call("UpdateQueueItemResponse", queueId=it, responseVault="1"),
    ),
    "cancel": ("PENDING", lambda call, it: call("CancelQueueItem", queueId=it)),
    "request to stop": ("PROCESSING", lambda call, it: call("CancelQueueItem", queueId=it, force=True)),
    "many cancels": (
        "PENDING",
        lambda call, _: call("CancelQueueItems", filter={"status": ["PENDING"]}),
    ),
    "delete": ("COMPLETED", lambda call, it: call("DeleteQueueItem", queueId=it)),
    "many deletes": ("COMPLETED", lambda call, _: call("DeleteQueueItems", filter={"status": ["COMPLETED"]})),
    "retry": ("FAILED", lambda call, it: call("RetryFailedQueueItem", originalQueueId=it)),
    "many retries": ("FAILED", lambda call, _: call("RetryQueueItems", filter={"status": ["FAILED"]})),
    "dead letter": (
        "FAILED",
        lambda call, _: call("RetryDeadLetter", deadLetterId=call("GetDeadLetters").row["deadLetterId"]),
    ),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_call_wakes_whom_it_concerns(
    call: Caller, queue_item: MakeItem, hub: Hub, admin: psycopg.Connection, step: str
) -> None:
    status, act = STEPS[step]
    queue_id = queue_item(status)

    assert wakes(hub, key_of(admin, queue_id), lambda: act(call, queue_id))


def test_an_agents_calls_wake_whom_they_concern(
    call: Caller, queue_item: MakeItem, hub: Hub, admin: psycopg.Connection
) -> None:
    key = key_of(admin, queue_item())
    claimed = claim(call)
    woken = {
        "first heartbeat": wakes(hub, key, lambda: beat(call, claimed)),
        "heartbeat with nothing new": wakes(hub, key, lambda: beat(call, claimed)),
        "progress": wakes(hub, key, lambda: beat(call, claimed, progress=0.5)),
        "metrics": wakes(hub, key, lambda: beat(call, claimed, metrics={"items": 1})),
        "response": wakes(hub, key, lambda: respond(call, claimed)),
        "return": wakes(hub, key, lambda: give_back(call, claimed)),
        "completion": wakes(hub, key, lambda: must(complete(call, claim(call)))),
    }

    assert {name for name, was in woken.items() if not was} == {"heartbeat with nothing new", "response"}


def test_completions_of_many_wake_whom_they_concern(
    call: Caller, queue_item: MakeItem, hub: Hub, admin: psycopg.Connection
) -> None:
    key = key_of(admin, queue_item())
    claimed = claim(call)
    done = {"taskId": claimed["taskId"], "claimToken": claimed["claimToken"], "responseVault": "1"}

    assert wakes(hub, key, lambda: call("UpdateQueueItemsToCompleted", _as="build-01", items=[done]))


def test_what_a_sweep_changed_is_found_within_a_second_or_so(
    call: Caller, queue_item: MakeItem, hub: Hub, admin: psycopg.Connection, clock: Clock
) -> None:
    queue_id = queue_item()
    claim(call, leaseSeconds=30)
    watched = f"{key_of(admin, queue_id)}={look_of(admin, queue_id)}"
    hub.start()
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(hub.wait, [watched], hub.mark(), SECONDS)
        until(lambda: hub.waiting_count == 1)
        clock.advance(seconds=31)

        sweep(admin)

        assert waiting.result(3.0) is Ending.WOKEN


def test_what_changed_before_the_wait_began_is_found(
    call: Caller, queue_item: MakeItem, hub: Hub, admin: psycopg.Connection
) -> None:
    queue_id = queue_item()
    watched = f"{key_of(admin, queue_id)}={look_of(admin, queue_id)}"
    admin.execute("update data.queue_item set progress = 0.5 where queue_id = %s", [queue_id])
    hub.start()

    assert hub.wait([watched], hub.mark(), SECONDS) is Ending.WOKEN


def test_nobody_is_woken_by_what_stays_as_it_is(
    call: Caller, queue_item: MakeItem, hub: Hub, admin: psycopg.Connection
) -> None:
    queue_id, other = queue_item("COMPLETED"), queue_item("COMPLETED")
    watched = f"{key_of(admin, queue_id)}={look_of(admin, queue_id)}"
    hub.start()
    threading.Timer(0.1, lambda: call("DeleteQueueItem", queueId=other)).start()

    assert hub.wait([watched], hub.mark(), 2.5) is Ending.TIME_UP


def test_a_deleted_item_is_noticed(call: Caller, queue_item: MakeItem, hub: Hub, admin: psycopg.Connection) -> None:
    queue_id = queue_item("FAILED")
    watched = f"{key_of(admin, queue_id)}={look_of(admin, queue_id)}"
    admin.execute("delete from data.queue_item where queue_id = %s", [queue_id])
    hub.start()

    assert hub.wait([watched], hub.mark(), SECONDS) is Ending.WOKEN
    admin.execute("delete from data.vault_record")
