"""Ceremonies: what the broker makes of secrets, and that the database is never sent one, not even to be hashed."""

from collections.abc import Sequence

import pytest
from flask import Flask

from broker.crypto import password
from broker.crypto.tokens import parse_activation_code, parse_recovery_code
from broker.database.pipeline import Rows, Statement
from tests.people import activate, credentials, found_company, recover, sign_in
from tests.world import PASSWORD, Caller, must

EMAIL = "peter@initech.example"
NEW = "quite another one"


def hash_of(typed: str) -> str:
    return credentials(EMAIL, typed)["Rediacc-UserHash"]


@pytest.fixture
def sent(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every value that goes to the database."""
    monkeypatch.setattr(password, "CURRENT_PARAMETERS", password.PasswordParameters(memory_kib=64, passes=1, lanes=1))
    database = app.extensions["procedures"].database
    round_trip = database.round_trip
    values: list[bytes] = []

    def record(statements: Sequence[Statement], token_hash: bytes | None = None, origin: bytes = b"") -> list[Rows]:
        values.extend(value for statement in statements for value in statement.values if value is not None)
        rows: list[Rows] = round_trip(statements, token_hash, origin)
        return rows

    monkeypatch.setattr(database, "round_trip", record)
    return values


def test_the_database_is_sent_no_secret(call: Caller, sent: list[bytes]) -> None:
    founded = found_company(call, EMAIL).row
    must(activate(call, EMAIL, founded["activationCode"]))
    session = sign_in(call, EMAIL).row["nextRequestToken"]
    sign_in(call, EMAIL, "wrong")
    invited = call("CreateNewUser", _as=session, newUserEmail="milton@initech.example").row
    must(call("CreateTeam", _as=session, teamName="qa", teamVault='{"canary": 5391}'))
    must(call("CreateMachine", _as=session, teamName="qa", bridgeName="Global Bridges", machineName="m1"))
    agent = call("CreateAgentToken", _as=session, machineName="m1").row["token"]
    must(call("GetQueueItemsNext", _as=agent))
    again = call("CreateUserInvitation", _as=session, userEmail="milton@initech.example").row
    replaced = call("CreateRecoveryCode", _as=session).row
    must(call("UpdateUserPassword", session, None, userNewPass=NEW, currentUserHash=hash_of(PASSWORD)))
    recovered = recover(call, EMAIL, replaced["recoveryCode"], NEW).row
    must(call("DeleteUserRequest", _as=sign_in(call, EMAIL, NEW).row["nextRequestToken"]))

    user_hash = credentials(EMAIL)["Rediacc-UserHash"].removeprefix("0x")
    texts = [PASSWORD, user_hash, session, agent, "canary", founded["activationCode"], founded["recoveryCode"]]
    texts += [invited["activationCode"], again["activationCode"], NEW, hash_of(NEW)[2:]]
    texts += [replaced["recoveryCode"], recovered["recoveryCode"]]
    raw = [
        bytes.fromhex(user_hash),
        parse_activation_code(founded["activationCode"]),
        parse_activation_code(invited["activationCode"]),
        parse_activation_code(again["activationCode"]),
        parse_recovery_code(founded["recoveryCode"]),
        parse_recovery_code(replaced["recoveryCode"]),
        parse_recovery_code(recovered["recoveryCode"]),
        bytes.fromhex(hash_of(NEW)[2:]),
    ]
    everything = b"\0".join(sent)

    assert EMAIL.encode() in everything
    assert [text for text in texts if text.encode() in everything] == []
    assert [value.hex() for value in raw if value in everything or value.hex().encode() in everything] == []
