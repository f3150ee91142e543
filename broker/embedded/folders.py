"""Folders and settings files of the embedded PostgreSQL; no permission of a folder made by others is changed."""

import fcntl
import hashlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from broker.embedded.user import SYSTEM_FOLDER, EmbeddedPostgresError, ServerUser

PORT = 5432
ROLES = ("postgres", "broker_app", "broker_scheduler")

# sun_path of a socket address has 108 bytes, the last of them zero; unix(7).
MAX_SOCKET_PATH_BYTES = 107

MAX_LOG_BYTES = 32 * 1024 * 1024

_UNFINISHED = "cluster-unfinished-"

_SETTINGS = {
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    # A broker that hangs in a transaction must not hold its locks for ever; long enough to type a line in psql.
    "idle_in_transaction_session_timeout": "60s",
    # The query of a broker that was killed ends within this time instead of running to its end.
    "client_connection_check_interval": "5s",
    # To the file that the supervisor opened and keeps short.
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    # No statement by duration or kind, no parameters and no details of a failed row: they may hold what callers sent.
    "log_min_duration_statement": "-1",
    "log_statement": "none",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}


def default_data_dir() -> Path:
    """Where the broker keeps its data: `/var/lib/machine-job-broker` for root, else the user's own data folder.

    Source: XDG Base Directory Specification 0.8, XDG_DATA_HOME.
    """
    if os.geteuid() == 0:
        return SYSTEM_FOLDER
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "machine-job-broker"


def make_data_folder(folder: Path) -> None:
    """Make the broker's folder and what is missing above it; one that exists stays as it is.

    Run by root it belongs to root and lets the server's user pass, not list: that user, who executes what the
    database is told, can then neither replace the files that root reads nor plant links for root to follow.

    Raises:
        EmbeddedPostgresError: the folder cannot be made, or root finds one that others may write to.
    """
    mode = 0o711 if os.geteuid() == 0 else 0o700
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        for path in reversed(missing):
            path.mkdir(mode=0o700)
            path.chmod(mode)
    except OSError as error:
        raise EmbeddedPostgresError(
            f"the data folder {folder} cannot be made ({error}): set BROKER_DATA_DIR to a folder that can"
        ) from error
    found = folder.stat()
    if os.geteuid() == 0 and (found.st_uid != 0 or found.st_mode & 0o022):
        raise EmbeddedPostgresError(
            f"the data folder {folder} may be written by others than root: make it root's own "
            f"(chown root {folder}; chmod 711 {folder}) or set BROKER_DATA_DIR to another folder"
        )


def lock_data_folder(folder: Path) -> int:
    """Lock the broker's folder for this process; the kernel frees the lock when the process ends, however it ends.

    Returns:
        File descriptor that holds the lock, closed in programs that this process starts. A forked copy holds the
        lock too until it closes it.

    Raises:
        EmbeddedPostgresError: another process holds the lock, or this one may not use the folder.
    """
    try:
        lock = os.open(folder / "supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise EmbeddedPostgresError(
            f"the data folder {folder} cannot be used by user ID {os.geteuid()} ({error}): "
            "start the broker as the user it was made by, or set BROKER_DATA_DIR"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(lock, 20, 0).decode(errors="replace")
        os.close(lock)
        raise EmbeddedPostgresError(
            f"process {holder} supervises the PostgreSQL server of {folder} already: "
            "stop that broker, or set BROKER_DATA_DIR to another folder"
        ) from error
    os.truncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def make_empty_cluster(folder: Path, user: ServerUser) -> Path:
    """An empty folder for initdb beside the cluster it will become."""
    unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=folder))
    _give(unfinished, user)
    return unfinished


def unfinished_clusters(folder: Path) -> list[Path]:
    """Folders that initdb did not finish."""
    return list(folder.glob(f"{_UNFINISHED}*"))


def adopt_cluster(complete: Path, cluster: Path) -> None:
    """Give a complete cluster its final name, durably."""
    complete.rename(cluster)
    parent = os.open(cluster.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def make_socket_folder(folder: Path, user: ServerUser) -> Path:
    """The folder of the server's socket, open to the server's user (and root) only.

    Args:
        folder: the broker's folder; the socket goes below it when its path is short enough and has no comma,
            else to a folder of a stable name below the first that can be used of XDG_RUNTIME_DIR (for root: /run),
            the temporary folder, and /tmp.
        user: the server's user.

    Raises:
        EmbeddedPostgresError: no folder can be used; the message has the reasons.
    """
    name = f"machine-job-broker-{user.uid}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}"
    runtime = Path("/run") if os.geteuid() == 0 else Path(os.environ.get("XDG_RUNTIME_DIR") or "/nonexistent")
    shared = [runtime, Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108  what is found there is checked below
    candidates = dict.fromkeys([folder / "socket", *(parent / name for parent in shared)])
    refusals = []
    for candidate in candidates:
        if len(os.fsencode(candidate / f".s.PGSQL.{PORT}")) > MAX_SOCKET_PATH_BYTES:
            refusals.append(f"{candidate}: longer than {MAX_SOCKET_PATH_BYTES} bytes")
            continue
        # libpq takes a host for a list, and knows no way to write the comma itself.
        if "," in str(candidate):
            refusals.append(f"{candidate}: contains a comma")
            continue
        try:
            candidate.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            refusals.append(str(error))
            continue
        # In a temporary folder anybody may have made this name first, as a folder of his own or a link.
        found = candidate.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_mode & 0o077 == 0 and found.st_uid in (user.uid, os.geteuid()):
            _give(candidate, user)
            return candidate
        refusals.append(f"{candidate}: exists and is not a folder of {user.name} alone (mode 700)")
    raise EmbeddedPostgresError(
        f"no folder for the socket of PostgreSQL: {'; '.join(refusals)}: set BROKER_DATA_DIR to a shorter path"
    )


def write_settings(
    folder: Path, cluster: Path, socket_folder: Path, logins: Iterable[str], settings: Mapping[str, str]
) -> Path:
    """Write postgresql.conf, pg_hba.conf and pg_ident.conf into the broker's folder, anew at each start.

    They lie outside the cluster, so that root writes nothing where the server's user may. Of one setting the last
    word counts: initdb's choice, the broker's, the caller's; then the administrator's, given by `alter system`.

    Args:
        folder: the broker's folder.
        cluster: PostgreSQL's data folder.
        socket_folder: where the only socket is.
        logins: users of the operating system who may log in, as any of `ROLES` and no other role.
        settings: what the caller wants otherwise than the broker.

    Returns:
        Path of postgresql.conf.
    """
    hba, ident = folder / "pg_hba.conf", folder / "pg_ident.conf"
    _write(hba, ["local all all peer map=broker"])
    _write(ident, [f'broker "{login}" "{role}"' for login in sorted(set(logins)) for role in ROLES])
    ours = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": _list_item(str(socket_folder)),
        "unix_socket_permissions": "0700",
        "hba_file": str(hba),
        "ident_file": str(ident),
    }
    chosen = {**ours, **_SETTINGS, **settings}
    main = folder / "postgresql.conf"
    include = f"include_if_exists {_quoted(str(cluster / 'postgresql.conf'))}"
    _write(main, [include, *(f"{_setting_name(name)} = {_quoted(value)}" for name, value in chosen.items())])
    return main


def read_log_end(log: Path, start: int) -> str:
    """The last five lines that the server wrote after a position (in bytes), in one line."""
    with log.open("rb") as file:
        file.seek(start)
        return " | ".join(file.read().decode(errors="replace").splitlines()[-5:])


def shorten_log(log: Path) -> None:
    """Put a log longer than `MAX_LOG_BYTES` aside, as the only older one, and empty it."""
    if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
        # Copied and emptied, not renamed: the server keeps the file open, in append mode.
        shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        os.truncate(log, 0)


def _give(folder: Path, user: ServerUser) -> None:
    if os.geteuid() != user.uid:
        os.chown(folder, user.uid, user.gid, follow_symlinks=False)


def _write(path: Path, lines: list[str]) -> None:
    # The server's user must be able to read it, whatever the mask of the broker is.
    path.write_text("".join(f"{line}\n" for line in ["# Written anew at each start of the broker.", *lines]))
    path.chmod(0o644)


def _setting_name(name: str) -> str:
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", name) is None:
        raise EmbeddedPostgresError(f"not the name of a PostgreSQL setting: {name!r}")
    return name


def _quoted(value: str) -> str:
    if "\n" in value:
        raise EmbeddedPostgresError(f"a PostgreSQL setting cannot contain a line break: {value!r}")
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _list_item(value: str) -> str:
    """One item of a setting that is a comma-separated list."""
    return '"' + value.replace('"', '""') + '"'
