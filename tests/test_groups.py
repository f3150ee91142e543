"""What sessions of a group of the company's own, or of group Bridges, may call: every procedure x such a session."""

import re
from pathlib import Path

import psycopg
import pytest
from flask import Flask

from broker.contract.registry import Registry
from broker.install import read_files, sql_directory
from tests.groups import assign, make_group, permissions_of
from tests.people import sign_in
from tests.rights import BODIES, Stage
from tests.test_authorization import CLOSED, EXPECTED, contents
from tests.world import Caller, must

ANN, BOB = "ann@acme.example", "bob@acme.example"
PERMISSION = re.compile(r"^-- Permission: (\w+)", re.MULTILINE)
# Enough for administrators alone: tests/test_delegation.py says who else may, and why not everybody.
NOT_ENOUGH = {
    "CreateNewUser",
    "CreatePermissionInGroup",
    "CreateRecoveryCode",
    "CreateUserInvitation",
    "DeletePermissionFromGroup",
    "DeletePermissionGroup",
    "UpdateUserAssignedPermissions",
}
NARROW = """
    update data.token set permission_group = %s::data.permission_group, permissions = %s
    where user_id = (select user_id from data.company_user where email = %s)
"""


@pytest.fixture
def registry(app: Flask) -> Registry:
    found: Registry = app.extensions["procedures"].registry
    return found


def permission_names(registry: Registry) -> dict[str, str]:
    """By which permission each is called: its own name, that of its header, or of the listing it counts for."""
    headers = {Path(file.path).stem: PERMISSION.search(file.text) for file in read_files(sql_directory())}
    named = {procedure.name: header[1] for procedure in registry if (header := headers[procedure.function])}
    counting = {procedure.counts.name: procedure.name for procedure in registry if procedure.counts}
    return {name: named.get(name, counting.get(name, name)) for name in registry.procedures}


def callers(registry: Registry, name: str) -> tuple[str, ...]:
    return registry.procedures[name].header.callers


@pytest.mark.parametrize("name", CLOSED)
def test_a_group_of_the_companys_own_may_call_what_it_lists_and_what_every_session_may(
    call: Caller, admin: psycopg.Connection, registry: Registry, name: str
) -> None:
    permissions = permission_names(registry)
    body = BODIES[name](Stage(call))

    if "sessions" not in callers(registry, name):
        others = sorted(set(permissions.values()) - {permissions[name]})
        admin.execute(NARROW, ["Users", others, ANN])
        before = contents(admin)
        refused = call(name, _as="ann", **body)
        assert (refused.failure, refused.errors) == (403, [f"{ANN} may not call {permissions[name]}"])
        assert contents(admin) == before
    admin.execute(NARROW, ["Users", [permissions[name]] if "sessions" not in callers(registry, name) else [], ANN])
    reply = call(name, _as="ann", **body)

    # As an administrator would, whose session it was before.
    expected = "403" if name in NOT_ENOUGH else EXPECTED[name]["admin"]
    assert (str(reply.failure) if reply.failure else "ok") == expected


@pytest.mark.parametrize("name", CLOSED)
def test_a_session_of_group_bridges_may_call_what_agents_and_every_session_may(
    call: Caller, admin: psycopg.Connection, registry: Registry, name: str
) -> None:
    body = BODIES[name](Stage(call))
    admin.execute(NARROW, ["Bridges", None, BOB])
    before = contents(admin)

    reply = call(name, **body)

    if set(callers(registry, name)) & {"agents", "sessions"}:
        assert f"{BOB} may not call {permission_names(registry)[name]}" not in reply.errors
        if set(callers(registry, name)) & {"users", "sessions"}:
            assert (str(reply.failure) if reply.failure else "ok") == EXPECTED[name]["member"]
    else:
        assert (reply.failure, reply.errors) == (403, [f"{BOB} may not call {permission_names(registry)[name]}"])
        assert contents(admin) == before


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ("Administrators", {"administrators", "users", "sessions"}),
        ("Users", {"users", "sessions"}),
        ("Bridges", {"agents", "sessions"}),
    ],
)
def test_the_built_in_groups_list_what_their_sessions_may_call(
    call: Caller, registry: Registry, group: str, words: set[str]
) -> None:
    permissions = permission_names(registry)

    assert permissions_of(call, group) == sorted(
        {permissions[name] for name in registry.procedures if set(callers(registry, name)) & words}
    )


def test_who_may_list_may_count(call: Caller) -> None:
    make_group(call, "readers", ["GetTeamQueueItems"])
    must(assign(call, BOB, "readers"))
    session = sign_in(call, BOB).row["nextRequestToken"]

    listing = call("GetTeamQueueItems", _as=session, teamName="ops")

    assert listing.table(1) == []
    assert listing.table(2)[0]["totalCount"] == 0
    assert call("GetTeamQueueItemCounts", _as=session, teamName="ops").failure == 0


def test_who_may_count_may_not_list_by_that(call: Caller) -> None:
    make_group(call, "counters", ["GetTeamQueueItemCounts"])
    must(assign(call, BOB, "counters"))
    session = sign_in(call, BOB).row["nextRequestToken"]

    refused = {
        name: call(name, _as=session, teamName="ops").errors for name in ("GetTeamQueueItems", "GetTeamQueueItemCounts")
    }

    assert refused == {name: [f"{BOB} may not call GetTeamQueueItems"] for name in refused}


def test_a_user_of_group_bridges_works_for_the_machines_of_his_teams_and_no_more(call: Caller) -> None:
    must(call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault="{}"))
    must(assign(call, BOB, "Bridges"))
    session = sign_in(call, BOB).row["nextRequestToken"]

    claimed = call("GetQueueItemsNext", _as=session, machineName="build-01")

    assert len(claimed.rows) == 1
    assert call("GetQueueItemsNext", _as=session, machineName="dev-01").failure == 403
    assert call("CreateQueueItem", _as=session, teamName="ops", machineName="build-01", queueVault="{}").failure == 403
