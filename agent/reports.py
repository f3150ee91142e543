"""Progress reports: what running jobs have said so far, stored at the broker as versions of their response."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from agent.answer import answer_text
from agent.client import BrokerClient
from agent.errors import RefusedError, UnavailableError
from agent.execution import Execution
from agent.log import log
from agent.wire import Claim
from agent.worker import Fatal, Worker


@dataclass
class _Watched:
    claim: Claim
    handler: str
    execution: Execution
    reported_version: int = 0


class ProgressReports(Worker):
    """Reports each running job that has printed or told something new, at most every interval_seconds.

    A thread of its own, because a slow network must delay reports of progress, not heartbeats.
    """

    def __init__(
        self,
        client: BrokerClient,
        interval_seconds: float,
        fatal: Fatal,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("progress", fatal)
        self._client = client
        self._interval_seconds = interval_seconds
        self._clock = clock
        self._watched: dict[str, _Watched] = {}

    def watch(self, claim: Claim, handler: str, execution: Execution) -> None:
        with self._changed:
            self._watched[claim.task_id] = _Watched(claim, handler, execution)
            self._changed.notify_all()

    def forget(self, claim: Claim) -> None:
        with self._changed:
            self._watched.pop(claim.task_id, None)

    def report(self) -> None:
        """Report every job that has something new to say."""
        with self._changed:
            watched = list(self._watched.values())
        for each in watched:
            version = each.execution.version
            if version == each.reported_version:
                continue
            answer = answer_text(
                each.handler, each.execution.snapshot(), None, None, output_bytes=each.execution.output_bytes
            )
            try:
                self._client.update_queue_item_response(each.claim, answer)
            except UnavailableError:
                return  # the heartbeat says so in the log; the next report tells all of it
            except RefusedError as error:
                if error.status not in (404, 409):  # else it is finished or lost, which others find out
                    log.warning("progress refused taskId=%s: %s", each.claim.task_id, error)
            each.reported_version = version

    def _work(self) -> None:
        next_report: float | None = None
        while True:
            with self._changed:
                if self._closed:
                    return
                if not self._watched:
                    next_report = None
                    self._changed.wait()
                    continue
                if next_report is None:
                    next_report = self._clock() + self._interval_seconds
                left = next_report - self._clock()
                if left > 0:
                    self._changed.wait(left)
                    continue
            self.report()
            next_report = self._clock() + self._interval_seconds
