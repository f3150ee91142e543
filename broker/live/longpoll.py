"""Calls that may wait: an empty answer is not given before something came, or the time is up."""

import random
import time
from collections.abc import Callable

from broker.answer import Answer
from broker.call import Procedures
from broker.live.clients import is_gone
from broker.live.hub import Ending, Hub
from broker.loading import Call

# A token that ended is noticed, and an agent that waits is heard of, as DEAF and OFFLINE need it.
LOOK_AGAIN_SECONDS = 60.0
# What may be taken after a moment has many waiters, and each look locks the queue's row: they look neither more often
# than this, nor all at the same moment, but each up to so large a share of the time later.
SHORTEST_SECONDS = 0.05
SPREAD_SHARE = 0.25


def run_waiting(
    procedures: Procedures,
    hub: Hub,
    call: Call,
    client: int | None,
    *,
    clock: Callable[[], float] = time.monotonic,
    uniform: Callable[[float, float], float] = random.uniform,
) -> Answer:
    """Make a call, and again each time something came, until its answer has rows or `call.wait_seconds` have passed.

    No database connection is held between. Every turn is a call of its own: a token that ended meanwhile is refused.

    Args:
        client: file descriptor of the connection that gets the answer. Nothing is taken for a client that has gone.

    Raises:
        As Procedures.run.
    """
    deadline = clock() + call.wait_seconds
    while True:
        mark = hub.mark()
        answer = procedures.run(call)
        remaining = deadline - clock()
        if remaining <= 0 or not answer.wait_keys or any(table.count for table in answer.tables):
            return answer
        patience = min(remaining, LOOK_AGAIN_SECONDS)
        if answer.wake_after is not None:
            patience = min(patience, max(answer.wake_after, SHORTEST_SECONDS) * uniform(1, 1 + SPREAD_SHARE))
        ending = hub.wait(answer.wait_keys, mark, patience, client)
        if ending is Ending.TIME_UP and patience < remaining:
            ending = Ending.WOKEN
        if ending is not Ending.WOKEN or (client is not None and is_gone(client)):
            return answer
