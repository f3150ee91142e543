"""Final answers reach the broker: at once, after an outage, after a restart."""

import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.client import BrokerClient
from agent.delivery import Delivery
from agent.spool import Spool
from agent.wire import Report
from tests.agent.fake_broker import Failure, FakeBroker

COMPLETED = "UpdateQueueItemToCompleted"
DAY_SECONDS = 86400.0

Deliveries = Callable[[], Delivery]


def report(task_id: str, vault: str = '{"exitCode":0}') -> Report:
    return Report(task_id, 7, f"claim-{task_id}", "SUCCESS", True, vault)


def shortly(low: float, high: float) -> float:
    return min(low, high) + 0.01


def delivered(broker: FakeBroker) -> list[object]:
    return [call.body["taskId"] for call in broker.completions]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "answers"


@pytest.fixture
def settled() -> list[str]:
    return []


@pytest.fixture
def deliveries(broker: FakeBroker, folder: Path, settled: list[str]) -> Iterator[Deliveries]:
    """Make deliveries that share a folder, as one agent after another does. A client's jitter is none."""
    clients: list[BrokerClient] = []
    failures: list[BaseException] = []

    def make() -> Delivery:
        clients.append(BrokerClient(broker.url, "t", uniform=shortly))
        spool = Spool(folder, DAY_SECONDS, 1000)
        return Delivery(clients[-1], spool, 1000, lambda each: settled.append(each.task_id), failures.append)

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def delivery(deliveries: Deliveries) -> Delivery:
    return deliveries()


def test_an_answer_is_delivered_at_once_and_touches_no_disk(
    broker: FakeBroker, delivery: Delivery, folder: Path, settled: list[str]
) -> None:
    delivery.deliver(report("a"))

    assert (delivered(broker), settled, list(folder.iterdir())) == (["a"], ["a"], [])


def test_an_answer_that_cannot_be_delivered_is_kept_for_its_owner_alone(
    broker: FakeBroker, delivery: Delivery, folder: Path, settled: list[str]
) -> None:
    broker.stop()

    delivery.deliver(report("a"))

    (file,) = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert settled == []


def test_kept_answers_are_delivered_when_the_broker_is_back(
    broker: FakeBroker, delivery: Delivery, folder: Path, settled: list[str]
) -> None:
    broker.fail(COMPLETED, *[Failure(503)] * 3)

    with delivery:
        delivery.deliver(report("a"))
        broker.wait_until(lambda: len(broker.completions) == 4)
        delivery.wait_until_clear(lambda: True)

    assert (settled, list(folder.iterdir())) == (["a"], [])


def test_kept_answers_are_delivered_after_a_restart_in_their_order(
    broker: FakeBroker, deliveries: Deliveries, folder: Path
) -> None:
    broker.stop()
    earlier = deliveries()
    for task_id in ("a", "b", "c"):
        earlier.deliver(report(task_id))

    broker.start()
    with deliveries() as later:
        later.wait_until_clear(lambda: True)

    assert delivered(broker) == ["a", "b", "c"]
    assert list(folder.iterdir()) == []


def test_the_same_answer_is_sent_again_after_a_lost_reply(broker: FakeBroker, delivery: Delivery) -> None:
    broker.fail(COMPLETED, Failure(0, after_work=True))

    with delivery:
        delivery.deliver(report("a"))
        delivery.wait_until_clear(lambda: True)

    first, second = broker.completions
    assert first.body == second.body


def test_the_wait_that_the_broker_orders_holds_for_kept_answers_too(
    broker: FakeBroker, delivery: Delivery, settled: list[str]
) -> None:
    broker.fail(COMPLETED, Failure(503, headers={"Retry-After": "1"}))
    begun = time.monotonic()

    with delivery:
        delivery.deliver(report("a"))
        broker.wait_until(lambda: len(broker.completions) == 2)

    assert time.monotonic() - begun >= 1.0


@pytest.mark.parametrize(
    "refusal", [Failure(409, "the claim is late"), Failure(404, "queue item 7 not found")], ids=["late", "deleted"]
)
def test_an_answer_that_nobody_wants_is_dropped_with_a_line_in_the_log(
    broker: FakeBroker,
    delivery: Delivery,
    settled: list[str],
    caplog: pytest.LogCaptureFixture,
    refusal: Failure,
) -> None:
    broker.fail(COMPLETED, refusal)

    delivery.deliver(report("a"))

    assert (settled, len(broker.completions)) == (["a"], 1)
    assert f"answer dropped taskId=a queueId=7: late: {refusal.status} {refusal.message}" in caplog.text


def test_a_conflict_after_a_lost_reply_may_mean_that_it_had_arrived(
    broker: FakeBroker, delivery: Delivery, settled: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    broker.fail(COMPLETED, Failure(0, after_work=True), Failure(409, "queue item 7 is COMPLETED"))

    with delivery:
        delivery.deliver(report("a"))
        delivery.wait_until_clear(lambda: True)

    broker.wait_until(lambda: len(broker.completions) == 2)
    assert settled == ["a"]
    assert "it had arrived, or is late: 409 queue item 7 is COMPLETED" in caplog.text


def test_an_answer_that_the_broker_cannot_take_becomes_a_short_failure(
    broker: FakeBroker, delivery: Delivery, settled: list[str]
) -> None:
    broker.fail(COMPLETED, Failure(413, "the vault is too long"))

    delivery.deliver(report("a", '"' + "x" * 1000 + '"'))

    failed = broker.completions[1]
    assert (failed.body["completionStatus"], failed.body["retryable"]) == ("FAILED", False)
    assert failed.answer["error"] == "the broker did not take the answer of the job: 413 the vault is too long"
    assert settled == ["a"]


@pytest.mark.parametrize("status", [402, 500])
def test_one_answer_that_troubles_the_broker_does_not_hold_up_the_others(
    broker: FakeBroker, delivery: Delivery, settled: list[str], status: int
) -> None:
    broker.fail(COMPLETED, Failure(status))
    delivery.deliver(report("a"))

    delivery.wait_until_clear(lambda: True)
    delivery.deliver(report("b"))

    assert delivered(broker) == ["a", "b"]
    assert settled == ["b"]
    assert [each.task_id for each in delivery.waiting] == ["a"]


def test_an_answer_survives_a_full_disk_in_memory(
    broker: FakeBroker, delivery: Delivery, folder: Path, settled: list[str]
) -> None:
    broker.fail(COMPLETED, Failure(503))
    folder.rmdir()

    with delivery:
        delivery.deliver(report("a"))
        delivery.wait_until_clear(lambda: True)

    assert settled == ["a"]


def test_answers_too_old_or_too_many_are_dropped(tmp_path: Path) -> None:
    now = [1_700_000_000.0]
    spool = Spool(tmp_path, DAY_SECONDS, 2, clock=lambda: now[0])
    spool.put(report("old"))
    now[0] += 2 * DAY_SECONDS
    for task_id in ("a", "b", "c"):
        spool.put(report(task_id))

    kept, dropped = spool.load()

    assert [each.task_id for _, each in kept] == ["b", "c"]
    assert dropped == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_a_write_that_was_cut_off_is_no_answer(tmp_path: Path) -> None:
    spool = Spool(tmp_path, DAY_SECONDS, 1000)
    spool.put(report("a"))
    (tmp_path / "tmp_unfinished").write_text('{"task_id": "b"')
    (tmp_path / "000000000000001-000001.answer").write_text('{"task_id": "c"')

    kept, dropped = spool.load()

    assert [each.task_id for _, each in kept] == ["a"]
    assert dropped == 1
