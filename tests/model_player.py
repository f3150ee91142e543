"""Plays a call on the real engine and on the model of it, and compares what they answer and what they leave."""

from dataclasses import dataclass

import psycopg

from tests import jobs
from tests.queue_model import LIVE, RESPONDER_LEASE_SECONDS, Claim, Item
from tests.world import Caller, Reply, must

LEASE_SECONDS = 1000
JUMP_SECONDS = 600  # leases end 200 seconds from any jump, or right at one: real time decides nothing

EMPTY = """
    delete from data.queue_item;
    delete from data.vault_record where owner_kind = 'queue_item';
    delete from data.queue_event;
    update data.test_clock set ahead = '0';
"""
ITEMS = """
    select item.queue_id, item.status::text, item.attempt, item.silent_count, coalesce(stored.version, 0)
    from data.queue_item as item
    left join data.vault_record as stored on stored.vault_record_id = item.response_vault_id
    order by item.queue_id
"""
CLAIMS = """
    select claim.queue_id, claim.attempt, claim.outcome::text, claim.sign_time is not null,
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
        token: own, none, or other: that of the claim `other`.
    """

    broker: int
    by: str
    claim: int
    other: int
    token: str


class Player:
    """An empty queue of one machine, and its model."""

    def __init__(self, brokers: list[Caller], admin: psycopg.Connection) -> None:
        self.brokers = brokers
        self.admin = admin
        self.now = 0
        self.items: list[Item] = []
        views = admin.execute("select viewname from pg_views where viewname like 'invariant%'").fetchall()
        self.broken = " union all ".join(f"select '{view}' from data.{view}" for (view,) in views)
        admin.execute(EMPTY)

    def create(self, broker: int, max_attempts: int) -> None:
        made = self.brokers[broker](
            "CreateQueueItem", teamName="ops", machineName="build-01", queueVault="{}", maxAttempts=max_attempts
        ).row
        self.items.append(Item(made["queueId"], made["taskId"], max_attempts))

    def claim(self, broker: int, by: str, count: int, start: bool) -> None:
        expected = [item for item in self.items if item.status == "PENDING" and not item.deleted][:count]

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
        item, shown = self.meant_by(speaker)

        reply = jobs.beat(self.brokers[speaker.broker], named(item, shown), speaker.by)

        verdict, judged = item.judge(speaker.by, shown)
        if accepted(reply, item, verdict == "good") and judged:
            item.sign(judged, self.now)
            assert reply.row["cancelRequested"] == (item.status == "CANCELLING")

    def respond(self, speaker: Speaker, update: bool) -> None:
        """An update names the version that the item has, or 1."""
        item, shown = self.meant_by(speaker)
        version = max(item.version, 1) if update else None

        reply = jobs.respond(self.brokers[speaker.broker], named(item, shown), speaker.by, vaultVersion=version)

        verdict, judged = item.judge(speaker.by, shown)
        claims_it = item.status == "PENDING" and shown is None and speaker.by in ("bob", "ann")
        current = item.version or (judged.left_version if judged and verdict == "good" else 0)
        fits = current == version if update else (current == 0 or shown is not None)
        if accepted(reply, item, (verdict == "good" or claims_it) and fits):
            if verdict != "good" or judged is None:
                judged = item.claim(speaker.by, None, RESPONDER_LEASE_SECONDS, self.now, start=False)
            item.sign(judged, self.now)
            item.version += 1
            assert reply.row["responseVaultVersion"] == item.version

    def complete(self, speaker: Speaker, reported: str, answer: str) -> None:
        item, shown = self.meant_by(speaker)

        reply = jobs.complete(
            self.brokers[speaker.broker],
            named(item, shown),
            speaker.by,
            completionStatus=reported,
            responseVault=answer,
        )

        verdict, judged = item.judge(speaker.by, shown)
        taken = verdict == "good" and (reported != "CANCELLED" or item.status == "CANCELLING")
        ended_by_it = verdict == "late" and judged is item.claims[-1] and judged.answer is not None
        repeated = ended_by_it and shown is not None and item.claims[-1].answer == (reported, answer)
        if accepted(reply, item, taken or repeated):
            if taken and judged:
                item.finish(judged, reported, answer)
            assert reply.row["status"] == item.status
        elif judged and verdict == "late" and not ended_by_it and not item.deleted:
            judged.late = judged.late or item.status != "PENDING" or shown is not None

    def give_back(self, speaker: Speaker) -> None:
        item, shown = self.meant_by(speaker)

        row = jobs.give_back(self.brokers[speaker.broker], named(item, shown), _as=speaker.by).row

        verdict, _ = item.judge(speaker.by, shown)
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
            self.items.append(Item(reply.row["newQueueId"], reply.row["taskId"], item.max_attempts))

    def delete(self, broker: int, place: int) -> None:
        item = self.newest(place)

        reply = self.brokers[broker]("DeleteQueueItem", queueId=item.queue_id)

        accepted(reply, item, expected=True)
        item.deleted = True

    def pass_time(self, jumps: int) -> None:
        self.now += jumps * JUMP_SECONDS
        self.admin.execute("update data.test_clock set ahead = %s * interval '1 second'", [self.now])

    def sweep(self) -> None:
        kept = [item for item in self.items if not item.deleted]
        lost = [item for item in kept if item.status in LIVE and item.lease_until <= self.now]

        assert jobs.sweep(self.admin) == len(lost)

        for item in lost:
            item.put_back("LOST")

    def compare(self) -> None:
        """What both have left."""
        kept = [item for item in self.items if not item.deleted]
        assert self.admin.execute(ITEMS).fetchall() == [
            (item.queue_id, item.status, item.attempt, item.silent, item.version) for item in kept
        ]
        assert self.admin.execute(CLAIMS).fetchall() == [
            (item.queue_id, claim.attempt, claim.outcome, claim.signed, claim.left_version, claim.late)
            for item in kept
            for claim in item.claims
        ]
        assert self.admin.execute(self.broken).fetchall() == []

    def newest(self, place: int) -> Item:
        """An item, counted from the newest; deleted ones come last."""
        items = self._newest_first()
        return items[place % len(items)]

    def meant_by(self, speaker: Speaker) -> tuple[Item, str | None]:
        """Item and token; of an item that nobody has claimed, and no token, while there are no claims."""
        claims = [claim for item in self._newest_first() for claim in reversed(item.claims)]
        if not claims:
            return self.newest(speaker.claim), None
        claim, other = claims[speaker.claim % len(claims)], claims[speaker.other % len(claims)]
        tokens: dict[str, Claim | None] = {"own": claim, "other": other, "none": None}
        shown = tokens[speaker.token]
        return claim.item, shown.token if shown else None

    def _newest_first(self) -> list[Item]:
        return sorted(self.items, key=lambda item: (item.deleted, -item.queue_id))


def accepted(reply: Reply, item: Item, expected: bool) -> bool:
    """Compare an answer with what the model expects: whether the call was accepted."""
    assert reply.failure == (404 if item.deleted else 0 if expected else 409), reply.errors
    return reply.failure == 0


def named(item: Item, token: str | None) -> jobs.Row:
    return {"taskId": item.task_id, "claimToken": token}
