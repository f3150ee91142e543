"""Requests, checked as a whole before anything is done for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.caller import Caller, Sender
from broker.contract.endpoint import Endpoint
from broker.contract.schemas import load_request
from broker.errors import RefusedError

IDEMPOTENCY_KEY_CHARACTERS = 200


@dataclass(frozen=True)
class Call:
    """A request that was found to be well formed.

    Attributes:
        arguments: loaded members; vaults as their text in bytes, claim tokens as digests.
        wait_seconds: how long the answer may wait for something to come, if it is empty.
        body: as it was sent, for the case that the procedure changes before the call is made.
    """

    endpoint: Endpoint
    arguments: Mapping[str, Any] = field(repr=False)
    wait_seconds: int
    caller: Caller
    sender: Sender
    body: object = field(repr=False)


def load_call(endpoint: Endpoint, body: object, caller: Caller, sender: Sender) -> Call:
    """A call from a JSON value.

    Raises:
        ValidationError: with all that is wrong with it.
        RefusedError: 400, the header Idempotency-Key cannot be used.
    """
    arguments = load_request(endpoint.schema, {} if body is None else body)
    wait_seconds = 0
    for argument in endpoint.procedure.arguments:
        if argument.type.name == "data.wait_seconds":
            wait_seconds = arguments.pop(argument.member, 0)
        elif argument.is_idempotency_key and sender.idempotency_key is not None:
            arguments[argument.member] = check_idempotency_key(sender.idempotency_key)
    return Call(endpoint, arguments, wait_seconds, caller, sender, body)


def check_idempotency_key(text: str) -> str:
    """The header Idempotency-Key, if it can be used.

    Raises:
        RefusedError: 400.
    """
    if not 1 <= len(text) <= IDEMPOTENCY_KEY_CHARACTERS or not text.isprintable():
        limit = f"1 to {IDEMPOTENCY_KEY_CHARACTERS} printable characters"
        raise RefusedError(400, f"the header Idempotency-Key must have {limit}")
    return text
