"""Sends what the outbox holds for webhooks, in every broker process: each message at least once, and in order.

SQL says what is due and hands it out under a lease (maintenance.claim_deliveries); what became of an attempt is kept
with it (maintenance.settle_delivery). A broker that is killed in between leaves the message to the next one.
"""

import logging
import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import cached_property
from ssl import SSLContext

import httpx
import psycopg
from psycopg.rows import class_row

from broker.config import WEBHOOKS_AT_ONCE, Config
from broker.crypto.instance_seal import SealError
from broker.crypto.keyring import InstanceKeyring, KeyringError
from broker.crypto.webhooks import open_secret
from broker.database.urls import background_url
from broker.maintenance.addresses import CheckedBackend, Policy
from broker.maintenance.connection import KeptConnection
from broker.maintenance.messages import MOST_RETRY_AFTER_SECONDS, Delivery, Outcome, send

EVERY_SECONDS = 1.0
JOB = "webhooks"  # by this name its runs are noted
EACH_AT_ONCE = 2  # to one endpoint, of all brokers together
LEASE_SECONDS = 60
LOOK_SECONDS = 1.0  # while slow endpoints are waited for, others are looked after
JITTER = 0.2
GONE = 410
CLAIM = "select * from maintenance.claim_deliveries(%s, %s, %s)"
SETTLE = "select maintenance.settle_delivery(%s, %s, %s, %s, %s, %s, %s, %s, %s)"

logger = logging.getLogger(__name__)


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
        self._kept = KeptConnection(background_url(config), JOB)
        self._policy = Policy.of(config)
        self._given_context = ssl_context
        self._backend = backend
        self._stopped = threading.Event()
        self._executor = ThreadPoolExecutor(WEBHOOKS_AT_ONCE, thread_name_prefix="webhooks")

    @cached_property
    def _keyring(self) -> InstanceKeyring:
        return InstanceKeyring.load(self._config.data_dir, self._config.keyring)

    @cached_property
    def _ssl_context(self) -> SSLContext:
        return self._given_context or httpx.create_ssl_context(trust_env=False)

    def run(self) -> int:
        """Send what is due; what is under way when the database goes is repeated when its lease has run out.

        Returns:
            How many attempts were made.
        """
        made = self._kept.run(self._send_due)
        if made:
            logger.info("webhooks: %d attempts made", made)
        return made

    def close(self) -> None:
        """Begin nothing more, and give the connection back, when what is under way has ended in time."""
        self._stopped.set()
        self._kept.close()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _send_due(self, connection: psycopg.Connection) -> int:
        made = 0
        running: dict[Future[Outcome], Delivery] = {}
        while True:
            if len(running) < WEBHOOKS_AT_ONCE and not self._stopped.is_set():
                for delivery in claim(connection, WEBHOOKS_AT_ONCE - len(running)):
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


def claim(connection: psycopg.Connection, count: int) -> list[Delivery]:
    """Take messages that are due."""
    with connection.cursor(row_factory=class_row(Delivery)) as cursor:
        return cursor.execute(CLAIM, [count, EACH_AT_ONCE, LEASE_SECONDS]).fetchall()
