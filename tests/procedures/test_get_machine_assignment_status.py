"""GetMachineAssignmentStatus."""

import pytest

from tests.world import NOBODY, Caller, MakeItem, Reply


def ask(call: Caller, machine: str = "build-01", team: str = "ops", _as: str = "bob") -> Reply:
    return call("GetMachineAssignmentStatus", _as=_as, teamName=team, machineName=machine)


@pytest.mark.parametrize(
    ("states", "kind", "details", "status"),
    [
        ([], "NONE", "0 items in hand, 0 waiting", "AVAILABLE"),
        (["COMPLETED", "PENDING"], "NONE", "0 items in hand, 1 waiting", "AVAILABLE"),
        (["PROCESSING"], "QUEUE_ITEMS", "1 item in hand, 0 waiting", "BUSY"),
        (["ASSIGNED", "CANCELLING", "PENDING"], "QUEUE_ITEMS", "2 items in hand, 1 waiting", "BUSY"),
    ],
)
def test_tells_whether_agents_have_its_items_in_hand(
    call: Caller, queue_item: MakeItem, states: list[str], kind: str, details: str, status: str
) -> None:
    for state in states:
        queue_item(status=state)

    row = ask(call, "BUILD-01").row

    assert row == {
        "machineName": "build-01",
        "teamName": "ops",
        "assignmentType": kind,
        "assignmentDetails": details,
        "status": status,
    }
    assert [each["assignmentStatus"] for each in call("GetTeamMachines").rows] == [status, "AVAILABLE"]


def test_does_not_know_a_machine_of_another_team(call: Caller) -> None:
    reply = ask(call, "dev-01")

    assert (reply.failure, reply.errors) == (404, ["machine dev-01 not found in team ops"])


@pytest.mark.parametrize(("caller", "failure"), [("ann", 0), ("carol", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_members_of_the_team(call: Caller, caller: str, failure: int) -> None:
    assert ask(call, _as=caller).failure == failure
