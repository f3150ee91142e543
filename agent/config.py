"""AgentConfig: every setting of the agent with its unit and default; from command line, environment and one TOML file.

The command line (`--slots 4`) wins over the environment (`BROKER_AGENT_SLOTS`), that over the file (`slots = 4`), that
over the default. A name that is no setting is refused, because a misspelt one would silently be a default.
"""

import hashlib
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

ENVIRONMENT_PREFIX = "BROKER_AGENT_"
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
STATE_FOLDER_NAME = "machine-job-broker-agent"
MOST_QUEUES = 100
MOST_LABELS = 20
LONGEST_TEXT = 100

Value = TypeVar("Value")
Reader = Callable[[object], Value]


class ConfigError(Exception):
    """A setting is missing, unknown or out of its range; the text says which one and what is expected."""


def read_text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text that is not empty")
    return value.strip()


def read_optional_text(value: object) -> str | None:
    return read_text(value)


def read_folder(value: object) -> Path | None:
    return Path(read_text(value)).expanduser().absolute()


def read_names(value: object) -> tuple[str, ...]:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("a list of names (separated by commas in the environment)")
    return tuple(name.strip() for name in names if name.strip())


def read_files(value: object) -> tuple[Path, ...]:
    files = tuple(Path(name) for name in read_names(value))
    if not all(file.is_absolute() for file in files):
        raise ValueError("a list of absolute paths (separated by commas in the environment)")
    return files


def read_queues(value: object) -> tuple[str, ...] | None:
    names = read_names(value)
    if len(names) > MOST_QUEUES or any(len(name) > LONGEST_TEXT for name in names):
        raise ValueError(f"at most {MOST_QUEUES} names of queues, of at most {LONGEST_TEXT} characters")
    return names


def read_labels(value: object) -> tuple[tuple[str, str], ...]:
    expected = f"at most {MOST_LABELS} labels (os=linux,site=eu in the environment), texts of up to {LONGEST_TEXT}"
    if isinstance(value, str):
        parts = [part.partition("=") for part in value.split(",") if part.strip()]
        pairs = [(name.strip(), text.strip() if sign else None) for name, sign, text in parts]
    else:
        pairs = list(value.items()) if isinstance(value, dict) else [("", None)]
    labels = dict(pairs)
    texts = [text for pair in pairs for text in pair if isinstance(text, str) and len(text) <= LONGEST_TEXT]
    if "" in labels or len(texts) < 2 * len(pairs) or len(labels) < len(pairs) or len(labels) > MOST_LABELS:
        raise ValueError(expected)
    return tuple(sorted((str(name), str(text)) for name, text in labels.items()))


def read_switch(value: object) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    answer = known.get(str(value).strip().lower())
    if answer is None:
        raise ValueError("true or false")
    return answer


def read_integer(low: int, high: int) -> Reader[int]:
    def read(value: object) -> int:
        text = str(value).strip()
        if isinstance(value, bool) or not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return read


def read_number(low: float, high: float) -> Reader[float]:
    def read(value: object) -> float:
        try:
            number = float(str(value))
        except ValueError:
            number = low - 1
        if isinstance(value, bool) or not low <= number <= high:  # also false for NaN
            raise ValueError(f"a number from {low:g} to {high:g}")
        return number

    return read


def _about(read: Reader[object], text: str) -> Mapping[str, object]:
    """Metadata of a setting: how its value is read, and what it is for."""
    return {"read": read, "text": text}


@dataclass(frozen=True)
class AgentConfig:
    """All that the agent can be told. Times are seconds, sizes bytes."""

    url: str = field(
        default="", metadata=_about(read_text, "address of the broker, for example https://broker.example")
    )
    token: str = field(
        default="", metadata=_about(read_text, "the agent token; in the environment or a file `ps` does not show it")
    )
    token_file: Path | None = field(default=None, metadata=_about(read_folder, "a file that holds the agent token"))
    machine: str | None = field(
        default=None, metadata=_about(read_optional_text, "machine to work for; an agent token implies it")
    )
    bridge: str | None = field(
        default=None, metadata=_about(read_optional_text, "bridge to work for; an agent token implies it")
    )
    slots: int = field(default=1, metadata=_about(read_integer(1, 1000), "jobs that run at once"))
    queues: tuple[str, ...] | None = field(
        default=None, metadata=_about(read_queues, "queues whose pools it serves; without: every queue of the team")
    )
    labels: tuple[tuple[str, str], ...] = field(
        default=(), metadata=_about(read_labels, "what this machine has, for items that ask for it: os=linux,site=eu")
    )
    state_dir: Path | None = field(
        default=None, metadata=_about(read_folder, "folder of undelivered answers and running jobs, one per agent")
    )
    ca_file: Path | None = field(
        default=None, metadata=_about(read_folder, "certificates (PEM) that may vouch for the broker")
    )
    lease_seconds: int = field(
        default=30, metadata=_about(read_integer(5, 86400), "lease of a claim; renewed at a third of it")
    )
    wait_seconds: int = field(
        default=50, metadata=_about(read_integer(0, 300), "how long an idle agent lets the broker hold its question")
    )
    grace_seconds: float = field(
        default=10.0, metadata=_about(read_number(0, 3600), "from SIGTERM to SIGKILL when a job is stopped")
    )
    progress_seconds: float = field(
        default=10.0, metadata=_about(read_number(0.1, 3600), "least time between two progress reports of a job")
    )
    deliver_seconds: float = field(
        default=20.0, metadata=_about(read_number(0, 3600), "how long a stopping agent tries to deliver answers")
    )
    output_bytes: int = field(
        default=65536, metadata=_about(read_integer(1024, 98304), "kept of each of stdout and stderr: head and tail")
    )
    spool_days: float = field(
        default=7.0, metadata=_about(read_number(0.01, 365), "undelivered answers older than this are dropped, in days")
    )
    spool_answers: int = field(
        default=1000, metadata=_about(read_integer(1, 100000), "undelivered answers kept; the oldest are dropped")
    )
    allow_shell: bool = field(
        default=False, metadata=_about(read_switch, "run jobs that give a shell `command` instead of `argv`")
    )
    python_functions: tuple[str, ...] = field(
        default=(), metadata=_about(read_names, "module:function names that python jobs may call")
    )
    pass_environment: tuple[str, ...] = field(
        default=(), metadata=_about(read_names, "further variables of the agent that its jobs get")
    )
    secret_env: tuple[str, ...] = field(
        default=(), metadata=_about(read_names, "variables of the agent in which secrets of queues may lie")
    )
    secret_files: tuple[Path, ...] = field(
        default=(), metadata=_about(read_files, "files in which secrets of queues may lie, each by its whole path")
    )

    @property
    def folder(self) -> Path:
        """The state folder: the one configured, else one per broker and token, so that agents do not share one."""
        if self.state_dir is not None:
            return self.state_dir
        name = hashlib.sha256(f"{self.url}\n{self.token}".encode()).hexdigest()[:16]
        if os.geteuid() == 0:
            return Path("/var/lib") / STATE_FOLDER_NAME / name
        base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
        return Path(base) / STATE_FOLDER_NAME / name

    @property
    def sends_token_in_the_clear(self) -> bool:
        """Whether the token crosses a network without TLS."""
        address = urlsplit(self.url)
        return address.scheme == "http" and address.hostname not in LOOPBACK_HOSTS


def setting_texts() -> dict[str, tuple[str, object]]:
    """Name -> (explanation, default), in order; the command line makes its options from it."""
    return {setting.name: (setting.metadata["text"], setting.default) for setting in fields(AgentConfig)}


def load_config(options: Mapping[str, object], environment: Mapping[str, str], file: Path | None) -> AgentConfig:
    """Put the settings together.

    Args:
        options: what the command line gave, by setting; None is not given.
        environment: variables; only those that begin with BROKER_AGENT_ are read, empty ones are not given.
        file: a TOML file whose top-level keys are settings, or None.

    Raises:
        ConfigError: a setting is missing, unknown or out of its range, or the file cannot be read.
    """
    given: dict[str, tuple[str, object]] = {}
    if file is not None:
        given.update({name: (f"{name} in {file}", value) for name, value in _read_toml(file).items()})
    for variable, text in environment.items():
        if variable.startswith(ENVIRONMENT_PREFIX) and text != "":
            given[variable.removeprefix(ENVIRONMENT_PREFIX).lower()] = (variable, text)
    for name, value in options.items():
        if value is not None:
            given[name] = (f"--{name.replace('_', '-')}", value)
    given.pop("config", None)  # BROKER_AGENT_CONFIG names the file itself

    return _check(_read_token_file(AgentConfig(**_read_values(given))))  # type: ignore[arg-type]  # read by its reader


def _read_values(given: Mapping[str, tuple[str, object]]) -> dict[str, object]:
    readers: dict[str, Reader[object]] = {setting.name: setting.metadata["read"] for setting in fields(AgentConfig)}
    values: dict[str, object] = {}
    for name, (source, value) in given.items():
        if name not in readers:
            raise ConfigError(f"{source} is no setting of the agent")
        try:
            values[name] = readers[name](value)
        except ValueError as error:
            raise ConfigError(f"{source} must be {error}") from None
    return values


def _read_toml(file: Path) -> dict[str, object]:
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"the file {file} cannot be read: {error}") from error
    secrets = values.get("secrets")
    if isinstance(secrets, dict):  # `secrets.env` in the file is the setting secret_env
        del values["secrets"]
        values |= {f"secret_{name}": value for name, value in secrets.items()}
    return values


def _read_token_file(config: AgentConfig) -> AgentConfig:
    if config.token or config.token_file is None:
        return config
    try:
        token = config.token_file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"the token file {config.token_file} cannot be read: {error}") from error
    return replace(config, token=token)


def _check(config: AgentConfig) -> AgentConfig:
    address = urlsplit(config.url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ConfigError(
            "give the broker's address with --url or BROKER_AGENT_URL, for example https://broker.example"
        )
    if not config.token:
        raise ConfigError("give the agent token with BROKER_AGENT_TOKEN, --token-file or --token")
    if not config.token.isascii() or not config.token.isprintable() or " " in config.token:
        raise ConfigError("the agent token holds characters that no token has")
    if config.machine and config.bridge:
        raise ConfigError("give --machine or --bridge, not both")
    for name in (*config.pass_environment, *config.secret_env):
        if name.upper().startswith(ENVIRONMENT_PREFIX):
            raise ConfigError(f"{name} is never passed to jobs")
    for name in config.pass_environment:
        if name in config.secret_env:
            raise ConfigError(f"{name} is a secret of queues: it cannot be passed to every job as well")
    if config.token_file and os.path.realpath(config.token_file) in map(os.path.realpath, config.secret_files):
        raise ConfigError(f"{config.token_file} holds the agent's own token, which is never passed to jobs")
    return config
