"""CreateTeam."""

import psycopg
import pytest

from tests.world import NOBODY, Caller, must


def team_of(call: Caller, caller: str, name: str) -> dict[str, object]:
    [team] = [row for row in call("GetCompanyTeams", _as=caller).rows if row["teamName"] == name]
    return team


def test_makes_a_team_whose_first_member_is_its_maker(call: Caller) -> None:
    reply = call("CreateTeam", _as="ann", teamName="qa")

    assert reply.row == {"name": "qa"}
    team = team_of(call, "ann", "qa")
    assert (team["isMember"], team["memberCount"], team["machineCount"]) == (True, 1, 0)
    assert (team["vaultVersion"], team["vaultContent"]) == (1, None)


def test_keeps_the_vault_as_it_was_sent(call: Caller) -> None:
    vault = '{"b": 1e2, "a": "\\u0000"}'

    must(call("CreateTeam", _as="ann", teamName="qa", teamVault=vault))

    team = team_of(call, "ann", "qa")
    assert (team["vaultVersion"], team["vaultContent"]) == (1, vault)


def test_the_vault_is_sealed_for_the_new_team(call: Caller, admin: psycopg.Connection) -> None:
    must(call("CreateTeam", _as="ann", teamName="qa", teamVault='{"secret": "canary-5391"}'))

    [(owner_id, team_uuid, scope_id, company_uuid, content)] = admin.execute(
        "select stored.owner_id, team.team_uuid, stored.scope_id, company.company_uuid, stored.content "
        "from data.team join data.company using (company_id) "
        "join data.vault_record as stored on stored.vault_record_id = team.vault_record_id where team_name = 'qa'"
    ).fetchall()
    assert owner_id == team_uuid
    assert scope_id == company_uuid
    assert b"canary" not in content


@pytest.mark.parametrize("name", ["ops", "OPS", "Private Team"])
def test_refuses_a_name_that_is_taken_whatever_its_case(call: Caller, admin: psycopg.Connection, name: str) -> None:
    reply = call("CreateTeam", _as="ann", teamName=name, teamVault="{}")

    assert (reply.failure, reply.errors) == (409, [f"team {name} exists already"])
    assert admin.execute("select count(*) from data.vault_record").fetchall() == [(0,)]


def test_companies_may_use_the_same_names(call: Caller) -> None:
    must(call("CreateTeam", _as="ann", teamName="qa"))

    assert call("CreateTeam", _as="gina", teamName="qa").failure == 0
    assert team_of(call, "gina", "qa")["companyName"] == "Globex"


@pytest.mark.parametrize("name", [None, "", " qa", "qa ", "a\nb", "x" * 101])
def test_refuses_a_name_that_is_none(call: Caller, name: str | None) -> None:
    reply = call("CreateTeam", _as="ann", teamName=name)

    assert reply.failure == 400
    assert 'member "teamName"' in reply.errors[0]


@pytest.mark.parametrize("vault", ["", "{", "nothing", '{"a":1}{}'])
def test_refuses_a_vault_that_is_no_json(call: Caller, vault: str) -> None:
    reply = call("CreateTeam", _as="ann", teamName="qa", teamVault=vault)

    assert reply.failure == 400
    assert 'member "teamVault"' in reply.errors[0]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert call("CreateTeam", _as=caller, teamName="qa", teamVault="{}").failure == failure
    assert call("CreateTeam", _as=caller, teamName="qa").failure == failure


def test_a_sql_admin_may_make_a_team_without_a_vault(call: Caller, admin: psycopg.Connection) -> None:
    with admin.transaction():
        admin.execute("select auth.act_as('ann@acme.example', 'a test')")
        admin.execute("select * from api.create_team('qa')")

    assert team_of(call, "ann", "qa")["isMember"] is True
