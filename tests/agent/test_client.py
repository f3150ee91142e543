"""One call: envelope, repetition, refusals, and the end of an open poll."""

import threading
from collections.abc import Callable

import pytest

from agent.backoff import FIRST_SECONDS, LONGEST_SECONDS, Backoff
from agent.client import BrokerClient
from agent.errors import PollEndedError, RefusedError, TokenRefusedError, UnavailableError
from agent.wire import Beat, Claim, Report
from tests.agent.fake_broker import TOKEN, Failure, FakeBroker

CLAIM = Claim("task-1", 7, "claim-1", 1, 30, None, "{}")
REPORT = Report("task-1", 7, "claim-1", "SUCCESS", True, '{"exitCode":0}')
NEXT = "GetQueueItemsNext"


class Time:
    """A clock that pauses move, and the pauses that were made."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def clock(self) -> float:
        return self.now

    def pause(self, stop: threading.Event, seconds: float) -> bool:
        self.now += seconds
        self.pauses.append(seconds)
        return stop.is_set()


def highest(low: float, high: float) -> float:
    return high


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def patient(broker: FakeBroker, time: Time) -> BrokerClient:
    """A client whose time is the test's and whose jitter is always the longest."""
    return BrokerClient(broker.url, TOKEN, uniform=highest, clock=time.clock, pause=time.pause)


def claim(client: BrokerClient) -> list[Claim]:
    return list(client.get_queue_items_next(1, 0, lease_seconds=30).claims)


def test_a_call_carries_token_and_json(broker: FakeBroker, client: BrokerClient) -> None:
    client.update_queue_item_to_completed(REPORT)

    call = broker.calls[0]
    assert call.headers["Rediacc-RequestToken"] == TOKEN
    assert call.headers["Content-Type"] == "application/json"
    assert call.body == {
        "taskId": "task-1",
        "claimToken": "claim-1",
        "responseVault": '{"exitCode":0}',
        "completionStatus": "SUCCESS",
        "retryable": True,
    }


def test_the_path_of_the_brokers_address_is_kept(broker: FakeBroker) -> None:
    client = BrokerClient(f"{broker.url}/queue/", TOKEN)

    client.update_queue_item_to_completed(REPORT)

    assert broker.calls[0].procedure == "/queue/api/StoredProcedure/UpdateQueueItemToCompleted"


def test_a_claim_row_becomes_a_claim(broker: FakeBroker, client: BrokerClient) -> None:
    task_id = broker.offer({"handler": "shell"}, timeoutSeconds=5, attempt=2)

    claims = claim(client)

    assert claims == [Claim(task_id, 7, f"claim-{task_id}", 2, 30, 5.0, '{"handler": "shell"}')]


@pytest.mark.parametrize("status", [503, 504])
def test_a_claim_is_repeated_with_its_requestid(
    broker: FakeBroker, patient: BrokerClient, time: Time, status: int
) -> None:
    broker.fail(NEXT, Failure(status), Failure(0), Failure(502, body=b"<html>"))

    claim(patient)

    assert len({call.body["requestId"] for call in broker.calls_of(NEXT)}) == 1
    assert time.pauses == [FIRST_SECONDS, 2 * FIRST_SECONDS, 4 * FIRST_SECONDS]


def test_retry_after_is_obeyed(broker: FakeBroker, patient: BrokerClient, time: Time) -> None:
    broker.fail(NEXT, Failure(503, headers={"Retry-After": "7"}))

    claim(patient)

    assert time.pauses == [7 + FIRST_SECONDS]


def test_a_claim_is_given_up_after_a_lease(broker: FakeBroker, patient: BrokerClient, time: Time) -> None:
    broker.fail(NEXT, *[Failure(503)] * 100)

    with pytest.raises(UnavailableError):
        claim(patient)

    assert 14 < time.now <= 30


def test_the_backoff_of_an_outage_goes_on_over_calls(broker: FakeBroker, patient: BrokerClient) -> None:
    broker.fail(NEXT, *[Failure(503)] * 100)

    with pytest.raises(UnavailableError):
        claim(patient)
    with pytest.raises(UnavailableError) as caught:
        claim(patient)

    assert caught.value.retry_seconds == LONGEST_SECONDS


def test_a_broker_that_is_away_is_unavailable(broker: FakeBroker, client: BrokerClient) -> None:
    broker.stop()

    with pytest.raises(UnavailableError, match="UpdateQueueItemToCompleted: NewConnectionError"):
        client.update_queue_item_to_completed(REPORT)


def test_another_server_in_the_brokers_place_is_unavailable(broker: FakeBroker, client: BrokerClient) -> None:
    broker.fail("UpdateQueueItemToCompleted", Failure(404, body=b"<html>not here</html>"))

    with pytest.raises(UnavailableError, match="404, the answer is no JSON"):
        client.update_queue_item_to_completed(REPORT)


@pytest.mark.parametrize("tables", ["{}", "[1]", '[{"resultSetIndex": 1}]', '[{"resultSetIndex": 1, "data": [7]}]'])
def test_an_answer_of_another_shape_is_unavailable(broker: FakeBroker, client: BrokerClient, tables: str) -> None:
    body = f'{{"failure": 0, "errors": [], "tables": {tables}, "outputs": {{}}}}'.encode()
    broker.fail("UpdateQueueItemToCompleted", Failure(200, body=body))

    with pytest.raises(UnavailableError, match="200, the answer"):
        client.update_queue_item_to_completed(REPORT)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_told_apart(broker: FakeBroker, client: BrokerClient, status: int) -> None:
    broker.fail(NEXT, Failure(status, "Authentication required"))

    with pytest.raises(TokenRefusedError, match="Authentication required"):
        claim(client)


def test_a_refusal_carries_status_and_message(broker: FakeBroker, client: BrokerClient) -> None:
    broker.fail("UpdateQueueItemToCompleted", Failure(409, "queue item 7 is COMPLETED"))

    with pytest.raises(RefusedError, match="409 queue item 7 is COMPLETED") as caught:
        client.update_queue_item_to_completed(REPORT)

    assert (caught.value.status, caught.value.repeated) == (409, False)


def test_a_refusal_of_a_repeated_call_says_so(broker: FakeBroker, patient: BrokerClient) -> None:
    broker.fail("ReturnQueueItems", Failure(0, after_work=True), Failure(409))

    with pytest.raises(RefusedError) as caught:
        patient.return_queue_items([CLAIM])

    assert caught.value.repeated


def test_beats_beyond_a_thousand_take_another_call(broker: FakeBroker, client: BrokerClient) -> None:
    reply = client.update_queue_item_heartbeat([Beat(f"task-{n}", "c", None) for n in range(1001)], 30)

    assert [len(call.items) for call in broker.calls] == [1000, 1]
    assert len(reply.answers) == 1001


def test_an_open_poll_is_withdrawn_at_once(broker: FakeBroker, client: BrokerClient) -> None:
    caught: list[Exception] = []
    thread = threading.Thread(target=lambda: caught.append(_error_of(lambda: client.get_queue_items_next(1, 300, 30))))
    thread.start()
    broker.wait_for_poll()

    client.end_polls()
    thread.join(5)

    assert isinstance(caught[0], PollEndedError)
    broker.wait_until(lambda: broker.withdrawn_polls == 1)


def test_no_poll_begins_after_the_end_of_polls(broker: FakeBroker, client: BrokerClient) -> None:
    client.end_polls()

    with pytest.raises(PollEndedError):
        claim(client)

    assert broker.calls == []


def test_reports_are_still_made_after_the_end_of_polls(broker: FakeBroker, client: BrokerClient) -> None:
    client.end_polls()

    client.update_queue_item_to_completed(REPORT)

    assert len(broker.completions) == 1


def test_jitter_lies_between_nothing_and_a_bounded_ceiling() -> None:
    asked: list[tuple[float, float]] = []

    def record(low: float, high: float) -> float:
        asked.append((low, high))
        return low

    backoff = Backoff(record)
    waits = [backoff.next_seconds() for _ in range(50)]

    assert waits == [0.0] * 50
    assert {low for low, _ in asked} == {0.0}
    assert [high for _, high in asked[:4]] == [0.5, 1.0, 2.0, 4.0]
    assert max(high for _, high in asked) == LONGEST_SECONDS


def test_a_success_begins_the_backoff_anew() -> None:
    backoff = Backoff(highest)
    for _ in range(5):
        backoff.next_seconds()

    backoff.reset()

    assert backoff.next_seconds() == FIRST_SECONDS


def test_an_ordered_wait_is_the_least_one_and_bounded() -> None:
    backoff = Backoff(highest)

    assert backoff.next_seconds(10.0) == 10.0 + FIRST_SECONDS
    assert backoff.next_seconds(1e9) == 300.0 + 2 * FIRST_SECONDS


def _error_of(call: Callable[[], object]) -> Exception:
    try:
        call()
    except Exception as error:  # the test looks at it
        return error
    return AssertionError("no error")
