"""What the public Rediacc command line sends and reads, command by command (wire contract, section 6)."""

import json
import time
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from broker.crypto import totp
from tests.surfaces.conftest import BOSS, PASSWORD
from tests.surfaces.rediacc_client import RediaccClient, found_company, furnish, user_hash

HELLO = {
    "type": "bash_function",
    "function": "hello",
    "params": {},
    "description": "Hello",
    "priority": 3,
    "bridge": "B1",
}
OUTPUT = json.dumps({"result": json.dumps({"command_output": "Hello from M1"})})
FILTERS = ("machineName", "bridgeName", "status", "priority", "minPriority", "maxPriority", "dateFrom", "dateTo")
ABSENT = dict.fromkeys((*FILTERS, "taskId", "staleThresholdMinutes", "maxRecords", "createdByUserEmail"))


def newcomer(app: Flask) -> RediaccClient:
    return RediaccClient(app.test_client())


def add(client: RediaccClient) -> str:
    """`queue add hello`: the priority lies in the vault only."""
    members = {"teamName": "T1", "machineName": "M1", "bridgeName": "B1", "queueVault": json.dumps(HELLO)}
    task_id: str = client("CreateQueueItem", members).row["taskId"]
    return task_id


def drain(client: RediaccClient) -> None:
    """Nothing of other tests shall be claimed first."""
    for row in client("GetTeamQueueItems", {"teamName": "T1"}).rows:
        client("DeleteQueueItem", {"taskId": row["taskId"]})


def code_now(secret: str) -> str:
    """What a device with this secret shows."""
    return totp.code_at(totp.parse_secret(secret), int(time.time()) // 30)


def names(client: RediaccClient, procedure: str, column: str, members: dict[str, Any] | None = None) -> list[str]:
    return [row[column] for row in client(procedure, members or {}).rows]


def test_create_new_company_and_activate(acme: Flask) -> None:
    client = newcomer(acme)

    made = client.show_password("CreateNewCompany", "new@acme.io", "pw123", {"companyName": "New"})
    activated = client.show_password("ActivateUserAccount", "new@acme.io", "pw123", {"activationCode": "111111"})

    assert (made.body["failure"], activated.body["failure"]) == (0, 0)
    assert (made.sets[0][0]["companyName"], made.sets[0][0]["userEmail"]) == ("New", "new@acme.io")
    assert activated.sets[0][0]["userEmail"] == "new@acme.io"


def test_auth_login(acme: Flask) -> None:
    client = newcomer(acme)

    row = client.sign_in(
        BOSS, PASSWORD, requestedPermissions="Administrators", tokenExpirationHours=5, target="B1", TFACode=None
    )
    vault = client("GetCompanyVault", {})

    assert str(UUID(row["nextRequestToken"])) == row["nextRequestToken"]
    assert (row["isAuthorized"], row["expirationHours"], row["companyName"]) == (True, 5, "Acme")
    assert vault.sets[0] == [{"nextRequestToken": client.token}]
    assert (vault.row["companyName"], vault.row["vaultVersion"]) == ("Acme", 1)
    assert str(UUID(vault.row["companyCredential"])) == vault.row["companyCredential"]
    assert not vault.row.get("vaultCompany")


def test_auth_login_with_a_wrong_password(acme: Flask) -> None:
    heard = newcomer(acme).show_password("CreateAuthenticationRequest", BOSS, "wrong", {"name": "s1"})

    assert (heard.status, heard.body["resultSets"]) == (401, [])
    assert heard.error.startswith("Authentication required")


def test_list_teams(boss: RediaccClient) -> None:
    rows = {row["teamName"]: row for row in boss("GetCompanyTeams", {}).rows}

    assert {"Private Team", "T1"} <= set(rows)
    assert rows["T1"]["companyName"] == "Acme"


def test_create_team(boss: RediaccClient) -> None:
    assert boss("CreateTeam", {"teamName": "T2", "teamVault": "{}"}).status == 200

    assert "T2" in names(boss, "GetCompanyTeams", "teamName")


def test_queue_add_list_trace_and_cancel(boss: RediaccClient) -> None:
    task_id = add(boss)

    listed = boss(
        "GetTeamQueueItems",
        {**ABSENT, "teamName": "T1", "includeCompleted": True, "includeCancelled": True, "onlyStale": False},
    )
    trace = boss("TraceQueueItem", {"taskId": task_id})
    cancelled = boss("CancelQueueItem", {"taskId": task_id})

    [row] = [row for row in listed.rows if row["taskId"] == task_id]
    assert (row["status"], row["healthStatus"], row["priority"], row["machineName"]) == ("PENDING", "PENDING", 3, "M1")
    assert json.loads(row["vaultContent"]) == HELLO
    assert (trace.row["TaskId"], trace.row["Status"], trace.row["HealthStatus"]) == (task_id, "PENDING", "PENDING")
    assert [event["EventName"] for event in trace.sets[4]] == ["CREATED"]
    assert cancelled.row["newStatus"] == "CANCELLED"


def test_queue_complete_and_retry(boss: RediaccClient, bridge: RediaccClient) -> None:
    drain(boss)
    task_id = add(boss)
    bridge("GetQueueItemsNext", {"itemCount": 3})

    refused = boss("CompleteQueueItem", {"taskId": task_id, "responseVault": "{}"})
    completed = bridge("CompleteQueueItem", {"taskId": task_id, "responseVault": "{}"})
    retried = boss("RetryQueueItem", {"taskId": task_id})

    assert refused.error == "Only bridge tokens can complete queue items"
    assert completed.row["status"] == "COMPLETED"
    assert retried.error == "Can only retry failed queue items"


def test_remove_a_queue_item(boss: RediaccClient) -> None:
    task_id = add(boss)

    assert boss("DeleteQueueItem", {"taskId": task_id}).status == 200

    assert boss("GetQueueItemTrace", {"taskId": task_id}).status == 404


def test_workflow_hello_test_and_wait(boss: RediaccClient, bridge: RediaccClient) -> None:
    drain(boss)
    [machine] = [row for row in boss("GetTeamMachines", {"teamName": "T1"}).rows if row["machineName"] == "M1"]
    assert (machine["bridgeName"], machine["vaultContent"]) == ("B1", '{"ip":"1"}')
    assert "T1" in names(boss, "GetCompanyTeams", "teamName")
    assert boss("GetCompanyVault", {}).status == 200
    task_id = add(boss)

    seen = []
    for _ in range(2):
        seen.append(boss("GetQueueItemTrace", {"taskId": task_id}).row["status"])
        for row in bridge("GetQueueItemsNext", {"itemCount": 3}).rows:
            bridge("UpdateQueueItemResponse", {"taskId": row["taskId"], "responseVault": "{}"})
    bridge("UpdateQueueItemToCompleted", {"taskId": task_id, "finalVault": OUTPUT, "finalStatus": "COMPLETED"})
    trace = boss("GetQueueItemTrace", {"taskId": task_id})

    assert [*seen, trace.row["status"]] == ["PENDING", "PROCESSING", "COMPLETED"]
    result = json.loads(trace.sets[3][0]["vaultContent"])["result"]
    assert json.loads(result)["command_output"] == "Hello from M1"


def test_user_update_password(acme: Flask) -> None:
    client = newcomer(acme)
    found_company(client, "changes@acme.io", "old", "Changes")
    client.sign_in("changes@acme.io", "old")

    heard = client("UpdateUserPassword", {"newUserHash": user_hash("new")})

    assert heard.row["userEmail"] == "changes@acme.io"
    assert client("GetUserCompany").row["companyName"] == "Changes"
    assert newcomer(acme).sign_in("changes@acme.io", "new")["isAuthorized"] is True
    refused = newcomer(acme).show_password("CreateAuthenticationRequest", "changes@acme.io", "old", {"name": "s"})
    assert refused.status == 401


def test_auth_logout(boss: RediaccClient) -> None:
    token = boss.token or ""

    assert boss("DeleteUserRequest").status == 200

    assert boss.token is None
    assert boss.post("GetCompanyTeams", b"{}", **{"Rediacc-RequestToken": token}).status == 401


def test_a_second_factor_is_set_up_shown_and_removed(acme: Flask) -> None:
    client = newcomer(acme)
    email, hash_text = "factor@acme.io", user_hash("pw")
    found_company(client, email, "pw", "Factor")
    client.sign_in(email, "pw")

    assert "No TFA configured" in json.dumps(client("GetRequestAuthenticationStatus", {}).body)
    made = client("UpdateUserTFA", {"enable": True, "generateOnly": True, "userHash": hash_text})
    secret = made.row["secret"]
    confirm = {"enable": True, "confirmEnable": True, "secret": secret}
    wrong = client("UpdateUserTFA", {**confirm, "verificationCode": "123456"})
    right = client("UpdateUserTFA", {**confirm, "verificationCode": code_now(secret)})
    again = client("UpdateUserTFA", {**confirm, "secret": "DUMMYSECRET", "verificationCode": "123456"})
    shown = client("PrivilegeAuthenticationRequest", {"TFACode": ""}, **{"Rediacc-UserEmail": "", "totp": ""})
    asked = newcomer(acme).sign_in(email, "pw")
    removal = {"enable": False, "userHash": hash_text}
    kept = client("UpdateUserTFA", {**removal, "currentCode": "000000"})
    removed = client("UpdateUserTFA", {**removal, "currentCode": code_now(secret)})

    assert made.row["authType"] == "TOTP"
    assert wrong.error == "Invalid verification code"
    assert (right.status, removed.status) == (200, 200)
    assert "already enabled" in again.error
    assert "Session is authorized" in json.dumps(shown.body)
    assert (asked["isAuthorized"], asked["authenticationStatus"]) == (False, "TFA_REQUIRED")
    assert asked["nextRequestToken"]
    assert "Invalid" in kept.error


@pytest.mark.parametrize(
    ("member", "email"), [("TFACode", "a@b.io"), ("tFACode", "c@d.io"), ("twoFactorCode", "e@f.io")]
)
def test_auth_login_with_a_second_factor(acme: Flask, member: str, email: str) -> None:
    client = newcomer(acme)
    found_company(client, email, "pw", member)
    client.sign_in(email, "pw")
    made = client("UpdateUserTFA", {"enable": True, "userHash": user_hash("pw")})
    secret = made.row["secret"]
    client(
        "UpdateUserTFA",
        {"enable": True, "confirmEnable": True, "secret": secret, "verificationCode": code_now(secret)},
    )

    row = newcomer(acme).sign_in(email, "pw", **{member: code_now(secret)})

    assert (row["isAuthorized"], row["authenticationStatus"]) == (True, "AUTHORIZED")


def test_a_user_needs_nothing_but_this_dialect(acme: Flask) -> None:
    """The whole story; after each change, what the matching Get shows."""
    boss, bridge, ann = newcomer(acme), newcomer(acme), newcomer(acme)
    found_company(boss, "chief@story.io", "pw", "Story", subscriptionPlan="BUSINESS")
    boss.sign_in("chief@story.io", "pw")
    furnish(boss)
    assert names(boss, "GetCompanyRegions", "regionName") == ["Default Region", "R1"]
    assert names(boss, "GetRegionBridges", "bridgeName", {"regionName": "R1"}) == ["B1"]
    assert names(boss, "GetTeamMachines", "machineName") == ["M1"]

    # People and rights.
    assert boss("CreateNewUser", {"newUserEmail": "ann@story.io", "newUserHash": user_hash("first")}).status == 200
    ann.show_password("ActivateUserAccount", "ann@story.io", "second", {"activationCode": "111111"})
    assert names(boss, "GetCompanyUsers", "userEmail") == ["ann@story.io", "chief@story.io"]
    boss("CreateTeamMembership", {"teamName": "T1", "newUserEmail": "ann@story.io"})
    assert "ann@story.io" in names(boss, "GetTeamMembers", "userEmail", {"teamName": "T1"})
    boss("CreatePermissionGroup", {"permissionGroupName": "Readers"})
    boss("CreatePermissionInGroup", {"permissionGroupName": "Readers", "permissionName": "GetTeamMachines"})
    boss("CreatePermissionInGroup", {"permissionGroupName": "Readers", "permissionName": "GetTeamRepositories"})
    assert names(boss, "GetPermissionGroupDetails", "permissionName", {"permissionGroupName": "Readers"}) == [
        "GetTeamMachines",
        "GetTeamRepositories",
    ]
    boss("UpdateUserAssignedPermissions", {"userEmail": "ann@story.io", "permissionGroupName": "Readers"})
    ann.sign_in("ann@story.io", "second")
    assert names(ann, "GetTeamMachines", "machineName") == ["M1"]
    assert ann("CreateTeam", {"teamName": "no", "teamVault": "{}"}).status == 403

    # A job.
    task_id = add(boss)
    bridge.sign_in("chief@story.io", "pw", target="B1")
    assert bridge("GetQueueItemsNext", {"itemCount": 3}).row["taskId"] == task_id
    assert bridge("UpdateQueueItemToCompleted", {"taskId": task_id, "finalVault": OUTPUT}).status == 200
    [item] = boss("GetTeamQueueItems", {"teamName": "T1"}).rows
    assert (item["status"], item["vaultContentResponse"]) == ("COMPLETED", OUTPUT)

    # New names, vaults and places.
    for procedure, members in (
        ("UpdateTeamName", {"currentTeamName": "T1", "newTeamName": "Täam $1 {x}.y"}),
        ("UpdateRegionName", {"currentRegionName": "R1", "newRegionName": "R2"}),
        ("UpdateBridgeName", {"regionName": "R2", "currentBridgeName": "B1", "newBridgeName": "B2"}),
        ("UpdateMachineName", {"teamName": "Täam $1 {x}.y", "currentMachineName": "M1", "newMachineName": "M2"}),
        ("UpdateTeamVault", {"teamName": "Täam $1 {x}.y", "vaultContent": '{"v":2}', "vaultVersion": 1}),
        ("UpdateRegionVault", {"regionName": "R2", "vaultContent": '{"v":2}', "vaultVersion": 1}),
        ("UpdateCompanyVault", {"vaultContent": '{"v":2}', "vaultVersion": 1}),
    ):
        heard = boss(procedure, members)
        assert heard.status == 200, (procedure, heard.body["errors"])
    [team] = [row for row in boss("GetCompanyTeams", {}).rows if row["teamName"] == "Täam $1 {x}.y"]
    assert (team["vaultVersion"], team["vaultContent"]) == (2, '{"v":2}')
    [machine] = boss("GetTeamMachines", {"teamName": "Täam $1 {x}.y"}).rows
    assert (machine["machineName"], machine["bridgeName"], machine["regionName"]) == ("M2", "B2", "R2")
    assert boss("GetCompanyVault").row["vaultContent"] == '{"v":2}'

    # Who did what.
    assert "Täam $1 {x}.y" in json.dumps(boss("GetAuditLogs", {"entityFilter": "Team"}).rows, ensure_ascii=False)
    for procedure in ("GetEntityAuditTrace", "GetEntityHistory"):
        assert boss(procedure, {"entityType": "Team", "entityId": 1}).status == 400

    # And away with it.
    for procedure, members in (
        ("DeleteQueueItem", {"taskId": task_id}),
        ("DeleteMachine", {"teamName": "Täam $1 {x}.y", "machineName": "M2"}),
        ("DeleteBridge", {"regionName": "R2", "bridgeName": "B2"}),
        ("DeleteRegion", {"regionName": "R2"}),
        ("DeleteTeam", {"teamName": "Täam $1 {x}.y"}),
    ):
        heard = boss(procedure, members)
        assert heard.status == 200, (procedure, heard.body["errors"])
    assert names(boss, "GetCompanyTeams", "teamName") == ["Private Team"]
    assert boss("GetUserCompany").row["companyName"] == "Story"
    assert boss("DeleteUserRequest").status == 200
