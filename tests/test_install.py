"""Installing: once, again, over an older version, at the same moment, and as somebody who is no superuser."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from broker.install import SCHEMAS, InstallError, install, read_files, sql_directory
from tests.conftest import database_url, run_on

FUNCTION = """\
create or replace function api.get_letters({arguments})
returns {result}
language plpgsql volatile security definer set search_path = ''
as $$
-- The letters of a team.
--
-- Callers: users
{described}-- Returns:
--   1: the letters
begin
    perform auth.enter_call();
    return query select {value};
end;
$$;
"""


def write(
    tree: Path, arguments: str = "", described: str = "", result: str = "table (n integer)", value: str = "1"
) -> None:
    """Put the procedure GetLetters into a tree."""
    section = f"-- Arguments:\n{described}" if described else ""
    text = FUNCTION.format(arguments=arguments, described=section, result=result, value=value)
    (tree / "api" / "get_letters.sql").write_text(text)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of sql/ that may be changed."""
    copied = tmp_path / "sql"
    shutil.copytree(sql_directory(), copied)
    return copied


@pytest.fixture
def empty(server: str) -> Iterator[Callable[[], str]]:
    """Makes databases with nothing in them; answers URLs of a superuser."""
    names: list[str] = []

    def make() -> str:
        names.append(f"empty_{uuid4().hex[:12]}")
        run_on(server, sql.SQL("create database {}").format(sql.Identifier(names[-1])))
        return database_url(server, names[-1])

    yield make
    for name in names:
        run_on(server, sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def signatures(url: str) -> list[str]:
    """Of the functions called get_letters."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select pg_get_function_arguments(oid) || ' -> ' || pg_get_function_result(oid) "
            "from pg_proc where proname = 'get_letters' and pronamespace = 'api'::regnamespace"
        )
        return [signature for (signature,) in rows]


def catalogue(url: str) -> dict[str, list[Any]]:
    """What an installation leaves: functions, tables and rights."""
    with psycopg.connect(url) as connection:
        return {
            "functions": connection.execute(
                "select oid::regprocedure::text, md5(prosrc), proacl::text, proconfig, proowner::regrole::text "
                "from pg_proc where pronamespace::regnamespace::text = any(%s) order by 1",
                [list(SCHEMAS)],
            ).fetchall(),
            "tables": connection.execute(
                "select oid::regclass::text, relkind, relacl::text, relowner::regrole::text "
                "from pg_class where relnamespace::regnamespace::text = any(%s) order by 1",
                [list(SCHEMAS)],
            ).fetchall(),
        }


def test_installs_every_file_once_and_then_nothing(empty: Callable[[], str]) -> None:
    url = empty()

    first, second = install(url), install(url)

    assert sorted(first) == [file.path for file in read_files(sql_directory())]
    assert second == []


def test_numbered_files_come_first_and_publish_last(empty: Callable[[], str]) -> None:
    applied = install(empty())

    numbered = [path for path in applied if path.startswith("data/0")]
    assert applied[: len(numbered)] == sorted(numbered)
    assert applied[-1] == "publish.sql"


def test_everything_belongs_to_the_owners_role(empty: Callable[[], str]) -> None:
    url = empty()
    install(url)

    found = catalogue(url)
    owners = {row[-1] for rows in found.values() for row in rows}
    assert owners == {"broker_owner"}


def test_makes_the_roles_and_none_of_them_is_powerful(empty: Callable[[], str]) -> None:
    url = empty()
    install(url)

    with psycopg.connect(url) as connection:
        roles = connection.execute("""
            select rolname, rolcanlogin, rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls
            from pg_roles where rolname ~ '^broker_' order by rolname
        """).fetchall()
    assert roles == [
        ("broker_admin", False, False),
        ("broker_app", True, False),
        ("broker_owner", False, False),
        ("broker_scheduler", True, False),
    ]


def test_refuses_a_numbered_file_that_was_edited_after_it_ran(empty: Callable[[], str], tree: Path) -> None:
    url = empty()
    install(url, tree)
    before = catalogue(url)
    edited = tree / "data" / "0001_types.sql"
    edited.write_text(edited.read_text() + "\n-- an afterthought\n")
    write(tree)

    with pytest.raises(InstallError, match=r"data/0001_types\.sql was edited after it had run"):
        install(url, tree)
    assert catalogue(url) == before


def test_runs_a_new_numbered_file_once(empty: Callable[[], str], tree: Path) -> None:
    url = empty()
    install(url, tree)
    (tree / "data" / "9999_letters.sql").write_text("create table data.letter (company_id bigint primary key);\n")

    applied = install(url, tree)

    assert applied[0] == "data/9999_letters.sql"
    assert install(url, tree) == []


def test_replaces_what_has_changed_and_nothing_else(empty: Callable[[], str], tree: Path) -> None:
    url = empty()
    write(tree)
    install(url, tree)
    before = signatures(url)
    write(tree, value="2")

    applied = install(url, tree)

    assert applied == ["api/get_letters.sql", "invariants.sql", "publish.sql"]
    assert signatures(url) == before
    with psycopg.connect(url) as connection:
        [(source,)] = connection.execute("select prosrc from pg_proc where proname = 'get_letters'").fetchall()
    assert "select 2" in source


@pytest.mark.parametrize(
    ("change", "signature"),
    [
        (
            {"arguments": "p_a integer default 1, p_b text default null", "described": "--   a  one\n--   b  two\n"},
            "p_a integer DEFAULT 1, p_b text DEFAULT NULL::text -> TABLE(n integer)",
        ),
        ({}, " -> TABLE(n integer)"),
        (
            {"arguments": "p_b integer default 1", "described": "--   b  one\n"},
            "p_b integer DEFAULT 1 -> TABLE(n integer)",
        ),
        ({"arguments": "p_a integer", "described": "--   a  one\n"}, "p_a integer -> TABLE(n integer)"),
        (
            {"arguments": "p_a text default null", "described": "--   a  one\n"},
            "p_a text DEFAULT NULL::text -> TABLE(n integer)",
        ),
        (
            {
                "arguments": "p_a integer default 1",
                "described": "--   a  one\n",
                "result": "table (n bigint, m text)",
                "value": "1::bigint, 'x'::text",
            },
            "p_a integer DEFAULT 1 -> TABLE(n bigint, m text)",
        ),
        (
            {"arguments": "p_a integer default 1", "described": "--   a  one\n", "result": "setof integer"},
            "p_a integer DEFAULT 1 -> SETOF integer",
        ),
    ],
    ids=["added", "removed", "renamed", "default gone", "other type", "other columns", "other kind of result"],
)
def test_replaces_a_function_of_another_signature(
    empty: Callable[[], str], tree: Path, change: dict[str, str], signature: str
) -> None:
    url = empty()
    write(tree, "p_a integer default 1", "--   a  one\n")
    install(url, tree)

    write(tree, **change)
    install(url, tree)

    assert signatures(url) == [signature]
    with psycopg.connect(url) as connection:
        [(granted,)] = connection.execute(
            "select bool_and(has_function_privilege('broker_app', oid, 'execute')) from pg_proc "
            "where proname = 'get_letters'"
        ).fetchall()
    assert granted


def test_an_upgrade_ends_like_a_fresh_installation(empty: Callable[[], str], tree: Path) -> None:
    upgraded, fresh = empty(), empty()
    write(tree)
    for path in ("auth/require_team.sql", "data/health_of.sql", "queue/list_filter.sql"):
        changed = tree / path
        changed.write_text(changed.read_text().replace("as $$\n", "as $$\n-- An older version.\n"))
    install(upgraded, tree)

    install(upgraded)
    install(fresh)

    assert catalogue(upgraded) == catalogue(fresh)


def test_drops_the_function_of_a_file_that_is_gone(empty: Callable[[], str], tree: Path) -> None:
    url = empty()
    write(tree)
    install(url, tree)
    (tree / "api" / "get_letters.sql").unlink()

    applied = install(url, tree)

    assert applied == ["api.get_letters()", "invariants.sql", "publish.sql"]
    assert signatures(url) == []
    with psycopg.connect(url) as connection:
        assert connection.execute("select from data.procedure where procedure_name = 'get_letters'").fetchall() == []
    assert install(url, tree) == []


def test_a_failed_installation_leaves_nothing_in_an_empty_database(empty: Callable[[], str], tree: Path) -> None:
    url = empty()
    (tree / "api" / "get_letters.sql").write_text("create function;")

    with pytest.raises(InstallError, match=r"^api/get_letters\.sql: "):
        install(url, tree)

    with psycopg.connect(url) as connection:
        assert connection.execute("select nspname from pg_namespace where nspname = 'api'").fetchall() == []


def test_of_two_installers_at_once_one_finds_everything_done(empty: Callable[[], str]) -> None:
    url = empty()

    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(install, [url, url])

    assert sorted(map(len, (one, other))) == [0, len(read_files(sql_directory()))]
    assert install(url) == []


def test_installers_of_two_databases_of_one_server_do_not_disturb_each_other(empty: Callable[[], str]) -> None:
    urls = [empty(), empty(), empty()]

    with ThreadPoolExecutor(3) as threads:
        applied = list(threads.map(install, urls))

    assert [len(paths) for paths in applied] == [len(read_files(sql_directory()))] * 3


def test_waits_for_a_lock_that_a_broker_holds_for_a_moment(empty: Callable[[], str], tree: Path) -> None:
    url = empty()
    install(url, tree)
    (tree / "data" / "9999_more.sql").write_text("alter table data.region add column more text;\n")

    with psycopg.connect(url) as holder, ThreadPoolExecutor(1) as threads:
        holder.execute("select from data.region")
        running = threads.submit(install, url, tree)
        # Its patience is two seconds; the first attempt has then been given up.
        while not running.done() and not gave_up(url):
            pass
        assert not running.done()
        holder.rollback()
        assert running.result()[0] == "data/9999_more.sql"


def gave_up(url: str) -> bool:
    """Whether the server has cancelled a statement that waited too long for a lock: no session waits, one was there."""
    with psycopg.connect(url, autocommit=True) as connection:
        [(aborted,)] = connection.execute(
            "select xact_rollback > 0 from pg_stat_database where datname = current_database()"
        ).fetchall()
    return bool(aborted)
