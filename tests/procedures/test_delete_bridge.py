"""DeleteBridge."""

from typing import Any

import psycopg
import pytest

from tests.jobs import create
from tests.world import NOBODY, Caller, Reply, must


def delete(call: Caller, bridge: str, _as: str = "ann", **region: Any) -> Reply:
    return call("DeleteBridge", _as=_as, bridgeName=bridge, **region)


def bridges(call: Caller) -> list[str]:
    return [row["bridgeName"] for row in call("GetRegionBridges", regionName="eu").rows]


def test_deletes_a_bridge(call: Caller) -> None:
    reply = delete(call, "SOUTH", regionName="EU")

    assert reply.row == {"result": "bridge south deleted"}
    assert bridges(call) == ["north"]


def test_its_tokens_end_with_it(call: Caller, admin: psycopg.Connection) -> None:
    for machine, team in (("build-01", "ops"), ("build-02", "ops"), ("dev-01", "dev")):
        members: dict[str, Any] = {"teamName": team, "machineName": machine, "newBridgeName": "south"}
        must(call("UpdateMachineAssignedBridge", _as="ann", **members))
    before = call("GetQueueItemsNext", _as="north").failure

    must(delete(call, "north"))

    assert (before, call("GetQueueItemsNext", _as="north").failure) == (403, 401)
    details = admin.execute("select details from data.audit where procedure_name = 'DeleteBridge'").fetchall()
    assert details == [("1 token ended",)]


def test_refuses_while_it_has_machines_and_says_what_they_have_to_do(call: Caller) -> None:
    create(call)
    create(call, "dev-01", "dev", _as="ann")
    must(call("GetQueueItemsNext", _as="build-01"))

    reply = delete(call, "north")

    assert reply.failure == 409
    assert reply.errors == ["bridge north has 3 machines with 2 unfinished items: delete or move them first"]
    assert "north" in bridges(call)


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ({"bridge": "west"}, "bridge west not found"),
        ({"bridge": "south", "regionName": "us"}, "region us not found"),
        ({"bridge": "south", "regionName": "Default Region"}, "bridge south not found in region Default Region"),
    ],
)
def test_does_not_know_a_bridge_that_is_not_there(call: Caller, place: dict[str, Any], sentence: str) -> None:
    reply = delete(call, **place)

    assert (reply.failure, reply.errors) == (404, [sentence])


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert delete(call, "south", _as=caller).failure == failure
