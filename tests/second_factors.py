"""Accounts with a second factor, and the device that shows their codes."""

from dataclasses import dataclass, field
from typing import Any

import psycopg

from broker.crypto import totp
from tests.people import credentials
from tests.world import PASSWORD, Caller, Reply, must


@dataclass(frozen=True)
class Authenticator:
    """A device that holds a secret and goes by the database's clock."""

    admin: psycopg.Connection
    secret: str
    recovery_codes: list[str] = field(default_factory=list)

    def code(self, steps: int = 0) -> str:
        """What it shows, or showed and will show some steps of 30 s from now."""
        row = self.admin.execute("select extract(epoch from data.clock())::float8").fetchone()
        assert row is not None
        return totp.code_at(totp.parse_secret(self.secret), int(row[0]) // 30 + steps)

    def wrong_code(self) -> str:
        """Six digits that it will not show in the next half hour, and did not in the last."""
        shown = {self.code(steps) for steps in range(-60, 61)}
        return next(f"{number:06}" for number in range(1000) if f"{number:06}" not in shown)


def user_hash(password: str = PASSWORD) -> str:
    """The member userHash."""
    return credentials("", password)["Rediacc-UserHash"]


def update(call: Caller, token: str, enable: bool, **members: Any) -> Reply:
    """UpdateUserTFA."""
    return call("UpdateUserTFA", _as=token, enable=enable, **members)


def generate(call: Caller, token: str, password: str = PASSWORD) -> Reply:
    """The first step: make a secret."""
    return update(call, token, True, generateOnly=True, userHash=user_hash(password))


def confirm(call: Caller, token: str, secret: str, code: str) -> Reply:
    """The second: show a code of it."""
    return update(call, token, True, confirmEnable=True, secret=secret, verificationCode=code)


def disable(call: Caller, token: str, code: str, password: str = PASSWORD) -> Reply:
    """Remove it."""
    return update(call, token, False, userHash=user_hash(password), currentCode=code)


def enrol(call: Caller, token: str, admin: psycopg.Connection) -> Authenticator:
    """Set up the second factor of the session's owner."""
    device = Authenticator(admin, must(generate(call, token)).row["secret"])
    codes = must(confirm(call, token, device.secret, device.code())).row["recoveryCodes"].split()
    return Authenticator(admin, device.secret, codes)
