"""What a plan allows (contract 4.6); companies on ELITE, the default of who hosts the broker, are bound by nothing."""

from collections.abc import Callable

import psycopg
import pytest

from tests.groups import make_group
from tests.racing import SECONDS, Race, race
from tests.world import Caller, Reply, must

__all__ = ["race"]  # a fixture

# Of Acme, which has three of each of these, but two regions and four bridges; what it has from its beginning counts.
CREATE: dict[str, Callable[[Caller, str], Reply]] = {
    "teams": lambda call, name: call("CreateTeam", _as="ann", teamName=name),
    "regions": lambda call, name: call("CreateRegion", _as="ann", regionName=name),
    "bridges": lambda call, name: call("CreateBridge", _as="ann", regionName="eu", bridgeName=name),
    "machines": lambda call, name: call(
        "CreateMachine", _as="ann", teamName="ops", bridgeName="north", machineName=name
    ),
    "users": lambda call, name: call("CreateNewUser", _as="ann", newUserEmail=f"{name}@acme.example"),
    "permission groups": lambda call, name: call("CreatePermissionGroup", _as="ann", permissionGroupName=name),
}
CONTRACT: dict[str, dict[str, int | None]] = {
    "COMMUNITY": {"machines": 10, "bridges": 5, "regions": 5, "teams": 5, "users": 5, "permission groups": 0},
    "ADVANCED": {"machines": 25, "bridges": 15, "regions": 10, "teams": 10, "users": 10, "permission groups": None},
    "PREMIUM": {"machines": 100, "bridges": 40, "regions": 20, "teams": 25, "users": 25, "permission groups": None},
    "ELITE": dict.fromkeys(CREATE),
}


def put_on(admin: psycopg.Connection, plan: str) -> None:
    """Put Acme on a plan."""
    admin.execute("update data.company set plan = %s::data.plan where company_name = 'Acme'", [plan])


def fill_up(call: Caller, what: str) -> int:
    """Make things until one is refused; how many were made."""
    made = 0
    while (reply := CREATE[what](call, f"new-{made}")).failure == 0:
        made += 1
    assert reply.failure == 402
    return made


@pytest.mark.parametrize("plan", CONTRACT)
def test_the_limits_are_those_of_the_contract(admin: psycopg.Connection, plan: str) -> None:
    limits = {
        what: admin.execute("select data.plan_limit(%s::data.plan, %s)", [plan, what]).fetchone() for what in CREATE
    }

    assert limits == {what: (limit,) for what, limit in CONTRACT[plan].items()}


@pytest.mark.parametrize(
    ("what", "made", "limit"),
    [("teams", 2, 5), ("regions", 3, 5), ("bridges", 1, 5), ("machines", 7, 10), ("users", 2, 5)],
)
def test_the_smallest_plan_allows_so_many(
    call: Caller, admin: psycopg.Connection, what: str, made: int, limit: int
) -> None:
    put_on(admin, "COMMUNITY")

    assert fill_up(call, what) == made

    reply = CREATE[what](call, "more")
    assert reply.errors == [f"plan COMMUNITY allows {limit} {what}; company Acme has {limit}"]


def test_the_smallest_plan_allows_no_permission_groups(call: Caller, admin: psycopg.Connection) -> None:
    put_on(admin, "COMMUNITY")

    reply = CREATE["permission groups"](call, "deploy")

    assert (reply.failure, reply.errors) == (402, ["plan COMMUNITY allows 0 permission groups; company Acme has 0"])


def test_what_a_company_made_on_a_larger_plan_it_keeps_and_hears_of(call: Caller, admin: psycopg.Connection) -> None:
    make_group(call, "deploy")
    make_group(call, "theirs", by="gina")
    put_on(admin, "COMMUNITY")

    reply = CREATE["permission groups"](call, "more")

    assert reply.errors == ["plan COMMUNITY allows 0 permission groups; company Acme has 1"]


@pytest.mark.parametrize("plan", ["ADVANCED", "PREMIUM", "ELITE"])
def test_the_others_allow_permission_groups(call: Caller, admin: psycopg.Connection, plan: str) -> None:
    put_on(admin, plan)

    assert CREATE["permission groups"](call, "deploy").failure == 0


def test_the_largest_plan_allows_more_than_its_table_says(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute(
        "insert into data.region (company_id, region_uuid, region_name, created_time) "
        "select 1, gen_random_uuid(), 'region ' || number, now() from generate_series(1, 60) as number"
    )

    assert CREATE["regions"](call, "one more").failure == 0


def test_who_was_removed_takes_no_room_and_who_is_deactivated_does(call: Caller, admin: psycopg.Connection) -> None:
    put_on(admin, "COMMUNITY")
    fill_up(call, "users")
    admin.execute("update data.company_user set deactivated_time = data.clock() where email like 'bob@%'")
    assert CREATE["users"](call, "dave").failure == 402
    [[bob]] = admin.execute("select email from data.email_address where email like 'bob@%'").fetchall()
    assert call("DeleteUser", _as="ann", userEmail=bob).failure == 0

    assert CREATE["users"](call, "dave").failure == 0


def test_who_is_invited_again_takes_no_more_room(call: Caller, admin: psycopg.Connection) -> None:
    put_on(admin, "COMMUNITY")
    fill_up(call, "users")
    admin.execute("update data.invitation set expires_time = data.clock()")

    assert CREATE["users"](call, "new-0").failure == 0


def test_the_company_that_is_named_is_the_callers(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute("update data.company set plan = 'COMMUNITY'")

    reply = call("CreatePermissionGroup", _as="gina", permissionGroupName="deploy")

    assert reply.errors == ["plan COMMUNITY allows 0 permission groups; company Globex has 0"]


def test_other_companies_do_not_count(call: Caller, admin: psycopg.Connection) -> None:
    put_on(admin, "COMMUNITY")
    fill_up(call, "teams")

    assert call("CreateTeam", _as="gina", teamName="qa").failure == 0


@pytest.mark.parametrize("what", [what for what in CREATE if what != "permission groups"])
def test_of_two_who_take_the_last_place_at_once_one_is_refused(
    call: Caller, admin: psycopg.Connection, race: Race, what: str
) -> None:
    fill = {"teams": 1, "regions": 2, "bridges": 0, "machines": 6, "users": 1}[what]
    for number in range(fill):
        must(CREATE[what](call, f"new-{number}"))
    put_on(admin, "COMMUNITY")

    # Both wait for the company, and get it one after the other.
    with race.held("select from data.company where company_name = 'Acme' for no key update"):
        running = [race.start(lambda other, name=name: CREATE[what](other, name)) for name in ("a", "b")]  # type: ignore[misc]  # bound at once
    replies = [each.result(SECONDS) for each in running]

    assert sorted(reply.failure for reply in replies) == [0, 402]


def test_other_companies_do_not_wait(call: Caller, admin: psycopg.Connection, race: Race) -> None:
    admin.execute("update data.company set plan = 'COMMUNITY'")

    with race.acting("ann", "select * from api.create_team('first')"):
        reply = race.at_once(lambda other: other("CreateTeam", _as="gina", teamName="second"))

    assert reply.failure == 0


def test_nobody_waits_where_there_is_no_limit(race: Race) -> None:
    with race.acting("ann", "select * from api.create_team('first')"):
        reply = race.at_once(lambda other: CREATE["teams"](other, "second"))

    assert reply.failure == 0
