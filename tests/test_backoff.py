"""How long a failed item waits before it is tried again (spec 3, retry and backoff)."""

import json

import psycopg
import pytest

WEEK_SECONDS = 604_800.0


def delays(admin: psycopg.Connection, kind: str, first: int, retry_count: int, times: int = 1) -> list[float]:
    """Seconds, as often as asked for."""
    member = "delayMs" if kind == "fixed" else "initialDelayMs"
    rows = admin.execute(
        "select extract(epoch from queue.backoff_delay(%s::jsonb, %s))::float from generate_series(1, %s)",
        [json.dumps({kind: {member: first}}), retry_count, times],
    )
    return [seconds for (seconds,) in rows]


@pytest.mark.parametrize("retry_count", [0, 1, 7, 98])
def test_fixed_waits_the_same_each_time(admin: psycopg.Connection, retry_count: int) -> None:
    assert delays(admin, "fixed", 1500, retry_count) == [1.5]


def test_exponential_waits_twice_as_long_each_time(admin: psycopg.Connection) -> None:
    waited = [delays(admin, "exponential", 1000, retry_count)[0] for retry_count in range(5)]

    assert waited == [1, 2, 4, 8, 16]


@pytest.mark.parametrize(("first", "retry_count"), [(1000, 21), (1, 98), (86_400_000, 5), (86_400_000, 98)])
@pytest.mark.parametrize("kind", ["exponential", "exponentialJitter"])
def test_nothing_waits_longer_than_a_week(admin: psycopg.Connection, kind: str, first: int, retry_count: int) -> None:
    assert delays(admin, kind, first, retry_count) == [WEEK_SECONDS]


@pytest.mark.parametrize(("retry_count", "middle"), [(0, 1.0), (1, 2.0), (6, 64.0)])
def test_jitter_spreads_over_half_to_one_and_a_half(admin: psycopg.Connection, retry_count: int, middle: float) -> None:
    waited = delays(admin, "exponentialJitter", 1000, retry_count, times=500)

    assert middle * 0.5 <= min(waited) < middle * 0.6
    assert middle * 1.4 < max(waited) <= middle * 1.5
