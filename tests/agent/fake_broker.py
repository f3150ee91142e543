"""A broker for the agent's tests: a real HTTP server on loopback with a script in the place of a database."""

import json
import select
import socket
import ssl
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

JsonObject = dict[str, object]

TOKEN = "jb_agent_" + "s" * 43 + "_check1"
DEADLINE_SECONDS = 20.0
PATH = "/api/StoredProcedure/"


@dataclass(frozen=True)
class Call:
    """One request as it arrived."""

    procedure: str
    body: JsonObject
    headers: dict[str, str]

    @property
    def items(self) -> list[JsonObject]:
        items = self.body["items"]
        assert isinstance(items, list)
        return items

    @property
    def answer(self) -> JsonObject:
        """The response vault, opened."""
        answer = json.loads(str(self.body["responseVault"]))
        assert isinstance(answer, dict)
        return answer


@dataclass(frozen=True)
class Failure:
    """An answer that the script prescribes; status 0 is none: the connection is closed."""

    status: int
    message: str = "prescribed by the test"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    after_work: bool = False


class FakeBroker:
    """Hands out the items it is offered, keeps what it is told, and fails as it is told."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.cancelled: set[str] = set()
        self.lost: set[str] = set()
        self.drain = False
        self.dismissed = False
        self.asks_to_register = False
        self.heartbeat_seconds: float | None = None
        self.open_polls = 0
        self.withdrawn_polls = 0
        self.changed = threading.Condition()
        self._offered: list[JsonObject] = []
        self._handed_out: dict[str, list[JsonObject]] = {}
        self._failures: dict[str, list[Failure]] = {}
        self._wakers: set[socket.socket] = set()
        self._address = ("127.0.0.1", 0)
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._address[1]}"

    def start(self) -> None:
        """Listen; after stop() on the same port again."""
        self._server = _Server(self._address, self)
        self._address = ("127.0.0.1", self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}).start()

    def stop(self) -> None:
        """Be away: no port, no connections."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server.end_connections()
            self._server = None

    def use_tls(self, context: ssl.SSLContext) -> None:
        """Speak TLS on connections made from now on."""
        assert self._server is not None
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def offer(self, job: Mapping[str, object] | str, **columns: object) -> str:
        """Put an item in the queue; answers its taskId."""
        task_id = str(uuid.uuid4())
        vault = job if isinstance(job, str) else json.dumps(job)
        row: JsonObject = {"taskId": task_id, "vaultContent": vault, "attempt": 1, "timeoutSeconds": None, **columns}
        with self.changed:
            self._offered.append(row)
            self.changed.notify_all()
            for waker in self._wakers:
                waker.send(b"!")
        return task_id

    def fail(self, procedure: str, *failures: Failure) -> None:
        """Answer the next calls of a procedure so."""
        with self.changed:
            self._failures.setdefault(procedure, []).extend(failures)

    def wait_until(self, predicate: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(predicate, DEADLINE_SECONDS), [call.procedure for call in self.calls]

    def wait_for_calls(self, procedure: str, count: int = 1) -> list[Call]:
        self.wait_until(lambda: len(self.calls_of(procedure)) >= count)
        return self.calls_of(procedure)

    def wait_for_answer(self, task_id: str) -> Call:
        """The completion of an item."""
        self.wait_until(lambda: any(call.body["taskId"] == task_id for call in self.completions))
        return next(call for call in self.completions if call.body["taskId"] == task_id)

    def wait_for_poll(self) -> None:
        """Until an agent waits for work."""
        self.wait_until(lambda: self.open_polls > 0)

    def calls_of(self, procedure: str) -> list[Call]:
        return [call for call in self.calls if call.procedure == procedure]

    @property
    def completions(self) -> list[Call]:
        return self.calls_of("UpdateQueueItemToCompleted")

    def serve(self, call: Call, connection: socket.socket) -> Failure | JsonObject:
        """Do what a broker does; called in the connection's thread."""
        with self.changed:
            self.calls.append(call)
            prescribed = self._failures.get(call.procedure)
            failure = prescribed.pop(0) if prescribed else None
            self.changed.notify_all()
        if failure is not None and not failure.after_work:
            return failure
        answer = self._work(call, connection)
        return answer if failure is None else failure

    def _work(self, call: Call, connection: socket.socket) -> JsonObject:
        if call.procedure == "GetQueueItemsNext":
            return self._next(call, connection)
        if call.procedure == "UpdateQueueItemHeartbeat":
            rows: list[JsonObject] = [
                {
                    "taskId": item["taskId"],
                    "accepted": item["taskId"] not in self.lost,
                    "cancelRequested": item["taskId"] in self.cancelled,
                    "message": "somebody else has claimed it" if item["taskId"] in self.lost else None,
                }
                for item in call.items
            ]
            return envelope(rows, drain=self.drain, heartbeatSeconds=self.heartbeat_seconds)
        if call.procedure == "ReturnQueueItems":
            return envelope([{"taskId": item["taskId"], "returned": True, "message": None} for item in call.items])
        return envelope([{"result": "done"}])

    def _next(self, call: Call, connection: socket.socket) -> JsonObject:
        """Hand out items, or hold the question until there are some or the client has gone."""
        request_id, count = str(call.body["requestId"]), int(str(call.body["itemCount"]))
        ours, theirs = socket.socketpair()
        with ours, theirs:
            with self.changed:
                self._wakers.add(theirs)
                self.open_polls += 1
                self.changed.notify_all()
            try:
                waits = 0.0 if self.dismissed else float(str(call.body["waitSeconds"]))
                self._hold(request_id, connection, ours, waits)
            finally:
                with self.changed:
                    self._wakers.discard(theirs)
                    self.open_polls -= 1
                    self.changed.notify_all()
        with self.changed:
            if _has_gone(connection):
                self.withdrawn_polls += 1
                self.changed.notify_all()
                return envelope([])
            if request_id not in self._handed_out:
                self._handed_out[request_id] = self._offered[:count]
                del self._offered[:count]
            rows = [self._row(row) for row in self._handed_out[request_id]]
            return envelope(rows, stop=self.dismissed, register=self.asks_to_register)

    def _hold(self, request_id: str, connection: socket.socket, waker: socket.socket, seconds: float) -> None:
        with self.changed:
            seconds = 0.0 if self._offered or request_id in self._handed_out else seconds
        watched = select.poll()  # not select(): a long run of tests has descriptors beyond 1023
        for end in (connection, waker):
            watched.register(end, select.POLLIN)
        watched.poll(seconds * 1000)

    def _row(self, row: JsonObject) -> JsonObject:
        return {
            "queueId": 7,
            "claimToken": f"claim-{row['taskId']}",
            "leaseSeconds": 30,
            "leaseUntil": "2030-01-01T00:00:00Z",
            **row,
        }


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], broker: FakeBroker) -> None:
        self.broker = broker
        self.connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def end_connections(self) -> None:
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone is no event."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        call = Call(self.path.removeprefix(PATH), json.loads(content), dict(self.headers))
        reply = self.server.broker.serve(call, self.connection)
        if not isinstance(reply, Failure):
            self._send(200, json.dumps(reply).encode(), {})
        elif reply.status == 0:
            self.close_connection = True
        else:
            failed = {"failure": reply.status, "errors": [reply.message], "tables": [], "outputs": {}}
            self._send(reply.status, json.dumps(failed).encode() if reply.body is None else reply.body, reply.headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """The tests look at calls, not at a log."""


def envelope(rows: list[JsonObject], **outputs: object) -> JsonObject:
    return {"failure": 0, "errors": [], "tables": [{"resultSetIndex": 1, "data": rows}], "outputs": outputs}


def _peek(connection: socket.socket) -> bytes:
    if isinstance(connection, ssl.SSLSocket):
        return connection.recv(1)  # TLS cannot peek; nothing but the end comes while a poll is open
    return connection.recv(1, socket.MSG_PEEK)


def _has_gone(connection: socket.socket) -> bool:
    """Whether the client has closed its end: readable, and nothing there."""
    try:
        watched = select.poll()
        watched.register(connection, select.POLLIN)
        return bool(watched.poll(0)) and _peek(connection) == b""
    except OSError:
        return True
