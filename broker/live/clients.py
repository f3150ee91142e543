"""Whether the clients of waiting requests are still there, without reading what they may have sent.

The other end counts as gone when it has closed the connection, or its half of it: nobody there reads an answer.

Source: poll(2), POLLRDHUP; epoll(7).
"""

import select
from contextlib import suppress

from gevent.monkey import get_original

# The system's own, which answer at once: gevent's go through its loop, once for each socket, and it hides epoll.
_new_poll = get_original("select", "poll")
_new_epoll = get_original("select", "epoll")

_GONE = select.POLLRDHUP | select.POLLHUP | select.POLLERR | select.POLLNVAL


def is_gone(client: int) -> bool:
    """Look at one connection, given by its file descriptor; one system call."""
    poll = _new_poll()
    poll.register(client, select.POLLRDHUP)
    return any(events & _GONE for _, events in poll.poll(0))


class Clients:
    """Many connections; a look at all of them costs as much as one."""

    def __init__(self) -> None:
        self._epoll = _new_epoll()

    def add(self, client: int) -> None:
        """Begin to watch a connection."""
        self._epoll.register(client, select.EPOLLRDHUP)

    def remove(self, client: int) -> None:
        """Watch it no longer."""
        # The system has removed it already if it was closed.
        with suppress(OSError):
            self._epoll.unregister(client)

    def gone(self) -> list[int]:
        """Those that have gone."""
        return [client for client, _ in self._epoll.poll(0)]
