"""`/api/v1/flows/...`: batches of tasks that depend on each other (spec 3)."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from broker.answer import Answer, Row
from broker.contract.fields import LIST_ITEMS, Json, Many, Name, Text, Uuid, Whole
from broker.surfaces.backoff import WORDS, Backoff, to_camel
from broker.surfaces.envelope import dump
from broker.surfaces.routes import Members, Query, Route, Surface, Visit, item_id

STATUSES = ("queued", "running", "succeeded", "failed", "cancelled")
TASK_STATUSES = ("blocked", *STATUSES)
NO_FLOW = "FlowNotFoundError"


class Config(Json):
    """What the executor works on."""

    def __init__(self, **options: Any) -> None:
        super().__init__(objects=True, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        config = super()._deserialize(value)
        if "handler" in config:
            raise ValidationError("must not have a member handler: that is the executor")
        return config


class NewFlowTask(Members):
    """A task of a new flow; what it does not say, its queue says."""

    id = Name(required=True, metadata={"description": "its name, unique in the flow", "example": "quick-check"})
    executor = Text(100, 1, required=True, metadata={"description": "handler of the job", "example": "shell"})
    config = Config(
        load_default={},
        metadata={"type": "object", "description": "the job", "example": {"command": "./process-data.sh"}},
    )
    depends_on = Many(
        Text(100),
        100,
        metadata={"description": "ids of tasks that must have succeeded, or task_ids of the team"},
    )
    timeout_secs = Whole(1, 31_536_000, metadata={"example": 3600})
    retries = Whole(0, 99, metadata={"example": 0})
    backoff = fields.Nested(Backoff)


class NewFlow(Members):
    """A new flow."""

    queue = Text(100, 1, required=True, metadata={"description": "id of its queue", "example": "default"})
    tasks = Many(fields.Nested(NewFlowTask), LIST_ITEMS, required=True, metadata={"minItems": 1})


class FlowQuery(Query):
    """Which flows."""

    limit = Whole(1, 100, load_default=50, metadata={"description": "how many"})
    before = Uuid(metadata={"description": "only flows that are older than this one"})


class FlowTask(Schema):
    """A task of a flow."""

    id = fields.String(required=True)
    task_id = fields.UUID(required=True, metadata={"description": "its id at the other surfaces"})
    status = fields.String(required=True, validate=validate.OneOf(TASK_STATUSES))


class MadeFlow(Schema):
    """A flow that was made."""

    flow_id = fields.UUID(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    tasks = fields.List(fields.Nested(FlowTask), required=True)


class ListedFlow(Schema):
    """A flow."""

    flow_id = fields.UUID(required=True)
    queue = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    created_at = fields.AwareDateTime(required=True)
    updated_at = fields.AwareDateTime(required=True)
    task_count = fields.Integer(required=True)
    finished_count = fields.Integer(required=True)


class Flow(ListedFlow):
    """A flow with its tasks; what is needed comes first."""

    tasks = fields.List(fields.Nested(FlowTask), required=True)


class FlowList(Schema):
    """The flows of a team, the newest first."""

    items = fields.List(fields.Nested(ListedFlow), required=True)
    total = fields.Integer(required=True, metadata={"description": "of the team, counted up to 10,000"})


def create_flow(visit: Visit) -> dict[str, Any]:
    items = [order(task) for task in visit.body["tasks"]]
    flow = show_all(visit.call("CreateFlow", teamName=visit.team, queueName=visit.body["queue"], items=items))
    return {name: flow[name] for name in ("flow_id", "status", "tasks")}


def list_flows(visit: Visit) -> dict[str, Any]:
    answer = visit.call(
        "GetTeamFlows",
        teamName=visit.team,
        maxRecords=visit.query["limit"],
        beforeFlowId=visit.query.get("before"),
    )
    return {"items": [show(row) for row in answer.tables[0].rows], "total": answer.outputs["total"]}


def get_flow(visit: Visit, flow_id: str) -> dict[str, Any]:
    return show_all(visit.call("GetFlow", flowId=read_id(flow_id), teamName=visit.named_team))


def cancel_flow(visit: Visit, flow_id: str) -> dict[str, Any]:
    return show_all(visit.call("CancelFlow", flowId=read_id(flow_id), teamName=visit.named_team))


def read_id(text: str) -> str:
    """A flow's id from a path.

    Raises:
        ProblemError: 404, the text cannot be one.
    """
    return item_id(text, NO_FLOW, "flow {} not found")


def order(task: dict[str, Any]) -> dict[str, Any]:
    """A task as an item of CreateFlow."""
    job = {"handler": task["executor"], **task["config"]}
    return {
        "name": task["id"],
        "queueVault": dump(job).decode(),
        "dependsOn": task.get("depends_on"),
        "timeoutSeconds": task.get("timeout_secs"),
        "retries": task.get("retries"),
        "backoff": to_camel(task.get("backoff")),
    }


def show_all(answer: Answer) -> dict[str, Any]:
    """A flow with its tasks."""
    [flow], tasks = (list(table.rows) for table in answer.tables)
    return {
        **show(flow),
        "tasks": [{"id": row["name"], "task_id": row["taskId"], "status": row["status"].lower()} for row in tasks],
    }


def show(row: Row) -> dict[str, Any]:
    """A flow in the words of spec 3."""
    return {
        "flow_id": row["flowId"],
        "queue": row["queueName"],
        "status": row["status"].lower(),
        "created_at": row["createdTime"],
        "updated_at": row["updatedTime"],
        "task_count": row["taskCount"],
        "finished_count": row["finishedCount"],
    }


NOT_YOURS = {403: "the team is not the caller's"}
NOT_FOUND = {404: "there is no such flow, or it is not the caller's"}

FLOWS = Surface(
    "flows",
    "Flows",
    "/api/v1/flows",
    [
        Route(
            "POST",
            "",
            create_flow,
            "Queue tasks that depend on each other: all of them, or none.",
            MadeFlow,
            status=201,
            body=NewFlow,
            errors={
                **NOT_YOURS,
                404: "there is no such queue or team, or no task of an id that a task depends on",
                409: "a task that is depended on has failed; or the Idempotency-Key was used with another body",
            },
            names={404: "QueueNotFoundError"},
        ),
        Route(
            "GET",
            "",
            list_flows,
            "List the flows of a team.",
            FlowList,
            query=FlowQuery,
            errors={**NOT_YOURS, 404: "there is no such team"},
        ),
        Route(
            "GET",
            "/<flow_id>",
            get_flow,
            "Tell how a flow does.",
            Flow,
            errors={**NOT_YOURS, **NOT_FOUND},
            names={404: NO_FLOW},
            subject="flow_id",
        ),
        Route(
            "POST",
            "/<flow_id>/cancel",
            cancel_flow,
            "Cancel what has not ended of a flow; what runs is asked to stop.",
            Flow,
            errors={**NOT_YOURS, **NOT_FOUND, 409: "all of it has ended"},
            names={404: NO_FLOW, 409: "FlowAlreadyCompletedError"},
            subject="flow_id",
        ),
    ],
    words={
        **WORDS,
        "items": "tasks",
        "queueVault": "config",
        "dependsOn": "depends_on",
        "taskId": "task_id",
        "maxRecords": "limit",
        "beforeFlowId": "before",
        **{status.upper(): status for status in STATUSES},
    },
)
