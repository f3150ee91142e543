"""The agent: until it is stopped it claims as many jobs as it has free slots, and sees to it that each is answered."""

import enum
import random
import time
from collections.abc import Callable

from agent.backoff import Uniform
from agent.claims import Claims, give_back
from agent.client import BrokerClient
from agent.config import AgentConfig
from agent.delivery import Delivery
from agent.errors import RefusedError, TokenRefusedError
from agent.handlers import Outcome
from agent.heartbeat import Heartbeat, Held
from agent.jobs import Jobs, Running
from agent.log import log
from agent.mailbox import Event, Mailbox
from agent.reports import ProgressReports
from agent.spool import Spool
from agent.wire import Claim, Report

DAY_SECONDS = 86400.0
KILL_SECONDS = 10.0


class Ending(enum.Enum):
    """How the agent came to its end."""

    IN_ORDER = "stopped in order"
    REFUSED = "the broker refused the token"
    ASKED_WRONGLY = "the broker knows nothing of what it was asked for"
    FAULT = "a fault of the agent"


class Agent:
    """One life of the agent.

    Args:
        config: its settings.
        client: its broker.
        uniform: jitter.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        config: AgentConfig,
        client: BrokerClient,
        *,
        uniform: Uniform = random.uniform,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._client = client
        self._clock = clock
        self._events = Mailbox()
        self._error: BaseException | None = None
        spool = Spool(config.folder / "answers", config.spool_days * DAY_SECONDS, config.spool_answers)
        self._heartbeat = Heartbeat(client, config.lease_seconds, self._fail)
        self._reports = ProgressReports(client, config.progress_seconds, self._fail)
        self._delivery = Delivery(client, spool, config.spool_answers, self._settle, self._fail)
        self._jobs = Jobs(config, config.folder / "jobs", self._begin, self._end, self._change)
        self._claims = Claims(
            config,
            client,
            self._jobs,
            self._delivery,
            self._heartbeat,
            ended=self._change,
            dismissed=self._dismiss,
            fatal=self._fail,
            uniform=uniform,
        )

    def stop(self) -> None:
        """End in order: the first call after the running jobs, the second without them. Safe in signal handlers."""
        self._events.put(Event.STOP)

    @property
    def wake_descriptor(self) -> int:
        """For signal.set_wakeup_fd(): without it a signal that another thread takes would not be noticed."""
        return self._events.wake_descriptor

    def run(self) -> tuple[Ending, str]:
        """Work until stopped; answers how it ended, and what the broker said if it is the broker's doing."""
        for report in self._delivery.waiting:
            self._heartbeat.hold(Held(report.task_id, report.claim_token, _nothing, _nothing))
        with self._heartbeat, self._reports, self._delivery, self._claims:
            ending = self._supervise()
        self._client.close()
        self._events.close()
        return ending, "" if self._error is None else str(self._error)

    def _supervise(self) -> Ending:
        stops, deadline = 0, None
        while True:
            event = self._wait(None if deadline is None else deadline - self._clock())
            if event is Event.FATAL:
                self._kill_all()
                return _ending_of(self._error)
            if event is Event.DISMISSED and not stops:
                stops = 1
                self._claims.end()
                log.info("stopping: the broker wants it")
            if event is Event.STOP:
                stops += 1
                self._claims.end()
                log.info("stopping: %s", "running jobs are killed" if stops > 1 else "running jobs are finished")
            if stops > 1:
                self._give_back(self._kill_all())
                return Ending.IN_ORDER
            if stops and self._claims.ended and not self._jobs.running:
                waiting = self._delivery.waiting
                deadline = deadline or self._clock() + self._config.deliver_seconds
                if not waiting or self._clock() >= deadline:
                    if waiting:
                        log.warning("answers that wait for the next start: %d", len(waiting))
                    return Ending.IN_ORDER

    def _wait(self, seconds: float | None) -> Event:
        return self._events.get(None if seconds is None else max(0.0, seconds)) or Event.CHANGED

    def _kill_all(self) -> list[Claim]:
        """Kill the running jobs and wait for their ends; answers the claims that are left without an answer."""
        self._claims.end()
        running = self._jobs.running
        for each in running:
            each.execution.stop("shutdown")
        deadline = self._clock() + KILL_SECONDS
        while self._jobs.running and self._clock() < deadline:
            self._wait(deadline - self._clock())
        return [each.claim for each in running if each.execution.interrupted == "shutdown"]

    def _give_back(self, claims: list[Claim]) -> None:
        for claim in claims:
            self._heartbeat.release(claim.task_id, claim.claim_token)
        give_back(self._client, claims)

    def _begin(self, running: Running) -> None:
        claim, execution = running.claim, running.execution
        self._heartbeat.hold(
            Held(
                claim.task_id,
                claim.claim_token,
                lambda: execution.progress,
                execution.stop,
                lambda: execution.metrics,
            )
        )
        self._reports.watch(claim, running.handler, execution)

    def _end(self, running: Running, outcome: Outcome | None) -> None:
        """Answer an ended job, in its thread: it holds its slot until the broker or the disk has the answer."""
        claim = running.claim
        self._reports.forget(claim)
        if outcome is not None:
            self._delivery.deliver(_report(claim, outcome))
            return
        log.info("killed, not answered taskId=%s queueId=%d", claim.task_id, claim.queue_id)
        self._heartbeat.release(claim.task_id, claim.claim_token)

    def _settle(self, report: Report) -> None:
        self._heartbeat.release(report.task_id, report.claim_token)
        self._change()

    def _change(self) -> None:
        self._events.put(Event.CHANGED)

    def _dismiss(self) -> None:
        self._events.put(Event.DISMISSED)

    def _fail(self, error: BaseException) -> None:
        self._error = self._error or error
        self._events.put(Event.FATAL)


def _nothing(*_: object) -> None:
    """An answer that waits has no progress and cannot be stopped."""


def _report(claim: Claim, outcome: Outcome) -> Report:
    return Report(claim.task_id, claim.queue_id, claim.claim_token, outcome.status, outcome.retryable, outcome.answer)


def _ending_of(error: BaseException | None) -> Ending:
    if isinstance(error, TokenRefusedError):
        return Ending.REFUSED
    return Ending.ASKED_WRONGLY if isinstance(error, RefusedError) else Ending.FAULT
