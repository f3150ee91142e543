"""Rights of the queue."""

from tests.rights.stage import Bodies

TABLE = """
                                   stranger outsider barred member admin remote agent sibling distant bridge foreign sql
    CreateQueueItem                404      403      403    ok     ok    403    403   403     403     403    403     key
    CancelQueueItem                404      404      403    ok     ok    404    403   403     403     403    403     ok
    DeleteQueueItem                404      404      403    ok     ok    404    403   403     403     403    403     ok
    RetryFailedQueueItem           404      404      403    ok     ok    404    403   403     403     403    403     ok
    GetQueueItemTrace              404      404      403    ok     ok    404    ok    404     404     ok     404     ok
    GetTeamQueueItems              none     403      403    ok     ok    403    403   403     403     403    403     ok
    GetTeamQueueItemCounts         none     403      403    ok     ok    403    403   403     403     403    403     ok
    GetRecentQueueItems            404      403      403    ok     ok    403    403   403     403     403    403     ok
    GetRecentQueueItemCounts       404      403      403    ok     ok    403    403   403     403     403    403     ok
    GetQueueItemsNext              404      403      403    ok     ok    403    ok    403     403     ok     404     ok
    UpdateQueueItemHeartbeat       404      404      403    ok     ok    404    ok    404     404     ok     404     ok
    UpdateQueueItemResponse        404      404      403    ok     ok    404    ok    404     404     ok     404     key
    UpdateQueueItemToCompleted     404      404      403    ok     ok    404    ok    404     404     ok     404     key
    ReturnQueueItems               none     none     403    ok     ok    none   ok    none    none    ok     none    ok
"""

# What each call asks for. A thing of Acme has a name here that Globex has not.
BODIES: Bodies = {
    "CreateQueueItem": lambda _: {"teamName": "ops", "machineName": "build-01", "queueVault": "{}"},
    "CancelQueueItem": lambda stage: {"queueId": stage.item()},
    "DeleteQueueItem": lambda stage: {"queueId": stage.item()},
    "RetryFailedQueueItem": lambda stage: {"originalQueueId": stage.item("CANCELLED")},
    "GetQueueItemTrace": lambda stage: {"queueId": stage.item()},
    "GetTeamQueueItems": lambda stage: {"teamName": "ops", "taskId": None, "maxRecords": 1 + 0 * stage.item()},
    "GetTeamQueueItemCounts": lambda _: {"teamName": "ops"},
    "GetRecentQueueItems": lambda stage: {"teamName": "ops", "maxRecords": 9 + 0 * stage.item()},
    "GetRecentQueueItemCounts": lambda _: {"teamName": "ops"},
    "GetQueueItemsNext": lambda stage: {"machineName": "build-01", "itemCount": 1 + 0 * stage.item()},
    "UpdateQueueItemHeartbeat": lambda stage: stage.claim(),
    "UpdateQueueItemResponse": lambda stage: {"responseVault": "{}", **stage.claim()},
    "UpdateQueueItemToCompleted": lambda stage: {"responseVault": "{}", **stage.claim()},
    "ReturnQueueItems": lambda stage: {"items": [stage.claim()]},
}
