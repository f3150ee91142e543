"""`broker bootstrap`: the first company in one command."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from broker import create_app
from broker.commands.cli import main
from broker.config import Config
from broker.crypto import password
from broker.crypto.tokens import parse_recovery_code
from tests.people import sign_in
from tests.world import Caller, World

EMAIL = "admin@localhost"
NAMES = {
    "company": "Initech",
    "email": "peter@initech.example",
    "team": "ops",
    "region": "us",
    "bridge": "west",
    "machine": "m1",
}
OPTIONS = [word for name, value in NAMES.items() for word in (f"--{name}", value)]


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, database: str, tmp_path: Path) -> None:
    """The settings of a broker on the test's database."""
    monkeypatch.setattr(password, "CURRENT_PARAMETERS", password.PasswordParameters(memory_kib=64, passes=1, lanes=1))
    monkeypatch.setenv("BROKER_DATABASE_URL", database)
    monkeypatch.setenv("BROKER_DATA_DIR", str(tmp_path))


def bootstrap(*options: str) -> Result:
    return CliRunner().invoke(main, ["bootstrap", *options])


@pytest.fixture
def call(database: str, tmp_path: Path) -> Iterator[Caller]:
    """Call a procedure as whoever holds the token `_as`."""
    app = create_app(Config(database_url=database, data_dir=tmp_path))
    yield Caller(app.test_client(), World())
    app.extensions["procedures"].database.close()


def made(*options: str) -> dict[str, Any]:
    result = bootstrap("--json", *options)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_makes_everything_that_a_first_job_needs(call: Caller) -> None:
    shown = made("--password", "secret", *OPTIONS)

    user = sign_in(call, NAMES["email"], "secret").row["nextRequestToken"]
    job = {"teamName": "ops", "machineName": "m1", "queueVault": '{"handler": "shell"}'}
    queued = call("CreateQueueItem", _as=user, **job).row  # type: ignore[arg-type]  # members are not _headers
    claimed = call("GetQueueItemsNext", _as=shown["agentToken"]).row
    [machine] = call("GetTeamMachines", _as=user).rows

    assert claimed["taskId"] == queued["taskId"]
    assert claimed["vaultContent"] == '{"handler": "shell"}'
    assert (machine["teamName"], machine["bridgeName"], machine["regionName"]) == ("ops", "west", "us")


def test_prints_one_object_for_scripts() -> None:
    shown = made("--password", "secret", *OPTIONS)

    assert {name: shown[name] for name in NAMES} == NAMES
    assert parse_recovery_code(shown["recoveryCode"])
    assert shown["agentToken"].startswith("jb_agent_")
    assert shown["password"] is None
    assert set(shown) - set(NAMES) == {"password", "recoveryCode", "agentTokenId", "agentToken", "agentTokenExpires"}


def test_makes_a_password_when_it_is_given_none(call: Caller) -> None:
    shown = made()

    assert shown["email"] == EMAIL
    assert sign_in(call, EMAIL, shown["password"]).failure == 0


def test_takes_the_password_from_the_environment(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_BOOTSTRAP_PASSWORD", "secret")

    made()

    assert sign_in(call, EMAIL, "secret").failure == 0


def test_tells_a_person_what_to_keep_and_what_to_do_next() -> None:
    result = bootstrap("--machine", "m1")

    assert result.exit_code == 0
    assert "Keep it on paper" in result.stdout
    assert "Password " in result.stdout
    assert "jb_agent_" in result.stdout
    assert "broker-agent run" in result.stdout


def test_a_second_run_changes_nothing_and_says_why(admin: psycopg.Connection) -> None:
    counts = "select count(*), (select count(*) from data.machine), (select count(*) from data.token) from data.company"
    made(*OPTIONS)
    before = admin.execute(counts).fetchall()

    result = bootstrap(*OPTIONS)

    assert result.exit_code == 1
    assert f"the e-mail {NAMES['email']} is in use already; nothing was changed" in result.stderr
    assert result.stdout == ""
    assert admin.execute(counts).fetchall() == before


def test_a_second_run_with_the_password_says_that_everything_is_there(admin: psycopg.Connection) -> None:
    made("--password", "secret", *OPTIONS)

    result = bootstrap("--password", "secret", *OPTIONS)

    assert result.exit_code == 1
    assert "everything is there already" in result.stderr
    assert admin.execute("select count(*) from data.machine where machine_name = 'm1'").fetchall() == [(1,)]


def test_a_second_run_with_another_password_changes_nothing() -> None:
    made("--password", "secret", *OPTIONS)

    result = bootstrap("--password", "guessed", *OPTIONS)

    assert result.exit_code == 1
    assert "this is not its password" in result.stderr


def test_completes_a_run_that_broke_off(call: Caller, admin: psycopg.Connection) -> None:
    first = made("--password", "secret", *OPTIONS)
    ended = "select data.end_token(company_id, token_id) from data.token where token_id = %s"
    admin.execute(ended, [first["agentTokenId"]])
    admin.execute("delete from data.machine where machine_name = 'm1'")

    second = made("--password", "secret", *OPTIONS)

    assert second["recoveryCode"] is None
    assert call("GetQueueItemsNext", _as=second["agentToken"]).failure == 0


def test_leaves_no_session_behind(admin: psycopg.Connection) -> None:
    count = "select count(*) from data.token where kind = 'session'"
    before = admin.execute(count).fetchall()

    made()

    assert admin.execute(count).fetchall() == before


@pytest.mark.parametrize("option", ["company", "email", "team", "region", "bridge", "machine"])
def test_refuses_names_that_cannot_be_used_before_it_makes_anything(admin: psycopg.Connection, option: str) -> None:
    result = bootstrap(f"--{option}", " blank ")

    assert result.exit_code == 1
    assert "must " in result.stderr
    assert admin.execute("select count(*) from data.company").fetchall() == [(2,)]


def test_says_which_setting_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_DEFAULT_PLAN", "GOLD")

    result = bootstrap()

    assert result.exit_code == 2
    assert "BROKER_DEFAULT_PLAN is GOLD" in result.stderr
