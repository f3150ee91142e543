"""CreateQueueItem: the members `rank` and `createQueue`."""

from typing import Any

import psycopg
import pytest

from tests.groups import assign, make_group
from tests.people import sign_in
from tests.queues import audited
from tests.races import meet
from tests.world import Caller, Reply, must


def create(call: Caller, key: str | None = None, _as: str = "bob", **members: Any) -> Reply:
    body = {"teamName": "ops", "queueVault": '{"handler":"shell"}', "queueName": "default", **members}
    return call("CreateQueueItem", _as=_as, _headers={"Idempotency-Key": key} if key else None, **body)


def rank_of(call: Caller, reply: Reply) -> int:
    rank: int = must(call("GetQueueItem", queueId=must(reply).row["queueId"])).row["rank"]
    return rank


class TestRank:
    @pytest.mark.parametrize(("rank", "priority"), [(100, 1), (75, 2), (51, 3), (0, 5)])
    def test_is_a_finer_priority(self, call: Caller, rank: int, priority: int) -> None:
        reply = create(call, rank=rank)

        assert (rank_of(call, reply), reply.row["priority"]) == (rank, priority)

    @pytest.mark.parametrize(("members", "rank"), [({}, 50), ({"priority": 1}, 100), ({"priority": 5}, 0)])
    def test_is_what_the_priority_says_without_it(self, call: Caller, members: dict[str, Any], rank: int) -> None:
        assert rank_of(call, create(call, **members)) == rank

    @pytest.mark.parametrize("plan", ["COMMUNITY", "ADVANCED"])
    def test_is_ignored_by_plans_that_ignore_priority(self, call: Caller, admin: psycopg.Connection, plan: str) -> None:
        before = create(call, rank=99)
        admin.execute("update data.company set plan = %s", [plan])

        assert [rank_of(call, before), rank_of(call, create(call, rank=99))] == [50, 50]

    def test_is_not_given_together_with_a_priority(self, call: Caller) -> None:
        reply = create(call, rank=50, priority=3)

        assert (reply.failure, reply.errors) == (
            400,
            ["priority and rank are both given: they are one thing, give one of them"],
        )

    @pytest.mark.parametrize("rank", [-1, 101, 1.5, "high", True, [1]])
    def test_is_a_whole_number_from_0_to_100(self, call: Caller, rank: object) -> None:
        reply = create(call, rank=rank)

        assert (reply.failure, reply.errors) == (400, ['member "rank" must be a whole number from 0 to 100'])

    def test_belongs_to_the_body_of_a_repeated_call(self, call: Caller) -> None:
        first = create(call, "key", rank=60)

        assert create(call, "key", rank=60).row == first.row
        others: list[dict[str, Any]] = [{"rank": 61}, {}, {"rank": 60, "createQueue": True}]
        for other in others:
            assert create(call, "key", **other).failure == 409


class TestCreateQueue:
    def test_makes_the_queue_as_create_queue_does(self, call: Caller, admin: psycopg.Connection) -> None:
        must(create(call, queueName="fresh", createQueue=True))
        must(call("CreateQueue", teamName="ops", queueName="plain"))

        fresh, plain = (call("GetTeamQueues", queueName=name).row for name in ("fresh", "plain"))

        own = {"queueName", "createdTime", "waitingCount"}
        assert {name: fresh[name] for name in set(fresh) - own} == {name: plain[name] for name in set(plain) - own}
        assert audited(admin, "CreateQueueItem") == [("Created", "Queue", "fresh", "in team ops")]

    def test_takes_the_queue_that_is_there(self, call: Caller, admin: psycopg.Connection) -> None:
        must(call("CreateQueue", teamName="ops", queueName="mail", maxRetries=7))

        reply = create(call, queueName="MAIL", createQueue=True)

        assert reply.row["queueName"] == "mail"
        assert call("GetTeamQueues", queueName="mail").row["maxRetries"] == 7
        assert audited(admin, "CreateQueueItem") == []

    def test_makes_a_new_one_in_place_of_one_that_was_deleted(self, call: Caller) -> None:
        must(create(call, queueName="mail", createQueue=True))
        must(call("CancelQueueItems", filter={"queueName": "mail"}))
        must(call("DeleteQueue", _as="ann", teamName="ops", queueName="mail"))

        assert create(call, queueName="mail", createQueue=True).row["queueName"] == "mail"

    @pytest.mark.parametrize("members", [{}, {"createQueue": False}, {"createQueue": None}])
    def test_is_not_done_unless_asked_for(self, call: Caller, members: dict[str, Any]) -> None:
        reply = create(call, queueName="fresh", **members)

        assert (reply.failure, reply.errors) == (404, ["queue fresh not found in this team"])

    def test_is_done_once_by_two_calls_at_once(self, call: Caller, database: str) -> None:
        replies = meet(
            database,
            "lock table data.queue_policy in share mode",
            [lambda: create(call, queueName="fresh", createQueue=True)] * 2,
        )

        assert [reply.failure for reply in replies] == [0, 0]
        assert call("GetTeamQueues", queueName="fresh").row["waitingCount"] == 2

    @pytest.mark.parametrize("name", ["", "q" * 101, "a\nb", " padded "])
    def test_is_refused_for_what_is_no_name(self, call: Caller, name: str) -> None:
        reply = create(call, queueName=name, createQueue=True)

        assert (reply.failure, reply.errors) == (400, ["a value is not a valid entity name"])

    def test_leaves_no_queue_when_the_item_is_refused(self, call: Caller) -> None:
        assert create(call, queueName="fresh", createQueue=True, metadata=[1]).failure == 400

        assert call("GetTeamQueues", queueName="fresh").rows == []

    def test_is_not_for_those_who_may_not_make_queues(self, call: Caller) -> None:
        make_group(call, "feeders", ["CreateQueueItem"])
        must(assign(call, "bob@acme.example", "feeders"))
        feeder = sign_in(call, "bob@acme.example").row["nextRequestToken"]

        reply = create(call, _as=feeder, queueName="fresh", createQueue=True)

        assert (reply.failure, reply.errors) == (403, ["bob@acme.example may not call CreateQueue"])
        assert must(create(call, _as=feeder, createQueue=True)).row["queueName"] == "default"

    def test_makes_none_in_teams_of_others(self, call: Caller) -> None:
        assert create(call, _as="carol", queueName="fresh", createQueue=True).failure == 403
        assert create(call, _as="gina", queueName="fresh", createQueue=True).failure == 0
        assert call("GetTeamQueues", _as="ann", queueName="fresh").rows == []
