"""A thread with an end: started by entering, told to stop and waited for by leaving."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Self

from agent.errors import BrokerError
from agent.log import log

JOIN_SECONDS = 2.0

Fatal = Callable[[BaseException], None]


class Worker(ABC):
    """Base of the agent's threads; they share its condition with those that call them.

    Args:
        name: of the thread.
        fatal: called with the exception that has ended the thread; an agent without its threads must not go on.
    """

    def __init__(self, name: str, fatal: Fatal) -> None:
        self._changed = threading.Condition()
        self._closed = False
        self._fatal = fatal
        # A daemon, because a call to a broker that answers nothing must not hold the end of the process.
        self._thread = threading.Thread(target=self._guard, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(JOIN_SECONDS)

    @abstractmethod
    def _work(self) -> None:
        """Until self._closed."""

    def _guard(self) -> None:
        try:
            self._work()
        except BrokerError as error:  # what the broker has said, the main thread tells
            self._fatal(error)
        except Exception as error:  # whatever it is, the main thread decides
            log.error("thread %s has failed: %s", self._thread.name, type(error).__name__)
            self._fatal(error)
