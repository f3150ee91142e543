"""The command `broker-agent`: settings in, signals, exit codes."""

import fcntl
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click

from agent import VERSION
from agent.client import open_client
from agent.config import ENVIRONMENT_PREFIX, AgentConfig, ConfigError, load_config, setting_texts
from agent.log import log, start_log
from agent.loop import Agent, Ending
from agent.warden import PR_SET_DUMPABLE, process_control

EXIT_CODES = {Ending.IN_ORDER: 0, Ending.FAULT: 1, Ending.ASKED_WRONGLY: 2, Ending.REFUSED: 3}
REFUSED_ADVICE = (
    "The broker refuses this agent's token: it is misspelt, expired, deleted, or made for another company. "
    "Make a new one with CreateAgentToken and start the agent with it."
)

Command = TypeVar("Command", bound=Callable[..., None])


def _setting_options(command: Command) -> Command:
    """One option for each setting, so that there is one list of settings."""
    for name, (text, default) in reversed(setting_texts().items()):
        shown = "" if default in ("", None, ()) else f" [default: {default}]"
        flag = f"--{name.replace('_', '-')}"
        if isinstance(default, bool):
            command = click.option(f"{flag}/--no-{flag[2:]}", name, default=None, help=text + shown)(command)
        else:
            command = click.option(flag, name, default=None, metavar="VALUE", help=text + shown)(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="broker-agent")
def main() -> None:
    """Run the jobs that a broker has for this machine."""


@main.command()
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    envvar=f"{ENVIRONMENT_PREFIX}CONFIG",
    help="a TOML file whose keys are the settings below, with underscores",
)
@_setting_options
def run(config_file: Path | None, **options: object) -> None:
    """Claim and run jobs until a signal.

    Each setting may stand in the environment too: --lease-seconds is BROKER_AGENT_LEASE_SECONDS. Times are in seconds.

    SIGTERM or SIGINT once: no new work, running jobs are finished and answered. Twice: running jobs are killed and
    their items given back. Exit code 0: stopped in order; 2: wrong settings; 3: the token is refused.
    """
    start_log()
    try:
        config = load_config(options, os.environ, config_file)
        with _own_folder(config.folder):
            ending, reason = _live(config)
    except ConfigError as error:
        raise click.UsageError(str(error)) from error
    if ending is Ending.REFUSED:
        click.echo(f"{REFUSED_ADVICE} ({reason})", err=True)
    elif ending is not Ending.IN_ORDER:
        click.echo(f"The agent cannot go on: {reason}", err=True)
    sys.exit(EXIT_CODES[ending])


def _live(config: AgentConfig) -> tuple[Ending, str]:
    # What this process was started with stays readable below /proc, for jobs of the same user as well, unless it is
    # not dumpable; the superuser's jobs read it all the same.
    process_control(PR_SET_DUMPABLE, 0)
    os.environ.pop(f"{ENVIRONMENT_PREFIX}TOKEN", None)  # nothing this process starts may inherit it
    if config.sends_token_in_the_clear:
        log.warning("the token and every job cross the network in the clear: use https")
    agent = Agent(config, open_client(config))
    for name in config.secret_env:  # the agent has copied them; a warden's environment can be read by its job
        os.environ.pop(name, None)
    signal.set_wakeup_fd(agent.wake_descriptor, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: agent.stop())
    log.info("agent %s asks %s for up to %d jobs at once", VERSION, config.url, config.slots)
    try:
        return agent.run()
    finally:
        signal.set_wakeup_fd(-1)


@contextmanager
def _own_folder(folder: Path) -> Iterator[None]:
    """Make the state folder ours for as long as we live: two agents in it would deliver each other's answers."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (folder / "lock").open("w")
    except OSError as error:
        raise ConfigError(f"the state folder {folder} cannot be used: {error.strerror}; set --state-dir") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigError(
                f"another agent uses the state folder {folder}; raise its --slots or set --state-dir"
            ) from None
        yield
