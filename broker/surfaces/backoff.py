"""The objects that queues and flows (spec 3) have in common, and how their members are called in the engine."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields

from broker.contract.fields import Whole
from broker.surfaces.routes import Members

DAY_MS = 86_400_000

# How sentences of the engine name what these surfaces name otherwise.
WORDS = {
    "delayMs": "delay_ms",
    "initialDelayMs": "initial_delay_ms",
    "exponentialJitter": "exponential_jitter",
    "timeoutSeconds": "timeout_secs",
}


class FixedBackoff(Members):
    """Always the same wait."""

    delay_ms = Whole(1, DAY_MS, required=True, metadata={"example": 1000})


class ExponentialBackoff(Members):
    """A wait that doubles with each retry."""

    initial_delay_ms = Whole(1, DAY_MS, required=True, metadata={"example": 1000})


class Backoff(Members):
    """How long to wait before a retry: one of the three."""

    fixed = fields.Nested(FixedBackoff)
    exponential = fields.Nested(ExponentialBackoff)
    exponential_jitter = fields.Nested(ExponentialBackoff)


class ShownBackoff(Schema):
    """How long to wait before a retry: one of the three."""

    fixed = fields.Nested(FixedBackoff)
    exponential = fields.Nested(ExponentialBackoff)
    exponential_jitter = fields.Nested(ExponentialBackoff)


def to_camel(value: Any) -> Any:
    """An object of objects with its members as the engine writes them."""
    return rename(value, lambda name: re.sub(r"_(\w)", lambda letter: letter[1].upper(), name))


def to_snake(value: Any) -> Any:
    """An object of objects with its members as spec 3 writes them."""
    return rename(value, lambda name: re.sub(r"[A-Z]", lambda letter: "_" + letter[0].lower(), name))


def rename(value: Any, name: Any) -> Any:
    """An object of objects with its members renamed."""
    if not isinstance(value, Mapping):
        return value
    return {name(member): rename(inner, name) for member, inner in value.items()}
