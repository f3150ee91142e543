"""`GET /api/v1/jobs/status/<job_id>/stream`: a job followed to its end, as Server-Sent Events."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from broker.answer import Answer, Row
from broker.call import Procedures
from broker.caller import Sender
from broker.errors import Failure, failure_of
from broker.live.hub import Hub
from broker.live.sse import HEARTBEAT, RETRY, write_event
from broker.live.watching import Look, Place, print_of, wait_for_look
from broker.surfaces.jobs_shapes import FINAL, NOT_FOUND, WORDS, show_progress, status_of
from broker.surfaces.opened import error_of, result_of
from broker.surfaces.problems import describe_problem, reword

TRANSIENT = frozenset({503, 504})
NAMES = {404: NOT_FOUND}

logger = logging.getLogger(__name__)

Wait = Callable[..., Iterator[Look | None]]


@dataclass(slots=True)
class JobStream:
    """One client that follows one job.

    Attributes:
        place: how far he has come; None: he follows from now on.
        client: file descriptor of his connection.
    """

    procedures: Procedures
    hub: Hub
    sender: Sender
    job_id: str
    team: str | None
    place: Place | None
    client: int | None

    def open(self, wait: Wait = wait_for_look) -> Iterator[bytes] | None:
        """Look for the first time, and give the events.

        Returns:
            None: the job is finished, and the client has been told so: there is nothing to come back for.

        Raises:
            As Procedures.call.
        """
        mark = self.hub.mark()
        first = self._look()
        status = status_of(first.current)
        if self.place is not None and not first.changes and status in FINAL:
            return None
        return self._follow(first, mark, wait)

    def _follow(self, first: Look, mark: int, wait: Wait) -> Iterator[bytes]:
        yield RETRY
        try:
            yield from self._tell(first)
            if self._is_over():
                return
            for look in wait(self.hub, self._look_again, first.wait_keys, mark, self.client):
                if look is None:
                    yield HEARTBEAT
                    continue
                yield from self._tell(look)
                if self._is_over():
                    return
        except Exception as error:  # the answer has begun: what went wrong can only be told as an event
            yield self._tell_error(failure_of(error), error)

    def _call(self, name: str, **members: Any) -> Answer:
        given = {member: value for member, value in members.items() if value is not None}
        return self.procedures.call(name, given, self.sender)

    def _look(self) -> Look:
        after = self.place.number if self.place else 0
        answer = self._call("GetQueueItemChanges", taskId=self.job_id, teamName=self.team, afterChange=after)
        return Look.of(answer)

    def _look_again(self) -> Look | None:
        """As _look; None: the database is away, which is no reason to send everybody home."""
        try:
            return self._look()
        except Exception as error:
            if failure_of(error).status in TRANSIENT:
                return None
            raise

    def _is_over(self) -> bool:
        return self.place is not None and self.place.status in FINAL

    def _tell(self, look: Look) -> Iterator[bytes]:
        """What the client has not been told: each status once, then the progress."""
        if self.place is None:
            # Who begins to follow hears of the newest of a job's items, from its beginning.
            steps = [change for change in look.changes if change["queueId"] == look.current["queueId"]]
            self.place = Place()
        else:
            steps = look.changes
        if not steps and not self.place.number:
            steps = [look.current]  # its events are older than what is kept
        # Claimed and begun are one status: of such the last, which knows of the progress, if there is some.
        steps = [
            step
            for step, later in zip(steps, [*steps[1:], None], strict=False)
            if later is None or status_of(later) != status_of(step)
        ]
        for position, step in enumerate(steps):
            status = status_of(step)
            is_last = position == len(steps) - 1
            is_new = status != self.place.status
            self.place = replace(self.place, number=step["changeNumber"])
            if not is_new:
                continue
            row = look.current if is_last and step["queueId"] == look.current["queueId"] else None
            said = print_of(row) if row else self.place.said
            self.place = replace(self.place, status=status, said=said)
            if is_last and status in FINAL:
                yield self._tell_end(step["queueId"], status)
                return
            yield self._tell_update(self.place, row)
        status = status_of(look.current)
        if status == "running" == self.place.status and print_of(look.current) != self.place.said:
            self.place = replace(self.place, said=print_of(look.current))
            yield self._tell_update(self.place, look.current)

    def _tell_update(self, place: Place, row: Row | None) -> bytes:
        """A status or a progress. What was before the last change has no progress of its own any more."""
        data = {
            "job_id": self.job_id,
            "status": place.status,
            "progress": show_progress(place.status, row["progress"] if row else None),
        }
        if row and row["metrics"]:
            data["metrics"] = row["metrics"]
        return write_event("job_update", data, place)

    def _tell_end(self, queue_id: int, status: str) -> bytes:
        [row] = self._call("GetQueueItem", queueId=queue_id).tables[0].rows
        data = {"job_id": self.job_id, "status": status, "result": result_of(row)}
        if status == "failed":
            data["error"] = error_of(row)
        return write_event("job_complete", data, self.place)

    def _tell_error(self, failure: Failure, error: Exception) -> bytes:
        """The last event of a stream that cannot go on: the job was deleted, the token has ended."""
        if failure.status >= 500:
            logger.error("request %s, stream of a job: internal error", self.sender.request_id, exc_info=error)
        told = replace(failure, messages=tuple(reword(WORDS, message) for message in failure.messages))
        body = describe_problem(told, error, NAMES)
        return write_event("job_error", {**body, "job_id": self.job_id})
