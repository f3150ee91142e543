"""Rights of flows."""

from uuid import uuid4

from tests.rights.stage import Bodies, Stage
from tests.world import must

TABLE = """
                                   stranger outsider barred member admin remote agent sibling distant bridge foreign sql
    CreateFlow                     404      403      403    ok     ok    403    403   403     403     403    403     key
    GetFlow                        404      404      403    ok     ok    404    403   403     403     403    403     ok
    GetTeamFlows                   404      403      403    ok     ok    403    403   403     403     403    403     ok
    CancelFlow                     404      404      403    ok     ok    404    403   403     403     403    403     ok
"""


def flow(stage: Stage) -> str:
    """A new flow of ops."""
    items = [{"name": "a", "machineName": "build-01", "queueVault": "{}"}]
    flow_id: str = must(stage.call("CreateFlow", teamName="ops", queueName="default", items=items)).row["flowId"]
    return flow_id


# What each call asks for. A thing of Acme has a name here that Globex has not.
BODIES: Bodies = {
    "CreateFlow": lambda _: {
        "teamName": "ops",
        "queueName": "default",
        "items": [{"name": uuid4().hex, "machineName": "build-01", "queueVault": "{}"}],
    },
    "GetFlow": lambda stage: {"flowId": flow(stage)},
    "GetTeamFlows": lambda stage: {"teamName": "ops" + flow(stage)[:0]},
    "CancelFlow": lambda stage: {"flowId": flow(stage)},
}
