"""One heartbeat for all claims, and what is heard in its answer."""

import pytest

from agent.client import BrokerClient
from agent.heartbeat import Heartbeat, Held
from tests.agent.fake_broker import Failure, FakeBroker

LEASE_SECONDS = 30


@pytest.fixture
def failures() -> list[BaseException]:
    return []


@pytest.fixture
def heartbeat(client: BrokerClient, failures: list[BaseException]) -> Heartbeat:
    return Heartbeat(client, LEASE_SECONDS, failures.append)


class Job:
    """A held claim that remembers why it was stopped."""

    def __init__(self, heartbeat: Heartbeat, task_id: str, progress: float | None = None) -> None:
        self.stopped: list[str] = []
        heartbeat.hold(Held(task_id, f"claim-{task_id}", lambda: progress, self.stopped.append))


def test_all_claims_are_renewed_by_one_call(broker: FakeBroker, heartbeat: Heartbeat) -> None:
    for task_id in ("a", "b", "c"):
        Job(heartbeat, task_id)

    heartbeat.beat()

    assert [[item["taskId"] for item in call.items] for call in broker.calls] == [["a", "b", "c"]]
    assert broker.calls[0].items[0] == {"taskId": "a", "claimToken": "claim-a", "leaseSeconds": LEASE_SECONDS}


def test_progress_is_told_where_there_is_one(broker: FakeBroker, heartbeat: Heartbeat) -> None:
    Job(heartbeat, "a")
    Job(heartbeat, "b", 0.5)

    heartbeat.beat()

    assert [item.get("progress") for item in broker.calls[0].items] == [None, 0.5]


def test_leases_are_renewed_at_a_third(broker: FakeBroker, heartbeat: Heartbeat) -> None:
    Job(heartbeat, "a")

    assert heartbeat.beat() == LEASE_SECONDS / 3


def test_the_broker_may_ask_for_a_faster_rhythm_but_no_slower_one(broker: FakeBroker, heartbeat: Heartbeat) -> None:
    Job(heartbeat, "a")

    broker.heartbeat_seconds = 2.0
    faster = heartbeat.beat()
    broker.heartbeat_seconds = 200.0
    slower = heartbeat.beat()

    assert (faster, slower) == (2.0, LEASE_SECONDS / 3)


def test_a_cancelled_job_is_told(broker: FakeBroker, heartbeat: Heartbeat) -> None:
    asked, other = Job(heartbeat, "a"), Job(heartbeat, "b")
    broker.cancelled.add("a")

    heartbeat.beat()

    assert (asked.stopped, other.stopped) == (["cancelled"], [])


def test_a_lost_claim_is_told_and_not_renewed_again(broker: FakeBroker, heartbeat: Heartbeat) -> None:
    lost, _ = Job(heartbeat, "a"), Job(heartbeat, "b")
    broker.lost.add("a")

    heartbeat.beat()
    heartbeat.beat()

    assert lost.stopped == ["lost"]
    assert [item["taskId"] for item in broker.calls[1].items] == ["b"]


def test_a_released_claim_is_not_renewed(broker: FakeBroker, heartbeat: Heartbeat) -> None:
    Job(heartbeat, "a")

    heartbeat.release("a", "claim-a")
    heartbeat.beat()

    assert broker.calls == []


def test_the_release_of_an_earlier_claim_leaves_the_later_one(broker: FakeBroker, heartbeat: Heartbeat) -> None:
    Job(heartbeat, "a")

    heartbeat.release("a", "claim of an earlier attempt")
    heartbeat.beat()

    assert len(broker.calls) == 1


def test_a_heartbeat_that_is_not_heard_stops_no_job(broker: FakeBroker, heartbeat: Heartbeat) -> None:
    job = Job(heartbeat, "a")
    broker.fail("UpdateQueueItemHeartbeat", Failure(503, headers={"Retry-After": "9"}), Failure(500))

    ordered, broken = heartbeat.beat(), heartbeat.beat()

    assert job.stopped == []
    assert (ordered >= 9, broken) == (True, LEASE_SECONDS / 3)


def test_drain_is_heard(broker: FakeBroker, heartbeat: Heartbeat) -> None:
    Job(heartbeat, "a")
    broker.drain = True

    heartbeat.beat()

    assert heartbeat.drain


def test_a_refused_token_is_fatal(broker: FakeBroker, client: BrokerClient, failures: list[BaseException]) -> None:
    broker.fail("UpdateQueueItemHeartbeat", Failure(403))
    heartbeat = Heartbeat(client, 0, failures.append)

    with heartbeat:
        Job(heartbeat, "a")
        broker.wait_for_calls("UpdateQueueItemHeartbeat")

    assert [type(error).__name__ for error in failures] == ["TokenRefusedError"]
