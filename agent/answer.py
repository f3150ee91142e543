"""The answer of a job as JSON text, kept below the size that a vault may have."""

import json
from datetime import datetime, timedelta
from typing import Literal

from agent.execution import Ended, Snapshot
from agent.wire import JsonObject

# A vault holds 256 KiB by default; the rest is room for a broker that is set a little tighter.
ANSWER_BYTES = 200 * 1024
ERROR_CHARACTERS = 2000


def answer_text(
    handler: str,
    snapshot: Snapshot,
    ended: Ended | None,
    error: str | None,
    *,
    output_bytes: int,
    further: JsonObject | None = None,
) -> str:
    """Write the answer of a job that runs (ended None) or has ended.

    Args:
        handler: the job's own name of it.
        snapshot: output, progress and times.
        error: why it failed.
        output_bytes: kept of each stream; less if the whole would grow beyond ANSWER_BYTES, since a control character
            takes six bytes of JSON and a byte that is no UTF-8 takes three.
        further: members to add, themselves well below ANSWER_BYTES.
    """
    while True:
        stdout, stdout_cut = snapshot.stdout.text(output_bytes)
        stderr, stderr_cut = snapshot.stderr.text(output_bytes)
        finished = snapshot.started + timedelta(seconds=snapshot.duration_seconds)
        answer: JsonObject = {
            "handler": handler,
            "exitCode": ended.exit_code if ended else None,
            "signal": ended.signal_name if ended else None,
            "stdout": stdout,
            "stderr": stderr,
            "truncated": {"stdout": stdout_cut, "stderr": stderr_cut},
            "startedTime": _time_text(snapshot.started),
            "finishedTime": _time_text(finished) if ended else None,
            "durationSeconds": round(snapshot.duration_seconds, 3),
            "error": error[:ERROR_CHARACTERS] if error else None,
        }
        if ended is None and snapshot.progress is not None:
            answer |= {"progress": snapshot.progress.fraction, "progressText": snapshot.progress.text}
        text = json_text(answer | (further or {}))
        if len(text.encode()) <= ANSWER_BYTES or output_bytes < 2:
            return text
        output_bytes = output_bytes * 2 // 3


def refusal_text(handler: str | None, error: str) -> str:
    """The answer to a vault that is no job this agent can run."""
    return json_text({"handler": handler, "exitCode": None, "error": error[:ERROR_CHARACTERS]})


def json_text(value: object) -> str:
    """Compact JSON that is valid UTF-8; half of a surrogate pair, which no UTF-8 can hold, becomes U+FFFD."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def error_of(ended: Ended, timeout_seconds: float | None) -> str | None:
    """Why a job has failed, in words; None when it has not."""
    if ended.failure is not None:
        return ended.failure
    if ended.stopped == "timeout":
        return f"the job ran longer than its {timeout_seconds:g} seconds"
    if ended.stopped is not None:
        return f"the job was {_STOPPED_TEXTS[ended.stopped]}"
    if ended.signal_name is not None:
        return f"the job was ended by {ended.signal_name}"
    return f"the job ended with exit code {ended.exit_code}" if ended.exit_code else None


_STOPPED_TEXTS: dict[Literal["cancelled", "lost", "shutdown"], str] = {
    "cancelled": "cancelled",
    "lost": "stopped because its claim was lost",
    "shutdown": "stopped because its agent stopped",
}


def _time_text(time: datetime) -> str:
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")
