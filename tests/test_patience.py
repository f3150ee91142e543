"""How often those look again who wait for a queue with a rate: by a clock that only waiting moves, in no real time."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from broker.answer import Answer, AnswerTable
from broker.live.hub import Ending
from broker.live.longpoll import SHORTEST_SECONDS, SPREAD_SHARE, run_waiting

SECONDS = 10
WAITERS = 4


class Wait:
    """One call that waits and never gets anything: hub, procedures and clock in one; `looks` are its moments."""

    def __init__(self, wake_after: Callable[[float], float | None], wait_seconds: int = SECONDS) -> None:
        self.now = 0.0
        self.looks: list[float] = []
        self.wait_seconds = wait_seconds
        self._wake_after = wake_after

    def mark(self) -> int:
        return 0

    def run(self, _: object) -> Answer:
        self.looks.append(self.now)
        return Answer([AnswerTable([], 0)], wait_keys=("queue:1",), wake_after=self._wake_after(self.now))

    def wait(self, _keys: Sequence[str], _mark: int, seconds: float, _client: int | None) -> Ending:
        self.now += seconds
        return Ending.TIME_UP


def looks_of(wait: Wait, seed: int = 0) -> list[float]:
    uniform = random.Random(seed).uniform  # noqa: S311  # the same each time
    parts: Any = wait  # stands for each of them
    run_waiting(parts, parts, parts, None, clock=lambda: wait.now, uniform=uniform)
    return wait.looks


@pytest.mark.parametrize("wake_after", [0.0, 0.000_001, SHORTEST_SECONDS])
def test_a_waiter_looks_no_more_than_twenty_times_a_second(wake_after: float) -> None:
    looks = looks_of(Wait(lambda _: wake_after))

    assert SECONDS / SHORTEST_SECONDS / (1 + SPREAD_SHARE) < len(looks) <= SECONDS / SHORTEST_SECONDS + 1


def test_waiters_of_one_item_a_second_look_little_more_often_than_items_come() -> None:
    looks = [look for seed in range(WAITERS) for look in looks_of(Wait(lambda now: 1 - now % 1), seed)]

    assert len(looks) / SECONDS / WAITERS <= 2


def test_waiters_that_are_told_the_same_moment_come_one_after_the_other() -> None:
    second_looks = sorted(looks_of(Wait(lambda _: 1.0), seed)[1] for seed in range(WAITERS))

    assert len(set(second_looks)) == WAITERS
    assert 1 <= second_looks[0] < second_looks[-1] <= 1 + SPREAD_SHARE


def test_nobody_waits_longer_than_he_asked_for() -> None:
    wait = Wait(lambda _: 9.9)

    looks_of(wait)

    assert wait.now == SECONDS


def test_who_knows_no_moment_looks_once_a_minute() -> None:
    assert looks_of(Wait(lambda _: None, wait_seconds=180)) == [0, 60, 120]
