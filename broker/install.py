"""Bring a database up to date with the tree's `sql/`, while brokers serve.

Numbered files of `sql/data` run once, in order. Every other file holds one function, named like the file, and replaces
it when its text has changed; a function that the tree no longer holds is dropped. `publish.sql` comes last. All of it
is one transaction under an advisory lock: another broker's installation waits, and a failed one leaves nothing behind.
"""

import hashlib
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

logger = logging.getLogger(__name__)

SCHEMAS = ("data", "auth", "keyring", "queue", "api", "maintenance")
LOCK_TIMEOUT_SECONDS = 2
GIVE_UP_SECONDS = 60
LOCK_KEY = 0x6A6F_6262_726F_6B65  # "jobbroke": any constant will do, as long as every version uses the same


class InstallError(Exception):
    """The tree's SQL and the database do not go together; the message names the file and says why."""


@dataclass(frozen=True)
class SqlFile:
    """One file of the tree: its path below `sql/`, its text and the SHA-256 of it."""

    path: str
    text: str
    digest: str

    @property
    def schema(self) -> str:
        return self.path.split("/", 1)[0]

    @property
    def function(self) -> str:
        return Path(self.path).stem


def sql_directory() -> Path:
    """Where `sql/` lies: inside the installed package, or beside it in a checkout."""
    packaged = Path(__file__).parent / "sql"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "sql"


def install(conninfo: str, directory: Path | None = None) -> list[str]:
    """Install or update everything, waiting for locks that brokers hold for a moment.

    Args:
        conninfo: of a role that may create roles and schemas in the database.
        directory: the tree's `sql/`.

    Returns:
        The paths of the files that were applied; empty when the database was up to date.

    Raises:
        InstallError: a file failed, a numbered file was edited after it had run, or a lock was held for a minute.
    """
    files = read_files(directory or sql_directory())
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while True:
        try:
            with psycopg.connect(conninfo) as connection:
                return _install(connection, files)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
            if time.monotonic() > deadline:
                raise InstallError(f"a lock is held for more than {GIVE_UP_SECONDS} s: {error}") from error
            logger.info("the database is busy, trying again: %s", str(error).strip())


def read_files(directory: Path) -> list[SqlFile]:
    """All files of the tree, in the order of their paths."""
    files = []
    for path in sorted(directory.rglob("*.sql")):
        text = path.read_text(encoding="utf-8")
        files.append(SqlFile(path.relative_to(directory).as_posix(), text, hashlib.sha256(text.encode()).hexdigest()))
    return files


def _install(connection: psycopg.Connection, files: list[SqlFile]) -> list[str]:
    connection.execute(f"set local lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
    connection.execute("set local search_path = pg_catalog")
    # The files reach the server in the order of their names, so a body may name what a later file makes.
    connection.execute("set local check_function_bodies = off")
    connection.execute("select pg_advisory_xact_lock(%s)", [LOCK_KEY])
    _make_roles_and_schemas(connection)

    known: dict[str, str] = dict(connection.execute("select path, digest from data.installed_file").fetchall())
    applied: list[str] = []
    for file in files:
        if _is_numbered(file):
            if file.path not in known:
                _apply(connection, file)
                applied.append(file.path)
            elif known[file.path] != file.digest:
                raise InstallError(f"{file.path} was edited after it had run; put the change into a new numbered file")
    functions = [file for file in files if "/" in file.path and not _is_numbered(file)]
    for file in functions:
        if known.get(file.path) != file.digest:
            _replace_function(connection, file)
            applied.append(file.path)
    applied += _drop_what_is_gone(connection, functions)
    for file in files:
        if "/" not in file.path and (applied or known.get(file.path) != file.digest):
            _apply(connection, file)
            applied.append(file.path)
    return applied


def _is_numbered(file: SqlFile) -> bool:
    return file.schema == "data" and file.function[:1].isdigit()


def _make_roles_and_schemas(connection: psycopg.Connection) -> None:
    """What must be there before the first file. The files then run as the role that owns everything."""
    connection.execute(ROLES)
    connection.execute(
        sql.SQL("grant create on database {} to broker_owner").format(sql.Identifier(connection.info.dbname))
    )
    connection.execute("set local role broker_owner")
    for schema in SCHEMAS:
        connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    connection.execute(
        """
        create table if not exists data.installed_file (
            path           text primary key,
            digest         text not null,
            installed_time timestamptz not null default now())
        """
    )


def _apply(connection: psycopg.Connection, file: SqlFile) -> None:
    try:
        connection.execute(file.text)
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
        raise
    except psycopg.Error as error:
        raise InstallError(f"{file.path}: {error}") from error
    connection.execute(
        "insert into data.installed_file (path, digest) values (%s, %s) "
        "on conflict (path) do update set digest = excluded.digest, installed_time = excluded.installed_time",
        [file.path, file.digest],
    )


def _replace_function(connection: psycopg.Connection, file: SqlFile) -> None:
    """Replace in place while the signature is the same, so that running calls notice nothing; else drop it first."""
    before = _signatures(connection, file)
    try:
        with connection.transaction():
            _apply(connection, file)
    except InstallError as error:
        if not isinstance(error.__cause__, psycopg.errors.InvalidFunctionDefinition):
            raise
        for signature in before:
            _drop(connection, signature)
        _apply(connection, file)
    else:
        if len(_signatures(connection, file)) > 1:
            for signature in before:
                _drop(connection, signature)
    if len(_signatures(connection, file)) != 1:
        raise InstallError(f"{file.path} must create exactly the function {file.schema}.{file.function}")


def _signatures(connection: psycopg.Connection, file: SqlFile) -> list[str]:
    rows = connection.execute(
        "select oid::regprocedure::text from pg_proc where pronamespace = %s::regnamespace and proname = %s",
        [file.schema, file.function],
    )
    return [signature for (signature,) in rows.fetchall()]


def _drop_what_is_gone(connection: psycopg.Connection, functions: list[SqlFile]) -> list[str]:
    wanted = [f"{file.schema}.{file.function}" for file in functions]
    rows = connection.execute(
        "select oid::regprocedure::text from pg_proc "
        "where pronamespace::regnamespace::text = any(%s) and pronamespace::regnamespace || '.' || proname <> all(%s)",
        [list(SCHEMAS), wanted],
    ).fetchall()
    for (signature,) in rows:
        _drop(connection, signature)
    connection.execute(
        "delete from data.installed_file where path like '%%/%%' and path !~ '^data/[0-9]' and path <> all(%s)",
        [[file.path for file in functions]],
    )
    return [signature for (signature,) in rows]


def _drop(connection: psycopg.Connection, signature: str) -> None:
    # Views of invariants.sql may use it; they are made anew after the functions.
    connection.execute(f"drop function {signature} cascade")


ROLES: LiteralString = """
do $$
declare
    v_role record;
begin
    for v_role in
        select * from (values
            ('broker_owner', 'nologin'),        -- owns everything
            ('broker_app', 'login'),            -- the broker: executes api and keyring
            ('broker_scheduler', 'login'),      -- the broker's scheduler: executes maintenance
            ('broker_admin', 'nologin'))        -- people who operate the queue by SQL: executes api, acts as users
            as roles (name, attributes)
    loop
        continue when exists (select from pg_roles where rolname = v_role.name);
        begin
            execute format('create role %I %s', v_role.name, v_role.attributes);
        exception
            -- Roles belong to the whole server: an installation into another of its databases was faster.
            when duplicate_object or unique_violation then null;
        end;
    end loop;
    if not (pg_has_role(current_user, 'broker_owner', 'usage')
            and pg_has_role(current_user, 'broker_app', 'member')) then
        execute format('grant broker_owner, broker_app, broker_scheduler to %I', current_user);
    end if;
end;
$$
"""
