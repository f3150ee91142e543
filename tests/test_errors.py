"""What went wrong -> status and sentences; nothing of SQL reaches a caller."""

import psycopg
import pytest
from marshmallow import ValidationError
from psycopg import errors
from werkzeug.exceptions import MethodNotAllowed, NotFound, RequestEntityTooLarge

from broker.config import Config
from broker.contract.text import echo
from broker.crypto.password import GateFullError
from broker.database.database import Database, SchemaChangedError, UnavailableError
from broker.database.urls import serving_url
from broker.errors import RefusedError, failure_of

RAISE = "do $$ begin raise exception using errcode = '{state}', message = 'queue item 7 is COMPLETED'; end $$"


def fail(database: str, statement: str) -> BaseException:
    pool = Database(serving_url(Config(database_url=database)), pool_size=1)
    try:
        pool.query(statement)
    except (psycopg.Error, UnavailableError, SchemaChangedError) as error:
        return error
    finally:
        pool.close()
    raise AssertionError("the statement did not fail")


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 503])
def test_takes_status_and_sentence_from_what_a_procedure_raises(database: str, status: int) -> None:
    failure = failure_of(fail(database, RAISE.format(state=f"JB{status}")))

    assert failure.status == status
    assert failure.messages == ("queue item 7 is COMPLETED",)


def test_says_when_to_come_back_to_one_who_guesses(database: str) -> None:
    statement = "do $$ begin raise exception using errcode = 'JB429', message = 'too many', detail = '64'; end $$"

    failure = failure_of(fail(database, statement))

    assert (failure.status, failure.messages, failure.headers) == (429, ("too many",), {"Retry-After": "64"})


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("23505", 409),
        ("40001", 503),
        ("40P01", 503),
        ("55P03", 503),
        ("57014", 504),
        ("57P03", 503),
        ("53300", 503),
        ("25006", 503),
        ("08006", 503),
        ("23514", 400),
        ("22P02", 400),
        ("22003", 400),
        ("22021", 400),
        ("JB421", 503),
        ("JB999", 500),
        ("JBabc", 500),
        ("42501", 500),
        ("42P01", 500),
        ("XX000", 500),
        ("P0001", 500),
    ],
)
def test_maps_postgresqls_own_errors_without_their_text(database: str, state: str, status: int) -> None:
    failure = failure_of(fail(database, RAISE.format(state=state)))

    assert failure.status == status
    assert "queue item 7" not in " ".join(failure.messages)


def test_names_the_kind_of_a_value_that_a_domain_refuses(database: str) -> None:
    failure = failure_of(fail(database, "select ' '::data.entity_name"))

    assert (failure.status, failure.messages) == (400, ("a value is not a valid entity name",))


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (RefusedError(404, "procedure Nothing does not exist"), 404, "procedure Nothing does not exist"),
        (ValidationError(['member "a" is unknown']), 400, 'member "a" is unknown'),
        (UnavailableError("host 10.0.0.1"), 503, "the database is busy or not reachable; repeat the call"),
        (GateFullError(), 503, "too many sign-ins at once; repeat the call"),
        (NotFound(), 404, "there is nothing at this address"),
        (MethodNotAllowed(["POST", "OPTIONS"]), 405, "this address takes POST only"),
        (RequestEntityTooLarge(), 413, "the body has more than 1048576 bytes"),
        (KeyError("secret"), 500, "internal error"),
        (SchemaChangedError("cache lookup failed"), 500, "internal error"),
        (errors.InsufficientPrivilege("permission denied for table vault"), 500, "internal error"),
    ],
)
def test_maps_what_the_broker_raises(error: Exception, status: int, sentence: str) -> None:
    failure = failure_of(error)

    assert (failure.status, failure.messages) == (status, (sentence,))


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (UnavailableError(), {"Retry-After": "1"}),
        (MethodNotAllowed(["POST"]), {"Allow": "POST"}),
        (RefusedError(409), {}),
    ],
)
def test_adds_the_header_that_belongs_to_a_status(error: Exception, headers: dict[str, str]) -> None:
    assert failure_of(error).headers == headers


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ops", "ops"),
        ("one\r\ntwo", "one two"),
        ("a\0b\x1b[31m", "a b [31m"),
        ("half \ud800 pair", "half   pair"),
        ("n" * 100, "n" * 100),
        ("n" * 101, "n" * 97 + "..."),
    ],
)
def test_shows_callers_their_own_text_in_one_short_line(text: str, shown: str) -> None:
    assert echo(text) == shown
