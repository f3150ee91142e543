"""Rights of care: putting queues in order, and how they do."""

from tests.rights.stage import Bodies

TABLE = """
                                   stranger outsider barred member admin remote agent sibling distant bridge foreign sql
    ReconcileQueue                 none     403      403    ok     ok    403    403   403     403     403    403     ok
    GetQueueStatistics             none     403      403    ok     ok    403    403   403     403     403    403     ok
"""

BODIES: Bodies = {
    "ReconcileQueue": lambda _: {"teamName": "ops"},
    "GetQueueStatistics": lambda _: {"teamName": "ops"},
}
