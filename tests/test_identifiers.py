"""Identifiers: the form and the order of the broker's uuids."""

import time
from uuid import RFC_4122

from broker.crypto.identifiers import uuid7


def test_is_a_uuid_of_version_7_with_the_time_in_front() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7()
    after = time.time_ns() // 1_000_000

    assert made.version == 7
    assert made.variant == RFC_4122
    assert before <= made.int >> 80 <= after


def test_no_two_are_equal() -> None:
    assert len({uuid7() for _ in range(10_000)}) == 10_000


def test_a_later_millisecond_sorts_later() -> None:
    first = uuid7()
    while time.time_ns() // 1_000_000 <= first.int >> 80:
        pass
    second = uuid7()

    assert first < second
