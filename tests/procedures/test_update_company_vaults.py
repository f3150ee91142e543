"""UpdateCompanyVaults and GetCompanyVaults."""

import json
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.people import refuse_in_sql
from tests.world import NOBODY, Caller, Reply, must

KINDS = ("Company", "User", "Team", "Region", "Bridge", "Machine")


@pytest.fixture(autouse=True)
def without_global_bridges(admin: psycopg.Connection) -> None:
    """As after somebody has taken the company's bridges into his own hands."""
    admin.execute("delete from data.bridge where bridge_name = 'Global Bridges'")


def vaults(call: Caller, _as: str = "ann", **members: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = must(call("GetCompanyVaults", _as=_as, **members)).rows
    return rows


def credential(call: Caller, kind: str, name: str) -> str:
    [found] = [row["credential"] for row in vaults(call) if (row["entityType"], row["entityName"]) == (kind, name)]
    return str(found)


def update(call: Caller, *updates: dict[str, Any], _as: str = "ann") -> Reply:
    return call("UpdateCompanyVaults", _as=_as, updates=json.dumps(updates))


def test_lists_everything_that_has_a_vault(call: Caller) -> None:
    must(call("CreateTeam", _as="ann", teamName="qa", teamVault='{"a": 1}'))

    rows = vaults(call)

    assert [(row["entityType"], row["entityName"]) for row in rows] == [
        ("Company", "Acme"),
        ("User", "ann@acme.example"),
        ("User", "bob@acme.example"),
        ("User", "carol@acme.example"),
        ("Team", "dev"),
        ("Team", "ops"),
        ("Team", "Private Team"),
        ("Team", "qa"),
        ("Region", "Default Region"),
        ("Region", "eu"),
        ("Bridge", "My Bridge"),
        ("Bridge", "north"),
        ("Bridge", "south"),
        ("Machine", "build-01"),
        ("Machine", "build-02"),
        ("Machine", "dev-01"),
    ]
    [written] = [row for row in rows if row["vaultId"] is not None]
    assert (written["entityName"], written["version"], written["decryptedVault"]) == ("qa", 1, '{"a": 1}')
    assert {(row["version"], row["decryptedVault"]) for row in rows if row is not written} == {(1, None)}
    assert {row["vaultName"] for row in rows} == {kind.lower() for kind in KINDS}


def test_lists_no_more_than_asked_for(call: Caller) -> None:
    assert len(vaults(call, maxRecords=2)) == 2


@pytest.mark.parametrize("count", [0, 10_001])
def test_refuses_a_number_of_rows_that_is_out_of_range(call: Caller, count: int) -> None:
    reply = call("GetCompanyVaults", _as="ann", maxRecords=count)

    assert (reply.failure, reply.errors) == (400, ["maxRecords must be from 1 to 10000"])


def test_lists_vaults_of_the_company_only(call: Caller) -> None:
    theirs = vaults(call, _as="gina")

    assert {row["entityName"] for row in theirs if row["entityType"] in ("Company", "User")} == {
        "Globex",
        "gina@globex.example",
    }


def test_a_vault_that_does_not_open_spoils_its_row_only(call: Caller, admin: psycopg.Connection) -> None:
    for team in ("qa", "rnd"):
        must(call("CreateTeam", _as="ann", teamName=team, teamVault='{"a": 1}'))
    admin.execute(
        "update data.vault_record set vault_id = vault_id # 1 "
        "where owner_id = (select team_uuid from data.team where team_name = 'qa')"
    )

    rows = {row["entityName"]: row for row in vaults(call)}

    assert (rows["qa"]["decryptedVault"], rows["qa"]["vaultError"]) == (None, True)
    assert rows["rnd"]["decryptedVault"] == '{"a": 1}'


def test_writes_vaults_of_every_kind_in_one_call(call: Caller) -> None:
    must(call("UpdateTeamVault", _as="ann", teamName="ops", teamVault="{}", vaultVersion=1))
    updates = [
        {"credential": row["credential"], "version": row["version"], "vaultContent": json.dumps(row["entityName"])}
        for row in vaults(call)
    ]

    reply = update(call, *updates)

    row = reply.row
    assert row.pop("companyId") == call("GetCompanyVault").row["companyCredential"]
    assert row == {"blockUserRequests": False, "vaultsUpdated": len(updates), "result": "vaults updated"}
    written = vaults(call)
    assert {row["entityType"] for row in written} == set(KINDS)
    assert all(json.loads(row["decryptedVault"]) == row["entityName"] for row in written)
    assert {row["entityName"]: row["version"] for row in written if row["version"] != 2} == {"ops": 3}


def test_what_it_wrote_the_owners_own_calls_read_and_write_on(call: Caller) -> None:
    must(update(call, {"credential": credential(call, "Team", "ops"), "version": 1, "decryptedVault": '{"a": 1}'}))

    [team] = [row for row in call("GetCompanyTeams").rows if row["teamName"] == "ops"]
    again = call("UpdateTeamVault", _as="ann", teamName="ops", teamVault="{}", vaultVersion=2)

    assert (team["vaultVersion"], team["vaultContent"]) == (2, '{"a": 1}')
    assert again.row["vaultVersion"] == 3


def test_takes_a_plain_list_as_well_as_one_in_text(call: Caller) -> None:
    change = {"credential": credential(call, "Company", "Acme"), "version": 1, "vaultContent": "{}"}

    assert call("UpdateCompanyVaults", _as="ann", updates=[change]).row["vaultsUpdated"] == 1
    assert call("UpdateCompanyVaults", _as="ann", updates="[]").row["vaultsUpdated"] == 0


def test_one_refused_update_refuses_all(call: Caller) -> None:
    good, old = (
        {"credential": credential(call, "Team", team), "version": version, "vaultContent": "{}"}
        for team, version in (("ops", 1), ("dev", 7))
    )

    reply = update(call, good, old)

    assert (reply.failure, reply.errors) == (409, ["the vault of team dev has version 1, not 7: read it again"])
    assert {row["decryptedVault"] for row in vaults(call)} == {None}


def test_refuses_one_entity_twice(call: Caller) -> None:
    change = {"credential": credential(call, "Team", "ops"), "version": 1, "vaultContent": "{}"}

    assert update(call, change, change).failure == 409


def test_a_credential_of_another_company_is_like_one_of_nobody(call: Caller) -> None:
    theirs = call("GetCompanyVault", _as="gina").row["companyCredential"]

    for name in (theirs, str(uuid4())):
        reply = update(call, {"credential": name, "version": 1, "vaultContent": "{}"})
        assert (reply.failure, reply.errors) == (404, [f"credential {name} names nothing in the company"])


@pytest.mark.parametrize(
    "change",
    [
        {"version": 1, "vaultContent": "{}"},
        {"credential": str(uuid4()), "vaultContent": "{}"},
        {"credential": str(uuid4()), "version": 1},
        {"credential": str(uuid4()), "version": 1, "vaultContent": "{}", "decryptedVault": "{}"},
    ],
    ids=["no credential", "no version", "no content", "two contents"],
)
def test_refuses_an_update_that_is_not_whole(call: Caller, change: dict[str, Any]) -> None:
    reply = update(call, change)

    assert reply.failure == 400
    assert reply.errors == ["each of updates needs credential, version, and one of vaultContent and decryptedVault"]


@pytest.mark.parametrize(
    ("updates", "complaint"),
    [
        ("x", 'member "updates" must be a list'),
        ("[1", 'member "updates" must hold valid JSON'),
        ([{"credential": "x"}], 'member "updates[0].credential" must be a UUID'),
        ('[{"vaultContent": "{"}]', 'member "updates[0].vaultContent" must hold valid JSON'),
        ([{}] * 1001, 'member "updates" must have at most 1000 entries'),
        ('[{"version": 1, "version": 2}]', 'member "updates" must not name a member twice'),
    ],
)
def test_refuses_what_is_no_list_of_updates(call: Caller, updates: object, complaint: str) -> None:
    reply = call("UpdateCompanyVaults", _as="ann", updates=updates)

    assert (reply.failure, reply.errors) == (400, [complaint])


def test_leaves_a_row_in_the_audit_for_each_vault(call: Caller, admin: psycopg.Connection) -> None:
    must(
        update(
            call,
            {"credential": credential(call, "Team", "ops"), "version": 1, "vaultContent": "{}"},
            {"credential": credential(call, "Machine", "dev-01"), "version": 1, "vaultContent": "{}"},
        )
    )

    rows = admin.execute("select action, entity, entity_name, details from data.audit order by entity").fetchall()
    assert rows == [
        ("VaultUpdated", "Machine", "dev-01", "vault version 2"),
        ("VaultUpdated", "Team", "ops", "vault version 2"),
    ]


def test_is_refused_while_a_global_bridge_exists(call: Caller, admin: psycopg.Connection) -> None:
    must(call("CreateBridge", _as="ann", regionName="eu", bridgeName="Global Bridges"))
    admin.execute(
        "update data.bridge set is_global = true, management_mode = 'Cloud' where bridge_name = 'Global Bridges'"
    )

    reply = update(call, {"credential": str(uuid4()), "version": 1, "vaultContent": "{}"})

    assert reply.failure == 409
    assert reply.errors == [
        "bridge Global Bridges is a Global Bridge, managed in the cloud: take it over or delete it first"
    ]


def test_a_bridge_that_is_called_like_it_is_none(call: Caller) -> None:
    must(call("CreateBridge", _as="ann", regionName="eu", bridgeName="Global Bridges"))

    assert update(call, {"credential": str(uuid4()), "version": 1, "vaultContent": "{}"}).failure == 404


def test_is_nothing_for_a_sql_admin_who_holds_no_key(admin: psycopg.Connection) -> None:
    statement = (
        "select * from api.update_company_vaults(array(select row(company_uuid, 1, null, null)::data.vault_update "
        "from data.company where company_name = 'Acme'))"
    )

    assert refuse_in_sql(admin, "ann@acme.example", statement)[0] == "JB400"


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert update(call, _as=caller).failure == failure
    assert call("GetCompanyVaults", _as=caller).failure == failure
