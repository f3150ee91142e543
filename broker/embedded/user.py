"""The user of the operating system that the embedded PostgreSQL runs as."""

import os
import platform
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

SYSTEM_USER = "machine-job-broker"
SYSTEM_FOLDER = Path("/var/lib/machine-job-broker")


class EmbeddedPostgresError(RuntimeError):
    """The embedded PostgreSQL cannot be prepared, started or supervised; the message says what to do about it."""


@dataclass(frozen=True)
class ServerUser:
    """The user of the operating system that the server runs as."""

    name: str
    uid: int
    gid: int


def require_linux() -> None:
    """Refuse any other system: the supervisor lives on /proc and on Linux's parent death signal.

    Raises:
        EmbeddedPostgresError: this is not Linux.
    """
    if platform.system() != "Linux":
        raise EmbeddedPostgresError(
            f"the embedded PostgreSQL runs on Linux only, this is {platform.system()}: "
            "set BROKER_DATABASE_URL to a PostgreSQL server of your own"
        )


def user_name(uid: int) -> str:
    """Name of a user ID; peer authentication and initdb both need one.

    Raises:
        EmbeddedPostgresError: the ID has no name, as in a container started under a bare number.
    """
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError as error:
        raise EmbeddedPostgresError(
            f"user ID {uid} has no entry in /etc/passwd, which PostgreSQL needs: add one, "
            "or set BROKER_DATABASE_URL to a PostgreSQL server of your own"
        ) from error


def server_user(system_user: str = SYSTEM_USER) -> ServerUser:
    """The user the server runs as: the caller, or for root the system user, which is made when it is absent.

    Raises:
        EmbeddedPostgresError: the system user is absent and cannot be made, or it is root under another name.
    """
    if os.geteuid() != 0:
        return ServerUser(user_name(os.geteuid()), os.geteuid(), os.getegid())
    entry = _find_user(system_user)
    if entry is None:
        entry = _make_system_user(system_user)
    if entry.pw_uid == 0:
        raise EmbeddedPostgresError(f"the user {system_user} is root, and PostgreSQL refuses to run as root")
    return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _find_user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _make_system_user(name: str) -> pwd.struct_passwd:
    home = str(SYSTEM_FOLDER)
    reasons = []
    for command in (
        ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", home, "--shell", "/bin/false", name],
        ["adduser", "--system", "--group", "--no-create-home", "--home", home, "--shell", "/bin/false", name],
    ):
        try:
            finished = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        except OSError as error:
            reasons.append(f"{command[0]}: {error.strerror}")
            continue
        # Looked up even after a failure: another broker may have made it at the same moment.
        entry = _find_user(name)
        if entry is not None:
            return entry
        reasons.append(f"{command[0]}: {finished.stderr.strip()}")
    raise EmbeddedPostgresError(
        f"PostgreSQL refuses to run as root, and the system user {name} cannot be made ({'; '.join(reasons)}): "
        f"make it (useradd --system {name}), run the broker as another user than root, "
        "or set BROKER_DATABASE_URL to a PostgreSQL server of your own"
    )
