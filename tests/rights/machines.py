"""Rights of machines under control, and of what their agents say of them."""

from tests.rights.places import machine
from tests.rights.stage import Bodies, Stage

TABLE = """
                                   stranger outsider barred member admin remote agent sibling distant bridge foreign sql
    RegisterAgent                  403      403      403    403    403   403    ok    403     403     ok     404     403
    UpdateMachineQueues            404      403      403    ok     ok    403    403   403     403     403    403     ok
    UpdateMachineLabels            404      403      403    ok     ok    403    403   403     403     403    403     ok
    UpdateMachineHeartbeat         404      403      403    ok     ok    403    403   403     403     403    403     ok
    PauseMachine                   404      403      403    ok     ok    403    403   403     403     403    403     ok
    DrainMachine                   404      403      403    ok     ok    403    403   403     403     403    403     ok
    ResumeMachine                  404      403      403    ok     ok    403    403   403     403     403    403     ok
"""


def place(stage: Stage) -> dict[str, str]:
    return {"teamName": "ops", "machineName": machine(stage)}


# What each call asks for. A thing of Acme has a name here that Globex has not.
BODIES: Bodies = {
    "RegisterAgent": lambda _: {"agentVersion": "1.0", "slots": 2, "machineName": "build-01"},
    "UpdateMachineQueues": lambda stage: {"queues": ["images"], **place(stage)},
    "UpdateMachineLabels": lambda stage: {"labels": {"os": "linux"}, **place(stage)},
    "UpdateMachineHeartbeat": lambda stage: {"heartbeatSeconds": 5, **place(stage)},
    "PauseMachine": place,
    "DrainMachine": place,
    "ResumeMachine": place,
}
