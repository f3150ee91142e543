"""Webhooks in tests: made through HTTP, sent as a broker sends them to receivers that listen on this machine."""

import base64
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

import psycopg

from broker.config import Config
from broker.maintenance.webhooks import Deliverer
from tests.world import Caller, Reply, must

URL = "https://hooks.example.com/in"
LOOPBACK = (ip_network("127.0.0.0/8"),)


def create(call: Caller, _as: str = "bob", **members: Any) -> Reply:
    """CreateWebhook of ops, for every event, unless members say otherwise."""
    return call("CreateWebhook", _as=_as, **{"teamName": "ops", "url": URL, **members})


def listen_to(call: Caller, url: str, events: tuple[str, ...] = ("*",), **members: Any) -> str:
    """Make an endpoint; its id."""
    webhook_id: str = must(create(call, url=url, events=list(events), **members)).row["webhookId"]
    return webhook_id


def deliveries(call: Caller, webhook_id: str) -> list[dict[str, Any]]:
    """The log of an endpoint, the oldest first."""
    return must(call("GetWebhookDeliveries", webhookId=webhook_id, maxRecords=1000)).rows[::-1]


def outbox(admin: psycopg.Connection) -> list[dict[str, Any]]:
    """The bodies of all messages, the oldest first."""
    rows = admin.execute("select body from data.webhook_delivery order by delivery_id").fetchall()
    return [json.loads(body) for (body,) in rows]


def told(admin: psycopg.Connection) -> list[str]:
    """The types of all messages, the oldest first."""
    return [body["type"] for body in outbox(admin)]


def local(config: Config, **members: Any) -> Config:
    """Settings of a broker that sends to receivers on this machine."""
    return replace(config, webhook_allow_http=True, webhook_allow_networks=LOOPBACK, **members)


@contextmanager
def delivering(config: Config, **members: Any) -> Iterator[Deliverer]:
    """A broker that sends to receivers on this machine, each time it is told to."""
    deliverer = Deliverer(local(config), **members)
    yield deliverer
    deliverer.close()


@dataclass(frozen=True)
class Received:
    """A request as the receiver saw it."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> Any:
        return json.loads(self.body)

    def is_signed_by(self, secret: str) -> bool:
        """What Standard Webhooks has a receiver do."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        expected = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
        return hmac.compare_digest(expected, self.headers["webhook-signature"])


Answer = tuple[int, dict[str, str], bytes]
OK: Answer = (200, {}, b"")


@dataclass
class Receiver:
    """Listens on loopback, notes what comes, and answers what it is told to: at first the answers in line, then OK."""

    answers: list[Answer] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    before: Callable[[Received], None] = lambda _: None
    port: int = 0
    at_once: int = 0
    most_at_once: int = 0

    def __post_init__(self) -> None:
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/in"

    @property
    def types(self) -> list[str]:
        return [each.message["type"] for each in self.received]

    def hear(self, heard: Received) -> Answer:
        with self.lock:
            self.received.append(heard)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            answer = self.answers.pop(0) if self.answers else OK
        try:
            self.before(heard)
        finally:
            with self.lock:
                self.at_once -= 1
        return answer


@contextmanager
def receiving(*answers: Answer, **members: Any) -> Iterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver(list(answers), **members)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, content = receiver.hear(Received(self.path, headers, body))
            try:
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                pass  # the sender has heard enough

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
