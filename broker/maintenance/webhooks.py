"""Sends what the outbox holds for webhooks, in every broker process: each message at least once, and in order.

SQL says what is due and hands it out under a lease (maintenance.claim_deliveries); what became of an attempt is kept
with it (maintenance.settle_delivery). A broker that is killed in between leaves the message to the next one.

Source: Standard Webhooks, specification 1.0.0: headers, signatures, schedule of retries.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cached_property
from ssl import SSLContext
from uuid import UUID

import httpcore
import httpx
import psycopg
from psycopg.rows import class_row

from broker.config import Config
from broker.crypto.instance_seal import SealError
from broker.crypto.keyring import InstanceKeyring, KeyringError
from broker.crypto.webhooks import open_secret, sign
from broker.database.urls import background_url
from broker.maintenance.addresses import (
    CONNECT_SECONDS,
    TOTAL_SECONDS,
    AddressError,
    CheckedBackend,
    CheckedTransport,
    Policy,
)

EVERY_SECONDS = 1.0
JOB = "webhooks"  # by this name its runs are noted
AT_ONCE = 16  # of one broker process
EACH_AT_ONCE = 2  # to one endpoint, of all brokers together
LEASE_SECONDS = 60
LOOK_SECONDS = 1.0  # while slow endpoints are waited for, others are looked after
DATABASE_SECONDS = 5
STATEMENT_SECONDS = 60
ANSWER_BYTES = 64 * 1024
MOST_RETRY_AFTER_SECONDS = 86_400.0
JITTER = 0.2
GONE = 410
CLAIM = "select * from maintenance.claim_deliveries(%s, %s, %s)"
SETTLE = "select maintenance.settle_delivery(%s, %s, %s, %s, %s, %s, %s, %s, %s)"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Delivery:
    """A message to be sent, as maintenance.claim_deliveries answers it."""

    company_id: int
    delivery_id: int
    lease_number: int
    attempt_count: int
    event: str
    message_uuid: UUID
    body: str
    url: str
    company_uuid: UUID
    webhook_uuid: UUID
    sealed_secret: bytes
    key_number: int


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt.

    Attributes:
        status: of the answer; None: there was none.
        problem: None: it was delivered.
        retry_after: seconds that the receiver asked for.
    """

    status: int | None
    problem: str | None = None
    retry_after: float | None = None
    milliseconds: int = 0


def send(
    delivery: Delivery, secret: bytes, policy: Policy, ssl_context: SSLContext, backend: CheckedBackend | None = None
) -> Outcome:
    """Sign a message and make one attempt to send it; whatever goes wrong is an outcome.

    Only 2xx counts as delivered. Of the answer 64 KiB are read at most, and none of it is kept.
    """
    began = time.monotonic()
    try:
        policy.check_url(delivery.url)
        outcome = post(delivery, secret, backend or CheckedBackend(policy), ssl_context)
    except AddressError as error:
        outcome = Outcome(None, str(error))
    except (httpx.TimeoutException, httpcore.TimeoutException):
        outcome = Outcome(None, f"no answer within {TOTAL_SECONDS:.0f} seconds")
    except (httpx.HTTPError, httpx.InvalidURL, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        outcome = Outcome(None, f"the connection failed: {error}"[:200])
    return Outcome(outcome.status, outcome.problem, outcome.retry_after, round((time.monotonic() - began) * 1000))


def post(delivery: Delivery, secret: bytes, backend: CheckedBackend, ssl_context: SSLContext) -> Outcome:
    """The request itself.

    Raises:
        AddressError, httpx.HTTPError, httpcore.NetworkError, httpcore.TimeoutException, ...: there was no answer.
    """
    body = delivery.body.encode()
    message_id, seconds = f"msg_{delivery.message_uuid}", int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "machine-job-broker",
        "Accept-Encoding": "identity",
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": sign(secret, message_id, seconds, body),
    }
    with (
        httpx.Client(
            transport=CheckedTransport(backend, ssl_context),
            timeout=httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        ) as client,
        client.stream("POST", delivery.url, content=body, headers=headers) as answer,
    ):
        problem = None if answer.is_success else f"it answered {answer.status_code}"
        outcome = Outcome(answer.status_code, problem, read_retry_after(answer.headers.get("Retry-After")))
        try:
            drain(answer)
        except (httpx.HTTPError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
            logger.debug("the answer to webhook message %s broke off", message_id)
        return outcome


def drain(answer: httpx.Response) -> None:
    """Read an answer as far as is polite."""
    left = ANSWER_BYTES
    for chunk in answer.iter_raw(ANSWER_BYTES):
        left -= len(chunk)
        if left <= 0:
            return


def read_retry_after(text: str | None) -> float | None:
    """Seconds from the header Retry-After: a number, or a date.

    Source: RFC 9110, section 10.2.3.
    """
    if not text:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return min(float(text), MOST_RETRY_AFTER_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment.timestamp() - time.time(), 0.0), MOST_RETRY_AFTER_SECONDS)


def retry_in(
    attempts: int,
    retry_after: float | None,
    delays: Sequence[int],
    draw: Callable[[float, float], float] = random.uniform,
) -> float | None:
    """Seconds until the next attempt; None: there is none.

    Args:
        attempts: how many were made.
        retry_after: what the receiver asked for is obeyed, up to a day.
    """
    if attempts >= len(delays):
        return None
    seconds = delays[attempts] * draw(1 - JITTER, 1 + JITTER)
    return max(seconds, min(retry_after or 0.0, MOST_RETRY_AFTER_SECONDS))


class Deliverer:
    """Sends what is due, each time it is told to, on one connection that it keeps."""

    def __init__(
        self,
        config: Config,
        ssl_context: SSLContext | None = None,
        backend: Callable[[Policy], CheckedBackend] = CheckedBackend,
    ) -> None:
        self._config = config
        self._url = background_url(config)
        self._policy = Policy.of(config)
        self._given_context = ssl_context
        self._backend = backend
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._connection: psycopg.Connection | None = None
        self._executor = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhooks")

    @cached_property
    def _keyring(self) -> InstanceKeyring:
        return InstanceKeyring.load(self._config.data_dir, self._config.keyring)

    @cached_property
    def _ssl_context(self) -> SSLContext:
        return self._given_context or httpx.create_ssl_context(trust_env=False)

    def run(self) -> int:
        """Send what is due; without a database this is logged, and tried again next time.

        Returns:
            How many attempts were made.
        """
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._connect()
                made = self._send_due(self._connection)
                self._connection.execute("select maintenance.record_run(%s)", [JOB])
            except psycopg.Error as error:
                # What is under way is repeated when its lease has run out.
                logger.warning("webhooks could not be sent: %s", str(error).strip())
                self._disconnect()
                return 0
        if made:
            logger.info("webhooks: %d attempts made", made)
        return made

    def close(self) -> None:
        """Begin nothing more, and give the connection back, when what is under way has ended in time."""
        self._stopped.set()
        if self._lock.acquire(timeout=DATABASE_SECONDS):
            try:
                self._disconnect()
            finally:
                self._lock.release()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _send_due(self, connection: psycopg.Connection) -> int:
        made = 0
        running: dict[Future[Outcome], Delivery] = {}
        while True:
            if len(running) < AT_ONCE and not self._stopped.is_set():
                for delivery in claim(connection, AT_ONCE - len(running)):
                    running[self._executor.submit(self._attempt, delivery)] = delivery
            if not running:
                return made
            done, _ = wait(running, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                made += 1
                self._settle(connection, running.pop(future), future.result())

    def _attempt(self, delivery: Delivery) -> Outcome:
        try:
            secret = open_secret(
                bytes(delivery.sealed_secret),
                self._keyring,
                delivery.key_number,
                delivery.company_uuid,
                delivery.webhook_uuid,
            )
            return send(delivery, secret, self._policy, self._ssl_context, self._backend(self._policy))
        except (SealError, KeyringError):
            logger.exception("the secret of webhook %s does not open", delivery.webhook_uuid)
            return Outcome(None, "the broker cannot open its secret")
        except Exception:
            # One message must not hold up the others.
            logger.exception("webhook message %s could not be sent", delivery.message_uuid)
            return Outcome(None, "internal error")

    def _settle(self, connection: psycopg.Connection, delivery: Delivery, outcome: Outcome) -> None:
        delivered = outcome.problem is None
        delays = self._config.webhook_retry_seconds
        members = (
            delivery.company_id,
            delivery.delivery_id,
            delivery.lease_number,
            delivered,
            outcome.status == GONE,
            None if delivered else retry_in(delivery.attempt_count + 1, outcome.retry_after, delays),
            outcome.status,
            outcome.problem,
            outcome.milliseconds,
        )
        connection.execute(SETTLE, members)

    def _connect(self) -> psycopg.Connection:
        connection = psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=DATABASE_SECONDS,
            prepare_threshold=None,
            application_name="broker webhooks",
        )
        connection.execute(f"set statement_timeout = '{STATEMENT_SECONDS}s'")
        return connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def claim(connection: psycopg.Connection, count: int) -> list[Delivery]:
    """Take messages that are due."""
    with connection.cursor(row_factory=class_row(Delivery)) as cursor:
        return cursor.execute(CLAIM, [count, EACH_AT_ONCE, LEASE_SECONDS]).fetchall()
