"""Second factors: the codes of an authenticator, and how the server keeps what it checks them with."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from broker.crypto import totp

# RFC 6238, appendix B, SHA-1: seconds and the last six of eight digits.
RFC_SECRET = b"12345678901234567890"
RFC_CODES = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]
COMPANY = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
USER = UUID("01890a5d-ac96-774b-bcce-b302099a8058")
INSTANCE_KEY = bytes(range(32))
SEALED = bytes.fromhex(
    "4a54010100000007000102030405060708090a0b9b0a8839106dfb3e41f0f57470dace46373b06b8c9f3f678299d99bd8741f9f130a9c610"
)


def count_up(size: int) -> bytes:
    return bytes(range(size))


@pytest.mark.parametrize(("seconds", "code"), RFC_CODES)
def test_knows_the_codes_of_the_standard(seconds: int, code: str) -> None:
    assert totp.code_at(RFC_SECRET, seconds // 30) == code
    assert totp.find_step(RFC_SECRET, code, seconds) == seconds // 30


@pytest.mark.parametrize(("shift", "found"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_code_is_good_one_step_before_and_after(shift: int, found: bool) -> None:
    seconds, code = RFC_CODES[1]

    step = totp.find_step(RFC_SECRET, code, seconds + shift)

    assert step == (seconds // 30 if found else None)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("287082", "287082"),
        ("5924", "005924"),
        (" 287 082 ", "287082"),
        ("0", "000000"),
        ("2870820", None),
        ("28708a", None),
        ("", None),
        ("-87082", None),
        ("٢٨٧٠٨٢", None),
    ],
)
def test_codes_are_padded_to_six_digits(typed: str, read: str | None) -> None:
    assert totp.read_digits(typed) == read


def test_a_secret_is_written_as_authenticators_take_it() -> None:
    assert totp.format_secret(RFC_SECRET) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert totp.secret_uri(RFC_SECRET, "ann@acme.example") == (
        "otpauth://totp/Machine%20Job%20Broker:ann%40acme.example?digits=6"
        "&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&algorithm=SHA1&issuer=Machine%20Job%20Broker&period=30"
    )


@pytest.mark.parametrize(
    "text",
    [
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "gezd gnbv gy3t qojq gezd gnbv gy3t qojq",
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ====",
    ],
)
def test_a_secret_is_read_as_authenticators_show_it(text: str) -> None:
    assert totp.parse_secret(text) == RFC_SECRET


@pytest.mark.parametrize("text", ["", "GEZDGNBV", "0189", "ä" * 32, "A" * 1000, totp.format_secret(bytes(15))])
def test_what_is_no_secret_is_refused(text: str) -> None:
    with pytest.raises(totp.SecretError):
        totp.parse_secret(text)


def test_new_secrets_differ_and_can_be_read_back() -> None:
    made = [totp.new_secret() for _ in range(100)]

    assert len(set(made)) == 100
    assert all(totp.parse_secret(totp.format_secret(secret)) == secret for secret in made)


def test_seals_as_it_always_did() -> None:
    assert totp.seal_secret(RFC_SECRET, INSTANCE_KEY, 7, COMPANY, USER, count_up) == SEALED
    assert totp.open_secret(SEALED, INSTANCE_KEY, 7, COMPANY, USER) == RFC_SECRET


def altered() -> Iterator[bytes]:
    """The sealed secret with one byte changed, or cut."""
    for place in range(len(SEALED)):
        yield SEALED[:place] + bytes((SEALED[place] ^ 1,)) + SEALED[place + 1 :]
        yield SEALED[:place]


def test_an_altered_secret_does_not_open() -> None:
    for sealed in altered():
        with pytest.raises(totp.SecretError):
            totp.open_secret(sealed, INSTANCE_KEY, 7, COMPANY, USER)


@pytest.mark.parametrize(
    ("key", "number", "company", "user"),
    [
        (bytes(32), 7, COMPANY, USER),
        (INSTANCE_KEY, 8, COMPANY, USER),
        (INSTANCE_KEY, 7, USER, USER),
        (INSTANCE_KEY, 7, COMPANY, COMPANY),
    ],
)
def test_a_secret_opens_for_its_owner_alone(key: bytes, number: int, company: UUID, user: UUID) -> None:
    with pytest.raises(totp.SecretError):
        totp.open_secret(SEALED, key, number, company, user)
