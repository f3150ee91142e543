"""Tokens for programs and codes for people: make them, recognise them, read them.

    session token    UUID text, version 4 (122 random bits): existing clients insist on the form
    other tokens     jb_<kind>_ + 43 characters base64url (256 bits) + _ + 6 characters base64url (CRC-32, big endian,
                     of all characters before the last underscore), so that secret scanners know them
    claim token      22 characters base64url (128 bits)
    activation code  26 characters of Crockford's base32 (128 bits)
    one-time code    16 characters of Crockford's base32 in groups of four (80 bits), in place of a second factor
    recovery code    56 characters of Crockford's base32 in groups of four (256 bits, then the first 3 bytes of their
                     SHA-256)

Codes are read without regard to case, dashes and white space; the letter O is read as 0, I and L as 1.
"""

import base64
import binascii
import hashlib
import re
import secrets
import uuid

ACTIVATION_CODE_BYTES = 16
ONE_TIME_CODE_BYTES = 10
RECOVERY_CODE_BYTES = 32

_KIND = re.compile(r"[a-z]{1,16}")
_SESSION_TOKEN = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_OTHER_TOKEN = re.compile(r"(jb_[a-z]{1,16}_[A-Za-z0-9_-]{43})_([A-Za-z0-9_-]{6})")

_CHECKSUM_BYTES = 3
_RFC_4648 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TO_CROCKFORD = str.maketrans(_RFC_4648, _CROCKFORD)
_FROM_CROCKFORD = str.maketrans(_CROCKFORD, _RFC_4648)
_SEPARATORS = re.compile(r"[\s-]+")
_MISREAD = str.maketrans("OIL", "011")


class CodeError(ValueError):
    """A code was typed wrongly; the text says how, and holds nothing of the code."""


def new_session_token() -> str:
    """Make the token of a session."""
    return str(uuid.uuid4())


def new_agent_token(kind: str = "agent") -> str:
    """Make a token for a program.

    Args:
        kind: 1 to 16 lower-case letters, readable in the token: agent, api, ...

    Raises:
        ValueError: a kind of another form.
    """
    if not _KIND.fullmatch(kind):
        raise ValueError("the kind of a token is 1 to 16 lower-case letters")
    body = f"jb_{kind}_{secrets.token_urlsafe(32)}"
    return f"{body}_{_crc32(body)}"


def new_claim_token() -> str:
    """Make the token that proves a claim on a queue item."""
    return secrets.token_urlsafe(16)


def looks_like_token(text: str) -> bool:
    """Tell whether a text can be a session or agent token at all; a typo or a stray header needs no look-up."""
    if is_session_token(text):
        return True
    match = _OTHER_TOKEN.fullmatch(text)
    return match is not None and _crc32(match[1]) == match[2]


def is_session_token(text: str) -> bool:
    """Tell whether a text has the form of a session's token, which no agent's has."""
    return _SESSION_TOKEN.fullmatch(text) is not None


def token_hash(text: str) -> bytes:
    """Hash a token exactly as sent: the 32 bytes that are stored and looked up.

    A fast hash is enough, for nobody can guess 122 bits or more.
    """
    return hashlib.sha256(text.encode()).digest()


def new_activation_code() -> str:
    """Make the code of an invitation: 26 characters."""
    return _encode(secrets.token_bytes(ACTIVATION_CODE_BYTES))


def parse_activation_code(text: str) -> bytes:
    """Read an activation code as a person typed it.

    Returns:
        Its 16 bytes.

    Raises:
        CodeError: the wrong number of characters, or characters that codes do not use.
    """
    return _decode(text, "activation code", ACTIVATION_CODE_BYTES)


def new_one_time_code() -> str:
    """Make a code that stands once for a second factor: four groups of four characters, joined by dashes."""
    return _group(_encode(secrets.token_bytes(ONE_TIME_CODE_BYTES)))


def parse_one_time_code(text: str) -> bytes:
    """Read such a code as a person typed it.

    Returns:
        Its 10 bytes.

    Raises:
        CodeError: the wrong number of characters, or characters that codes do not use.
    """
    return _decode(text, "recovery code", ONE_TIME_CODE_BYTES)


def new_recovery_code() -> str:
    """Make the recovery code of a company: 14 groups of four characters, joined by dashes."""
    return format_recovery_code(secrets.token_bytes(RECOVERY_CODE_BYTES))


def format_recovery_code(secret: bytes) -> str:
    """Write 32 bytes for a person to keep on paper.

    Raises:
        ValueError: not 32 bytes.
    """
    if len(secret) != RECOVERY_CODE_BYTES:
        raise ValueError("a recovery code is 32 bytes")
    return _group(_encode(secret + _checksum(secret)))


def parse_recovery_code(text: str) -> bytes:
    """Read a recovery code as a person typed it.

    Returns:
        Its 32 bytes.

    Raises:
        CodeError: the wrong number of characters, characters that codes do not use, or a checksum that does not fit.
    """
    decoded = _decode(text, "recovery code", RECOVERY_CODE_BYTES + _CHECKSUM_BYTES)
    secret, checksum = decoded[:RECOVERY_CODE_BYTES], decoded[RECOVERY_CODE_BYTES:]
    if checksum != _checksum(secret):
        raise CodeError("the recovery code has a mistake: its checksum does not fit")
    return secret


def _group(characters: str) -> str:
    return "-".join(characters[start : start + 4] for start in range(0, len(characters), 4))


def _crc32(text: str) -> str:
    checksum = binascii.crc32(text.encode()).to_bytes(4, "big")
    return base64.urlsafe_b64encode(checksum).decode().rstrip("=")


def _checksum(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()[:_CHECKSUM_BYTES]


def _encode(secret: bytes) -> str:
    return base64.b32encode(secret).decode().rstrip("=").translate(_TO_CROCKFORD)


def _decode(text: str, name: str, size: int) -> bytes:
    length = -(-size * 8 // 5)
    typed = _SEPARATORS.sub("", text).upper().translate(_MISREAD)
    if len(typed) != length:
        raise CodeError(f"the {name} has {length} characters, not {len(typed)}")
    for place, character in enumerate(typed, start=1):
        if character not in _CROCKFORD:
            raise CodeError(f"character {place} of the {name} is one that codes do not use")
    decoded = base64.b32decode(typed.translate(_FROM_CROCKFORD) + "=" * (-length % 8))
    # The last character has bits to spare; only one spelling of a code is valid.
    if _encode(decoded) != typed:
        raise CodeError(f"the {name} has a mistake in its last character")
    return decoded
