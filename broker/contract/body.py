"""The body of a request: bytes -> JSON value, or a 400 that says what is wrong with it."""

import json
import math
from typing import Any

from broker.contract.text import NESTING, echo, nests_too_deeply
from broker.errors import RefusedError

NUMBER_CHARACTERS = 400  # the longest double in full has 309 digits before the point


def parse_body(body: bytes) -> Any:
    """Read JSON strictly: no NaN, no name twice in an object, no nesting deeper than 64; an empty body is None.

    orjson is faster, but keeps the last of two equal names without a word.

    Raises:
        RefusedError: 400.
    """
    if not body.strip():
        return None
    if nests_too_deeply(body):
        raise RefusedError(400, f"the body nests deeper than {NESTING}")
    try:
        return json.loads(
            body.decode(),
            object_pairs_hook=make_object,
            parse_constant=refuse_constant,
            parse_float=parse_float,
            parse_int=parse_int,
        )
    except UnicodeDecodeError:
        raise RefusedError(400, "the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise RefusedError(400, f"the body is not JSON: line {error.lineno}, column {error.colno}") from None


def make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, if no name is in it twice."""
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise RefusedError(400, f'member "{echo(name)}" is given twice')
            seen.add(name)
    return made


def refuse_constant(name: str) -> None:
    """Refuse what Python would read and JSON does not know."""
    raise RefusedError(400, f"the body is not JSON: {name} is no number")


def parse_float(text: str) -> float:
    """A number with fraction or exponent, if it is one that a double can hold."""
    number = float(text) if len(text) <= NUMBER_CHARACTERS else math.inf
    if math.isinf(number):
        raise RefusedError(400, f"the number {echo(text)} is too large")
    return number


def parse_int(text: str) -> int:
    """A whole number; how large it may be its member decides."""
    if len(text) > NUMBER_CHARACTERS:
        raise RefusedError(400, f"the number {echo(text)} is too large")
    return int(text)
