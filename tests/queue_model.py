"""What the engine promises about queue items, in a page of Python, to be compared with the real one.

Time is a number of seconds that goes only when told to; an outcome is None while a claim is open.
"""

from dataclasses import dataclass, field

LIVE = ("ASSIGNED", "PROCESSING", "CANCELLING")
RESPONDER_LEASE_SECONDS = 1800
SILENT_LIMIT = 3


@dataclass(eq=False)
class Claim:
    """One claim of one item."""

    item: "Item"
    attempt: int
    by: str
    is_agent: bool
    token: str | None
    lease_seconds: int
    signed: bool = False
    outcome: str | None = None
    answer: tuple[str, str] | None = None
    left_version: int = 0
    late: bool = False


@dataclass(eq=False)
class Item:
    """A queue item; version 0: no response."""

    queue_id: int
    task_id: str
    max_attempts: int
    status: str = "PENDING"
    attempt: int = 0
    silent: int = 0
    version: int = 0
    lease_until: int = 0
    deleted: bool = False
    claims: list[Claim] = field(default_factory=list)

    def claim(self, by: str, token: str | None, lease_seconds: int, now: int, start: bool) -> Claim:
        """Give the item to somebody."""
        self.attempt += 1
        self.status = "PROCESSING" if start else "ASSIGNED"
        self.lease_until = now + lease_seconds
        claim = Claim(self, self.attempt, by, by not in ("bob", "ann"), token, lease_seconds)
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
            if by not in ("bob", "ann"):
                return "agent", None
            own = [claim for claim in self.claims if claim.by == by]
            if claim.by != by and own:
                return "late", own[-1]
        running = claim.outcome is None and self.status in LIVE
        waiting = claim.outcome == "LOST" and self.status == "PENDING" and token is not None
        return ("good" if claim is self.claims[-1] and (running or waiting) else "late"), claim

    def sign(self, claim: Claim, now: int) -> None:
        """A sign of life by a good claim."""
        self._take_up(claim)
        claim.signed = True
        if self.status != "CANCELLING":
            self.status = "PROCESSING"
        self.lease_until = now + claim.lease_seconds

    def finish(self, claim: Claim, reported: str, answer: str) -> None:
        """The completion of a good claim."""
        self._take_up(claim)
        stopped = "CANCELLED" if self.status == "CANCELLING" else "FAILED"
        self.status = "COMPLETED" if reported in ("SUCCESS", "PARTIAL") else stopped
        claim.signed = True
        claim.outcome = self.status
        claim.answer = (reported, answer)
        self.version += 1

    def put_back(self, outcome: str) -> None:
        """The end of the last claim without an answer."""
        claim = self.claims[-1]
        free = outcome == "RETURNED" or (not claim.signed and self.silent < SILENT_LIMIT)
        if self.status == "CANCELLING":
            self.status = "CANCELLED"
        elif free or self.attempt < self.max_attempts:
            self.status = "PENDING"
        else:
            self.status = "FAILED"
        if free:
            self.attempt = claim.attempt - 1
            self.silent += outcome == "LOST"
        claim.outcome = outcome
        if self.status == "PENDING":
            claim.left_version = self.version or claim.left_version
            self.version = 0

    def cancel(self, force: bool) -> bool:
        """Whether a cancel is taken."""
        if self.status == "PROCESSING" and force:
            self.status = "CANCELLING"
            return True
        if self.status not in ("PENDING", "ASSIGNED"):
            return False
        if self.status == "ASSIGNED":
            self.claims[-1].outcome = "CANCELLED"
        self.status = "CANCELLED"
        return True

    def _take_up(self, claim: Claim) -> None:
        """A claim that was lost goes on where it was."""
        claim.outcome = None
        self.attempt = claim.attempt
        self.version = self.version or claim.left_version
        claim.left_version = 0
