"""DeleteTeam."""

from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.jobs import claim, complete, create, respond, sweep
from tests.world import NOBODY, Caller, MakeItem, Reply, must

QUEUE_TABLES = ("queue_item", "claim", "vault_record")


def delete(call: Caller, team: str, _as: str = "ann") -> Reply:
    return call("DeleteTeam", _as=_as, teamName=team)


def teams(call: Caller) -> list[str]:
    return [row["teamName"] for row in call("GetCompanyTeams", _as="ann").rows]


def empty_ops(call: Caller) -> None:
    for machine in ("build-01", "build-02"):
        must(call("DeleteMachine", _as="ann", teamName="ops", machineName=machine))


def test_deletes_a_team_with_its_members(call: Caller, admin: psycopg.Connection) -> None:
    empty_ops(call)

    reply = delete(call, "OPS")

    assert reply.row == {"result": "team ops deleted"}
    assert teams(call) == ["dev", "Private Team"]
    assert call("GetTeamMachines", _as="bob").rows == []
    details = admin.execute("select details from data.audit where procedure_name = 'DeleteTeam'").fetchall()
    assert details == [("with 2 members and 0 finished items",)]


@pytest.mark.parametrize(("team", "machines"), [("ops", "2 machines"), ("dev", "1 machine")])
def test_refuses_while_it_has_machines(call: Caller, team: str, machines: str) -> None:
    reply = delete(call, team)

    assert (reply.failure, reply.errors) == (409, [f"team {team} has {machines}: delete them first"])
    assert team in teams(call)


@pytest.mark.parametrize("name", ["Private Team", "mine"])
def test_refuses_the_team_that_was_made_with_the_company_whatever_its_name(call: Caller, name: str) -> None:
    must(call("UpdateTeamName", _as="ann", currentTeamName="Private Team", newTeamName=name))

    reply = delete(call, name)

    assert reply.failure == 409
    assert reply.errors == [f"team {name} was made with the company: it can be renamed, but not deleted"]


def test_a_team_that_is_called_like_it_later_can_be_deleted(call: Caller) -> None:
    must(call("UpdateTeamName", _as="ann", currentTeamName="Private Team", newTeamName="mine"))
    must(call("CreateTeam", _as="ann", teamName="Private Team"))

    assert delete(call, "Private Team").failure == 0


def test_its_vault_and_the_finished_items_of_its_machines_go_with_it(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    failed = queue_item(status="FAILED")
    must(call("RetryFailedQueueItem", originalQueueId=failed))
    claimed = claim(call)
    must(respond(call, claimed))
    must(complete(call, claimed))
    must(call("UpdateTeamVault", _as="ann", teamName="ops", teamVault="{}", vaultVersion=1))
    kept = create(call, "dev-01", "dev", _as="ann")
    empty_ops(call)

    must(delete(call, "ops"))

    assert [row["queueId"] for row in call("GetTeamQueueItems", _as="ann").rows] == [kept]
    counts = {table: admin.execute(f"select count(*) from data.{table}".encode()).fetchone() for table in QUEUE_TABLES}
    assert counts == {"queue_item": (1,), "claim": (0,), "vault_record": (1,)}


def test_deletes_nothing_of_another_companys_team_of_that_name(call: Caller) -> None:
    empty_ops(call)
    must(delete(call, "ops"))

    assert "ops" in [row["teamName"] for row in call("GetCompanyTeams", _as="gina").rows]


def test_does_not_know_a_team_that_is_not_there(call: Caller) -> None:
    reply = delete(call, "qa")

    assert (reply.failure, reply.errors) == (404, ["team qa not found"])


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert delete(call, "ops", _as=caller).failure == failure


def test_schedules_and_late_answers_of_other_teams_stay(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    place: dict[str, Any] = {"teamName": "dev", "machineName": "dev-01", "queueVault": "{}"}
    must(call("CreateSchedule", _as="ann", scheduleName="nightly", everySeconds=60, **place))
    create(call, "dev-01", "dev", _as="ann")
    lost = claim(call, "dev-01", leaseSeconds=30)
    clock.advance(seconds=31)
    sweep(admin)
    claim(call, "dev-01")
    assert complete(call, lost, "dev-01").failure == 409
    empty_ops(call)

    must(delete(call, "ops"))

    assert len(call("GetTeamSchedules", _as="ann", teamName="dev").rows) == 1
    kept = admin.execute(
        "select count(*) from data.claim as claim join data.vault_record as stored "
        "on stored.company_id = claim.company_id and stored.vault_record_id = claim.late_vault_id"
    ).fetchone()
    assert kept == (1,)
