"""Marks of lanes: claims begin where something waits, and nothing is ever left behind a mark."""

import psycopg
import pytest

from tests.conftest import Clock
from tests.jobs import claim, create
from tests.racing import Race, race
from tests.world import Caller, must

__all__ = ["race"]  # a fixture

TURN_OVER = "select nextval('data.queue_item_queue_id_seq') from generate_series(1, 2000)"
RAISE = "select maintenance.raise_marks(0)"


def marks(admin: psycopg.Connection) -> list[int]:
    rows = admin.execute("select mark from data.lane order by lane_id").fetchall()
    return [mark for (mark,) in rows]


@pytest.fixture
def used(call: Caller, admin: psycopg.Connection) -> int:
    """An item in the hands of an agent, 2,000 numbers before the next one, in a lane whose mark has passed it."""
    create(call)
    taken: int = claim(call, leaseSeconds=30)["queueId"]
    admin.execute(TURN_OVER)
    assert admin.execute(RAISE).fetchall() == [(1,)]
    assert marks(admin)[0] > taken
    return taken


def test_the_mark_is_the_first_that_waits_whatever_its_priority(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute(TURN_OVER)
    first = create(call, priority=5)
    create(call, priority=1)

    admin.execute(RAISE)

    assert marks(admin) == [first]
    assert claim(call)["queueId"] > first
    assert claim(call)["queueId"] == first


def test_nothing_is_raised_while_vacuum_keeps_up(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute(TURN_OVER)
    create(call)

    assert admin.execute("select maintenance.raise_marks()").fetchall() == [(0,)]
    assert marks(admin) == [0]


@pytest.mark.usefixtures("used")
def test_a_new_item_is_found(call: Caller) -> None:
    made = create(call)

    assert claim(call)["queueId"] == made


def test_an_item_whose_lease_was_lost_is_found_again(
    call: Caller, admin: psycopg.Connection, clock: Clock, used: int
) -> None:
    clock.advance(seconds=31)
    admin.execute("select maintenance.rescue_lost_leases()")

    assert marks(admin) == [used]
    assert claim(call)["queueId"] == used


def test_an_item_that_was_not_due_is_found(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    [(soon,)] = admin.execute("select (data.clock() + interval '1 minute')::text").fetchall()
    late = create(call, notBefore=soon.replace(" ", "T"))
    admin.execute(TURN_OVER)
    admin.execute(RAISE)
    clock.advance(minutes=2)

    admin.execute("select maintenance.release_due()")

    assert claim(call)["queueId"] == late


def test_an_item_that_needed_another_is_found(call: Caller, admin: psycopg.Connection) -> None:
    first = create(call)
    [row] = must(call("GetTeamQueueItems", teamName="ops")).rows
    waiting = create(call, dependsOn=[row["taskId"]])
    taken = claim(call)
    admin.execute(TURN_OVER)
    admin.execute(RAISE)

    must(
        call(
            "UpdateQueueItemToCompleted",
            _as="build-01",
            queueId=first,
            claimToken=taken["claimToken"],
            responseVault="{}",
        )
    )

    assert claim(call)["queueId"] == waiting


def test_a_lane_that_somebody_is_just_entering_keeps_its_mark(
    call: Caller, admin: psycopg.Connection, race: Race
) -> None:
    queue_id = create(call)
    must(call("CancelQueueItem", queueId=queue_id))
    admin.execute(TURN_OVER)

    with race.acting("bob", "select api.retry_failed_queue_item(%s)", queue_id):
        raised = admin.execute(RAISE).fetchall()

    assert raised == [(0,)]
    assert claim(call)["queueId"] > queue_id
