"""Each administrative change writes its row of the audit; who did it, to what, from which request."""

from typing import Any

import psycopg
import pytest

from tests.people import activate, found_company, invite
from tests.world import Caller, must

READ = "select actor, procedure_name, status, action, entity, entity_name, details, address from data.audit"
Row = tuple[Any, ...]


def rows(admin: psycopg.Connection) -> list[Row]:
    return admin.execute(f"{READ} order by audit_id".encode()).fetchall()


@pytest.mark.parametrize(
    ("procedure", "members", "action", "entity", "name", "details"),
    [
        ("CreateTeam", {"teamName": "qa"}, "Created", "Team", "qa", None),
        ("CreateRegion", {"regionName": "us"}, "Created", "Region", "us", None),
        ("CreateBridge", {"regionName": "EU", "bridgeName": "east"}, "Created", "Bridge", "east", "in region eu"),
        (
            "CreateMachine",
            {"teamName": "OPS", "bridgeName": "North", "machineName": "build-03"},
            "Created",
            "Machine",
            "build-03",
            "in team ops, on bridge north",
        ),
        (
            "CreateTeamMembership",
            {"teamName": "OPS", "newUserEmail": "carol@acme.example"},
            "MemberAdded",
            "Team",
            "ops",
            "user carol@acme.example added",
        ),
        ("CreateNewUser", {"newUserEmail": "dan@acme.example"}, "Created", "User", "dan@acme.example", "invited"),
    ],
)
def test_a_change_of_the_directory_is_kept(
    call: Caller,
    admin: psycopg.Connection,
    procedure: str,
    members: dict[str, Any],
    action: str,
    entity: str,
    name: str,
    details: str | None,
) -> None:
    must(call(procedure, _as="ann", **members))

    assert rows(admin) == [("ann@acme.example", procedure, 0, action, entity, name, details, "127.0.0.1")]


def test_a_row_names_the_entity_by_its_uuid_and_the_request_by_its_number(
    call: Caller, admin: psycopg.Connection
) -> None:
    reply = must(call("CreateTeam", _as="ann", teamName="qa", teamVault="{}"))

    assert admin.execute("select entity_uuid, request_id from data.audit").fetchall() == [
        (
            admin.execute("select team_uuid from data.team where team_name = 'qa'").fetchone()[0],  # type: ignore[index]  # there is one
            reply.headers["X-Request-Id"],
        )
    ]


def test_agent_tokens_are_kept_by_name_and_never_by_text(call: Caller, admin: psycopg.Connection) -> None:
    made = must(call("CreateAgentToken", _as="ann", machineName="build-01", name="spare", expiresInDays=1)).row
    must(call("DeleteAgentToken", _as="ann", agentTokenId=made["agentTokenId"]))

    [created, deleted] = rows(admin)
    assert created[3:7] == (
        "Created",
        "AgentToken",
        "spare",
        f"for machine build-01, good until {made['expiresTime'][:10]}",
    )
    assert deleted[3:7] == ("Deleted", "AgentToken", "spare", None)


def test_an_invitation_that_is_renewed_says_so(call: Caller, admin: psycopg.Connection) -> None:
    invite(call, "dan@acme.example")
    admin.execute("update data.invitation set tries = 10")
    invite(call, "dan@acme.example")

    assert [row[6] for row in rows(admin)] == ["invited", "invited again"]


def test_a_new_company_begins_its_own_audit_with_its_first_user(call: Caller, admin: psycopg.Connection) -> None:
    code = must(found_company(call, "ivy@initech.example", subscriptionPlan="PRO")).row["activationCode"]
    must(activate(call, "ivy@initech.example", code))

    assert rows(admin) == [
        (
            "ivy@initech.example",
            "CreateNewCompany",
            0,
            "Created",
            "Company",
            "Initech",
            "plan ADVANCED, first user ivy@initech.example",
            "127.0.0.1",
        ),
        (
            "ivy@initech.example",
            "ActivateUserAccount",
            0,
            "Activated",
            "User",
            "ivy@initech.example",
            None,
            "127.0.0.1",
        ),
    ]
    assert admin.execute(
        "select distinct company_name, email from data.audit "
        "join data.company using (company_id) join data.company_user using (company_id, user_id)"
    ).fetchall() == [("Initech", "ivy@initech.example")]


def test_a_refused_change_leaves_no_row_of_a_change(call: Caller, admin: psycopg.Connection) -> None:
    call("CreateTeam", _as="ann", teamName="ops")
    call("CreateTeam", _as="bob", teamName="qa")

    assert [row for row in rows(admin) if row[2] == 0] == []


def test_who_acts_as_a_user_through_sql_is_kept_with_his_reason(call: Caller, admin: psycopg.Connection) -> None:
    with admin.transaction():
        admin.execute("select auth.act_as('Ann@Acme.example', 'ticket 12')")
        admin.execute("select api.create_team('qa')")

    role = admin.info.user
    actor = f"{role} as ann@acme.example"
    assert rows(admin) == [
        (actor, "auth.act_as", 0, "ActedAs", "User", "ann@acme.example", "ticket 12", None),
        (actor, "CreateTeam", 0, "Created", "Team", "qa", None, None),
    ]


def test_what_is_rolled_back_is_not_kept(admin: psycopg.Connection) -> None:
    with admin.transaction(force_rollback=True):
        admin.execute("select auth.act_as('ann@acme.example', 'ticket 12')")
        admin.execute("select api.create_team('qa')")

    assert rows(admin) == []
