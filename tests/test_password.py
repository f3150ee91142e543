"""Passwords: known answers, what the keys depend on, and the gate in threads and under gevent."""

import queue
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from broker.crypto.password import (
    CURRENT_PARAMETERS,
    Argon2Gate,
    GateFullError,
    PasswordParameters,
    derive_password_keys,
    needs_upgrade,
    password_user_hash,
)

USER = UUID("0190c0de-0000-7000-8000-000000000005")
SALT = bytes(range(16))
INSTANCE_KEY = bytes(range(32, 64))
USER_HASH = bytes.fromhex("0b62f3c0158bdc926142ae9fc68f36969df59bf2addc4c9f402929c4ab656f82")
CHEAP = PasswordParameters(memory_kib=64, passes=1)
WAIT_SECONDS = 30


def test_a_typed_password_gives_what_existing_clients_send() -> None:
    assert password_user_hash("Test@Pass123!") == USER_HASH


def test_a_password_may_hold_any_characters() -> None:
    assert password_user_hash("pässwörd🔑") != password_user_hash("password")


@pytest.mark.parametrize(
    ("parameters", "kek", "verifier"),
    [
        (
            PasswordParameters(65536, 3, 1),
            "0c1113cb10078a723d228c3adde0bd211ea3e4563fc8c04e176db192e6317a58",
            "124690b3af7d105d864908b240bdff13d5078672f8b1aa5bbfacc5d5399ef187",
        ),
        (
            CHEAP,
            "f8527646cc873961b9cfbcf89172692f7d65ba7e2b37717ce8e9f4a3642df8e0",
            "3cb0d6be9129efee684fabcfb4b1a69e0f60b07c5ddb2381e2ea3f3c08dde9c0",
        ),
    ],
    ids=["real cost", "cheap"],
)
def test_derives_the_known_keys(parameters: PasswordParameters, kek: str, verifier: str) -> None:
    keys = derive_password_keys(USER_HASH, SALT, parameters, INSTANCE_KEY, USER)

    assert keys.kek.hex() == kek
    assert keys.verifier.hex() == verifier
    assert sha256(keys.proof).hexdigest() == verifier


def test_the_real_parameters_are_those_of_the_specification() -> None:
    assert PasswordParameters(memory_kib=65536, passes=3, lanes=1) == CURRENT_PARAMETERS


def test_both_keys_depend_on_every_input() -> None:
    all_keys = [
        derive_password_keys(USER_HASH, SALT, CHEAP, INSTANCE_KEY, USER),
        derive_password_keys(bytes(32), SALT, CHEAP, INSTANCE_KEY, USER),
        derive_password_keys(USER_HASH, bytes(16), CHEAP, INSTANCE_KEY, USER),
        derive_password_keys(USER_HASH, SALT, PasswordParameters(128, 1), INSTANCE_KEY, USER),
        derive_password_keys(USER_HASH, SALT, PasswordParameters(64, 2), INSTANCE_KEY, USER),
        derive_password_keys(USER_HASH, SALT, PasswordParameters(64, 1, 2), INSTANCE_KEY, USER),
        derive_password_keys(USER_HASH, SALT, CHEAP, bytes(32), USER),
        derive_password_keys(USER_HASH, SALT, CHEAP, INSTANCE_KEY, UUID(int=1)),
    ]

    assert len({keys.kek for keys in all_keys} | {keys.verifier for keys in all_keys}) == 2 * len(all_keys)


def test_recognises_the_password_by_its_verifier() -> None:
    stored = derive_password_keys(USER_HASH, SALT, CHEAP, INSTANCE_KEY, USER).verifier

    right = derive_password_keys(USER_HASH, SALT, CHEAP, INSTANCE_KEY, USER)
    wrong = derive_password_keys(password_user_hash("Test@Pass123"), SALT, CHEAP, INSTANCE_KEY, USER)

    assert right.matches(stored)
    assert not wrong.matches(stored)
    assert not right.matches(stored[:31])


def test_shows_no_key_when_it_is_printed() -> None:
    assert repr(derive_password_keys(USER_HASH, SALT, CHEAP, INSTANCE_KEY, USER)) == "PasswordKeys()"


@pytest.mark.parametrize(
    ("user_hash", "salt", "instance_key"),
    [(bytes(31), SALT, INSTANCE_KEY), (USER_HASH, bytes(8), INSTANCE_KEY), (USER_HASH, SALT, bytes(16))],
    ids=["user hash", "salt", "instance key"],
)
def test_takes_no_input_of_another_length(user_hash: bytes, salt: bytes, instance_key: bytes) -> None:
    with pytest.raises(ValueError, match="bytes"):
        derive_password_keys(user_hash, salt, CHEAP, instance_key, USER)


def test_rows_with_other_parameters_need_an_upgrade() -> None:
    assert not needs_upgrade(CURRENT_PARAMETERS)
    assert needs_upgrade(PasswordParameters(19456, 2, 1))
    assert not needs_upgrade(CHEAP, current=CHEAP)


def test_the_gate_returns_and_raises_what_the_derivation_does() -> None:
    gate = Argon2Gate(at_once=1, waiting=0)

    assert gate.run(lambda: 42) == 42
    with pytest.raises(ZeroDivisionError):
        gate.run(lambda: 1 // 0)
    assert gate.run(lambda: 43) == 43


def test_two_derivations_run_32_wait_and_the_rest_is_refused() -> None:
    gate = Argon2Gate(at_once=2)
    started: queue.Queue[int] = queue.Queue()
    refused: queue.Queue[GateFullError] = queue.Queue()
    go_on = threading.Semaphore(0)

    def derivation() -> None:
        started.put(1)
        assert go_on.acquire(timeout=WAIT_SECONDS)

    def sign_in() -> None:
        try:
            gate.run(derivation)
        except GateFullError as refusal:
            refused.put(refusal)

    with ThreadPoolExecutor(40) as callers:
        calls = [callers.submit(sign_in) for _ in range(40)]
        try:
            # None can finish yet, so six refusals mean that 34 are inside.
            refusals = [refused.get(timeout=WAIT_SECONDS) for _ in range(6)]
            with pytest.raises(GateFullError):
                gate.run(derivation)
            running_at_first = [started.get(timeout=WAIT_SECONDS) for _ in range(2)]
            third_waits = started.empty()
            go_on.release()
            started.get(timeout=WAIT_SECONDS)
            fourth_waits = started.empty()
        finally:
            go_on.release(len(calls))
        for call in calls:
            call.result(timeout=WAIT_SECONDS)

    assert refusals[0].retry_after_seconds == 7
    assert len(running_at_first) == 2
    assert third_waits
    assert fourth_waits
    assert started.qsize() == 31
    assert refused.empty()
    assert gate.run(lambda: "room again") == "room again"


UNDER_GEVENT = """
import functools
import gevent.monkey
gevent.monkey.patch_all()
import gevent
from broker.crypto.password import Argon2Gate, GateFullError

get_ident = gevent.monkey.get_original("_thread", "get_ident")
closed = gevent.monkey.get_original("_thread", "allocate_lock")()
closed.acquire()
gate = Argon2Gate(at_once=2)
hub_thread = get_ident()
threads, inside, peak, refused = set(), [], [], []

def derivation():
    inside.append(1)
    peak.append(len(inside))
    threads.add(get_ident())
    closed.acquire()      # would stop every greenlet if it ran in the hub's thread
    closed.release()
    inside.pop()

def sign_in():
    try:
        gate.run(derivation)
    except GateFullError:
        refused.append(1)

greenlets = [gevent.spawn(sign_in) for _ in range(40)]
gevent.wait(greenlets, count=6)
assert len(refused) == 6, refused
closed.release()
gevent.joinall(greenlets, raise_error=True)
assert len(refused) == 6, refused
assert len(peak) == 34 and max(peak) <= 2, peak
assert hub_thread not in threads
try:
    gate.run(functools.partial(int, "a secret"))
except ValueError:
    print("raised")
"""


def test_under_gevent_derivations_run_in_real_threads_and_other_greenlets_go_on() -> None:
    root = Path(__file__).parents[1]

    process = subprocess.run(
        [sys.executable, "-c", UNDER_GEVENT],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )

    # Nothing on stderr: gevent would print what a failed derivation was called with.
    assert (process.stdout, process.stderr) == ("raised\n", "")
