"""The process that calls a Python function; a script of its own, started by handlers/python.py, which sends the task.

SIGTERM becomes SystemExit, so that the function's `finally` and `with` do their work before the process ends.
"""

import importlib
import json
import operator
import os
import signal
import sys
import traceback
from pathlib import Path

TERMINATED_EXIT_CODE = 128 + signal.SIGTERM


def call() -> int:
    """Do what the task on stdin says; answers the exit code."""
    signal.signal(signal.SIGTERM, terminate)
    task = json.load(sys.stdin.buffer)
    sys.path[:] = task["path"]
    told = Path(task["told"])
    try:
        module, _, name = task["function"].partition(":")
        result = operator.attrgetter(name)(importlib.import_module(module))(task["job"], tell_progress)
        content = json.dumps({"result": result}, allow_nan=False).encode()
    except Exception as error:  # whatever the function raises is the outcome of the job
        traceback.print_exc()
        outcome = {
            "error": f"{type(error).__name__}: {error}",
            "retryable": getattr(error, "retryable", True) is not False,
        }
        told.write_text(json.dumps(outcome))
        return 1
    if len(content) > task["limit"]:
        error_text = f"the result has {len(content)} bytes, the limit is {task['limit']}"
        told.write_text(json.dumps({"error": error_text, "retryable": False}))
        return 1
    told.write_bytes(content)
    return 0


def tell_progress(fraction: float, text: str = "", **metrics: float) -> None:
    """Tell the agent how far the job is, and what it counts; given to the function as its second argument."""
    line = f"{fraction:.4f} {' '.join(text.split())}\n".encode("utf-8", "replace")
    if metrics:
        line += json.dumps(metrics).encode() + b"\n"
    descriptor = os.open(os.environ["BROKER_JOB_PROGRESS"], os.O_WRONLY)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def terminate(_number: int, _frame: object) -> None:
    raise SystemExit(TERMINATED_EXIT_CODE)


if __name__ == "__main__":
    sys.exit(call())
