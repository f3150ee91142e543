"""`/api/webhooks/...`: addresses that are told of what happens to a team's items and machines (spec 5)."""

from typing import Any

from marshmallow import Schema, fields, validate

from broker.answer import Row
from broker.surfaces.problems import ProblemError
from broker.surfaces.routes import Members, Query, Route, Surface, Visit, item_id

NAME = "WebhookNotFoundError"
MOST_DELIVERIES = 1000
EVENTS = [
    "item.created",
    "item.assigned",
    "item.completed",
    "item.failed",
    "item.cancelled",
    "item.stale",
    "item.dead_lettered",
    "machine.online",
    "machine.offline",
]
EVENTS_SAID = {"description": f"which events: {', '.join(EVENTS)}; or *, all of them", "example": ["item.completed"]}


class NewWebhook(Members):
    """An address to be told."""

    url = fields.String(
        required=True, metadata={"description": "where to, https", "example": "https://hooks.example.com/in"}
    )
    events = fields.List(fields.String(), metadata=EVENTS_SAID)
    description = fields.String(metadata={"description": "to know it by"})


class WebhookChange(Members):
    """What is to be changed of a webhook; what is left out stays."""

    url = fields.String(metadata={"description": "where to, https"})
    events = fields.List(fields.String(), metadata=EVENTS_SAID)
    description = fields.String(metadata={"description": "to know it by"})
    enabled = fields.Boolean(
        truthy={True}, falsy={False}, metadata={"description": "false: it is told of nothing new, what waits stays"}
    )


class DeliveriesQuery(Query):
    """Which messages are listed."""

    limit = fields.Integer(
        load_default=100,
        validate=validate.Range(1, MOST_DELIVERIES),
        metadata={"description": "how many, the newest first"},
    )


class Webhook(Schema):
    """A webhook; its secret is shown when it is made, and never again."""

    id = fields.UUID(required=True)
    url = fields.String(required=True)
    events = fields.List(fields.String(), required=True)
    description = fields.String(required=True, allow_none=True)
    enabled = fields.Boolean(required=True)
    disabledReason = fields.String(required=True, allow_none=True)  # noqa: N815
    teamName = fields.String(required=True)  # noqa: N815
    createdBy = fields.String(required=True, allow_none=True)  # noqa: N815
    createdAt = fields.String(required=True)  # noqa: N815
    waiting = fields.Integer(required=True, metadata={"description": "messages still to be sent, up to 10,000"})


class MadeWebhook(Schema):
    """A new webhook, with the secret that its messages are signed with."""

    id = fields.UUID(required=True)
    secret = fields.String(
        required=True,
        metadata={"description": "shown once; base64 after the prefix", "example": "whsec_" + "A" * 43 + "="},
    )
    url = fields.String(required=True)
    events = fields.List(fields.String(), required=True)
    description = fields.String(required=True, allow_none=True)
    enabled = fields.Boolean(required=True)
    teamName = fields.String(required=True)  # noqa: N815
    createdAt = fields.String(required=True)  # noqa: N815


class WebhookList(Schema):
    """Webhooks of one team, or of all the caller's."""

    items = fields.List(fields.Nested(Webhook), required=True)
    total = fields.Integer(required=True)


class Delivery(Schema):
    """A message to a webhook."""

    id = fields.String(required=True, metadata={"description": "the header webhook-id of the message"})
    event = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(["pending", "delivered", "failed"]))
    attempts = fields.Integer(required=True)
    responseStatus = fields.Integer(required=True, allow_none=True)  # noqa: N815
    error = fields.String(required=True, allow_none=True)
    durationMs = fields.Integer(required=True, allow_none=True)  # noqa: N815
    createdAt = fields.String(required=True)  # noqa: N815
    lastAttemptAt = fields.String(required=True, allow_none=True)  # noqa: N815
    nextAttemptAt = fields.String(required=True, allow_none=True)  # noqa: N815


class DeliveryList(Schema):
    """What was sent to a webhook, and what still is to be."""

    items = fields.List(fields.Nested(Delivery), required=True)
    total = fields.Integer(required=True)


def create_webhook(visit: Visit) -> dict[str, Any]:
    row = visit.row("CreateWebhook", teamName=visit.team, **visit.body)
    shown = ("secret", "url", "events", "description", "enabled", "teamName")
    return {"id": row["webhookId"], **{name: row[name] for name in shown}, "createdAt": row["createdTime"]}


def list_webhooks(visit: Visit) -> dict[str, Any]:
    items = list(map(show, visit.rows("GetTeamWebhooks", teamName=visit.named_team)))
    return {"items": items, "total": len(items)}


def get_webhook(visit: Visit, webhook_id: str) -> dict[str, Any]:
    rows = visit.rows("GetTeamWebhooks", webhookId=id_of(webhook_id))
    if not rows:
        raise ProblemError(404, f"webhook {id_of(webhook_id)} not found", NAME)
    return show(rows[0])


def update_webhook(visit: Visit, webhook_id: str) -> dict[str, Any]:
    return show(visit.row("UpdateWebhook", webhookId=id_of(webhook_id), **visit.body))


def delete_webhook(visit: Visit, webhook_id: str) -> None:
    visit.call("DeleteWebhook", webhookId=id_of(webhook_id))


def test_webhook(visit: Visit, webhook_id: str) -> dict[str, Any]:
    return show_delivery(visit.row("TestWebhook", webhookId=id_of(webhook_id)))


def list_deliveries(visit: Visit, webhook_id: str) -> dict[str, Any]:
    rows = visit.rows("GetWebhookDeliveries", webhookId=id_of(webhook_id), maxRecords=visit.query["limit"])
    return {"items": list(map(show_delivery, rows)), "total": len(rows)}


def id_of(text: str) -> str:
    """A webhook's id from a path.

    Raises:
        ProblemError: 404, the text cannot be one.
    """
    return item_id(text, NAME, "webhook {} not found")


def show(row: Row) -> dict[str, Any]:
    """A webhook as the surface prints it."""
    same = ("url", "events", "description", "enabled", "disabledReason", "teamName", "createdBy")
    return {
        "id": row["webhookId"],
        **{name: row[name] for name in same},
        "createdAt": row["createdTime"],
        "waiting": row["waitingCount"],
    }


def show_delivery(row: Row) -> dict[str, Any]:
    """A message as the surface prints it."""
    return {
        "id": f"msg_{row['deliveryId']}",
        "event": row["event"],
        "status": row["status"].lower(),
        "attempts": row["attempts"],
        "responseStatus": row["responseStatus"],
        "error": row["problem"],
        "durationMs": row["durationMs"],
        "createdAt": row["createdTime"],
        "lastAttemptAt": row["lastTime"],
        "nextAttemptAt": row["nextTime"],
    }


ABSENT = {404: "the caller's teams have no such webhook"}
NAMES = {404: NAME}

WEBHOOKS = Surface(
    "webhooks",
    "Webhooks",
    "/api/webhooks",
    [
        Route(
            "POST",
            "",
            create_webhook,
            "Have an address told of what happens to a team's items and machines.",
            MadeWebhook,
            status=201,
            body=NewWebhook,
            errors={403: "the team is not the caller's", 404: "no such team", 409: "the team has 20 webhooks"},
            names={404: "TeamNotFoundError"},
        ),
        Route("GET", "", list_webhooks, "List webhooks.", WebhookList, errors={403: "the team is not the caller's"}),
        Route("GET", "/<webhook_id>", get_webhook, "Show a webhook.", Webhook, errors=ABSENT, names=NAMES),
        Route(
            "PATCH",
            "/<webhook_id>",
            update_webhook,
            "Change a webhook.",
            Webhook,
            body=WebhookChange,
            errors=ABSENT,
            names=NAMES,
        ),
        Route(
            "DELETE",
            "/<webhook_id>",
            delete_webhook,
            "Delete a webhook, with what waits for it.",
            None,
            status=204,
            errors=ABSENT,
            names=NAMES,
        ),
        Route(
            "POST",
            "/<webhook_id>/test",
            test_webhook,
            "Send a message of type webhook.test; what became of it, the deliveries show.",
            Delivery,
            status=202,
            errors={**ABSENT, 409: "it is disabled"},
            names=NAMES,
        ),
        Route(
            "GET",
            "/<webhook_id>/deliveries",
            list_deliveries,
            "List what was sent to a webhook, and what still is to be.",
            DeliveryList,
            query=DeliveriesQuery,
            errors=ABSENT,
            names=NAMES,
        ),
    ],
)
