"""UpdateMachineHeartbeat."""

from typing import Any

import pytest

from tests.jobs import beat, claim, create
from tests.world import Caller, must

PLACE: dict[str, Any] = {"teamName": "ops", "machineName": "build-01"}


def test_its_agent_hears_it_with_its_next_heartbeat(call: Caller) -> None:
    create(call)
    claimed = claim(call)
    before = must(beat(call, claimed)).outputs["heartbeatSeconds"]

    row = call("UpdateMachineHeartbeat", heartbeatSeconds=3, **PLACE).row

    assert (before, row) == (10, {"machineName": "build-01", "heartbeatSeconds": 3})
    assert must(beat(call, claimed)).outputs["heartbeatSeconds"] == 3


def test_left_out_it_is_ten_again(call: Caller) -> None:
    must(call("UpdateMachineHeartbeat", heartbeatSeconds=3, **PLACE))

    assert call("UpdateMachineHeartbeat", **PLACE).row["heartbeatSeconds"] == 10


def test_the_agent_of_a_bridge_beats_as_the_most_impatient_of_its_machines(call: Caller) -> None:
    must(call("UpdateMachineHeartbeat", heartbeatSeconds=30, **PLACE))
    create(call)
    claimed = claim(call, "north")
    slower = must(beat(call, claimed, "north")).outputs["heartbeatSeconds"]
    must(call("UpdateMachineHeartbeat", teamName="ops", machineName="build-02", heartbeatSeconds=2))

    assert (slower, must(beat(call, claimed, "north")).outputs["heartbeatSeconds"]) == (10, 2)


@pytest.mark.parametrize(
    ("members", "failure"),
    [
        ({"heartbeatSeconds": 0}, 400),
        ({"heartbeatSeconds": 3601}, 400),
        ({"machineName": "dev-01"}, 404),
        ({"teamName": "dev", "machineName": "dev-01"}, 403),
    ],
)
def test_what_cannot_be_is_refused(call: Caller, members: dict[str, Any], failure: int) -> None:
    assert call("UpdateMachineHeartbeat", **{**PLACE, **members}).failure == failure
