"""Which handler runs a job, and whether this machine's owner allows it."""

from functools import partial

from agent.config import AgentConfig
from agent.handlers import Handler, NoJobError, python, shell
from agent.wire import JsonObject


def find_handler(job: JsonObject, config: AgentConfig) -> Handler:
    """The handler of a job.

    Raises:
        NoJobError: the agent knows no such handler, or the function is not allowed here.
    """
    name = str(job["handler"])
    if name == "shell":
        return partial(shell.run, allow_shell=config.allow_shell)
    if name == "python":
        function = job.get("function")
        if not isinstance(function, str) or function not in config.python_functions:
            raise NoJobError("`function` is not among the python_functions that this machine allows")
        return partial(python.run, function=function)
    installed = _entry_point(name)
    if installed is None:
        raise NoJobError(f"this agent knows no handler {name[:100]!r}")
    return partial(python.run, function=installed)


def _entry_point(name: str) -> str | None:
    """`module:function` of an installed handler."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - memory that agents of shell jobs never need

    found = [entry.value for entry in entry_points(group=python.ENTRY_POINT_GROUP, name=name) if ":" in entry.value]
    return found[0].partition("[")[0].strip() if found else None
