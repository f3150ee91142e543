"""The instance keyring: its text, its file, and several brokers that start at once."""

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from broker.crypto.keyring import InstanceKeyring, KeyringError

ONE, TWO = "11" * 32, "ab" * 32


def test_reads_the_setting_and_uses_the_highest_number(tmp_path: Path) -> None:
    keyring = InstanceKeyring.load(tmp_path, f"2:{TWO.upper()},1:{ONE}")

    assert keyring.current == 2
    assert keyring.key(1) == bytes.fromhex(ONE)
    assert keyring.key(2) == bytes.fromhex(TWO)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("separator", [",", ", ", "\n", "\r\n", " "])
def test_entries_may_stand_on_lines_of_their_own(separator: str) -> None:
    keyring = InstanceKeyring.parse(f"1:{ONE}{separator}2:{TWO}\n", "BROKER_KEYRING")

    assert sorted(keyring.keys) == [1, 2]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", 1),
        (" \n", 1),
        (ONE, 1),
        (f"1:{ONE}00", 1),
        (f"1:{ONE[:-1]}", 1),
        (f"0:{ONE}", 1),
        (f"01:{ONE}", 1),
        (f"-1:{ONE}", 1),
        (f"2147483648:{ONE}", 1),
        (f"1:{ONE},2:{TWO[:-1]}g", 2),
        (f"1:{ONE},,2", 2),
    ],
)
def test_refuses_another_form_without_repeating_it(tmp_path: Path, text: str, place: int) -> None:
    with pytest.raises(KeyringError) as refusal:
        InstanceKeyring.load(tmp_path, text)

    assert str(refusal.value) == f"BROKER_KEYRING: entry {place} is not of the form <number>:<64 hex digits>"


def test_refuses_a_number_used_twice(tmp_path: Path) -> None:
    with pytest.raises(KeyringError, match="BROKER_KEYRING: key 1 is there twice"):
        InstanceKeyring.load(tmp_path, f"1:{ONE},1:{TWO}")


def test_names_the_key_that_is_missing() -> None:
    keyring = InstanceKeyring.parse(f"2:{TWO}", "BROKER_KEYRING")

    with pytest.raises(KeyringError, match="instance key 1 is not in the keyring"):
        keyring.key(1)


def test_shows_no_key_when_it_is_printed() -> None:
    keyring = InstanceKeyring.parse(f"1:{ONE}", "BROKER_KEYRING")

    assert repr(keyring) == "InstanceKeyring()"


def test_makes_a_private_file_at_the_first_start_and_reads_it_at_the_second(tmp_path: Path) -> None:
    first = InstanceKeyring.load(tmp_path, None)
    second = InstanceKeyring.load(tmp_path, None)

    assert first == second
    assert first.current == 1
    assert len(first.key(1)) == 32
    assert [entry.name for entry in tmp_path.iterdir()] == ["keyring"]
    assert stat.S_IMODE((tmp_path / "keyring").stat().st_mode) == 0o600


def test_two_installations_have_different_keys(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()

    assert InstanceKeyring.load(tmp_path / "one", None) != InstanceKeyring.load(tmp_path / "two", None)


def test_brokers_that_start_at_once_get_the_same_keyring(tmp_path: Path) -> None:
    start = threading.Barrier(16)

    def load(_: int) -> InstanceKeyring:
        start.wait(timeout=30)
        return InstanceKeyring.load(tmp_path, None)

    with ThreadPoolExecutor(16) as brokers:
        keyrings = list(brokers.map(load, range(16)))

    assert all(keyring == keyrings[0] for keyring in keyrings)
    assert [entry.name for entry in tmp_path.iterdir()] == ["keyring"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o601])
def test_refuses_a_file_that_others_can_open(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keyring"
    path.write_text(f"1:{ONE}\n")
    path.chmod(mode)

    with pytest.raises(KeyringError) as refusal:
        InstanceKeyring.load(tmp_path, None)

    assert str(refusal.value) == f"keyring file {path} is open to group or others (mode {mode:04o}): chmod 600 {path}"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"1:" + b"\0" * 64])
def test_never_replaces_a_damaged_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keyring"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(KeyringError, match=f"keyring file {path}: entry 1 is not of the form"):
        InstanceKeyring.load(tmp_path, None)
    assert path.read_bytes() == content


def test_refuses_a_directory_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "keyring").mkdir(mode=0o700)

    with pytest.raises(KeyringError, match=f"keyring file {tmp_path / 'keyring'}"):
        InstanceKeyring.load(tmp_path, None)


def test_names_the_file_when_the_directory_is_missing(tmp_path: Path) -> None:
    with pytest.raises(KeyringError, match=f"keyring file {tmp_path / 'gone' / 'keyring'}: {os.strerror(2)}"):
        InstanceKeyring.load(tmp_path / "gone", None)
