"""The agent's connections to the broker: made with keepalive, and ended from another thread."""

import socket
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import urllib3

# A broker that has lost its power ends no connection: after about a minute of silence the kernel does.
KEEPALIVE_OPTIONS = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), seconds)
        for name, seconds in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
        if hasattr(socket, name)
    ),
]


class Connection(Protocol):
    """What is used of a urllib3 connection."""

    sock: socket.socket | None


def open_pool(url: str, ca_file: Path | None, connections: int) -> urllib3.HTTPConnectionPool:
    """Connections to a broker, made when they are needed.

    Args:
        ca_file: certificates that may vouch for it; None: the system's.
        connections: kept at most.
    """
    tls = {"ca_certs": str(ca_file)} if ca_file and url.startswith("https:") else {}
    options = [*urllib3.connection.HTTPConnection.default_socket_options, *KEEPALIVE_OPTIONS]
    return urllib3.connection_from_url(url, maxsize=connections, socket_options=options, **tls)


def shut_down(connection: socket.socket) -> None:
    """Wake the thread that reads from this socket; by the plain method, since that of TLS drops state in use."""
    with suppress(OSError):  # it may have ended already
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
