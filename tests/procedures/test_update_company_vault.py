"""UpdateCompanyVault, GetCompanyVault and GetUserCompany."""

from uuid import UUID

import psycopg
import pytest

from tests.people import enter_company, refuse_in_sql
from tests.world import NOBODY, Caller, Reply


def update(call: Caller, version: int, content: str = '{"of": "acme"}', _as: str = "ann") -> Reply:
    return call("UpdateCompanyVault", _as=_as, companyVault=content, vaultVersion=version)


def test_writes_the_vault_and_raises_its_version(call: Caller) -> None:
    first = update(call, 1)
    second = update(call, 2, '{"of":"acme", "twice":1e2}')

    shown = call("GetCompanyVault").row
    assert first.row == {"companyName": "Acme", "vaultVersion": 2, "result": "vault updated"}
    assert second.row["vaultVersion"] == 3
    assert (shown["vaultVersion"], shown["vaultContent"]) == (3, '{"of":"acme", "twice":1e2}')


@pytest.mark.parametrize("version", [0, 1, 3])
def test_refuses_any_version_but_the_current_one(call: Caller, version: int) -> None:
    update(call, 1)

    reply = update(call, version, "{}")

    assert (reply.failure, reply.errors) == (
        409,
        [f"the vault of company Acme has version 2, not {version}: read it again"],
    )
    assert call("GetCompanyVault").row["vaultContent"] == '{"of": "acme"}'


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    update(call, 1)

    rows = admin.execute(
        "select actor, procedure_name, action, entity, entity_name, details from data.audit"
    ).fetchall()
    assert rows == [("ann@acme.example", "UpdateCompanyVault", "VaultUpdated", "Company", "Acme", "vault version 2")]


def test_is_nothing_for_a_sql_admin_who_holds_no_key(admin: psycopg.Connection) -> None:
    refused = refuse_in_sql(admin, "ann@acme.example", "select * from api.update_company_vault(null, 1)")

    assert refused == ("JB403", "this call seals a vault and needs a key: make it through the broker")


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert update(call, 1, _as=caller).failure == failure


@pytest.mark.parametrize("procedure", ["GetCompanyVault", "GetUserCompany"])
def test_everybody_of_the_company_reads_it(call: Caller, procedure: str) -> None:
    update(call, 1)

    for user in ("ann", "bob", "carol"):
        row = call(procedure, _as=user).row
        assert (row["companyName"], row["vaultVersion"], row["vaultContent"]) == ("Acme", 2, '{"of": "acme"}')
    assert call(procedure, _as="gina").row["vaultContent"] is None
    assert call(procedure, _as="build-01").failure == 403


@pytest.mark.usefixtures("cheap_passwords")
def test_a_new_company_has_an_empty_vault_of_version_one(call: Caller) -> None:
    peter = enter_company(call, "peter@initech.example")

    row = call("GetCompanyVault", _as=peter).row

    assert UUID(row.pop("companyCredential"))
    assert row == {"companyName": "Initech", "vaultVersion": 1, "vaultContent": None}


def test_the_credential_of_a_company_is_its_own(call: Caller) -> None:
    of_ann, of_bob, of_gina = (
        call("GetCompanyVault", _as=user).row["companyCredential"] for user in ("ann", "bob", "gina")
    )

    assert of_ann == of_bob != of_gina


def test_counts_what_there_is_in_the_company(call: Caller) -> None:
    row = call("GetUserCompany").row

    assert (row["teamCount"], row["regionCount"], row["userCount"]) == (3, 2, 3)


def test_a_vault_that_does_not_open_is_no_empty_one(call: Caller, admin: psycopg.Connection) -> None:
    update(call, 1)
    admin.execute("update data.vault_record set vault_id = vault_id # 1 where owner_kind = 'company'")

    reply = call("GetCompanyVault")

    assert (reply.failure, reply.errors) == (500, ["the vault cannot be opened"])
