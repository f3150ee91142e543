"""Flows, as the tests of procedures use them."""

from typing import Any

from tests.world import Caller, Reply, must

JOB = '{"handler":"shell","argv":["true"]}'

Members = dict[str, Any]


def task(name: str, *needs: str, **members: Any) -> Members:
    """One task of a flow, for build-01."""
    return {
        "name": name,
        "machineName": "build-01",
        "queueVault": JOB,
        **({"dependsOn": list(needs)} if needs else {}),
        **members,
    }


def create(call: Caller, *tasks: Members, key: str | None = None, _as: str = "bob", **members: Any) -> Reply:
    headers = {"Idempotency-Key": key} if key else None
    body = {"teamName": "ops", "queueName": "default", "items": list(tasks), **members}
    return call("CreateFlow", _as=_as, _headers=headers, **body)


def a_flow(call: Caller, *tasks: Members) -> str:
    """The flowId of a new flow; without tasks: three, each of which needs the one before."""
    made = create(call, *(tasks or (task("a"), task("b", "a"), task("c", "b"))))
    flow_id: str = made.row["flowId"]
    return flow_id


def flow_of(call: Caller, flow_id: str, _as: str = "bob") -> tuple[str, dict[str, str]]:
    """The status of a flow, and those of its tasks by name."""
    reply = must(call("GetFlow", _as=_as, flowId=flow_id))
    return reply.row["status"], {row["name"]: row["status"] for row in reply.table(2)}


def queue_ids(call: Caller, flow_id: str) -> dict[str, int]:
    """The queueIds of a flow's tasks, by name."""
    return {row["name"]: row["queueId"] for row in must(call("GetFlow", flowId=flow_id)).table(2)}
