"""GetTeamQueues."""

from typing import Any

import psycopg

from tests.queues import new_queue, put, queue_of, take
from tests.world import Caller, must


def names(call: Caller, _as: str = "ann", **members: Any) -> list[tuple[str, str]]:
    rows = must(call("GetTeamQueues", _as=_as, **members)).rows
    return [(row["teamName"], row["queueName"]) for row in rows]


def test_lists_the_queues_of_the_callers_teams_by_team_and_name(call: Caller) -> None:
    new_queue(call, "Mail")
    new_queue(call, "alpha")

    assert names(call) == [
        ("dev", "default"),
        ("ops", "alpha"),
        ("ops", "default"),
        ("ops", "Mail"),
        ("Private Team", "default"),
    ]
    assert names(call, "bob") == [("ops", "alpha"), ("ops", "default"), ("ops", "Mail")]


FILTERS: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"teamName": "ops"}, [("ops", "default"), ("ops", "mail")]),
    ({"teamName": " DEV , nowhere"}, [("dev", "default")]),
    ({"teamName": "nowhere"}, []),
    ({"queueName": "MAIL"}, [("ops", "mail")]),
    ({"queueName": "nothing"}, []),
]


def test_filters_by_team_and_name(call: Caller) -> None:
    new_queue(call)

    assert [names(call, **members) for members, _ in FILTERS] == [expected for _, expected in FILTERS]


def test_refuses_a_team_of_others(call: Caller) -> None:
    reply = call("GetTeamQueues", teamName="ops,dev")

    assert (reply.failure, reply.errors) == (403, ["you are not a member of team dev"])


def test_the_teams_own_queue_limits_nothing(call: Caller) -> None:
    own = queue_of(call, "default")

    unlimited = ("concurrency", "timeoutSeconds", "rateLimit", "retentionSeconds")
    assert {own[name] for name in unlimited} == {None}
    assert own["maxRetries"] == 0


def test_counts_what_waits_what_is_held_back_and_what_runs(call: Caller) -> None:
    new_queue(call)
    new_queue(call, "other")
    put(call, count=4)
    take(call, 1)
    put(call, machineName=None, count=2)
    put(call, notBefore="2035-01-01T00:00:00Z")
    put(call, notBefore="2035-01-01T00:00:00Z", machineName=None)
    put(call, machineName="build-02")
    [gone] = put(call)
    must(call("CancelQueueItem", queueId=gone))

    def counts(name: str) -> tuple[int, int, int]:
        row = queue_of(call, name)
        return row["waitingCount"], row["heldCount"], row["runningCount"]

    assert counts("mail") == (6, 2, 1)
    assert counts("other") == (0, 0, 0)


def test_counts_up_to_a_bound(call: Caller, admin: psycopg.Connection) -> None:
    new_queue(call)
    put(call, count=4)
    policy = "select company_id, policy_id from data.queue_policy where queue_name = 'mail'"

    [(waiting,)] = admin.execute(
        f"select (queue.policy_load(company_id, policy_id, 3)).waiting from ({policy}) as mail"
    ).fetchall()

    assert waiting == 3
