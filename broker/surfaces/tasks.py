"""`/api/v1/queue/...`: queue items as tasks (spec 2)."""

from marshmallow import Schema, fields

from broker.surfaces.health import find_obstacle
from broker.surfaces.routes import Route, Surface, Visit


class Health(Schema):
    """Whether tasks can be taken."""

    status = fields.String(required=True)
    enabled = fields.Boolean(required=True)
    connected = fields.Boolean(required=True)
    system = fields.String(required=True)
    note = fields.String(required=True)


def get_health(visit: Visit) -> dict[str, object]:
    connected = find_obstacle(visit.procedures) is None
    return {
        "status": "healthy" if connected else "unavailable",
        "enabled": True,
        "connected": connected,
        "system": "postgresql",
        "note": "Machines' agents work on the tasks. Queues have their own settings: /api/v1/queues.",
    }


TASKS = Surface(
    "tasks",
    "Tasks",
    "/api/v1/queue",
    [Route("GET", "/health", get_health, "Tell whether the queue can be reached.", Health, for_anyone=True)],
    retold={409: 400},
)
