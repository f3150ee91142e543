"""BrokerClient: one method for each procedure the agent calls."""

import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import urllib3
from urllib3.exceptions import HTTPError

from agent import VERSION
from agent.backoff import Backoff, Uniform
from agent.config import AgentConfig
from agent.connections import Connection, open_pool, shut_down
from agent.errors import PollEndedError, RefusedError, TokenRefusedError, UnavailableError
from agent.wire import (
    Beat,
    BeatReply,
    Claim,
    ClaimReply,
    Envelope,
    EnvelopeError,
    JsonObject,
    Report,
    read_beat_reply,
    read_claim_reply,
    read_envelope,
)

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 30.0
RETURN_PATIENCE_SECONDS = 5.0
ITEMS_PER_HEARTBEAT = 1000

Pause = Callable[[threading.Event, float], bool]
NoteOutage = Callable[[UnavailableError], None]


class BrokerClient:
    """Speaks to one broker with one token; every method may be called from any thread, polls from one at a time."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        machine: str | None = None,
        bridge: str | None = None,
        ca_file: Path | None = None,
        uniform: Uniform = random.uniform,
        clock: Callable[[], float] = time.monotonic,
        pause: Pause = threading.Event.wait,
    ) -> None:
        self._path = f"{urllib3.util.parse_url(url).path or ''}".rstrip("/") + "/api/StoredProcedure/"
        self._headers = {
            "Rediacc-RequestToken": token,
            "Content-Type": "application/json",
            "User-Agent": f"machine-job-broker-agent/{VERSION}",
        }
        self._whose = {name: value for name, value in (("machineName", machine), ("bridgeName", bridge)) if value}
        self._uniform = uniform
        self._clock = clock
        self._pause = pause
        self._backoffs: dict[str, Backoff] = {}
        self._polls_ended = threading.Event()
        self._closed = threading.Event()
        self._poll_connection: Connection | None = None
        self._calls = open_pool(url, ca_file, connections=4)
        self._polls = open_pool(url, ca_file, connections=1)
        self._watch_poll_connections()

    def register_agent(self, slots: int, queues: Sequence[str] | None, labels: Mapping[str, str]) -> None:
        """Say what this agent is.

        Args:
            queues: whose pools it serves; None: every queue of the team.

        Raises:
            UnavailableError, TokenRefusedError, RefusedError
        """
        body: JsonObject = {**self._whose, "agentVersion": VERSION, "slots": slots, "labels": dict(labels)}
        self._call("RegisterAgent", body if queues is None else {**body, "queues": list(queues)})

    def get_queue_items_next(
        self, item_count: int, wait_seconds: int, lease_seconds: int, note_outage: NoteOutage | None = None
    ) -> ClaimReply:
        """Claim up to item_count items, waiting for the first at the broker for at most wait_seconds.

        A claim whose answer is lost is repeated with the same requestId, which hands out the same items again, for as
        long as that holds: one lease.

        Args:
            note_outage: told, before each repetition, why it is needed.

        Raises:
            PollEndedError, UnavailableError, TokenRefusedError, RefusedError
        """
        body: JsonObject = {
            **self._whose,
            "itemCount": item_count,
            "waitSeconds": wait_seconds,
            "leaseSeconds": lease_seconds,
            "start": True,
            "requestId": str(uuid.uuid4()),
        }
        envelope = self._call(
            "GetQueueItemsNext",
            body,
            lease_seconds,
            pool=self._polls,
            answer_seconds=wait_seconds + ANSWER_SECONDS,
            note_outage=note_outage,
        )
        try:
            return read_claim_reply(envelope)
        except (KeyError, ValueError) as error:
            raise self._unavailable("GetQueueItemsNext", f"a row is not as it should be: {error!r}") from None

    def update_queue_item_heartbeat(self, beats: Sequence[Beat], lease_seconds: int) -> BeatReply:
        """Renew the leases of all these claims, in one call for each thousand.

        Raises:
            UnavailableError, TokenRefusedError, RefusedError
        """
        items: list[JsonObject] = []
        for beat in beats:
            item: JsonObject = {
                "taskId": beat.task_id,
                "claimToken": beat.claim_token,
                "leaseSeconds": lease_seconds,
            }
            told = {"progress": beat.progress, "metrics": beat.metrics}
            items.append({**item, **{name: value for name, value in told.items() if value is not None}})
        parts = [items[start : start + ITEMS_PER_HEARTBEAT] for start in range(0, len(items), ITEMS_PER_HEARTBEAT)]
        return read_beat_reply([self._call("UpdateQueueItemHeartbeat", {"items": part}) for part in parts])

    def update_queue_item_response(self, claim: Claim, response_vault: str) -> None:
        """Store what a running job has answered so far (JSON text), as the item's next response.

        Raises:
            UnavailableError, TokenRefusedError, RefusedError
        """
        body: JsonObject = {
            "taskId": claim.task_id,
            "claimToken": claim.claim_token,
            "responseVault": response_vault,
        }
        self._call("UpdateQueueItemResponse", body)

    def update_queue_item_to_completed(self, report: Report) -> None:
        """Give the final answer to a claim; once, so that the caller can keep it and try again.

        Raises:
            UnavailableError, TokenRefusedError
            RefusedError: 409 the answer is late or there is another one; 404 the item is deleted
        """
        body: JsonObject = {
            "taskId": report.task_id,
            "claimToken": report.claim_token,
            "responseVault": report.response_vault,
            "completionStatus": report.status,
            "retryable": report.retryable,
        }
        self._call("UpdateQueueItemToCompleted", body)

    def return_queue_items(self, claims: Sequence[Claim]) -> int:
        """Give claimed items back unharmed, PENDING again without using an attempt; tells how many were taken.

        Raises:
            UnavailableError, TokenRefusedError, RefusedError
        """
        items = [{"taskId": claim.task_id, "claimToken": claim.claim_token} for claim in claims]
        envelope = self._call("ReturnQueueItems", {"items": items}, RETURN_PATIENCE_SECONDS)
        return sum(row.get("returned") is True for row in envelope.rows)

    def end_polls(self) -> None:
        """Take no more work: an open poll ends at once with PollEndedError, later ones do not begin.

        The connection is closed under it, so the broker, which looks before it claims, hands out nothing.
        """
        self._polls_ended.set()
        connection = self._poll_connection
        if connection is not None and connection.sock is not None:
            shut_down(connection.sock)

    def close(self) -> None:
        """End waiting between repetitions, and all connections."""
        self._closed.set()
        self.end_polls()
        self._calls.close()

    def _call(
        self,
        procedure: str,
        body: JsonObject,
        patience_seconds: float = 0.0,
        *,
        pool: urllib3.HTTPConnectionPool | None = None,
        answer_seconds: float = ANSWER_SECONDS,
        note_outage: NoteOutage | None = None,
    ) -> Envelope:
        """One success, or the exception that says why not; repeats on 503, 504 and lost connections."""
        stop = self._closed if pool is None else self._polls_ended
        content = json.dumps(body, ensure_ascii=False).encode()
        begun = self._clock()
        repeated = False
        while not stop.is_set():
            try:
                envelope = self._ask(pool or self._calls, procedure, content, answer_seconds)
            except UnavailableError as error:
                if stop.is_set() or self._clock() - begun + error.retry_seconds >= patience_seconds:
                    failure = error
                    break
                if note_outage is not None:
                    note_outage(error)
                self._pause(stop, error.retry_seconds)
                repeated = True
                continue
            self._backoff(procedure).reset()
            if envelope.failure in (401, 403):
                raise TokenRefusedError(f"{procedure}: {envelope.failure} {envelope.message}")
            if envelope.failure:
                raise RefusedError(envelope.failure, envelope.message, repeated)
            return envelope
        if self._polls_ended.is_set() and pool is self._polls:
            raise PollEndedError("no more work is wanted")
        if stop.is_set():
            raise UnavailableError(f"{procedure}: the agent is stopping", 0.0)
        raise failure

    def _ask(self, pool: urllib3.HTTPConnectionPool, procedure: str, content: bytes, answer_seconds: float) -> Envelope:
        """Send one request; raises UnavailableError for whatever may be different the next time."""
        try:
            response = pool.urlopen(
                "POST",
                self._path + procedure,
                body=content,
                headers=self._headers,
                retries=False,
                redirect=False,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=answer_seconds),
            )
        except (HTTPError, OSError) as error:
            raise self._unavailable(procedure, f"{type(error).__name__}: {error}"[:200]) from error
        try:
            envelope = read_envelope(response.data)
        except EnvelopeError as error:
            if response.status in (401, 403):  # a gateway before the broker asks for something we do not have
                raise TokenRefusedError(f"{procedure}: {response.status} {response.reason}") from None
            raise self._unavailable(procedure, f"{response.status}, {error}", _retry_after(response)) from None
        if envelope.failure in (429, 502, 503, 504):
            message = f"{envelope.failure} {envelope.message}"
            raise self._unavailable(procedure, message, _retry_after(response))
        return envelope

    def _unavailable(self, procedure: str, reason: str, ordered_seconds: float = 0.0) -> UnavailableError:
        return UnavailableError(f"{procedure}: {reason}", self._backoff(procedure).next_seconds(ordered_seconds))

    def _backoff(self, procedure: str) -> Backoff:
        """Kept over calls, so that an outage of an hour does not begin anew with each call."""
        return self._backoffs.setdefault(procedure, Backoff(self._uniform))

    def _watch_poll_connections(self) -> None:
        """Remember the connection of the open poll, so that another thread can close it."""
        connection_class = self._polls.ConnectionCls

        def connect(connection: Connection) -> None:
            connection_class.connect(connection)  # type: ignore[arg-type]  # made by the class that is derived below
            self._poll_connection = connection
            if self._polls_ended.is_set() and connection.sock is not None:  # ended while it was being made
                shut_down(connection.sock)

        self._polls.ConnectionCls = type("WatchedConnection", (connection_class,), {"connect": connect})


def open_client(config: AgentConfig) -> BrokerClient:
    """The client of the broker that the settings name."""
    return BrokerClient(config.url, config.token, machine=config.machine, bridge=config.bridge, ca_file=config.ca_file)


def _retry_after(response: urllib3.BaseHTTPResponse) -> float:
    value = response.headers.get("Retry-After", "")
    try:
        return max(0.0, urllib3.Retry().parse_retry_after(value))
    except HTTPError:
        return 0.0
