"""The command `broker`: what it prints, and the exit status that scripts go by."""

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from broker.commands.cli import main
from broker.config import Config
from broker.maintenance.scheduler import jobs_of
from tests.serving import environment_of
from tests.world import Caller, MakeItem

Command = Callable[..., Result]
AWAY = {"BROKER_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}


@pytest.fixture
def broker(config: Config, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run the command with the settings of the test's broker."""
    for name, value in environment_of(config).items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str, **environment: str) -> Result:
        return CliRunner().invoke(main, arguments, env=environment)

    return run


def problems(result: Result) -> list[str]:
    return [line for line in result.stdout.splitlines() if line.startswith("problem")]


def test_migrate_applies_what_has_changed_and_nothing_twice(broker: Command, admin: psycopg.Connection) -> None:
    admin.execute("drop function api.cancel_queue_item")
    admin.execute("update data.installed_file set digest = '' where path = 'api/queue/cancel_queue_item.sql'")

    first, second = broker("migrate"), broker("migrate")

    # The function, and publish.sql, which always comes last, and the views.
    assert (first.exit_code, first.stdout) == (0, "3 files applied\n")
    assert (second.exit_code, second.stdout) == (0, "up to date\n")


@pytest.mark.parametrize("command", ["migrate", "openapi"])
def test_says_what_to_do_when_the_database_is_away(broker: Command, command: str) -> None:
    result = broker(command, **AWAY)

    assert result.exit_code == 1
    assert result.stderr.startswith("broker: the database cannot be reached")
    assert result.stderr.endswith("check BROKER_DATABASE_URL\n")


def test_says_which_setting_cannot_be_used(broker: Command) -> None:
    result = broker("migrate", BROKER_POOL_SIZE="many")

    assert result.exit_code == 2
    assert result.stderr == "broker: BROKER_POOL_SIZE is 'many': it must be a whole number\n"


def test_prints_the_contract(broker: Command) -> None:
    result = broker("openapi")

    assert result.exit_code == 0
    assert "/api/StoredProcedure/CancelQueueItem" in json.loads(result.stdout)["paths"]


def test_the_doctor_finds_nothing_in_a_broker_that_is_well(broker: Command, maintained: None) -> None:
    result = broker("doctor")

    assert result.exit_code == 0, result.output
    assert {line.split()[0] for line in result.stdout.splitlines()} == {"good"}


def test_the_doctor_changes_nothing(broker: Command, tmp_path: Path) -> None:
    broker("doctor", BROKER_DATA_DIR=str(tmp_path / "nothing"))

    assert list(tmp_path.iterdir()) == []


def test_the_doctor_says_when_nothing_runs(broker: Command, tmp_path: Path) -> None:
    result = broker("doctor", BROKER_DATABASE_URL="", BROKER_DATA_DIR=str(tmp_path))

    assert result.exit_code == 3
    assert [line.split(":")[0] for line in problems(result)] == [
        f"problem there is no keyring at {tmp_path}/keyring",
        f"problem the embedded PostgreSQL of {tmp_path} does not run",
    ]


@pytest.mark.parametrize("command", ["psql", "openapi"])
def test_what_only_reads_makes_no_database(broker: Command, tmp_path: Path, command: str) -> None:
    folder = tmp_path / "nothing"

    result = broker(command, BROKER_DATABASE_URL="", BROKER_DATA_DIR=str(folder))

    assert result.exit_code == 1
    assert result.stderr.startswith(f"broker: there is no database in {folder}: `broker serve` makes one; or set ")
    assert not folder.exists()


def test_the_doctor_says_when_the_database_is_away(broker: Command) -> None:
    result = broker("doctor", **AWAY)

    assert result.exit_code == 3
    [problem] = problems(result)
    assert problem.startswith("problem the database cannot be reached: ")


def test_the_doctor_notes_a_fixed_activation_code(broker: Command, maintained: None) -> None:
    result = broker("doctor", BROKER_ACTIVATION_CODE="123456")

    assert result.exit_code == 0
    assert "note    BROKER_ACTIVATION_CODE is set" in result.stdout
    assert "123456" not in result.output


def test_the_doctor_finds_a_keyring_that_others_can_read(broker: Command, maintained: None, tmp_path: Path) -> None:
    (tmp_path / "keyring").write_text("1:" + "ab" * 32)
    (tmp_path / "keyring").chmod(0o644)

    result = broker("doctor", BROKER_DATA_DIR=str(tmp_path))

    assert result.exit_code == 3
    assert "keyring" in problems(result)[0]


def break_an_invariant(admin: psycopg.Connection) -> None:
    admin.execute("create view data.invariant_broken as select 1 as company_id")


def install_something_else(admin: psycopg.Connection) -> None:
    admin.execute("update data.installed_file set digest = '' where path = 'publish.sql'")


def forget_the_installation(admin: psycopg.Connection) -> None:
    admin.execute("drop table data.installed_file")


def lose_the_partition(admin: psycopg.Connection) -> None:
    admin.execute(
        "do $$ begin execute 'drop table data.queue_event_' || to_char(now() at time zone 'UTC', 'YYYY_MM'); end $$"
    )


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (break_an_invariant, "data.invariant_broken has 1 rows and must have none"),
        (install_something_else, "the schema is not that of this version (1 files differ, publish.sql)"),
        (forget_the_installation, "the schema is not installed"),
        (lose_the_partition, "is missing: no broker ran its daily maintenance"),
    ],
)
def test_the_doctor_finds_what_is_wrong_in_the_database(
    broker: Command,
    maintained: None,
    admin: psycopg.Connection,
    damage: Callable[[psycopg.Connection], None],
    problem: str,
) -> None:
    damage(admin)

    result = broker("doctor")

    admin.execute("drop view if exists data.invariant_broken")
    assert result.exit_code == 3
    [found] = problems(result)
    assert problem in found


def test_the_doctor_finds_leases_that_nobody_looks_at(
    broker: Command, maintained: None, call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    queue_item(status="PROCESSING")
    admin.execute("update data.queue_item set lease_until = lease_until - interval '1 day'")

    result = broker("doctor")

    assert result.exit_code == 3
    [problem] = problems(result)
    assert problem.startswith("problem 1 leases ran out and nobody put the items back, the first at ")


def test_the_doctor_tells_what_waits(broker: Command, maintained: None, queue_item: MakeItem) -> None:
    queue_item()

    assert "1 items wait, the oldest for 0:00:0" in broker("doctor").stdout


@pytest.fixture
def maintained(admin: psycopg.Connection, config: Config) -> None:
    """A database that a broker's maintenance has seen."""
    admin.execute("select maintenance.make_partitions()")
    for name in [*(job.procedure for job in jobs_of(config)), "schedules"]:
        admin.execute("select maintenance.record_run(%s)", [name])
