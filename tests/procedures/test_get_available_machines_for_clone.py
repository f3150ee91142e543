"""GetAvailableMachinesForClone."""

import pytest

from tests.world import NOBODY, Caller, MakeItem, Reply


def ask(call: Caller, team: str = "ops", _as: str = "bob") -> Reply:
    return call("GetAvailableMachinesForClone", _as=_as, teamName=team)


def test_lists_the_machines_of_which_nobody_has_an_item_in_hand(call: Caller, queue_item: MakeItem) -> None:
    before = ask(call, "OPS").rows
    queue_item(status="PROCESSING")
    queue_item(machine="build-02")

    assert before == [
        {"machineName": "build-01", "status": "AVAILABLE", "description": "0 items waiting"},
        {"machineName": "build-02", "status": "AVAILABLE", "description": "0 items waiting"},
    ]
    assert ask(call).rows == [{"machineName": "build-02", "status": "AVAILABLE", "description": "1 item waiting"}]


def test_does_not_know_a_team_that_is_not_there(call: Caller) -> None:
    reply = ask(call, "qa")

    assert (reply.failure, reply.errors) == (404, ["team qa not found"])


@pytest.mark.parametrize(("caller", "failure"), [("ann", 0), ("carol", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_members_of_the_team(call: Caller, caller: str, failure: int) -> None:
    assert ask(call, _as=caller).failure == failure
