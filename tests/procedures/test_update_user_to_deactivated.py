"""UpdateUserToDeactivated."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from flask import Flask

from tests.people import activate, enter, invite, sign_in
from tests.world import NOBODY, Caller, Reply, World, must

BOB = "bob@acme.example"
ERIN = "erin@acme.example"

pytestmark = pytest.mark.usefixtures("cheap_passwords")


def deactivate(call: Caller, email: str, by: str = "ann") -> Reply:
    return call("UpdateUserToDeactivated", _as=by, userEmail=email)


def make_administrator(admin: psycopg.Connection, call: Caller, email: str) -> str:
    """Another administrator of Acme; the token of his session."""
    code = invite(call, email)
    admin.execute("update data.company_user set permission_group = 'Administrators' where email = %s", [email])
    return enter(call, email, code)


def test_shuts_a_user_out_at_once(call: Caller) -> None:
    reply = deactivate(call, "BOB@acme.example")

    assert reply.row == {"userEmail": BOB, "result": f"user {BOB} deactivated"}
    assert call("GetCompanyTeams", _as="bob").failure == 401
    assert sign_in(call, BOB).failure == 401


def test_no_key_of_his_sessions_is_left(call: Caller, admin: psycopg.Connection) -> None:
    must(deactivate(call, BOB))

    left = admin.execute(
        "select count(*) from data.token join data.company_user using (company_id, user_id) where email = %s", [BOB]
    )
    assert left.fetchall() == [(0,)]
    orphans = admin.execute(
        "select holder_id from data.held_key where holder_kind = 'session' "
        "and holder_id not in (select token_id from data.token)"
    )
    assert orphans.fetchall() == []


def test_his_teams_and_his_password_stay(call: Caller) -> None:
    must(deactivate(call, BOB))

    must(call("UpdateUserToActivated", _as="ann", userEmail=BOB))

    bob = sign_in(call, BOB).row["nextRequestToken"]
    assert [team["teamName"] for team in call("GetCompanyTeams", _as=bob).rows if team["isMember"]] == ["ops"]


def test_who_was_invited_and_is_deactivated_cannot_activate_his_account(call: Caller) -> None:
    code = invite(call, ERIN)

    must(deactivate(call, ERIN))

    assert activate(call, ERIN, code).failure == 403


def test_refuses_oneself(call: Caller) -> None:
    reply = deactivate(call, "ann@acme.example")

    assert (reply.failure, reply.errors) == (
        409,
        ["ann@acme.example cannot do this to himself: another administrator can"],
    )


def test_an_administrator_can_be_deactivated_while_there_is_another(call: Caller, admin: psycopg.Connection) -> None:
    erin = make_administrator(admin, call, ERIN)

    assert deactivate(call, "ann@acme.example", by=erin).failure == 0
    assert call("GetCompanyTeams", _as="ann").failure == 401


def test_a_group_of_the_companys_own_cannot_deactivate_an_administrator(
    call: Caller, admin: psycopg.Connection
) -> None:
    admin.execute(
        "update data.token set permissions = '{UpdateUserToDeactivated}' where token_hash = sha256(%s::bytea)",
        [call.world.tokens["bob"]],
    )

    assert deactivate(call, "ann@acme.example", by="bob").failure == 403


def test_of_two_administrators_who_deactivate_each_other_at_once_one_stays(
    app: Flask, world: World, call: Caller, admin: psycopg.Connection
) -> None:
    erin = make_administrator(admin, call, ERIN)
    pairs = [("ann", ERIN), (erin, "ann@acme.example")]

    with ThreadPoolExecutor(2) as threads:
        replies = list(
            threads.map(lambda pair: deactivate(world.caller(app.test_client()), pair[1], by=pair[0]), pairs)
        )

    active = admin.execute(
        "select count(*) from data.company_user join data.company using (company_id) "
        "where company_name = 'Acme' and permission_group = 'Administrators' and deactivated_time is null"
    ).fetchall()
    assert active == [(1,)]
    assert sorted(reply.failure for reply in replies)[0] == 0


def test_refuses_a_user_who_is_deactivated(call: Caller) -> None:
    must(deactivate(call, BOB))

    reply = deactivate(call, BOB)

    assert (reply.failure, reply.errors) == (409, [f"user {BOB} is deactivated already"])


@pytest.mark.parametrize("email", ["gina@globex.example", "nobody@acme.example", "", "no e-mail", "x" * 300])
def test_finds_users_of_the_company_alone(call: Caller, email: str) -> None:
    reply = deactivate(call, email)

    assert (reply.failure, reply.errors) == (404, [f"user {email[:254]} not found"])


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert deactivate(call, "carol@acme.example", by=caller).failure == failure


def test_is_kept_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    must(deactivate(call, BOB))

    rows = admin.execute("select actor, action, entity, entity_name, details from data.audit").fetchall()
    assert rows[-1] == ("ann@acme.example", "Deactivated", "User", BOB, "1 sessions ended")
