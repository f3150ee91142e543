"""Rights of work on many items, and of what one of them waits for."""

from tests.rights.stage import Bodies

TABLE = """
                                   stranger outsider barred member admin remote agent sibling distant bridge foreign sql
    CancelQueueItems               none     none     403    ok     ok    none   403   403     403     403    403     ok
    RetryQueueItems                none     none     403    ok     ok    none   403   403     403     403    403     ok
    DeleteQueueItems               none     none     403    ok     ok    none   403   403     403     403    403     ok
    UpdateQueueItemProtection      404      404      403    ok     ok    404    403   403     403     403    403     ok
    GetQueueItemWaitReason         404      404      403    ok     ok    404    ok    404     404     ok     404     ok
"""

# What each call asks for. A thing of Acme has a name here that Globex has not.
BODIES: Bodies = {
    "CancelQueueItems": lambda stage: {"taskIds": [stage.task()]},
    "RetryQueueItems": lambda stage: {"taskIds": [stage.task("CANCELLED")]},
    "DeleteQueueItems": lambda stage: {"taskIds": [stage.task()]},
    "UpdateQueueItemProtection": lambda stage: {"queueId": stage.item(), "protection": True},
    "GetQueueItemWaitReason": lambda stage: {"queueId": stage.item()},
}
