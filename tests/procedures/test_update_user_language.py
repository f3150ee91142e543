"""UpdateUserLanguage."""

import psycopg
import pytest

from tests.people import sign_in
from tests.world import NOBODY, Caller


def test_keeps_the_language_for_the_next_sign_in(call: Caller) -> None:
    reply = call("UpdateUserLanguage", preferredLanguage="de")

    assert reply.row == {
        "userEmail": "bob@acme.example",
        "preferredLanguage": "de",
        "result": "preferred language is de",
    }
    assert sign_in(call, "bob@acme.example").row["preferredLanguage"] == "de"
    assert sign_in(call, "carol@acme.example").row["preferredLanguage"] is None


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    call("UpdateUserLanguage", preferredLanguage="de")

    assert admin.execute("select actor, action, entity, entity_name, details from data.audit").fetchall() == [
        ("bob@acme.example", "Updated", "User", "bob@acme.example", "preferred language de")
    ]


@pytest.mark.parametrize("language", [None, "", "n" * 101])
def test_refuses_what_is_no_language(call: Caller, language: str | None) -> None:
    assert call("UpdateUserLanguage", preferredLanguage=language).failure == 400


@pytest.mark.parametrize(("caller", "failure"), [("bob", 0), ("build-01", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_users(call: Caller, caller: str, failure: int) -> None:
    assert call("UpdateUserLanguage", _as=caller, preferredLanguage="de").failure == failure
