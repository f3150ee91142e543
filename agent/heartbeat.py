"""Heartbeat: one call every few seconds keeps all claims of the agent, and hears what the broker wants of them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.client import BrokerClient
from agent.errors import RefusedError, UnavailableError
from agent.execution import StopReason
from agent.log import log
from agent.wire import Beat, BeatAnswer
from agent.worker import Fatal, Worker


@dataclass(frozen=True)
class Held:
    """A claim that must not lapse: of a running job, or of an answer that waits for the broker."""

    task_id: str
    claim_token: str
    progress: Callable[[], float | None]
    stop: Callable[[StopReason], None]
    metrics: Callable[[], Mapping[str, float] | None] = lambda: None


class Heartbeat(Worker):
    """Renews every held claim at a third of its lease, in one call. While nothing is held it sleeps.

    Args:
        client: the broker.
        lease_seconds: asked for with each renewal.
        fatal: called with TokenRefusedError, and with any exception that ends the heartbeat.
    """

    def __init__(
        self,
        client: BrokerClient,
        lease_seconds: int,
        fatal: Fatal,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("heartbeat", fatal)
        self._client = client
        self._lease_seconds = lease_seconds
        self._interval_seconds = lease_seconds / 3
        self._clock = clock
        self._held: dict[str, Held] = {}
        self._silent = False
        self.drain = False

    def hold(self, held: Held) -> None:
        """Keep a claim from now on; an older claim of the same item is void and forgotten."""
        with self._changed:
            self._held[held.task_id] = held
            self._changed.notify_all()

    def release(self, task_id: str, claim_token: str) -> None:
        """Let a claim go, if it is still held."""
        with self._changed:
            if task_id in self._held and self._held[task_id].claim_token == claim_token:
                del self._held[task_id]

    def beat(self) -> float:
        """Make one call for all held claims and act on its answers; tells how many seconds until the next one."""
        with self._changed:
            held = dict(self._held)
        if not held:
            return self._interval_seconds
        beats = [Beat(each.task_id, each.claim_token, each.progress(), each.metrics()) for each in held.values()]
        try:
            reply = self._client.update_queue_item_heartbeat(beats, self._lease_seconds)
        except (UnavailableError, RefusedError) as error:
            self._note_outage(error)
            wanted = error.retry_seconds if isinstance(error, UnavailableError) else self._interval_seconds
            return max(wanted, 1.0)
        self._note_outage(None)
        if reply.drain and not self.drain:
            log.info("the broker asks for no new work: drain")
        self.drain = reply.drain
        for answer in reply.answers:
            if answer.task_id in held:
                self._act(held[answer.task_id], answer)
        if reply.heartbeat_seconds is None:
            return self._interval_seconds
        return min(self._interval_seconds, reply.heartbeat_seconds)

    def _act(self, held: Held, answer: BeatAnswer) -> None:
        if not answer.accepted:
            log.warning("claim lost taskId=%s: %s", held.task_id, answer.message[:200])
            self.release(held.task_id, held.claim_token)
            held.stop("lost")
        elif answer.cancel_requested:
            held.stop("cancelled")

    def _note_outage(self, error: Exception | None) -> None:
        if error is not None and not self._silent:
            log.warning("heartbeat not heard, jobs go on: %s", error)
        if error is None and self._silent:
            log.info("heartbeat heard again")
        self._silent = error is not None

    def _work(self) -> None:
        next_beat: float | None = None
        while True:
            with self._changed:
                if self._closed:
                    return
                if not self._held:
                    next_beat, self.drain = None, False  # without jobs there is no answer that could end a drain
                    self._changed.wait()
                    continue
                if next_beat is None:
                    next_beat = self._clock() + self._interval_seconds
                left = next_beat - self._clock()
                if left > 0:
                    self._changed.wait(left)
                    continue
            next_beat = self._clock() + self.beat()
