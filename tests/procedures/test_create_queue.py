"""CreateQueue."""

from typing import Any

import psycopg
import pytest

from tests.queues import audited, new_queue
from tests.world import NOBODY, Caller

DEFAULTS = {
    "teamName": "ops",
    "queueName": "mail",
    "concurrency": 10,
    "maxRetries": 3,
    "timeoutSeconds": 300,
    "backoff": {"exponential": {"initialDelayMs": 1000}},
    "rateLimit": None,
    "retentionSeconds": None,
    "retryOnCrash": True,
    "secrets": {},
    "paused": False,
    "pausedTime": None,
    "pausedBy": None,
    "pauseReason": None,
    "waitingCount": 0,
    "heldCount": 0,
    "runningCount": 0,
}
# Every member, as spec 3 prints them.
GIVEN: dict[str, Any] = {
    "concurrency": 5,
    "maxRetries": 5,
    "timeoutSeconds": 60,
    "backoff": {"exponentialJitter": {"initialDelayMs": 2000}},
    "rateLimit": {"maxBurst": 20, "perSecond": 10.0},
    "retentionSeconds": 604800,
    "retryOnCrash": False,
    "secrets": {"ANTHROPIC_API_KEY": {"env": "ANTHROPIC_API_KEY"}, "_t2": {"file": "/run/secrets/deploy-token"}},
}


def test_has_the_defaults_of_the_specification(call: Caller) -> None:
    made = new_queue(call)

    assert {name: value for name, value in made.items() if name != "createdTime"} == DEFAULTS


def test_keeps_every_member_that_is_given(call: Caller) -> None:
    made = new_queue(call, **GIVEN)

    assert {name: made[name] for name in GIVEN} == GIVEN


def test_a_name_is_there_once_in_a_team_whatever_its_case(call: Caller) -> None:
    new_queue(call)

    for name in ("mail", "Mail", "default", "DEFAULT"):
        reply = call("CreateQueue", teamName="ops", queueName=name)

        assert (reply.failure, reply.errors) == (409, [f"queue {name} exists already in team ops"])


def test_another_team_may_have_one_of_the_same_name(call: Caller) -> None:
    new_queue(call)

    assert call("CreateQueue", _as="carol", teamName="dev", queueName="mail").row["teamName"] == "dev"


REFUSED: list[tuple[str, Any, str]] = [
    ("concurrency", 0, 'member "concurrency" must be a whole number from 1 to 100000'),
    ("concurrency", -1, 'member "concurrency" must be a whole number from 1 to 100000'),
    ("concurrency", 100_001, 'member "concurrency" must be a whole number from 1 to 100000'),
    ("concurrency", 2.5, 'member "concurrency" must be a whole number from 1 to 100000'),
    ("maxRetries", -1, 'member "maxRetries" must be a whole number from 0 to 99'),
    ("maxRetries", 100, 'member "maxRetries" must be a whole number from 0 to 99'),
    ("retentionSeconds", 59, 'member "retentionSeconds" must be a whole number from 60 to 315360000'),
    ("queueName", "", 'member "queueName" must have 1 to 100 characters'),
    ("queueName", "x" * 101, 'member "queueName" must have 1 to 100 characters'),
    ("backoff", {"fixed": {"delayMs": 0}}, "backoff begins with 0 ms: 1 to 86400000, a day, are possible"),
    (
        "backoff",
        {"fixed": {"delayMs": 315_360_000_000}},
        "backoff begins with 315360000000 ms: 1 to 86400000, a day, are possible",
    ),
    ("rateLimit", {"maxBurst": 1}, 'rateLimit must be {"maxBurst": n, "perSecond": x}'),
    ("rateLimit", {"maxBurst": 1, "perSecond": "1"}, 'rateLimit must be {"maxBurst": n, "perSecond": x}'),
    (
        "rateLimit",
        {"maxBurst": 1, "perSecond": 1, "perHour": 1},
        'rateLimit must be {"maxBurst": n, "perSecond": x}',
    ),
    ("rateLimit", [], 'rateLimit must be {"maxBurst": n, "perSecond": x}'),
    (
        "rateLimit",
        {"maxBurst": 0, "perSecond": 1},
        "rateLimit.maxBurst is 0: a whole number from 1 to 100000 is possible",
    ),
    (
        "rateLimit",
        {"maxBurst": 1.5, "perSecond": 1},
        "rateLimit.maxBurst is 1.5: a whole number from 1 to 100000 is possible",
    ),
    (
        "rateLimit",
        {"maxBurst": 1, "perSecond": 0},
        "rateLimit.perSecond is 0: 0.0001 to 100000 are possible",
    ),
    (
        "rateLimit",
        {"maxBurst": 1, "perSecond": -3},
        "rateLimit.perSecond is -3: 0.0001 to 100000 are possible",
    ),
    (
        "rateLimit",
        {"maxBurst": 1, "perSecond": 1e300},
        f"rateLimit.perSecond is {'1' + '0' * 39}: 0.0001 to 100000 are possible",
    ),
    ("secrets", [], 'secrets must be a JSON object, as {"NAME": {"env": "VARIABLE"}}'),
    ("secrets", {f"S{n}": {"env": "X"} for n in range(51)}, "secrets has more than 50 members"),
    ("secrets", {"a-b": {"env": "X"}}, "secret a-b has a name that is not made of letters, digits and _"),
    ("secrets", {"1a": {"env": "X"}}, "secret 1a has a name that is not made of letters, digits and _"),
    ("secrets", {"A\nB": {"env": "X"}}, "secret A B has a name that is not made of letters, digits and _"),
    (
        "secrets",
        {"x" * 101: {"env": "X"}},
        f"secret {'x' * 100} has a name that is not made of letters, digits and _",
    ),
    *[
        (
            "secrets",
            {"KEY": source},
            'secret KEY must be {"env": "VARIABLE"} or {"file": "/path"}, of at most 500 characters',
        )
        for source in (
            {},
            "X",
            None,
            {"env": ""},
            {"env": 1},
            {"env": None},
            {"env": "A", "file": "/b"},
            {"value": "hunter2"},
            {"file": "/" + "x" * 500},
        )
    ],
]


def test_refuses_what_is_out_of_bounds_and_makes_nothing(call: Caller) -> None:
    for member, value, sentence in REFUSED:
        reply = call("CreateQueue", **{"teamName": "ops", "queueName": "mail", member: value})

        assert (reply.failure, reply.errors) == (400, [sentence])
    assert [row["queueName"] for row in call("GetTeamQueues").rows] == ["default"]


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    new_queue(call)

    assert audited(admin, "CreateQueue") == [("Created", "Queue", "mail", "in team ops")]
    history = call("GetEntityAuditTrace", _as="ann", entityType="Queue", entityIdentifier="mail")
    assert history.failure == 0


def test_is_for_members_of_the_team(call: Caller) -> None:
    heard = {
        caller: call("CreateQueue", _as=caller, teamName="ops", queueName="mail").failure
        for caller in ("carol", "build-01", NOBODY, "gina")
    }

    assert heard == {"carol": 403, "build-01": 403, NOBODY: 401, "gina": 0}
    assert [row["queueName"] for row in call("GetTeamQueues").rows] == ["default"]


def test_does_not_know_a_team_that_is_not_there(call: Caller) -> None:
    reply = call("CreateQueue", teamName="nowhere", queueName="mail")

    assert (reply.failure, reply.errors) == (404, ["team nowhere not found"])


def test_can_do_without_a_limit_from_its_beginning(call: Caller) -> None:
    made = new_queue(call, clear=["concurrency", "timeoutSeconds"])

    assert (made["concurrency"], made["timeoutSeconds"]) == (None, None)


@pytest.mark.parametrize("clear", [["rateLimit"], ["concurrency", "queueName"]])
def test_refuses_to_do_without_anything_else(call: Caller, clear: list[str]) -> None:
    reply = call("CreateQueue", teamName="ops", queueName="mail", clear=clear)

    assert (reply.failure, reply.errors) == (400, ["clear names something else than concurrency and timeoutSeconds"])
