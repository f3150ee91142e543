"""`broker serve` as real processes: it starts, says so, heals, stops, and leaves nothing behind."""

import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from broker.config import Config
from broker.database.urls import as_role, background_url, notices_url, serving_url
from broker.embedded.access import running_socket_folder
from tests.serving import RunningBroker, environment_of, run, serving, start, until

URL = "postgresql://jobs:secret@db.example:6432/jobs?sslmode=require"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that the embedded server's own user can enter."""
    folder = Path(tempfile.mkdtemp(prefix="broker-serve-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def broker(folder: Path) -> Iterator[RunningBroker]:
    """A broker that runs on, whatever is done to its children."""
    with serving(BROKER_DATA_DIR=str(folder / "first")) as broker:
        yield broker


def named(broker: RunningBroker, name: str) -> psutil.Process:
    """The topmost of the broker's processes of this name."""
    return next(process for process in broker.family() if name in " ".join(process.cmdline()))


def gone(processes: list[psutil.Process]) -> Callable[[], bool]:
    return lambda: not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


def test_serves_this_machine_with_an_embedded_server(broker: RunningBroker) -> None:
    assert broker.url.startswith("http://127.0.0.1:")
    assert (broker.get("/livez"), broker.get("/readyz")) == (200, 200)
    assert any(process.name() == "postgres" for process in broker.family())


@pytest.mark.parametrize("victim", ["postgres", "gunicorn"])
def test_heals_by_itself_what_was_killed(broker: RunningBroker, victim: str) -> None:
    killed = named(broker, victim)

    killed.kill()
    until(lambda: killed.pid not in [process.pid for process in broker.family()])
    until(lambda: broker.get("/readyz") == 200)

    assert named(broker, victim).is_running()


def test_two_brokers_do_not_share_a_data_folder(broker: RunningBroker, folder: Path) -> None:
    status, output, errors = run("serve", "--port", "0", BROKER_DATA_DIR=str(folder / "first"))

    assert (status, output) == (1, "")
    assert f"process {broker.process.pid} supervises" in errors


def test_a_killed_supervisor_leaves_nothing_and_can_be_started_again_and_stopped(folder: Path) -> None:
    with serving(BROKER_DATA_DIR=str(folder / "second")) as broker:
        family = broker.family()
        broker.process.kill()
        until(gone(family))

    with serving(BROKER_DATA_DIR=str(folder / "second")) as broker:
        family = broker.family()

        assert broker.stop() == 0
        assert gone(family)()


def test_can_be_stopped_while_it_starts(folder: Path) -> None:
    data_dir = folder / "third"
    process = start("serve", "--port", "0", BROKER_DATA_DIR=str(data_dir))
    until(lambda: running_socket_folder(data_dir) is not None)
    family = psutil.Process(process.pid).children(recursive=True)

    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=30)

    assert (process.returncode, output) == (0, "")
    assert gone(family)()


def test_says_what_to_do_when_the_port_is_taken_and_starts_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        status, output, errors = run("serve", "--port", str(port), BROKER_DATA_DIR=str(tmp_path / "data"))

    assert (status, output) == (2, "")
    assert errors == (
        f"broker: cannot listen on 127.0.0.1:{port}: address already in use; "
        "stop what uses it, or choose another port with --port or BROKER_PORT (0: any free one)\n"
    )
    assert not (tmp_path / "data").exists()


def test_says_what_to_do_when_the_host_is_unknown(tmp_path: Path) -> None:
    status, _, errors = run("serve", "--host", "nowhere.invalid", BROKER_DATA_DIR=str(tmp_path))

    assert status == 2
    assert "the host is not known" in errors


def test_says_what_to_do_when_the_database_is_away(tmp_path: Path) -> None:
    status, output, errors = run(
        "serve",
        "--port=0",
        BROKER_DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing",
        BROKER_DATA_DIR=str(tmp_path),
    )

    assert (status, output) == (1, "")
    assert errors.startswith("broker: the database cannot be reached: ")
    assert errors.endswith("check BROKER_DATABASE_URL\n")


def test_says_what_to_do_when_the_keyring_cannot_be_used(config: Config, tmp_path: Path) -> None:
    (tmp_path / "keyring").write_text("1:secret")
    (tmp_path / "keyring").chmod(0o600)

    status, output, errors = run("serve", "--port=0", **environment_of(config) | {"BROKER_DATA_DIR": str(tmp_path)})

    assert (status, output) == (2, "")
    assert errors.startswith(f"broker: keyring file {tmp_path}/keyring")
    assert "secret" not in errors


def test_every_connection_has_the_role_it_needs(config: Config) -> None:
    for url, role in ((serving_url(config), "broker_app"), (background_url(config), "broker_scheduler")):
        with psycopg.connect(url) as connection:
            assert connection.execute("select current_user").fetchone() == (role,)


def test_a_role_is_added_to_a_url_without_touching_the_rest() -> None:
    assert as_role(URL, "broker_app") == URL + "&options=-crole%3Dbroker_app"
    assert as_role(URL + "&options=-cgeqo%3Doff", "broker_app") == URL + "&options=-cgeqo%3Doff%20-crole%3Dbroker_app"


@pytest.mark.parametrize("url", ["postgresql://broker_app@/db", "postgresql:///db?user=broker_app"])
def test_a_login_that_is_the_role_takes_none(url: str) -> None:
    assert as_role(url, "broker_app") == url


def test_a_pooler_is_passed_by_for_maintenance_and_notices() -> None:
    config = Config(
        database_url="postgresql://broker_app@pooler/db", migrate_url="postgresql://owner@server/db", pooler=True
    )

    assert serving_url(config) == "postgresql://broker_app@pooler/db"
    assert background_url(config) == "postgresql://owner@server/db?options=-crole%3Dbroker_scheduler"
    assert notices_url(config) == background_url(config)


def test_there_are_no_notices_where_nothing_leads_past_the_pooler() -> None:
    assert notices_url(Config(database_url=URL, migrate_url=URL, pooler=True)) is None
    assert notices_url(Config(database_url=URL, migrate_url=URL, notices=False)) is None
    assert notices_url(Config(database_url=URL, migrate_url=URL)) == as_role(URL, "broker_scheduler")
