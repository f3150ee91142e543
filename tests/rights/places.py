"""Rights of teams, regions, bridges and machines."""

from tests.rights.stage import Bodies, Stage, new_name
from tests.world import must

TABLE = """
                                   stranger outsider barred member admin remote agent sibling distant bridge foreign sql
    UpdateTeamName                 404      403      403    403    ok    403    403   403     403     403    403     ok
    UpdateTeamVault                404      403      403    403    ok    403    403   403     403     403    403     key
    DeleteTeam                     404      403      403    403    ok    403    403   403     403     403    403     ok
    GetCompanyRegions              own      ok       403    ok     ok    ok     403   403     403     403    403     ok
    UpdateRegionName               404      403      403    403    ok    ok     403   403     403     403    403     ok
    UpdateRegionVault              404      403      403    403    ok    ok     403   403     403     403    403     key
    DeleteRegion                   404      403      403    403    ok    ok     403   403     403     403    403     ok
    GetRegionBridges               404      ok       403    ok     ok    ok     403   403     403     403    403     ok
    UpdateBridgeName               404      403      403    403    ok    ok     403   403     403     403    403     ok
    UpdateBridgeVault              404      403      403    403    ok    ok     403   403     403     403    403     key
    DeleteBridge                   404      403      403    403    ok    ok     403   403     403     403    403     ok
    ResetBridgeAuthorization       404      403      403    403    ok    ok     403   403     403     403    403     ok
    UpdateMachineName              404      403      403    403    ok    403    403   403     403     403    403     ok
    UpdateMachineVault             404      403      403    403    ok    403    403   403     403     403    403     key
    UpdateMachineStatus            404      403      403    403    ok    403    403   403     403     403    403     ok
    UpdateMachineAssignedBridge    404      403      403    403    ok    403    403   403     403     403    403     ok
    DeleteMachine                  404      403      403    403    ok    403    403   403     403     403    403     ok
    GetMachineAssignmentStatus     404      403      403    ok     ok    403    403   403     403     403    403     ok
    GetAvailableMachinesForClone   404      403      403    ok     ok    403    403   403     403     403    403     ok
"""


def team(stage: Stage) -> str:
    """A new team without machines; ann alone is in it."""
    name = new_name()
    must(stage.call("CreateTeam", _as="ann", teamName=name))
    return name


def region(stage: Stage) -> str:
    name = new_name()
    must(stage.call("CreateRegion", _as="ann", regionName=name))
    return name


def bridge(stage: Stage) -> str:
    """A new bridge without machines."""
    name = new_name()
    must(stage.call("CreateBridge", _as="ann", regionName="eu", bridgeName=name))
    return name


def machine(stage: Stage) -> str:
    """A new machine of ops."""
    name = new_name()
    must(stage.call("CreateMachine", _as="ann", teamName="ops", bridgeName="north", machineName=name))
    return name


# What each call asks for. A thing of Acme has a name here that Globex has not.
BODIES: Bodies = {
    "UpdateTeamName": lambda stage: {"currentTeamName": team(stage), "newTeamName": new_name()},
    "UpdateTeamVault": lambda _: {"teamName": "ops", "teamVault": "{}", "vaultVersion": 1},
    "DeleteTeam": lambda stage: {"teamName": team(stage)},
    "GetCompanyRegions": lambda _: {},
    "UpdateRegionName": lambda stage: {"currentRegionName": region(stage), "newRegionName": new_name()},
    "UpdateRegionVault": lambda stage: {"regionName": region(stage), "regionVault": "{}", "vaultVersion": 1},
    "DeleteRegion": lambda stage: {"regionName": region(stage)},
    "GetRegionBridges": lambda _: {"regionName": "eu"},
    "UpdateBridgeName": lambda stage: {"currentBridgeName": bridge(stage), "newBridgeName": new_name()},
    "UpdateBridgeVault": lambda stage: {"bridgeName": bridge(stage), "bridgeVault": "{}", "vaultVersion": 1},
    "DeleteBridge": lambda stage: {"bridgeName": bridge(stage)},
    "ResetBridgeAuthorization": lambda stage: {"bridgeName": bridge(stage)},
    "UpdateMachineName": lambda stage: {
        "teamName": "ops",
        "currentMachineName": machine(stage),
        "newMachineName": new_name(),
    },
    "UpdateMachineVault": lambda stage: {
        "teamName": "ops",
        "machineName": machine(stage),
        "machineVault": "{}",
        "vaultVersion": 1,
    },
    "UpdateMachineStatus": lambda _: {"teamName": "ops", "machineName": "build-01", "machineStatus": "fine"},
    "UpdateMachineAssignedBridge": lambda stage: {
        "teamName": "ops",
        "machineName": machine(stage),
        "newBridgeName": "south",
    },
    "DeleteMachine": lambda stage: {"teamName": "ops", "machineName": machine(stage)},
    "GetMachineAssignmentStatus": lambda _: {"teamName": "ops", "machineName": "build-01"},
    "GetAvailableMachinesForClone": lambda _: {"teamName": "ops"},
}
