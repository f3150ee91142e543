"""Calls through upgrades, and the ways an answer leaves."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from flask.testing import FlaskClient

from broker import create_app
from broker.config import Config

ECHO = """
create function api.repeat_text(p_text text default null, p_max_records integer default 1)
returns table (number {number_type}, content text, moment timestamptz)
language plpgsql volatile security definer set search_path = ''
as $$
-- Repeat a text.
--
-- Callers: anyone
begin
    return query
    select step::{number_type}, p_text, '2030-01-31 12:00:00.5+00'::timestamptz
    from generate_series(1, p_max_records) as step;
end
$$
"""
DROP = "drop function if exists api.repeat_text"
REFUSE = """
create function api.refuse_text(out refused_status integer, out refused_message text, out left_over text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Refuse, and keep the traces.
--
-- Callers: anyone
begin
    insert into public.trace default values;
    refused_status := 409;
    refused_message := 'too late';
end
$$
"""


@pytest.fixture
def client(config: Config, admin: psycopg.Connection) -> Iterator[FlaskClient]:
    """Of a broker that has two procedures more."""
    admin.execute("create table public.trace (number integer generated always as identity)")
    admin.execute("grant insert on public.trace to broker_owner")
    publish(admin, ECHO.format(number_type="integer"))
    publish(admin, REFUSE)
    app = create_app(config)
    yield app.test_client()
    app.extensions["procedures"].database.close()


def publish(admin: psycopg.Connection, statement: str) -> None:
    admin.execute(statement)
    admin.execute("grant execute on all functions in schema api to broker_app")


def test_answers_in_the_envelope(client: FlaskClient) -> None:
    reply = client.post("/api/StoredProcedure/RepeatText", json={"text": "a"})

    assert reply.json == {
        "failure": 0,
        "errors": [],
        "tables": [
            {"resultSetIndex": 1, "data": [{"number": 1, "content": "a", "moment": "2030-01-31T12:00:00.500000Z"}]}
        ],
        "outputs": {},
    }


def test_streams_a_long_listing_in_the_same_form(client: FlaskClient) -> None:
    reply = client.post(
        "/api/StoredProcedure/RepeatText", json={"text": "x" * 100, "maxRecords": 10_000}, buffered=False
    )
    pieces = list(reply.iter_encoded())
    envelope = json.loads(b"".join(pieces))

    assert len(pieces) > 10
    assert [row["number"] for row in envelope["tables"][0]["data"]] == list(range(1, 10_001))
    assert envelope["outputs"] == {}


def test_cuts_a_listing_at_32_mebibytes_and_says_so(client: FlaskClient) -> None:
    reply = client.post("/api/StoredProcedure/RepeatText", json={"text": "x" * 100_000, "maxRecords": 400})
    envelope = json.loads(reply.get_data())

    assert envelope["outputs"] == {"truncated": True}
    assert 32 * 2**20 / 100_000 <= len(envelope["tables"][0]["data"]) < 400


def test_keeps_the_traces_of_a_refusal(client: FlaskClient, admin: psycopg.Connection) -> None:
    reply = client.post("/api/StoredProcedure/RefuseText")

    assert reply.status_code == 409
    assert reply.json == {"failure": 409, "errors": ["too late"], "tables": [], "outputs": {}}
    assert admin.execute("select count(*) from public.trace").fetchone() == (1,)


@pytest.mark.parametrize("number_type", ["integer", "text", "numeric"])
def test_serves_on_while_a_procedure_is_replaced(
    client: FlaskClient, admin: psycopg.Connection, number_type: str
) -> None:
    client.post("/api/StoredProcedure/RepeatText", json={})
    admin.execute(DROP)
    publish(admin, ECHO.format(number_type=number_type))

    reply = client.post("/api/StoredProcedure/RepeatText", json={})

    assert reply.status_code == 200
    assert reply.json
    assert reply.json["tables"][0]["data"][0]["number"] == ("1" if number_type == "text" else 1)


def test_learns_of_members_and_procedures_that_an_upgrade_added(
    client: FlaskClient, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.call.REFRESH_SECONDS", 0.0)
    admin.execute(DROP)
    publish(admin, ECHO.format(number_type="integer").replace("p_text text", "p_loud text default null, p_text text"))
    publish(admin, REFUSE.replace("refuse_text", "refuse_again"))

    assert client.post("/api/StoredProcedure/RefuseAgain").status_code == 409
    assert client.post("/api/StoredProcedure/RepeatText", json={"text": "a", "loud": "b"}).status_code == 200


def test_says_so_when_a_procedure_is_gone(client: FlaskClient, admin: psycopg.Connection) -> None:
    admin.execute(DROP)

    reply = client.post("/api/StoredProcedure/RepeatText", json={})

    assert reply.status_code == 404


def test_tells_whether_it_is_alive_and_ready(client: FlaskClient) -> None:
    assert client.get("/livez").json == {"status": "alive"}
    assert client.get("/readyz").status_code == 200


def test_waits_for_a_database_that_is_away(tmp_path: Path) -> None:
    app = create_app(Config(database_url="postgresql://nobody@127.0.0.1:1/none", data_dir=tmp_path))
    client = app.test_client()

    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").json == {"status": "not ready", "reason": "the database cannot be reached"}
    reply = client.post("/api/StoredProcedure/CreateQueueItem", json={})
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "1")
