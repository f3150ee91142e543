"""What a sender says of himself: e-mail and password hash, from the headers or the body."""

import re

from marshmallow import ValidationError

from broker.caller import Sender
from broker.contract.fields import Email
from broker.errors import RefusedError

USER_HASH = re.compile(r"0[xX][0-9a-fA-F]{64}")


def require_email(sender: Sender) -> str:
    """The e-mail, in lower case.

    Raises:
        RefusedError: 400, there is none, or it has not the form of one.
    """
    if not sender.email:
        raise RefusedError(400, "the header Rediacc-UserEmail is missing")
    try:
        email: str = Email().deserialize(sender.email)
    except ValidationError as error:
        raise RefusedError(400, f"the header Rediacc-UserEmail {error.messages[0]}") from error
    return email


def require_user_hash(sender: Sender) -> bytes:
    """The 32 bytes that stand for the password.

    Raises:
        RefusedError: 400, there are none, or they are not written as they must be.
    """
    if sender.user_hash is None:
        raise RefusedError(400, "the header Rediacc-UserHash must be 0x and 64 hexadecimal digits")
    return sender.user_hash


def parse_user_hash(text: str, member: str) -> bytes:
    """The 32 bytes that stand for a password, from a member of the body.

    Raises:
        RefusedError: 400, they are not written as they must be; the text is not repeated.
    """
    if not USER_HASH.fullmatch(text):
        raise RefusedError(400, f'member "{member}" must be 0x and 64 hexadecimal digits')
    return bytes.fromhex(text[2:])
