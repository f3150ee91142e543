"""What callers send to `/api/v1/queue/...` and what they are answered (spec 2)."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from broker.contract.fields import Json, Many, Name, Text, Whole
from broker.errors import RefusedError
from broker.surfaces.routes import Members, Query

OPERATION_CHARACTERS = 200
OLDEST_HOURS = 8_760  # a year
LARGEST_SKIP = 1_000
LONGEST_LIST = 10_000

STATES = ("queued", "running", "completed", "failed", "cancelled")
SOURCE = {"source_id": "src-uuid-1"}


def told(description: str, example: object = None) -> dict[str, Any]:
    """What OpenAPI says of a member."""
    return {"description": description} if example is None else {"description": description, "example": example}


class Words:
    """Text and nothing that stands for it: bodies of this surface are typed."""

    def _deserialize(self, value: Any, *others: Any, **options: Any) -> Any:
        if not isinstance(value, str):
            raise ValidationError("must be text")
        return super()._deserialize(value, *others, **options)  # type: ignore[misc]  # of the field beside it


class Line(Words, Text):
    """Text."""


class QueueName(Words, Name):
    """The name of a queue."""


class Rank(Whole):
    """A number from 0 to 100, and no text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(0, 100, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return super()._deserialize(None if isinstance(value, str) else value)


class TaskIds(Many):
    """A list of ids, and no text that holds one."""

    def read(self, value: Any) -> list[Any]:
        """As Many, of a list."""
        return super().read(value if isinstance(value, list) else None)


class Payload(fields.Dict):
    """A JSON object of any content."""

    default_error_messages = {"invalid": "must be a JSON object"}  # noqa: RUF012  # declared so by marshmallow


class TaskRequest(Members):
    """A task to be queued."""

    queue = QueueName(
        required=True,
        metadata=told("the queue; made, if the team has none of that name", "operations"),
    )
    operation = Line(
        OPERATION_CHARACTERS,
        1,
        required=True,
        metadata=told("the handler that works on it", "import_ccx"),
    )
    data = Payload(required=True, metadata=told("what the operation is told", SOURCE))
    priority = Rank(load_default=50, metadata=told("100 first to 0 last; plans below PREMIUM ignore it"))
    metadata = Json(objects=True, metadata=told("kept in the clear, to find tasks by; at most 4 KiB", SOURCE))


class CancelRequest(Members):
    """Which tasks are to be cancelled: those named, or those whose metadata fit."""

    task_ids = TaskIds(Line(), LONGEST_LIST, metadata=told("the tasks", ["018f3c2a-7b1e-7c4d-9a5f-0123456789ab"]))
    metadata = Json(
        objects=True, validate=validate.Length(min=1, error="must have a member"), metadata=told("what theirs contain")
    )
    queue = Line(metadata=told("with metadata: only tasks of this queue", "operations"))

    @validates_schema
    def choose_one(self, data: dict[str, Any], **_: Any) -> None:
        if bool(data.get("task_ids")) == ("metadata" in data):
            raise RefusedError(400, "Must provide either task_ids or metadata")
        if "queue" in data and "metadata" not in data:
            raise ValidationError("goes with metadata only", "queue")


class ReconcileRequest(Members):
    """What is to be put in order."""

    queue = Line(metadata=told("only this queue; left out: all of the team", "operations"))


class ListQuery(Query):
    """Which of the newest tasks are listed."""

    limit = Whole(1, load_default=50, metadata=told("how many, at most 200"))
    offset = Whole(0, LARGEST_SKIP, load_default=0, metadata=told("how many of the newest are left out, 0 to 1000"))
    queues = Text(LONGEST_LIST, metadata=told("only tasks of these queues, separated by commas", "operations,llm"))


class QueueQuery(Query):
    """Which tasks are meant."""

    queue = Text(metadata=told("only tasks of this queue", "operations"))


class HistoryQuery(QueueQuery):
    """Which finished tasks are meant."""

    older_than_hours = Whole(0, OLDEST_HOURS, load_default=0, metadata=told("only tasks made so long ago or longer"))


class Health(Schema):
    """Whether tasks can be taken."""

    status = fields.String(required=True, validate=validate.OneOf(["healthy", "unavailable"]))
    enabled = fields.Boolean(required=True)
    connected = fields.Boolean(required=True)
    system = fields.String(required=True)
    note = fields.String(required=True)


class TaskMade(Schema):
    """A task that was queued."""

    task_id = fields.UUID(required=True)


class Task(Schema):
    """A task; operation and data are null when its vault cannot be opened."""

    task_id = fields.UUID(required=True)
    queue = fields.String(required=True)
    operation = fields.String(required=True, allow_none=True)
    status = fields.String(required=True, validate=validate.OneOf(STATES))
    priority = fields.Integer(required=True, validate=validate.Range(0, 100))
    data = fields.Raw(required=True, allow_none=True, metadata=told("what the operation is told", SOURCE))
    metadata = fields.Dict(required=True)
    attempts = fields.Integer(required=True)
    created_at = fields.String(required=True, metadata=told("UTC", "2026-03-09T14:30:00.000000"))
    started_at = fields.String(required=True, allow_none=True)
    completed_at = fields.String(required=True, allow_none=True)


class TaskDetails(Task):
    """A task, and why it failed."""

    error = fields.String(required=True, allow_none=True, metadata=told("null unless it failed"))


class Pagination(Schema):
    """Which tasks are shown."""

    limit = fields.Integer(required=True)
    offset = fields.Integer(required=True)
    total = fields.Integer(required=True)
    total_in_queue = fields.Integer(required=True)
    has_more = fields.Boolean(required=True)


class TaskList(Schema):
    """The newest tasks."""

    tasks = fields.List(fields.Nested(Task), required=True)
    total = fields.Integer(required=True, metadata=told("how many are shown"))
    total_in_queue = fields.Integer(required=True, metadata=told("how many are queued or running"))
    queues = fields.List(fields.String(), required=True, allow_none=True)
    pagination = fields.Nested(Pagination, required=True)


class TaskResult(Schema):
    """What a task came to."""

    result = fields.Raw(required=True, allow_none=True)


class TaskCancelled(Schema):
    """That a task was cancelled, or that its agent was asked to stop."""

    status = fields.String(required=True, validate=validate.Equal("cancelled"))


class TaskRetried(Schema):
    """The task that was made of a failed one."""

    new_task_id = fields.UUID(required=True)
    original_task_id = fields.UUID(required=True)


class TasksCancelled(Schema):
    """How many tasks were cancelled."""

    cancelled = fields.Integer(required=True)
    queue = fields.String(required=True, allow_none=True)


class NotCancelled(Schema):
    """A task that was not cancelled."""

    task_id = fields.String(required=True)
    reason = fields.String(required=True)


class ChosenCancelled(Schema):
    """What became of the tasks that were named (the first three), or of those whose metadata fit (the last)."""

    cancelled_count = fields.Integer()
    requested_count = fields.Integer()
    failed = fields.List(fields.Nested(NotCancelled))
    cancelled = fields.Integer()


class HistoryCleared(Schema):
    """How many tasks were removed."""

    cleared = fields.Integer(required=True)
    queue = fields.String(required=True, allow_none=True)


class QueueStats(Schema):
    """How many tasks a queue holds."""

    queue = fields.String(required=True)
    queued = fields.Integer(required=True)
    running = fields.Integer(required=True)
    completed = fields.Integer(required=True)
    failed = fields.Integer(required=True)


class AllStats(Schema):
    """How many tasks the queues hold."""

    queues = fields.List(fields.Nested(QueueStats), required=True)
    note = fields.String(required=True, allow_none=True)


class Reconciled(Schema):
    """What was put in order."""

    recovered_orphans = fields.Integer(required=True)
    recovered_crashed = fields.Integer(required=True)
    failed_unrecoverable = fields.Integer(required=True)
