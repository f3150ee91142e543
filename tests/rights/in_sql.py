"""Calls of procedures in SQL, as the database's own roles make them: with no broker between, and without a key."""

from typing import Any

import psycopg
from psycopg.pq import Format

from broker.contract.endpoint import Endpoint
from broker.contract.registry import Argument
from broker.contract.schemas import load_request
from broker.database.arguments import build_statement
from broker.sealing import copy_arguments, places

KEYLESS = "make it through the broker"
UNAUTHENTICATED = "Authentication required: no valid token was sent in the header Rediacc-RequestToken"


def hear(connection: psycopg.Connection, role: str, email: str | None, endpoint: Endpoint, body: dict[str, Any]) -> str:
    """What a role of the database hears: ok, a status, or key, when no call without a key is taken. Nothing is kept.

    Args:
        email: the user as whom it acts, if any.
    """
    arguments = load_request(endpoint.schema, body)
    for argument in endpoint.procedure.arguments:
        if argument.type.name == "data.wait_seconds":
            arguments.pop(argument.member, None)
        elif needs_broker(argument):
            arguments[argument.member] = bytes(32) if argument.type.name == "data.new_claim" else None
    arguments = copy_arguments(endpoint.procedure, arguments)
    for seal in endpoint.procedure.header.seals:
        for place in list(places(endpoint.procedure, seal.path, arguments)):
            place.holder[place.name] = None
    statement = build_statement(endpoint.procedure, arguments)
    values = [
        value.decode() if value is not None and form == Format.TEXT else value
        for value, form in zip(statement.values, statement.formats, strict=True)
    ]
    with connection.transaction(force_rollback=True):
        connection.execute(f"set local role {role}".encode())
        if email is not None:
            connection.execute("select auth.act_as(%s, 'the matrix')", [email])
        cursor = psycopg.RawCursor(connection)
        try:
            cursor.execute(statement.text.encode(), values)
            columns = [column.name for column in cursor.description or ()]
            row = dict(zip(columns, cursor.fetchone() or [None] * len(columns), strict=True))
        except psycopg.Error as error:
            return refusal_of(error)
    return str(row.get("refused_status") or "ok")


def needs_broker(argument: Argument) -> bool:
    """Whether the broker makes this argument out of secrets, sealed, hashed or new."""
    return argument.type.name in ("data.vault", "data.new_claim", "data.secret") or argument.type.name.endswith(
        "_material"
    )


def refusal_of(error: psycopg.Error) -> str:
    """The status of a refusal, or key."""
    message = error.diag.message_primary or ""
    if message.endswith(KEYLESS):
        return "key"
    if (error.sqlstate or "").startswith("JB"):
        assert error.sqlstate != "JB401" or message == UNAUTHENTICATED
        return (error.sqlstate or "")[2:]
    return f"{error.sqlstate} {message}"
