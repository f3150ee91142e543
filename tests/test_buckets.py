"""The arithmetic of the token bucket (spec 3, rate limiting)."""

import psycopg
import pytest

from tests.conftest import Clock
from tests.jobs import complete, give_back
from tests.queues import limit, new_queue, put, take, taken, update
from tests.world import Caller, must

TOKENS = """
    select queue.tokens_of(policy, policy.tokens_time + make_interval(secs => %s))
    from data.queue_policy as policy
    where policy.queue_name = 'mail'
"""
SET = "update data.queue_policy set tokens = %s, tokens_time = data.clock() where queue_name = 'mail'"


def limited(call: Caller, burst: int, rate: float, count: int) -> list[int]:
    """Items in a queue with that limit alone."""
    new_queue(call, concurrency=1000, rateLimit={"maxBurst": burst, "perSecond": rate})
    return put(call, count=count)


def test_a_burst_goes_at_once_and_no_more(call: Caller) -> None:
    made = limited(call, 3, 0.001, 5)

    assert taken(call) == made[:3]
    assert taken(call) == []


def test_then_one_goes_for_each_token(call: Caller, clock: Clock) -> None:
    made = limited(call, 2, 0.25, 5)
    assert taken(call) == made[:2]

    clock.advance(seconds=3)
    early = taken(call)
    clock.advance(seconds=1)
    first = taken(call)
    clock.advance(seconds=8)

    assert (early, first, taken(call)) == ([], [made[2]], made[3:])


def test_it_never_holds_more_than_its_burst(call: Caller, clock: Clock) -> None:
    made = limited(call, 3, 100, 9)
    take(call, 3)

    clock.advance(hours=1)

    assert taken(call) == made[3:6]


def test_what_is_not_taken_is_kept(call: Caller, clock: Clock) -> None:
    made = limited(call, 4, 0.001, 6)

    assert [taken(call, 1), taken(call, 2), taken(call)] == [made[:1], made[1:3], made[3:4]]


def test_parts_of_a_token_are_kept(call: Caller, clock: Clock, admin: psycopg.Connection) -> None:
    made = limited(call, 10, 0.5, 6)
    admin.execute(SET, [0.75])
    clock.advance(seconds=1)  # 1.25

    first = taken(call)
    clock.advance(seconds=1.6)  # 1.05

    assert (first, taken(call)) == (made[:1], made[1:2])


def test_concurrency_and_rate_hold_together(call: Caller, clock: Clock) -> None:
    new_queue(call, concurrency=2, rateLimit={"maxBurst": 3, "perSecond": 0.001})
    put(call, count=9)

    first = take(call)
    for row in first:
        must(complete(call, row))
    second = take(call)
    for row in second:
        must(complete(call, row))

    assert (len(first), len(second), taken(call)) == (2, 1, [])


def test_what_is_given_back_has_had_its_token(call: Caller) -> None:
    limited(call, 1, 0.001, 1)

    must(give_back(call, *take(call)))

    assert taken(call) == []


def test_the_rate_holds_where_nothing_else_is_limited(call: Caller) -> None:
    made = limited(call, 2, 0.001, 3)
    update(call, clear=["concurrency"])

    assert taken(call) == made[:2]


def test_each_queue_has_its_own(call: Caller) -> None:
    made = limited(call, 2, 0.001, 3)
    new_queue(call, "other", rateLimit={"maxBurst": 1, "perSecond": 0.001})
    others = put(call, "other", 3)

    assert taken(call) == [*made[:2], *others[:1]]


def test_one_that_is_passed_by_gives_no_token_away(call: Caller, admin: psycopg.Connection) -> None:
    limited(call, 5, 0.001, 1)
    update(call, concurrency=1)
    take(call)
    put(call)
    [before] = admin.execute(TOKENS, [0]).fetchall()

    assert taken(call) == []
    assert admin.execute(TOKENS, [0]).fetchall() == [before]


@pytest.mark.parametrize(
    ("tokens", "seconds", "expected"),
    [
        (0, 0, 0),
        (0, 1, 2.5),
        (0, 0.4, 1),
        (1.5, 0.2, 2),
        (9, 10, 10),
        (10, 1, 10),
        (3, -60, 3),
    ],
)
def test_fills_continuously(
    call: Caller, admin: psycopg.Connection, tokens: float, seconds: float, expected: float
) -> None:
    limited(call, 10, 2.5, 0)
    admin.execute(SET, [tokens])

    [(held,)] = admin.execute(TOKENS, [seconds]).fetchall()

    assert held == pytest.approx(expected)


def test_a_claim_that_the_companys_limit_refuses_spends_nothing(call: Caller, clock: Clock) -> None:
    limit(call, maxRunning=1)
    made = limited(call, burst=3, rate=0.001, count=6)
    [running] = take(call, 1)
    for _ in range(3):
        assert take(call) == []

    must(complete(call, running))
    limit(call)

    assert taken(call) == made[1:3]
