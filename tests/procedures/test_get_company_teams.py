"""GetCompanyTeams."""

import psycopg
import pytest

from tests.world import NOBODY, Caller, must


def test_lists_the_teams_by_name_with_their_counts(call: Caller) -> None:
    rows = call("GetCompanyTeams").rows

    assert [(row["teamName"], row["isMember"], row["memberCount"], row["machineCount"]) for row in rows] == [
        ("dev", False, 2, 1),
        ("ops", True, 2, 2),
        ("Private Team", False, 1, 0),
    ]
    assert {row["companyName"] for row in rows} == {"Acme"}


def test_shows_vaults_to_members_only(call: Caller) -> None:
    must(call("CreateTeam", _as="ann", teamName="qa", teamVault='{"a": 1}'))

    [for_ann] = [row for row in call("GetCompanyTeams", _as="ann").rows if row["teamName"] == "qa"]
    [for_bob] = [row for row in call("GetCompanyTeams", _as="bob").rows if row["teamName"] == "qa"]

    assert (for_ann["vaultVersion"], for_ann["vaultContent"]) == (1, '{"a": 1}')
    assert (for_bob["vaultVersion"], for_bob["vaultContent"]) == (1, None)


def test_a_vault_that_does_not_open_spoils_its_row_only(call: Caller, admin: psycopg.Connection) -> None:
    for team in ("qa", "rnd"):
        must(call("CreateTeam", _as="ann", teamName=team, teamVault='{"a": 1}'))
    swap = (
        "update data.vault_record set owner_id = gen_random_uuid() where owner_id = "
        "(select team_uuid from data.team where team_name = 'qa')"
    )
    admin.execute(swap)

    rows = {row["teamName"]: row for row in call("GetCompanyTeams", _as="ann").rows}

    assert (rows["qa"]["vaultContent"], rows["qa"]["vaultError"]) == (None, True)
    assert rows["rnd"]["vaultContent"] == '{"a": 1}'


def test_shows_no_team_of_another_company(call: Caller) -> None:
    rows = call("GetCompanyTeams", _as="gina").rows

    assert [(row["teamName"], row["companyName"]) for row in rows] == [("ops", "Globex"), ("Private Team", "Globex")]


@pytest.mark.parametrize(("caller", "failure"), [("build-01", 403), (NOBODY, 401)])
def test_is_for_users(call: Caller, caller: str, failure: int) -> None:
    assert call("GetCompanyTeams", _as=caller).failure == failure
