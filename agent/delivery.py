"""Delivery: final answers go to the broker, over the spool when it is away."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from agent.answer import refusal_text
from agent.backoff import Backoff
from agent.client import BrokerClient
from agent.errors import RefusedError, TokenRefusedError, UnavailableError
from agent.log import log
from agent.spool import Spool
from agent.wire import CompletionStatus, Report
from agent.worker import Fatal, Worker

# An answer with one of these is not wanted any more: there is another one, it is late, or the item is deleted.
UNWANTED = (404, 409, 410)
# These will be said again, however often the same answer is sent.
UNFIT = (400, 413, 422)


@dataclass(eq=False)
class _Waiting:
    """An answer the broker does not have yet.

    Attributes:
        file: None where it could not be written to disk.
        answered: the broker has been asked, and has neither taken it nor said that it is not wanted.
        due: not to be tried again before; seconds of the delivery's clock.
        replaced: it is a short failure in the place of an answer that the broker did not take.
    """

    report: Report
    file: Path | None
    answered: bool = False
    due: float = 0.0
    replaced: bool = False


class Delivery(Worker):
    """Brings answers to the broker in the order in which jobs ended, each once.

    Args:
        client: the broker.
        spool: keeps what cannot be delivered; what it holds from an earlier life is delivered first.
        settled: called with each report that is delivered or dropped.
        fatal: called with TokenRefusedError, and with any exception that ends the thread.
    """

    def __init__(
        self,
        client: BrokerClient,
        spool: Spool,
        most_answers: int,
        settled: Callable[[Report], None],
        fatal: Fatal,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("delivery", fatal)
        self._client = client
        self._spool = spool
        self._most_answers = most_answers
        self._settled = settled
        self._clock = clock
        self._backoff = Backoff()
        self._away_until = 0.0
        kept, dropped = spool.load()
        self._waiting = deque(_Waiting(report, file) for file, report in kept)
        if kept or dropped:
            log.info("undelivered answers of an earlier run: %d, dropped: %d", len(kept), dropped)

    @property
    def waiting(self) -> list[Report]:
        with self._changed:
            return [each.report for each in self._waiting]

    def wake(self) -> None:
        """Let wait_until_clear ask again whether anybody still waits for it."""
        with self._changed:
            self._changed.notify_all()

    def wait_until_clear(self, wanted: Callable[[], bool]) -> None:
        """Wait until no answer is left that the broker has not been asked about, or nobody wants to know.

        Work is claimed only then: an agent that claims first after an outage could be handed the very item whose
        answer it still holds. An answer to which the broker said 500 does not count: it may say so for days.
        """
        with self._changed:
            self._changed.wait_for(lambda: not wanted() or all(each.answered for each in self._waiting))

    def deliver(self, report: Report) -> None:
        """Give an answer to the broker, now or later; returns when the broker or the disk has it."""
        with self._changed:
            broker_is_away = any(not each.answered for each in self._waiting)
        waiting = _Waiting(report, None)
        if not broker_is_away and self._try(waiting, repeated=False):
            self._settled(report)
            return
        try:
            waiting.file = self._spool.put(waiting.report)
        except OSError as error:
            log.error("answer kept in memory only taskId=%s: %s", report.task_id, error.strerror)
        with self._changed:
            self._waiting.append(waiting)
            oldest = self._waiting.popleft() if len(self._waiting) > self._most_answers else None
            self._changed.notify_all()
        if oldest is not None:
            self._drop(oldest, "too many undelivered answers")
            self._settled(oldest.report)

    def _work(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                first = min(self._waiting, key=lambda each: each.due, default=None)
                left = None if first is None else max(first.due, self._away_until) - self._clock()
                if first is None or left is None or left > 0:
                    self._changed.wait(left)
                    continue
            settled = self._attend(first)
            with self._changed:
                if settled and first in self._waiting:
                    self._waiting.remove(first)
                self._changed.notify_all()
            if settled:
                self._settled(first.report)

    def _attend(self, waiting: _Waiting) -> bool:
        """Try an answer that is kept, unless it has become too old; answers like _try."""
        if waiting.file is not None and self._spool.is_too_old(waiting.file):
            self._drop(waiting, "undelivered for too long")
            return True
        return self._try(waiting, repeated=True)

    def _try(self, waiting: _Waiting, repeated: bool) -> bool:
        """One attempt; tells whether the answer is settled. If not, it is noted when the next one may be made."""
        report = waiting.report
        try:
            self._client.update_queue_item_to_completed(report)
        except UnavailableError as error:
            if not repeated:
                log.warning("answer kept until the broker is back taskId=%s: %s", report.task_id, error)
            self._away_until = self._clock() + error.retry_seconds
            return False
        except TokenRefusedError as error:
            self._fatal(error)
            self._away_until = self._clock() + self._backoff.next_seconds()
            return False
        except RefusedError as error:
            return self._judge(waiting, error, repeated)
        self._backoff.reset()
        log.info("answered taskId=%s queueId=%d status=%s", report.task_id, report.queue_id, report.status)
        self._forget(waiting)
        return True

    def _judge(self, waiting: _Waiting, error: RefusedError, repeated: bool) -> bool:
        waiting.answered = True
        if error.status in UNWANTED:
            self._drop(waiting, f"{'it had arrived, or is late' if repeated else 'late'}: {error}")
            return True
        if error.status not in UNFIT:
            log.warning("answer not taken, kept taskId=%s: %s", waiting.report.task_id, error)
            waiting.due = self._clock() + self._backoff.next_seconds()
            return False
        if waiting.replaced:
            self._drop(waiting, f"refused: {error}")
            return True
        log.error("answer refused, its item fails taskId=%s: %s", waiting.report.task_id, error)
        waiting.report, waiting.replaced = _replacement(waiting.report, str(error)), True
        return self._try(waiting, repeated)

    def _drop(self, waiting: _Waiting, reason: str) -> None:
        log.warning("answer dropped taskId=%s queueId=%d: %s", waiting.report.task_id, waiting.report.queue_id, reason)
        self._forget(waiting)

    def _forget(self, waiting: _Waiting) -> None:
        if waiting.file is not None:
            self._spool.remove(waiting.file)


def _replacement(report: Report, reason: str) -> Report:
    """A short failure in the place of an answer that the broker does not take, for example because it is too long."""
    answer = refusal_text(None, f"the broker did not take the answer of the job: {reason}")
    status: CompletionStatus = "CANCELLED" if report.status == "CANCELLED" else "FAILED"
    return replace(report, status=status, retryable=False, response_vault=answer)
