"""Vaults: known answers for every format, round trips, and everything that must not open."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.crypto.fingerprint import fingerprint
from broker.crypto.keys import scope_key
from broker.crypto.vault import (
    VaultError,
    VaultOwner,
    VaultRecord,
    associated_data,
    open_vault,
    seal_vault,
)

COMPANY = UUID("0190c0de-0000-7000-8000-000000000001")
MACHINE = UUID("0190c0de-0000-7000-8000-000000000002")
ITEM = UUID("0190c0de-0000-7000-8000-000000000003")
TEAM = UUID("0190c0de-0000-7000-8000-000000000004")
COMPANY_KEY = bytes(range(32))
SCOPE_KEY = scope_key(COMPANY_KEY, COMPANY, "machine", MACHINE)
KEY_VERSION = 3

REQUEST = VaultOwner("machine", MACHINE, "queue_item", ITEM, 0, "request")
RESPONSE = VaultOwner("machine", MACHINE, "queue_item", ITEM, 2, "response")
ENTITY = VaultOwner("machine", MACHINE, "team", TEAM, 0, "team")

# Frozen: data key 64..83, nonces c8..d3 and d4..df, vault id -2, key version 3. Records in databases look like this,
# so these bytes are never edited; a new format adds its own.
KNOWN_ANSWERS = [
    (
        REQUEST,
        b'{"cmd":"uptime"}',
        (
            "4a560101010000000003c8c9cacbcccdcecfd0d1d2d3c04b790fa6461c75be31b6448d090525e76db82cc606d26208b4a682ab55a0b7"
            "3deeea49395ee5812ae13e6a9377be6f"
        ),
        "4a56010101000000d4d5d6d7d8d9dadbdcdddedff38e0d44093cb17dc983019837a87d53d234afb8f7865340b2d99b3592e6ee2d",
        "c713265c346c60d0e30eb480e35c86e66057ee76eecf61e6b4500869c7d219fa",
    ),
    (
        RESPONSE,
        b'{"ok":true}',
        (
            "4a560101020000000003c8c9cacbcccdcecfd0d1d2d3c04b790fa6461c75be31b6448d090525e76db82cc606d26208b4a682ab55a0b7"
            "fa3ec622315262f80d7537a66bd749f6"
        ),
        "4a56010102000000d4d5d6d7d8d9dadbdcdddedff38e01424f24ff2dc996084b874d93433091be8703c30b408de6ab",
        "3e037c9d496abf3ab99c27c52f678687b882f5ce494aaf48f295cc4793e1c7aa",
    ),
    (
        ENTITY,
        b"{}",
        (
            "4a560101030000000003c8c9cacbcccdcecfd0d1d2d3c04b790fa6461c75be31b6448d090525e76db82cc606d26208b4a682ab55a0b7"
            "2295b458286120e4ba2fd0d8078e92b2"
        ),
        "4a56010103000000d4d5d6d7d8d9dadbdcdddedff3d1241b1279e0f033516f5cd853f85098a3",
        "319d7223aebf752bf343e3db0797139cde8ff1c81fc43797b9c7b3c433c5beb4",
    ),
]
known_answers = pytest.mark.parametrize(
    ("owner", "text", "wrapped_key", "content", "mark"), KNOWN_ANSWERS, ids=["request", "response", "entity"]
)
owners = pytest.mark.parametrize("owner", [REQUEST, RESPONSE, ENTITY], ids=["request", "response", "entity"])


def counting_bytes() -> Callable[[int], bytes]:
    """Give 64 65 66 ... up to the vault id, which is -2."""
    stream = iter([bytes(range(100, 132)), bytes(range(200, 212)), bytes(range(212, 224)), b"\xff" * 7 + b"\xfe"])
    return lambda size: next(stream)[:size]


def sealed(owner: VaultOwner = REQUEST, text: bytes = b'{"cmd":"uptime"}') -> VaultRecord:
    return seal_vault(text, owner, COMPANY, KEY_VERSION, SCOPE_KEY)


def assert_refused(record: VaultRecord, company: UUID = COMPANY, key: bytes = SCOPE_KEY) -> None:
    with pytest.raises(VaultError) as refusal:
        open_vault(record, company, key)

    assert str(refusal.value) == "the vault cannot be opened with this key"


@known_answers
def test_seals_to_the_known_answer(owner: VaultOwner, text: bytes, wrapped_key: str, content: str, mark: str) -> None:
    record = seal_vault(
        text, owner, COMPANY, KEY_VERSION, SCOPE_KEY, fingerprint_context=b"create-42", random_bytes=counting_bytes()
    )

    assert record.wrapped_key.hex() == wrapped_key
    assert record.content.hex() == content
    assert record.vault_id == -2
    assert record.fingerprint == bytes.fromhex(mark)


@known_answers
def test_opens_the_known_answer(owner: VaultOwner, text: bytes, wrapped_key: str, content: str, mark: str) -> None:
    record = VaultRecord(
        owner.scope_kind,
        owner.scope_id,
        owner.owner_kind,
        owner.owner_id,
        owner.attempt,
        owner.vault_name,
        -2,
        bytes.fromhex(wrapped_key),
        bytes.fromhex(content),
        bytes.fromhex(mark),
    )

    text_found = open_vault(record, COMPANY, SCOPE_KEY)

    assert text_found == text
    assert record.key_version == KEY_VERSION


@settings(deadline=None)
@given(text=st.binary(max_size=4096), attempt=st.integers(0, 2**32 - 1), version=st.integers(0, 2**32 - 1))
def test_opens_what_it_sealed(text: bytes, attempt: int, version: int) -> None:
    record = seal_vault(text, replace(RESPONSE, attempt=attempt), COMPANY, version, SCOPE_KEY)

    assert open_vault(record, COMPANY, SCOPE_KEY) == text
    assert record.key_version == version
    assert len(record.wrapped_key) == 70
    assert len(record.content) == len(text) + 36


def test_keeps_the_owner_and_makes_everything_random_anew() -> None:
    first, second = sealed(), sealed()

    assert first.vault_id != second.vault_id
    assert first.wrapped_key[10:] != second.wrapped_key[10:]
    assert first.content[8:] != second.content[8:]
    assert first.fingerprint is None
    assert replace(first, vault_id=0, wrapped_key=b"", content=b"") == VaultRecord(
        "machine", MACHINE, "queue_item", ITEM, 0, "request", 0, b"", b"", None
    )


@owners
def test_refuses_every_flipped_bit(owner: VaultOwner) -> None:
    record = sealed(owner)

    for place in range(len(record.wrapped_key) * 8):
        assert_refused(replace(record, wrapped_key=flipped(record.wrapped_key, place)))
    for place in range(len(record.content) * 8):
        assert_refused(replace(record, content=flipped(record.content, place)))


def test_refuses_every_truncation_and_extension() -> None:
    record = sealed()

    for length in range(len(record.wrapped_key)):
        assert_refused(replace(record, wrapped_key=record.wrapped_key[:length]))
    for length in range(len(record.content)):
        assert_refused(replace(record, content=record.content[:length]))
    assert_refused(replace(record, wrapped_key=record.wrapped_key + b"\0"))
    assert_refused(replace(record, content=record.content + b"\0"))


def resealed(key_header: bytes, header: bytes, data_key: bytes = bytes(32)) -> VaultRecord:
    """Make what a holder of the scope key could make: every tag is right, only the form is not ours."""
    key_context = associated_data(key_header, COMPANY, REQUEST, 7)
    context = associated_data(header, COMPANY, REQUEST, 7)
    nonce = bytes(12)
    return replace(
        sealed(),
        vault_id=7,
        wrapped_key=key_header + nonce + AESGCM(SCOPE_KEY).encrypt(nonce, data_key, key_context),
        content=header + nonce + AESGCM(data_key).encrypt(nonce, b"{}", context),
    )


def test_opens_a_record_made_by_hand_from_the_description() -> None:
    assert open_vault(resealed(b"JV\1\1\1\0\0\0\0\3", b"JV\1\1\1\0\0\0"), COMPANY, SCOPE_KEY) == b"{}"


@pytest.mark.parametrize(
    ("key_header", "header"),
    [
        (b"JG\1\1\1\0\0\0\0\3", b"JV\1\1\1\0\0\0"),
        (b"JV\2\1\1\0\0\0\0\3", b"JV\1\1\1\0\0\0"),
        (b"JV\1\2\1\0\0\0\0\3", b"JV\1\1\1\0\0\0"),
        (b"JV\1\1\2\0\0\0\0\3", b"JV\1\1\1\0\0\0"),
        (b"JV\1\1\1\1\0\0\0\3", b"JV\1\1\1\0\0\0"),
        (b"JV\1\1\1\0\0\0\0\3", b"JX\1\1\1\0\0\0"),
        (b"JV\1\1\1\0\0\0\0\3", b"JV\0\1\1\0\0\0"),
        (b"JV\1\1\1\0\0\0\0\3", b"JV\1\0\1\0\0\0"),
        (b"JV\1\1\1\0\0\0\0\3", b"JV\1\1\3\0\0\0"),
        (b"JV\1\1\1\0\0\0\0\3", b"JV\1\1\1\x80\0\0"),
        (b"JV\1\1\1\0\0\0\0\3", b"JV\1\1\1\0\0\1"),
        (b"JV\1\1\1\0\0\0\0\3", b"JV\1\1\1\0\1\0"),
    ],
    ids=[
        "key: magic",
        "key: format",
        "key: algorithm",
        "key: kind",
        "key: flags",
        "content: magic",
        "content: format",
        "content: algorithm",
        "content: kind",
        "content: flags",
        "content: reserved, low",
        "content: reserved, high",
    ],
)
def test_refuses_an_unknown_header_even_if_it_was_sealed_with_the_right_key(key_header: bytes, header: bytes) -> None:
    assert_refused(resealed(key_header, header))


def test_refuses_a_data_key_that_would_be_aes_128() -> None:
    assert_refused(resealed(b"JV\1\1\1\0\0\0\0\3", b"JV\1\1\1\0\0\0", bytes(16)))


def test_refuses_another_key() -> None:
    assert_refused(sealed(), key=bytes(32))


def test_refuses_another_company() -> None:
    assert_refused(sealed(), company=UUID(int=1))


@pytest.mark.parametrize(
    "change",
    [
        {"owner_kind": "schedule"},
        {"owner_id": UUID(int=ITEM.int + 1)},
        {"attempt": 3},
        {"attempt": -1},
        {"attempt": 2**32},
        {"attempt": 0},
        {"vault_name": "request"},
        {"vault_name": "request", "attempt": 0},
        {"vault_name": "team"},
        {"vault_name": "\ud800"},
        {"vault_id": 5},
        {"vault_id": 2**63},
    ],
    ids=str,
)
def test_refuses_a_response_moved_to_another_place(change: dict[str, object]) -> None:
    record = sealed(RESPONSE)

    assert_refused(replace(record, **change))  # type: ignore[arg-type]  # each value fits the field it is named for


def test_refuses_a_response_shown_as_a_request_with_the_headers_of_one() -> None:
    response = sealed(RESPONSE)
    request = sealed(REQUEST)

    shown = replace(
        request,
        vault_id=response.vault_id,
        wrapped_key=request.wrapped_key[:10] + response.wrapped_key[10:],
        content=request.content[:8] + response.content[8:],
    )

    assert_refused(shown)


def test_refuses_an_attempt_on_a_request() -> None:
    assert_refused(replace(sealed(REQUEST), attempt=1))


def test_refuses_an_entity_shown_as_another_kind_of_entity() -> None:
    assert_refused(replace(sealed(ENTITY), owner_kind="machine", vault_name="machine"))


@pytest.mark.parametrize("part", ["vault_id", "wrapped_key", "content"])
def test_refuses_a_part_of_an_older_vault_of_the_same_owner(part: str) -> None:
    older, newer = sealed(), sealed()

    assert_refused(replace(newer, **{part: getattr(older, part)}))


@pytest.mark.parametrize(
    ("kind", "scope_id", "company"),
    [
        ("machine", TEAM, COMPANY),
        ("team", MACHINE, COMPANY),
        ("company", MACHINE, COMPANY),
        ("machine", MACHINE, TEAM),
    ],
    ids=["other machine", "team", "company", "other company"],
)
def test_refuses_the_key_of_another_scope(kind: str, scope_id: UUID, company: UUID) -> None:
    other = scope_key(COMPANY_KEY, company, kind, scope_id)  # type: ignore[arg-type]  # the cases are all ScopeKind

    assert_refused(sealed(), key=other)


@pytest.mark.parametrize("size", [0, 16, 24, 31, 33])
def test_takes_no_scope_key_of_another_length(size: int) -> None:
    record = sealed()

    with pytest.raises(ValueError, match="32 bytes"):
        open_vault(record, COMPANY, bytes(size))
    with pytest.raises(ValueError, match="32 bytes"):
        seal_vault(b"{}", REQUEST, COMPANY, 1, bytes(size))
    with pytest.raises(ValueError, match="32 bytes"):
        fingerprint(bytes(size), b"", b"")


def test_seals_nothing_but_a_response_for_an_attempt() -> None:
    with pytest.raises(ValueError, match="only a response"):
        seal_vault(b"{}", replace(REQUEST, attempt=1), COMPANY, 1, SCOPE_KEY)


@pytest.mark.parametrize(("attempt", "version"), [(-1, 1), (2**32, 1), (1, -1), (1, 2**32)])
def test_seals_no_number_that_does_not_fit(attempt: int, version: int) -> None:
    with pytest.raises(OverflowError):
        seal_vault(b"{}", replace(RESPONSE, attempt=attempt), COMPANY, version, SCOPE_KEY)


@pytest.mark.parametrize("wrapped_key", [b"", b"JV", bytes(69), bytes(71)], ids=len)
def test_tells_no_key_version_of_a_malformed_record(wrapped_key: bytes) -> None:
    record = replace(sealed(), wrapped_key=wrapped_key)

    with pytest.raises(VaultError):
        record.key_version  # noqa: B018  the property is what raises


def flipped(part: bytes, bit: int) -> bytes:
    changed = bytearray(part)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
