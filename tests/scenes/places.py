"""Scenes of a company's places and of the company as a whole."""

import json
from typing import Any

from tests.scenes.items import without_key_of_build_03
from tests.scenes.scenery import Scenery, Scenes, always, limited
from tests.world import must


def moved(bridge: str, **members: Any) -> dict[str, Any]:
    return {"teamName": "ops", "machineName": "build-03", "newBridgeName": bridge, **members}


def left_out(stage: Scenery) -> dict[str, Any]:
    """A move to a bridge whose agent cannot be given keys."""
    without_key_of_build_03(stage)
    stage.move("delete from data.principal_key where company_id = %(acme)s and holder_kind = 'agent'")
    return moved("north")


def document(mode: str = "skip", **lists: list[dict[str, str]]) -> dict[str, Any]:
    """An import."""
    whole: dict[str, Any] = {"format": "broker-company", "version": "1"}
    whole |= {name: lists.get(name, []) for name in ("regions", "bridges", "teams", "machines")}
    return {"companyDataJson": json.dumps(whole), "importMode": mode}


def imported_machine(machine: str, team: str = "ops", mode: str = "skip") -> dict[str, Any]:
    return document(mode, machines=[{"machineName": machine, "teamName": team, "bridgeName": "south"}])


# Names of Globex's things, new in Acme.
REGION = document(regions=[{"regionName": "islands"}])
BRIDGE = document(bridges=[{"bridgeName": "ferry", "regionName": "eu"}])
TEAM = document(teams=[{"teamName": "crew"}])
MOVE = document("override", bridges=[{"bridgeName": "south", "regionName": "Default Region"}])


def without_global_bridges(stage: Scenery) -> None:
    stage.move("delete from data.bridge where company_id = %(acme)s and is_global")


def rewritten(stage: Scenery) -> dict[str, Any]:
    """New vaults for all that has one."""
    without_global_bridges(stage)
    rows = must(stage.call("GetCompanyVaults", _as="ann")).rows
    updates = [{"credential": row["credential"], "version": row["version"], "vaultContent": "{}"} for row in rows]
    return {"updates": json.dumps(updates)}


MACHINE = {"teamName": "ops", "machineName": "build-03"}


def with_agent(stage: Scenery) -> dict[str, Any]:
    """A machine that has an agent."""
    stage.made("CreateAgentToken", machineName="build-03")
    return dict(MACHINE)


def long_ago(stage: Scenery) -> dict[str, Any]:
    """A trace whose rows nobody is shown any more."""
    stage.move("update data.audit set audit_time = audit_time - interval '400 days' where company_id = %(acme)s")
    return {"entityType": "Machine", "entityIdentifier": "build-03"}


def in_sql(stage: Scenery) -> dict[str, Any]:
    """A machine in a team of others, made in SQL, where no broker has asked before."""
    stage.move(
        "update data.company_user set permission_group = 'Administrators' "
        "where company_id = %(acme)s and email = 'carol@acme.example'"
    )
    return {"statement": "select name from api.create_machine('ops', 'south', 'by-hand')"}


def with_waiting_items(stage: Scenery) -> dict[str, Any]:
    stage.made("CreateQueueItem", teamName="ops", machineName="build-03", queueVault="{}")
    return moved("north")


def with_items_in_hand(stage: Scenery) -> dict[str, Any]:
    body = with_waiting_items(stage)
    must(stage.call("GetQueueItemsNext", _as="ann", machineName="build-03", itemCount=1))
    return body


def with_finished_items(stage: Scenery) -> dict[str, Any]:
    """A team that had a machine, which had items; another team's is in hand."""
    place: dict[str, Any] = {"teamName": "past", "machineName": "old-01"}
    stage.made("CreateTeam", teamName="past")
    stage.made("CreateMachine", bridgeName="south", **place)
    for number in range(2):
        queue_id = stage.made("CreateQueueItem", queueVault="{}", **place)["queueId"]
        if number:
            must(stage.call("GetQueueItemsNext", _as="ann", machineName="old-01", itemCount=1, start=True))
            body = {"queueId": queue_id, "responseVault": "{}"}
            must(stage.call("UpdateQueueItemToCompleted", _as="ann", **body))
        else:
            must(stage.call("CancelQueueItem", _as="ann", queueId=queue_id))
    must(stage.call("DeleteMachine", _as="ann", **place))
    stage.move(
        "update data.claim set late_vault_id = item.response_vault_id from data.queue_item as item "
        "where item.company_id = %(acme)s and claim.company_id = %(acme)s and item.queue_id = claim.queue_id"
    )
    must(stage.call("GetQueueItemsNext", _as="dev-01", itemCount=1, start=True))
    return {"teamName": "past"}


SCENES: Scenes = {
    "CreateAgentToken": [always(bridgeName="north")],
    "CreateBridge": [limited({"regionName": "eu", "bridgeName": "one-more"})],
    "CreateMachine": [
        limited({"teamName": "ops", "bridgeName": "south", "machineName": "one-more"}),
        in_sql,
    ],
    "CreateRegion": [limited({"regionName": "one-more"})],
    "CreateTeam": [limited({"teamName": "one-more"})],
    "DeleteBridge": [always(bridgeName="south")],
    "DeleteMachine": [with_agent, lambda stage: {**MACHINE} if with_items_in_hand(stage) else {}],
    "GetAgentTokens": [always(), always(bridgeName="north")],
    "GetAuditLogs": [always(entityFilter="Machine")],
    "GetEntityAuditTrace": [
        always(entityType="Machine", entityIdentifier="build-03"),
        always(entityType="PermissionGroup", entityIdentifier="Watchers"),
        always(entityType="Region", entityIdentifier="sunk"),
        long_ago,
    ],
    "ImportCompanyData": [
        *(always(**body) for body in (REGION, BRIDGE, TEAM, MOVE, {"companyDataJson": "{}"})),
        *(limited(body) for body in (REGION, BRIDGE, TEAM, imported_machine("one-more"))),
        always(**imported_machine("boat-01")),
        always(**imported_machine("build-01", mode="override")),
    ],
    "ResetBridgeAuthorization": [always(bridgeName="north")],
    "UpdateCompanyBlockUserRequests": [always(blockUserRequests=True)],
    "UpdateCompanyVaults": [rewritten],
    "DeleteTeam": [with_finished_items],
    "UpdateMachineAssignedBridge": [with_waiting_items, with_items_in_hand, always(**moved("My Bridge")), left_out],
    "UpdateTeamVault": [always(teamName="ops", teamVault="{}", vaultVersion=2)],
}
