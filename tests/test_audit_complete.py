"""Each administrative procedure of the catalogue writes one row of the audit when it succeeds; reading writes none."""

import psycopg
import pytest

from tests.rights import BODIES, Stage, read_tables
from tests.world import Caller

EXPECTED = read_tables()
READS = ("Get", "Is", "Trace", "Check")


def written(admin: psycopg.Connection) -> list[tuple[str, str, str]]:
    return admin.execute(
        "select procedure_name, action, entity from data.audit where status = 0 order by audit_id"
    ).fetchall()


def is_administrative(name: str) -> bool:
    """Whether administrators may call it, agents and everybody may not, and it changes something."""
    heard = EXPECTED[name]
    return bool(heard) and heard["member"] == "403" and heard["admin"] == "ok" and not name.startswith(READS)


@pytest.mark.parametrize("name", [name for name in EXPECTED if is_administrative(name)])
def test_each_change_writes_one_row(call: Caller, admin: psycopg.Connection, name: str) -> None:
    body = BODIES[name](Stage(call))
    before = len(written(admin))

    reply = call(name, _as="ann", **body)
    refused = call(name, _as="bob", **body)

    assert (reply.failure, refused.failure) == (0, 403), reply.errors
    assert [row[0] for row in written(admin)[before:]] == [name]


@pytest.mark.parametrize("name", [name for name in EXPECTED if EXPECTED[name] and name.startswith(READS)])
def test_reading_writes_none(call: Caller, admin: psycopg.Connection, name: str) -> None:
    body = BODIES[name](Stage(call))
    before = len(written(admin))

    call(name, _as="ann", **body)

    assert len(written(admin)) == before
