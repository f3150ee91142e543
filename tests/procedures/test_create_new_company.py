"""CreateNewCompany."""

from dataclasses import replace

import psycopg
import pytest

from broker import create_app
from broker.config import Config
from broker.crypto.keys import Grant, recovery_key, unwrap_key
from broker.crypto.tokens import parse_activation_code, parse_recovery_code
from tests.conftest import Clock
from tests.people import activate, credentials, enter, enter_company, found_company, guess, invite, sign_in
from tests.world import NOBODY, Caller, World

pytestmark = pytest.mark.usefixtures("cheap_passwords")


def test_makes_a_company_and_shows_its_codes(call: Caller) -> None:
    reply = found_company(call, "Peter@Initech.example", languagePreference="en")

    row = reply.row
    assert parse_activation_code(row.pop("activationCode"))
    assert parse_recovery_code(row.pop("recoveryCode"))
    assert row == {
        "userEmail": "peter@initech.example",
        "result": "company Initech created",
        "languagePreference": "en",
        "companyName": "Initech",
    }


def test_the_new_company_has_a_team_a_region_and_two_bridges(call: Caller) -> None:
    peter = enter_company(call, "peter@initech.example")

    teams = call("GetCompanyTeams", _as=peter).rows
    for number, bridge in enumerate(("global bridges", "my bridge")):
        call("CreateMachine", _as=peter, teamName="private team", bridgeName=bridge, machineName=f"m{number}")
    machines = call("GetTeamMachines", _as=peter).rows

    assert [(team["teamName"], team["isMember"], team["memberCount"]) for team in teams] == [("Private Team", True, 1)]
    assert [(machine["bridgeName"], machine["regionName"]) for machine in machines] == [
        ("Global Bridges", "Default Region"),
        ("My Bridge", "Default Region"),
    ]


def test_the_first_content_of_the_companys_vault_may_be_given(call: Caller) -> None:
    peter = enter_company(call, "peter@initech.example", companyVaultDefaults='{"of":"initech", "n":1e2}')

    vault = call("GetCompanyVault", _as=peter).row
    written = call("UpdateCompanyVault", _as=peter, companyVault="{}", vaultVersion=1).row

    assert (vault["vaultVersion"], vault["vaultContent"]) == (1, '{"of":"initech", "n":1e2}')
    assert written["vaultVersion"] == 2


@pytest.mark.parametrize("member", ["activationCode", "sshPrivateKeyB64", "sshPublicKeyB64"])
def test_takes_no_code_and_no_key_that_somebody_else_has_made(call: Caller, member: str) -> None:
    reply = found_company(call, "peter@initech.example", **{member: "111111"})

    assert (reply.failure, reply.errors) == (400, [f'member "{member}" is unknown'])


def test_refuses_a_first_vault_that_is_no_json(call: Caller, admin: psycopg.Connection) -> None:
    reply = found_company(call, "peter@initech.example", companyVaultDefaults="{")

    assert (reply.failure, reply.errors) == (400, ['member "companyVaultDefaults" must hold valid JSON'])
    assert admin.execute("select count(*) from data.company").fetchall() == [(2,)]


def test_the_first_user_is_inactive_until_he_uses_his_code(call: Caller) -> None:
    code = found_company(call, "peter@initech.example").row["activationCode"]

    before = sign_in(call, "peter@initech.example")
    peter = enter(call, "peter@initech.example", code)

    assert before.failure == 401
    assert call("CreateTeam", _as=peter, teamName="ops").failure == 0


@pytest.mark.parametrize("email", ["ann@acme.example", "GINA@Globex.example"])
def test_refuses_an_email_that_is_in_use_anywhere(call: Caller, admin: psycopg.Connection, email: str) -> None:
    reply = found_company(call, email)

    assert reply.failure == 409
    assert reply.errors == [f"the e-mail {email.lower()} is in use already"]
    assert admin.execute("select count(*) from data.company").fetchall() == [(2,)]


@pytest.mark.parametrize("how", ["expired", "tried too often"])
def test_an_email_is_free_again_when_the_first_user_can_never_come(
    call: Caller, clock: Clock, admin: psycopg.Connection, how: str
) -> None:
    """Nobody is in his company who could invite him again."""
    old = found_company(call, "peter@initech.example").row["activationCode"]
    if how == "expired":
        clock.advance(days=7)
    else:
        guess(call, clock, "peter@initech.example", 10)

    new = found_company(call, "peter@initech.example", name="Initrode").row["activationCode"]

    assert activate(call, "peter@initech.example", old).failure == 403
    assert call("GetCompanyTeams", _as=enter(call, "peter@initech.example", new)).failure == 0


def test_an_email_is_not_free_while_the_code_is_good(call: Caller, clock: Clock) -> None:
    code = found_company(call, "peter@initech.example").row["activationCode"]
    clock.advance(days=6, hours=23)

    assert found_company(call, "peter@initech.example").failure == 409
    assert activate(call, "peter@initech.example", code).failure == 0


def test_an_email_is_never_free_in_a_company_that_is_in_use(call: Caller, clock: Clock) -> None:
    invite(call, "erin@acme.example")
    clock.advance(days=8)

    assert found_company(call, "erin@acme.example").failure == 409


def test_two_companies_may_have_one_name(call: Caller) -> None:
    assert found_company(call, "peter@initech.example", name="Acme").failure == 0


@pytest.mark.parametrize(
    ("word", "plan"),
    [
        (None, "ELITE"),
        ("community", "COMMUNITY"),
        ("ADVANCED", "ADVANCED"),
        ("pro", "ADVANCED"),
        ("PREMIUM", "PREMIUM"),
        ("Business", "PREMIUM"),
        ("ELITE", "ELITE"),
        ("ENTERPRISE", "ELITE"),
    ],
)
def test_puts_the_company_on_a_plan(call: Caller, admin: psycopg.Connection, word: str | None, plan: str) -> None:
    assert found_company(call, "peter@initech.example", subscriptionPlan=word).failure == 0

    stored = admin.execute("select plan::text from data.company where company_name = 'Initech'").fetchall()

    assert stored == [(plan,)]


def test_refuses_a_plan_that_does_not_exist(call: Caller) -> None:
    reply = found_company(call, "peter@initech.example", subscriptionPlan="GOLD")

    assert reply.failure == 400
    assert reply.errors == ["subscriptionPlan GOLD does not exist: COMMUNITY, ADVANCED, PREMIUM and ELITE do"]


def test_the_operator_chooses_the_default_plan(config: Config, world: World, admin: psycopg.Connection) -> None:
    app = create_app(replace(config, default_plan="COMMUNITY"))

    reply = found_company(world.caller(app.test_client()), "peter@initech.example")
    app.extensions["procedures"].database.close()

    assert reply.failure == 0
    stored = admin.execute("select plan::text from data.company where company_name = 'Initech'").fetchall()
    assert stored == [("COMMUNITY",)]


@pytest.mark.parametrize("email", [None, "", "peter", "peter@", "p @initech.example", "p@" + "i" * 253])
def test_refuses_a_header_that_is_no_email(call: Caller, email: str | None) -> None:
    headers = {} if email is None else {"Rediacc-UserEmail": email}

    reply = call("CreateNewCompany", _as=NOBODY, _headers=headers, companyName="Initech")

    assert reply.failure == 400
    assert "Rediacc-UserEmail" in reply.errors[0]


@pytest.mark.parametrize("name", [None, "", " Initech", "x" * 101, "a\tb"])
def test_refuses_a_name_that_is_none(call: Caller, name: str | None) -> None:
    reply = call("CreateNewCompany", _as=NOBODY, _headers=credentials("p@initech.example"), companyName=name)

    assert reply.failure == 400
    assert 'member "companyName"' in reply.errors[0]


def test_the_recovery_code_opens_the_key_of_the_company(call: Caller, admin: psycopg.Connection) -> None:
    code = found_company(call, "peter@initech.example").row["recoveryCode"]

    [(company_uuid, wrapped, check_value)] = admin.execute(
        "select company_uuid, wrapped, check_value from data.held_key join data.company using (company_id) "
        "where holder_kind = 'recovery' and company_name = 'Initech'"
    ).fetchall()
    grant = Grant(company_uuid, "recovery", company_uuid, "company", company_uuid, 1)
    key = unwrap_key(recovery_key(parse_recovery_code(code), company_uuid), wrapped, grant, check_value)

    assert len(key) == 32
