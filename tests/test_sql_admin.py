"""SQL admins operate the queue by its procedures, as users, without a key; every other role can do its part only."""

from collections.abc import Iterator
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests.conftest import run_on
from tests.world import Caller, MakeItem, must

SCHEMAS = ("api", "auth", "data", "keyring", "maintenance", "queue")
UNAUTHENTICATED = "Authentication required: no valid token was sent in the header Rediacc-RequestToken"


@pytest.fixture
def role(server: str) -> Iterator[str]:
    """A login that is a member of nothing."""
    name = f"person_{uuid4().hex[:8]}"
    run_on(server, sql.SQL("create role {} login").format(sql.Identifier(name)))
    yield name
    run_on(server, sql.SQL("drop role {}").format(sql.Identifier(name)))


@pytest.fixture
def person(role: str, database: str) -> Iterator[psycopg.Connection]:
    """A session of that login. Every statement commits unless he begins, as in psql.

    The embedded server lets in the operating system's user only, so a superuser's session becomes the login's.
    """
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(sql.SQL("set session authorization {}").format(sql.Identifier(role)))
        yield connection


@pytest.fixture
def operator(person: psycopg.Connection, role: str, admin: psycopg.Connection) -> psycopg.Connection:
    """A session of a SQL admin."""
    admin.execute(sql.SQL("grant broker_admin to {}").format(sql.Identifier(role)))
    return person


def act_as(connection: psycopg.Connection, email: str | None, reason: str | None = "ticket 12") -> str:
    [(sentence,)] = connection.execute("select auth.act_as(%s, %s)", [email, reason]).fetchall()
    assert isinstance(sentence, str)
    return sentence


def refusal(connection: psycopg.Connection, statement: LiteralString, *values: Any) -> tuple[str | None, str | None]:
    """SQLSTATE and message of a statement that must fail."""
    with pytest.raises(psycopg.Error) as raised:
        connection.execute(statement, values)
    return raised.value.sqlstate, raised.value.diag.message_primary


def test_lists_cancels_and_retries_by_procedure(
    operator: psycopg.Connection, role: str, call: Caller, queue_item: MakeItem
) -> None:
    queue_id = queue_item()

    with operator.transaction():
        sentence = act_as(operator, "ann@acme.example")
        listed = operator.execute(
            "select queue_id, status from api.get_team_queue_items(p_team_name => 'ops')"
        ).fetchall()
        operator.execute("select * from api.cancel_queue_item(p_queue_id => %s, p_reason => 'stuck')", [queue_id])
        [(retried,)] = operator.execute(
            "select new_queue_id from api.retry_failed_queue_item(p_original_queue_id => %s)", [queue_id]
        ).fetchall()

    assert sentence == f"{role} acts as ann@acme.example until this transaction ends"
    assert listed == [(queue_id, "PENDING")]
    events = call("GetQueueItemTrace", queueId=queue_id).rows
    assert [(row["event"], row["actor"], row["details"]) for row in events[1:]] == [
        ("CANCELLED", f"{role} as ann@acme.example", "stuck"),
        ("RETRIED", f"{role} as ann@acme.example", events[2]["details"]),
    ]
    assert call("GetQueueItemsNext", _as="build-01").row["queueId"] == retried


def test_sees_a_vault_as_sealed_bytes(operator: psycopg.Connection, queue_item: MakeItem) -> None:
    queue_item(job='["a-secret-word"]')

    with operator.transaction():
        act_as(operator, "ann@acme.example")
        [(content, whole_row)] = operator.execute(
            "select (vault_content).content, item::text from api.get_team_queue_items() as item"
        ).fetchall()

    assert content.startswith(b"JV")
    assert "secret" not in whole_row
    assert b"secret".hex() not in whole_row


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "select api.create_queue_item('ops', null, 'build-01')",
            "this call seals a vault and needs a key: make it through the broker",
        ),
        ("select api.create_agent_token(null, 'build-01')", "this call wraps keys: make it through the broker"),
        ("select api.create_new_user('x@acme.example', null)", "this call wraps keys: make it through the broker"),
    ],
)
def test_calls_that_need_a_key_refuse(operator: psycopg.Connection, statement: LiteralString, sentence: str) -> None:
    with operator.transaction(force_rollback=True):
        act_as(operator, "ann@acme.example")
        assert refusal(operator, statement) == ("JB403", sentence)


def test_completing_needs_a_key_too(operator: psycopg.Connection, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="PROCESSING")

    with operator.transaction(force_rollback=True):
        act_as(operator, "bob@acme.example")
        state, _ = refusal(
            operator, "select * from api.update_queue_item_to_completed(null, p_queue_id => %s)", queue_id
        )

    assert state == "JB403"


def test_has_the_rights_and_teams_of_the_user(operator: psycopg.Connection, queue_item: MakeItem) -> None:
    queue_id = queue_item()

    with operator.transaction(force_rollback=True):
        act_as(operator, "bob@acme.example")
        answer = refusal(operator, "select api.get_agent_tokens()")
    with operator.transaction(force_rollback=True):
        act_as(operator, "gina@globex.example")
        foreign = refusal(operator, "select api.cancel_queue_item(p_queue_id => %s)", queue_id)

    assert answer[0] == "JB403"
    assert foreign == ("JB404", f"queue item {queue_id} not found")


def test_is_nobody_without_act_as(operator: psycopg.Connection) -> None:
    assert refusal(operator, "select api.get_team_queue_items()") == ("JB401", UNAUTHENTICATED)


def test_is_nobody_again_when_the_transaction_has_ended(operator: psycopg.Connection) -> None:
    with operator.transaction():
        act_as(operator, "ann@acme.example")
        operator.execute("select api.get_team_queue_items()")
    committed = refusal(operator, "select api.get_team_queue_items()")
    with operator.transaction(force_rollback=True):
        act_as(operator, "ann@acme.example")
    undone = refusal(operator, "select api.get_team_queue_items()")
    act_as(operator, "ann@acme.example")
    alone = refusal(operator, "select api.get_team_queue_items()")

    assert committed == undone == alone == ("JB401", UNAUTHENTICATED)


def test_is_nobody_again_after_the_savepoint_was_undone(operator: psycopg.Connection) -> None:
    with operator.transaction(force_rollback=True):
        with operator.transaction(force_rollback=True):
            act_as(operator, "ann@acme.example")
        assert refusal(operator, "select api.get_team_queue_items()")[0] == "JB401"


def test_one_transaction_acts_as_one_user(operator: psycopg.Connection) -> None:
    with operator.transaction(force_rollback=True):
        act_as(operator, "ann@acme.example")
        assert refusal(operator, "select auth.act_as('gina@globex.example', 'why')") == (
            "JB409",
            "this transaction acts as a user already; commit or roll back first",
        )


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_needs_a_reason(operator: psycopg.Connection, reason: str | None) -> None:
    assert refusal(operator, "select auth.act_as('ann@acme.example', %s)", reason) == (
        "JB400",
        "a reason is needed: auth.act_as(e-mail, reason)",
    )


def test_keeps_who_acted_as_whom_and_why(operator: psycopg.Connection, role: str, admin: psycopg.Connection) -> None:
    act_as(operator, "Ann@Acme.example", "ticket 12")

    [kept] = admin.execute("""
        select acting.session_role, person.email, acting.reason
        from data.impersonation as acting join data.company_user as person using (company_id, user_id)
    """).fetchall()
    assert kept == (role, "ann@acme.example", "ticket 12")


@pytest.mark.parametrize("email", [None, "", "nobody@acme.example", "dora@acme.example"])
def test_refuses_a_user_that_is_unknown_or_not_active(
    operator: psycopg.Connection, call: Caller, email: str | None
) -> None:
    must(call("CreateNewUser", _as="ann", newUserEmail="dora@acme.example"))

    assert refusal(operator, "select auth.act_as(%s, 'why')", email)[0] == "JB404"


def test_refuses_a_user_who_was_deactivated(operator: psycopg.Connection, admin: psycopg.Connection) -> None:
    admin.execute("update data.company_user set deactivated_time = data.clock() where email = 'ann@acme.example'")

    assert refusal(operator, "select auth.act_as('ann@acme.example', 'why')")[0] == "JB404"


def test_an_admin_reads_no_table(operator: psycopg.Connection, role: str, admin: psycopg.Connection) -> None:
    assert refusal(operator, "select * from data.queue_item")[0] == "42501"
    assert rights_on_tables(admin, role) == []


def test_a_login_without_a_role_can_do_nothing(
    person: psycopg.Connection, role: str, admin: psycopg.Connection
) -> None:
    assert refusal(person, "select api.get_team_queue_items()")[0] == "42501"
    assert refusal(person, "select auth.act_as('ann@acme.example', 'why')")[0] == "42501"
    assert rights_on_tables(admin, role) == rights_on_functions(admin, role) == []


@pytest.mark.parametrize(
    ("name", "schemas", "besides"),
    [
        ("broker_app", {"api", "keyring"}, set()),
        ("broker_scheduler", {"maintenance"}, set()),
        ("broker_admin", {"api"}, {"auth.act_as"}),
    ],
)
def test_each_role_executes_its_schemas_and_nothing_else(
    admin: psycopg.Connection, name: str, schemas: set[str], besides: set[str]
) -> None:
    every = admin.execute(
        "select pronamespace::regnamespace || '.' || proname from pg_proc "
        "where pronamespace::regnamespace::text = any(%s)",
        [list(SCHEMAS)],
    )
    expected = {function for (function,) in every if function.partition(".")[0] in schemas}

    assert set(rights_on_functions(admin, name)) == expected | besides


@pytest.mark.parametrize("name", ["broker_app", "broker_scheduler", "broker_admin"])
def test_no_role_reads_a_table_or_makes_anything(admin: psycopg.Connection, name: str) -> None:
    assert rights_on_tables(admin, name) == []
    [(creates,)] = admin.execute(
        "select count(*) from unnest(%s::text[]) as schema where has_schema_privilege(%s, schema, 'create')",
        [list(SCHEMAS), name],
    ).fetchall()
    assert creates == 0


@pytest.mark.parametrize(
    "setting",
    [
        "broker.user",
        "broker.user_id",
        "broker.company_id",
        "broker.caller",
        "broker.email",
        "broker.token",
        "broker.act_as",
        "broker.transaction_id",
        "application_name",
    ],
)
@pytest.mark.parametrize("value", ["ann@acme.example", "1"])
def test_no_setting_says_who_the_caller_is(admin: psycopg.Connection, setting: str, value: str) -> None:
    admin.execute("set role broker_app")

    with admin.transaction(force_rollback=True):
        admin.execute("select set_config(%s, %s, true)", [setting, value])
        assert refusal(admin, "select api.get_team_queue_items()") == ("JB401", UNAUTHENTICATED)


def test_the_brokers_role_alone_is_nobody_and_cannot_act_as_anybody(admin: psycopg.Connection) -> None:
    admin.execute("set role broker_app")

    assert refusal(admin, "select api.get_team_queue_items()") == ("JB401", UNAUTHENTICATED)
    assert refusal(admin, "select auth.act_as('ann@acme.example', 'why')")[0] == "42501"
    assert refusal(admin, "select queue.lock_next_items(1, '{1}', 1)")[0] == "42501"
    assert refusal(admin, "select maintenance.mark_stale(10)")[0] == "42501"
    assert refusal(admin, "select * from data.queue_item")[0] == "42501"


@pytest.mark.parametrize(
    ("session_role", "age"), [("somebody_else", "0 s"), (None, "1 s")], ids=["other login", "earlier"]
)
def test_a_row_of_another_life_of_the_database_speaks_for_nobody(
    admin: psycopg.Connection, session_role: str | None, age: str
) -> None:
    with admin.transaction(force_rollback=True):
        admin.execute(
            """
            insert into data.impersonation (transaction_id, company_id, user_id, session_role, reason, started_time)
            select pg_current_xact_id(), company_id, user_id, coalesce(%s, session_user), 'restored',
                   now() - %s::interval
            from data.company_user where email = 'ann@acme.example'
            """,
            [session_role, age],
        )
        assert refusal(admin, "select api.get_team_queue_items()") == ("JB401", UNAUTHENTICATED)


def test_rows_of_ended_transactions_are_deleted_after_a_day(admin: psycopg.Connection) -> None:
    admin.execute("""
        insert into data.impersonation (transaction_id, company_id, user_id, session_role, reason, started_time)
        select number::text::xid8, company_id, user_id, 'x', 'restored from another server', data.clock() - age
        from data.company_user
        cross join (values (9000000000000000, interval '2 days'), (1000, interval '2 days'), (1001, '1 hour'))
            as rows (number, age)
        where email = 'ann@acme.example'
    """)

    admin.execute("select maintenance.delete_expired()")

    assert admin.execute("select transaction_id::text from data.impersonation").fetchall() == [("1001",)]


def rights_on_tables(admin: psycopg.Connection, role: str) -> list[str]:
    """Every table, view and sequence of the schemas on which a role has any right."""
    rows = admin.execute(
        """
        select oid::regclass::text
        from pg_class
        where relnamespace::regnamespace::text = any(%(schemas)s)
          and relkind in ('r', 'p', 'v', 'm', 'S')
          and case when relkind = 'S' then has_sequence_privilege(%(role)s, oid, 'usage, select, update')
              else has_table_privilege(%(role)s, oid, 'select, insert, update, delete, truncate, references, trigger')
                or has_any_column_privilege(%(role)s, oid, 'select, insert, update, references') end
        """,
        {"role": role, "schemas": list(SCHEMAS)},
    )
    return [name for (name,) in rows]


def rights_on_functions(admin: psycopg.Connection, role: str) -> list[str]:
    """Every function of the schemas that a role can execute."""
    rows = admin.execute(
        """
        select pronamespace::regnamespace || '.' || proname
        from pg_proc
        where pronamespace::regnamespace::text = any(%(schemas)s)
          and has_function_privilege(%(role)s, oid, 'execute')
          and has_schema_privilege(%(role)s, pronamespace, 'usage')
        """,
        {"role": role, "schemas": list(SCHEMAS)},
    )
    return [name for (name,) in rows]
