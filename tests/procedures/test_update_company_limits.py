"""UpdateCompanyLimits."""

from typing import Any

import psycopg
import pytest

from tests.jobs import complete, give_back
from tests.queues import audited, limit, new_queue, put, take, taken
from tests.world import NOBODY, Caller, must

LANES = """
    select person.email, count(*)
    from data.queue_item as item
    join data.lane as lane on lane.lane_id = item.lane_id
    left join data.company_user as person on person.user_id = lane.user_id
    where item.finished_time is null
    group by person.email
    order by 1
"""


def lanes(admin: psycopg.Connection) -> dict[str | None, int]:
    """How many unfinished items lie in lanes of whom; None: of everybody."""
    return dict(admin.execute(LANES).fetchall())


def test_says_what_holds_now(call: Caller) -> None:
    assert limit(call, maxRunning=7, maxRunningPerUser=3).row == {"maxRunning": 7, "maxRunningPerUser": 3}
    assert limit(call, maxRunning=7).row == {"maxRunning": 7, "maxRunningPerUser": None}
    assert limit(call).row == {"maxRunning": None, "maxRunningPerUser": None}


@pytest.mark.parametrize("member", ["maxRunning", "maxRunningPerUser"])
def test_what_is_beyond_waits_until_something_ends(call: Caller, member: str) -> None:
    limit(call, **{member: 2})
    put(call, None, 3)

    first = take(call)

    assert len(first) == 2
    assert taken(call) == []
    must(complete(call, first[0]))
    assert len(taken(call)) == 1


def test_counts_what_is_in_hand_when_it_is_set(call: Caller) -> None:
    put(call, None, 5)
    running = take(call, 2)

    limit(call, maxRunning=3)

    assert len(taken(call)) == 1
    must(complete(call, running[0]))
    assert len(taken(call)) == 1


def test_counts_over_all_machines_teams_and_queues(call: Caller) -> None:
    new_queue(call)
    limit(call, maxRunning=3)
    put(call, None)
    put(call)
    put(call, machineName="build-02")
    must(call("CreateQueueItem", _as="carol", teamName="dev", machineName="dev-01", queueVault="{}"))

    assert (len(taken(call)), len(taken(call, _as="build-02")), taken(call, _as="dev-01")) == (2, 1, [])


def test_other_companies_are_not_counted(call: Caller) -> None:
    limit(call, maxRunning=1)
    put(call, None)
    must(call("CreateQueueItem", _as="gina", teamName="ops", machineName="build-01", queueVault="{}"))

    assert (len(taken(call)), len(taken(call, _as="globex-build-01"))) == (1, 1)


class TestPerUser:
    """Each user's items are limited by themselves."""

    def test_one_users_limit_does_not_hold_up_another(self, call: Caller) -> None:
        limit(call, maxRunningPerUser=1)
        [first, _] = put(call, None, 2)
        [other] = put(call, None, _as="ann")

        assert taken(call) == [first, other]

    def test_both_limits_hold_together(self, call: Caller) -> None:
        limit(call, maxRunning=3, maxRunningPerUser=2)
        put(call, None, 5)
        put(call, None, 5, _as="ann")

        assert len(taken(call)) == 3
        assert taken(call) == []

    @pytest.mark.parametrize("limits", [{"maxRunningPerUser": 1}, {"maxRunning": 5, "maxRunningPerUser": 1}])
    def test_items_move_to_lanes_of_their_users_and_back(
        self, call: Caller, admin: psycopg.Connection, limits: dict[str, int]
    ) -> None:
        new_queue(call)
        put(call, None)
        take(call)  # in hand
        put(call, None)
        put(call, machineName=None, _as="ann")
        put(call, notBefore="2035-01-01T00:00:00Z", _as="ann")

        limit(call, **limits)
        by_user = lanes(admin)
        limit(call)

        assert by_user == {"ann@acme.example": 2, "bob@acme.example": 2}
        assert lanes(admin) == {None: 4}

    def test_what_waited_before_is_counted_for_its_user(self, call: Caller) -> None:
        put(call, None, 3)
        put(call, None, 3, _as="ann")
        running = take(call, 1)

        limit(call, maxRunningPerUser=1)

        assert len(taken(call)) == 1
        must(complete(call, running[0]))
        assert len(taken(call)) == 1

    def test_what_is_given_back_after_the_switch_waits_in_its_users_lane(self, call: Caller) -> None:
        [first, second] = put(call, None, 2)
        running = take(call, 1)
        limit(call, maxRunningPerUser=1)

        must(give_back(call, *running))

        assert taken(call) == [first]
        assert taken(call) == []
        limit(call)
        assert taken(call) == [second]

    def test_order_and_pools_survive_the_switch(self, call: Caller) -> None:
        new_queue(call)
        low = put(call, priority=5)
        high = put(call, machineName=None, priority=1)

        limit(call, maxRunningPerUser=9)

        assert taken(call, _as="bob") == [*high, *low]

    def test_what_is_finished_is_left_alone(self, call: Caller, admin: psycopg.Connection) -> None:
        put(call, None)
        [row] = take(call)
        must(complete(call, row))
        state = "select to_jsonb(item) from data.queue_item as item"
        before = admin.execute(state).fetchall()

        limit(call, maxRunning=1, maxRunningPerUser=1)

        assert admin.execute(state).fetchall() == before


def test_refuses_what_is_out_of_bounds(call: Caller) -> None:
    values: list[Any] = [0, -1, 100_001, 1.5, "many"]
    for member in ("maxRunning", "maxRunningPerUser"):
        for value in values:
            reply = call("UpdateCompanyLimits", _as="ann", **{member: value})

            sentence = f'member "{member}" must be a whole number from 1 to 100000'
            assert (reply.failure, reply.errors) == (400, [sentence])


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    limit(call, maxRunning=5)

    assert audited(admin, "UpdateCompanyLimits") == [
        ("Updated", "Company", "Acme", "limits: running 5, running per user none")
    ]


def test_is_for_administrators(call: Caller) -> None:
    heard = {who: call("UpdateCompanyLimits", _as=who, maxRunning=1).failure for who in ("bob", "build-01", NOBODY)}

    assert heard == {"bob": 403, "build-01": 403, NOBODY: 401}
