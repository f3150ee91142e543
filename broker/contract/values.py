"""What a JSON value may be, whatever member holds it; messages complete the sentence `member "x" ...`."""

import json
from typing import Any

import orjson
from marshmallow import ValidationError

from broker.contract.text import NESTING, nests_too_deeply

LARGEST_NUMBER = 2**53 - 1  # what every JSON reader holds exactly


def check_text(value: Any) -> str:
    """The text, if it is text that PostgreSQL can hold.

    Raises:
        ValidationError: no text, or with NUL or half a surrogate pair in it.
    """
    if not isinstance(value, str):
        raise ValidationError("must be text")
    if "\0" in value:
        raise ValidationError("must not contain the character NUL")
    encode_text(value)
    return value


def encode_text(text: str) -> bytes:
    """Text in UTF-8.

    Raises:
        ValidationError: half a surrogate pair in it.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValidationError("must not contain half a surrogate pair") from None


def read_json_text(text: str) -> Any:
    """What JSON text inside JSON holds; as strict as for the body itself.

    Raises:
        ValidationError: it nests too deeply, names a member twice, or is no JSON.
    """
    check_json_text(check_text(text).encode())
    # Again, slowly: orjson keeps the last of two equal names without a word.
    return json.loads(text, object_pairs_hook=make_object)


def check_json_text(content: bytes) -> None:
    """Make sure that bytes are JSON text.

    Raises:
        ValidationError: they nest too deeply, or are no JSON.
    """
    if nests_too_deeply(content):
        raise ValidationError(f"must not nest deeper than {NESTING}")
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError:
        raise ValidationError("must hold valid JSON") from None


def make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, if no name is in it twice."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValidationError("must not name a member twice")
    return made


def check_json(value: Any) -> None:
    """Look through a JSON value, no deeper than the body may nest, for what jsonb or other readers cannot hold.

    Raises:
        ValidationError: text with NUL or half a surrogate pair, a number beyond 2^53.
    """
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            check_text(name)
            check_json(inner)
    elif isinstance(value, list):
        for inner in value:
            check_json(inner)
    elif isinstance(value, int) and not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
        raise ValidationError("must not contain a whole number beyond 2^53")
