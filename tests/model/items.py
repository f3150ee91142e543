"""What the engine promises about single queue items, to be compared with the real one.

Time is a number of seconds that goes only when told to; an outcome is None while a claim is open.
"""

from dataclasses import dataclass, field

from tests.model.limits import BACKOFF_SECONDS, Queue

LIVE = ("ASSIGNED", "PROCESSING", "CANCELLING")
RESPONDER_LEASE_SECONDS = 1800
SILENT_LIMIT = 3
OVERTIME_SECONDS = 60
USERS = ("bob", "ann")


@dataclass(eq=False)
class Claim:
    """One claim of one item."""

    item: "Item"
    attempt: int
    by: str
    token: str | None
    lease_seconds: int
    signed_at: int | None = None
    outcome: str | None = None
    reason: str | None = None
    answer: tuple[str, str] | None = None
    left_version: int = 0
    late: bool = False

    @property
    def is_agent(self) -> bool:
        return self.by not in USERS


@dataclass(eq=False)
class Item:
    """A queue item; version 0: no response.

    Attributes:
        place: machine, pool, or choosy: a pool's item that wants labels.
    """

    queue_id: int
    task_id: str
    queue: Queue
    made_by: str
    priority: int
    max_attempts: int
    retries: int
    timeout_seconds: int | None
    place: str = "machine"
    held_until: int | None = None
    expires_at: int | None = None
    status: str = "PENDING"
    reason: str | None = None
    attempt: int = 0
    silent: int = 0
    retry_count: int = 0
    version: int = 0
    lease_until: int = 0
    deadline: int | None = None
    deleted: bool = False
    retried: bool = False
    claims: list[Claim] = field(default_factory=list)

    @property
    def in_hand(self) -> bool:
        return self.status in LIVE and not self.deleted

    def waits(self, now: int) -> bool:
        """Whether somebody may have it."""
        ready = self.status == "PENDING" and self.held_until is None and not self.deleted
        return ready and (self.expires_at is None or self.expires_at > now)

    def claim(self, by: str, token: str | None, lease_seconds: int, now: int, start: bool) -> Claim:
        """Give the item to somebody."""
        self.attempt += 1
        self.status = "PROCESSING" if start else "ASSIGNED"
        self.held_until = None
        self.lease_until = now + lease_seconds
        self._set_deadline(now)
        claim = Claim(self, self.attempt, by, token, lease_seconds)
        self.claims.append(claim)
        return claim

    def judge(self, by: str, token: str | None) -> tuple[str, Claim | None]:
        """Whether a caller may speak for the item, and by which claim."""
        if token is not None:
            claim = next((claim for claim in self.claims if claim.token == token), None)
            if claim is None:
                return "unknown", None
        else:
            claim = self.claims[-1] if self.claims else None
            if claim is None:
                return "none", None
            if claim.is_agent:
                return "missing", None
            if by not in USERS:
                return "agent", None
            own = [claim for claim in self.claims if claim.by == by]
            if claim.by != by and own:
                return "late", own[-1]
        running = claim.outcome is None and self.status in LIVE
        waiting = claim.outcome == "LOST" and self.status == "PENDING" and token is not None
        return ("good" if claim is self.claims[-1] and (running or waiting) else "late"), claim

    def sign(self, claim: Claim, now: int) -> None:
        """A sign of life by a good claim."""
        if self.status in ("ASSIGNED", "PENDING"):
            self._set_deadline(now if claim.signed_at is None else claim.signed_at)
        self._take_up(claim)
        if claim.signed_at is None:
            claim.signed_at = now
        if self.status != "CANCELLING":
            self.status = "PROCESSING"
        self.lease_until = now + claim.lease_seconds

    def finish(self, claim: Claim, reported: str, answer: str, retryable: bool | None, now: int) -> None:
        """The completion of a good claim."""
        self._take_up(claim)
        ended = "CANCELLED" if self.status == "CANCELLING" else "FAILED"
        claim.outcome = "COMPLETED" if reported in ("SUCCESS", "PARTIAL") else ended
        if claim.signed_at is None:
            claim.signed_at = now
        claim.answer = (reported, answer)
        self.version += 1
        self._end(claim, "REPORTED", now, may_retry=retryable is not False)

    def put_back(self, outcome: str) -> None:
        """The end of the last claim without an answer."""
        claim = self.claims[-1]
        free = outcome == "RETURNED" or (claim.signed_at is None and self.silent < SILENT_LIMIT)
        crashed = outcome == "LOST" and claim.signed_at is not None and not self.queue.retry_on_crash
        ended = "CANCELLED" if self.status == "CANCELLING" else "FAILED"
        again = ended == "FAILED" and (free or (self.attempt < self.max_attempts and not crashed))
        if free:
            self.attempt = claim.attempt - 1
            self.silent += outcome == "LOST"
        claim.outcome = outcome
        if again:
            self._wait(claim)
        else:
            self.status = ended
            self.reason = "LOST" if ended == "FAILED" else None

    def time_out(self, now: int) -> None:
        """The end of an attempt that has outlived its timeout."""
        claim = self.claims[-1]
        claim.outcome = "CANCELLED" if self.status == "CANCELLING" else "FAILED"
        self._end(claim, "TIMEOUT", now, may_retry=True)

    def expire(self) -> None:
        """Nobody has picked it up in time."""
        self.status, self.reason, self.held_until = "FAILED", "EXPIRED", None

    def cancel(self, force: bool) -> bool:
        """Whether a cancel is taken."""
        if self.status == "PROCESSING" and force:
            self.status = "CANCELLING"
            return True
        if self.status not in ("PENDING", "ASSIGNED"):
            return False
        if self.status == "ASSIGNED":
            self.claims[-1].outcome = "CANCELLED"
        self.status, self.held_until = "CANCELLED", None
        return True

    def is_lost(self, now: int) -> bool:
        return self.in_hand and self.lease_until <= now

    def is_overdue(self, now: int) -> bool:
        started = self.in_hand and self.status != "ASSIGNED"
        return started and self.deadline is not None and self.deadline + OVERTIME_SECONDS < now

    def is_due(self, now: int) -> bool:
        return not self.deleted and self.held_until is not None and self.held_until <= now

    def is_expired(self, now: int) -> bool:
        waiting = self.status == "PENDING" and not self.deleted
        return waiting and self.expires_at is not None and self.expires_at <= now

    def _end(self, claim: Claim, reason: str, now: int, may_retry: bool) -> None:
        """What follows when a claim has an outcome: the end of the item, or the next try after the queue's backoff."""
        left = self.retry_count < self.retries and self.attempt < self.max_attempts
        failed = claim.outcome == "FAILED"
        claim.reason = reason if failed else None
        if failed and left and may_retry:
            self.retry_count += 1
            self.held_until = now + BACKOFF_SECONDS
            self._wait(claim)
        else:
            self.status = str(claim.outcome)
            self.reason = claim.reason

    def _wait(self, claim: Claim) -> None:
        """PENDING again; what the claim had answered stays with it."""
        self.status = "PENDING"
        self.expires_at = None
        claim.left_version = self.version or claim.left_version
        self.version = 0

    def _take_up(self, claim: Claim) -> None:
        """A claim that was lost goes on where it was."""
        claim.outcome = None
        self.attempt = claim.attempt
        self.version = self.version or claim.left_version
        claim.left_version = 0

    def _set_deadline(self, since: int) -> None:
        self.deadline = None if self.timeout_seconds is None else since + self.timeout_seconds
