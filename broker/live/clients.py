"""Whether the clients of waiting requests are still there, without reading what they may have sent."""

import select
from collections.abc import Iterable

from gevent.monkey import get_original

# The system's own, which answers at once: gevent's goes through its loop, once for each socket.
_new_poll = get_original("select", "poll")

GONE = select.POLLRDHUP | select.POLLHUP | select.POLLERR | select.POLLNVAL


def gone_clients(sockets: Iterable[int]) -> set[int]:
    """Those whose other end has closed the connection, or its half: nobody there reads an answer. One system call.

    Args:
        sockets: file descriptors.

    Source: poll(2), POLLRDHUP.
    """
    poll = _new_poll()
    for number in sockets:
        poll.register(number, select.POLLRDHUP)
    return {number for number, events in poll.poll(0) if events & GONE}
