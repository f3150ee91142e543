"""Key pairs of principals and grants sealed to them: known answers, and everything that must not open or be trusted."""

from collections.abc import Callable, Iterator
from dataclasses import astuple, replace
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from broker.crypto.held import KeyOpener
from broker.crypto.keys import Grant, GrantError, check_value, wrap_key
from broker.crypto.principals import (
    Principal,
    PrincipalError,
    PrincipalRecord,
    PrincipalSecret,
    endorse_principal,
    make_principal,
    open_principal,
    verify_principal,
)
from broker.crypto.sealed_keys import open_sealed_key, seal_key

COMPANY = UUID("0190c0de-0000-7000-8000-000000000001")
MACHINE = UUID("0190c0de-0000-7000-8000-000000000002")
OTHER = UUID("0190c0de-0000-7000-8000-000000000005")
TOKEN = UUID("0190c0de-0000-7000-8000-000000000006")
COMPANY_KEY = bytes(range(32))
NEXT_KEY = bytes(range(32, 64))
TOKEN_KEY = bytes(range(64, 96))
SECRET = PrincipalSecret(bytes(range(100, 132)), bytes(range(132, 164)))
AGENT = Principal(COMPANY, "agent", TOKEN)
GRANT = Grant(COMPANY, "agent", TOKEN, "machine", MACHINE, 4)
KEY = bytes(range(164, 196))


# Frozen: nobody can open what was wrapped before when one of these changes.
RECORD = PrincipalRecord(
    public_key=bytes.fromhex("7d9c24316539825c1896e57f28197746793ce60cbee3ad47da9d07b85fa55e2a"),
    wrapped=bytes.fromhex(
        "4a5001010100a4a5a6a7a8a9aaabacadaeafb3bcc76a685af69c611b20c9fb81adf1b3d0e6e5797de44dfbf9a6c0257a11e7c44d1c331c"
        "f3b821451f64e46ca005a1a8d7a7f2fb8343f8b8c219cde831ad8b7a475b88b7bc56b7079227817c77afc8"
    ),
    check_value=bytes.fromhex("61c875a5af78b4a6170c1c75758f0ae8"),
    key_version=3,
    endorsement=bytes.fromhex(
        "4a5001010200b0b1b2b3b4b5b6b7b8b9babb988ee5f027a1e3b81111ae2fe87b2961da9b6385374fb33be803f3f2414539aa732d4787f0"
        "0f0ca49186e9061ec8ab82"
    ),
    mac=bytes.fromhex("9521f731883c2a9835baff2dfc884b5e921eb46ce54dcaa8a30fb9ac119fc821"),
)
ENDORSED = replace(
    RECORD,
    key_version=4,
    endorsement=bytes.fromhex(
        "4a5001010200c8c9cacbcccdcecfd0d1d2d35e91b0154a65f8feb763ba1a01e599f73df6f4f4db1e4679900676945e567403d95c64b044"
        "6b5dd0766268985e3d1474"
    ),
    mac=bytes.fromhex("5ed9a337f98fd32771f3f80e69eeb4ea91f959a2e2aeee7ca041a0092f9c4026"),
)
SEALED = bytes.fromhex(
    "4a4701020200000000048079e99959c7a496abaab7954d3665531f29bf6cf92cfb63197bff14286397739fa9cf5dc96690201e19a85584c7"
    "34bc235c05211e9e14378a08e4f23cb26225c2fbe54090066d9241ea74be1dbabe54"
)
MOVES = [{"company_uuid": OTHER}, {"holder_kind": "session"}, {"holder_kind": "user"}, {"holder_id": OTHER}]


def counting_bytes(start: int) -> Callable[[int], bytes]:
    """Bytes that count on from one call to the next."""
    place = start

    def take(size: int) -> bytes:
        nonlocal place
        place += size
        return bytes(range(place - size, place))

    return take


def packed(record: PrincipalRecord) -> bytes:
    return b"".join(part if isinstance(part, bytes) else part.to_bytes(4, "big") for part in astuple(record))


def flips(data: bytes) -> Iterator[bytes]:
    """The data with each of its bits flipped, one at a time."""
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


def assert_closed(sealed: bytes, secret: PrincipalSecret = SECRET, grant: Grant = GRANT, key: bytes = KEY) -> None:
    with pytest.raises(GrantError) as refusal:
        open_sealed_key(secret, sealed, grant, check_value(key))

    assert str(refusal.value) == "the grant cannot be opened with this key"


def assert_not_trusted(record: PrincipalRecord, principal: Principal = AGENT, company_key: bytes = COMPANY_KEY) -> None:
    with pytest.raises(PrincipalError):
        verify_principal(principal, record, company_key)


def test_makes_the_known_key_pair() -> None:
    assert make_principal(AGENT, TOKEN_KEY, COMPANY_KEY, 3, counting_bytes(100)) == RECORD


def test_opens_the_known_key_pair() -> None:
    assert open_principal(AGENT, TOKEN_KEY, RECORD) == SECRET
    assert verify_principal(AGENT, RECORD, COMPANY_KEY) == SECRET.endorsement_key


def test_endorses_to_the_known_answer_under_the_next_company_key() -> None:
    endorsed = endorse_principal(AGENT, RECORD, COMPANY_KEY, NEXT_KEY, 4, counting_bytes(200))

    assert endorsed == ENDORSED
    assert verify_principal(AGENT, endorsed, NEXT_KEY) == SECRET.endorsement_key


def test_opens_the_known_sealed_key() -> None:
    assert open_sealed_key(SECRET, SEALED, GRANT, check_value(KEY)) == KEY


def test_opens_what_it_sealed() -> None:
    sealed = seal_key(RECORD.public_key, SECRET.endorsement_key, KEY, GRANT)

    assert len(sealed) == len(SEALED) == 90
    assert sealed != SEALED
    assert open_sealed_key(SECRET, sealed, GRANT, check_value(KEY)) == KEY


def test_reads_a_record_as_the_database_packs_it() -> None:
    assert PrincipalRecord.parse(packed(RECORD)) == RECORD


@pytest.mark.parametrize("size", [0, 247, 249])
def test_reads_no_record_of_another_length(size: int) -> None:
    with pytest.raises(PrincipalError):
        PrincipalRecord.parse(bytes(size))


def test_a_holder_opens_both_forms() -> None:
    opener = KeyOpener(COMPANY, "agent", TOKEN, TOKEN_KEY, packed(RECORD))

    wrapped = opener.open("machine", MACHINE, 4, wrap_key(TOKEN_KEY, KEY, GRANT), check_value(KEY))
    sealed = opener.open("machine", MACHINE, 4, SEALED, check_value(KEY))

    assert (wrapped, sealed) == (KEY, KEY)


def test_a_holders_key_pair_is_left_alone_while_no_grant_needs_it() -> None:
    opener = KeyOpener(COMPANY, "agent", TOKEN, TOKEN_KEY, b"broken")

    assert opener.open("machine", MACHINE, 4, wrap_key(TOKEN_KEY, KEY, GRANT), check_value(KEY)) == KEY


@pytest.mark.parametrize("pair", [None, b"broken", packed(replace(RECORD, public_key=bytes(32)))])
def test_without_his_key_pair_a_holder_opens_no_sealed_key(pair: bytes | None) -> None:
    opener = KeyOpener(COMPANY, "agent", TOKEN, TOKEN_KEY, pair)

    with pytest.raises(GrantError):
        opener.open("machine", MACHINE, 4, SEALED, check_value(KEY))


@pytest.mark.parametrize("algorithm", [0, 1, 3, 255])
def test_refuses_another_algorithm_in_either_form(algorithm: int) -> None:
    opener = KeyOpener(COMPANY, "agent", TOKEN, TOKEN_KEY, packed(RECORD))
    wrapped = wrap_key(TOKEN_KEY, KEY, GRANT)

    for form in (SEALED, wrapped[:3] + b"\2" + wrapped[4:], wrapped[:3] + b"\0" + wrapped[4:]):
        changed = form[:3] + bytes([algorithm]) + form[4:] if form is SEALED else form
        with pytest.raises(GrantError):
            opener.open("machine", MACHINE, 4, changed, check_value(KEY))


def test_a_sealed_key_opens_with_no_bit_flipped() -> None:
    for changed in flips(SEALED):
        assert_closed(changed)


def test_a_sealed_key_opens_neither_shortened_nor_longer() -> None:
    for length in range(len(SEALED)):
        assert_closed(SEALED[:length])
    assert_closed(SEALED + b"\0")


@pytest.mark.parametrize(
    "change", [*MOVES, {"key_kind": "team"}, {"key_kind": "company"}, {"key_id": OTHER}, {"key_version": 5}], ids=str
)
def test_refuses_a_sealed_key_moved_to_another_row(change: dict[str, object]) -> None:
    moved = replace(GRANT, **change)  # type: ignore[arg-type]  # each value fits the field it is named for

    assert_closed(SEALED, grant=moved)
    header = b"JG\1\2" + {"company": b"\1", "machine": b"\2", "team": b"\3"}[moved.key_kind] + b"\0"
    assert_closed(header + moved.key_version.to_bytes(4, "big") + SEALED[10:], grant=moved)


def test_refuses_a_sealed_key_for_another_principal() -> None:
    assert_closed(SEALED, secret=replace(SECRET, private_key=bytes(range(1, 33))))


def test_refuses_a_key_that_somebody_without_the_company_key_sealed() -> None:
    """He knows the public half, and everything that is written in the row."""
    for guess in (bytes(32), bytes(range(32)), RECORD.mac):
        assert_closed(seal_key(RECORD.public_key, guess, KEY, GRANT))


def test_refuses_a_sealed_key_with_another_check_value() -> None:
    assert_closed(seal_key(RECORD.public_key, SECRET.endorsement_key, NEXT_KEY, GRANT))


def test_trusts_no_public_half_that_somebody_put_in_place_of_the_right_one() -> None:
    own = X25519PrivateKey.from_private_bytes(bytes(range(32))).public_key().public_bytes_raw()

    assert_not_trusted(replace(RECORD, public_key=own))
    assert_not_trusted(make_principal(AGENT, TOKEN_KEY, NEXT_KEY, 3))


@pytest.mark.parametrize("move", MOVES, ids=str)
def test_trusts_no_record_of_another_principal(move: dict[str, object]) -> None:
    moved = replace(AGENT, **move)  # type: ignore[arg-type]  # each value fits the field it is named for

    assert_not_trusted(RECORD, moved)
    with pytest.raises(PrincipalError):
        open_principal(moved, TOKEN_KEY, RECORD)


@pytest.mark.parametrize("field", ["public_key", "endorsement", "mac"])
def test_trusts_no_record_with_a_bit_flipped(field: str) -> None:
    for changed in flips(getattr(RECORD, field)):
        assert_not_trusted(replace(RECORD, **{field: changed}))  # type: ignore[arg-type]  # bytes, all three


def test_trusts_no_record_under_another_version_or_key() -> None:
    assert_not_trusted(replace(RECORD, key_version=4))
    assert_not_trusted(RECORD, company_key=NEXT_KEY)
    assert_not_trusted(replace(RECORD, endorsement=ENDORSED.endorsement))


@pytest.mark.parametrize("field", ["public_key", "wrapped", "check_value"])
def test_opens_no_secrets_with_a_bit_flipped(field: str) -> None:
    for changed in flips(getattr(RECORD, field)):
        with pytest.raises(PrincipalError):
            open_principal(AGENT, TOKEN_KEY, replace(RECORD, **{field: changed}))  # type: ignore[arg-type]  # bytes


def test_takes_no_key_of_another_length() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        make_principal(AGENT, bytes(16), COMPANY_KEY, 3)
    with pytest.raises(ValueError, match="32 bytes"):
        make_principal(AGENT, TOKEN_KEY, bytes(16), 3)
    with pytest.raises(ValueError, match="32 bytes"):
        open_principal(AGENT, bytes(16), RECORD)
    with pytest.raises(ValueError, match="32 bytes"):
        verify_principal(AGENT, RECORD, bytes(16))
    with pytest.raises(ValueError, match="32 bytes"):
        seal_key(RECORD.public_key, SECRET.endorsement_key, bytes(16), GRANT)


def test_shows_no_secret_when_printed() -> None:
    assert repr(SECRET) == "PrincipalSecret()"
