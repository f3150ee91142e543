"""Queues as policies, as the tests of limits use them."""

from typing import Any

import psycopg

from tests.world import Caller, Reply, must

JOB = '{"handler":"shell"}'


def new_queue(call: Caller, name: str = "mail", **settings: Any) -> dict[str, Any]:
    """A new queue of ops; bob's."""
    return call("CreateQueue", teamName="ops", queueName=name, **settings).row


def update(call: Caller, name: str = "mail", **settings: Any) -> dict[str, Any]:
    """A queue of ops after a change of bob's."""
    return call("UpdateQueue", teamName="ops", queueName=name, **settings).row


def queue_of(call: Caller, name: str = "mail") -> dict[str, Any]:
    """A queue of ops as bob sees it."""
    return call("GetTeamQueues", teamName="ops", queueName=name).row


def put(call: Caller, queue: str | None = "mail", count: int = 1, _as: str = "bob", **members: Any) -> list[int]:
    """New items in a queue of ops, for build-01 unless `machineName` says otherwise (None: for the pool)."""
    body = {"teamName": "ops", "queueVault": JOB, "machineName": "build-01", "queueName": queue, **members}
    return [call("CreateQueueItem", _as=_as, **body).row["queueId"] for _ in range(count)]


def take(call: Caller, count: int = 100, _as: str = "build-01") -> list[dict[str, Any]]:
    """What a claim gives; bob asks for build-01 and the pool of ops."""
    place: dict[str, Any] = {"machineName": "build-01"} if _as == "bob" else {}
    return must(call("GetQueueItemsNext", _as=_as, itemCount=count, **place)).rows


def taken(call: Caller, count: int = 100, _as: str = "build-01") -> list[int]:
    """The queueIds of what a claim gives."""
    return [row["queueId"] for row in take(call, count, _as)]


def limit(call: Caller, **limits: Any) -> Reply:
    """Set the limits of Acme, as ann."""
    return must(call("UpdateCompanyLimits", _as="ann", **limits))


def audited(admin: psycopg.Connection, procedure: str) -> list[tuple[Any, ...]]:
    """What the audit keeps of a procedure's calls."""
    return admin.execute(
        "select action, entity, entity_name, details from data.audit where procedure_name = %s order by audit_id",
        [procedure],
    ).fetchall()
