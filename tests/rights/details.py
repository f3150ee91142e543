"""Rights of what existing clients ask of a queue item."""

from tests.rights.stage import Bodies

TABLE = """
                                   stranger outsider barred member admin remote agent sibling distant bridge foreign sql
    GetQueueItemDetails            404      404      403    ok     ok    404    ok    404     404     ok     404     ok
    GetQueueItem                   404      404      403    ok     ok    404    403   403     403     403    403     ok
    GetQueueItemChanges            404      404      403    ok     ok    404    403   403     403     403    403     ok
    UpdateQueueItemPriority        404      404      403    ok     ok    404    403   403     403     403    403     ok
"""

# What each call asks for. A thing of Acme has a name here that Globex has not.
BODIES: Bodies = {
    "GetQueueItemDetails": lambda stage: {"queueId": stage.item()},
    "GetQueueItem": lambda stage: {"queueId": stage.item()},
    "GetQueueItemChanges": lambda stage: {"queueId": stage.item()},
    "UpdateQueueItemPriority": lambda stage: {"queueId": stage.item(), "priority": 1},
}
