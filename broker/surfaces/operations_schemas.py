"""What `/api/queue`, `/api/dlq` and `/api/notifications` take and answer (spec 5)."""

from marshmallow import Schema, fields, validate

from broker.surfaces.routes import Query

MOST_ITEMS = 200  # each opens two vaults
LARGEST_OFFSET = 10_000


class PageQuery(Query):
    """Which part of a list is shown."""

    limit = fields.Integer(
        load_default=50, validate=validate.Range(1, MOST_ITEMS), metadata={"description": "how many, the newest first"}
    )
    offset = fields.Integer(
        load_default=0,
        validate=validate.Range(0, LARGEST_OFFSET),
        metadata={"description": "how many of the newest are left out"},
    )


class LettersQuery(PageQuery):
    """Which dead letters are shown."""

    status = fields.String(
        validate=validate.OneOf(["pending", "resolved", "discarded"]), metadata={"description": "only these"}
    )


class NotificationsQuery(PageQuery):
    """Which notifications are shown."""

    unread = fields.Boolean(
        truthy={"true", "1"}, falsy={"false", "0"}, metadata={"description": "true: only what was not read"}
    )


class TaskCounts(Schema):
    """Tasks by what they do; nothing when the database is away."""

    pending = fields.Integer(metadata={"description": "not due yet, or waiting for others", "example": 5})
    queued = fields.Integer(metadata={"description": "may be taken", "example": 2})
    inProgress = fields.Integer(metadata={"description": "in agents' hands", "example": 1})  # noqa: N815  # as printed
    completed = fields.Integer(metadata={"example": 142})
    failed = fields.Integer(metadata={"example": 3})
    cancelled = fields.Integer(metadata={"example": 0})


class Queues(Schema):
    """The queues."""

    tasks = fields.Nested(TaskCounts, required=True)


class WorkerState(Schema):
    """Who works: tasks are agents', of those heard of lately; notifications are brokers'."""

    running = fields.Boolean(required=True, metadata={"description": "whether anybody was heard of lately"})
    concurrency = fields.Integer(required=True, metadata={"description": "how many at once", "example": 10})


class Workers(Schema):
    """The workers."""

    tasks = fields.Nested(WorkerState, required=True)
    notifications = fields.Nested(WorkerState, required=True)


class LetterCounts(Schema):
    """Dead letters by what became of them; nothing when the database is away."""

    pending = fields.Integer(metadata={"example": 0})
    resolved = fields.Integer(metadata={"description": "retried", "example": 12})
    discarded = fields.Integer(metadata={"example": 1})
    total = fields.Integer(metadata={"example": 13})


class QueueStatus(Schema):
    """How the queue does."""

    mode = fields.String(required=True, metadata={"example": "postgresql"})
    queues = fields.Nested(Queues, required=True)
    workers = fields.Nested(Workers, required=True)
    deadLetterQueue = fields.Nested(LetterCounts, required=True)  # noqa: N815  # as printed
    note = fields.String(metadata={"description": "why there are no figures"})


class Letter(Schema):
    """A task that has failed for good."""

    id = fields.String(required=True, metadata={"example": "dlq_01"})
    taskId = fields.String(required=True)  # noqa: N815  # as printed
    title = fields.String(required=True, allow_none=True, metadata={"example": "Failing task"})
    attempts = fields.Integer(required=True, metadata={"example": 3})
    lastError = fields.String(  # noqa: N815  # as printed
        required=True, allow_none=True, metadata={"example": "Connection timeout"}
    )
    createdAt = fields.DateTime(required=True)  # noqa: N815  # as printed
    status = fields.String(required=True, metadata={"description": "pending, resolved or discarded"})


class LetterList(Schema):
    """Dead letters."""

    items = fields.List(fields.Nested(Letter), required=True)
    total = fields.Integer(required=True, metadata={"description": "how many there are, of the status asked for"})


class SettledLetter(Schema):
    """What became of a dead letter."""

    success = fields.Boolean(required=True)
    id = fields.String(required=True, metadata={"example": "dlq_01"})
    status = fields.String(required=True, metadata={"example": "resolved"})
    taskId = fields.String(metadata={"description": "of a retry: the new task"})  # noqa: N815  # as printed


class Notification(Schema):
    """What somebody was told."""

    id = fields.String(required=True)
    kind = fields.String(required=True, metadata={"example": "DEAD_LETTERED"})
    message = fields.String(required=True)
    taskId = fields.String(required=True, allow_none=True)  # noqa: N815  # as printed
    createdAt = fields.DateTime(required=True)  # noqa: N815  # as printed
    readAt = fields.DateTime(required=True, allow_none=True)  # noqa: N815  # as printed


class NotificationList(Schema):
    """Notifications."""

    items = fields.List(fields.Nested(Notification), required=True)
    total = fields.Integer(required=True, metadata={"description": "how many there are"})
    unread = fields.Integer(required=True, metadata={"description": "how many of all were not read"})


class ReadNotification(Schema):
    """A notification that is read now."""

    id = fields.String(required=True)
    readAt = fields.DateTime(required=True)  # noqa: N815  # as printed
