"""Rights of calls that bring many items."""

from tests.rights.stage import Bodies

TABLE = """
                                   stranger outsider barred member admin remote agent sibling distant bridge foreign sql
    CreateQueueItems               404      403      403    ok     ok    403    403   403     403     403    403     key
    UpdateQueueItemsToCompleted    none     none     403    ok     ok    none   ok    none    none    ok     none    key
"""

BODIES: Bodies = {
    "CreateQueueItems": lambda _: {"teamName": "ops", "items": [{"machineName": "build-01", "queueVault": "{}"}]},
    "UpdateQueueItemsToCompleted": lambda stage: {"items": [{"responseVault": "{}", **stage.claim()}]},
}
