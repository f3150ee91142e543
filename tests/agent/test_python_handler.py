"""Python functions as jobs, each in a process of its own."""

import json
import sys
import textwrap
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from agent.config import AgentConfig
from agent.execution import Execution
from agent.handlers import Outcome
from agent.handlers.find import find_handler
from agent.handlers.python import RESULT_BYTES, run
from agent.progress import Progress
from agent.wire import JsonObject
from tests.agent.running import Executions, stop_once_begun

WHERE = {"group": "machine_job_broker.handlers", "name": "where"}

Run = Callable[[str], Outcome]


@pytest.fixture
def job(execution: Executions) -> Execution:
    return execution()


@pytest.fixture
def run_body(job: Execution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a function that has the given lines as its body."""

    def run_it(body: str) -> Outcome:
        code = f"import os, sys, time\n\ndef work(job, progress):\n{textwrap.indent(textwrap.dedent(body), '    ')}\n"
        (tmp_path / "of_the_test.py").write_text(code)
        monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
        return run({"handler": "python", "numbers": [1, 2, 4]}, job, function="of_the_test:work")

    return run_it


def opened(outcome: Outcome) -> JsonObject:
    answer = json.loads(outcome.answer)
    assert isinstance(answer, dict)
    return answer


def test_what_the_function_returns_is_the_result(run_body: Run) -> None:
    outcome = run_body("print('adding'); return {'sum': sum(job['numbers'])}")

    assert outcome.status == "SUCCESS"
    assert opened(outcome)["result"] == {"sum": 7}
    assert opened(outcome)["stdout"] == "adding\n"


def test_an_exception_fails_the_job_with_its_text(run_body: Run) -> None:
    outcome = run_body("raise ValueError('no such invoice')")

    assert (outcome.status, outcome.retryable) == ("FAILED", True)
    assert opened(outcome)["error"] == "ValueError: no such invoice"
    assert "Traceback" in str(opened(outcome)["stderr"])


def test_an_exception_may_say_that_another_try_is_in_vain(run_body: Run) -> None:
    outcome = run_body("error = ValueError('never'); error.retryable = False; raise error")

    assert (outcome.status, outcome.retryable) == ("FAILED", False)


def test_a_function_that_ends_its_process_fails(run_body: Run) -> None:
    outcome = run_body("os._exit(0)")

    assert outcome.status == "FAILED"
    assert opened(outcome)["error"] == "the function has ended its process"


def test_a_result_that_is_no_json_fails_the_job(run_body: Run) -> None:
    outcome = run_body("return {1, 2}")

    assert opened(outcome)["error"] == "TypeError: Object of type set is not JSON serializable"


def test_a_result_too_long_for_a_vault_fails_and_is_not_retried(run_body: Run) -> None:
    outcome = run_body(f"return 'x' * {RESULT_BYTES}")

    assert (outcome.status, outcome.retryable) == ("FAILED", False)
    assert str(opened(outcome)["error"]).startswith("the result has ")


def test_the_function_tells_its_progress(run_body: Run, job: Execution) -> None:
    run_body("progress(0.25, 'a quarter', files=12)")

    assert job.snapshot().progress == Progress(0.25, "a quarter")
    assert job.metrics == {"files": 12}


def test_a_cancelled_function_runs_its_finally(run_body: Run, job: Execution, tmp_path: Path) -> None:
    stop_once_begun(job, tmp_path / "begun")

    outcome = run_body(f"""
        try:
            open({str(tmp_path / "begun")!r}, "w").close()
            time.sleep(600)
        finally:
            print("cleaned")
    """)

    assert (outcome.status, opened(outcome)["stdout"]) == ("CANCELLED", "cleaned\n")


def test_an_installed_entry_point_is_a_handler_by_its_name(
    monkeypatch: pytest.MonkeyPatch, execution: Executions
) -> None:
    found = EntryPoint(value="os:getcwd", **WHERE)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **asked: [found] if asked == WHERE else [])

    handler = find_handler({"handler": "where"}, AgentConfig())
    outcome = handler({"handler": "where"}, execution())

    assert opened(outcome)["handler"] == "where"
    assert opened(outcome)["error"] == "TypeError: posix.getcwd() takes no arguments (2 given)"


def test_a_function_that_the_owner_has_named_is_found() -> None:
    config = AgentConfig(python_functions=("jobs:clean",))

    handler = find_handler({"handler": "python", "function": "jobs:clean"}, config)

    assert callable(handler)
