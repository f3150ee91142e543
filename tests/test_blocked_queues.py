"""A queue that is blocked holds up nothing but itself; whoever waits for it is answered as soon as it goes on."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from flask import Flask

from broker.crypto.tokens import token_hash
from broker.live.hub import Hub
from tests.jobs import ANSWER, complete, give_back
from tests.queues import limit, new_queue, put, take, taken, update
from tests.racing import SECONDS, Race, race
from tests.test_longpoll import waiting
from tests.world import Caller, Reply, World, must

__all__ = ["race"]  # a fixture

LOOK = "select wake_after from api.get_queue_items_next()"
# Shorter than the time after which who met a closed queue looks again by himself.
PATIENCE_SECONDS = 8


@pytest.fixture
def hub(app: Flask) -> Hub:
    hub: Hub = app.extensions["hub"]
    return hub


def pause(call: Caller) -> None:
    must(call("PauseQueue", teamName="ops", queueName="mail"))


def fill(call: Caller) -> None:
    """Let one item of the queue run, and no other."""
    update(call, concurrency=1)
    assert len(taken(call, 1)) == 1


def empty_the_bucket(call: Caller) -> None:
    update(call, rateLimit={"maxBurst": 1, "perSecond": 0.001})
    assert len(taken(call, 1)) == 1


BLOCKED: dict[str, tuple[dict[str, Any], Callable[[Caller], None]]] = {
    "paused": ({}, pause),
    "full": ({}, fill),
    "rate limited": ({}, empty_the_bucket),
    "not due": ({"notBefore": "2035-01-01T00:00:00Z"}, lambda _: None),
}


@pytest.mark.parametrize("why", list(BLOCKED))
def test_other_queues_and_machines_go_on(call: Caller, why: str) -> None:
    members, block = BLOCKED[why]
    new_queue(call)
    new_queue(call, "other")
    for machine in ("build-01", "build-02", None):
        put(call, count=2, machineName=machine, priority=1, **members)
    block(call)
    own, other = put(call, None), put(call, "other")
    pooled = put(call, "other", machineName=None)
    elsewhere = put(call, "other", machineName="build-02")

    assert taken(call, _as="bob") == [*own, *other, *pooled]
    assert taken(call, _as="north") == elsewhere


def ask(admin: psycopg.Connection, world: World) -> float | None:
    """After how many seconds an agent of build-01 looks again, though nobody wakes him."""
    with admin.transaction():
        admin.execute("select set_config('broker.token_hash', %s, true)", [token_hash(world.tokens["build-01"]).hex()])
        [(seconds,)] = admin.execute(LOOK).fetchall()
    return None if seconds is None else float(seconds)


class TestLookingAgain:
    """What nobody tells him, the waiting agent looks for himself."""

    def test_when_the_next_token_comes(self, call: Caller, admin: psycopg.Connection, world: World) -> None:
        new_queue(call, rateLimit={"maxBurst": 1, "perSecond": 0.25})
        put(call, count=2)
        take(call, 1)

        seconds = ask(admin, world)

        assert seconds is not None
        assert 0 < seconds <= 4

    @pytest.mark.parametrize("why", ["paused", "full"])
    def test_after_ten_seconds_where_a_sweep_or_psql_may_open(
        self, call: Caller, admin: psycopg.Connection, world: World, why: str
    ) -> None:
        new_queue(call)
        put(call, count=2)
        BLOCKED[why][1](call)

        assert ask(admin, world) == 10

    def test_never_where_nothing_waits_that_he_could_get(
        self, call: Caller, admin: psycopg.Connection, world: World
    ) -> None:
        new_queue(call, concurrency=1)
        put(call)
        take(call)
        put(call, None, machineName="build-02")

        assert ask(admin, world) is None

    def test_after_ten_seconds_where_the_company_is_full(
        self, call: Caller, admin: psycopg.Connection, world: World
    ) -> None:
        limit(call, maxRunning=1)
        put(call, None, 2)
        take(call, 1)

        assert ask(admin, world) == 10

    def test_not_at_all_where_nothing_waits(self, call: Caller, admin: psycopg.Connection, world: World) -> None:
        new_queue(call)
        put(call)
        take(call)
        limit(call, maxRunning=1)

        assert ask(admin, world) is None


ENDINGS: dict[str, Callable[[Caller, dict[str, Any]], Reply]] = {
    "completed": complete,
    "given back": give_back,
    "cancelled": lambda call, row: call("CancelQueueItem", queueId=row["queueId"]),
    "deleted": lambda call, row: call("DeleteQueueItem", queueId=row["queueId"]),
    "completed in a batch": lambda call, row: call(
        "UpdateQueueItemsToCompleted",
        _as="build-01",
        items=[{"taskId": row["taskId"], "claimToken": row["claimToken"], "responseVault": ANSWER}],
    ),
    "cancelled in bulk": lambda call, row: call("CancelQueueItems", taskIds=[row["taskId"]]),
    "deleted in bulk": lambda call, row: call("DeleteQueueItems", taskIds=[row["taskId"]]),
}


class TestWaiting:
    """An agent waits because everything is closed, and is told when it opens."""

    @pytest.mark.parametrize("how", list(ENDINGS))
    @pytest.mark.parametrize("limits", [{"concurrency": 1}, {"maxRunning": 1}])
    def test_he_gets_an_item_when_one_has_left_its_agents_hands(
        self, app: Flask, hub: Hub, world: World, call: Caller, how: str, limits: dict[str, int]
    ) -> None:
        new_queue(call, concurrency=limits.get("concurrency", 100))
        limit(call, maxRunning=limits.get("maxRunning"))
        put(call, machineName="build-02")
        [running] = take(call, _as="north")
        [expected] = put(call)

        with waiting(app, hub, world, seconds=PATIENCE_SECONDS) as [reply]:
            must(ENDINGS[how](in_hands_of_north(call), running))

            assert reply.result().row["queueId"] == expected

    def test_he_gets_an_item_that_another_agent_gives_back(
        self, app: Flask, hub: Hub, world: World, call: Caller
    ) -> None:
        [expected] = put(call, None)
        [running] = take(call, _as="north")

        with waiting(app, hub, world, seconds=PATIENCE_SECONDS) as [reply]:
            must(give_back(in_hands_of_north(call), running))

            assert reply.result().row["queueId"] == expected

    @pytest.mark.parametrize("how", ["cancelled", "deleted", "cancelled in bulk", "deleted in bulk"])
    def test_he_gets_an_item_when_what_it_runs_anyway_after_has_ended(
        self, app: Flask, hub: Hub, world: World, call: Caller, how: str
    ) -> None:
        put(call, None, machineName="build-02")
        needed = call("GetTeamQueueItems").row
        [expected] = put(call, None, dependsOn=[needed["taskId"]], runAnyway=True)

        with waiting(app, hub, world, seconds=PATIENCE_SECONDS) as [reply]:
            must(ENDINGS[how](call, needed))

            assert reply.result().row["queueId"] == expected

    @pytest.mark.parametrize(
        "opening",
        [
            lambda call: update(call, concurrency=2),
            lambda call: update(call, clear=["concurrency"]),
        ],
    )
    def test_he_gets_an_item_when_the_queue_is_widened(
        self, app: Flask, hub: Hub, world: World, call: Caller, opening: Callable[[Caller], object]
    ) -> None:
        new_queue(call, concurrency=1)
        [_, expected] = put(call, count=2)
        take(call, 1)

        with waiting(app, hub, world, seconds=PATIENCE_SECONDS) as [reply]:
            opening(call)

            assert reply.result().row["queueId"] == expected

    @pytest.mark.parametrize("limits", [{"concurrency": 9}, {"clear": ["concurrency"]}])
    def test_he_gets_an_item_when_the_queue_is_resumed(
        self, app: Flask, hub: Hub, world: World, call: Caller, limits: dict[str, Any]
    ) -> None:
        new_queue(call)
        update(call, **limits)
        [expected] = put(call)
        pause(call)

        with waiting(app, hub, world, seconds=PATIENCE_SECONDS) as [reply]:
            must(call("ResumeQueue", teamName="ops", queueName="mail"))

            assert reply.result().row["queueId"] == expected

    @pytest.mark.parametrize("limits", [{"maxRunning": 1}, {"maxRunningPerUser": 1}])
    def test_he_gets_an_item_when_the_companys_limit_is_lifted(
        self, app: Flask, hub: Hub, world: World, call: Caller, limits: dict[str, int]
    ) -> None:
        limit(call, **limits)
        [_, expected] = put(call, None, 2)
        take(call, 1)

        with waiting(app, hub, world, seconds=PATIENCE_SECONDS) as [reply]:
            limit(call)

            assert reply.result().row["queueId"] == expected

    def test_he_gets_an_item_when_the_token_comes(self, app: Flask, hub: Hub, world: World, call: Caller) -> None:
        new_queue(call, rateLimit={"maxBurst": 1, "perSecond": 2})
        [_, expected] = put(call, count=2)
        take(call, 1)

        with waiting(app, hub, world, seconds=PATIENCE_SECONDS) as [reply]:
            assert reply.result().row["queueId"] == expected

    @pytest.mark.parametrize("procedure", ["CreateQueueItem", "CreateQueueItems"])
    def test_he_gets_an_item_that_he_passed_by_while_others_came_to_depend_on_it(
        self, app: Flask, hub: Hub, world: World, call: Caller, race: Race, procedure: str
    ) -> None:
        [expected] = put(call, None)
        [other] = put(call, None, machineName="build-02")
        needed = [row["taskId"] for row in call("GetTeamQueueItems").rows]
        order = {"machineName": "build-02", "queueVault": "{}", "dependsOn": needed}
        members: dict[str, Any] = {
            "teamName": "ops",
            **({"items": [order]} if procedure == "CreateQueueItems" else order),
        }

        # What is needed is locked in order, so that the other one stops the call when it has locked the expected one.
        with race.held("select from data.queue_item where queue_id = %s for update", other) as held:
            made = race.start(lambda by: by(procedure, **members))
            with waiting(app, hub, world, seconds=PATIENCE_SECONDS) as [reply]:
                held.commit()

                assert reply.result().row["queueId"] == expected
        assert made.result(SECONDS).failure == 0


def in_hands_of_north(call: Caller) -> Caller:
    """Calls of agents come from the bridge north."""

    class North(Caller):
        def __call__(self, procedure: str, _as: str = "bob", *arguments: Any, **members: Any) -> Reply:
            return super().__call__(procedure, "north" if _as == "build-01" else _as, *arguments, **members)

    return North(call.client, call.world)
