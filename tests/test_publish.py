"""Each rule of sql/publish.sql stops an installation that breaks it, and nothing of it is kept."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from broker.install import InstallError, install, sql_directory
from tests.conftest import Template, cloned

GOOD = """\
create or replace function api.get_letters(
    p_team_name   text,
    p_max_records integer default 1000,
    p_secret_key  data.idempotency_key default null)
returns table (letter_id bigint)
language plpgsql volatile security definer set search_path = ''
as $$
-- The letters of a team.
--
-- Callers: users, agents
-- Arguments:
--   teamName    whose letters
--   maxRecords  at most so many
-- Returns:
--   1: the letters
-- Errors:
--   JB404  the company has no such team
-- Rules:
--   Oldest first.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
begin
    if p_max_records < 1 then
        raise exception using errcode = 'JB404', message = 'no';
    end if;
    return query select 1::bigint;
end;
$$;
"""

BREACHES: list[tuple[str, Callable[[str], str]]] = [
    ("has no header", lambda text: "\n".join(line for line in text.splitlines() if not line.startswith("--"))),
    ("has no header", lambda text: text.replace("as $$\n", "as $$\nbegin\n", 1).replace("\nbegin\n    if", "\n    if")),
    ("is not security definer", lambda text: text.replace("security definer ", "")),
    ("does not pin search_path = ''", lambda text: text.replace(" set search_path = ''", "")),
    ("does not pin search_path = ''", lambda text: text.replace("search_path = ''", "search_path = 'public'")),
    ("does not pin search_path = ''", lambda text: text.replace("search_path = ''", "search_path = '', public")),
    (
        "does not begin with auth.enter_call()",
        lambda text: text.replace("v_caller auth.caller := auth.enter_call();", "v_caller auth.caller;"),
    ),
    (
        "does not begin with auth.enter_call()",
        lambda text: text.replace("declare\n", "declare\n    v_now timestamptz := data.clock();\n"),
    ),
    (
        "does not begin with auth.enter_call()",
        lambda text: text.replace("    v_caller auth", "    -- v_caller auth").replace(
            "declare\n", "declare\n    v int;\n"
        ),
    ),
    ("does not begin with auth.enter_call()", lambda text: text.replace("auth.enter_call()", "auth.identify()")),
    ('has no line "Callers:"', lambda text: text.replace("-- Callers: users, agents\n", "")),
    ('has no line "Callers:"', lambda text: text.replace("users, agents", "")),
    ('has no line "Callers:"', lambda text: text.replace("users, agents", "users, everybody")),
    ("has a header whose arguments", lambda text: text.replace("--   maxRecords  at most so many\n", "")),
    ("has a header whose arguments", lambda text: text.replace("--   maxRecords ", "--   maxItems ")),
    ("has a header whose arguments", lambda text: text.replace("--   maxR", "--   color  of the paper\n--   maxR")),
    (
        "raises JB409, which its header does not list",
        lambda text: text.replace("errcode = 'JB404'", "errcode = 'JB409'"),
    ),
]


@pytest.fixture(scope="module")
def database(server: str, template: Template) -> Iterator[str]:
    """One clone for all: a refused installation must leave nothing behind that the next one could see."""
    with cloned(server, template) as url:
        yield url


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of sql/ that may be spoiled, with the clock of the tests."""
    copied = tmp_path / "sql"
    shutil.copytree(sql_directory(), copied)
    return copied


def state(database: str) -> list[tuple[object, ...]]:
    """Everything that an installation writes."""
    with psycopg.connect(database) as connection:
        return [
            *connection.execute("select path, digest, installed_time from data.installed_file order by path"),
            *connection.execute("select * from data.procedure order by procedure_name"),
            *connection.execute(
                "select oid, proname, prosrc, proacl::text, proconfig from pg_proc "
                "where pronamespace::regnamespace::text in ('api', 'auth', 'data', 'keyring', 'maintenance', 'queue') "
                "order by oid"
            ),
        ]


def test_the_function_that_the_others_spoil_is_good(server: str, template: Template, tree: Path) -> None:
    (tree / "api" / "get_letters.sql").write_text(GOOD)

    with cloned(server, template) as url:
        assert "api/get_letters.sql" in install(url, tree)


@pytest.mark.parametrize(("complaint", "spoil"), BREACHES, ids=[f"{n} {text}" for n, (text, _) in enumerate(BREACHES)])
def test_a_breach_stops_the_installation_and_leaves_nothing_behind(
    database: str, tree: Path, complaint: str, spoil: Callable[[str], str]
) -> None:
    before = state(database)
    spoiled = spoil(GOOD)
    assert spoiled != GOOD
    (tree / "api" / "get_letters.sql").write_text(spoiled)

    with pytest.raises(InstallError) as raised:
        install(database, tree)

    assert complaint in str(raised.value)
    assert "api.get_letters" in str(raised.value)
    assert state(database) == before


def test_a_file_that_makes_another_function_is_refused(database: str, tree: Path) -> None:
    (tree / "api" / "get_papers.sql").write_text(GOOD)

    with pytest.raises(InstallError, match=r"api/get_papers\.sql must create exactly the function api\.get_papers"):
        install(database, tree)


def test_a_file_that_makes_an_overload_is_refused(database: str, tree: Path) -> None:
    before = state(database)
    (tree / "api" / "get_letters.sql").write_text(GOOD + GOOD.replace("p_team_name   text,", "p_team_name integer,"))

    with pytest.raises(InstallError, match=r"must create exactly the function api\.get_letters"):
        install(database, tree)
    assert state(database) == before


def test_an_overload_that_somebody_made_by_hand_is_found(server: str, template: Template, tree: Path) -> None:
    with cloned(server, template) as url:
        (tree / "api" / "get_letters.sql").write_text(GOOD)
        install(url, tree)
        with psycopg.connect(url) as connection:
            connection.execute(GOOD.replace("p_team_name   text,", "p_team_name integer,").encode())
        (tree / "publish.sql").write_text((tree / "publish.sql").read_text() + "\n")

        with pytest.raises(InstallError, match=r"api\.get_letters is overloaded"):
            install(url, tree)


def test_a_second_function_in_a_file_does_not_stay(server: str, template: Template, tree: Path) -> None:
    (tree / "api" / "get_letters.sql").write_text(GOOD + GOOD.replace("get_letters", "get_hidden"))

    with cloned(server, template) as url:
        install(url, tree)
        with psycopg.connect(url) as connection:
            assert connection.execute("select to_regproc('api.get_hidden')").fetchall() == [(None,)]


def test_an_error_in_a_file_names_the_file(database: str, tree: Path) -> None:
    before = state(database)
    (tree / "api" / "get_letters.sql").write_text(GOOD.replace("language plpgsql", "language nothing"))

    with pytest.raises(InstallError, match=r"^api/get_letters\.sql: "):
        install(database, tree)
    assert state(database) == before


def test_what_is_good_is_published_with_its_header_and_for_its_callers(
    server: str, template: Template, tree: Path
) -> None:
    (tree / "api" / "get_letters.sql").write_text(GOOD)

    with cloned(server, template) as url:
        install(url, tree)
        with psycopg.connect(url) as connection:
            [(comment, public, broker, settings)] = connection.execute("""
                select obj_description(oid, 'pg_proc'), has_function_privilege('public', oid, 'execute'),
                       has_function_privilege('broker_app', oid, 'execute'), proconfig
                from pg_proc where proname = 'get_letters'
            """).fetchall()
            callers = connection.execute(
                "select for_anyone, for_users, for_administrators, for_agents from data.procedure "
                "where procedure_name = 'get_letters'"
            ).fetchall()

    assert comment.startswith("The letters of a team.\n")
    assert comment.endswith("Oldest first.")
    assert (public, broker) == (False, True)
    assert "plan_cache_mode=force_generic_plan" in settings
    assert callers == [(False, True, True, True)]
