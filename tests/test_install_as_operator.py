"""An operator whose server is managed by others: he owns a database and may create roles, but is no superuser."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from broker.config import Config
from broker.database.urls import background_url
from broker.embedded import folders as postgres_folders
from broker.embedded.server import EmbeddedPostgres
from broker.install import SCHEMAS, install, read_files, sql_directory
from tests.conftest import FAST, run_on, serving

OPERATOR = "test_operator"
GRANTED = ("broker_owner", "broker_app", "broker_scheduler")


@pytest.fixture(scope="module")
def own_server() -> Iterator[str]:
    """URL of a superuser on a server that no installation has touched, and that lets the operator in."""
    folder = Path(tempfile.mkdtemp(prefix="broker-tests-"))
    folder.chmod(0o711)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(postgres_folders, "ROLES", (*postgres_folders.ROLES, OPERATOR))
            with EmbeddedPostgres(folder / "postgres", FAST) as embedded:
                yield embedded.url("postgres")
    finally:
        shutil.rmtree(folder)


@contextmanager
def operated(server: str, login: str) -> Iterator[str]:
    """The operator's URL of a database that he owns."""
    name = f"operated_{uuid4().hex[:12]}"
    role, database = sql.Identifier(login), sql.Identifier(name)
    run_on(server, sql.SQL("create role {} login createrole").format(role))
    run_on(server, sql.SQL("create database {} owner {}").format(database, role))
    try:
        yield make_url(server).set(database=name, username=login).render_as_string(hide_password=False)
    finally:
        run_on(server, sql.SQL("drop database {} with (force)").format(database))
        run_on(server, sql.SQL("drop owned by {}").format(role))
        run_on(server, sql.SQL("drop role {}").format(role))


def check_installation(url: str, tmp_path: Path) -> None:
    """Install, install again, and let a broker call and a scheduler sweep with the operator's URL."""
    applied = install(url)

    assert len(applied) == len(read_files(sql_directory()))
    assert install(url) == []
    with psycopg.connect(url) as connection:
        rights = connection.execute(
            "select usesuper, session_user = current_user from pg_user where usename = current_user"
        )
        assert rights.fetchall() == [(False, True)]
        owners = connection.execute(
            "select distinct proowner::regrole::text from pg_proc where pronamespace::regnamespace::text = any(%s)",
            [list(SCHEMAS)],
        )
        assert owners.fetchall() == [("broker_owner",)]
    config = Config(database_url=url, data_dir=tmp_path)
    with serving(config) as app:
        reply = app.test_client().post(
            "/api/StoredProcedure/GetCompanyTeams",
            json={},
            headers={"Rediacc-RequestToken": "2f1d0c1e-3c5b-4a7e-9d55-0f6f6a1c8b11"},
        )
        assert reply.status_code == 401
    with psycopg.connect(background_url(config)) as connection:
        assert connection.execute("select current_user, maintenance.mark_stale(10)").fetchall() == [
            ("broker_scheduler", 0)
        ]


def test_installs_into_a_new_server(own_server: str, tmp_path: Path) -> None:
    with operated(own_server, OPERATOR) as url:
        check_installation(url, tmp_path)


def test_installs_where_an_administrator_has_made_the_roles(own_server: str, tmp_path: Path) -> None:
    install(own_server)

    with operated(own_server, OPERATOR) as url:
        for role in GRANTED:
            run_on(own_server, sql.SQL("grant {} to {}").format(sql.Identifier(role), sql.Identifier(OPERATOR)))
        check_installation(url, tmp_path)
