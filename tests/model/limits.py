"""What the engine promises about limits: which of the waiting items a claim may have."""

from collections import Counter
from dataclasses import dataclass, field
from math import floor, inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.model.items import Item

BACKOFF_SECONDS = 500


@dataclass(eq=False)
class Queue:
    """A queue's policy; its bucket is full until somebody takes from it."""

    name: str
    retry_on_crash: bool = True
    paused: bool = False
    concurrency: int | None = None
    burst: int | None = None
    per_second: float = 0
    tokens: float = 0
    tokens_at: int = 0

    def limit_rate(self, burst: int | None, per_second: float, now: int) -> None:
        """Another rate; what the bucket holds stays, as far as the new one holds it."""
        if burst is not None:
            self.tokens = burst if self.burst is None else min(burst, self.tokens_now(now))
            self.tokens_at = now
        self.burst, self.per_second = burst, per_second

    def tokens_now(self, now: int) -> float:
        return inf if self.burst is None else min(self.burst, self.tokens + self.per_second * (now - self.tokens_at))

    def spend(self, count: int, now: int) -> None:
        if self.burst is not None and count:
            self.tokens = self.tokens_now(now) - count
            self.tokens_at = now


@dataclass
class Company:
    """All queues and items of a company, its machine, and what it limits.

    Attributes:
        labelled: whether the machine has the labels that choosy items want.
    """

    queues: list[Queue]
    labelled: bool = False
    paused: bool = False
    items: list["Item"] = field(default_factory=list)
    max_running: int | None = None
    max_running_per_user: int | None = None

    def next_items(self, count: int, now: int) -> list["Item"]:
        """The items that a claim gets, the most urgent first, then the oldest, as far as there is room."""
        held = [item for item in self.items if item.in_hand]
        room: dict[object, float] = {
            "company": (inf if self.max_running is None else self.max_running) - len(held),
        }
        of_queue, of_user = Counter(item.queue for item in held), Counter(item.made_by for item in held)
        for queue in self.queues:
            concurrent = inf if queue.concurrency is None else queue.concurrency - of_queue[queue]
            tokens = queue.tokens_now(now)
            room[queue] = min(concurrent, tokens if tokens == inf else floor(tokens))
        for user in {item.made_by for item in self.items}:
            room[user] = inf if self.max_running_per_user is None else self.max_running_per_user - of_user[user]

        taken: list[Item] = []
        for item in sorted(self.items, key=lambda item: (item.priority, item.queue_id)):
            needed: tuple[object, ...] = ("company", item.queue, item.made_by)
            may_go = item.waits(now) and not (self.paused or item.queue.paused)
            if may_go and (self.labelled or item.place != "choosy") and min(room[each] for each in needed) > 0:
                for each in needed:
                    room[each] -= 1
                taken.append(item)
            if len(taken) == count:
                break
        for queue in self.queues:
            queue.spend(sum(item.queue is queue for item in taken), now)
        return taken
