"""Anchors of the audit: whoever changes its rows afterwards, even as a superuser, is found out; and nobody waits."""

import logging
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from broker.commands.doctor import examine
from broker.config import Config
from broker.database.urls import background_url
from broker.maintenance.scheduler import Job, run_job
from tests.conftest import Clock
from tests.races import PATIENCE_SECONDS
from tests.world import Caller, must

Damage = Callable[[psycopg.Connection], Any]
ADD = """
    insert into data.audit (company_id, audit_time, transaction_id, actor, status, action, entity)
    select company_id, audit_time, {}, 'nobody', 0, 'Created', 'Team'
    from data.audit where company_id = 1 order by audit_id limit 1
"""


def anchor_now(admin: psycopg.Connection) -> list[str]:
    """Run the job; its lines for the log."""
    return [line for (line,) in admin.execute("select maintenance.anchor_audit()").fetchall()]


def anchor(admin: psycopg.Connection) -> list[str]:
    """Run the job when nothing runs any more that began before, in whichever database of the server."""
    wait_until_old(admin)
    return anchor_now(admin)


def wait_until_old(admin: psycopg.Connection) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    [(newest,)] = admin.execute("select pg_snapshot_xmax(pg_current_snapshot())::text").fetchall()
    while admin.execute("select pg_snapshot_xmin(pg_current_snapshot()) < %s::xid8", [newest]).fetchall() == [(True,)]:
        assert time.monotonic() < deadline, "a transaction does not end"


def complaints(admin: psycopg.Connection) -> list[str]:
    return [text for (text,) in admin.execute("select complaint from maintenance.check_audit()").fetchall()]


def make_teams(call: Caller, *names: str, _as: str = "ann") -> None:
    for name in names:
        must(call("CreateTeam", _as=_as, teamName=name))


@pytest.fixture
def anchored(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    """Three anchors of Acme over two rows each; one of Globex."""
    make_teams(call, "theirs", _as="gina")
    for number in range(3):
        make_teams(call, f"a{number}", f"b{number}")
        anchor(admin)
        clock.advance(minutes=1)


def test_an_anchor_for_each_company_with_new_rows(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    make_teams(call, "qa")
    make_teams(call, "theirs", _as="gina")

    first = anchor(admin)
    clock.advance(minutes=1)
    none = anchor(admin)
    make_teams(call, "more")
    second = anchor(admin)

    assert (len(first), none, len(second)) == (2, [], 1)
    assert complaints(admin) == []
    stored = admin.execute(
        "select format('anchor %s of company %s over %s rows: %s', anchor_id, company_uuid, row_count, "
        "encode(digest, 'hex')) from data.audit_anchor join data.company using (company_id) order by anchor_id"
    ).fetchall()
    assert [line for (line,) in stored] == first + second


def test_ten_brokers_make_as_many_as_one(call: Caller, admin: psycopg.Connection) -> None:
    counts = []
    for number in range(10):
        make_teams(call, f"t{number}")
        counts.append(len(anchor(admin)))

    assert counts == [1] + [0] * 9


def test_two_at_once_do_the_work_of_one(call: Caller, admin: psycopg.Connection, database: str) -> None:
    make_teams(call, "qa")
    with psycopg.connect(database) as other:
        first = anchor(other)
        during = anchor_now(admin)

    assert (len(first), during) == (1, [])


def test_a_transaction_that_runs_for_long_is_anchored_when_it_has_ended(
    call: Caller, admin: psycopg.Connection, clock: Clock, database: str
) -> None:
    with psycopg.connect(database) as slow:
        slow.execute("select auth.act_as('ann@acme.example', 'slow')")
        slow.execute("select api.create_team('slow')")
        make_teams(call, "quick")  # commits first, with a greater number: nobody has waited
        before = anchor_now(admin)
        slow.commit()
    after = anchor(admin)

    assert before == []
    assert len(after) == 1
    assert "over 3 rows" in after[0]
    assert complaints(admin) == []


def test_writing_waits_for_no_anchor_and_an_anchor_for_no_writing(
    call: Caller, admin: psycopg.Connection, database: str
) -> None:
    make_teams(call, "qa")
    with psycopg.connect(database) as anchoring, psycopg.connect(database) as writing:
        assert len(anchor(anchoring)) == 1
        writing.execute("set lock_timeout = '1s'")
        writing.execute("select auth.act_as('ann@acme.example', 'test')")
        writing.execute("select api.create_team('meanwhile')")
        anchoring.commit()
        admin.execute("set lock_timeout = '1s'")
        assert anchor_now(admin) == []
        writing.commit()

    assert complaints(admin) == []


def of_row(number: int) -> str:
    return (
        f"audit_id = (select audit_id from data.audit where company_id = 1 order by audit_id offset {number} limit 1)"
    )


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (f"update data.audit set actor = 'somebody' where {of_row(2)}", "does not fit its rows: 2 then, 2 now"),
        (f"update data.audit set details = 'x' where {of_row(0)}", "does not fit its rows: 2 then, 2 now"),
        (f"update data.audit set audit_time = audit_time + '1 second' where {of_row(5)}", "does not fit its rows"),
        (f"update data.audit set company_id = 2 where {of_row(1)}", "does not fit its rows: 2 then, 1 now"),
        (f"delete from data.audit where {of_row(3)}", "does not fit its rows: 2 then, 1 now"),
        (ADD.format("transaction_id"), "does not fit its rows: 2 then, 3 now"),
        (ADD.format("'3'"), "does not fit its rows: 2 then, 3 now"),
        (
            (
                "delete from data.audit_anchor where anchor_id = (select anchor_id from data.audit_anchor "
                "where company_id = 1 order by anchor_id offset 1 limit 1)"
            ),
            "does not fit its rows: 2 then, 4 now",
        ),
        ("update data.audit_anchor set row_count = 7 where company_id = 1", "does not fit its rows: 7 then, 2 now"),
        ("truncate data.audit", "does not fit its rows: 2 then, 0 now"),
    ],
)
@pytest.mark.usefixtures("anchored")
def test_what_a_superuser_changes_is_noticed(admin: psycopg.Connection, damage: str, complaint: str) -> None:
    assert complaints(admin) == []

    admin.execute(damage.encode())

    assert complaint in complaints(admin)[0]


@pytest.mark.usefixtures("anchored")
def test_a_row_that_is_backdated_is_noticed(admin: psycopg.Connection, clock: Clock) -> None:
    clock.advance(minutes=15)
    admin.execute(ADD.format("pg_current_xact_id()").encode())
    admin.execute("update data.audit set audit_time = audit_time - interval '15 minutes' where actor = 'nobody'")

    assert "1 rows say that they are older than rows written before them" in complaints(admin)[0]


@pytest.mark.usefixtures("anchored")
def test_rows_that_nobody_anchors_are_noticed(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    make_teams(call, "more")
    assert complaints(admin) == []

    clock.advance(hours=2)

    assert "1 rows since" in complaints(admin)[0]
    assert "have no anchor" in complaints(admin)[0]


@pytest.mark.usefixtures("anchored")
def test_the_removal_of_the_newest_anchor_shows_by_the_log(
    admin: psycopg.Connection, config: Config, clock: Clock
) -> None:
    [(digest,)] = admin.execute(
        "select encode(digest, 'hex') from data.audit_anchor where company_id = 1 order by anchor_id desc limit 1"
    ).fetchall()
    good = [str(finding) for finding in examine(config, [digest])]
    admin.execute("delete from data.audit where audit_id = (select max(audit_id) from data.audit)")
    admin.execute("delete from data.audit_anchor where digest = decode(%s, 'hex')", [digest])
    anchor(admin)

    bad = [str(finding) for finding in examine(config, [digest])]

    assert complaints(admin) == []
    assert f"good    anchor {digest} is there" in good
    assert any(text.startswith(f"problem anchor {digest} is not there") for text in bad)


@pytest.mark.usefixtures("anchored")
def test_the_doctor_says_which_anchor_does_not_fit(admin: psycopg.Connection, config: Config) -> None:
    assert "good    the audit fits its 4 anchors" in [str(finding) for finding in examine(config)]

    admin.execute(f"update data.audit set details = 'x' where {of_row(2)}".encode())

    [problem] = [str(finding) for finding in examine(config) if "audit of company" in str(finding)]
    assert problem.startswith("problem audit of company ")
    assert "does not fit its rows" in problem


def test_the_broker_logs_each_anchor(
    call: Caller, admin: psycopg.Connection, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    make_teams(call, "qa")
    wait_until_old(admin)

    with caplog.at_level(logging.INFO):
        run_job(background_url(config), Job("anchor_audit", 60.0))

    [(digest,)] = admin.execute("select encode(digest, 'hex') from data.audit_anchor").fetchall()
    assert caplog.messages[-1].startswith("maintenance.anchor_audit: anchor ")
    assert caplog.messages[-1].endswith(digest)


def test_old_months_go_whole_and_the_rest_still_fits(
    call: Caller, admin: psycopg.Connection, clock: Clock, config: Config
) -> None:
    admin.execute("select maintenance.make_partitions()")
    make_teams(call, "old", "older")
    anchor(admin)
    clock.advance(days=200)
    admin.execute("select maintenance.make_partitions()")
    with admin.transaction():
        admin.execute("select auth.act_as('ann@acme.example', 'later')")
        admin.execute("select api.create_team('young')")
    anchor(admin)
    kept = admin.execute("select maintenance.drop_old_audit()").fetchall()
    clock.advance(days=200)

    dropped = admin.execute("select maintenance.drop_old_audit()").fetchall()

    assert (kept, dropped) == ([(0,)], [(1,)])
    assert [name for (name,) in admin.execute("select entity_name from data.audit order by audit_id")] == [
        "ann@acme.example",
        "young",
    ]
    assert complaints(admin) == []
    admin.execute("delete from data.audit where entity_name = 'young'")
    assert "does not fit its rows: 2 then, 1 now" in complaints(admin)[0]


def test_old_rows_without_a_month_of_their_own_go_too(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    make_teams(call, "old")
    clock.advance(days=400)

    admin.execute("select maintenance.drop_old_audit()")

    assert admin.execute("select count(*) from data.audit").fetchall() == [(0,)]


@pytest.mark.usefixtures("anchored")
def test_a_dump_that_is_restored_where_transactions_have_lower_numbers_goes_on(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    """The old server's numbers, made as high as if its rows and anchors came from there."""
    high = 10**12
    admin.execute("truncate data.audit, data.audit_anchor")
    make_teams(call, "before")
    admin.execute("update data.audit set transaction_id = (transaction_id::text::bigint + %s)::text::xid8", [high])
    admin.execute(
        "insert into data.audit_anchor (company_id, anchor_time, before_xid, row_count, digest, first_time) "
        "select 1, data.clock(), %s::text::xid8, row_count, digest, first_time "
        "from data.digest_audit(1, null, '0', %s::text::xid8, 0, null)",
        [2 * high, 2 * high],
    )
    assert complaints(admin) == []
    make_teams(call, "after")
    clock.advance(minutes=1)
    restarted = anchor(admin)
    make_teams(call, "later")
    clock.advance(minutes=1)
    followed = anchor(admin)

    assert ("over 2 rows" in restarted[0], "over 1 rows" in followed[0]) == (True, True)
    assert complaints(admin) == []
    admin.execute("update data.audit set details = 'x' where entity_name = 'later'")
    assert len(complaints(admin)) == 1
    admin.execute("delete from data.audit where entity_name = 'before'")
    assert len(complaints(admin)) == 2
