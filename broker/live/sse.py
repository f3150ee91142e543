"""Server-Sent Events: how a stream of them is written.

Source: HTML Living Standard, section 9.2, Server-sent events.
"""

from collections.abc import Iterator
from typing import Any

import orjson
from flask import Response

EVENT_STREAM = "text/event-stream"
HEARTBEAT = b": heartbeat\n\n"
RETRY = b"retry: 1000\n\n"  # milliseconds, after which a client that lost its stream asks for it again


def write_event(name: str, data: Any, event_id: object = None) -> bytes:
    """One event."""
    identity = b"" if event_id is None else b"id: %s\n" % str(event_id).encode()
    return b"event: %s\n%sdata: %s\n\n" % (name.encode(), identity, orjson.dumps(data, option=orjson.OPT_UTC_Z))


def respond_stream(events: Iterator[bytes]) -> Response:
    """A response that nobody keeps, neither on its way."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(events, status=200, content_type=EVENT_STREAM, headers=headers)
