"""Runs a program: `{"handler": "shell", "argv": [...], "cwd", "env", "stdin", "timeoutSeconds"}`."""

from agent.execution import Execution
from agent.handlers import NoJobError, Outcome, conclude, read_environment, read_folder, read_texts
from agent.wire import JsonObject

SHELL = "/bin/sh"


def run(job: JsonObject, execution: Execution, *, allow_shell: bool = False) -> Outcome:
    """Run the job's program and answer with what it printed.

    Args:
        job: `argv` names the program and its arguments; nothing interprets them. Where allow_shell is set, a text
            `command` may stand instead, which a shell reads.

    Raises:
        NoJobError: a member is not as it should be, or `command` is not allowed here.
    """
    stdin = job.get("stdin")
    if stdin is not None and not isinstance(stdin, str):
        raise NoJobError("`stdin` must be a text")
    content = (stdin or "").encode("utf-8", "replace")
    ended = execution.run_process(_argv(job, allow_shell), read_environment(job), read_folder(job), content)
    return conclude("shell", execution, ended)


def _argv(job: JsonObject, allow_shell: bool) -> list[str]:
    if "command" not in job:
        return read_texts(job.get("argv"), "argv")
    if not allow_shell:
        raise NoJobError("this machine runs no shell commands: use `argv`, or let its owner set allow_shell")
    if job.get("argv") is not None:
        raise NoJobError("a job has `argv` or `command`, not both")
    return [SHELL, "-c", *read_texts([job["command"]], "command")]
