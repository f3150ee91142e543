"""UpdateQueue."""

from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.jobs import complete
from tests.procedures.test_create_queue import GIVEN
from tests.queues import audited, new_queue, put, queue_of, take, taken, update
from tests.world import Caller

NULLABLE = ["concurrency", "timeoutSeconds", "rateLimit", "retentionSeconds"]


def test_changes_what_is_given_and_leaves_the_rest(call: Caller) -> None:
    expected = new_queue(call)

    for member, value in GIVEN.items():
        expected[member] = value

        assert update(call, **{member: value}) == expected
        assert queue_of(call) == expected


def test_without_members_it_changes_nothing(call: Caller) -> None:
    before = new_queue(call, **GIVEN)

    assert update(call) == before


def test_a_limit_is_lifted_by_its_name(call: Caller) -> None:
    expected = new_queue(call, **GIVEN)

    for member in NULLABLE:
        expected[member] = None

        assert update(call, clear=[member]) == expected


def test_several_are_lifted_and_others_set_in_one_call(call: Caller) -> None:
    before = new_queue(call, **GIVEN)

    after = update(call, clear=NULLABLE, maxRetries=0)

    assert after == {**before, **dict.fromkeys(NULLABLE), "maxRetries": 0}


def test_default_is_a_queue_like_others(call: Caller) -> None:
    assert update(call, "default", concurrency=2)["concurrency"] == 2
    put(call, None, 3)

    assert len(taken(call)) == 2


REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"clear": ["maxRetries"]},
        "clear names maxRetries: concurrency, timeoutSeconds, rateLimit and retentionSeconds can be lifted",
    ),
    ({"clear": ["concurrency"], "concurrency": 1}, "concurrency is both given and to be lifted"),
    ({"clear": ["timeoutSeconds"], "timeoutSeconds": 1}, "timeoutSeconds is both given and to be lifted"),
    ({"clear": ["retentionSeconds"], "retentionSeconds": 60}, "retentionSeconds is both given and to be lifted"),
    (
        {"clear": ["rateLimit"], "rateLimit": {"maxBurst": 1, "perSecond": 1}},
        "rateLimit is both given and to be lifted",
    ),
    ({"secrets": {"A": {}}}, 'secret A must be {"env": "VARIABLE"} or {"file": "/path"}, of at most 500 characters'),
    ({"rateLimit": {"perSecond": 1}}, 'rateLimit must be {"maxBurst": n, "perSecond": x}'),
    ({"concurrency": -5}, 'member "concurrency" must be a whole number from 1 to 100000'),
    (
        {"backoff": {"fixed": {"delayMs": 1e12}}},
        "backoff begins with 1000000000000.0 ms: 1 to 86400000, a day, are possible",
    ),
]


def test_refuses_what_is_out_of_bounds_and_changes_nothing(call: Caller) -> None:
    before = new_queue(call)

    for members, sentence in REFUSED:
        reply = call("UpdateQueue", teamName="ops", queueName="mail", maxRetries=7, **members)

        assert (reply.failure, reply.errors) == (400, [sentence])
    assert queue_of(call) == before


def test_a_lower_concurrency_lets_what_runs_go_on_and_nothing_start(call: Caller) -> None:
    new_queue(call, concurrency=3)
    put(call, count=5)
    held = take(call)

    update(call, concurrency=1)

    assert len(held) == 3
    assert taken(call) == []
    for row in held[:2]:
        complete(call, row)
    assert taken(call) == []
    complete(call, held[2])
    assert len(taken(call)) == 1


def test_a_higher_or_lifted_concurrency_lets_more_start_at_once(call: Caller) -> None:
    new_queue(call, concurrency=1)
    put(call, count=5)
    assert len(taken(call)) == 1

    update(call, concurrency=3)
    second = taken(call)
    update(call, clear=["concurrency"])

    assert (len(second), len(taken(call))) == (2, 2)


def test_retries_and_timeout_hold_for_later_items(call: Caller) -> None:
    new_queue(call, timeoutSeconds=60, maxRetries=1)
    put(call)
    update(call, timeoutSeconds=90, maxRetries=8)
    put(call)

    assert [row["timeoutSeconds"] for row in take(call)] == [60, 90]


class TestBucket:
    """What a change leaves in the bucket."""

    def test_a_new_one_is_full(self, call: Caller) -> None:
        new_queue(call)
        put(call, count=5)

        update(call, rateLimit={"maxBurst": 3, "perSecond": 0.001})

        assert len(taken(call)) == 3

    def test_a_smaller_one_holds_less(self, call: Caller) -> None:
        new_queue(call, rateLimit={"maxBurst": 8, "perSecond": 0.001})
        put(call, count=9)
        assert len(taken(call, 2)) == 2  # six are left

        update(call, rateLimit={"maxBurst": 4, "perSecond": 0.001})

        assert len(taken(call)) == 4

    def test_a_larger_one_gets_no_tokens_at_once(self, call: Caller) -> None:
        new_queue(call, rateLimit={"maxBurst": 2, "perSecond": 0.001})
        put(call, count=9)
        assert len(taken(call)) == 2

        update(call, rateLimit={"maxBurst": 8, "perSecond": 0.001})

        assert taken(call) == []

    def test_a_new_rate_holds_from_now_on(self, call: Caller, clock: Clock) -> None:
        new_queue(call, concurrency=100, rateLimit={"maxBurst": 50, "perSecond": 1})
        put(call, count=60)
        assert len(taken(call)) == 50
        clock.advance(seconds=3.5)

        update(call, rateLimit={"maxBurst": 50, "perSecond": 0.001})

        assert len(taken(call)) == 3


def test_tells_the_audit_what_was_changed(call: Caller, admin: psycopg.Connection) -> None:
    new_queue(call)

    update(call, concurrency=5, clear=["timeoutSeconds"])
    update(call)

    assert audited(admin, "UpdateQueue") == [
        ("Updated", "Queue", "mail", "in team ops: concurrency 5, timeoutSeconds none"),
        ("Updated", "Queue", "mail", "in team ops: nothing changed"),
    ]


NOT_FOUND: list[tuple[dict[str, Any], str, int, str]] = [
    ({"teamName": "ops", "queueName": "nothing"}, "bob", 404, "queue nothing not found in team ops"),
    ({"teamName": "nowhere", "queueName": "default"}, "bob", 404, "team nowhere not found"),
    ({"teamName": "dev", "queueName": "default"}, "bob", 403, "you are not a member of team dev"),
    ({"teamName": "ops", "queueName": "mail"}, "gina", 404, "queue mail not found in team ops"),
]


@pytest.mark.parametrize("procedure", ["UpdateQueue", "PauseQueue", "ResumeQueue"])
def test_finds_only_queues_of_the_callers_teams(call: Caller, procedure: str) -> None:
    before = new_queue(call)

    for members, caller, failure, sentence in NOT_FOUND:
        reply = call(procedure, _as=caller, **members)

        assert (reply.failure, reply.errors) == (failure, [sentence])
    assert queue_of(call) == before
