"""IsRegistered."""

import pytest

from tests.people import invite
from tests.world import NOBODY, Caller


@pytest.mark.parametrize("name", ["ann@acme.example", "BOB@acme.example"])
def test_knows_who_has_an_account(call: Caller, name: str) -> None:
    assert call("IsRegistered", userName=name).row == {"isRegistered": True}


def test_who_is_invited_has_one(call: Caller) -> None:
    invite(call, "erin@acme.example")

    assert call("IsRegistered", userName="erin@acme.example").row == {"isRegistered": True}


@pytest.mark.parametrize("name", ["gina@globex.example", "nobody@acme.example", "", "no e-mail", "%"])
def test_another_companys_account_is_told_like_none(call: Caller, name: str) -> None:
    assert call("IsRegistered", userName=name).row == {"isRegistered": False}


def test_without_a_token_nothing_is_told(call: Caller) -> None:
    reply = call("IsRegistered", _as=NOBODY, userName="ann@acme.example")

    assert reply.failure == 401
    assert reply.errors[0].startswith("Authentication required")


def test_needs_a_name(call: Caller) -> None:
    assert call("IsRegistered").failure == 400
