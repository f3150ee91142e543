"""One message to an endpoint of a webhook: signed, sent once, and what became of it.

Source: Standard Webhooks, specification 1.0.0: headers and signatures.
"""

import logging
import time
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from ssl import SSLContext
from uuid import UUID

import httpcore
import httpx

from broker.crypto.webhooks import sign
from broker.maintenance.addresses import (
    CONNECT_SECONDS,
    TOTAL_SECONDS,
    AddressError,
    CheckedBackend,
    CheckedTransport,
    Policy,
)

ANSWER_BYTES = 64 * 1024
MOST_RETRY_AFTER_SECONDS = 86_400.0

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
