"""The records that travel between agent and broker, and how an envelope becomes one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

JsonObject: TypeAlias = dict[str, object]
CompletionStatus: TypeAlias = Literal["SUCCESS", "FAILED", "PARTIAL", "CANCELLED"]


class EnvelopeError(ValueError):
    """What came back is no envelope of a broker: some other server answered, or the answer was cut."""


@dataclass(frozen=True)
class Claim:
    """One item that the broker has handed to this agent; the claimToken proves it in every later call.

    Attributes:
        secrets: where the queue says that its secrets lie, by name; never their values.
    """

    task_id: str
    queue_id: int
    claim_token: str
    attempt: int
    lease_seconds: int
    timeout_seconds: float | None
    vault_content: str | None
    secrets: JsonObject = field(default_factory=dict)


@dataclass(frozen=True)
class ClaimReply:
    """What a question for work brought, and what the broker wants of an agent that got nothing.

    Attributes:
        stop: end once nothing is in hand.
        register: say what you are, it is not known.
    """

    claims: tuple[Claim, ...]
    stop: bool
    register: bool


@dataclass(frozen=True)
class Beat:
    """What a heartbeat says of one claim: progress, 0 to 1, and metrics; None if the job has told none."""

    task_id: str
    claim_token: str
    progress: float | None
    metrics: Mapping[str, float] | None = None


@dataclass(frozen=True)
class BeatAnswer:
    """What the broker says of one claim: accepted false means that it is no longer ours."""

    task_id: str
    accepted: bool
    cancel_requested: bool
    message: str


@dataclass(frozen=True)
class BeatReply:
    """The broker's answers in the order of its rows, and its wishes for the agent as a whole."""

    answers: tuple[BeatAnswer, ...]
    drain: bool
    heartbeat_seconds: float | None


@dataclass(frozen=True)
class Report:
    """The final answer to one claim."""

    task_id: str
    queue_id: int
    claim_token: str
    status: CompletionStatus
    retryable: bool
    response_vault: str


@dataclass(frozen=True)
class Envelope:
    """A broker's answer: failure is 0 or the HTTP status, rows are those of table 1."""

    failure: int
    errors: tuple[str, ...]
    rows: tuple[JsonObject, ...]
    outputs: JsonObject

    @property
    def message(self) -> str:
        """The errors in one line of at most 200 characters, fit for a log."""
        return " ".join("; ".join(self.errors).split())[:200]


def read_envelope(body: bytes) -> Envelope:
    """Decode an answer.

    Raises:
        EnvelopeError: the body is no JSON object with the four members of an envelope.
    """
    try:
        document = json.loads(body)
    except ValueError:
        raise EnvelopeError("the answer is no JSON") from None
    if not isinstance(document, dict) or not isinstance(document.get("failure"), int):
        raise EnvelopeError("the answer is no envelope")
    errors, tables, outputs = document.get("errors"), document.get("tables"), document.get("outputs")
    if not isinstance(errors, list) or not isinstance(tables, list) or not isinstance(outputs, dict):
        raise EnvelopeError("the answer is no envelope")
    try:
        rows = [dict(row) for table in tables if table.get("resultSetIndex") == 1 for row in table["data"]]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise EnvelopeError("the answer has tables that are none") from None
    return Envelope(document["failure"], tuple(str(error) for error in errors), tuple(rows), outputs)


def read_claim(row: JsonObject) -> Claim:
    """One row of GetQueueItemsNext."""
    vault, secrets = row.get("vaultContent"), row.get("secrets")
    return Claim(
        task_id=str(row["taskId"]),
        queue_id=int(str(row["queueId"])),
        claim_token=str(row["claimToken"]),
        attempt=int(str(row.get("attempt") or 0)),
        lease_seconds=int(str(row.get("leaseSeconds") or 0)),
        timeout_seconds=optional_number(row.get("timeoutSeconds")),
        vault_content=vault if isinstance(vault, str) else None,
        secrets=secrets if isinstance(secrets, dict) else {},
    )


def read_claim_reply(envelope: Envelope) -> ClaimReply:
    """The answer of GetQueueItemsNext."""
    return ClaimReply(
        claims=tuple(read_claim(row) for row in envelope.rows),
        stop=envelope.outputs.get("stop") is True,
        register=envelope.outputs.get("register") is True,
    )


def read_beat_reply(envelopes: list[Envelope]) -> BeatReply:
    """The answers of UpdateQueueItemHeartbeat, however many calls it took."""
    answers = tuple(
        BeatAnswer(
            task_id=str(row.get("taskId")),
            accepted=row.get("accepted") is not False,
            cancel_requested=bool(row.get("cancelRequested")),
            message=str(row.get("message") or ""),
        )
        for envelope in envelopes
        for row in envelope.rows
    )
    seconds = [optional_number(envelope.outputs.get("heartbeatSeconds")) for envelope in envelopes]
    return BeatReply(
        answers=answers,
        drain=any(bool(envelope.outputs.get("drain")) for envelope in envelopes),
        heartbeat_seconds=min((each for each in seconds if each), default=None),
    )


def optional_number(value: object) -> float | None:
    """A JSON number as float; anything else is None."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
