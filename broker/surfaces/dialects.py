"""The two dialects: that of spec 1, which is our own, and that of current Rediacc clients. Nothing else knows them.

Source of the tables: the wire contract of those clients, sections 1 to 4.
"""

from werkzeug.datastructures import Headers

from broker.surfaces.dialect import Dialect

# Names under which clients of either dialect call what has another.
ALIASES = {
    "TraceQueueItem": "GetQueueItemTrace",
    "CompleteQueueItem": "UpdateQueueItemToCompleted",
    "RetryQueueItem": "RetryFailedQueueItem",
}

# How a refusal ends that every member of the team hears who is no bridge.
NO_BRIDGE = ": an agent's token or a session made for a bridge is needed"

OURS = Dialect(procedures=ALIASES)

REDIACC = Dialect(
    table_names=("resultSets", "tables"),
    procedures={**ALIASES, "GetQueueItemTrace": "GetQueueItemDetails", "TraceQueueItem": "GetQueueItemDetails"},
    ignores_unknown=True,
    members={
        "vaultcontent": (
            "queueVault",
            "responseVault",
            "teamVault",
            "regionVault",
            "bridgeVault",
            "machineVault",
            "companyVault",
            "userVault",
        ),
        "finalvault": ("responseVault",),
        "finalstatus": ("completionStatus",),
        "queueid": ("originalQueueId",),
        "originalqueueid": ("queueId",),
        "batchsize": ("itemCount",),
        "twofactorcode": ("tfaCode",),
        "team": ("teamName",),
        "vaultcredential": ("credential",),
        "vaultversion": ("version",),
    },
    words={"completionstatus": {"COMPLETED": "SUCCESS"}},
    constants={
        "CancelQueueItem": {"force": True},
        "UpdateQueueItemResponse": {"requireBridge": True, "overwrite": True},
        "UpdateQueueItemToCompleted": {"requireBridge": True},
    },
    names_token=True,
    ending={"DeleteUserRequest": "targetRequestId"},
    columns={
        "GetTeamQueueItems": {"assignedTime": ("lastAssigned",), "failureReason": ("lastFailureReason",)},
        "GetQueueItemDetails": {
            "assignedTime": ("lastAssigned",),
            "failureReason": ("lastFailureReason",),
            "timestamp": ("eventTime",),
            "event": ("action", "eventName"),
            "actor": ("actionByUser",),
        },
        "CancelQueueItem": {"status": ("newStatus",)},
        "UpdateQueueItemResponse": {"result": ("message",)},
    },
    constant_columns={"UpdateQueueItemToCompleted": {"result": "completed"}},
    # The text view of the trace reads no others.
    spelled_twice=frozenset({"GetQueueItemDetails"}),
    output_tables={"GetQueueItemsNext": {"message": "result"}},
    sentences={
        ("UpdateQueueItemResponse", 403): (NO_BRIDGE, "Only bridge tokens can update queue item responses"),
        ("UpdateQueueItemToCompleted", 403): (NO_BRIDGE, "Only bridge tokens can complete queue items"),
        ("RetryFailedQueueItem", 409): (
            ": only a FAILED or CANCELLED one can be retried",
            "Can only retry failed queue items",
        ),
    },
    # What is wrong with the updates is found before the bridges are looked at.
    hints={("UpdateCompanyVaults", 400): "with a Global Bridge no updates are taken in any case"},
)


def dialect_of(headers: Headers) -> Dialect:
    """The dialect of a request: those clients call themselves rediacc/..., others may ask for it by name."""
    named = headers.get("Broker-Dialect", "").strip().lower() == "rediacc"
    return REDIACC if named or headers.get("User-Agent", "").startswith("rediacc/") else OURS
