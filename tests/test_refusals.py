"""What a user's session is refused is kept in the audit; what it costs and what it must never do."""

from hashlib import sha256
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from flask import Flask

from broker.database.database import Database
from tests.conftest import Clock
from tests.world import NOBODY, Caller, MakeItem, World, must

READ = (
    "select actor, procedure_name, status, action, entity, entity_name, details, address from data.audit "
    "where status <> 0 order by audit_id"
)


def refusals(admin: psycopg.Connection) -> list[tuple[Any, ...]]:
    return admin.execute(READ.encode()).fetchall()


def count(admin: psycopg.Connection, action: str) -> int:
    [(number,)] = admin.execute("select count(*) from data.audit where action = %s", [action]).fetchall()
    assert isinstance(number, int)
    return number


@pytest.mark.parametrize(
    ("procedure", "members", "status", "message"),
    [
        ("CreateTeam", {"teamName": "qa"}, 403, "bob@acme.example may not call CreateTeam"),
        ("GetTeamMachines", {"teamName": "dev"}, 403, "you are not a member of team dev"),
        ("CancelQueueItem", {"queueId": 7}, 404, "queue item 7 not found"),
    ],
)
def test_a_refusal_is_kept_with_caller_procedure_status_and_sentence(
    call: Caller, admin: psycopg.Connection, procedure: str, members: dict[str, Any], status: int, message: str
) -> None:
    reply = call(procedure, **members)

    assert (reply.failure, reply.errors) == (status, [message])
    assert refusals(admin) == [
        ("bob@acme.example", procedure, status, "Refused", "Procedure", procedure, message, "127.0.0.1")
    ]
    [(request_id, company)] = admin.execute(
        "select request_id, company_name from data.audit join data.company using (company_id)"
    ).fetchall()
    assert (request_id, company) == (reply.headers["X-Request-Id"], "Acme")


def test_a_refusal_that_was_committed_is_kept_too(
    call: Caller, admin: psycopg.Connection, queue_item: MakeItem
) -> None:
    queue_id = queue_item(status="COMPLETED")

    assert call("CancelQueueItem", queueId=queue_id).failure == 409

    assert [row[2] for row in refusals(admin)] == [409]


def test_a_long_sentence_is_cut(world: World, admin: psycopg.Connection) -> None:
    with admin.transaction():
        admin.execute(
            "select set_config('broker.token_hash', %s, true)", [sha256(world.tokens["bob"].encode()).hexdigest()]
        )
        admin.execute("select keyring.record_refusal('CreateTeam', 403, %s)", ["n" * 1000])

    [row] = refusals(admin)
    assert row[6] == "n" * 200


def test_a_refusal_is_the_companys_in_which_the_caller_lives(call: Caller, admin: psycopg.Connection) -> None:
    call("CancelQueueItem", _as="gina", queueId=7)

    [(company,)] = admin.execute("select company_name from data.audit join data.company using (company_id)").fetchall()
    assert company == "Globex"


def test_what_no_known_user_sent_or_what_is_malformed_is_not_kept(call: Caller, admin: psycopg.Connection) -> None:
    statuses = [
        call("GetTeamMachines", _as=NOBODY, teamName="ops").failure,
        call("GetTeamMachines", _as=str(uuid4()), teamName="ops").failure,
        call("GetTeamMachines", teamName="ops", nonsense=1).failure,
        call("GetTeamQueueItems", teamName="ops", maxRecords=0).failure,
        call("NoProcedure").failure,
    ]

    assert statuses == [401, 401, 400, 400, 404]
    assert refusals(admin) == []


def test_agents_are_left_to_the_events(call: Caller, admin: psycopg.Connection) -> None:
    assert call("CreateTeam", _as="build-01", teamName="qa").failure == 403
    assert call("UpdateQueueItemHeartbeat", _as="build-01", queueId=7).failure in (400, 404)

    assert refusals(admin) == []


def test_what_succeeds_costs_no_more(call: Caller, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    trips: list[int] = []
    round_trip = Database.round_trip

    def counted(self: Database, *values: Any, **members: Any) -> Any:
        trips.append(1)
        return round_trip(self, *values, **members)

    monkeypatch.setattr(Database, "round_trip", counted)
    must(call("GetTeamMachines", teamName="ops"))
    good = len(trips)
    call("CancelQueueItem", queueId=7)

    assert (good, len(trips) - good) == (1, 2)


def test_the_caller_hears_the_same_when_it_cannot_be_kept(
    call: Caller, admin: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    kept = call("CancelQueueItem", queueId=7)
    admin.execute("drop function keyring.record_refusal")

    lost = call("CancelQueueItem", queueId=7)

    assert (lost.status, lost.body) == (kept.status, kept.body)
    assert "a refusal of CancelQueueItem, 404, could not be kept" in caplog.text
    assert len(refusals(admin)) == 1


def test_a_flood_is_bounded_and_counted(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    for _ in range(67):
        call("CancelQueueItem", queueId=7)
    other = call("CancelQueueItem", _as="carol", queueId=7)
    clock.advance(minutes=1)
    call("CancelQueueItem", queueId=7)
    clock.advance(minutes=1)
    admin.execute("select maintenance.close_refusal_counts()")

    assert other.failure == 404
    assert count(admin, "Refused") == 62
    assert admin.execute(
        "select actor, entity, details, status from data.audit where action = 'RefusalsLeftOut'"
    ).fetchall() == [("bob@acme.example", "Session", "7 more refusals of this session were not kept", 0)]
    assert admin.execute("select count(*) from data.refusal_count").fetchall() == [(0,)]


def test_a_count_is_not_closed_before_its_minute_is_over(call: Caller, admin: psycopg.Connection) -> None:
    call("CancelQueueItem", queueId=7)

    assert admin.execute("select maintenance.close_refusal_counts()").fetchall() == [(0,)]
