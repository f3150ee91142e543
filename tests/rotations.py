"""Rotations of a company's key, to their end."""

from typing import Any

from tests.conftest import Clock
from tests.world import Caller, Reply, must


def step(call: Caller, cursor: str | None = None, _as: str = "ann", **members: Any) -> Reply:
    """One call."""
    return must(call("RotateCompanyKey", _as=_as, cursor=cursor, **members))


def rotate(call: Caller, clock: Clock, _as: str = "ann", **members: Any) -> list[dict[str, Any]]:
    """The outputs of every call, until done; who only waits for time is given it."""
    cursor: str | None = None
    outputs: list[dict[str, Any]] = []
    for _ in range(100):
        outputs.append(step(call, cursor, _as=_as, **members).outputs)
        if outputs[-1]["done"]:
            return outputs
        cursor = outputs[-1]["cursor"]
        if outputs[-1]["remaining"] == 0:
            clock.advance(minutes=3)
    raise AssertionError(f"no end: {outputs[-1]}")
