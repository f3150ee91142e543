"""What the opened vaults of an item say: its operation, why it failed, what it came to (decisions, all surfaces)."""

import json
from typing import Any

import orjson

from broker.answer import Row


def read_json(vault: str | None) -> Any:
    """What an opened vault holds; None where there is none, or it did not open."""
    return None if vault is None else orjson.loads(vault)


def read_object(vault: str | None) -> dict[str, Any]:
    """The members of an opened vault; of one that is no object, did not open or is not there: none."""
    value = read_json(vault)
    return value if isinstance(value, dict) else {}


def operation_of(row: Row) -> str | None:
    """The operation of a job, else its handler."""
    job = read_object(row["vaultContent"])
    named = (job.get(name) for name in ("operation", "handler"))
    return next((name for name in named if isinstance(name, str) and name), None)


def error_of(row: Row) -> str | None:
    """Why an item failed: the answer's own word, as text, else the engine's; None where neither has said."""
    said = read_object(row["vaultContentResponse"]).get("error")
    reason: str | None = row["failureReason"]
    return reason if not said else said if isinstance(said, str) else json.dumps(said)


def result_of(row: Row) -> Any:
    """What an item came to: member `result` of its answer, else the whole answer."""
    answer = read_json(row["vaultContentResponse"])
    return answer["result"] if isinstance(answer, dict) and "result" in answer else answer
