"""CreateNewUser."""

import psycopg
import pytest

from broker.crypto.tokens import parse_activation_code
from tests.conftest import Clock
from tests.people import activate, enter, guess, invite, refuse_in_sql, sign_in
from tests.world import NOBODY, Caller, must

DAVE = "dave@acme.example"

pytestmark = pytest.mark.usefixtures("cheap_passwords")


def test_invites_a_user_and_shows_his_code(call: Caller) -> None:
    reply = call("CreateNewUser", _as="ann", newUserEmail="Dave@Acme.example", languagePreference="de")

    row = reply.row
    assert parse_activation_code(row.pop("activationCode"))
    assert row == {
        "userEmail": DAVE,
        "result": f"user {DAVE} invited",
        "languagePreference": "de",
        "createdBy": "ann@acme.example",
    }


def test_the_new_user_has_no_team_and_no_special_rights(call: Caller) -> None:
    dave = enter(call, DAVE, invite(call, DAVE))

    assert call("GetTeamMachines", _as=dave).rows == []
    assert call("GetTeamMachines", _as=dave, teamName="ops").failure == 403
    assert call("CreateNewUser", _as=dave, newUserEmail="erin@acme.example").failure == 403


def test_the_new_user_can_read_what_his_company_sealed_before(call: Caller) -> None:
    must(call("CreateTeam", _as="ann", teamName="qa", teamVault='{"colour": "blue"}'))
    dave = enter(call, DAVE, invite(call, DAVE))

    must(call("CreateTeamMembership", _as="ann", teamName="qa", newUserEmail=DAVE))

    [team] = [row for row in call("GetCompanyTeams", _as=dave).rows if row["teamName"] == "qa"]
    assert team["vaultContent"] == '{"colour": "blue"}'


@pytest.mark.parametrize("email", ["bob@acme.example", "ANN@acme.example", "gina@globex.example"])
def test_refuses_an_email_that_is_in_use_anywhere(call: Caller, email: str) -> None:
    reply = call("CreateNewUser", _as="ann", newUserEmail=email)

    assert (reply.failure, reply.errors) == (409, [f"the e-mail {email.lower()} is in use already"])


def test_refuses_a_second_invitation_while_the_first_is_good(call: Caller) -> None:
    code = invite(call, DAVE)

    reply = call("CreateNewUser", _as="ann", newUserEmail=DAVE)

    assert reply.failure == 409
    assert activate(call, DAVE, code).failure == 0


def test_invites_again_when_the_code_has_expired(call: Caller, clock: Clock) -> None:
    # His session would have been idle for too long.
    old = invite(call, DAVE)
    clock.advance(days=7, seconds=1)
    ann = sign_in(call, "ann@acme.example").row["nextRequestToken"]

    new = invite(call, DAVE, by=ann)

    assert activate(call, DAVE, old).failure == 403
    assert activate(call, DAVE, new).failure == 0


def test_invites_again_when_the_tries_are_used_up(call: Caller, clock: Clock) -> None:
    old = invite(call, DAVE)
    guess(call, clock, DAVE, 10)

    new = invite(call, DAVE)

    assert activate(call, DAVE, old).failure == 403
    assert activate(call, DAVE, new).failure == 0


def test_who_is_invited_again_is_who_he_was(call: Caller, clock: Clock, admin: psycopg.Connection) -> None:
    """His vault and his teams are bound to his uuid."""
    query = "select user_id, user_uuid from data.company_user where email = %s"
    invite(call, DAVE)
    before = admin.execute(query, [DAVE]).fetchall()
    guess(call, clock, DAVE, 10)

    invite(call, DAVE)

    assert admin.execute(query, [DAVE]).fetchall() == before


def test_another_company_cannot_take_over_an_invitation(call: Caller, clock: Clock) -> None:
    invite(call, DAVE)
    guess(call, clock, DAVE, 10)

    assert call("CreateNewUser", _as="gina", newUserEmail=DAVE).failure == 409


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert call("CreateNewUser", _as=caller, newUserEmail=DAVE).failure == failure


@pytest.mark.parametrize("email", [None, "", "dave", "@acme.example", "a b@acme.example", "x" * 251 + "@a.b"])
def test_refuses_what_is_no_email(call: Caller, email: str | None) -> None:
    reply = call("CreateNewUser", _as="ann", newUserEmail=email)

    assert reply.failure == 400
    assert 'member "newUserEmail"' in reply.errors[0]


def test_a_sql_admin_holds_no_key_to_give(admin: psycopg.Connection) -> None:
    refusal = refuse_in_sql(admin, "ann@acme.example", "select api.create_new_user('dave@acme.example', null)")

    assert refusal == ("JB403", "this call wraps keys: make it through the broker")
