"""UpdateRegionName."""

from typing import Any

import psycopg
import pytest

from tests.world import NOBODY, Caller, Reply, must

OLD = "eu"
NAMES = ["a", "x" * 100, "$HOME ${x} {y} a.b", "größe Ω 机器 🚀", "%s %I \\ '\"", "O'Hara; drop table x --"]


def rename(call: Caller, old: object = "EU", new: object = "fresh", _as: str = "ann") -> Reply:
    members: dict[str, Any] = {"currentRegionName": old, "newRegionName": new}
    return call("UpdateRegionName", _as=_as, **members)


def regions(call: Caller) -> list[str]:
    return [row["regionName"] for row in call("GetCompanyRegions").rows]


def test_renames_a_region(call: Caller) -> None:
    assert rename(call).row == {"regionName": "fresh"}
    assert regions(call) == ["Default Region", "fresh"]
    assert {row["regionName"] for row in call("GetTeamMachines").rows} == {"fresh"}


@pytest.mark.parametrize("name", NAMES)
def test_takes_every_name_of_up_to_a_hundred_characters(call: Caller, name: str) -> None:
    must(rename(call, new=name))

    assert name in regions(call)
    assert must(rename(call, old=name, new="plain")).row["regionName"] == "plain"


@pytest.mark.parametrize("name", ["", " ", " a", "a ", "x" * 101, "a\nb", "a\u0000b", None, ["a"]])
def test_refuses_what_is_no_name(call: Caller, name: object) -> None:
    reply = rename(call, new=name)

    assert reply.failure == 400
    assert OLD in regions(call)


def test_a_change_of_case_alone_is_a_change(call: Caller) -> None:
    must(rename(call, new=OLD.upper()))

    assert OLD.upper() in regions(call)


def test_takes_the_name_that_it_has(call: Caller) -> None:
    assert rename(call, new=OLD).row["regionName"] == OLD


def test_refuses_a_name_that_is_taken(call: Caller) -> None:
    reply = rename(call, new="default region")

    assert (reply.failure, reply.errors) == (409, ["region default region exists already"])


def test_does_not_know_a_region_that_is_not_there(call: Caller) -> None:
    reply = rename(call, old="us")

    assert (reply.failure, reply.errors) == (404, ["region us not found"])


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    must(rename(call, new="fresh"))

    rows = admin.execute(
        "select action, entity, entity_name, details from data.audit where procedure_name = 'UpdateRegionName'"
    ).fetchall()
    assert rows == [("Renamed", "Region", "fresh", f"it was called {OLD}")]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert rename(call, _as=caller).failure == failure
