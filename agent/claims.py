"""Claims: asks the broker for work whenever a slot is free, and lets it hold the question while there is none."""

import random
import time
from collections.abc import Callable, Sequence

from agent.backoff import Backoff, Uniform
from agent.client import BrokerClient
from agent.config import AgentConfig
from agent.delivery import Delivery
from agent.errors import BrokerError, PollEndedError, RefusedError, TokenRefusedError, UnavailableError
from agent.heartbeat import Heartbeat
from agent.jobs import Jobs
from agent.log import log
from agent.wire import Claim
from agent.worker import Fatal, Worker

# After an empty answer that came sooner than asked for: a broker that lets nobody wait must not be asked in a circle.
IDLE_SECONDS = (1.0, 3.0)
# Agents that were started together shall not ask together: each waits for a part of the time it may.
WAIT_SHARE = (0.8, 1.0)
WRONG_QUESTION = (400, 404)
UNKNOWN = 404


class Claims(Worker):
    """Claims items and starts their jobs until end() is called.

    Args:
        ended: called once no more work will be claimed.
        dismissed: called when the broker wants the agent to end, and nothing is in hand.
        fatal: called with TokenRefusedError, with RefusedError when the very first question was wrong, and with any
            exception that ends the thread.
    """

    def __init__(
        self,
        config: AgentConfig,
        client: BrokerClient,
        jobs: Jobs,
        delivery: Delivery,
        heartbeat: Heartbeat,
        *,
        ended: Callable[[], None],
        dismissed: Callable[[], None],
        fatal: Fatal,
        uniform: Uniform = random.uniform,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("claims", fatal)
        self._config = config
        self._client = client
        self._jobs = jobs
        self._delivery = delivery
        self._heartbeat = heartbeat
        self._on_ended = ended
        self._on_dismissed = dismissed
        self._uniform = uniform
        self._clock = clock
        self._backoff = Backoff(uniform)
        self._wanted = True
        self._was_answered = False
        self._registered = False
        self._registers = True
        self._silent = False
        self.ended = False

    def end(self) -> None:
        """Take no more work; an open question is withdrawn at once."""
        self._wanted = False
        self._client.end_polls()
        self._jobs.wake()
        self._delivery.wake()
        with self._changed:
            self._changed.notify_all()

    def _is_wanted(self) -> bool:
        return self._wanted

    def _work(self) -> None:
        while self._wanted:
            free = self._jobs.wait_for_slots(self._is_wanted)
            self._delivery.wait_until_clear(self._is_wanted)  # in this order: a slot is freed by an undelivered answer
            if not self._wanted:
                break
            if self._heartbeat.drain and self._jobs.running:
                self._pause(self._uniform(*IDLE_SECONDS))
                continue
            self._pause(self._claim(free))
        self.ended = True
        self._on_ended()

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._wanted, seconds)

    def _claim(self, free: int) -> float:
        """Ask once and start what comes; answers how long to wait before the next question."""
        asked_seconds = int(self._config.wait_seconds * self._uniform(*WAIT_SHARE))
        began = self._clock()
        try:
            self._register()
            reply = self._client.get_queue_items_next(
                min(free, 100), asked_seconds, self._config.lease_seconds, self._note_outage
            )
        except PollEndedError:
            return 0.0
        except UnavailableError as error:
            self._note_outage(error)
            return error.retry_seconds
        except RefusedError as error:
            if error.status in WRONG_QUESTION and not self._was_answered:
                raise
            self._note_outage(error)
            return self._backoff.next_seconds()
        self._note_outage(None)
        self._was_answered = True
        self._backoff.reset()
        if reply.claims:
            return self._start(reply.claims, free)
        self._registered = not reply.register
        if reply.stop:
            if not self._jobs.running:
                self._on_dismissed()
            return self._uniform(*IDLE_SECONDS)
        waited = self._clock() - began
        return 0.0 if waited >= asked_seconds / 2 > 0 else self._uniform(*IDLE_SECONDS)

    def _register(self) -> None:
        """Say what this agent is, once, and again when the broker asks.

        An older broker knows nothing of it, and a user's session may claim for a machine but not register for it.
        """
        if self._registered or not self._registers:
            return
        try:
            self._client.register_agent(self._config.slots, self._config.queues, dict(self._config.labels))
        except (RefusedError, TokenRefusedError) as error:  # a token that is worth nothing ends the next question
            if isinstance(error, RefusedError) and error.status != UNKNOWN:
                raise
            log.info("not registered: %s", error)
            self._registers = False
        self._registered = True

    def _start(self, claims: Sequence[Claim], free: int) -> float:
        """Start jobs; what cannot be started here and now goes back at once instead of by its lease."""
        started = 0
        try:
            while started < len(claims) and started < free and self._wanted:
                self._jobs.start(claims[started])
                started += 1
        except OSError as error:
            log.error("no room for another job, its item is given back: %s", error)
        if started < len(claims):
            give_back(self._client, claims[started:])
            return self._uniform(*IDLE_SECONDS)
        return 0.0

    def _note_outage(self, error: Exception | None) -> None:
        if error is not None and not self._silent:
            log.warning("no answer to the question for work, asking on: %s", error)
        if error is None and self._silent:
            log.info("the broker answers again")
        self._silent = error is not None


def give_back(client: BrokerClient, claims: Sequence[Claim]) -> None:
    """Give items back unharmed; if that has no success, their leases run out and the broker does it by itself."""
    if not claims:
        return
    try:
        returned = client.return_queue_items(claims)
    except BrokerError as error:
        log.warning("items not given back, their leases will run out: %d: %s", len(claims), error)
    else:
        log.info("items given back: %d of %d", returned, len(claims))
