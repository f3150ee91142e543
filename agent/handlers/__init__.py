"""Handlers run jobs. Each gets a job and the means to run it, answers an Outcome, and knows nothing of the broker."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from agent.answer import answer_text, error_of
from agent.execution import Ended, Execution
from agent.wire import CompletionStatus, JsonObject

Handler: TypeAlias = Callable[[JsonObject, Execution], "Outcome"]


class NoJobError(Exception):
    """The vault holds no job that this agent may or can run; the text says why and goes into the answer."""


@dataclass(frozen=True)
class Outcome:
    """What has become of a job: its answer is JSON text."""

    status: CompletionStatus
    retryable: bool
    answer: str


def read_job(vault_content: str | None) -> JsonObject:
    """The job in a vault.

    Raises:
        NoJobError: it is no JSON object with a text `handler`.
    """
    try:
        job = json.loads(vault_content or "")
    except (ValueError, RecursionError):
        raise NoJobError("the vault is no JSON text") from None
    if not isinstance(job, dict) or not isinstance(job.get("handler"), str) or not job["handler"]:
        raise NoJobError("the vault is no job: it has no member `handler`")
    return job


def job_timeout(job: JsonObject, item_seconds: float | None) -> float | None:
    """The smaller of the job's own timeoutSeconds and the item's; None when neither says one.

    Raises:
        NoJobError: the job's is no number above 0.
    """
    own = job.get("timeoutSeconds")
    if own is not None and (not isinstance(own, int | float) or isinstance(own, bool) or not own > 0):
        raise NoJobError("`timeoutSeconds` must be a number above 0")
    return min((float(each) for each in (own, item_seconds) if each), default=None)


def read_environment(job: JsonObject) -> dict[str, str]:
    """The job's own variables.

    Raises:
        NoJobError: `env` is no object of texts.
    """
    environment = job.get("env") or {}
    if not isinstance(environment, dict):
        raise NoJobError("`env` must be an object of texts")
    for name, value in environment.items():
        if not _passes(name) or not name or "=" in name or not _passes(value):
            raise NoJobError("`env` must be an object of texts")
    return environment


def read_folder(job: JsonObject) -> Path | None:
    """The job's working folder.

    Raises:
        NoJobError: `cwd` is no absolute path of a folder.
    """
    folder = job.get("cwd")
    if folder is None:
        return None
    if not _passes(folder) or not Path(str(folder)).is_absolute() or not Path(str(folder)).is_dir():
        raise NoJobError("`cwd` must be the absolute path of a folder of this machine")
    return Path(str(folder))


def read_texts(value: object, name: str) -> list[str]:
    """A list of at least one text, as `argv` is.

    Raises:
        NoJobError: it is none.
    """
    if not isinstance(value, list) or not value or not all(_passes(each) for each in value) or not value[0]:
        raise NoJobError(f"`{name}` must be a list of texts, the first of them the program")
    return value


def conclude(
    handler: str,
    execution: Execution,
    ended: Ended,
    *,
    error: str | None = None,
    retryable: bool = True,
    further: JsonObject | None = None,
) -> Outcome:
    """The outcome of an ended process; error, when the handler knows better than the exit code why it failed."""
    if error is None or ended.stopped is not None:
        error = error_of(ended, execution.timeout_seconds)
    redaction = execution.redaction
    answer = answer_text(
        handler,
        execution.snapshot(),
        ended,
        error and redaction.text(error),
        output_bytes=execution.output_bytes,
        further={name: redaction.json(value) for name, value in (further or {}).items()},
    )
    if ended.stopped is not None and ended.stopped != "timeout":
        return Outcome("CANCELLED", True, answer)
    return Outcome("FAILED" if error else "SUCCESS", retryable, answer)


def _passes(value: object) -> bool:
    """Whether a value is a text that can be handed to a process."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        return value.encode() is not None
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
