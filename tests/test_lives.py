"""Keys through people's lives: at each step those read a vault who should, and nobody else."""

import psycopg
import pytest

from broker.crypto import password
from tests.conftest import Clock
from tests.people import activate, credentials, enter, found_company, invite, recover, sign_in
from tests.rotations import rotate
from tests.world import NOBODY, PASSWORD, Caller, must

PETER, MILTON, TOM = "peter@initech.example", "milton@initech.example", "tom@initech.example"
SECRET = '{"stapler":"red"}'


@pytest.fixture(autouse=True)
def _company(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Initech: peter is its administrator and the only member of team basement, whose vault holds something."""
    monkeypatch.setattr(password, "CURRENT_PARAMETERS", password.PasswordParameters(memory_kib=64, passes=1, lanes=1))
    made = found_company(call, PETER).row
    call.world.tokens["peter"] = enter(call, PETER, made["activationCode"])
    call.world.tokens["recovery code"] = made["recoveryCode"]
    must(call("CreateTeam", _as="peter", teamName="basement", teamVault=SECRET))


def reads(call: Caller, email: str, typed: str = PASSWORD) -> bool:
    """Whether somebody signs in with this password and reads the vault of the team."""
    signed_in = sign_in(call, email, typed)
    if signed_in.failure:
        assert signed_in.failure == 401
        return False
    return session_reads(call, signed_in.row["nextRequestToken"])


def session_reads(call: Caller, token: str) -> bool:
    listed = call("GetCompanyTeams", _as=token)
    if listed.failure:
        assert listed.failure == 401
        return False
    found = [team["vaultContent"] for team in listed.rows if team["teamName"] == "basement"]
    assert set(found) <= {SECRET, None}
    return SECRET in found


def join(call: Caller, email: str) -> None:
    must(call("CreateTeamMembership", _as="peter", teamName="basement", newUserEmail=email))


def test_a_life_from_invitation_to_removal(call: Caller) -> None:
    first, second, third = "first password", "second password", "third password"

    code = invite(call, MILTON, by="peter")
    assert not reads(call, MILTON, first)
    must(activate(call, MILTON, code, first))
    assert not reads(call, MILTON, first), "he is no member yet"
    join(call, MILTON)
    assert reads(call, MILTON, first)

    session = sign_in(call, MILTON, first).row["nextRequestToken"]
    shown = {"currentUserHash": credentials(MILTON, first)["Rediacc-UserHash"], "userNewPass": second}
    must(call("UpdateUserPassword", _as=session, _headers=None, **shown))
    assert (reads(call, MILTON, first), reads(call, MILTON, second), session_reads(call, session)) == (
        False,
        True,
        True,
    )

    must(call("UpdateUserToDeactivated", _as="peter", userEmail=MILTON))
    assert (reads(call, MILTON, second), session_reads(call, session)) == (False, False)

    must(call("UpdateUserToActivated", _as="peter", userEmail=MILTON))
    assert (reads(call, MILTON, second), session_reads(call, session)) == (True, False)

    forgotten = call("CreateUserInvitation", _as="peter", userEmail=MILTON).row["activationCode"]
    assert not reads(call, MILTON, second)
    must(activate(call, MILTON, forgotten, third))
    assert (reads(call, MILTON, second), reads(call, MILTON, third)) == (False, True)

    must(call("DeleteUser", _as="peter", userEmail=MILTON))
    assert not reads(call, MILTON, third)
    assert activate(call, MILTON, forgotten, third).failure == 403
    assert session_reads(call, "peter")


def test_a_company_that_loses_its_first_administrator_goes_on_with_the_second(call: Caller) -> None:
    call.world.tokens["milton"] = enter(call, MILTON, invite(call, MILTON, by="peter"))
    join(call, MILTON)
    must(call("UpdateUserAssignedPermissions", _as="peter", userEmail=MILTON, permissionGroupName="Administrators"))
    call.world.tokens["milton"] = sign_in(call, MILTON).row["nextRequestToken"]

    must(call("DeleteUser", _as="milton", userEmail=PETER))

    assert (session_reads(call, "peter"), session_reads(call, "milton")) == (False, True)
    tom = enter(call, TOM, invite(call, TOM, by="milton"))
    must(call("CreateTeamMembership", _as="milton", teamName="basement", newUserEmail=TOM))
    assert session_reads(call, tom)


def test_a_company_where_nobody_is_left_is_recovered_by_its_code(call: Caller) -> None:
    must(activate(call, MILTON, invite(call, MILTON, by="peter")))
    join(call, MILTON)
    must(call("UpdateUserToDeactivated", _as="peter", userEmail=MILTON))

    recovered = recover(call, MILTON, call.world.tokens["recovery code"], "found again").row

    assert (reads(call, MILTON), reads(call, MILTON, "found again")) == (False, True)
    milton = sign_in(call, MILTON, "found again").row["nextRequestToken"]
    code = call("CreateUserInvitation", _as=milton, userEmail=PETER).row["activationCode"]
    assert session_reads(call, enter(call, PETER, code))
    assert recover(call, PETER, recovered["recoveryCode"]).failure == 0


def test_the_recovery_code_opens_what_was_sealed_after_a_rotation(call: Caller, clock: Clock) -> None:
    rotate(call, clock, _as="peter")
    must(call("CreateTeam", _as="peter", teamName="attic", teamVault='{"stapler":"black"}'))

    must(recover(call, PETER, call.world.tokens["recovery code"], "found again"))

    peter = sign_in(call, PETER, "found again").row["nextRequestToken"]
    contents = {team["teamName"]: team["vaultContent"] for team in call("GetCompanyTeams", _as=peter).rows}
    assert (contents["basement"], contents["attic"]) == (SECRET, '{"stapler":"black"}')


def test_who_was_away_during_a_rotation_reads_what_was_sealed_meanwhile(call: Caller, clock: Clock) -> None:
    must(activate(call, MILTON, invite(call, MILTON, by="peter")))
    join(call, MILTON)
    must(call("UpdateUserToDeactivated", _as="peter", userEmail=MILTON))
    rotate(call, clock, _as="peter")
    peter = sign_in(call, PETER).row["nextRequestToken"]
    must(call("UpdateTeamVault", _as=peter, teamName="basement", teamVault=SECRET, vaultVersion=1))

    must(call("UpdateUserToActivated", _as=peter, userEmail=MILTON))

    assert reads(call, MILTON)


def test_what_a_removed_user_held_is_nowhere(call: Caller, admin: psycopg.Connection) -> None:
    must(activate(call, MILTON, invite(call, MILTON, by="peter")))
    sign_in(call, MILTON)
    [(uuid,)] = admin.execute("select user_uuid from data.company_user where email = %s", [MILTON]).fetchall()

    must(call("DeleteUser", _as="peter", userEmail=MILTON))

    left = admin.execute(
        "select (select count(*) from data.held_key where holder_id = %(uuid)s), "
        "(select count(*) from data.principal_key where holder_id = %(uuid)s), "
        "(select count(*) from data.held_key where holder_kind = 'session' "
        "and holder_id not in (select token_id from data.token))",
        {"uuid": uuid},
    ).fetchall()
    assert left == [(0, 0, 0)]
    assert call("GetCompanyTeams", _as=NOBODY).failure == 401
