"""`/api/v1/queues/...`: queues as policies (spec 3)."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, pre_load

from broker.answer import Row
from broker.contract.fields import Name, Real, Text, Whole
from broker.contract.text import echo
from broker.surfaces.backoff import WORDS, Backoff, ShownBackoff, to_camel, to_snake
from broker.surfaces.problems import ProblemError
from broker.surfaces.routes import Members, Route, Surface, Visit

# The engine's names of what a queue prescribes; and which of these are limits, which it may do without.
NAMES = {
    "concurrency": "concurrency",
    "max_retries": "maxRetries",
    "timeout_secs": "timeoutSeconds",
    "backoff": "backoff",
    "rate_limit": "rateLimit",
    "retention_secs": "retentionSeconds",
    "secrets": "secrets",
}
LIMITS = ("concurrency", "timeout_secs", "rate_limit", "retention_secs")
LIMITS_BY_DEFAULT = ("concurrency", "timeout_secs")

NO_OBJECT: dict[str, str | list[Any] | dict[Any, Any]] = {"invalid": "must be an object"}
NO_QUEUE = {404: "there is no such queue, or no such team"}
NOT_YOURS = {403: "the team is not the caller's"}


class RateLimit(Members):
    """A token bucket."""

    max_burst = Whole(1, 100_000, required=True, metadata={"description": "its capacity", "example": 20})
    per_second = Real(0.0001, 100_000, required=True, metadata={"description": "how it is refilled", "example": 10.0})


class SecretRef(Members):
    """Where an agent finds a secret on its machine: one of both."""

    env = Text(500, 1, metadata={"description": "an environment variable of the agent"})
    file = Text(500, 1, metadata={"description": "path of a file"})


class QueueChanges(Members):
    """What a queue shall prescribe; null for a limit: none."""

    @pre_load
    def drop_absent(self, data: Any, **_: Any) -> Any:
        """Null means absent, save for what may be unlimited."""
        if not isinstance(data, Mapping):
            return data
        return {name: value for name, value in data.items() if value is not None or name in LIMITS}

    concurrency = Whole(1, 100_000, allow_none=True, metadata={"description": "maximum concurrent running tasks"})
    max_retries = Whole(0, 99, metadata={"description": "retries of a task that does not say how many"})
    timeout_secs = Whole(
        1, 31_536_000, allow_none=True, metadata={"description": "timeout of a task that does not say which"}
    )
    backoff = fields.Nested(Backoff)
    rate_limit = fields.Nested(RateLimit, allow_none=True)
    retention_secs = Whole(
        60,
        315_360_000,
        allow_none=True,
        metadata={"description": "flows that have ended go after so long; null: never"},
    )
    secrets = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(SecretRef),
        error_messages=NO_OBJECT,
        metadata={
            "description": "all named secrets",
            "example": {"DEPLOY_TOKEN": {"file": "/run/secrets/deploy-token"}},
        },
    )


class QueueConfig(QueueChanges):
    """All that a queue prescribes; what is left out has the default."""

    concurrency = Whole(1, 100_000, allow_none=True, load_default=10)
    max_retries = Whole(0, 99, load_default=3)
    timeout_secs = Whole(1, 31_536_000, allow_none=True, load_default=300)
    backoff = fields.Nested(Backoff, load_default={"exponential": {"initial_delay_ms": 1000}})
    rate_limit = fields.Nested(RateLimit, allow_none=True, load_default=None)
    retention_secs = Whole(60, 315_360_000, allow_none=True, load_default=None)
    secrets = fields.Dict(
        keys=fields.String(), values=fields.Nested(SecretRef), load_default={}, error_messages=NO_OBJECT
    )


class NewQueue(Members):
    """A new queue."""

    id = Name(required=True, metadata={"description": "its name, unique in the team", "example": "email-sends"})
    config = fields.Nested(QueueConfig)


class ReplacedQueue(Members):
    """A queue as it shall be."""

    id = Name(metadata={"description": "that of the path, if it is given"})
    config = fields.Nested(QueueConfig, required=True)


class ChangedQueue(Members):
    """What of a queue shall change."""

    id = Name(metadata={"description": "that of the path, if it is given"})
    config = fields.Nested(QueueChanges, required=True)


class ShownQueueConfig(Schema):
    """All that a queue prescribes; null: no limit."""

    concurrency = fields.Integer(required=True, allow_none=True)
    max_retries = fields.Integer(required=True)
    timeout_secs = fields.Integer(required=True, allow_none=True)
    backoff = fields.Nested(ShownBackoff, required=True)
    rate_limit = fields.Nested(RateLimit, required=True, allow_none=True)
    retention_secs = fields.Integer(required=True, allow_none=True)
    secrets = fields.Dict(keys=fields.String(), values=fields.Nested(SecretRef), required=True)


class Queue(Schema):
    """A queue."""

    id = fields.String(required=True)
    config = fields.Nested(ShownQueueConfig, required=True)


class QueueList(Schema):
    """The queues of a team, by name."""

    items = fields.List(fields.Nested(Queue), required=True)
    total = fields.Integer(required=True)


def create_queue(visit: Visit) -> dict[str, Any]:
    config = visit.body.get("config", QueueConfig().load({}))
    settings = engine_settings(config, LIMITS_BY_DEFAULT)
    return show(visit.row("CreateQueue", teamName=visit.team, queueName=visit.body["id"], **settings))


def list_queues(visit: Visit) -> dict[str, Any]:
    rows = visit.rows("GetTeamQueues", teamName=visit.team)
    return {"items": [show(row) for row in rows], "total": len(rows)}


def get_queue(visit: Visit, queue_id: str) -> dict[str, Any]:
    rows = visit.rows("GetTeamQueues", teamName=visit.team, queueName=queue_id)
    if not rows:
        raise ProblemError(404, f"queue {echo(queue_id)} not found in team {visit.team}")
    return show(rows[0])


def replace_queue(visit: Visit, queue_id: str) -> dict[str, Any]:
    return change(visit, queue_id)


def change_queue(visit: Visit, queue_id: str) -> dict[str, Any]:
    return change(visit, queue_id)


def delete_queue(visit: Visit, queue_id: str) -> None:
    visit.call("DeleteQueue", teamName=visit.team, queueName=queue_id)


def change(visit: Visit, queue_id: str) -> dict[str, Any]:
    """Give a queue what the body says."""
    if visit.body.get("id", queue_id).lower() != queue_id.lower():
        raise ProblemError(400, "id is not that of the path: queues are not renamed")
    settings = engine_settings(visit.body["config"], LIMITS)
    return show(visit.row("UpdateQueue", teamName=visit.team, queueName=queue_id, **settings))


def engine_settings(config: Mapping[str, Any], clearable: tuple[str, ...]) -> dict[str, Any]:
    """The members of CreateQueue or UpdateQueue.

    Args:
        clearable: limits that are there unless the call clears them.
    """
    clear = [NAMES[name] for name in clearable if name in config and config[name] is None]
    settings = {NAMES[name]: value if name == "secrets" else to_camel(value) for name, value in config.items()}
    return {**settings, "clear": clear or None}


def show(row: Row) -> dict[str, Any]:
    """A queue in the words of spec 3."""
    config = {name: row[engine_name] for name, engine_name in NAMES.items()}
    config |= {"backoff": to_snake(config["backoff"]), "rate_limit": to_snake(config["rate_limit"])}
    return {"id": row["queueName"], "config": config}


PATH = "/<queue_id>"
NAMED_QUEUE = {404: "QueueNotFoundError"}

QUEUES = Surface(
    "queues",
    "Queues",
    "/api/v1/queues",
    [
        Route(
            "POST",
            "",
            create_queue,
            "Make a queue.",
            Queue,
            status=201,
            body=NewQueue,
            errors={
                **NOT_YOURS,
                404: "there is no such team",
                409: "the team has a queue of that id; it always has `default`",
            },
            names={409: "QueueAlreadyExistsError"},
        ),
        Route(
            "GET",
            "",
            list_queues,
            "List the queues of a team.",
            QueueList,
            errors={**NOT_YOURS, 404: "there is no such team"},
        ),
        Route(
            "GET",
            PATH,
            get_queue,
            "Tell what a queue prescribes.",
            Queue,
            errors={**NOT_YOURS, **NO_QUEUE},
            names=NAMED_QUEUE,
            subject="queue_id",
        ),
        Route(
            "PUT",
            PATH,
            replace_queue,
            "Replace the configuration of a queue: what is left out has the default again.",
            Queue,
            body=ReplacedQueue,
            errors={**NOT_YOURS, **NO_QUEUE},
            names=NAMED_QUEUE,
            subject="queue_id",
        ),
        Route(
            "PATCH",
            PATH,
            change_queue,
            "Change some of the configuration of a queue: what is left out stays.",
            Queue,
            body=ChangedQueue,
            errors={**NOT_YOURS, **NO_QUEUE},
            names=NAMED_QUEUE,
            subject="queue_id",
        ),
        Route(
            "DELETE",
            PATH,
            delete_queue,
            "Delete a queue that has nothing more to do.",
            None,
            status=204,
            errors={
                403: "the caller is no administrator, or not a member of the team",
                **NO_QUEUE,
                409: "it is `default`, or unfinished tasks or schedules use it",
            },
            names={**NAMED_QUEUE, 409: "QueueInUseError"},
            subject="queue_id",
        ),
    ],
    words={**WORDS, "queueName": "id", **{engine: name for name, engine in NAMES.items()}},
)
