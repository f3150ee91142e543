"""Installing while the broker serves: new endpoints appear, changed ones change, and no call fails for it."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Event
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from broker import call as calls
from broker.database.database import UnavailableError
from broker.install import install, sql_directory
from tests.world import NOBODY, Caller, Reply

PATIENCE_SECONDS = 30
LETTERS = """\
create or replace function api.get_letters(
    p_team_name   data.entity_name,
    p_first_letter text default 'A')
returns table (
    letter_id   bigint,
    letter_text text,
    sent_time   timestamptz)
language plpgsql volatile security definer set search_path = ''
as $$
-- The letters of a team.
--
-- Callers: users
-- Arguments:
--   teamName     whose letters
--   firstLetter  what the text begins with
-- Returns:
--   1: the letters
-- Errors:
--   JB403  the team is not the caller's
--   JB404  the company has no such team
-- Rules:
--   Only members read them.
declare
    v_caller auth.caller := auth.enter_call();
    v_team   data.team := auth.require_team(v_caller, p_team_name);
begin
    return query select v_team.team_id, p_first_letter || 'cme', data.clock();
end;
$$;
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of sql/ that may be changed."""
    copied = tmp_path / "sql"
    shutil.copytree(sql_directory(), copied)
    return copied


@pytest.fixture
def attentive(monkeypatch: pytest.MonkeyPatch) -> None:
    """The broker looks for new procedures at every unknown name, not every two seconds only."""
    monkeypatch.setattr(calls, "REFRESH_SECONDS", 0.0)


def add_letters(database: str, tree: Path, text: str = LETTERS) -> None:
    (tree / "api" / "get_letters.sql").write_text(text)
    install(database, tree)


@pytest.mark.usefixtures("attentive")
def test_one_sql_file_is_a_new_endpoint(call: Caller, client: FlaskClient, database: str, tree: Path) -> None:
    before = call("GetLetters", teamName="ops")
    add_letters(database, tree)
    after = call("GetLetters", TEAMNAME="ops")

    assert (before.failure, before.errors) == (404, ["procedure GetLetters does not exist"])
    assert list(after.row) == ["letterId", "letterText", "sentTime"]
    assert after.row["letterText"] == "Acme"
    assert after.row["sentTime"].endswith("Z")


@pytest.mark.usefixtures("attentive")
def test_a_new_endpoint_checks_its_requests(call: Caller, database: str, tree: Path) -> None:
    add_letters(database, tree)

    assert call("GetLetters").errors == ['member "teamName" is required']
    assert call("GetLetters", teamName=[], foo=1).errors == [
        'member "teamName" must be text',
        'member "foo" is unknown',
    ]
    assert call("GetLetters", teamName="x" * 101).failure == 400


@pytest.mark.usefixtures("attentive")
def test_a_new_endpoint_is_for_the_callers_that_its_header_names(call: Caller, database: str, tree: Path) -> None:
    add_letters(database, tree)

    assert call("GetLetters", _as=NOBODY, teamName="ops").failure == 401
    assert call("GetLetters", _as="carol", teamName="ops").errors == ["you are not a member of team ops"]
    assert call("GetLetters", _as="build-01", teamName="ops").errors == ["agent build-01 may not call GetLetters"]
    assert call("GetLetters", _as="gina", teamName="dev").errors == ["team dev not found"]


@pytest.mark.usefixtures("attentive")
def test_a_new_endpoint_is_in_the_contract_before_it_is_called(client: FlaskClient, database: str, tree: Path) -> None:
    client.get("/api/openapi.json")
    add_letters(database, tree)

    document: dict[str, Any] = client.get("/api/openapi.json").get_json()

    operation = document["paths"]["/api/StoredProcedure/GetLetters"]["post"]
    assert operation["summary"] == "The letters of a team."
    assert "Only members read them." in operation["description"]
    assert {"200", "400", "401", "403", "404", "500"} <= set(operation["responses"])
    request = resolve(document, operation["requestBody"]["content"]["application/json"]["schema"])
    assert request["required"] == ["teamName"]
    assert request["properties"]["teamName"]["maxLength"] == 100
    assert request["properties"]["firstLetter"]["description"] == "what the text begins with"
    assert "letterText" in str(resolve_all(document, operation["responses"]["200"]))


@pytest.mark.usefixtures("attentive")
def test_a_dropped_file_is_no_endpoint_any_more(call: Caller, client: FlaskClient, database: str, tree: Path) -> None:
    add_letters(database, tree)
    assert "GetLetters" in client.get("/api/docs").text
    assert call("GetLetters", teamName="ops").failure == 0
    (tree / "api" / "get_letters.sql").unlink()

    install(database, tree)

    assert "GetLetters" not in client.get("/api/docs").text
    assert call("GetLetters", teamName="ops").failure == 404


@pytest.mark.usefixtures("attentive")
def test_the_contract_is_shown_while_the_database_is_away(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_away(text: str) -> None:
        raise UnavailableError("away")

    monkeypatch.setattr(app.extensions["procedures"].database, "query", be_away)

    assert "CreateQueueItem" in client.get("/api/docs").text


def resolve(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema that a reference leads to."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def resolve_all(document: dict[str, Any], node: Any) -> Any:
    """A part of the document with its references replaced."""
    if isinstance(node, dict):
        return {name: resolve_all(document, inner) for name, inner in resolve(document, node).items()}
    return [resolve_all(document, inner) for inner in node] if isinstance(node, list) else node


VERSIONS = {
    "another argument": LETTERS.replace("default 'A')", "default 'A',\n    p_more integer default 1)").replace(
        "-- Returns:", "--   more         more\n-- Returns:"
    ),
    "another column": LETTERS.replace("sent_time   timestamptz)", "sent_time   timestamptz, pages integer)").replace(
        "data.clock();", "data.clock(), 7;"
    ),
    "another type": LETTERS.replace("letter_id   bigint", "letter_id   text").replace("v_team.team_id", "'7'::text"),
    "one column less": LETTERS.replace(",\n    sent_time   timestamptz)", ")").replace(", data.clock();", ";"),
    "another order": LETTERS.replace(
        "    letter_id   bigint,\n    letter_text text,", "    letter_text text,\n    letter_id   bigint,"
    ).replace("v_team.team_id, p_first_letter || 'cme'", "p_first_letter || 'cme', v_team.team_id"),
    "another body": LETTERS.replace("'cme'", "'CME'"),
}


class Load:
    """Calls that are repeated in threads, and how they ended."""

    def __init__(self) -> None:
        self.ended: Counter[str] = Counter()
        self._one_more = Condition()

    def count(self, reply: Reply) -> None:
        with self._one_more:
            self.ended["good" if reply.failure == 0 else f"{reply.failure}: {reply.errors}"] += 1
            self._one_more.notify_all()

    def go_on(self, calls: int = 20) -> None:
        """Return when so many more calls have ended: upgrades come one after the other, not all in one call."""
        with self._one_more:
            enough = self.ended.total() + calls
            assert self._one_more.wait_for(lambda: self.ended.total() >= enough, PATIENCE_SECONDS), self.ended


@contextmanager
def under_load(work: list[Callable[[], Reply]]) -> Iterator[Load]:
    """Repeat calls in threads meanwhile."""
    stop, load = Event(), Load()

    def repeat(make: Callable[[], Reply]) -> None:
        while not stop.is_set():
            load.count(make())

    with ThreadPoolExecutor(len(work)) as threads:
        running = [threads.submit(repeat, make) for make in work]
        try:
            yield load
        finally:
            stop.set()
        for each in running:
            each.result()


@pytest.mark.usefixtures("attentive")
def test_a_call_finds_the_version_that_was_installed_last(call: Caller, database: str, tree: Path) -> None:
    for text in (LETTERS, *VERSIONS.values(), LETTERS):
        add_letters(database, tree, text)

        row = call("GetLetters", teamName="ops").row

        assert row["letterText"].upper() == "ACME"
        assert ("pages" in row) == ("pages integer" in text)


def test_a_new_connection_of_a_broker_that_noticed_nothing_reads_the_answer_as_it_is(
    call: Caller, app: Flask, database: str, tree: Path
) -> None:
    procedures: calls.Procedures = app.extensions["procedures"]
    add_letters(database, tree)
    procedures.refresh()
    for text in (*VERSIONS.values(), LETTERS):
        add_letters(database, tree, text)
        procedures.database.renew()

        row = call("GetLetters", teamName="ops").row

        assert row["letterText"].upper() == "ACME"
        assert ("pages" in row) == ("pages integer" in text)
        assert ("sentTime" in row) == ("sent_time " in text)
        assert (row["letterId"] == "7") == ("letter_id   text" in text)


def test_no_call_fails_while_a_procedure_changes_and_changes_back(call: Caller, database: str, tree: Path) -> None:
    add_letters(database, tree)
    call.client.application.extensions["procedures"].refresh()
    read = [lambda: call("GetLetters", teamName="ops")] * 3

    with under_load(read) as load:
        for text in VERSIONS.values():
            for version in (text, LETTERS):
                add_letters(database, tree, version)
                load.go_on()

    assert set(load.ended) == {"good"}


def test_no_call_fails_while_the_queues_own_procedures_and_types_change(
    call: Caller, database: str, tree: Path
) -> None:
    job: dict[str, Any] = {"teamName": "ops", "machineName": "build-01", "queueVault": "{}"}
    changes = {
        "api/queue/get_team_queue_items.sql": (
            "schedule_name               text)",
            "schedule_name text, extra integer)",
        ),
        "api/queue/create_queue_item.sql": (
            "p_task_id               uuid default null,",
            "p_task_id uuid default null::uuid,",
        ),
        "queue/lock_next_items.sql": ("v_depth * 8", "v_depth * 4"),
    }
    endings = {
        "api/queue/get_team_queue_items.sql": (
            "schedule.schedule_name::text\n",
            "schedule.schedule_name::text, 1\n",
        )
    }

    with under_load(
        [
            lambda: call("CreateQueueItem", **job),
            lambda: call("GetTeamQueueItems", maxRecords=5),
            lambda: call("GetQueueItemsNext", _as="build-01", leaseSeconds=5, start=True),
        ]
    ) as load:
        for path, change in changes.items():
            file = tree / path
            before = text = file.read_text()
            for old, new in (change, endings.get(path, ("", ""))):
                assert old in text
                text = text.replace(old, new) if old else text
            for version in (text, before):
                file.write_text(version)
                install(database, tree)
                load.go_on()
        (tree / "data" / "9999_column.sql").write_text("alter table data.queue_item add column extra integer;\n")
        install(database, tree)
        load.go_on()

    assert set(load.ended) == {"good"}
    with psycopg.connect(database) as connection:
        [(live, claimed)] = connection.execute("""
            select (select count(*) from data.queue_item where status = 'PROCESSING'), (select count(*) from data.claim)
        """).fetchall()
    assert live == claimed
