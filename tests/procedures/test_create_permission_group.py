"""CreatePermissionGroup."""

import psycopg
import pytest

from tests.groups import make_group, permissions_of
from tests.racing import SECONDS, Race, race
from tests.world import NOBODY, Caller, Reply

__all__ = ["race"]  # a fixture


def create(call: Caller, name: str, _as: str = "ann") -> Reply:
    return call("CreatePermissionGroup", _as=_as, permissionGroupName=name)


@pytest.mark.parametrize("name", ["deploy", "Größe {1} $.", "n" * 100])
def test_makes_a_group_without_permissions(call: Caller, name: str) -> None:
    reply = create(call, name)

    assert reply.row == {"permissionGroupName": name, "result": f"permission group {name} created"}
    assert permissions_of(call, name) == []


@pytest.mark.parametrize("name", ["deploy", "DEPLOY"])
def test_refuses_a_name_that_the_company_has(call: Caller, name: str) -> None:
    make_group(call, "deploy")

    reply = create(call, name)

    assert (reply.failure, reply.errors) == (409, [f"permission group {name} exists already"])


@pytest.mark.parametrize("name", ["Administrators", "users", "BRIDGES"])
def test_refuses_the_names_of_the_built_in_groups(call: Caller, name: str) -> None:
    reply = create(call, name)

    assert (reply.failure, reply.errors) == (
        409,
        [f"permission group {name.capitalize()} exists already: it is built in"],
    )


def test_another_company_may_have_a_group_of_that_name(call: Caller) -> None:
    make_group(call, "deploy", by="gina")

    assert create(call, "deploy").failure == 0


def test_of_two_at_once_one_gets_the_name(race: Race) -> None:
    with race.acting("ann", "select * from api.create_permission_group('deploy')"):
        second = race.start(lambda other: create(other, "Deploy"))

    assert second.result(SECONDS).errors == ["permission group Deploy exists already"]


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    create(call, "deploy")

    assert admin.execute("select actor, action, entity, entity_name from data.audit").fetchall() == [
        ("ann@acme.example", "Created", "PermissionGroup", "deploy")
    ]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert create(call, "deploy", _as=caller).failure == failure


@pytest.mark.parametrize("name", [None, "", " deploy", "n" * 101])
def test_refuses_what_is_no_name(call: Caller, name: str) -> None:
    assert create(call, name).failure == 400
