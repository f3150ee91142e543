"""Secrets: what `${secrets.NAME}` in a job stands for, found on this machine as far as its owner allows.

A queue says where a secret lies, in a variable or in a file; the agent looks there only if its own configuration names
that very place. Values go into the job and nowhere else.
"""

import os
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from agent.handlers import NoJobError
from agent.redaction import Redaction
from agent.wire import JsonObject

REFERENCE = re.compile(r"\$\{secrets\.([^}]*)\}")
FILE_BYTES = 65536
# They choose what is run, before anything is resolved.
UNTOUCHED = ("handler", "function")


class Secrets:
    """The secrets that this machine's owner lets jobs have.

    Args:
        variables: names of the agent's variables; their values are copied here, once.
        files: absolute paths; read anew for each job.
        environment: the agent's.
    """

    def __init__(self, variables: Sequence[str], files: Sequence[Path], environment: Mapping[str, str]) -> None:
        self._variables = {name: environment.get(name) for name in variables}
        self._files = tuple(files)

    def resolve(self, job: JsonObject, references: JsonObject) -> tuple[JsonObject, Redaction]:
        """A job with its secrets in the place of their names, and what must not be shown of its output.

        Args:
            job: of any member but `handler` and `function` every text is looked at, however deep.
            references: the queue's: name -> {"env": variable} or {"file": path}.

        Raises:
            NoJobError: a secret is unknown, not allowed or not there; the text names it.
        """
        values: dict[str, str] = {}

        def read(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in values:
                values[name] = self._read(name, references.get(name))
            return values[name]

        resolved = {
            name: value if name in UNTOUCHED else _replace_in(value, lambda text: REFERENCE.sub(read, text))
            for name, value in job.items()
        }
        return resolved, Redaction(values.values())

    def _read(self, name: str, source: object) -> str:
        shown = f"secret {name[:100]}"
        if not isinstance(source, dict) or len(source) != 1:
            raise NoJobError(f"{shown} is not among the secrets of its queue")
        [(kind, place)] = source.items()
        if kind == "env" and isinstance(place, str):
            return self._read_variable(shown, place)
        if kind == "file" and isinstance(place, str):
            return self._read_file(shown, place)
        raise NoJobError(f"{shown} is neither a variable nor a file")

    def _read_variable(self, shown: str, variable: str) -> str:
        if variable not in self._variables:
            raise NoJobError(f"{shown} is not allowed on this machine: its owner has not named the variable")
        value = self._variables[variable]
        if value is None:
            raise NoJobError(f"{shown} is missing on this machine: the agent has no such variable")
        return value

    def _read_file(self, shown: str, place: str) -> str:
        allowed = self._allowed(place)
        if allowed is None:
            raise NoJobError(f"{shown} is not allowed on this machine: its owner has not named the file")
        try:
            content = _read_plain(allowed)
        except OSError as error:
            raise NoJobError(f"{shown} cannot be read on this machine: {error.strerror}") from None
        if content is None:
            raise NoJobError(f"{shown} cannot be read on this machine: no plain file of at most {FILE_BYTES} bytes")
        try:
            return content.decode("utf-8").rstrip()
        except UnicodeDecodeError:
            raise NoJobError(f"{shown} cannot be read on this machine: no UTF-8") from None

    def _allowed(self, place: str) -> Path | None:
        """The owner's own name for a file, since that, not the queue's, is what is opened; None if he named it not."""
        if "\0" in place or not Path(place).is_absolute():
            return None
        try:
            real = os.path.realpath(place)
            return next((file for file in self._files if os.path.realpath(file) == real), None)
        except (OSError, ValueError):  # a name that no file can have
            return None


def _replace_in(value: object, replace: Callable[[str], str]) -> object:
    """A JSON value with its texts replaced; names of members stay."""
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, list):
        return [_replace_in(each, replace) for each in value]
    if isinstance(value, dict):
        return {name: _replace_in(each, replace) for name, each in value.items()}
    return value


def _read_plain(file: Path) -> bytes | None:
    """The content of a small plain file; None for anything else, of which a pipe would hold the agent for ever."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        content = opened.read(FILE_BYTES + 1)
    return content if len(content) <= FILE_BYTES else None
