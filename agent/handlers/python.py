"""Runs a Python function, in a process of its own, so that it can be stopped and cannot harm the agent.

Two ways lead to a function:
- `{"handler": "python", "function": "module:function", ...}`, if the machine's owner has named it in python_functions;
- `{"handler": "<name>", ...}`, where <name> is an entry point of the group `machine_job_broker.handlers`: whoever
  installed its package beside the agent has allowed it.

The function is called with the job (a dict) and `progress(fraction, text="", **numbers)`. What it returns must be JSON
and becomes `result` of the answer. An exception fails the job; `retryable = False` on it says that another try is in
vain.
"""

import json
import sys
from pathlib import Path

from agent.answer import json_text
from agent.execution import Execution
from agent.handlers import Outcome, conclude, read_environment, read_folder
from agent.wire import JsonObject

CHILD = Path(__file__).with_name("python_child.py")
ENTRY_POINT_GROUP = "machine_job_broker.handlers"
RESULT_BYTES = 100 * 1024


def run(job: JsonObject, execution: Execution, *, function: str) -> Outcome:
    """Call `module:function` with the job and answer with what it returned and printed.

    Raises:
        NoJobError: `env` or `cwd` is not as it should be.
    """
    told = execution.folder / "outcome.json"
    task = {
        "path": [path for path in sys.path if path],
        "function": function,
        "told": str(told),
        "limit": RESULT_BYTES,
        "job": job,
    }
    ended = execution.run_process(
        [sys.executable, "-I", str(CHILD)], read_environment(job), read_folder(job), json_text(task).encode()
    )
    outcome = _read_outcome(told)
    error = outcome.get("error")
    if "result" not in outcome and error is None and ended.exit_code == 0:
        error = "the function has ended its process"
    return conclude(
        str(job["handler"]),
        execution,
        ended,
        error=error if isinstance(error, str) else None,
        retryable=outcome.get("retryable") is not False,
        further={"result": outcome["result"]} if "result" in outcome else None,
    )


def _read_outcome(file: Path) -> JsonObject:
    """What the child has told; nothing when it was stopped before it could."""
    try:
        outcome = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return outcome if isinstance(outcome, dict) else {}
