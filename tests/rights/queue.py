"""Rights of the queue."""

from tests.rights.stage import Bodies

TABLE = """
                                  stranger outsider member admin remote   agent sibling distant bridge foreign
    CreateQueueItem               404      403      ok     ok    403      403   403     403     403    403
    CancelQueueItem               404      404      ok     ok    404      403   403     403     403    403
    DeleteQueueItem               404      404      ok     ok    404      403   403     403     403    403
    RetryFailedQueueItem          404      404      ok     ok    404      403   403     403     403    403
    GetQueueItemTrace             404      404      ok     ok    404      ok    404     404     ok     404
    GetTeamQueueItems             none     403      ok     ok    403      403   403     403     403    403
    GetTeamQueueItemCounts        none     403      ok     ok    403      403   403     403     403    403
    GetQueueItemsNext             404      403      ok     ok    403      ok    403     403     ok     404
    UpdateQueueItemHeartbeat      404      404      ok     ok    404      ok    404     404     ok     404
    UpdateQueueItemResponse       404      404      ok     ok    404      ok    404     404     ok     404
    UpdateQueueItemToCompleted    404      404      ok     ok    404      ok    404     404     ok     404
    ReturnQueueItems              none     none     ok     ok    none     ok    none    none    ok     none
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
    "GetQueueItemsNext": lambda stage: {"machineName": "build-01", "itemCount": 1 + 0 * stage.item()},
    "UpdateQueueItemHeartbeat": lambda stage: stage.claim(),
    "UpdateQueueItemResponse": lambda stage: {"responseVault": "{}", **stage.claim()},
    "UpdateQueueItemToCompleted": lambda stage: {"responseVault": "{}", **stage.claim()},
    "ReturnQueueItems": lambda stage: {"items": [stage.claim()]},
}
