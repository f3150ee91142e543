"""The instance keyring: numbered secrets that live outside the database, so that a dump alone opens nothing.

    text form: <number>:<64 hex digits>, entries separated by commas or white space; the highest number is current

It comes from the setting BROKER_KEYRING or from the file `keyring` (mode 0600) in the data directory. Whoever loses it
loses every password; it belongs into a backup, but not into the one of the database.
"""

import os
import re
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from broker.crypto.keys import KEY_BYTES

FILE_NAME = "keyring"

_LARGEST_NUMBER = 2**31 - 1
_MODE = 0o600
_OTHERS = 0o077


class KeyringError(Exception):
    """The keyring is absent, unreadable or malformed; the text says where and what to do."""


@dataclass(frozen=True, slots=True)
class InstanceKeyring:
    """Numbered instance keys, 32 bytes each; at least one."""

    keys: dict[int, bytes] = field(repr=False)

    @property
    def current(self) -> int:
        """Number of the key that new records use."""
        return max(self.keys)

    def key(self, number: int) -> bytes:
        """Give the key that a record names.

        Raises:
            KeyringError: the keyring does not hold it (any more).
        """
        try:
            return self.keys[number]
        except KeyError:
            raise KeyringError(f"instance key {number} is not in the keyring") from None

    @classmethod
    def load(cls, data_dir: Path, text: str | None) -> Self:
        """Read the keyring, and make one with a single new key at the first start.

        Any number of brokers may start at once on one data directory: all get the same keyring.

        Args:
            data_dir: existing directory that holds, or will hold, the keyring file.
            text: value of BROKER_KEYRING; if it is set the file is neither read nor made.

        Raises:
            KeyringError: malformed text, a file that others can read, a directory that cannot be used.
        """
        if text is not None:
            return cls.parse(text, "BROKER_KEYRING")
        path = data_dir / FILE_NAME
        try:
            found = _read_private(path)
            if found is None:
                _create(path, f"1:{secrets.token_hex(KEY_BYTES)}\n")
                found = _read_private(path)
        except OSError as error:
            raise KeyringError(f"keyring file {path}: {error.strerror}") from error
        if found is None:
            raise KeyringError(f"keyring file {path} was removed while the broker started")
        return cls.parse(found, f"keyring file {path}")

    @classmethod
    def parse(cls, text: str, source: str) -> Self:
        """Read the text form.

        Args:
            source: what to call the text in an error.

        Raises:
            KeyringError: nothing in it, an entry of another form, a number used twice.
        """
        keys: dict[int, bytes] = {}
        for place, entry in enumerate(re.split(r"[,\s]+", text.strip(", \t\r\n")), start=1):
            # The entry itself is a secret and never part of a message.
            match = re.fullmatch(r"([1-9][0-9]{0,9}):([0-9a-fA-F]{64})", entry)
            if match is None or int(match[1]) > _LARGEST_NUMBER:
                raise KeyringError(f"{source}: entry {place} is not of the form <number>:<64 hex digits>")
            number = int(match[1])
            if number in keys:
                raise KeyringError(f"{source}: key {number} is there twice")
            keys[number] = bytes.fromhex(match[2])
        return cls(keys)


def _read_private(path: Path) -> str | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, encoding="ascii", errors="replace") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise KeyringError(f"keyring file {path} is not a regular file")
        if mode & _OTHERS:
            raise KeyringError(
                f"keyring file {path} is open to group or others (mode {stat.S_IMODE(mode):04o}): chmod 600 {path}"
            )
        return file.read()


def _create(path: Path, text: str) -> None:
    # Written whole under another name and then linked: a link never replaces a file, so of two brokers that start at
    # once one wins, and nobody ever reads half a keyring, not even after a power cut.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        _sync_directory(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
