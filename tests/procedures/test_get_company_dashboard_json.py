"""GetCompanyDashboardJson."""

from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.world import NOBODY, Caller, MakeItem, must

COMPANY, USES, STATES, TEAMS, BRIDGES, MACHINES = range(1, 7)


def table(call: Caller, number: int, _as: str = "ann") -> list[dict[str, Any]]:
    return call("GetCompanyDashboardJson", _as=_as).table(number)


@pytest.fixture
def work(call: Caller, queue_item: MakeItem, clock: Clock) -> None:
    """Items in every state; what is processed on build-01 is stale."""
    for status in ("COMPLETED", "FAILED", "CANCELLED", "PROCESSING", "CANCELLING"):
        queue_item(status=status)
    clock.advance(minutes=11)
    queue_item(status="ASSIGNED", machine="build-02")
    for _ in range(2):
        queue_item(machine="build-02")
    must(call("CreateQueueItem", _as="carol", teamName="dev", machineName="dev-01", queueVault="{}"))


def test_shows_the_company(call: Caller) -> None:
    [company] = table(call, COMPANY, _as="bob")

    assert (company["companyName"], company["plan"], company["userRequestsBlocked"]) == ("Acme", "ELITE", False)
    assert company["createdTime"] < company["time"]


def test_shows_what_is_used_of_a_plan_without_limits(call: Caller) -> None:
    assert [(row["resource"], row["useCount"], row["useLimit"], row["isReached"]) for row in table(call, USES)] == [
        ("teams", 3, None, False),
        ("users", 3, None, False),
        ("regions", 2, None, False),
        ("bridges", 4, None, False),
        ("machines", 3, None, False),
        ("permission groups", 0, None, False),
    ]


def test_shows_what_is_used_of_a_plan_with_limits(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute("update data.company set plan = 'COMMUNITY' where company_name = 'Acme'")
    must(call("CreateBridge", _as="ann", regionName="eu", bridgeName="west"))

    uses = {row["resource"]: (row["useCount"], row["useLimit"], row["isReached"]) for row in table(call, USES)}

    assert uses["bridges"] == (5, 5, True)
    assert uses["teams"] == (3, 5, False)


@pytest.mark.usefixtures("work")
def test_counts_items_that_are_not_finished(call: Caller) -> None:
    assert [(row["status"], row["itemCount"]) for row in table(call, STATES)] == [
        ("PENDING", 3),
        ("ASSIGNED", 1),
        ("PROCESSING", 1),
        ("CANCELLING", 1),
    ]


@pytest.mark.usefixtures("work")
def test_shows_an_administrator_the_work_of_all_teams(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute(
        "delete from data.team_member using data.team where team.team_id = team_member.team_id and team_name = 'dev'"
    )

    assert [tuple(row.values()) for row in table(call, TEAMS)] == [
        ("dev", False, 0, 1, 1, 0, 0),
        ("ops", True, 2, 2, 2, 3, 1),
        ("Private Team", True, 1, 0, 0, 0, 0),
    ]


@pytest.mark.usefixtures("work")
def test_shows_a_user_the_work_of_his_teams_only(call: Caller) -> None:
    teams = {row["teamName"]: (row["pendingCount"], row["runningCount"]) for row in table(call, TEAMS, _as="bob")}
    machines = [row["machineName"] for row in table(call, MACHINES, _as="bob")]
    states = {row["status"]: row["itemCount"] for row in table(call, STATES, _as="carol")}

    assert teams == {"dev": (None, None), "ops": (2, 3), "Private Team": (None, None)}
    assert machines == ["build-01", "build-02"]
    assert states == {"PENDING": 1}


@pytest.mark.usefixtures("work")
def test_shows_machines_with_trouble_and_work_first(call: Caller) -> None:
    machines = table(call, MACHINES)

    assert [
        (
            row["machineName"],
            row["teamName"],
            row["bridgeName"],
            row["pendingCount"],
            row["runningCount"],
            row["staleCount"],
        )
        for row in machines
    ] == [
        ("build-01", "ops", "north", 0, 2, 1),
        ("build-02", "ops", "north", 2, 1, 0),
        ("dev-01", "dev", "north", 1, 0, 0),
    ]


def test_tells_when_a_machine_was_last_heard_of(call: Caller, clock: Clock) -> None:
    before = {row["machineName"]: row["lastContactTime"] for row in table(call, MACHINES)}
    clock.advance(minutes=5)
    must(call("GetQueueItemsNext", _as="build-01"))
    [own] = [row["lastContactTime"] for row in table(call, MACHINES) if row["machineName"] == "build-01"]
    clock.advance(minutes=5)
    must(call("GetQueueItemsNext", _as="north"))

    after = {row["machineName"]: row["lastContactTime"] for row in table(call, MACHINES)}
    bridges = {row["bridgeName"]: row["lastContactTime"] for row in table(call, BRIDGES)}

    assert set(before.values()) == {None}
    assert own is not None
    assert after == dict.fromkeys(before, bridges["north"])
    assert after["build-01"] > own
    assert bridges["south"] is None


def test_shows_the_bridges_by_name(call: Caller) -> None:
    assert [(row["bridgeName"], row["regionName"], row["machineCount"]) for row in table(call, BRIDGES)] == [
        ("Global Bridges", "Default Region", 0),
        ("My Bridge", "Default Region", 0),
        ("north", "eu", 3),
        ("south", "eu", 0),
    ]


@pytest.mark.parametrize(("caller", "failure"), [("build-01", 403), (NOBODY, 401)])
def test_is_for_users(call: Caller, caller: str, failure: int) -> None:
    assert call("GetCompanyDashboardJson", _as=caller).failure == failure


def test_what_a_user_finished_of_a_pool_is_not_stale(call: Caller, clock: Clock) -> None:
    queue_id = must(call("CreateQueueItem", teamName="ops", queueName="default", queueVault="{}")).row["queueId"]
    for step in ("UpdateQueueItemResponse", "UpdateQueueItemToCompleted"):
        must(call(step, queueId=queue_id, responseVault="{}"))
    clock.advance(hours=1)

    assert {row["staleCount"] for row in table(call, TEAMS)} == {0}
