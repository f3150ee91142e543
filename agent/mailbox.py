"""Mailbox: where the main thread hears of signals and of its other threads."""

import enum
import select
import socket
from collections import deque
from contextlib import suppress


class Event(enum.Enum):
    """What the main thread waits for."""

    STOP = "a signal"
    DISMISSED = "the broker wants the agent to end, and nothing is in hand"
    CHANGED = "a job has ended, an answer is delivered, or no more work is claimed"
    FATAL = "a thread has ended by an exception"


class Mailbox:
    """Events in their order; put() may be called from any thread and from a signal handler.

    It waits on a descriptor, not on a lock: the kernel may give a signal to any thread, and only a descriptor that
    signal.set_wakeup_fd() knows of wakes the main thread then. For the same reason nothing here takes a lock.
    """

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._awake, self._wake = socket.socketpair()
        self._awake.setblocking(False)
        self._wake.setblocking(False)

    @property
    def wake_descriptor(self) -> int:
        """For signal.set_wakeup_fd()."""
        return self._wake.fileno()

    def put(self, event: Event) -> None:
        self._events.append(event)
        with suppress(OSError):  # full: it wakes anyway; closed: nobody waits any more
            self._wake.send(b"!")

    def get(self, seconds: float | None) -> Event | None:
        """The next event, or None when there is none within so many seconds."""
        watched = select.poll()
        watched.register(self._awake, select.POLLIN)
        while not self._events:
            if not watched.poll(None if seconds is None else seconds * 1000):
                return None
            self._awake.recv(4096)
        return self._events.popleft()

    def close(self) -> None:
        self._awake.close()
        self._wake.close()
