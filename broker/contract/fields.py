"""The vocabulary: for each PostgreSQL type, how its values travel in JSON, and which are valid.

A field loads what a caller sent into what encode.py can send on; a message completes the sentence `member "x" ...`.
The same fields describe the types in OpenAPI.
"""

import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields, validate

from broker.contract.values import LARGEST_NUMBER, check_json, check_json_text, check_text, encode_text, read_json_text

NAME_CHARACTERS = 100
LIST_ITEMS = 1_000
LIST_VALUES = 10_000

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WHOLE = re.compile(r"-?[0-9]{1,16}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_PERMISSION = re.compile(r"[A-Z][A-Za-z0-9]{2,99}")


class Text(fields.String):
    """Text; a number or boolean stands for its own text."""

    def __init__(self, longest: int | None = None, shortest: int = 0, **options: Any) -> None:
        length = [validate.Length(min=shortest or None, max=longest, error=describe_length(shortest, longest))]
        super().__init__(validate=length if longest or shortest else None, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (int, float)):
            return str(value)
        return check_text(value)


class Name(Text):
    """A name: 1 to 100 characters. One that begins or ends with a blank would look like another, so it is refused."""

    def __init__(self, **options: Any) -> None:
        super().__init__(longest=NAME_CHARACTERS, shortest=1, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        text = super()._deserialize(value)
        if _CONTROL.search(text):
            raise ValidationError("must not contain control characters")
        if text != text.strip():
            raise ValidationError("must not begin or end with a blank")
        return text


class Email(Text):
    """An e-mail address; upper and lower case are the same one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(longest=254, shortest=3, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        text = super()._deserialize(value)
        if not _EMAIL.fullmatch(text) or _CONTROL.search(text):
            raise ValidationError("must be an e-mail address")
        return text.lower()


class PermissionName(Text):
    """The name of a procedure, also of one that is not built."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        text = super()._deserialize(value)
        if not _PERMISSION.fullmatch(text):
            raise ValidationError("must be the name of a procedure, such as GetTeamMachines")
        return text


class Label(fields.String):
    """One of some words, whatever their case."""

    def __init__(self, labels: Sequence[str], **options: Any) -> None:
        self._labels = {label.lower(): label for label in labels}
        self._refusal = f"must be one of {', '.join(labels)}"
        super().__init__(validate=validate.OneOf(labels), **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        label = self._labels.get(value.lower()) if isinstance(value, str) else None
        if label is None:
            raise ValidationError(self._refusal)
        return label


class Whole(fields.Integer):
    """A whole number, as number or as text of digits."""

    def __init__(self, least: int = -LARGEST_NUMBER, largest: int = LARGEST_NUMBER, **options: Any) -> None:
        self._least, self._largest = least, largest
        super().__init__(validate=validate.Range(least, largest), **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        number = value if isinstance(value, int) and not isinstance(value, bool) else None
        if (isinstance(value, str) and _WHOLE.fullmatch(value)) or (isinstance(value, float) and value.is_integer()):
            number = int(value)
        if number is None or not self._least <= number <= self._largest:
            raise ValidationError(f"must be a whole number from {self._least} to {self._largest}")
        return number


class Real(fields.Float):
    """A number."""

    def __init__(self, least: float | None = None, largest: float | None = None, **options: Any) -> None:
        between = f" from {least} to {largest}" if least is not None and largest is not None else ""
        self._refusal = f"must be a number{between}"
        limits = [validate.Range(least, largest, error=self._refusal)] if between else None
        super().__init__(validate=limits, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ValidationError(self._refusal)
        return value


class YesNo(fields.Boolean):
    """true or false; also 1 or 0, and these words as text."""

    _meanings: Mapping[Any, bool] = {True: True, False: False, "true": True, "false": False, "1": True, "0": False}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        meaning = self._meanings.get(value.lower() if isinstance(value, str) else value) if is_scalar(value) else None
        if meaning is None:
            raise ValidationError("must be true or false")
        return meaning


class Uuid(fields.UUID):
    """A UUID in its usual form, 8-4-4-4-12 hexadecimal digits."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if not isinstance(value, str) or not _UUID.fullmatch(value):
            raise ValidationError("must be a UUID")
        return value.lower()


class Moment(fields.DateTime):
    """A time, ISO 8601; without an offset it is UTC."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            return moment.astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            raise ValidationError("must be a time, ISO 8601, such as 2030-01-31T12:00:00Z") from None


class Json(fields.Raw):
    """Any JSON value; `objects` only objects."""

    def __init__(self, objects: bool = False, **options: Any) -> None:
        self._objects = objects
        super().__init__(**options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if self._objects and not isinstance(value, dict):
            raise ValidationError("must be a JSON object")
        check_json(value)
        return value


class Document(Json):
    """A JSON object, or text that holds one: existing clients send what is nested as text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(objects=True, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if isinstance(value, str) and value.lstrip().startswith("{"):
            value = read_json_text(value)
        return super()._deserialize(value)


class VaultText(fields.String):
    """The content of a vault: JSON text, kept byte for byte."""

    def __init__(self, largest_bytes: int, **options: Any) -> None:
        self._largest_bytes = largest_bytes
        super().__init__(validate=validate.Length(max=largest_bytes), **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if not isinstance(value, str):
            raise ValidationError("must be text that holds JSON")
        content = encode_text(value)
        if len(content) > self._largest_bytes:
            raise ValidationError(f"must have at most {self._largest_bytes} bytes")
        check_json_text(content)
        return content


class ClaimToken(Text):
    """The claim token of a claimed item; only its SHA-256 goes on."""

    def __init__(self, **options: Any) -> None:
        super().__init__(longest=NAME_CHARACTERS, shortest=1, **options)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **options: Any) -> Any:
        """Validate the token's text, then hash it."""
        text = super().deserialize(value, attr, data, **options)
        return hashlib.sha256(text.encode()).digest() if isinstance(text, str) else text


class Many(fields.List[Any]):
    """A list, or JSON text that holds one, with a limit that is looked at before its values."""

    def __init__(self, inner: Any, longest: int, **options: Any) -> None:
        self._longest = longest
        super().__init__(inner, validate=validate.Length(max=longest), **options)

    def read(self, value: Any) -> list[Any]:
        """The entries as they were sent.

        Raises:
            ValidationError: no list, or one that is too long.
        """
        if isinstance(value, str) and value.lstrip().startswith("["):
            value = read_json_text(value)
        if not isinstance(value, list):
            raise ValidationError("must be a list")
        if len(value) > self._longest:
            raise ValidationError(f"must have at most {self._longest} entries")
        return value

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return super()._deserialize(self.read(value), None, None)


Vocabulary = Mapping[str, Callable[..., Any]]

VOCABULARY: Vocabulary = {
    "text": Text,
    "varchar": Text,
    "int2": lambda **options: Whole(-(2**15), 2**15 - 1, **options),
    "int4": lambda **options: Whole(-(2**31), 2**31 - 1, **options),
    "int8": Whole,
    "float4": Real,
    "float8": Real,
    "numeric": Real,
    "bool": YesNo,
    "uuid": Uuid,
    "timestamptz": Moment,
    "jsonb": Json,
    "json": Json,
    "data.entity_name": Name,
    "data.email": Email,
    "data.permission_name": PermissionName,
    "data.name_list": lambda **options: Text(10_000, **options),
    "data.note": lambda **options: Text(1_000, **options),
    "data.request_id": lambda **options: Text(NAME_CHARACTERS, 1, **options),
    "data.priority_level": lambda **options: Whole(1, 5, **options),
    "data.priority": lambda **options: Whole(0, 100, **options),
    "data.wait_seconds": lambda **options: Whole(0, 300, **options),
    "data.retry_limit": lambda **options: Whole(0, 99, **options),
    "data.expiry_seconds": lambda **options: Whole(1, 31_536_000, **options),
    "data.concurrency": lambda **options: Whole(1, 100_000, **options),
    "data.retention_seconds": lambda **options: Whole(60, 315_360_000, **options),
    "data.lease_seconds": lambda **options: Whole(5, 86_400, **options),
    "data.heartbeat_seconds": lambda **options: Whole(1, 3_600, **options),
    "data.slot_count": lambda **options: Whole(1, 1_000, **options),
    "data.agent_version": lambda **options: Text(NAME_CHARACTERS, 1, **options),
    "data.fraction": lambda **options: Real(0, 1, **options),
    "data.claim_token": ClaimToken,
    "data.document": Document,
}


def is_scalar(value: object) -> bool:
    """Tell whether a JSON value is neither list nor object."""
    return isinstance(value, (str, int, float))


def describe_length(shortest: int, longest: int | None) -> str:
    """The end of a sentence about a text of the wrong length."""
    if longest is None:
        return f"must have at least {shortest} characters"
    return f"must have {shortest} to {longest} characters" if shortest else f"must have at most {longest} characters"
