"""The catalogue is the registry: what a function of schema api says of itself is what is published."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from broker.config import Config
from broker.contract.header import Seal, parse_header
from broker.contract.registry import Procedure, Registry, camel_case, pascal_case, read_registry
from broker.database.database import Database
from broker.database.urls import serving_url

COUNT = """
create function api.count_letters(p_team_name data.entity_name, p_max_records integer default 1000)
returns table (letter_count bigint)
language sql as $$ select 1::bigint $$
"""
LIST = """
create function api.get_letters(
    p_team_name data.entity_name,
    p_max_records integer default 1000,
    p_idempotency_key data.idempotency_key default null)
returns table (letter_id bigint, content data.vault, status data.queue_status, wake data.wake)
language plpgsql as $$
-- The letters of a team.
--
-- Opened, newest
-- first.
--
-- Callers: users, agents
-- Counts: count_letters
-- Arguments:
--   teamName    whose letters
--   maxRecords  at most so many,
--               1 to 10000
-- Returns:
--   1: the letters
--   2: how many
-- Errors:
--   JB404  there is no such team
-- Rules:
--   Newest first.
begin
end
$$
"""
SEND = """
create function api.send_letters(
    p_letters data.return_request[],
    p_new_claim data.new_claim default null,
    p_token_material data.token_material default null,
    out sent data.return_answer[],
    out again data.return_answer[],
    out message text,
    out refused_status integer)
language plpgsql as $$
begin
end
$$
"""


@pytest.fixture
def registry(database: str) -> Iterator[Registry]:
    with psycopg.connect(database, autocommit=True) as admin:
        for statement in (COUNT, LIST, SEND, "grant execute on all functions in schema api to broker_app"):
            admin.execute(statement)
        admin.execute("create function api.nobody_may() returns void language sql as ''")
        admin.execute("revoke execute on function api.nobody_may() from public")
    with closing(Database(serving_url(Config(database_url=database)), pool_size=1)) as pool:
        yield read_registry(pool)


@pytest.fixture
def letters(registry: Registry) -> Procedure:
    return registry.procedures["GetLetters"]


@pytest.fixture
def sending(registry: Registry) -> Procedure:
    return registry.procedures["SendLetters"]


def test_publishes_functions_by_their_public_names(registry: Registry) -> None:
    assert {"GetLetters", "SendLetters", "CountLetters"} <= set(registry.procedures)
    assert registry.get("GetLetters") is registry.procedures["GetLetters"]
    assert registry.get("getletters") is None


def test_does_not_publish_what_the_broker_may_not_execute(registry: Registry) -> None:
    assert "NobodyMay" not in registry.procedures


def test_makes_members_of_arguments(letters: Procedure) -> None:
    [team, most, key] = letters.arguments

    assert (team.member, team.required, team.default, team.description) == ("teamName", True, None, "whose letters")
    assert (most.member, most.required, most.default) == ("maxRecords", False, "1000")
    assert most.description == "at most so many, 1 to 10000"
    assert not key.is_member


def test_knows_what_types_are_made_of(letters: Procedure) -> None:
    team = letters.arguments[0].type
    content, status, wake = (column.type for column in letters.results[1:])

    assert (team.name, team.kind, team.plain.name) == ("data.entity_name", "domain", "text")
    assert [attribute.name for attribute in content.attributes][-3:] == ["wrapped_key", "content", "fingerprint"]
    assert "PENDING" in status.labels
    assert wake.element
    assert wake.element.name == "text"


def test_makes_one_table_of_returns_table(letters: Procedure) -> None:
    [table] = letters.tables

    assert [column.member for column in table.columns] == ["letterId", "content", "status", "wake"]
    assert (table.description, table.output, letters.outputs) == ("the letters", None, ())


def test_makes_a_table_of_each_composite_array_and_outputs_of_the_rest(sending: Procedure) -> None:
    [sent, again] = sending.tables

    assert [column.member for column in sent.columns] == ["taskId", "queueId", "returned", "message"]
    assert (sent.output, again.output, sending.outputs) == (0, 1, (2, 3))


def test_keeps_what_the_broker_fills_out_of_the_members(sending: Procedure) -> None:
    assert [argument.member for argument in sending.arguments if argument.is_member] == ["letters"]


def test_finds_the_function_that_counts(letters: Procedure, sending: Procedure) -> None:
    assert letters.counts
    assert letters.counts.name == "CountLetters"
    assert sending.counts is None


def test_calls_a_listing_what_can_be_limited(letters: Procedure, sending: Procedure) -> None:
    assert letters.lists
    assert not sending.lists


def test_reads_the_header_in_the_body(letters: Procedure) -> None:
    header = letters.header

    assert header.summary == "The letters of a team."
    assert header.description == "Opened, newest first."
    assert header.returns == {"1": "the letters", "2": "how many"}
    assert header.errors == ((404, "there is no such team"),)
    assert header.rules == ("Newest first.",)
    assert header.callers == ("users", "agents")


def test_reads_which_vault_belongs_to_what() -> None:
    header = parse_header("""
-- Send.
-- Ceremony: agent_token
-- Seals: queueVault request new_item
-- Seals: items.responseVault response item
-- Arguments:
--   queueVault  the job
begin
""")

    assert header.ceremony == "agent_token"
    assert header.seals == (
        Seal("queueVault", "request", "new_item"),
        Seal("items.responseVault", "response", "item"),
    )
    assert header.arguments == {"queueVault": "the job"}


def test_takes_a_body_without_header_as_it_is() -> None:
    assert parse_header("begin\n-- later\nend").summary == ""


@pytest.mark.parametrize(
    ("name", "pascal", "camel"),
    [
        ("get_team_queue_items", "GetTeamQueueItems", "getTeamQueueItems"),
        ("update_user_tfa", "UpdateUserTfa", "updateUserTfa"),
        ("time", "Time", "time"),
    ],
)
def test_translates_names(name: str, pascal: str, camel: str) -> None:
    assert (pascal_case(name), camel_case(name)) == (pascal, camel)
