"""A child of a session: the keys that its parent opens, under a token of its own."""

from collections.abc import Mapping
from typing import Any

from broker.ceremonies import Context, Prepared
from broker.ceremonies.grants import make_session
from broker.crypto.identifiers import uuid7
from broker.crypto.tokens import new_session_token


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:  # noqa: ARG001  # as every ceremony
    """Wrap the company's keys under the token of a new session.

    Raises:
        RefusedError: 401, the caller's token is not good.
    """
    held = context.caller.keys
    if not held.company_keys:
        # An agent's token: the procedure says who may call it.
        return Prepared({"forkMaterial": (None,)})
    token = new_session_token()
    session = make_session(held.company_uuid, held.company_keys, token, uuid7())
    return Prepared({"forkMaterial": (session,)}, reveal={"next_request_token": token})
