"""CreateAuthenticationRequest: with which rights, for which bridge, and while a company takes nobody."""

from typing import Any

import psycopg
import pytest

from tests.people import enter, invite, sign_in
from tests.world import Caller, must

DAVE = "dave@acme.example"

pytestmark = pytest.mark.usefixtures("cheap_passwords")

MAKE_GROUP = """
    with made as (
        insert into data.rights_group (company_id, group_uuid, group_name, created_time)
        select company_id, gen_random_uuid(), %(name)s, now() from data.company where company_name = 'Acme'
        returning company_id, group_id)
    insert into data.group_permission (company_id, group_id, permission_name)
    select company_id, group_id, unnest(%(permissions)s::text[]) from made
"""
JOIN_GROUP = """
    update data.company_user as person
    set group_id = own.group_id, permission_group = 'Users'
    from data.rights_group as own
    where own.group_name = %s and person.email = %s
"""


@pytest.fixture
def dave(call: Caller) -> str:
    """Token of dave, a user of Acme."""
    return enter(call, DAVE, invite(call, DAVE))


@pytest.fixture
def boss(dave: str, admin: psycopg.Connection) -> None:
    """Dave is an administrator now; his session of before is not one of an administrator."""
    admin.execute("update data.company_user set permission_group = 'Administrators' where email = %s", [DAVE])


def make_group(admin: psycopg.Connection, name: str, *permissions: str) -> None:
    """A permission group of Acme's own."""
    admin.execute(MAKE_GROUP, {"name": name, "permissions": list(permissions)})


def session(call: Caller, **members: str) -> str:
    """Token of a new session of dave's."""
    token: str = sign_in(call, DAVE, **members).row["nextRequestToken"]
    return token


def may(call: Caller, token: str) -> set[str]:
    """Which of some procedures a session may call."""
    bodies: dict[str, dict[str, Any]] = {
        "GetCompanyTeams": {},
        "GetTeamMachines": {},
        "CreateTeam": {"teamName": f"team-{token[:8]}"},
        "GetUserRequests": {},
    }
    return {name for name, body in bodies.items() if call(name, _as=token, **body).failure != 403}


USER = {"GetCompanyTeams", "GetTeamMachines", "GetUserRequests"}


@pytest.mark.parametrize("asked", ["Users", "users"])
@pytest.mark.usefixtures("boss")
def test_an_administrator_may_ask_for_less(call: Caller, asked: str) -> None:
    token = session(call, requestedPermissions=asked)

    assert may(call, token) == USER
    assert call("GetUserRequests", _as=token).rows[0]["permissionsName"] == "Users"


@pytest.mark.usefixtures("boss")
def test_an_administrator_who_asks_for_nothing_or_all_has_all(call: Caller) -> None:
    assert may(call, session(call)) == {*USER, "CreateTeam"}
    assert may(call, session(call, requestedPermissions="Administrators")) == {*USER, "CreateTeam"}


@pytest.mark.usefixtures("dave")
def test_a_user_who_asks_for_more_gains_nothing(call: Caller) -> None:
    token = session(call, requestedPermissions="Administrators")

    assert may(call, token) == USER
    assert call("GetUserRequests", _as=token).rows[0]["permissionsName"] == "Users"


@pytest.mark.usefixtures("boss")
def test_a_group_of_the_companys_own_may_be_asked_for(call: Caller, admin: psycopg.Connection) -> None:
    make_group(admin, "Readers", "GetCompanyTeams", "GetTeamRepositories")

    token = session(call, requestedPermissions="readers")

    assert may(call, token) == {"GetCompanyTeams", "GetUserRequests"}
    assert call("GetUserRequests", _as=token).rows[0]["permissionsName"] == "Readers"


@pytest.mark.usefixtures("dave")
def test_of_two_groups_neither_of_which_holds_the_other_remains_what_both_may(
    call: Caller, admin: psycopg.Connection
) -> None:
    make_group(admin, "Makers", "CreateTeam", "GetCompanyTeams")

    assert may(call, session(call, requestedPermissions="Makers")) == {"GetCompanyTeams", "GetUserRequests"}


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        (None, {"CreateTeam", "GetUserRequests"}),
        ("Users", {"GetUserRequests"}),
        ("Administrators", {"CreateTeam", "GetUserRequests"}),
    ],
)
@pytest.mark.usefixtures("dave")
def test_a_user_of_a_group_of_the_companys_own_has_no_more_than_it(
    call: Caller, admin: psycopg.Connection, asked: str | None, allowed: set[str]
) -> None:
    make_group(admin, "Makers", "CreateTeam")
    admin.execute(JOIN_GROUP, ["Makers", DAVE])

    assert may(call, session(call, **({"requestedPermissions": asked} if asked else {}))) == allowed


@pytest.mark.usefixtures("dave")
def test_an_unknown_group_is_told_to_him_alone_who_knows_the_password(call: Caller) -> None:
    right = sign_in(call, DAVE, requestedPermissions="Wizards")
    wrong = sign_in(call, DAVE, "wrong", requestedPermissions="Wizards")

    assert (right.failure, right.errors) == (404, ["permission group Wizards not found"])
    assert wrong.failure == 401


@pytest.mark.usefixtures("dave")
def test_another_companys_group_is_unknown(call: Caller, admin: psycopg.Connection) -> None:
    make_group(admin, "Makers", "CreateTeam")
    admin.execute(
        "update data.rights_group set group_name = 'Theirs'; insert into data.rights_group "
        "(company_id, group_uuid, group_name, created_time) "
        "select company_id, gen_random_uuid(), 'Makers', now() from data.company "
        "where company_name = 'Globex'"
    )

    assert sign_in(call, DAVE, requestedPermissions="Makers").failure == 404


def target_of(admin: psycopg.Connection) -> str | None:
    """The bridge of the newest session."""
    row = admin.execute(
        "select bridge_name from data.token left join data.bridge on bridge.bridge_id = target_bridge_id "
        "order by token.created_time desc limit 1"
    ).fetchone()
    assert row is not None
    name: str | None = row[0]
    return name


@pytest.mark.usefixtures("boss")
def test_an_administrator_may_speak_for_any_bridge(call: Caller, admin: psycopg.Connection) -> None:
    session(call, target="SOUTH")

    assert target_of(admin) == "south"


@pytest.mark.usefixtures("dave")
def test_a_user_may_speak_for_a_bridge_of_a_machine_of_his_teams(call: Caller, admin: psycopg.Connection) -> None:
    before = sign_in(call, DAVE, target="north")
    must(call("CreateTeamMembership", _as="ann", teamName="dev", newUserEmail=DAVE))
    session(call, target="north")
    after = sign_in(call, DAVE, target="south")

    assert (before.failure, before.errors) == (403, ["bridge north serves no machine of a team of yours"])
    assert target_of(admin) == "north"
    assert after.failure == 403


@pytest.mark.usefixtures("boss")
def test_an_unknown_bridge_is_told_to_him_alone_who_knows_the_password(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute(
        "update data.bridge set bridge_name = 'theirs' where bridge_name = 'north' and company_id = "
        "(select company_id from data.company where company_name = 'Globex')"
    )
    absent = sign_in(call, DAVE, target="nowhere")
    foreign = sign_in(call, DAVE, target="theirs")
    wrong = sign_in(call, DAVE, "wrong", target="nowhere")

    assert (absent.failure, absent.errors) == (404, ["bridge nowhere not found"])
    assert (foreign.failure, foreign.errors) == (404, ["bridge theirs not found"])
    assert wrong.failure == 401


BLOCK = "update data.company set requests_blocked_time = now() where company_name = 'Acme'"


@pytest.mark.usefixtures("dave")
def test_while_requests_are_blocked_users_do_not_get_in(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute(BLOCK)

    reply = sign_in(call, DAVE)

    assert reply.failure == 403
    assert reply.errors == ["company Acme takes no sign-ins but those of its administrators now"]
    assert sign_in(call, DAVE, "wrong").failure == 401


@pytest.mark.usefixtures("boss")
def test_while_requests_are_blocked_administrators_get_in(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute(BLOCK)

    assert sign_in(call, DAVE).failure == 0
