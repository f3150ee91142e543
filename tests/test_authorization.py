"""The matrix: every procedure of the catalogue x every kind of caller, against the tables of tests/rights."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from flask import Flask
from psycopg import sql
from sqlalchemy.engine import make_url

from broker.contract.registry import Registry
from tests.conftest import Template, cloned, serving, settings
from tests.rights import ABSENT, BODIES, CALLERS, DEAD, Stage, read_tables
from tests.rights.crowd import bar, gather
from tests.rights.in_sql import UNAUTHENTICATED, hear
from tests.world import Caller, Reply, World

EXPECTED = read_tables()
PROMOTE = "update data.token set permission_group = 'Administrators' where token_hash = sha256(%s::bytea)"


@pytest.fixture
def registry(app: Flask) -> Registry:
    found: Registry = app.extensions["procedures"].registry
    return found


@pytest.fixture(scope="module")
def template(server: str, template: Template) -> Iterator[Template]:
    """The world with the crowd in it.

    Globex keeps nothing whose name Acme has as well, and numbers of items are like no other number.
    """
    with cloned(server, template) as url:
        world = World(dict(template.world.tokens), dict(template.world.user_hashes))
        with serving(settings(url, template)) as app, psycopg.connect(url, autocommit=True) as admin:
            gather(world.caller(app.test_client()), admin)
            admin.execute("alter table data.queue_item alter column queue_id restart with 1234567")
            for table in ("team", "machine", "bridge", "region"):
                admin.execute(
                    sql.SQL("update data.{} set {column} = 'their ' || {column} where company_id = %s").format(
                        sql.Identifier(table), column=sql.Identifier(f"{table}_name")
                    ),
                    [globex(admin)],
                )
        yield Template(make_url(url).database or "", world, template.keyring)


@pytest.fixture
def stage(call: Caller) -> Stage:
    return Stage(call)


def globex(admin: psycopg.Connection) -> int:
    [(company_id,)] = admin.execute("select company_id from data.company where company_name = 'Globex'").fetchall()
    assert isinstance(company_id, int)
    return company_id


def contents(admin: psycopg.Connection, except_company: int | None = None) -> dict[str, Any]:
    """Everything stored, by table, save one company's, when a token was last used, and that a call was refused."""
    tables = admin.execute(
        "select oid::regclass::text, exists (select from pg_attribute where attrelid = pg_class.oid "
        "and attname = 'company_id') from pg_class where relnamespace = 'data'::regnamespace and relkind = 'r' "
        "and relname not like 'audit%' and relname <> 'refusal_count'"
    ).fetchall()
    found: dict[str, Any] = {}
    for name, of_company in tables:
        schema, table = name.split(".")
        where = (
            sql.SQL("where company_id is distinct from %s") if of_company else sql.SQL("where %s::int is null or true")
        )
        rows = admin.execute(
            sql.SQL("select (to_jsonb(stored) - 'last_used_time')::text from {} as stored {} order by 1").format(
                sql.Identifier(schema, table), where
            ),
            [except_company],
        )
        found[name] = rows.fetchall()
    return found


def status(reply: Reply) -> str:
    """The word of the table for an answer."""
    assert reply.failure != 401 or reply.errors == [UNAUTHENTICATED]
    return str(reply.failure) if reply.failure else "ok"


def is_empty(reply: Reply) -> bool:
    """Whether an answer tells of nothing: no rows, counts of zero, or a row per request that says it was not found."""
    refused = ("returned", "done", "accepted")
    return all(any(row.get(word) is False for word in refused) or set(row.values()) == {0} for row in reply.table(1))


def envelope(reply: Reply, name: object) -> tuple[int, str, dict[str, str]]:
    """Everything of an answer that a caller can compare, without the name that he himself sent."""
    headers = {key: value for key, value in reply.headers.items() if key not in ("X-Request-Id", "Content-Length")}
    return reply.status, json.dumps(reply.body).replace(str(name), "@"), headers


def test_every_procedure_of_the_catalogue_is_in_the_table(registry: Registry) -> None:
    assert set(EXPECTED) == set(registry.procedures), "say in tests/rights who may call it, and what for"
    assert set(BODIES) == set(EXPECTED)


CLOSED = [name for name, expected in EXPECTED.items() if expected]
OPEN = [name for name, expected in EXPECTED.items() if not expected]


@pytest.mark.parametrize("name", CLOSED)
def test_each_caller_hears_what_the_table_says(
    call: Caller, app: Flask, admin: psycopg.Connection, stage: Stage, name: str
) -> None:
    endpoint = app.extensions["procedures"].find(name)
    bar(call, admin, endpoint.procedure.function)
    body = BODIES[name](stage)
    before = contents(admin)
    heard = {kind: status(call(name, _as=kind, **body)) for kind in DEAD}
    heard["broker"] = hear(admin, "broker_app", None, endpoint, body)
    heard["sql"] = hear(admin, "broker_admin", "ann@acme.example", endpoint, body)
    assert contents(admin) == before

    for kind, caller in CALLERS.items():
        if kind == "remote":
            admin.execute(PROMOTE, [call.world.tokens[caller]])
        expected = EXPECTED[name][kind]
        if expected == "-":
            heard[kind] = expected
            continue
        body = BODIES[name](stage)
        own = globex(admin) if expected == "own" else None
        before = contents(admin, own)
        reply = call(name, _as=caller, **body)

        heard[kind] = status(reply)
        if not reply.failure and (expected == "own" or (expected == "none" and is_empty(reply))):
            heard[kind] = expected
        if heard[kind] != "ok":
            assert contents(admin, own) == before, f"{kind} changed something"
            assert kind != "stranger" or "acme" not in str(reply.body)

    assert heard == EXPECTED[name]


@pytest.mark.parametrize("name", OPEN)
def test_a_token_changes_nothing_where_none_is_needed(call: Caller, stage: Stage, name: str) -> None:
    body = BODIES[name](stage)

    replies = [call(name, _as=caller, **body) for caller in (str(uuid4()), *CALLERS.values())]

    assert {reply.failure for reply in replies} == {400}
    assert len({json.dumps(reply.body) for reply in replies}) == 1


@pytest.mark.parametrize("name", [name for name in CLOSED if EXPECTED[name]["stranger"] in ("404", "none")])
def test_a_stranger_cannot_tell_what_exists_from_what_does_not(call: Caller, stage: Stage, name: str) -> None:
    body = BODIES[name](stage)
    named = [member for member in ABSENT if member in body]
    if "items" in body:
        first = body["items"][0]
        [member] = [member for member in ("queueId", "machineName") if member in first]
        foreign = call(name, _as="gina", **body)
        absent = call(name, _as="gina", **{**body, "items": [{**first, member: ABSENT[member]}]})
        assert envelope(foreign, first[member]) == envelope(absent, ABSENT[member])
    if "taskIds" in body:
        foreign = call(name, _as="gina", **body)
        absent = call(name, _as="gina", taskIds=[str(ABSENT["agentTokenId"])])
        assert envelope(foreign, body["taskIds"][0]) == envelope(absent, ABSENT["agentTokenId"])
    for member in named[:1]:
        foreign = call(name, _as="gina", **body)
        absent = call(name, _as="gina", **{**body, member: ABSENT[member]})
        assert envelope(foreign, body[member]) == envelope(absent, ABSENT[member])


def test_a_session_keeps_the_rights_that_it_was_opened_with(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute("update data.company_user set permission_group = 'Users' where email = 'ann@acme.example'")
    admin.execute("update data.company_user set permission_group = 'Administrators' where email = 'bob@acme.example'")

    assert call("GetAgentTokens", _as="ann").failure == 0
    assert call("GetAgentTokens", _as="bob").failure == 403


def test_membership_acts_at_once(call: Caller, admin: psycopg.Connection) -> None:
    before = call("GetTeamQueueItems", teamName="ops")
    admin.execute(
        "delete from data.team_member using data.company_user as person "
        "where team_member.user_id = person.user_id and person.email = 'bob@acme.example'"
    )
    after = call("GetTeamQueueItems", teamName="ops")

    assert before.failure == 0
    assert (after.failure, after.errors) == (403, ["you are not a member of team ops"])
