"""UpdateBridgeName."""

from typing import Any

import psycopg
import pytest

from tests.jobs import claim, create
from tests.world import NOBODY, Caller, Reply, must

OLD = "north"
NAMES = ["a", "x" * 100, "$HOME ${x} {y} a.b", "größe Ω 机器 🚀", "%s %I \\ '\"", "O'Hara; drop table x --"]


def rename(call: Caller, old: object = "North", new: object = "fresh", _as: str = "ann", **region: Any) -> Reply:
    members: dict[str, Any] = {"currentBridgeName": old, "newBridgeName": new, **region}
    return call("UpdateBridgeName", _as=_as, **members)


def bridges(call: Caller) -> list[str]:
    return [row["bridgeName"] for row in call("GetRegionBridges", regionName="eu").rows]


def test_renames_a_bridge_whose_agent_goes_on_working(call: Caller) -> None:
    queue_id = create(call)

    row = rename(call, regionName="EU").row

    assert row == {"bridgeName": "fresh", "regionName": "eu"}
    assert bridges(call) == ["fresh", "south"]
    claimed = claim(call, "north")
    assert (claimed["queueId"], claimed["bridgeName"]) == (queue_id, "fresh")


@pytest.mark.parametrize("name", NAMES)
def test_takes_every_name_of_up_to_a_hundred_characters(call: Caller, name: str) -> None:
    must(rename(call, new=name))

    assert name in bridges(call)
    assert must(rename(call, old=name, new="plain")).row["bridgeName"] == "plain"


@pytest.mark.parametrize("name", ["", " ", " a", "a ", "x" * 101, "a\nb", "a\u0000b", None, ["a"]])
def test_refuses_what_is_no_name(call: Caller, name: object) -> None:
    reply = rename(call, new=name)

    assert reply.failure == 400
    assert OLD in bridges(call)


def test_a_change_of_case_alone_is_a_change(call: Caller) -> None:
    must(rename(call, new=OLD.upper()))

    assert OLD.upper() in bridges(call)


def test_takes_the_name_that_it_has(call: Caller) -> None:
    assert rename(call, new=OLD).row["bridgeName"] == OLD


@pytest.mark.parametrize("name", ["SOUTH", "global bridges"])
def test_refuses_a_name_that_is_taken_in_any_region(call: Caller, name: str) -> None:
    reply = rename(call, new=name)

    assert (reply.failure, reply.errors) == (409, [f"bridge {name} exists already"])


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ({"old": "west"}, "bridge west not found"),
        ({"regionName": "us"}, "region us not found"),
        ({"regionName": "Default Region"}, "bridge North not found in region Default Region"),
    ],
)
def test_does_not_know_a_bridge_that_is_not_there(call: Caller, place: dict[str, Any], sentence: str) -> None:
    reply = rename(call, **place)

    assert (reply.failure, reply.errors) == (404, [sentence])


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    must(rename(call, new="fresh"))

    rows = admin.execute(
        "select action, entity, entity_name, details from data.audit where procedure_name = 'UpdateBridgeName'"
    ).fetchall()
    assert rows == [("Renamed", "Bridge", "fresh", f"it was called {OLD}")]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert rename(call, _as=caller).failure == failure
