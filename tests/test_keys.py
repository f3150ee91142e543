"""Derived keys and grants: known answers, and everything that must not open."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.crypto.keys import (
    Grant,
    GrantError,
    check_value,
    fixed_invitation_key,
    invitation_key,
    length_prefixed,
    matches_check_value,
    new_company_key,
    recovery_key,
    scope_key,
    token_key,
    unwrap_key,
    wrap_key,
)

COMPANY = UUID("0190c0de-0000-7000-8000-000000000001")
MACHINE = UUID("0190c0de-0000-7000-8000-000000000002")
TEAM = UUID("0190c0de-0000-7000-8000-000000000004")
USER = UUID("0190c0de-0000-7000-8000-000000000005")
TOKEN = UUID("0190c0de-0000-7000-8000-000000000006")
COMPANY_KEY = bytes(range(32))
INSTANCE_KEY = bytes(range(32, 64))
NONCE = bytes(range(200, 212))

# Frozen: nobody can open what was wrapped before when one of these changes.
MACHINE_KEY = bytes.fromhex("cd7475880ad8cfec2fe7e3d8a353c4eacf60f883c068e2f67cc069c406d0a9af")
TEAM_KEY = bytes.fromhex("8a7fe0ff264eed7df48574bd021639ca37d6ca1e760a12a769371f708f5c3e0b")
COMPANY_SCOPE_KEY = bytes.fromhex("a9364707ce08d5cdc952c35c4b2b35b01a27b8c2f32f63f2285c9bdf38c3ff13")
TOKEN_TEXT = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
TOKEN_KEY = bytes.fromhex("9591c2fb0e2dba478278577d4703cd60055c35f57dce24fcc5bdb011edd75c6f")

SESSION_GRANT = Grant(COMPANY, "session", TOKEN, "company", COMPANY, 3)
MACHINE_GRANT = Grant(COMPANY, "agent", TOKEN, "machine", MACHINE, 3)
TEAM_GRANT = Grant(COMPANY, "agent", TOKEN, "team", TEAM, 3)
GRANTS = [
    (
        SESSION_GRANT,
        COMPANY_KEY,
        (
            "4a470101010000000003c8c9cacbcccdcecfd0d1d2d367807cdc43eeaf3db1890f79a2858da5d0001d4bad821e2e80f07ce084bdf11c"
            "7ced62467503812b3ad6ef597a64eb4e"
        ),
    ),
    (
        MACHINE_GRANT,
        MACHINE_KEY,
        (
            "4a470101020000000003c8c9cacbcccdcecfd0d1d2d3aaf50b574d3366d69667e6aa0ddb47400f71f7db79ffeacfe4290f3f9e7046ac"
            "58d9fc0c0ba25f573d39612e99282893"
        ),
    ),
    (
        TEAM_GRANT,
        TEAM_KEY,
        (
            "4a470101030000000003c8c9cacbcccdcecfd0d1d2d3edfe9e2061a544474d0571cfac9eba60f7c7c546cf9d1a9ef1de798b17fcd108"
            "be31b0f99122f17b5ce5389cf4a44c5c"
        ),
    ),
]
grants = pytest.mark.parametrize(("grant", "key", "wrapped_key"), GRANTS, ids=["company", "machine", "team"])


def assert_refused(
    wrapped_key: bytes, grant: Grant = SESSION_GRANT, key: bytes = COMPANY_KEY, wrapping_key: bytes = TOKEN_KEY
) -> None:
    with pytest.raises(GrantError) as refusal:
        unwrap_key(wrapping_key, wrapped_key, grant, check_value(key))

    assert str(refusal.value) == "the grant cannot be opened with this key"


def test_derives_the_known_scope_keys() -> None:
    assert scope_key(COMPANY_KEY, COMPANY, "machine", MACHINE) == MACHINE_KEY
    assert scope_key(COMPANY_KEY, COMPANY, "team", TEAM) == TEAM_KEY
    assert scope_key(COMPANY_KEY, COMPANY, "company", COMPANY) == COMPANY_SCOPE_KEY


def test_scope_keys_differ_by_company_key_company_kind_and_id() -> None:
    keys = {
        scope_key(COMPANY_KEY, COMPANY, "machine", MACHINE),
        scope_key(INSTANCE_KEY, COMPANY, "machine", MACHINE),
        scope_key(COMPANY_KEY, TEAM, "machine", MACHINE),
        scope_key(COMPANY_KEY, COMPANY, "team", MACHINE),
        scope_key(COMPANY_KEY, COMPANY, "machine", TEAM),
    }

    assert len(keys) == 5


def test_derives_no_scope_key_for_an_unknown_kind() -> None:
    with pytest.raises(ValueError, match="'user' is not a kind of scope"):
        scope_key(COMPANY_KEY, COMPANY, "user", USER)  # type: ignore[arg-type]  # what a caller could send by mistake


def test_derives_the_known_wrapping_keys() -> None:
    assert token_key(TOKEN_TEXT, TOKEN, COMPANY) == TOKEN_KEY
    assert (
        invitation_key(bytes(range(16)), USER, COMPANY).hex()
        == "953346a0beaf2719c1a486b5ee5d41543d1b068ecea79f6f8ab8d3a16a9ef537"
    )
    assert (
        fixed_invitation_key("AB12CD", INSTANCE_KEY, USER, COMPANY).hex()
        == "97c09e765fbbb41e4059b544e9416c8c16cf2383ea03841abbd433da38020504"
    )
    assert (
        recovery_key(bytes(range(64, 96)), COMPANY).hex()
        == "247f204e29e5dc5c2a187951e5abef8d84d550df2265bae8f217701b6a144f64"
    )


def test_a_token_opens_only_its_own_grants_in_its_own_company() -> None:
    assert token_key(TOKEN_TEXT.upper(), TOKEN, COMPANY) != TOKEN_KEY
    assert token_key(TOKEN_TEXT, USER, COMPANY) != TOKEN_KEY
    assert token_key(TOKEN_TEXT, TOKEN, TEAM) != TOKEN_KEY


def test_the_fixed_activation_code_is_bound_to_instance_user_and_company_but_not_to_case() -> None:
    key = fixed_invitation_key("AB12CD", INSTANCE_KEY, USER, COMPANY)

    assert fixed_invitation_key("ab12cd", INSTANCE_KEY, USER, COMPANY) == key
    assert fixed_invitation_key("AB12CE", INSTANCE_KEY, USER, COMPANY) != key
    assert fixed_invitation_key("AB12CD", COMPANY_KEY, USER, COMPANY) != key
    assert fixed_invitation_key("AB12CD", INSTANCE_KEY, TOKEN, COMPANY) != key
    assert fixed_invitation_key("AB12CD", INSTANCE_KEY, USER, TEAM) != key


@pytest.mark.parametrize("size", [0, 3, 15, 17])
def test_an_invitation_needs_a_code_of_128_bits(size: int) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        invitation_key(bytes(size), USER, COMPANY)


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_takes_no_key_of_another_length(size: int) -> None:
    short = bytes(size)

    with pytest.raises(ValueError, match="32 bytes"):
        scope_key(short, COMPANY, "machine", MACHINE)
    with pytest.raises(ValueError, match="32 bytes"):
        recovery_key(short, COMPANY)
    with pytest.raises(ValueError, match="32 bytes"):
        fixed_invitation_key("AB12CD", short, USER, COMPANY)
    with pytest.raises(ValueError, match="32 bytes"):
        wrap_key(TOKEN_KEY, short, SESSION_GRANT)
    with pytest.raises(ValueError, match="32 bytes"):
        wrap_key(short, COMPANY_KEY, SESSION_GRANT)
    with pytest.raises(ValueError, match="32 bytes"):
        unwrap_key(short, bytes(70), SESSION_GRANT, bytes(16))


def test_new_company_keys_are_32_bytes_and_differ() -> None:
    first, second = new_company_key(), new_company_key()

    assert len(first) == len(second) == 32
    assert first != second


def test_a_check_value_is_known_and_belongs_to_one_key() -> None:
    expected = bytes.fromhex("9a92e9c1baf5754d7d2a41ad2ac5446e")

    assert check_value(COMPANY_KEY) == expected
    assert matches_check_value(COMPANY_KEY, expected)
    assert not matches_check_value(INSTANCE_KEY, expected)
    assert not matches_check_value(COMPANY_KEY, expected[:15])


@grants
def test_wraps_to_the_known_answer(grant: Grant, key: bytes, wrapped_key: str) -> None:
    assert wrap_key(TOKEN_KEY, key, grant, random_bytes=lambda size: NONCE[:size]).hex() == wrapped_key


@grants
def test_unwraps_the_known_answer(grant: Grant, key: bytes, wrapped_key: str) -> None:
    assert unwrap_key(TOKEN_KEY, bytes.fromhex(wrapped_key), grant, check_value(key)) == key


@settings(deadline=None)
@given(
    key=st.binary(min_size=32, max_size=32),
    wrapping_key=st.binary(min_size=32, max_size=32),
    version=st.integers(0, 2**32 - 1),
)
def test_unwraps_what_it_wrapped(key: bytes, wrapping_key: bytes, version: int) -> None:
    grant = replace(MACHINE_GRANT, key_version=version)

    wrapped_key = wrap_key(wrapping_key, key, grant)

    assert len(wrapped_key) == 70
    assert unwrap_key(wrapping_key, wrapped_key, grant, check_value(key)) == key


def test_refuses_every_flipped_bit() -> None:
    wrapped_key = wrap_key(TOKEN_KEY, COMPANY_KEY, SESSION_GRANT)

    for bit in range(len(wrapped_key) * 8):
        changed = bytearray(wrapped_key)
        changed[bit // 8] ^= 1 << bit % 8
        assert_refused(bytes(changed))


def test_refuses_every_truncation_and_extension() -> None:
    wrapped_key = wrap_key(TOKEN_KEY, COMPANY_KEY, SESSION_GRANT)

    for length in range(len(wrapped_key)):
        assert_refused(wrapped_key[:length])
    assert_refused(wrapped_key + b"\0")


def test_refuses_another_wrapping_key() -> None:
    assert_refused(wrap_key(TOKEN_KEY, COMPANY_KEY, SESSION_GRANT), wrapping_key=INSTANCE_KEY)


@pytest.mark.parametrize(
    "change",
    [
        {"company_uuid": TEAM},
        {"holder_kind": "session"},
        {"holder_id": USER},
        {"key_kind": "team"},
        {"key_kind": "company"},
        {"key_id": TEAM},
        {"key_version": 4},
    ],
    ids=str,
)
def test_refuses_a_grant_moved_to_another_row(change: dict[str, object]) -> None:
    wrapped_key = wrap_key(TOKEN_KEY, MACHINE_KEY, MACHINE_GRANT)
    moved = replace(MACHINE_GRANT, **change)  # type: ignore[arg-type]  # each value fits the field it is named for

    assert_refused(wrapped_key, moved, MACHINE_KEY)


@pytest.mark.parametrize(("place", "value"), [(4, 3), (9, 4)], ids=["kind", "key version"])
def test_refuses_a_header_that_was_made_to_fit_another_row(place: int, value: int) -> None:
    wrapped_key = bytearray(wrap_key(TOKEN_KEY, MACHINE_KEY, MACHINE_GRANT))
    wrapped_key[place] = value
    moved = replace(MACHINE_GRANT, key_kind="team") if place == 4 else replace(MACHINE_GRANT, key_version=4)

    assert_refused(bytes(wrapped_key), moved, MACHINE_KEY)


def test_refuses_a_key_with_another_check_value() -> None:
    wrapped_key = wrap_key(TOKEN_KEY, INSTANCE_KEY, SESSION_GRANT)

    assert_refused(wrapped_key, key=COMPANY_KEY)


@pytest.mark.parametrize("change", [{"holder_kind": "bridge"}, {"key_kind": "user"}], ids=str)
def test_knows_no_other_kinds_of_holders_and_keys(change: dict[str, str]) -> None:
    grant = replace(MACHINE_GRANT, **change)  # type: ignore[arg-type]  # what a row could hold by mistake

    with pytest.raises(ValueError, match="cannot hold a key of kind"):
        wrap_key(TOKEN_KEY, MACHINE_KEY, grant)
    with pytest.raises(ValueError, match="cannot hold a key of kind"):
        unwrap_key(TOKEN_KEY, bytes(70), grant, bytes(16))


def test_length_prefixes_are_known_and_keep_fields_apart() -> None:
    assert length_prefixed(b"ab", b"", b"c") == b"\0\0\0\2ab\0\0\0\0\0\0\0\1c"
    assert length_prefixed(b"ab", b"c") != length_prefixed(b"a", b"bc")
