"""GetAuditLogs."""

from typing import Any

import psycopg
import pytest

from tests.people import activate, credentials
from tests.world import NOBODY, Caller, must


def names(call: Caller, _as: str = "ann", **members: Any) -> list[str]:
    return [row["entityName"] for row in must(call("GetAuditLogs", _as=_as, **members)).rows]


def make_teams(call: Caller, *teams: str) -> None:
    for team in teams:
        must(call("CreateTeam", _as="ann", teamName=team))


def test_shows_what_was_done_newest_first(call: Caller) -> None:
    make_teams(call, "qa")
    reply = must(call("CreateRegion", _as="ann", regionName="us"))

    [newest, oldest] = call("GetAuditLogs", _as="ann").rows
    assert newest.pop("timestamp") > oldest.pop("timestamp")
    assert newest == {
        "entity": "Region",
        "entityName": "us",
        "action": "Created",
        "details": None,
        "actionByUser": "ann@acme.example",
        "status": 0,
        "procedureName": "CreateRegion",
        "requestId": reply.headers["X-Request-Id"],
        "address": "127.0.0.1",
    }
    assert oldest["entityName"] == "qa"


def test_shows_what_was_refused(call: Caller) -> None:
    call("CreateTeam", teamName="qa")

    row = call("GetAuditLogs", _as="ann").row
    assert (row["status"], row["action"], row["actionByUser"]) == (403, "Refused", "bob@acme.example")


@pytest.mark.parametrize("word", ["Team", "team", "TEAM"])
def test_shows_one_kind_only(call: Caller, word: str) -> None:
    make_teams(call, "qa")
    must(call("CreateRegion", _as="ann", regionName="us"))

    assert names(call, entityFilter=word) == ["qa"]
    assert names(call, entityFilter="Planet") == []


def test_shows_as_many_as_are_asked_for(call: Caller) -> None:
    make_teams(call, "a", "b", "c")

    assert names(call, maxRecords=2) == ["c", "b"]
    assert names(call, maxRecords=2, entityFilter="Team") == ["c", "b"]


@pytest.mark.parametrize("number", [0, -1, 10001])
def test_refuses_numbers_out_of_range(call: Caller, number: int) -> None:
    reply = call("GetAuditLogs", _as="ann", maxRecords=number)

    assert (reply.failure, reply.errors) == (400, [f"maxRecords is {number}: 1 to 10,000 are possible"])


def test_refuses_a_time_that_ends_before_it_begins(call: Caller) -> None:
    reply = call("GetAuditLogs", _as="ann", startDate="2030-01-02", endDate="2030-01-01")

    assert (reply.failure, reply.errors) == (400, ["startDate is after endDate"])


def backdate(admin: psycopg.Connection, days: int) -> None:
    admin.execute("update data.audit set audit_time = audit_time - %s * interval '1 day'", [days])


def test_shows_thirty_days_when_no_time_is_named(call: Caller, admin: psycopg.Connection) -> None:
    make_teams(call, "old")
    backdate(admin, 31)
    make_teams(call, "young")

    assert names(call) == ["young"]
    assert names(call, startDate="2020-01-01") == ["young", "old"]


def test_a_date_alone_is_a_whole_day(call: Caller, admin: psycopg.Connection) -> None:
    make_teams(call, "qa")
    day = call("GetAuditLogs", _as="ann").row["timestamp"][:10]

    assert names(call, startDate=day, endDate=day) == ["qa"]
    assert names(call, startDate="2020-01-01", endDate="2020-01-02") == []


@pytest.mark.parametrize(("plan", "days"), [("COMMUNITY", 7), ("ADVANCED", 90), ("PREMIUM", 180), ("ELITE", 365)])
def test_shows_as_many_days_as_the_plan_has(call: Caller, admin: psycopg.Connection, plan: str, days: int) -> None:
    admin.execute("update data.company set plan = %s", [plan])
    make_teams(call, "old")
    backdate(admin, days)
    make_teams(call, "young")
    backdate(admin, 1)
    admin.execute("update data.audit set audit_time = audit_time + interval '1 day 1 minute' where entity_name = 'old'")

    shown = names(call, startDate="2020-01-01")
    admin.execute("update data.audit set audit_time = audit_time - interval '2 minutes' where entity_name = 'old'")
    later = names(call, startDate="2020-01-01")

    assert (shown, later) == (["young", "old"], ["young"])


def test_shows_nothing_of_another_company(call: Caller) -> None:
    must(call("CreateTeam", _as="gina", teamName="secret"))
    call("CancelQueueItem", _as="gina", queueId=7)

    assert names(call) == []
    assert names(call, entityFilter="Team") == []
    assert names(call, _as="gina") == ["CancelQueueItem", "secret"]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert call("GetAuditLogs", _as=caller).failure == failure


def test_holds_nothing_secret_of_a_whole_life(call: Caller, admin: psycopg.Connection) -> None:
    """Vaults, tokens, codes and passwords go through the calls; none of them into the audit."""
    canary = "canary-3f1c"
    code = must(call("CreateNewUser", _as="ann", newUserEmail="dan@acme.example")).row["activationCode"]
    activate(call, "dan@acme.example", "wrong " + code)
    must(activate(call, "dan@acme.example", code, canary))
    signed_in = call(
        "CreateAuthenticationRequest", _as=NOBODY, _headers=credentials("dan@acme.example", canary), name="x"
    )
    vault = f'{{"secret":"{canary}"}}'
    must(call("CreateTeam", _as="ann", teamName="qa", teamVault=vault))
    must(call("UpdateTeamVault", _as="ann", teamName="qa", teamVault=vault, vaultVersion=1))
    call("UpdateTeamVault", _as="ann", teamName="qa", teamVault=vault, vaultVersion=1)
    call("CreateQueueItem", teamName="ops", machineName="absent", queueVault=vault)
    made = must(call("CreateAgentToken", _as="ann", machineName="build-01")).row
    call("UpdateQueueItemToCompleted", queueId=7, claimToken="c" * 22, responseVault=vault)

    [(text,)] = admin.execute("select string_agg(kept::text, ' ') from data.audit as kept").fetchall()
    secrets = [canary, code, made["token"], signed_in.row["nextRequestToken"], "c" * 22]
    secrets += call.world.tokens.values()
    secrets += [header for header in credentials("dan@acme.example", canary).values() if header.startswith("0x")]
    assert [secret for secret in secrets if secret in text] == []
    assert "UpdateTeamVault" in text
