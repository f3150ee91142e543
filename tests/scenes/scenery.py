"""The stage of the scenes: what the world holds for them, and how things are moved on it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.people import activate, invite, sign_in
from tests.rights import Stage
from tests.world import Caller, must

BOB, DORA = "bob@acme.example", "dora@acme.example"


@dataclass(frozen=True)
class Scenery(Stage):
    """A stage where things can be moved that no call moves."""

    admin: psycopg.Connection
    acme: int

    def move(self, statement: str) -> None:
        """Run SQL about Acme, whose number is %(acme)s."""
        self.admin.execute(statement.encode(), {"acme": self.acme})

    def made(self, name: str, **members: Any) -> dict[str, Any]:
        """Call a procedure as ann, who may, and give its row."""
        return must(self.call(name, _as="ann", **members)).row


Scene = Callable[[Scenery], dict[str, Any]]
Scenes = dict[str, list[Scene]]


def always(**members: Any) -> Scene:
    return lambda _: dict(members)


def furnish(call: Caller, admin: psycopg.Connection) -> None:
    """Give the world what most calls would otherwise not meet: vaults, groups, an invited user, items in hand.

    Globex gets things whose names nobody has in Acme; dora has every right of Acme's administrators and is none.
    """
    vault = '{"of": "acme"}'
    must(call("UpdateCompanyVault", _as="ann", companyVault=vault, vaultVersion=1))
    must(call("UpdateTeamVault", _as="ann", teamName="ops", teamVault=vault, vaultVersion=1))
    must(call("UpdateRegionVault", _as="ann", regionName="eu", regionVault=vault, vaultVersion=1))
    must(call("UpdateBridgeVault", _as="ann", bridgeName="north", bridgeVault=vault, vaultVersion=1))
    for name in ("ann", "bob"):
        must(call("UpdateUserVault", _as=name, userVault=vault, vaultVersion=1))
    place: dict[str, Any] = {"teamName": "ops", "bridgeName": "north", "machineName": "build-03"}
    must(call("CreateMachine", _as="ann", **place, machineVault=vault))
    for group in ("Deputies", "Watchers"):
        must(call("CreatePermissionGroup", _as="ann", permissionGroupName=group))
    must(call("CreatePermissionInGroup", _as="ann", permissionGroupName="Watchers", permissionName="GetTeamMachines"))
    admin.execute(
        "insert into data.group_permission (company_id, group_id, permission_name) "
        "select own.company_id, own.group_id, listed.permission_name "
        "from data.rights_group as own cross join data.procedure as listed "
        "where own.group_name = 'Deputies' and not listed.for_anyone on conflict do nothing"
    )
    code = invite(call, DORA)
    must(activate(call, DORA, code))
    must(call("UpdateUserAssignedPermissions", _as="ann", userEmail=DORA, permissionGroupName="Deputies"))
    must(call("CreateTeamMembership", _as="ann", teamName="ops", newUserEmail=DORA))
    call.world.tokens["dora"] = sign_in(call, DORA).row["nextRequestToken"]
    invite(call, "dave@acme.example")
    must(call("ForkAuthenticationRequest", _as="ann", childName="child"))
    must(call("CreateQueueItem", teamName="ops", machineName="build-02", queueVault="{}"))
    must(call("CreateQueueItem", _as="carol", teamName="dev", machineName="dev-01", queueVault="{}"))

    must(call("CreateRegion", _as="gina", regionName="islands"))
    must(call("CreateRegion", _as="gina", regionName="sunk"))
    must(call("DeleteRegion", _as="gina", regionName="sunk"))
    must(call("CreateBridge", _as="gina", regionName="islands", bridgeName="ferry"))
    must(call("CreateTeam", _as="gina", teamName="crew"))
    must(call("CreateMachine", _as="gina", teamName="crew", bridgeName="ferry", machineName="boat-01"))
    must(call("CreatePermissionGroup", _as="gina", permissionGroupName="Sailors"))
    invite(call, "hank@globex.example", by="gina")


def at_the_limit(stage: Scenery) -> None:
    """Give Acme a plan, and as many things as it allows."""
    stage.move("update data.company set plan = 'COMMUNITY' where company_id = %(acme)s")
    for number in range(10):
        stage.call("CreateTeam", _as="ann", teamName=f"team-{number}")
        stage.call("CreateRegion", _as="ann", regionName=f"region-{number}")
        stage.call("CreateBridge", _as="ann", regionName="eu", bridgeName=f"bridge-{number}")
        stage.call("CreateMachine", _as="ann", teamName="ops", bridgeName="south", machineName=f"spare-{number}")


def limited(body: dict[str, Any]) -> Scene:
    """A call that the plan does not allow."""

    def scene(stage: Scenery) -> dict[str, Any]:
        at_the_limit(stage)
        return body

    return scene
