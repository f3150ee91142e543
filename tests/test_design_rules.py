"""What keeps the road to many machines open (DESIGN 7), checked over PostgreSQL's catalogue."""

import re
from collections.abc import Iterator

import psycopg
import pytest

from broker.install import read_files, sql_directory
from tests.conftest import Template, cloned

# The ways that lead from something global to a company, and what belongs to the installation and to no company.
WAYS_TO_A_COMPANY = {"data.email_address": {"email"}, "data.token_company": {"token_hash"}}
OF_THE_INSTALLATION = {"data.installed_file", "data.procedure", "data.brake", "data.instance_key", "data.sweep"}
OF_A_TRANSACTION = {"data.impersonation": {"transaction_id"}}

KEYS = """
    select con.conrelid::regclass::text, con.contype::text,
           array(select attname::text from unnest(con.conkey) with ordinality as k (num, place)
                 join pg_attribute on attrelid = con.conrelid and attnum = k.num order by k.place),
           coalesce(con.confrelid::regclass::text, ''),
           array(select attname::text from unnest(con.confkey) with ordinality as k (num, place)
                 join pg_attribute on attrelid = con.confrelid and attnum = k.num order by k.place)
    from pg_constraint as con
    where con.connamespace = 'data'::regnamespace and con.contype in ('p', 'u', 'f')
"""
UNIQUE_INDEXES = """
    select index.indrelid::regclass::text, attribute.attname::text
    from pg_index as index
    join pg_class as table_ on table_.oid = index.indrelid and table_.relnamespace = 'data'::regnamespace
    join pg_attribute as attribute on attribute.attrelid = index.indrelid and attribute.attnum = index.indkey[0]
    where index.indisunique
      -- Unique within a company too, but holds it second: sql/data/0033_task_ids.sql says why.
      and index.indexrelid <> 'data.queue_item_task_id'::regclass
"""
FUNCTIONS = """
    select proname::text, pronamespace::regnamespace::text, prosrc
    from pg_proc where pronamespace::regnamespace::text in ('api', 'auth', 'data', 'keyring', 'maintenance', 'queue')
"""
# transaction_timestamp says when the transaction began; auth.identify compares rows with that.
CLOCKS = r"\b(now\(|clock_timestamp|statement_timestamp|current_timestamp|localtimestamp|current_date|timeofday)"
NAMES_THE_COMPANY = re.compile(r"company_id\s*=|into data\.\w+(?: as \w+)? \(\s*company_id")
MAY_READ_A_CLOCK = {"data.clock", "data.uuid_v7"}
SESSION_STATE = {
    "sets a setting": r"\bset_config\s*\(|^\s*(set|reset)\s+(local|session|role|all|time\s+zone|search_path)\b",
    "makes a temporary table": r"\btemp(orary)?\s+table\b",
    "listens or notifies": r"\b(listen|unlisten|notify)\b|pg_notify",
    "takes a lock of the session": r"pg_(try_)?advisory_lock",
    "keeps a cursor": r"\bwith hold\b",
    "prepares a statement": r"^\s*(prepare|deallocate)\s",
}


@pytest.fixture(scope="module")
def catalogue(server: str, template: Template) -> Iterator[psycopg.Connection]:
    """A connection to a clone with a month's partitions of events."""
    with cloned(server, template) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select maintenance.make_partitions()")
        yield connection


@pytest.fixture(scope="module")
def bodies(catalogue: psycopg.Connection) -> dict[str, str]:
    """The code of every function, without comments, by schema and name."""
    rows = catalogue.execute(FUNCTIONS).fetchall()
    return {f"{schema}.{name}": strip(source) for name, schema, source in rows}


def strip(source: str) -> str:
    """Code without its comments, in lower case."""
    return re.sub(r"--[^\n]*", "", source).lower()


def test_company_id_comes_first_in_every_primary_and_unique_key(catalogue: psycopg.Connection) -> None:
    others = {
        (table, tuple(columns))
        for table, kind, columns, _, _ in catalogue.execute(KEYS)
        if kind in "pu" and columns[0] != "company_id" and table not in OF_THE_INSTALLATION
    }

    named = {**WAYS_TO_A_COMPANY, **OF_A_TRANSACTION}
    assert others == {(table, tuple(columns)) for table, columns in named.items()}


def test_company_id_comes_first_in_every_unique_index(catalogue: psycopg.Connection) -> None:
    tables = {table for table, first in catalogue.execute(UNIQUE_INDEXES) if first != "company_id"}

    assert tables <= set(WAYS_TO_A_COMPANY) | set(OF_A_TRANSACTION) | OF_THE_INSTALLATION


def test_every_foreign_key_leads_from_company_to_the_same_company(catalogue: psycopg.Connection) -> None:
    others = {
        (table, target)
        for table, kind, columns, target, target_columns in catalogue.execute(KEYS)
        if kind == "f" and (columns[0], target_columns[0]) != ("company_id", "company_id")
    }

    assert others == set()


def test_every_table_belongs_to_a_company(catalogue: psycopg.Connection) -> None:
    rows = catalogue.execute("""
        select oid::regclass::text from pg_class
        where relnamespace = 'data'::regnamespace and relkind in ('r', 'p') and relname <> 'test_clock' and not exists (
            select from pg_attribute where attrelid = pg_class.oid and attname = 'company_id' and attnotnull)
    """)

    assert {table for (table,) in rows} == OF_THE_INSTALLATION


def test_there_is_no_trigger_and_no_rule(catalogue: psycopg.Connection) -> None:
    triggers = catalogue.execute(
        "select tgname from pg_trigger join pg_class on pg_class.oid = tgrelid "
        "where relnamespace = 'data'::regnamespace and not tgisinternal"
    )
    rules = catalogue.execute(
        "select rulename from pg_rules where schemaname in ('data', 'api', 'auth', 'queue', 'keyring', 'maintenance')"
    )

    assert (triggers.fetchall(), rules.fetchall()) == ([], [])


@pytest.mark.parametrize("what", list(SESSION_STATE))
def test_no_function_keeps_state_in_its_session(bodies: dict[str, str], what: str) -> None:
    assert [name for name, code in bodies.items() if re.search(SESSION_STATE[what], code, re.MULTILINE)] == []


def test_the_only_settings_that_are_read_are_the_digest_of_the_token_and_for_traces_the_request(
    bodies: dict[str, str],
) -> None:
    read = {
        (name, setting)
        for name, code in bodies.items()
        for setting in re.findall(r"current_setting\(\s*([^,)]+)", code)
    }

    assert read == {("auth.identify", "'broker.token_hash'"), ("auth.origin", "'broker.request'")}


def test_nothing_but_data_clock_reads_a_clock(bodies: dict[str, str]) -> None:
    assert {name for name, code in bodies.items() if re.search(CLOCKS, code)} == MAY_READ_A_CLOCK
    assert {name for name, code in bodies.items() if "transaction_timestamp" in code} == {"auth.identify"}


def test_a_call_reads_the_clock_once(bodies: dict[str, str]) -> None:
    more = {name for name, code in bodies.items() if name.startswith("api.") and code.count("data.clock()") > 1}

    assert more == set()


def test_no_clock_is_a_default(catalogue: psycopg.Connection) -> None:
    rows = catalogue.execute("""
        select adrelid::regclass::text || '.' || attname
        from pg_attrdef
        join pg_attribute on attrelid = adrelid and attnum = adnum
        join pg_class on pg_class.oid = adrelid and relnamespace = 'data'::regnamespace
        where pg_get_expr(adbin, adrelid) ~ 'now\\(|CURRENT_|clock_timestamp'
    """)

    assert {column for (column,) in rows} == {"data.installed_file.installed_time"}


def test_numbers_that_callers_see_stay_below_two_to_the_53(catalogue: psycopg.Connection) -> None:
    """JSON numbers are exact up to there. At a million a second other identities need 300 years."""
    [(maximum,)] = catalogue.execute(
        "select seqmax from pg_sequence "
        "where seqrelid = pg_get_serial_sequence('data.queue_item', 'queue_id')::regclass"
    ).fetchall()
    assert maximum == 2**53 - 1

    started = catalogue.execute("select seqstart, seqincrement, seqcycle from pg_sequence").fetchall()
    assert set(started) == {(1, 1, False)}


def test_there_is_no_row_level_security_to_rely_on(catalogue: psycopg.Connection) -> None:
    rows = catalogue.execute(
        "select relname from pg_class "
        "where relnamespace = 'data'::regnamespace and (relrowsecurity or relforcerowsecurity)"
    )

    assert rows.fetchall() == []


def test_functions_that_run_as_their_owner_pin_their_search_path(catalogue: psycopg.Connection) -> None:
    rows = catalogue.execute("""
        select oid::regprocedure::text from pg_proc
        where pronamespace::regnamespace::text in ('api', 'auth', 'data', 'keyring', 'maintenance', 'queue')
          and prosecdef
          and not coalesce(proconfig, '{}') && array['search_path=""', 'search_path=pg_catalog, pg_temp']
    """)

    assert rows.fetchall() == []


def test_every_function_that_may_not_be_inlined_pins_its_search_path(catalogue: psycopg.Connection) -> None:
    rows = catalogue.execute("""
        select oid::regprocedure::text from pg_proc
        where pronamespace::regnamespace::text in ('api', 'auth', 'data', 'keyring', 'maintenance', 'queue')
          and prolang <> (select oid from pg_language where lanname = 'sql')
          and not coalesce(proconfig, '{}') && array['search_path=""', 'search_path=pg_catalog, pg_temp']
    """)

    assert rows.fetchall() == []


def test_no_two_writing_statements_hang_together_in_one(bodies: dict[str, str]) -> None:
    """DESIGN 7.3: chains of writing CTEs see one snapshot, and their order is nobody's."""
    writing = re.compile(r"\bas\s+(?:materialized\s+)?\(\s*(?:insert|update|delete|merge)\b")

    assert [name for name, code in bodies.items() if len(writing.findall(code)) > 0] == []


def test_every_statement_on_a_tenants_table_names_the_company() -> None:
    """DESIGN 5: each `from`, `join`, `update` or `delete` of such a table has a company_id in the same statement."""
    globally = {
        "auth/identify.sql",  # from the token to its company
        "auth/act_as.sql",  # from the e-mail to its company
        "api/company/create_new_company.sql",  # makes it
        "maintenance/",  # sweeps over all companies
        "keyring/ready_since.sql",  # the hub's poll, over all companies
        "queue/lost_lanes.sql",  # of all companies, by the way of one index
    }
    missing = []
    for file in read_files(sql_directory()):
        if not file.path.startswith(("api/", "auth/", "keyring/", "queue/")) or file.path.startswith(tuple(globally)):
            continue
        for statement in strip(file.text).split(";"):
            touched = re.findall(r"\b(?:from|join|update|into)\s+data\.(\w+)\b(?<!_seq)", statement)
            tenants = [table for table in touched if f"data.{table}" not in {*WAYS_TO_A_COMPANY, *OF_THE_INSTALLATION}]
            # One condition for each table: an equation, or the first column of what is inserted.
            if tenants and len(NAMES_THE_COMPANY.findall(statement)) < len(tenants):
                missing.append((file.path, tenants, statement.strip()[:120]))

    assert missing == []
