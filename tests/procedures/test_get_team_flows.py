"""GetTeamFlows."""

from typing import Any

import pytest

from tests.flows import a_flow, task
from tests.world import Caller, must


def listed(call: Caller, **members: Any) -> list[str]:
    return [row["flowId"] for row in must(call("GetTeamFlows", teamName="ops", **members)).rows]


def test_lists_the_newest_first_and_counts_all(call: Caller) -> None:
    made = sorted(a_flow(call) for _ in range(3))

    reply = must(call("GetTeamFlows", teamName="ops", maxRecords=2))

    assert [row["flowId"] for row in reply.rows] == [made[2], made[1]]
    assert {(row["status"], row["taskCount"]) for row in reply.rows} == {("QUEUED", 3)}
    assert reply.outputs == {"total": 3}


def test_goes_on_before_the_last_one_shown(call: Caller) -> None:
    made = sorted(a_flow(call) for _ in range(3))

    assert listed(call, beforeFlowId=made[1]) == [made[0]]
    assert listed(call, beforeFlowId=made[0]) == []


def test_items_of_no_flow_and_flows_of_other_teams_are_not_in_it(call: Caller) -> None:
    must(call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault="{}"))
    must(
        call(
            "CreateFlow",
            _as="carol",
            teamName="dev",
            queueName="default",
            items=[task("a", machineName="dev-01")],
        )
    )

    reply = must(call("GetTeamFlows", teamName="ops"))

    assert (reply.rows, reply.outputs["total"]) == ([], 0)


@pytest.mark.parametrize("count", [0, 101])
def test_refuses_how_many_it_does_not_show(call: Caller, count: int) -> None:
    reply = call("GetTeamFlows", teamName="ops", maxRecords=count)

    assert (reply.failure, reply.errors) == (400, [f"maxRecords is {count}: 1 to 100 are possible"])


@pytest.mark.parametrize(("team", "failure"), [("dev", 403), ("nothing", 404)])
def test_refuses_teams_of_others(call: Caller, team: str, failure: int) -> None:
    assert call("GetTeamFlows", teamName=team).failure == failure
