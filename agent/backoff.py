"""How long to wait before something is tried again."""

import random
from collections.abc import Callable

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0
LONGEST_ORDERED_SECONDS = 300.0

Uniform = Callable[[float, float], float]


class Backoff:
    """Exponential backoff with full jitter; a success resets it.

    Full jitter (anything from 0 to the current ceiling) spreads a thousand agents that lost their broker in the same
    second over the whole interval. What the broker orders with Retry-After is waited at least, jitter comes on top.
    """

    def __init__(self, uniform: Uniform = random.uniform) -> None:
        self._uniform = uniform
        self._failures = 0

    def reset(self) -> None:
        self._failures = 0

    def next_seconds(self, ordered_seconds: float = 0.0) -> float:
        """Count one more failure and tell how long to wait; ordered_seconds is the broker's Retry-After."""
        ceiling = min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** min(self._failures, 16))
        self._failures += 1
        return min(ordered_seconds, LONGEST_ORDERED_SECONDS) + self._uniform(0.0, ceiling)
