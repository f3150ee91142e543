"""UpdateUserEmail."""

import psycopg
import pytest

from tests.people import activate, invite, sign_in
from tests.racing import SECONDS, Race, race
from tests.world import NOBODY, Caller, Reply

__all__ = ["race"]  # a fixture

BOB, ROBERT = "bob@acme.example", "robert@acme.example"


def rename(call: Caller, current: str = BOB, new: str = ROBERT, _as: str = "ann") -> Reply:
    return call("UpdateUserEmail", _as=_as, currentUserEmail=current, newUserEmail=new)


def emails(call: Caller) -> list[str]:
    return [row["userEmail"] for row in call("GetCompanyUsers", _as="ann").rows]


def test_gives_a_user_another_email(call: Caller) -> None:
    reply = rename(call, "Bob@Acme.example", "Robert@Acme.example")

    assert reply.row == {"userEmail": ROBERT, "result": f"user {BOB} is now {ROBERT}"}
    assert emails(call) == ["ann@acme.example", "carol@acme.example", ROBERT]


def test_he_signs_in_with_the_new_email_and_the_same_password(call: Caller) -> None:
    rename(call)

    assert sign_in(call, ROBERT).failure == 0
    assert sign_in(call, BOB).failure == 401


def test_his_sessions_and_teams_stay(call: Caller) -> None:
    rename(call)

    assert call("GetTeamMachines", _as="bob", teamName="ops").failure == 0
    assert rename(call, "ann@acme.example", "anna@acme.example").failure == 0
    assert emails(call)[0] == "anna@acme.example"


@pytest.mark.usefixtures("cheap_passwords")
def test_an_invitation_stays_good_for_the_new_email(call: Caller) -> None:
    code = invite(call, "dave@acme.example")
    rename(call, "dave@acme.example", "david@acme.example")

    assert activate(call, "dave@acme.example", code).failure == 403
    assert activate(call, "david@acme.example", code).failure == 0
    assert sign_in(call, "david@acme.example").failure == 0


def test_the_old_email_is_free_at_once_also_for_others(call: Caller) -> None:
    rename(call)

    assert call("CreateNewUser", _as="gina", newUserEmail=BOB).failure == 0


@pytest.mark.parametrize("email", ["Carol@acme.example", "gina@globex.example", BOB])
def test_refuses_an_email_that_is_in_use_anywhere(call: Caller, email: str) -> None:
    reply = rename(call, new=email)

    assert (reply.failure, reply.errors) == (409, [f"the e-mail {email.lower()} is in use already"])
    assert emails(call) == ["ann@acme.example", BOB, "carol@acme.example"]


def test_of_two_who_want_an_email_at_once_one_gets_it(call: Caller, race: Race) -> None:
    with race.acting("ann", "select * from api.update_user_email(%s, %s)", BOB, ROBERT):
        second = race.start(lambda other: rename(other, "gina@globex.example", _as="gina"))

    assert second.result(SECONDS).errors == [f"the e-mail {ROBERT} is in use already"]


@pytest.mark.parametrize("email", ["nobody@acme.example", "gina@globex.example"])
def test_does_not_know_users_of_other_companies(call: Caller, email: str) -> None:
    reply = rename(call, email)

    assert (reply.failure, reply.errors) == (404, [f"user {email} not found"])


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    rename(call)

    assert admin.execute("select actor, action, entity, entity_name, details from data.audit").fetchall() == [
        ("ann@acme.example", "Renamed", "User", ROBERT, f"the e-mail was {BOB}")
    ]


@pytest.mark.parametrize("email", [None, "", "robert", "a b@acme.example"])
def test_refuses_what_is_no_email(call: Caller, email: str) -> None:
    assert rename(call, new=email).failure == 400


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators_also_ones_own(call: Caller, caller: str, failure: int) -> None:
    assert rename(call, _as=caller).failure == failure
