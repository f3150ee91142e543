"""Rights of queues as policies, and of the company's limits."""

from tests.rights.stage import Bodies, Stage, new_name
from tests.world import must

TABLE = """
                                   stranger outsider barred member admin remote agent sibling distant bridge foreign sql
    CreateQueue                    404      403      403    ok     ok    403    403   403     403     403    403     ok
    UpdateQueue                    404      403      403    ok     ok    403    403   403     403     403    403     ok
    DeleteQueue                    404      403      403    403    ok    403    403   403     403     403    403     ok
    GetTeamQueues                  none     403      403    ok     ok    403    403   403     403     403    403     ok
    GetQueueCounts                 none     403      403    ok     ok    403    403   403     403     403    403     ok
    PauseQueue                     404      403      403    ok     ok    403    403   403     403     403    403     ok
    ResumeQueue                    404      403      403    ok     ok    403    403   403     403     403    403     ok
    UpdateCompanyLimits            own      403      403    403    ok    ok     403   403     403     403    403     ok
"""


def queue(stage: Stage) -> str:
    """A new queue of ops."""
    name = new_name()
    must(stage.call("CreateQueue", teamName="ops", queueName=name))
    return name


# What each call asks for. A thing of Acme has a name here that Globex has not.
BODIES: Bodies = {
    "CreateQueue": lambda _: {"teamName": "ops", "queueName": new_name()},
    "UpdateQueue": lambda stage: {"teamName": "ops", "queueName": queue(stage), "concurrency": 3},
    "DeleteQueue": lambda stage: {"teamName": "ops", "queueName": queue(stage)},
    "GetTeamQueues": lambda stage: {"teamName": "ops", "queueName": queue(stage)},
    "GetQueueCounts": lambda stage: {"teamName": "ops", "queueName": "default"[0 * stage.item("CANCELLED") :]},
    "PauseQueue": lambda stage: {"teamName": "ops", "queueName": queue(stage), "reason": "repairs"},
    "ResumeQueue": lambda stage: {"teamName": "ops", "queueName": queue(stage)},
    "UpdateCompanyLimits": lambda _: {"maxRunning": 50},
}
