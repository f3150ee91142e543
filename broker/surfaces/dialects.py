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
        ("UpdateQueueItemResponse", 403): "Only bridge tokens can update queue item responses",
        ("UpdateQueueItemToCompleted", 403): "Only bridge tokens can complete queue items",
        ("RetryFailedQueueItem", 409): "Can only retry failed queue items",
        # Their updates name entities in another way than ours; who sends them reads why none would be taken.
        ("UpdateCompanyVaults", 400): "updates cannot be read; with a Global Bridge none is taken in any case",
    },
)


def dialect_of(headers: Headers) -> Dialect:
    """The dialect of a request: those clients call themselves rediacc/..., others may ask for it by name."""
    named = headers.get("Broker-Dialect", "").strip().lower() == "rediacc"
    return REDIACC if named or headers.get("User-Agent", "").startswith("rediacc/") else OURS
