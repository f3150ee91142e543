"""UpdateCompanyVault, GetCompanyVault and GetUserCompany."""

from uuid import UUID

import psycopg
import pytest

from tests.people import enter_company
from tests.world import NOBODY, Caller, Reply


def update(call: Caller, version: int, content: str = '{"of": "acme"}', _as: str = "ann") -> Reply:
    return call("UpdateCompanyVault", _as=_as, companyVault=content, vaultVersion=version)


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
