"""What somebody tries who stole the application's database password, or who makes what is hard to read."""

import hashlib
from collections.abc import Iterator
from itertools import count
from typing import LiteralString

import psycopg
import pytest
from flask.testing import FlaskClient
from psycopg import sql

from broker.contract.body import make_object
from broker.errors import RefusedError
from broker.live.notices import read_payload
from broker.surfaces import documentation
from tests.world import Caller, World, must

# Runs as whoever looks at a value of the type; an owner who does so is found out.
SEIZE = """
    create function pg_temp.seize() returns boolean language plpgsql as $$
    begin
        if current_user = 'broker_owner' then
            raise exception 'seized';
        end if;
        return true;
    end;
    $$
"""


@pytest.fixture
def thief(database: str) -> Iterator[psycopg.Connection]:
    """A session of somebody who stole the application's password."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("set session authorization broker_app")
        yield connection


def outcome(connection: psycopg.Connection, statement: LiteralString) -> str | None:
    """How a statement ended: "done", or the SQLSTATE of its error."""
    try:
        connection.execute(statement)
    except psycopg.Error as error:
        return error.sqlstate
    return "done"


@pytest.mark.parametrize("name", ["text", "timestamptz", "uuid", "bytea", "jsonb"])
@pytest.mark.parametrize(
    "statement",
    [
        "select api.get_company_teams()",
        "select api.update_queue_item_heartbeat(1)",
        "select keyring.vault_target('new_item', '{}')",
        "select keyring.report_unreadable('{1}')",
        "select keyring.fail_unreadable(1, null)",
        "select keyring.ready_since(null)",
    ],
)
def test_a_temporary_type_does_not_run_as_the_owner(
    thief: psycopg.Connection, name: str, statement: LiteralString
) -> None:
    thief.execute(SEIZE)
    thief.execute(
        sql.SQL("create domain pg_temp.{0} as pg_catalog.{0} check (pg_temp.seize())").format(sql.Identifier(name))
    )

    assert outcome(thief, statement) in ("done", "JB401", "JB404")


def test_every_function_that_lends_rights_looks_into_the_temporary_schema_last(admin: psycopg.Connection) -> None:
    lending = admin.execute(
        """
        select oid::regprocedure::text, proconfig
        from pg_proc
        where prosecdef
          and pronamespace::regnamespace::text in ('data', 'auth', 'keyring', 'queue', 'api', 'maintenance')
        """
    ).fetchall()

    assert len(lending) > 30
    assert [name for name, settings in lending if "search_path=pg_catalog, pg_temp" not in settings] == []


def test_the_procedure_is_known_however_the_server_words_its_call_stack(
    thief: psycopg.Connection, world: World
) -> None:
    token_hash = hashlib.sha256(world.tokens["bob"].encode()).hexdigest()
    thief.execute("select set_config('broker.token_hash', %s, false)", [token_hash])
    thief.execute("set quote_all_identifiers = on")  # changes the words on a server without translations too

    teams = thief.execute("select team_name from api.get_company_teams()").fetchall()

    assert ("ops",) in teams


@pytest.mark.parametrize("payload", ["[" * 7_900, '{"a":' * 1_500, "9" * 7_900])
def test_a_notice_made_to_be_hard_to_read_says_nothing(payload: str) -> None:
    assert read_payload(payload) == []


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\u2028b", "a\x1b[2Jb", "a\u202eb"])
def test_a_refusal_shows_a_callers_text_in_one_line(call: Caller, name: str) -> None:
    refused = call("GetQueueItemsNext", machineName=name)

    assert refused.status == 404
    assert "".join(refused.errors).isprintable()


def test_asking_for_the_contract_again_costs_nothing(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = count()
    monkeypatch.setattr(documentation, "build_document", lambda *_: {"number": next(numbers)})

    answers = [client.get("/api/openapi.json").get_json() for _ in range(3)]

    assert answers == [{"number": 0}] * 3


def test_a_bridges_agent_sees_no_machine_whose_keys_it_was_not_given(call: Caller, admin: psycopg.Connection) -> None:
    """Where its key pair cannot be trusted, nobody can give it any."""
    admin.execute("update data.principal_key set mac = sha256('another')")
    must(call("CreateTeam", _as="ann", teamName="payroll"))
    must(call("CreateMachine", _as="ann", teamName="payroll", bridgeName="north", machineName="pay-01"))
    made = must(call("CreateQueueItem", _as="ann", teamName="payroll", machineName="pay-01", queueVault="{}"))
    queue_id = made.row["queueId"]

    trace = call("GetQueueItemTrace", _as="north", queueId=queue_id)
    beat = call("UpdateQueueItemHeartbeat", _as="north", queueId=queue_id, claimToken="x")

    assert (trace.status, trace.errors) == (404, [f"queue item {queue_id} not found"])
    assert (beat.status, beat.errors) == (404, [f"queue item {queue_id} not found"])


class CountingName(str):
    """A name that counts how often it is compared."""

    comparisons = 0

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        CountingName.comparisons += 1
        return str(self) == str(other)


def test_a_name_given_twice_is_found_without_comparing_all_with_all() -> None:
    names = [CountingName(number) for number in range(2_000)]

    with pytest.raises(RefusedError) as refusal:
        make_object([(name, None) for name in [*names, CountingName(1_999)]])

    assert refusal.value.messages == ('member "1999" is given twice',)
    assert CountingName.comparisons < 10 * len(names)
