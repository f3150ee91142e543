"""What the instance keyring seals: known answers, and every way in which it must not open."""

import base64
from uuid import UUID

import pytest

from broker.crypto.instance_seal import SealError
from broker.crypto.keyring import InstanceKeyring, KeyringError
from broker.crypto.webhooks import PREFIX, SEAL, format_secret, new_secret, open_secret, sign

COMPANY = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
WEBHOOK = UUID("01890a5d-ac96-774b-bcce-b302099a8058")
KEYRING = InstanceKeyring({7: bytes(range(32)), 8: bytes(32)})
SECRET = b"\x07" * 32


def count_up(size: int) -> bytes:
    return bytes(range(size))


def sealed() -> bytes:
    return SEAL.seal(SECRET, KEYRING.key(7), 7, COMPANY, WEBHOOK, count_up)


def test_opens_what_was_sealed() -> None:
    assert open_secret(sealed(), KEYRING, 7, COMPANY, WEBHOOK) == SECRET


def test_begins_with_its_purpose_and_the_number_of_its_key() -> None:
    assert sealed().startswith(b"JH\x01\x01\x00\x00\x00\x07")
    assert SECRET not in sealed()


def test_opens_with_no_other_key_company_or_owner() -> None:
    with pytest.raises(SealError):
        open_secret(sealed(), KEYRING, 8, COMPANY, WEBHOOK)
    with pytest.raises(SealError):
        open_secret(sealed(), KEYRING, 7, WEBHOOK, WEBHOOK)
    with pytest.raises(SealError):
        open_secret(sealed(), KEYRING, 7, COMPANY, COMPANY)
    with pytest.raises(KeyringError):
        open_secret(sealed(), KEYRING, 9, COMPANY, WEBHOOK)


def test_opens_with_no_byte_altered_or_missing() -> None:
    whole = sealed()
    for place in range(len(whole)):
        altered = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        for broken in (altered, whole[:place]):
            with pytest.raises(SealError):
                open_secret(broken, KEYRING, 7, COMPANY, WEBHOOK)


def test_a_new_secret_is_32_random_bytes_in_the_form_that_receivers_take() -> None:
    assert len(new_secret()) == 32
    assert new_secret() != new_secret()
    assert format_secret(SECRET) == PREFIX + "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="


def test_signs_as_the_standard_prints_it() -> None:
    # Standard Webhooks, specification 1.0.0, the example of its libraries.
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    signature = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
