"""The keyring of a database: recorded at the first start, and missed when it is lost."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from broker.commands.doctor import examine
from broker.config import Config
from broker.crypto.keyring import KeyringError
from broker.serving.instance_keys import open_keyring
from tests.serving import environment_of, run

OTHER = "1:" + "ab" * 32


def recorded(admin: psycopg.Connection) -> list[int]:
    return [number for (number,) in admin.execute("select key_number from data.instance_key order by 1").fetchall()]


def refusal(config: Config) -> str:
    with pytest.raises(KeyringError) as refused:
        open_keyring(config)
    return str(refused.value)


@pytest.fixture
def elsewhere(config: Config, tmp_path: Path) -> Config:
    """The settings with a data folder that has no keyring."""
    open_keyring(config)
    return replace(config, data_dir=tmp_path)


def test_the_first_start_records_what_the_key_is_recognised_by(config: Config, admin: psycopg.Connection) -> None:
    keyring = open_keyring(config)

    [(value,)] = admin.execute("select check_value from data.instance_key").fetchall()
    assert recorded(admin) == [1]
    assert len(value) == 16
    assert value not in keyring.key(1)


def test_later_starts_find_their_key(config: Config, admin: psycopg.Connection) -> None:
    assert open_keyring(config) == open_keyring(config)
    assert recorded(admin) == [1]


def test_a_lost_keyring_is_missed_and_no_other_is_made(elsewhere: Config) -> None:
    path = elsewhere.data_dir / "keyring"

    assert refusal(elsewhere) == (
        f"there is no keyring at {path}, but this database's passwords were set with instance key 1, and no other "
        f"opens them: restore {path} from its backup, or set BROKER_KEYRING, or BROKER_DATA_DIR to its folder"
    )
    assert not path.exists()


def test_another_key_of_the_same_number_is_refused(elsewhere: Config) -> None:
    text = refusal(replace(elsewhere, keyring=OTHER))

    assert text.startswith("instance key 1 in BROKER_KEYRING is another than the database's: ")
    assert "ab" * 32 not in text


def test_a_keyring_without_an_older_key_is_refused(elsewhere: Config) -> None:
    text = refusal(replace(elsewhere, keyring="2:" + "ab" * 32))

    assert text.startswith("instance key 1 is not in BROKER_KEYRING, but this database's passwords were set with")


def test_a_keyring_that_was_restored_is_good(config: Config, elsewhere: Config) -> None:
    shutil.copy(config.data_dir / "keyring", elsewhere.data_dir / "keyring")

    assert open_keyring(elsewhere) == open_keyring(config)


def test_a_further_key_is_recorded_beside_the_first(
    config: Config, elsewhere: Config, admin: psycopg.Connection
) -> None:
    first = (config.data_dir / "keyring").read_text().strip()

    keyring = open_keyring(replace(elsewhere, keyring=f"{first},2:{'ab' * 32}"))

    assert keyring.current == 2
    assert recorded(admin) == [1, 2]


def test_who_has_the_brokers_role_reserves_no_number_and_replaces_no_key(
    config: Config, elsewhere: Config, admin: psycopg.Connection
) -> None:
    first = (config.data_dir / "keyring").read_text().strip()
    [(value,)] = admin.execute("select check_value from data.instance_key").fetchall()
    admin.execute("set role broker_app")

    for number in (1, 3, 7, 0, -1, None):
        answer = admin.execute("select keyring.record_instance_key(%s, %s)", [number, bytes(16)]).fetchone()
        assert answer == (False,)
    assert admin.execute("select keyring.record_instance_key(1, %s)", [value]).fetchone() == (True,)
    admin.execute("reset role")

    assert recorded(admin) == [1]
    assert admin.execute("select check_value from data.instance_key").fetchall() == [(value,)]
    assert open_keyring(replace(elsewhere, keyring=f"{first},2:{'ab' * 32}")).current == 2


def test_a_keyring_with_a_gap_is_refused(config: Config, elsewhere: Config, admin: psycopg.Connection) -> None:
    first = (config.data_dir / "keyring").read_text().strip()

    text = refusal(replace(elsewhere, keyring=f"{first},3:{'ab' * 32}"))

    assert text == "instance key 3 in BROKER_KEYRING is not the next one after 1: number new keys one after the other"
    assert recorded(admin) == [1]


def test_several_further_keys_are_recorded_in_order(
    config: Config, elsewhere: Config, admin: psycopg.Connection
) -> None:
    first = (config.data_dir / "keyring").read_text().strip()

    open_keyring(replace(elsewhere, keyring=f"3:{'cd' * 32},{first},2:{'ab' * 32}"))

    assert recorded(admin) == [1, 2, 3]


def test_ten_brokers_that_start_at_once_agree(config: Config, admin: psycopg.Connection) -> None:
    with ThreadPoolExecutor(10) as brokers:
        keyrings = list(brokers.map(lambda _: open_keyring(config), range(10)))

    assert all(keyring == keyrings[0] for keyring in keyrings)
    assert recorded(admin) == [1]


def test_of_brokers_with_different_keys_that_start_at_once_one_serves(config: Config, tmp_path: Path) -> None:
    def start(number: int) -> bool:
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            open_keyring(replace(config, data_dir=folder))
        except KeyringError:
            return False
        return True

    with ThreadPoolExecutor(4) as brokers:
        assert sum(brokers.map(start, range(4))) == 1


def test_serve_says_what_is_wrong(elsewhere: Config) -> None:
    status, output, errors = run("serve", "--port=0", **environment_of(elsewhere))

    assert (status, output) == (2, "")
    assert errors.startswith(f"broker: there is no keyring at {elsewhere.data_dir / 'keyring'}, but this database's")


def test_doctor_says_so_too(config: Config, elsewhere: Config) -> None:
    good = [finding.text for finding in examine(config)]
    bad = [finding.text for finding in examine(replace(elsewhere, keyring=OTHER)) if finding.needs_a_person]

    assert "1 instance keys recognised" in good
    assert [text for text in bad if text.startswith("instance key 1 in BROKER_KEYRING is another")]
