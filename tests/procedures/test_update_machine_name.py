"""UpdateMachineName."""

from typing import Any

import psycopg
import pytest

from tests.jobs import claim, create
from tests.world import NOBODY, Caller, Reply, must

OLD = "build-01"
NAMES = ["a", "x" * 100, "$HOME ${x} {y} a.b", "größe Ω 机器 🚀", "%s %I \\ '\"", "O'Hara; drop table x --"]


def rename(call: Caller, old: object = "Build-01", new: object = "fresh", _as: str = "ann", team: str = "ops") -> Reply:
    members: dict[str, Any] = {"teamName": team, "currentMachineName": old, "newMachineName": new}
    return call("UpdateMachineName", _as=_as, **members)


def machines(call: Caller) -> list[str]:
    return [row["machineName"] for row in call("GetTeamMachines").rows]


def test_renames_a_machine(call: Caller) -> None:
    row = rename(call).row

    assert row == {"machineName": "fresh", "bridgeName": "north", "teamName": "ops"}
    assert machines(call) == ["build-02", "fresh"]


def test_its_items_and_agents_stay_with_it(call: Caller) -> None:
    first = create(call)

    must(rename(call))
    second = create(call, "fresh")

    assert [row["machineName"] for row in call("GetTeamQueueItems").rows] == ["fresh", "fresh"]
    assert [claim(call)["queueId"], claim(call, "north")["queueId"]] == [first, second]


def test_jobs_go_where_the_names_lead_after_two_machines_have_changed_theirs(call: Caller) -> None:
    create(call)
    create(call, "build-02")
    for old, new in (("build-01", "other"), ("build-02", "build-01"), ("other", "build-02")):
        must(rename(call, old=old, new=new))

    one, two = create(call, "build-01"), create(call, "build-02")

    of_first = [row["queueId"] for row in call("GetQueueItemsNext", _as="build-01", itemCount=10).rows]
    of_second = [row["queueId"] for row in call("GetQueueItemsNext", _as="build-02", itemCount=10).rows]
    assert (of_first[1], of_second[1]) == (two, one)


@pytest.mark.parametrize("name", NAMES)
def test_takes_every_name_of_up_to_a_hundred_characters(call: Caller, name: str) -> None:
    must(rename(call, new=name))

    assert name in machines(call)
    assert must(rename(call, old=name, new="plain")).row["machineName"] == "plain"


@pytest.mark.parametrize("name", ["", " ", " a", "a ", "x" * 101, "a\nb", "a\u0000b", None, ["a"]])
def test_refuses_what_is_no_name(call: Caller, name: object) -> None:
    reply = rename(call, new=name)

    assert reply.failure == 400
    assert OLD in machines(call)


def test_a_change_of_case_alone_is_a_change(call: Caller) -> None:
    must(rename(call, new=OLD.upper()))

    assert OLD.upper() in machines(call)


def test_takes_the_name_that_it_has(call: Caller) -> None:
    assert rename(call, new=OLD).row["machineName"] == OLD


@pytest.mark.parametrize("name", ["build-02", "BUILD-02", "dev-01"])
def test_refuses_a_name_that_is_taken_in_any_team(call: Caller, name: str) -> None:
    reply = rename(call, new=name)

    assert (reply.failure, reply.errors) == (409, [f"machine {name} exists already"])


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ({"old": "nothing"}, "machine nothing not found in team ops"),
        ({"old": "dev-01"}, "machine dev-01 not found in team ops"),
        ({"team": "qa"}, "team qa not found"),
    ],
)
def test_does_not_know_a_machine_that_is_not_there(call: Caller, place: dict[str, str], sentence: str) -> None:
    reply = rename(call, **place)

    assert (reply.failure, reply.errors) == (404, [sentence])


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    must(rename(call, new="fresh"))

    rows = admin.execute(
        "select action, entity, entity_name, details from data.audit where procedure_name = 'UpdateMachineName'"
    ).fetchall()
    assert rows == [("Renamed", "Machine", "fresh", f"it was called {OLD}")]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert rename(call, _as=caller).failure == failure
