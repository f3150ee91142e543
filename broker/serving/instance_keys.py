"""Whether the keyring is the one that a database was used with; with another every password would fail.

The first broker of a database records by what its instance keys are recognised, and every start looks.
"""

from collections.abc import Mapping

import psycopg

from broker.config import Config
from broker.crypto.keyring import FILE_NAME, InstanceKeyring, KeyringError
from broker.crypto.keys import check_value, matches_check_value
from broker.database.urls import serving_url

CONNECT_SECONDS = 10
READ = "select key_number, check_value from keyring.instance_keys()"
RECORD = "select keyring.record_instance_key(%s, %s)"


def open_keyring(config: Config) -> InstanceKeyring:
    """The instance keyring, made at the first start of a database, and refused when it is not the database's.

    Any number of brokers may do this at once.

    Raises:
        KeyringError: it cannot be used, is lost, or belongs to another database; the text says what to do.
        psycopg.Error: the database cannot be asked.
    """
    with psycopg.connect(serving_url(config), autocommit=True, connect_timeout=CONNECT_SECONDS) as connection:
        recorded: dict[int, bytes] = dict(connection.execute(READ).fetchall())
        if recorded and config.keyring is None and not (config.data_dir / FILE_NAME).exists():
            raise KeyringError(f"there is no keyring at {config.data_dir / FILE_NAME}, but {remedy(config, recorded)}")
        keyring = InstanceKeyring.load(config.data_dir, config.keyring)
        complaint = complain(keyring, recorded, config)
        if complaint:
            raise KeyringError(complaint)
        for number in sorted(keyring.keys.keys() - recorded.keys()):
            value = check_value(keyring.key(number))
            [is_ours] = connection.execute(RECORD, [number, value]).fetchone() or [False]
            if not is_ours:
                raise KeyringError(tell_difference(number, config))
    return keyring


def complain(keyring: InstanceKeyring, recorded: Mapping[int, bytes], config: Config) -> str | None:
    """What is wrong with a keyring, or None.

    Args:
        recorded: the check values that the database knows, by number.
    """
    for number, value in recorded.items():
        if number not in keyring.keys:
            return f"instance key {number} is not in {name_of(config)}, but {remedy(config, recorded)}"
        if not matches_check_value(keyring.key(number), value):
            return tell_difference(number, config)
    last = max(recorded, default=None)
    for number in sorted(keyring.keys.keys() - recorded.keys()):
        if last is not None and number != last + 1:
            return (
                f"instance key {number} in {name_of(config)} is not the next one after {last}: "
                "number new keys one after the other"
            )
        last = number
    return None


def tell_difference(number: int, config: Config) -> str:
    """That a key is not the one that is recorded under its number."""
    return f"instance key {number} in {name_of(config)} is another than the database's: {remedy(config, [number])}"


def remedy(config: Config, numbers: Mapping[int, bytes] | list[int]) -> str:
    """Why this broker may not serve this database, and what to do."""
    listed = ", ".join(map(str, sorted(numbers)))
    return (
        f"this database's passwords were set with instance key {listed}, and no other opens them: restore "
        f"{config.data_dir / FILE_NAME} from its backup, or set BROKER_KEYRING, or BROKER_DATA_DIR to its folder"
    )


def name_of(config: Config) -> str:
    """Where this keyring comes from."""
    return "BROKER_KEYRING" if config.keyring is not None else f"the keyring file {config.data_dir / FILE_NAME}"
