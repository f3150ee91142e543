"""A load of creations from this process, where wrk is not installed: raw sockets, one task each."""

import asyncio
import time
from urllib.parse import urlsplit


def speed_with_python(url: str, session: str, bodies: list[str], connections: int, seconds: float) -> float:
    """Creations a second."""
    return asyncio.run(_load(url, session, bodies, connections, seconds))


async def _load(url: str, session: str, bodies: list[str], connections: int, seconds: float) -> float:
    address = urlsplit(url)
    requests = [_request(address.netloc, session, body) for body in bodies]
    until = time.perf_counter() + seconds

    async def client(number: int) -> int:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        made = 0
        while time.perf_counter() < until:
            writer.write(requests[(number + made) % len(requests)])
            await read_answer(reader)
            made += 1
        writer.close()
        return made

    began = time.perf_counter()
    made = await asyncio.gather(*(client(number) for number in range(connections)))
    return sum(made) / (time.perf_counter() - began)


def _request(host: str, session: str, body: str) -> bytes:
    head = f"POST /api/StoredProcedure/CreateQueueItem HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    return f"{head}Rediacc-RequestToken: {session}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    """The body of one answer.

    Raises:
        RuntimeError: it is not a success.
    """
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.split("content-length:")[1].split("\r\n")[0])
    body = await reader.readexactly(length)
    if not head.startswith("http/1.1 200"):
        raise RuntimeError(body.decode())
    return body
