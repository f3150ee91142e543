"""How current Rediacc clients send and read (wire contract, sections 1.1 to 1.7)."""

import json
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask

from tests.surfaces.conftest import BOSS, PASSWORD
from tests.surfaces.rediacc_client import RediaccClient, found_company, user_hash

JOB = {"teamName": "T1", "machineName": "M1", "queueVault": '{"function":"hello"}'}


def queue(client: RediaccClient, **members: Any) -> str:
    task_id: str = client("CreateQueueItem", {**JOB, **members}).row["taskId"]
    return task_id


def test_success_is_exactly_200_with_failure_0(boss: RediaccClient) -> None:
    heard = boss("CreateTeam", {"teamName": "made here", "teamVault": "{}"})

    assert (heard.status, heard.body["failure"], heard.body["errors"]) == (200, 0, [])


def test_the_sets_are_there_under_both_names(boss: RediaccClient) -> None:
    body = boss("GetCompanyTeams", {}).body

    assert body["resultSets"] == body["tables"]
    assert [result_set["resultSetIndex"] for result_set in body["resultSets"]] == [0, 1]


@pytest.mark.parametrize("body", [b"", b"{}", b"null"])
def test_an_empty_body_is_an_empty_object(boss: RediaccClient, body: bytes) -> None:
    heard = boss.post("GetCompanyTeams", body, **{"Rediacc-RequestToken": boss.token or ""})

    assert heard.status == 200


def test_sixteen_members_mostly_null_are_those_that_are_not(boss: RediaccClient) -> None:
    task_id = queue(boss)
    names = ("machineName", "bridgeName", "status", "priority", "minPriority", "maxPriority", "dateFrom", "dateTo")
    absent = dict.fromkeys((*names, "taskId", "createdByUserEmail", "staleThresholdMinutes", "maxRecords"))

    heard = boss(
        "GetTeamQueueItems",
        {"teamName": "T1", **absent, "includeCompleted": True, "includeCancelled": True, "onlyStale": False},
    )

    assert task_id in [row["taskId"] for row in heard.rows]


def test_a_team_named_by_digits_comes_as_a_number(boss: RediaccClient) -> None:
    assert boss("CreateTeam", {"teamName": 123, "teamVault": "{}"}).status == 200

    assert "123" in [row["teamName"] for row in boss("GetCompanyTeams", {}).rows]


def test_a_name_may_look_like_a_boolean(boss: RediaccClient) -> None:
    assert boss("CreateTeam", {"teamName": True, "teamVault": "{}"}).status == 200

    assert "true" in [row["teamName"] for row in boss("GetCompanyTeams", {}).rows]


def test_members_that_nobody_knows_are_ignored(boss: RediaccClient) -> None:
    task_id = queue(boss, bridgeName="B1", subscriptionTier="x", color={"a": [1]})

    assert UUID(task_id).version == 7


def test_our_own_dialect_refuses_them(boss: RediaccClient) -> None:
    heard = boss("CreateQueueItem", {**JOB, "bridgeName": "B1"}, **{"User-Agent": "curl/8"})

    assert heard.body["errors"] == ['member "bridgeName" is unknown']
    assert list(heard.body) == ["failure", "errors", "tables", "outputs"]


def test_the_dialect_can_be_asked_for_by_name(boss: RediaccClient) -> None:
    heard = boss.post(
        "GetCompanyTeams",
        b"",
        **{"Rediacc-RequestToken": boss.token or "", "User-Agent": "Mozilla/5.0", "Broker-Dialect": "Rediacc"},
    )

    assert heard.sets[0] == [{"nextRequestToken": boss.token}]


def test_a_body_that_is_no_object_is_refused(boss: RediaccClient) -> None:
    heard = boss.post("GetCompanyTeams", b"[]", **{"Rediacc-RequestToken": boss.token or ""})

    assert (heard.status, heard.error) == (400, "the body must be a JSON object")


def test_member_names_match_whatever_their_case(boss: RediaccClient) -> None:
    heard = boss("CreateQueueItem", {"TEAMNAME": "T1", "machinename": "M1", "QueueVault": "{}", "Color": 1})

    assert heard.status == 200


@pytest.mark.parametrize("name", ["queueVault", "vaultContent", "VaultContent"])
def test_a_vault_has_an_older_and_a_newer_name(boss: RediaccClient, name: str) -> None:
    heard = boss("CreateQueueItem", {"teamName": "T1", "machineName": "M1", name: '{"n":1}'})

    trace = boss("GetQueueItemTrace", {"taskId": heard.row["taskId"]})
    assert trace.sets[2][0]["vaultContent"] == '{"n":1}'


def test_of_both_names_the_older_one_counts(boss: RediaccClient) -> None:
    task_id = queue(boss, queueVault='"older"', vaultContent='"newer"')

    assert boss("GetQueueItemTrace", {"taskId": task_id}).sets[2][0]["vaultContent"] == '"older"'


@pytest.mark.parametrize(
    ("procedure", "members"),
    [
        ("UpdateQueueItemToCompleted", {"taskId": {}, "finalVault": 5, "finalStatus": ["COMPLETED"]}),
        ("UpdateQueueItemToCompleted", {"taskId": True, "finalStatus": 1, "requireBridge": False}),
        ("CancelQueueItem", {"taskId": [], "force": "no", "FORCE": 1}),
        ("GetQueueItemsNext", {"batchSize": "many"}),
        ("CreateTeam", {"vaultContent": {"a": 1}, "team": []}),
        ("GetQueueItemTrace", {"taskId": "1", "": "", "\u0000": "\u0000", "é" * 9000: 1}),
    ],
)
def test_bad_members_get_a_400_and_a_sentence(boss: RediaccClient, procedure: str, members: dict[str, Any]) -> None:
    heard = boss(procedure, members)

    assert heard.status == 400
    assert heard.error


def test_a_missing_member_is_missed_by_our_name(boss: RediaccClient) -> None:
    heard = boss("CreateQueueItem", {"teamName": "T1", "machineName": "M1", "queueVault": None})

    assert (heard.status, heard.error) == (400, 'member "queueVault" is required')


def test_the_token_is_a_uuid_and_stays_the_same(boss: RediaccClient) -> None:
    token = boss.token
    assert token is not None

    heard = boss("GetCompanyTeams")

    assert str(UUID(token)) == token
    assert heard.sets[0] == [{"nextRequestToken": token}]


def test_a_failed_answer_names_no_token_and_ends_no_session(boss: RediaccClient) -> None:
    heard = boss("CreateTeam", {"teamName": "T1", "teamVault": "{}"})

    assert (heard.status, heard.body["failure"]) == (409, 409)
    assert (heard.body["resultSets"], heard.body["tables"], heard.body["outputs"]) == ([], [], {})
    assert str(boss.token) not in json.dumps(heard.body)
    assert all(isinstance(error, str) for error in heard.body["errors"])
    assert boss("GetCompanyTeams").status == 200


def test_every_kind_of_failure_has_a_json_body_with_a_list_of_sentences(
    boss: RediaccClient, stranger: RediaccClient
) -> None:
    failures = [
        stranger("GetCompanyTeams", {}),
        boss("NoSuchProcedure", {}),
        boss("CancelQueueItem", {"taskId": "x"}),
        boss("CancelQueueItem", {"taskId": "01890a5d-ac96-774b-bcce-b302099a8057"}),
        boss.post("GetCompanyTeams", b"{", **{"Rediacc-RequestToken": boss.token or ""}),
        boss.post("GetCompanyTeams", b"x", **{"Content-Type": "text/plain"}),
    ]

    assert [heard.status for heard in failures] == [401, 404, 400, 404, 400, 415]
    for heard in failures:
        assert heard.error


def test_the_401_begins_with_authentication_required(stranger: RediaccClient) -> None:
    for procedure in ("GetCompanyTeams", "GetUserCompany", "TraceQueueItem"):
        assert stranger(procedure, {}).error.startswith("Authentication required")


def test_a_founded_company_and_an_activated_account_get_no_token(stranger: RediaccClient) -> None:
    email = "other@acme.io"

    made = stranger.show_password("CreateNewCompany", email, "x", {"companyName": "Other"})
    activated = stranger.show_password("ActivateUserAccount", email, "x", {"activationCode": "111111"})

    assert made.sets[0][0]["userEmail"] == activated.sets[0][0]["userEmail"] == email
    assert made.sets[0][0]["activationCode"] == "111111"
    assert "nextRequestToken" not in json.dumps([made.body, activated.body])


def test_signing_in_answers_its_row_at_place_0(stranger: RediaccClient) -> None:
    row = stranger.sign_in(BOSS, PASSWORD)

    assert str(UUID(row["nextRequestToken"])) == row["nextRequestToken"]
    assert (row["isAuthorized"], row["companyName"]) == (True, "Acme")
    assert not row.get("vaultCompany")


def test_in_our_own_dialect_signing_in_gives_the_token_twice(stranger: RediaccClient) -> None:
    headers = {"Rediacc-UserEmail": BOSS, "Rediacc-UserHash": user_hash(PASSWORD), "User-Agent": "curl/8"}
    body = stranger.post("CreateAuthenticationRequest", b'{"name":"s1"}', **headers).body

    [table] = body["tables"]
    assert table["resultSetIndex"] == 1
    assert table["data"][0]["nextRequestToken"] == body["outputs"]["nextRequestToken"]


def test_signing_out_names_no_next_token(boss: RediaccClient) -> None:
    token = boss.token or ""

    heard = boss("DeleteUserRequest")

    assert heard.sets[0] == [{"nextRequestToken": None}]
    assert boss.post("GetCompanyTeams", b"", **{"Rediacc-RequestToken": token}).status == 401


@pytest.mark.parametrize("plan", ["COMMUNITY", "PRO", "BUSINESS", "ENTERPRISE"])
def test_plans_have_their_newer_names(acme: Flask, plan: str) -> None:
    client = RediaccClient(acme.test_client())

    found_company(client, f"{plan.lower()}@plans.io", "x", plan, subscriptionPlan=plan)

    assert client.sign_in(f"{plan.lower()}@plans.io", "x")["companyName"] == plan


def test_a_long_listing_is_read_while_it_is_sent(boss: RediaccClient) -> None:
    vault = json.dumps("x" * 200_000)
    made = [queue(boss, queueVault=vault) for _ in range(3)]

    heard = boss("GetTeamQueueItems", {"teamName": "T1"})

    listed = {row["taskId"]: row for row in heard.rows}
    assert [listed[task_id]["vaultContent"] for task_id in made] == [vault] * 3
    assert all("lastAssigned" in row for row in heard.rows)
    assert heard.sets[0] == [{"nextRequestToken": boss.token}]
    assert heard.sets[2][0]["totalCount"] == len(heard.rows)
    assert heard.body["tables"] == heard.body["resultSets"]
    for task_id in made:
        boss("DeleteQueueItem", {"taskId": task_id})


@pytest.mark.parametrize(("credential", "status"), [("x", 400), ("01890a5d-ac96-774b-bcce-b302099a8057", 409)])
def test_vaults_in_one_go_are_refused_for_the_global_bridge(boss: RediaccClient, credential: str, status: int) -> None:
    update = {"vaultCredential": credential, "vaultName": "default", "vaultContent": "{}", "vaultVersion": 1}

    heard = boss("UpdateCompanyVaults", {"updates": json.dumps([update])})

    assert heard.status == status
    assert "Global Bridge" in heard.error
    assert status != 400 or 'member "updates[0].credential" must be a UUID' in heard.error


@pytest.mark.parametrize("as_text", [False, True])
def test_members_inside_of_lists_have_their_newer_names_too(
    stranger: RediaccClient, acme_url: str, as_text: bool
) -> None:
    name = f"Vaults {as_text}"
    found_company(stranger, f"vaults-{as_text}@acme.io", "x", name)
    stranger.sign_in(f"vaults-{as_text}@acme.io", "x")
    with psycopg.connect(acme_url) as admin:
        admin.execute("update data.bridge set management_mode = 'Local'")
    credential = stranger("GetCompanyVault").row["companyCredential"]
    updates = [{"vaultCredential": credential, "vaultName": "company", "vaultContent": "[1]", "vaultVersion": 1}]

    heard = stranger("UpdateCompanyVaults", {"updates": json.dumps(updates) if as_text else updates})

    assert heard.row["vaultsUpdated"] == 1
    written = stranger("GetCompanyVault").row
    assert (written["vaultVersion"], written["vaultContent"]) == (2, "[1]")


@pytest.mark.parametrize("updates", ["[1", "x", [7], '[{"version": 1, "version": 2}]', {"vaultVersion": 1}])
def test_lists_that_are_none_are_refused(boss: RediaccClient, updates: object) -> None:
    heard = boss("UpdateCompanyVaults", {"updates": updates})

    assert heard.status == 400
    assert heard.error.startswith('member "updates')


def test_headers_that_mean_nothing_are_ignored(boss: RediaccClient) -> None:
    heard = boss("GetCompanyTeams", {}, **{"Rediacc-UserEmail": "", "totp": ""})

    assert heard.status == 200
