"""The agent's log: one line per event on stderr, time in UTC. It is never given a token or what is in a vault."""

import logging
import sys
import time

log = logging.getLogger("agent")


class _OneLine(logging.Formatter):
    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        return " ".join(super().format(record).split())


def start_log() -> None:
    """Send everything from level INFO up to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
