"""Values of every type on the way to PostgreSQL and back."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient

from broker import create_app
from broker.config import Config

TYPES = """
create type data.detail as (
    name       text,
    "when"     timestamptz,
    status     data.queue_status,
    extra      jsonb,
    amount     integer,
    share      double precision,
    claim      data.claim_token);
create type data.letter as (
    letter_id  uuid,
    big        bigint,
    open       boolean,
    words      text[],
    details    data.detail[],
    detail     data.detail)
"""
RETURN = """
create function api.return_letters(
    p_letters data.letter[] default null,
    p_words   text[] default null,
    p_states  data.queue_status[] default null,
    p_numbers bigint[] default null,
    p_extra   jsonb default null,
    p_when    timestamptz default null,
    p_share   double precision default null,
    p_amount  numeric default null,
    p_open    boolean default null,
    p_detail  data.detail default null,
    out letters data.letter[],
    out words   text[],
    out states  data.queue_status[],
    out numbers bigint[],
    out extra   jsonb,
    out "when"  timestamptz,
    out share   double precision,
    out amount  numeric,
    out open    boolean,
    out detail  data.detail)
language plpgsql volatile security definer set search_path = ''
as $$
-- Return what was sent.
--
-- Callers: anyone
begin
    letters := p_letters;
    words := p_words;
    states := p_states;
    numbers := p_numbers;
    extra := p_extra;
    "when" := p_when;
    share := p_share;
    amount := p_amount;
    open := p_open;
    detail := p_detail;
end
$$
"""
LIST = """
create function api.list_letters()
returns table (letter data.letter, words text[], states data.queue_status[], amount numeric, extra jsonb, nothing text)
language plpgsql volatile security definer set search_path = ''
as $$
-- List letters.
--
-- Callers: anyone
begin
    return query
    select row(null, 7, true, '{a,null}', array[null::data.detail], null)::data.letter, array['x', null],
           null::data.queue_status[], 12.50, '[1e2, "z"]'::jsonb, null::text;
end
$$
"""
DETAIL = {
    "name": 'quoted "text", with \\ and ü',
    "when": "2030-01-31T12:00:00.000001Z",
    "status": "PENDING",
    "extra": {"a": [1, None, {"b": "c"}]},
    "amount": -5,
    "share": 0.25,
}


@pytest.fixture
def client(config: Config, admin: psycopg.Connection) -> Iterator[FlaskClient]:
    admin.execute(TYPES)
    admin.execute(RETURN)
    admin.execute(LIST)
    admin.execute("grant execute on all functions in schema api to broker_app")
    app = create_app(config)
    yield app.test_client()
    app.extensions["procedures"].database.close()


def send(client: FlaskClient, **members: Any) -> dict[str, Any]:
    reply = client.post("/api/StoredProcedure/ReturnLetters", json=members)
    assert reply.json
    assert reply.status_code == 200, reply.json["errors"]
    return {"letters": reply.json["tables"][0]["data"], **reply.json["outputs"]}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("words", ["plain", 'with "quotes"', "back\\slash", "comma,", "{braces}", "", "null", "ü 🚀", " blank "]),
        ("words", []),
        ("states", ["PENDING", "CANCELLED"]),
        ("numbers", [1, -(2**53) + 1]),
        ("extra", {"nested": [True, None, 0.5, "text"], "ü": {}}),
        ("extra", "just text"),
        ("extra", []),
        ("when", "2030-01-31T12:00:00.123456Z"),
        ("when", "0001-01-01T00:00:00Z"),
        ("when", "9999-12-31T23:59:59.999999Z"),
        ("share", 1e-300),
        ("amount", 12.5),
        ("amount", 3),
        ("open", False),
    ],
)
def test_returns_a_value_as_it_was_sent(client: FlaskClient, member: str, value: object) -> None:
    assert send(client, **{member: value})[member] == value


def test_returns_objects_as_they_were_sent(client: FlaskClient) -> None:
    letter = {
        "letterId": "01890a5d-ac96-774b-bcce-b302099a8057",
        "big": 2**53 - 1,
        "open": True,
        "words": ["a", 'b"c'],
        "details": [DETAIL, {**DETAIL, "name": None}],
        "detail": DETAIL,
    }

    [returned] = send(client, letters=[letter])["letters"]

    without_claims = {
        **returned,
        "details": [
            {name: value for name, value in detail.items() if name != "claim"} for detail in returned["details"]
        ],
        "detail": {name: value for name, value in returned["detail"].items() if name != "claim"},
    }
    assert without_claims == letter


def test_takes_what_is_left_out_of_an_object_as_null(client: FlaskClient) -> None:
    [returned] = send(client, letters=[{"BIG": "7"}])["letters"]

    assert returned == {"letterId": None, "big": 7, "open": None, "words": None, "details": None, "detail": None}


def test_keeps_defaults_of_what_is_left_out(client: FlaskClient) -> None:
    returned = send(client)

    assert returned.pop("letters") == []
    assert set(returned.values()) == {None}


def test_names_the_place_of_a_bad_value_inside_a_list(client: FlaskClient) -> None:
    reply = client.post("/api/StoredProcedure/ReturnLetters", json={"letters": [{}, {"details": [{"amount": "x"}]}]})

    assert reply.json
    assert reply.json["errors"] == [
        'member "letters[1].details[0].amount" must be a whole number from -2147483648 to 2147483647'
    ]


def test_reads_rows_of_every_type(client: FlaskClient) -> None:
    reply = client.post("/api/StoredProcedure/ListLetters")

    assert reply.json
    assert reply.json["tables"][0]["data"] == [
        {
            "letter": {
                "letterId": None,
                "big": 7,
                "open": True,
                "words": ["a", None],
                "details": [None],
                "detail": None,
            },
            "words": ["x", None],
            "states": None,
            "amount": 12.5,
            "extra": [100.0, "z"],
            "nothing": None,
        }
    ]
