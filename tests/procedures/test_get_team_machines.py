"""GetTeamMachines."""

from uuid import UUID

import pytest

from tests.world import NOBODY, Caller, MakeItem, must


def test_lists_the_machines_of_all_the_callers_teams(call: Caller) -> None:
    rows = call("GetTeamMachines", _as="ann").rows

    assert [(row["teamName"], row["machineName"]) for row in rows] == [
        ("dev", "dev-01"),
        ("ops", "build-01"),
        ("ops", "build-02"),
    ]
    assert {(row["bridgeName"], row["regionName"]) for row in rows} == {("north", "eu")}
    assert len({UUID(row["machineGuid"]) for row in rows}) == 3


@pytest.mark.parametrize(
    ("teams", "machines"),
    [
        ("ops", ["build-01", "build-02"]),
        ("OPS, dev", ["dev-01", "build-01", "build-02"]),
        ("dev,qa", ["dev-01"]),
        ("qa", []),
        (" , ", ["dev-01", "build-01", "build-02"]),
    ],
)
def test_takes_a_list_of_teams_and_ignores_those_that_are_not_there(
    call: Caller, teams: str, machines: list[str]
) -> None:
    rows = call("GetTeamMachines", _as="ann", teamName=teams).rows

    assert [row["machineName"] for row in rows] == machines


def test_refuses_a_team_that_is_not_the_callers(call: Caller) -> None:
    reply = call("GetTeamMachines", _as="bob", teamName="ops,dev")

    assert (reply.failure, reply.errors) == (403, ["you are not a member of team dev"])


def test_shows_nothing_of_another_company(call: Caller) -> None:
    rows = call("GetTeamMachines", _as="gina").rows

    assert [row["machineName"] for row in rows] == ["build-01"]
    assert rows[0]["machineGuid"] not in {row["machineGuid"] for row in call("GetTeamMachines", _as="ann").rows}
    assert call("GetTeamMachines", _as="gina", teamName="dev").rows == []


def test_counts_the_items_that_are_not_finished(call: Caller, queue_item: MakeItem) -> None:
    for status in ("COMPLETED", "FAILED", "CANCELLED", "PROCESSING", "PENDING"):
        queue_item(status=status)

    counts = {row["machineName"]: row["queueCount"] for row in call("GetTeamMachines").rows}

    assert counts == {"build-01": 2, "build-02": 0}


def test_shows_the_vault_of_each_machine(call: Caller) -> None:
    vault = '{"ip": "10.0.0.2"}'
    must(call("CreateMachine", _as="ann", teamName="dev", bridgeName="north", machineName="dev-02", machineVault=vault))

    rows = call("GetTeamMachines", _as="carol").rows

    assert [(row["machineName"], row["vaultVersion"], row["vaultContent"]) for row in rows] == [
        ("dev-01", 1, None),
        ("dev-02", 1, vault),
    ]


@pytest.mark.parametrize(("caller", "failure"), [("north", 403), (NOBODY, 401)])
def test_is_for_users(call: Caller, caller: str, failure: int) -> None:
    assert call("GetTeamMachines", _as=caller).failure == failure
