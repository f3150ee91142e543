"""GetCompanyUsers."""

from typing import Any

import psycopg
import pytest

from tests.groups import assign, make_group
from tests.people import enter, invite, sign_in
from tests.world import NOBODY, Caller, must

ANN, BOB, CAROL = "ann@acme.example", "bob@acme.example", "carol@acme.example"
OLD = "2020-01-31 12:00+00"


def users(call: Caller, _as: str = "ann") -> dict[str, dict[str, Any]]:
    return {row["userEmail"]: row for row in call("GetCompanyUsers", _as=_as).rows}


def test_lists_the_users_of_the_company_by_email(call: Caller) -> None:
    found = users(call, "bob")

    assert list(found) == [ANN, BOB, CAROL]
    assert {key: value for key, value in found[ANN].items() if key != "lastActive"} == {
        "userEmail": ANN,
        "activated": True,
        "vaultVersion": 1,
        "vaultContent": None,
        "permissionsName": "Administrators",
        "companyName": "Acme",
        "teamCount": 3,
    }


def test_names_groups_of_the_companys_own(call: Caller) -> None:
    make_group(call, "deploy")
    must(assign(call, BOB, "deploy"))

    assert {email: row["permissionsName"] for email, row in users(call).items()} == {
        ANN: "Administrators",
        BOB: "deploy",
        CAROL: "Users",
    }


def test_an_invited_user_is_not_activated_and_was_never_active(call: Caller) -> None:
    invite(call, "dave@acme.example")

    row = users(call)["dave@acme.example"]

    assert (row["activated"], row["teamCount"], row["lastActive"]) == (False, 0, None)


def test_a_deactivated_user_is_not_activated(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute("update data.company_user set deactivated_time = data.clock() where email = %s", [BOB])

    assert users(call)[BOB]["activated"] is False


def test_a_removed_user_is_not_listed(call: Caller) -> None:
    must(call("DeleteUser", _as="ann", userEmail=BOB))

    assert list(users(call)) == [ANN, CAROL]


def test_says_when_a_session_was_last_used_or_opened(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute("update data.token set last_used_time = %s where user_id is not null", [OLD])
    admin.execute("update data.company_user set last_sign_in_time = '2019-01-01 00:00Z' where email = %s", [BOB])
    admin.execute("update data.company_user set last_sign_in_time = '2021-01-31 12:00Z' where email = %s", [CAROL])

    found = users(call, sign_in(call, ANN).row["nextRequestToken"])

    assert found[BOB]["lastActive"] == "2020-01-31T12:00:00Z"
    assert found[CAROL]["lastActive"] == "2021-01-31T12:00:00Z"
    assert found[ANN]["lastActive"] > "2025"


def test_who_has_signed_out_everywhere_was_active_when_he_last_signed_in(
    call: Caller, admin: psycopg.Connection
) -> None:
    admin.execute("update data.company_user set last_sign_in_time = %s where email = %s", [OLD, BOB])
    must(call("DeleteUserRequest", _as="bob"))

    assert users(call)[BOB]["lastActive"] == "2020-01-31T12:00:00Z"


def test_vaults_are_for_their_owners_and_for_administrators(call: Caller) -> None:
    must(call("UpdateUserVault", userVault='{"of": "bob"}', vaultVersion=1))

    seen = {name: users(call, name)[BOB] for name in ("ann", "bob", "carol")}

    assert {name: row["vaultContent"] for name, row in seen.items()} == {
        "ann": '{"of": "bob"}',
        "bob": '{"of": "bob"}',
        "carol": None,
    }
    assert {row["vaultVersion"] for row in seen.values()} == {2}


def test_the_permission_to_list_users_does_not_open_their_vaults(call: Caller, admin: psycopg.Connection) -> None:
    must(call("UpdateUserVault", userVault='{"of": "bob"}', vaultVersion=1))
    make_group(call, "people", ["GetCompanyUsers"])
    must(assign(call, CAROL, "people"))

    session = sign_in(call, CAROL).row["nextRequestToken"]

    assert users(call, session)[BOB]["vaultContent"] is None


def test_a_new_user_sees_the_company_at_once(call: Caller, cheap_passwords: None) -> None:
    dave = enter(call, "dave@acme.example", invite(call, "dave@acme.example"))

    assert users(call, dave)["dave@acme.example"]["activated"] is True


@pytest.mark.parametrize(("caller", "failure"), [("bob", 0), ("build-01", 403), (NOBODY, 401)])
def test_is_for_users(call: Caller, caller: str, failure: int) -> None:
    assert call("GetCompanyUsers", _as=caller).failure == failure
