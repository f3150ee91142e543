"""ImportCompanyData and ExportCompanyData."""

import json
from typing import Any

import psycopg
import pytest

from tests.people import enter_company
from tests.world import NOBODY, Caller, Reply, must

NOTHING = {
    "importedCount": 0,
    "skippedCount": 0,
    "regionsCreated": 0,
    "bridgesCreated": 0,
    "bridgesMoved": 0,
    "teamsCreated": 0,
    "machinesCreated": 0,
    "result": "company data imported",
}


def export(call: Caller, _as: str = "ann") -> dict[str, Any]:
    document: dict[str, Any] = json.loads(call("ExportCompanyData", _as=_as).row["exportData"])
    return document


def import_(call: Caller, document: object, _as: str = "ann", **members: Any) -> Reply:
    return call("ImportCompanyData", _as=_as, companyDataJson=json.dumps(document), **members)


def test_exports_the_structure(call: Caller) -> None:
    must(call("UpdateTeamVault", _as="ann", teamName="ops", teamVault='"canary"', vaultVersion=1))

    document = export(call)

    assert set(document.pop("exportedTime")) <= set("0123456789-:TZ")
    assert document.pop("bridges")[2] == {"bridgeName": "north", "regionName": "eu", "vaultVersion": 1}
    assert document.pop("users")[1] == {
        "userEmail": "bob@acme.example",
        "permissionGroupName": "Users",
        "activated": True,
        "vaultVersion": 1,
    }
    assert document.pop("teams")[1] == {
        "teamName": "ops",
        "vaultVersion": 2,
        "members": ["ann@acme.example", "bob@acme.example"],
    }
    assert document.pop("machines")[0] == {
        "machineName": "build-01",
        "teamName": "ops",
        "bridgeName": "north",
        "vaultVersion": 1,
    }
    assert {token["name"]: token["bridgeName"] for token in document.pop("agentTokens")}["north"] == "north"
    assert document == {
        "format": "broker-company",
        "version": "1",
        "company": {"companyName": "Acme", "plan": "ELITE", "vaultVersion": 1},
        "permissionGroups": [],
        "regions": [{"regionName": "Default Region", "vaultVersion": 1}, {"regionName": "eu", "vaultVersion": 1}],
    }


def test_exports_no_vault_and_no_token(call: Caller) -> None:
    must(call("UpdateTeamVault", _as="ann", teamName="ops", teamVault='"canary"', vaultVersion=1))

    exported = call("ExportCompanyData", _as="ann").row["exportData"]

    assert "canary" not in exported
    assert not any(token in exported for token in call.world.tokens.values())


@pytest.mark.usefixtures("cheap_passwords")
def test_makes_in_another_company_what_it_lacks(call: Caller) -> None:
    peter = enter_company(call, "peter@initech.example")
    exported = export(call)

    reply = import_(call, exported, _as=peter)

    made = export(call, _as=peter)
    assert reply.row == {
        **NOTHING,
        "importedCount": 8,
        "skippedCount": 4,
        "regionsCreated": 1,
        "bridgesCreated": 2,
        "teamsCreated": 2,
        "machinesCreated": 3,
    }
    for section in ("regions", "bridges", "machines"):
        assert made[section] == exported[section]
    assert [user["userEmail"] for user in made["users"]] == ["peter@initech.example"]
    assert all(team["members"] == ["peter@initech.example"] for team in made["teams"])


def test_a_second_import_changes_nothing(call: Caller, admin: psycopg.Connection) -> None:
    exported = export(call)

    for mode in ("skip", "Override", None):
        assert import_(call, exported, importMode=mode).row == {**NOTHING, "skippedCount": 12}
    assert admin.execute("select count(*) from data.audit where action <> 'Exported'").fetchall() == [(0,)]


def test_takes_the_document_as_an_object_as_well(call: Caller) -> None:
    reply = call("ImportCompanyData", _as="ann", companyDataJson=export(call))

    assert reply.row["skippedCount"] == 12


def test_moves_bridges_only_where_it_may_override(call: Caller) -> None:
    document = export(call)
    for bridge in document["bridges"]:
        bridge["regionName"] = "us" if bridge["bridgeName"] == "south" else bridge["regionName"]
    document["regions"].append({"regionName": "us"})

    skipped = import_(call, document).row
    moved = import_(call, document, importMode="override").row

    assert (skipped["regionsCreated"], skipped["bridgesMoved"]) == (1, 0)
    assert (moved["regionsCreated"], moved["bridgesMoved"]) == (0, 1)
    regions = {bridge["bridgeName"]: bridge["regionName"] for bridge in export(call)["bridges"]}
    assert (regions["south"], regions["north"]) == ("us", "eu")


def test_moves_no_machine(call: Caller) -> None:
    document = export(call)
    document["machines"][0]["bridgeName"] = "south"

    assert import_(call, document).row == {**NOTHING, "skippedCount": 12}
    reply = import_(call, document, importMode="override")

    assert reply.failure == 409
    assert reply.errors[0].startswith("machine build-01 is not in team ops on bridge south: its keys move with it")


@pytest.mark.parametrize(
    ("section", "entry", "failure", "error"),
    [
        ("bridges", {"bridgeName": "b", "regionName": "nowhere"}, 404, "region nowhere not found"),
        ("machines", {"machineName": "m", "teamName": "nowhere", "bridgeName": "south"}, 404, "team nowhere not found"),
        ("machines", {"machineName": "m", "teamName": "ops", "bridgeName": "nowhere"}, 404, "bridge nowhere not found"),
        (
            "machines",
            {"machineName": "m", "teamName": "ops", "bridgeName": "north"},
            409,
            "bridge north has agents, who must be given the keys of machine m: make it by CreateMachine first",
        ),
        ("regions", {"regionName": " r"}, 400, "a value is not a valid entity name"),
    ],
)
def test_imports_all_or_nothing(call: Caller, section: str, entry: dict[str, str], failure: int, error: str) -> None:
    before = export(call)
    document = {**before, "regions": [*before["regions"], {"regionName": "us"}]}
    document[section] = [*document[section], entry]

    reply = import_(call, document)

    assert (reply.failure, reply.errors) == (failure, [error])
    assert export(call)["regions"] == before["regions"]


def test_stays_within_the_plan(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute("update data.company set plan = 'COMMUNITY' where company_name = 'Acme'")
    document = export(call)
    document["teams"] += [{"teamName": f"team {number}"} for number in range(3)]

    reply = import_(call, document)

    assert reply.failure == 402
    assert len(export(call)["teams"]) == 3


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (
            {"version": "1.0", "company": {"companyName": "x"}, "teams": [], "users": []},
            "companyDataJson was not made by ExportCompanyData: format must be broker-company, version 1",
        ),
        (
            {"format": "broker-company", "version": "1"},
            "companyDataJson was not made by ExportCompanyData: regions must be a list",
        ),
        (
            {"format": "broker-company", "version": "1", "regions": [{"regionName": 1}]},
            "companyDataJson was not made by ExportCompanyData: each of regions needs regionName",
        ),
        (
            {"format": "broker-company", "version": "1", "regions": [1]},
            "companyDataJson was not made by ExportCompanyData: each of regions needs regionName",
        ),
        ([], 'member "companyDataJson" must be a JSON object'),
        (None, 'member "companyDataJson" must be a JSON object'),
    ],
)
def test_refuses_a_document_of_another_form(call: Caller, document: object, complaint: str) -> None:
    reply = import_(call, document)

    assert (reply.failure, reply.errors) == (400, [complaint])


def test_refuses_a_mode_that_does_not_exist(call: Caller) -> None:
    reply = import_(call, {}, importMode="merge")

    assert (reply.failure, reply.errors) == (400, ["importMode must be skip or override"])


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert import_(call, {}, _as=caller).failure == failure
    assert call("ExportCompanyData", _as=caller).failure == failure
