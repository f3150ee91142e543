"""Watching an item until it is finished: what changes, in order, each change once.

No database connection and no key is held between looks. Every look is a call of its own: a token that ended meanwhile
is refused.
"""

import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import orjson

from broker.answer import Answer, Row
from broker.live.hub import Ending, Hub
from broker.live.longpoll import LOOK_AGAIN_SECONDS

HEARTBEAT_SECONDS = 15.0


@dataclass(frozen=True)
class Look:
    """What a call of GetQueueItemChanges answered."""

    changes: list[Row]
    current: Row
    wait_keys: tuple[str, ...]

    @classmethod
    def of(cls, answer: Answer) -> "Look":
        """Read an answer."""
        changes, current = (list(table.rows) for table in answer.tables)
        return cls(changes, current[0], answer.wait_keys)


def print_of(row: Row) -> str:
    """A short text that is another when progress or metrics are."""
    said = orjson.dumps([row["progress"], row["metrics"]], option=orjson.OPT_SORT_KEYS)
    return f"{zlib.crc32(said):08x}"


@dataclass(frozen=True)
class Place:
    """How far somebody has followed an item.

    Attributes:
        number: of the last change that he was told.
        status: that he was told last.
        said: print_of what progress and metrics he was told last.
    """

    number: int = 0
    status: str = ""
    said: str = ""

    def __str__(self) -> str:
        return f"{self.number}:{self.status}:{self.said}"

    @classmethod
    def read(cls, text: str) -> "Place":
        """A place as it was written.

        Raises:
            ValueError: it was not.
        """
        number, status, said = text.split(":")
        if not (number.isascii() and number.isdigit() and len(number) <= 18 and status.isalpha() and len(said) <= 8):
            raise ValueError(text)
        return cls(int(number), status, said)


def wait_for_look(
    hub: Hub,
    look: Callable[[], Look | None],
    wait_keys: tuple[str, ...],
    mark: int,
    client: int | None,
    *,
    clock: Callable[[], float] = time.monotonic,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
    look_again_seconds: float = LOOK_AGAIN_SECONDS,
) -> Iterator[Look | None]:
    """Look again whenever something came, and now and then; ends when the client has gone or the process stops.

    Args:
        look: None: it could not be looked now.
        mark: taken before the look that answered wait_keys.

    Yields:
        a look; None: nothing came for so long that a sign of life is due.
    """
    look_time = clock() + look_again_seconds
    while True:
        ending = hub.wait(wait_keys, mark, heartbeat_seconds, client)
        if ending in (Ending.GONE, Ending.CLOSED):
            return
        if ending is Ending.TIME_UP and clock() < look_time:
            yield None
            continue
        mark = hub.mark()
        found = look()
        look_time = clock() + look_again_seconds
        if found is not None:
            wait_keys = found.wait_keys
        yield found
