"""The embedded PostgreSQL: real servers, real signals; run by root the servers belong to the broker's system user."""

import dataclasses
import logging
import os
import platform
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
import sqlalchemy

from broker.embedded import process as postgres_process
from broker.embedded.binaries import Binaries, find_binaries
from broker.embedded.folders import MAX_LOG_BYTES, make_socket_folder, shorten_log, write_settings
from broker.embedded.process import read_pid_file
from broker.embedded.server import EmbeddedPostgres, EmbeddedPostgresError
from broker.embedded.user import SYSTEM_USER, server_user

PROJECT = Path(__file__).resolve().parent.parent
FAST = {"fsync": "off", "shared_buffers": "16MB"}
ROOT = os.geteuid() == 0

# Programs of their own, because a test process has threads and must not fork. Argument: a data folder.
SERVE = f"""
import os, signal, sys
from pathlib import Path
from broker.embedded.server import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), {FAST})
server.start()
"""
SUPERVISE = f"""{SERVE}
print(server.process_id, flush=True)
signal.pause()
"""
STOP_IN_A_FORKED_PROCESS = f"""{SERVE}
if os.fork() == 0:
    server.stop()
    os._exit(0)
os.wait()
print(server.process_id, server.poll())
server.stop()
"""
LEAVE_A_FORKED_PROCESS = f"""{SERVE}
if os.fork() == 0:
    signal.pause()
server.stop()
with EmbeddedPostgres(Path(sys.argv[1]), {FAST}) as following:
    print(following.poll())
os.kill(0, signal.SIGTERM)
"""


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.01)


def query(server: EmbeddedPostgres, text: str) -> list[tuple[object, ...]]:
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
        cursor = connection.execute(text)
        return cursor.fetchall() if cursor.description else []


def alive(process_id: int) -> bool:
    return psutil.pid_exists(process_id) and psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE


@contextmanager
def supervisor(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", SUPERVISE, str(data_dir)]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def moved(data_dir: Path, name: str) -> Iterator[Path]:
    moved_dir = data_dir.rename(data_dir.with_name(name))
    try:
        yield moved_dir
    finally:
        moved_dir.rename(data_dir)


def run_program(program: str, *arguments: str) -> str:
    command = [sys.executable, "-c", program, *arguments]
    finished = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, timeout=30, check=False, start_new_session=True
    )
    return finished.stdout + finished.stderr


def started(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


@contextmanager
def reachable_folder() -> Iterator[Path]:
    # pytest's own folders are closed to all but root, so the server's system user could not enter them.
    folder = Path(tempfile.mkdtemp(prefix="embedded-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """Data folder of a stopped server with one row in it. Shared: making or copying a cluster takes longer than a test.

    Each test leaves it stopped and with that row; what an interrupted one leaves, the next start clears away.
    """
    with reachable_folder() as folder:
        with EmbeddedPostgres(folder / "data", FAST) as server:
            query(server, "create table note as select 'kept' as content")
        yield folder / "data"


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as path:
        yield path


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server with nothing but the broker's defaults, for tests that only look."""
    with reachable_folder() as folder, EmbeddedPostgres(folder / "data") as running:
        yield running


def test_the_first_start_makes_a_durable_cluster_in_utf8_without_locale(server: EmbeddedPostgres) -> None:
    durable = query(server, "select current_setting('data_checksums'), current_setting('fsync')")
    text = query(server, "select current_setting('server_encoding'), datcollate, datctype from pg_database")

    assert durable == [("on", "on")]
    assert set(text) == {("UTF8", "C", "C")}


def test_nothing_listens_on_tcp(server: EmbeddedPostgres) -> None:
    assert server.process_id is not None

    sockets = psutil.Process(server.process_id).net_connections("inet")

    assert sockets == []
    assert query(server, "show listen_addresses") == [("",)]


def test_psycopg_libpq_urls_and_sqlalchemy_reach_the_same_server(server: EmbeddedPostgres) -> None:
    engine = sqlalchemy.create_engine(server.url("postgres").replace("postgresql:", "postgresql+psycopg:", 1))

    with engine.connect() as connection:
        by_sqlalchemy = connection.exec_driver_sql("select pg_postmaster_start_time()").scalar_one()
    with psycopg.connect(server.url("postgres", "template1")) as direct:
        by_url = direct.execute("select pg_postmaster_start_time()").fetchone()

    assert by_url == (by_sqlalchemy,)
    engine.dispose()


def test_no_parameter_of_a_failed_statement_reaches_the_log(server: EmbeddedPostgres) -> None:
    log = server.socket_folder.parent / "postgresql.log"

    with psycopg.connect(server.conninfo("postgres")) as connection, pytest.raises(psycopg.errors.DivisionByZero):
        connection.execute("select length(%s) / 0", ["canary-c2f1"])

    assert "division by zero" in log.read_text()
    assert "canary-c2f1" not in log.read_text()


@pytest.mark.parametrize("role", ["broker_app", "broker_scheduler"])
def test_the_user_of_the_broker_logs_in_as_the_brokers_roles(server: EmbeddedPostgres, role: str) -> None:
    query(server, f"create role {role} login")

    with psycopg.connect(server.conninfo(role, "postgres")) as connection:
        assert connection.execute("select session_user").fetchone() == (role,)


def test_nobody_logs_in_as_any_other_role(server: EmbeddedPostgres) -> None:
    query(server, "create role stranger login superuser")

    with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
        psycopg.connect(server.conninfo("stranger", "postgres"))


def test_data_outlive_a_stop_and_a_start(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, FAST) as server:
        assert query(server, "select content from note") == [("kept",)]


def test_stop_leaves_no_process_no_pid_file_and_no_socket(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, FAST)
    server.start()
    process_id = server.process_id

    server.stop()

    assert process_id is not None
    assert not psutil.pid_exists(process_id)
    assert server.process_id is None
    assert not (data_dir / "cluster" / "postmaster.pid").exists()
    assert list(server.socket_folder.iterdir()) == []


def test_stop_is_harmless_twice(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, FAST) as server:
        server.stop()

    assert server.process_id is None


def test_stop_in_a_forked_process_leaves_the_server_alone(data_dir: Path) -> None:
    answer = run_program(STOP_IN_A_FORKED_PROCESS, str(data_dir))

    assert re.fullmatch(r"\d+ False\n", answer)


def test_a_forked_process_that_stays_does_not_hold_the_folder(data_dir: Path) -> None:
    assert run_program(LEAVE_A_FORKED_PROCESS, str(data_dir)) == "False\n"


def test_a_killed_supervisor_takes_its_server_along_and_the_data_stay(data_dir: Path) -> None:
    with supervisor(data_dir) as first:
        postmaster = started(first)
        first.kill()
        until(lambda: not alive(postmaster))

    with EmbeddedPostgres(data_dir, FAST) as server:
        log = (data_dir / "postgresql.log").read_text()
        assert query(server, "select content from note") == [("kept",)]

    assert "received fast shutdown request" in log
    assert "was not properly shut down" not in log


def test_a_start_waits_for_the_orphan_of_a_killed_supervisor(data_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    def resume_when_waited_for() -> None:
        until(lambda: "waiting for it to shut down" in caplog.text)
        os.kill(postmaster, signal.SIGCONT)

    with supervisor(data_dir) as first:
        postmaster = started(first)
        os.kill(postmaster, signal.SIGSTOP)
        first.kill()
        first.wait()
    caplog.set_level(logging.WARNING)
    resuming = threading.Thread(target=resume_when_waited_for)
    resuming.start()

    with EmbeddedPostgres(data_dir, FAST) as server:
        assert query(server, "select content from note") == [("kept",)]

    resuming.join()
    assert f"process {postmaster} still serves {data_dir / 'cluster'}" in caplog.text


def test_an_orphan_that_does_not_go_is_named(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_process, "ORPHAN_SECONDS", 0.2)
    with supervisor(data_dir) as first:
        postmaster = started(first)
        os.kill(postmaster, signal.SIGSTOP)
        first.kill()
        first.wait()

    with pytest.raises(EmbeddedPostgresError, match=f"end it \\(kill -INT {postmaster}\\)"):
        EmbeddedPostgres(data_dir, FAST).start()

    os.kill(postmaster, signal.SIGCONT)
    until(lambda: not alive(postmaster))


def test_a_killed_postmaster_is_replaced_while_an_orphaned_query_still_computes(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, FAST) as server, closing(psycopg.connect(server.conninfo("postgres"))) as busy:
        query(server, "insert into note values ('committed')")
        # Computes without ever waiting, so it does not notice that its postmaster has gone.
        backend = busy.info.backend_pid
        busy.pgconn.send_query(b"select count(*) from generate_series(1, 1000000000000) as n where n % 7 = 8")
        until(lambda: psutil.Process(backend).cpu_times().user > 0.05)
        assert server.poll() is False
        killed = server.process_id
        assert killed is not None

        os.kill(killed, signal.SIGKILL)
        until(lambda: server.process_id is None)

        assert alive(backend)
        assert server.poll() is True
        assert not alive(backend)
        assert server.process_id != killed
        assert query(server, "delete from note where content = 'committed' returning content") == [("committed",)]


@pytest.mark.parametrize("content", ["", "999999999\n", "not a number\n", "{stranger}\n{cluster}\n"])
def test_a_stale_pid_file_does_not_stop_the_start(data_dir: Path, content: str) -> None:
    cluster = data_dir / "cluster"
    # Of the same user: PostgreSQL itself sees through the process of another one.
    stranger = subprocess.Popen(["sleep", "60"], user=cluster.stat().st_uid)
    text = content.format(stranger=stranger.pid, cluster=cluster)
    (cluster / "postmaster.pid").write_text(text)

    try:
        with EmbeddedPostgres(data_dir, FAST) as server:
            assert query(server, "select content from note") == [("kept",)]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_start_waits_until_a_zombie_is_reaped(data_dir: Path) -> None:
    zombie = subprocess.Popen(["true"])
    until(lambda: psutil.Process(zombie.pid).status() == psutil.STATUS_ZOMBIE)
    (data_dir / "cluster" / "postmaster.pid").write_text(f"{zombie.pid}\n{data_dir / 'cluster'}\n")
    reaping = threading.Timer(0.3, zombie.wait)
    reaping.start()

    with EmbeddedPostgres(data_dir, FAST) as server:
        assert zombie.returncode == 0
        assert query(server, "select content from note") == [("kept",)]

    reaping.join()


def test_a_zombie_that_nobody_reaps_does_not_stop_the_start(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_process, "REAP_SECONDS", 0.2)
    zombie = subprocess.Popen(["true"], user=(data_dir / "cluster").stat().st_uid)
    until(lambda: psutil.Process(zombie.pid).status() == psutil.STATUS_ZOMBIE)
    (data_dir / "cluster" / "postmaster.pid").write_text(f"{zombie.pid}\n{data_dir / 'cluster'}\n")

    with EmbeddedPostgres(data_dir, FAST) as server:
        assert query(server, "select content from note") == [("kept",)]

    zombie.wait()


def test_a_second_supervisor_is_refused_with_the_first_ones_process(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, FAST) as server, supervisor(data_dir) as second:
        _, complaint = second.communicate(timeout=20)

        assert second.returncode == 1
        assert f"process {os.getpid()} supervises the PostgreSQL server of {data_dir} already" in complaint
        with pytest.raises(EmbeddedPostgresError, match="supervises"):
            EmbeddedPostgres(data_dir, FAST).start()
        assert query(server, "select content from note") == [("kept",)]


def test_a_start_outside_the_main_thread_is_refused(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, FAST)
    refusals = []

    def start() -> None:
        try:
            server.start()
        except EmbeddedPostgresError as error:
            refusals.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()

    assert len(refusals) == 1
    assert "main thread" in refusals[0]
    assert server.process_id is None


@pytest.mark.parametrize("name", ['o\'clock "50%" \\ back' + "x" * 120, "with, a comma"])
def test_a_path_that_no_socket_can_have_gets_another_socket_folder(data_dir: Path, name: str) -> None:
    with moved(data_dir, name) as moved_dir, EmbeddedPostgres(moved_dir, FAST) as server:
        found = server.socket_folder.stat()
        owner = (moved_dir / "cluster").stat().st_uid
        with psycopg.connect(server.url("postgres")) as connection:
            assert connection.execute("select content from note").fetchone() == ("kept",)

    assert not server.socket_folder.is_relative_to(data_dir.parent)
    assert (found.st_mode & 0o777, found.st_uid) == (0o700, owner)
    server.socket_folder.rmdir()


def test_odd_characters_in_a_short_path_are_no_matter(data_dir: Path) -> None:
    with moved(data_dir, 'o\'clock "50%" \\ back') as moved_dir, EmbeddedPostgres(moved_dir, FAST) as server:
        assert server.socket_folder == moved_dir / "socket"
        assert query(server, "select content from note") == [("kept",)]


@pytest.mark.parametrize("squat", ["open folder", "link"])
def test_a_socket_folder_made_by_somebody_else_is_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch, squat: str
) -> None:
    # Not for root, who begins with /run.
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    data_dir = folder / ("x" * 150)
    squatted = make_socket_folder(data_dir, server_user())
    squatted.rmdir()
    if squat == "open folder":
        squatted.mkdir()
        squatted.chmod(0o777)
    else:
        squatted.symlink_to(folder)
    before = squatted.stat()

    chosen = make_socket_folder(data_dir, server_user())

    after = squatted.stat()
    assert chosen != squatted
    assert (after.st_mode, after.st_uid) == (before.st_mode, before.st_uid)
    chosen.rmdir()
    squatted.unlink() if squatted.is_symlink() else squatted.rmdir()


def test_a_first_start_that_was_killed_leaves_no_half_cluster(folder: Path) -> None:
    data_dir = folder / "data"
    with supervisor(data_dir) as first:
        until(lambda: any(data_dir.glob("cluster-unfinished-*/base")))
        first.kill()
        first.wait()
    assert not (data_dir / "cluster").exists()

    with EmbeddedPostgres(data_dir, FAST) as server:
        assert query(server, "select 1") == [(1,)]

    assert list(data_dir.glob("cluster-unfinished-*")) == []


def test_a_server_that_cannot_start_says_why(data_dir: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match='invalid value for parameter "max_connections"'):
        EmbeddedPostgres(data_dir, {"max_connections": "many"}).start()

    with EmbeddedPostgres(data_dir, FAST) as server:
        assert query(server, "select content from note") == [("kept",)]


@pytest.mark.parametrize("settings", [{"fsync = off\nport": "1"}, {"application_name": "a\nport = 1"}])
def test_a_setting_cannot_smuggle_in_another(folder: Path, settings: dict[str, str]) -> None:
    with pytest.raises(EmbeddedPostgresError, match="setting"):
        write_settings(folder, folder / "cluster", folder / "socket", ["ann"], settings)


def test_a_cluster_of_another_version_is_refused_with_the_way_out(data_dir: Path) -> None:
    version = data_dir / "cluster" / "PG_VERSION"
    current = version.read_text()
    version.write_text("17\n")

    with pytest.raises(EmbeddedPostgresError, match=r"was made by PostgreSQL 17.*dump with it"):
        EmbeddedPostgres(data_dir, FAST).start()

    version.write_text(current)


def test_another_operating_system_is_told_to_bring_its_own_database(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")

    with pytest.raises(EmbeddedPostgresError, match=r"Linux only, this is Darwin: set BROKER_DATABASE_URL"):
        EmbeddedPostgres(folder / "data").start()

    assert list(folder.iterdir()) == []


def test_a_long_log_is_put_aside(folder: Path) -> None:
    log = folder / "postgresql.log"
    log.write_text("old\n")
    os.truncate(log, MAX_LOG_BYTES + 1)

    shorten_log(log)

    assert log.stat().st_size == 0
    assert (folder / "postgresql.log.1").stat().st_size == MAX_LOG_BYTES + 1


def test_the_pid_file_of_a_running_server_says_ready(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, FAST) as server:
        assert read_pid_file(data_dir / "cluster") == (server.process_id, True)

    assert read_pid_file(data_dir / "cluster") == (None, False)


# What only root can try: other users, and folders closed to the server's user.
if ROOT:
    CONNECT_AS_NOBODY = """
import os, pwd, sys
import psycopg
psycopg.connect(sys.argv[1]).close()
nobody = pwd.getpwnam("nobody")
os.setgroups([])
os.setgid(nobody.pw_gid)
os.setuid(nobody.pw_uid)
try:
    psycopg.connect(sys.argv[1])
except psycopg.OperationalError as error:
    print(error)
"""

    def closed_copy_of_the_binaries(folder: Path) -> Binaries:
        installed = find_binaries()
        closed = folder / "closed"
        for file in installed.files:
            (closed / file).parent.mkdir(parents=True, exist_ok=True)
            os.link(installed.root / file, closed / file)
        closed.chmod(0o700)
        return dataclasses.replace(installed, root=closed)

    def permissions(path: Path) -> list[tuple[Path, int, int, int]]:
        folders = [path, *path.parents]
        return [(each, each.stat().st_mode, each.stat().st_uid, each.stat().st_gid) for each in folders]

    def test_another_user_reaches_neither_the_socket_nor_a_login(data_dir: Path) -> None:
        settings = {**FAST, "unix_socket_permissions": "0777"}
        with EmbeddedPostgres(data_dir, settings) as server:
            at_the_folder = run_program(CONNECT_AS_NOBODY, server.conninfo("postgres"))
            server.socket_folder.chmod(0o711)
            at_the_login = run_program(CONNECT_AS_NOBODY, server.conninfo("postgres"))
            server.socket_folder.chmod(0o700)

        assert "Permission denied" in at_the_folder
        assert "Peer authentication failed" in at_the_login

    def test_the_server_runs_as_the_system_user_with_no_right_of_root(server: EmbeddedPostgres) -> None:
        assert server.process_id is not None
        process = psutil.Process(server.process_id)
        status = Path(f"/proc/{server.process_id}/status").read_text()

        assert set(process.uids()) == {pwd.getpwnam(SYSTEM_USER).pw_uid}
        assert 0 not in process.gids()
        assert re.search(r"^Groups:\s*$", status, re.MULTILINE)
        assert re.search(r"^CapEff:\s*0+$", status, re.MULTILINE)

    def test_the_servers_user_can_change_nothing_that_root_reads(server: EmbeddedPostgres) -> None:
        data_dir = server.socket_folder.parent
        owners = {path.name: (path.stat().st_uid, path.stat().st_mode & 0o022) for path in data_dir.iterdir()}
        system_user = pwd.getpwnam(SYSTEM_USER).pw_uid

        assert (data_dir.stat().st_uid, data_dir.stat().st_mode & 0o777) == (0, 0o711)
        assert {name for name, owner in owners.items() if owner == (system_user, 0)} == {"cluster", "socket"}
        assert all(owner == (0, 0) for name, owner in owners.items() if name not in ("cluster", "socket"))

    def test_binaries_in_a_closed_folder_are_copied_and_no_permission_is_changed(data_dir: Path, folder: Path) -> None:
        binaries = closed_copy_of_the_binaries(folder)
        looked_at = [binaries.root / binaries.programs / "postgres", data_dir]
        before = [permissions(path) for path in looked_at]

        with EmbeddedPostgres(data_dir, FAST, binaries) as server:
            assert server.process_id is not None
            running = Path(f"/proc/{server.process_id}/exe").readlink()
            copied = running.stat().st_mtime_ns
            assert query(server, "select content from note") == [("kept",)]
        with EmbeddedPostgres(data_dir, FAST, binaries):
            pass

        assert running.is_relative_to(data_dir / f"server-{binaries.version}")
        assert running.stat().st_mtime_ns == copied
        assert [permissions(path) for path in looked_at] == before

    def test_a_data_folder_under_a_closed_one_is_refused_with_the_way_out(folder: Path) -> None:
        closed = folder / "home"
        closed.mkdir(mode=0o700)

        with pytest.raises(EmbeddedPostgresError, match=r"cannot enter .*home/data: set BROKER_DATA_DIR"):
            EmbeddedPostgres(closed / "data", FAST).start()

        assert closed.stat().st_mode & 0o777 == 0o700

    def test_a_data_folder_that_others_may_write_to_is_refused(folder: Path) -> None:
        shared = folder / "shared"
        shared.mkdir()
        shared.chmod(0o777)

        with pytest.raises(EmbeddedPostgresError, match="may be written by others"):
            EmbeddedPostgres(shared, FAST).start()

        assert shared.stat().st_mode & 0o777 == 0o777

    def test_a_cluster_of_another_user_is_refused(folder: Path) -> None:
        (folder / "cluster").mkdir()

        with pytest.raises(EmbeddedPostgresError, match=f"belongs to user ID 0, .* would run as {SYSTEM_USER}"):
            EmbeddedPostgres(folder, FAST).start()

    def test_a_system_user_that_cannot_be_made_is_explained(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        monkeypatch.setenv("PATH", str(folder))

        with pytest.raises(EmbeddedPostgresError, match=r"useradd --system no-such-broker\).*BROKER_DATABASE_URL"):
            server_user("no-such-broker")
