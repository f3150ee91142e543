"""Plays a call on the real engine and on the model of it, and compares what they answer and what they leave."""

from dataclasses import dataclass
from typing import Any

import psycopg

from tests import jobs
from tests.model.items import RESPONDER_LEASE_SECONDS, USERS, Claim, Item
from tests.model.settings import LABELS, SOON_SECONDS, Settings
from tests.world import Caller, Reply, must

LEASE_SECONDS = 1000
TIMEOUT_SECONDS = 400  # the engine waits a minute longer
ITEMS = """
    select item.queue_id, item.status::text, item.failure_reason::text, item.attempt, item.silent_count,
           item.retry_count, item.held is not null, coalesce(stored.version, 0), letter.status::text
    from data.queue_item as item
    left join data.vault_record as stored on stored.vault_record_id = item.response_vault_id
    left join data.dead_letter as letter on letter.queue_id = item.queue_id
    order by item.queue_id
"""
CREATED = "select count(*) from data.queue_event where event = 'CREATED'"
CLAIMS = """
    select claim.queue_id, claim.attempt, claim.outcome::text, claim.failure_reason::text, claim.sign_time is not null,
           coalesce(stored.version, 0), claim.late_vault_id is not null
    from data.claim as claim
    left join data.vault_record as stored on stored.vault_record_id = claim.response_vault_id
    order by claim.queue_id, claim.claim_number
"""


@dataclass(frozen=True)
class Speaker:
    """Who speaks, at which broker, about which claim, and which token he shows.

    Attributes:
        claim: counted from the last claim of the newest item.
        by: a name of the world, or own: whoever has made the claim.
        token: own, none, or other: that of the claim `other`.
    """

    broker: int
    by: str
    claim: int
    other: int
    token: str


class Player(Settings):
    """An empty machine with two queues, and its model."""

    def __init__(self, brokers: list[Caller], admin: psycopg.Connection) -> None:
        super().__init__(brokers, admin)
        views = admin.execute("select viewname from pg_views where viewname like 'invariant%'").fetchall()
        self.broken = " union all ".join(f"select '{view}' from data.{view}" for (view,) in views)

    @property
    def items(self) -> list[Item]:
        return self.company.items

    def create(self, by: str, queue: int, place: str, priority: int, attempts: tuple[int, int], when: str) -> None:
        """A new item.

        Args:
            attempts: how many at most, and how many retries.
            when: what is said of time: nothing, later, expiring or timed.
        """
        policy = self.company.queues[queue]
        members: dict[str, Any] = {
            "queueName": policy.name,
            "machineName": "build-01" if place == "machine" else None,
            "labels": LABELS if place == "choosy" else None,
            "priority": priority,
            "maxAttempts": attempts[0],
            "retries": attempts[1],
            "notBefore": self._moment(SOON_SECONDS) if when == "later" else None,
            "expiresAfterSeconds": SOON_SECONDS if when == "expiring" else None,
            "timeoutSeconds": TIMEOUT_SECONDS if when == "timed" else None,
        }

        reply = self.brokers[0]("CreateQueueItem", _as=by, teamName="ops", queueVault="{}", **members)

        if attempts[1] >= attempts[0]:
            assert reply.failure == 400
            return
        soon = self.now + SOON_SECONDS
        self.items.append(
            Item(
                reply.row["queueId"],
                reply.row["taskId"],
                policy,
                by,
                priority,
                *attempts,
                timeout_seconds=TIMEOUT_SECONDS if when == "timed" else None,
                place=place,
                held_until=soon if when == "later" else None,
                expires_at=soon if when == "expiring" else None,
            )
        )

    def claim(self, broker: int, by: str, count: int, start: bool) -> None:
        expected = self.company.next_items(count, self.now)

        rows = must(
            self.brokers[broker](
                "GetQueueItemsNext",
                _as=by,
                machineName="build-01",
                itemCount=count,
                leaseSeconds=LEASE_SECONDS,
                start=start,
            )
        ).rows

        assert [row["queueId"] for row in rows] == [item.queue_id for item in expected]
        for item, row in zip(expected, rows, strict=True):
            claim = item.claim(by, row["claimToken"], LEASE_SECONDS, self.now, start)
            assert row["attempt"] == claim.attempt

    def heartbeat(self, speaker: Speaker) -> None:
        item, by, shown = self.meant_by(speaker)

        reply = jobs.beat(self.brokers[speaker.broker], named(item, shown), by)

        verdict, judged = item.judge(by, shown)
        if accepted(reply, item, verdict == "good") and judged:
            item.sign(judged, self.now)
            assert reply.row["cancelRequested"] == (item.status == "CANCELLING")

    def respond(self, speaker: Speaker, update: bool) -> None:
        """An update names the version that the item has, or 1."""
        item, by, shown = self.meant_by(speaker)
        version = max(item.version, 1) if update else None

        reply = jobs.respond(self.brokers[speaker.broker], named(item, shown), by, vaultVersion=version)

        verdict, judged = item.judge(by, shown)
        claims_it = item.status == "PENDING" and shown is None and by in USERS
        current = item.version or (judged.left_version if judged and verdict == "good" else 0)
        fits = current == version if update else (current == 0 or shown is not None)
        if accepted(reply, item, (verdict == "good" or claims_it) and fits):
            if verdict != "good" or judged is None:
                judged = item.claim(by, None, RESPONDER_LEASE_SECONDS, self.now, start=False)
            item.sign(judged, self.now)
            item.version += 1
            assert reply.row["responseVaultVersion"] == item.version

    def complete(self, speaker: Speaker, reported: str, answer: str, retryable: bool | None) -> None:
        item, by, shown = self.meant_by(speaker)

        reply = jobs.complete(
            self.brokers[speaker.broker],
            named(item, shown),
            by,
            completionStatus=reported,
            responseVault=answer,
            retryable=retryable,
        )

        verdict, judged = item.judge(by, shown)
        taken = verdict == "good" and (reported != "CANCELLED" or item.status == "CANCELLING")
        ended_by_it = verdict == "late" and judged is item.claims[-1] and judged.answer is not None
        repeated = ended_by_it and shown is not None and item.claims[-1].answer == (reported, answer)
        if accepted(reply, item, taken or repeated):
            if taken and judged:
                item.finish(judged, reported, answer, retryable, self.now)
            assert reply.row["status"] == item.status
        elif judged and verdict == "late" and not ended_by_it and not item.deleted:
            judged.late = judged.late or item.status != "PENDING" or shown is not None

    def give_back(self, speaker: Speaker) -> None:
        item, by, shown = self.meant_by(speaker)

        row = jobs.give_back(self.brokers[speaker.broker], named(item, shown), _as=by).row

        verdict, _ = item.judge(by, shown)
        assert row["returned"] == (verdict == "good" and not item.deleted)
        if row["returned"]:
            item.put_back("RETURNED")

    def cancel(self, broker: int, place: int, force: bool) -> None:
        item = self.newest(place)

        reply = self.brokers[broker]("CancelQueueItem", queueId=item.queue_id, force=force)

        accepted(reply, item, not item.deleted and item.cancel(force))

    def retry(self, broker: int, place: int) -> None:
        item = self.newest(place)

        reply = self.brokers[broker]("RetryFailedQueueItem", originalQueueId=item.queue_id)

        if accepted(reply, item, item.status in ("FAILED", "CANCELLED")):
            made = reply.row["newQueueId"], reply.row["taskId"]
            bounds = item.max_attempts, item.retries
            new = Item(*made, item.queue, "bob", item.priority, *bounds, item.timeout_seconds, place=item.place)
            self.items.append(new)
            item.retried = True

    def move(self, broker: int, place: int, priority: int) -> None:
        """Another place in line."""
        item = self.newest(place)

        reply = self.brokers[broker]("UpdateQueueItemPriority", queueId=item.queue_id, priority=priority)

        if accepted(reply, item, item.status == "PENDING"):
            item.priority = priority

    def delete(self, broker: int, place: int) -> None:
        item = self.newest(place)

        reply = self.brokers[broker]("DeleteQueueItem", queueId=item.queue_id)

        accepted(reply, item, expected=True)
        item.deleted = True

    def sweep(self) -> None:
        """What maintenance does, all of it."""
        for item in self._swept("rescue_lost_leases", [item for item in self.items if item.is_lost(self.now)]):
            item.put_back("LOST")
        for item in self._swept("end_overdue", [item for item in self.items if item.is_overdue(self.now)]):
            item.time_out(self.now)
        for item in self._swept("expire_items", [item for item in self.items if item.is_expired(self.now)]):
            item.expire()
        for item in self._swept("release_due", [item for item in self.items if item.is_due(self.now)]):
            item.held_until = None

    def _moment(self, seconds: int) -> str:
        """So many seconds from now."""
        [(moment,)] = self.admin.execute("select data.clock() + %s * interval '1 second'", [seconds]).fetchall()
        text: str = moment.isoformat()
        return text

    def _swept(self, job: str, expected: list[Item]) -> list[Item]:
        assert self.admin.execute(f"select maintenance.{job}()").fetchone() == (len(expected),), job
        return expected

    def compare(self) -> None:
        """What both have left."""
        kept = [item for item in self.items if not item.deleted]
        assert self.admin.execute(ITEMS).fetchall() == [row_of(item) for item in kept]
        assert self.admin.execute(CLAIMS).fetchall() == [claim_row_of(claim) for item in kept for claim in item.claims]
        assert self.admin.execute(CREATED).fetchone() == (len(self.items),), "made and not made: nothing is lost"
        assert self.admin.execute(self.broken).fetchall() == []

    def newest(self, place: int) -> Item:
        """An item, counted from the newest; deleted ones come last."""
        items = self._newest_first()
        return items[place % len(items)]

    def meant_by(self, speaker: Speaker) -> tuple[Item, str, str | None]:
        """Item, who speaks, and token; of an item that nobody has claimed, and no token, while there are no claims."""
        claims = [claim for item in self._newest_first() for claim in reversed(item.claims)]
        if not claims:
            return self.newest(speaker.claim), "bob" if speaker.by == "own" else speaker.by, None
        claim, other = claims[speaker.claim % len(claims)], claims[speaker.other % len(claims)]
        tokens: dict[str, Claim | None] = {"own": claim, "other": other, "none": None}
        shown = tokens[speaker.token]
        return claim.item, claim.by if speaker.by == "own" else speaker.by, shown.token if shown else None

    def _newest_first(self) -> list[Item]:
        return sorted(self.items, key=lambda item: (item.deleted, -item.queue_id))


def row_of(item: Item) -> tuple[object, ...]:
    """An item as the query ITEMS shows it."""
    counts = item.attempt, item.silent, item.retry_count
    letter = ("RESOLVED" if item.retried else "PENDING") if item.status == "FAILED" else None
    held = item.held_until is not None
    return item.queue_id, item.status, item.reason, *counts, held, item.version, letter


def claim_row_of(claim: Claim) -> tuple[object, ...]:
    """A claim as the query CLAIMS shows it."""
    ended = claim.outcome, claim.reason, claim.signed_at is not None
    return claim.item.queue_id, claim.attempt, *ended, claim.left_version, claim.late


def accepted(reply: Reply, item: Item, expected: bool) -> bool:
    """Compare an answer with what the model expects: whether the call was accepted."""
    assert reply.failure == (404 if item.deleted else 0 if expected else 409), reply.errors
    return reply.failure == 0


def named(item: Item, token: str | None) -> jobs.Row:
    return {"taskId": item.task_id, "claimToken": token}
