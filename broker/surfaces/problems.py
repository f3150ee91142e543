"""Errors of the surfaces that have paths of their own: {"error": "<Name>Error", "message": "...", ...}."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from marshmallow import EXCLUDE, Schema, fields

from broker.errors import Failure, RefusedError

NAMES = {
    400: "InvalidRequestError",
    401: "AuthenticationError",
    402: "SubscriptionError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    405: "MethodNotAllowedError",
    409: "ConflictError",
    413: "RequestTooLargeError",
    415: "UnsupportedMediaTypeError",
    429: "TooManyRequestsError",
    500: "InternalError",
    503: "QueueUnavailableError",
    504: "TimeoutError",
}


def reword(words: Mapping[str, str], sentence: str) -> str:
    """A sentence of the engine with the names that a surface's document has for its things."""
    if not words:
        return sentence
    known = "|".join(re.escape(name) for name in words)
    return re.sub(rf"\b({known})\b", lambda found: words[found[0]], sentence)


class Problem(Schema):
    """The body of an error; some have more members, which say what it is about."""

    class Meta:
        unknown = EXCLUDE

    error = fields.String(required=True, metadata={"description": "what kind of error it is"})
    message = fields.String(required=True, metadata={"description": "what was wrong, in a sentence"})


class ProblemError(RefusedError):
    """A refusal with the name and the members that a surface's document prints.

    Args:
        name: None: the one that belongs to the status.
        members: what the answer has beside name and message.
    """

    def __init__(self, status: int, message: str, name: str | None = None, **members: Any) -> None:
        super().__init__(status, message)
        self.name = name
        self.members = members


def describe_problem(failure: Failure, error: BaseException, names: Mapping[int, str]) -> dict[str, Any]:
    """The body of an error.

    Args:
        names: what some statuses are called at this address.
    """
    name = error.name if isinstance(error, ProblemError) else None
    members = error.members if isinstance(error, ProblemError) else {}
    known = names.get(failure.status) or NAMES.get(failure.status)
    message = "; ".join(failure.messages) or HTTPStatus(failure.status).phrase
    return {"error": name or known or "Error", "message": message, **members}
