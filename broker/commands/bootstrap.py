"""`broker bootstrap`: the first company, and the token of its first agent."""

import json
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict

import click

from broker.call import Procedures
from broker.commands.complaints import FAILED, explained, fail
from broker.commands.first_company import FirstCompany, FirstCompanyError, Wishes, make_first_company
from broker.config import Config
from broker.database.database import Database
from broker.database.urls import serving_url
from broker.embedded.access import reachable_database
from broker.install import install
from broker.serving.instance_keys import open_keyring
from broker.serving.serve import make_data_dir

PASSWORD_BYTES = 15  # 120 bits, 20 characters
RECOVERY_TEXT = (
    "Keep it on paper: when nobody is left who can sign in, it opens what the company has stored.\n"
    "It is shown here and nowhere else; without it the content is gone then."
)


@click.command("bootstrap")
@click.option("--company", default="My Company", show_default=True, help="Name of the company.")
@click.option("--email", default="admin@localhost", show_default=True, help="What its administrator signs in with.")
@click.option(
    "--password",
    envvar="BROKER_BOOTSTRAP_PASSWORD",
    help="His password. Others can see it in the process list: better use BROKER_BOOTSTRAP_PASSWORD. "
    "Default: asked for on a terminal, else generated and printed.",
)
@click.option("--team", default="Private Team", show_default=True, help="A team, with the administrator as its member.")
@click.option("--region", default="Default Region", show_default=True, help="A region for the bridge.")
@click.option("--bridge", default="Global Bridges", show_default=True, help="A bridge for the machine.")
@click.option("--machine", help="A machine. Default: the name of this host.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for scripts.")
def bootstrap_command(
    *,
    company: str,
    email: str,
    password: str | None,
    team: str,
    region: str,
    bridge: str,
    machine: str | None,
    as_json: bool,
) -> None:
    """Make the first company, user, team, region, bridge and machine, and print the agent's token once.

    A run that broke off is completed by another with the same e-mail and password; where nothing is missing, nothing is
    changed and the exit status is 1.
    """
    wishes = Wishes(company, email, team, region, bridge, machine or socket.gethostname())
    generated = False
    if not password and sys.stdin.isatty() and not as_json:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    elif not password:
        password, generated = secrets.token_urlsafe(PASSWORD_BYTES), True
    with explained(), reachable_database(Config.from_env()) as config:
        install(config.migrate_url or config.database_url or "")
        try:
            with open_procedures(config) as procedures:
                made = make_first_company(procedures, wishes, password, generated=generated)
        except FirstCompanyError as error:
            if error.recovery_code is not None:
                tell_secrets(password if generated else None, error.recovery_code)
            fail(error, FAILED)
    if as_json:
        click.echo(json.dumps(as_object(wishes, made, password if generated else None)))
    else:
        tell(wishes, made, password if generated else None)


@contextmanager
def open_procedures(config: Config) -> Iterator[Procedures]:
    """The procedures, as a broker with these settings would serve them."""
    make_data_dir(config)
    keyring = open_keyring(config)
    with closing(Database(serving_url(config), pool_size=1, pooler=config.pooler)) as database:
        yield Procedures(database, config, keyring)


def as_object(wishes: Wishes, made: FirstCompany, generated_password: str | None) -> dict[str, str | None]:
    """What a script gets; null for what was not made by this run."""
    return {
        **asdict(wishes),
        "password": generated_password,
        "recoveryCode": made.recovery_code,
        "agentTokenId": made.agent_token_id,
        "agentToken": made.agent_token,
        "agentTokenExpires": made.expires_time,
    }


def tell(wishes: Wishes, made: FirstCompany, generated_password: str | None) -> None:
    """What a person gets."""
    click.echo(f"Company       {wishes.company}, administrator {wishes.email}")
    click.echo(
        f"Machine       {wishes.machine}, of team {wishes.team}, reached by bridge {wishes.bridge} in {wishes.region}"
    )
    tell_secrets(generated_password, made.recovery_code)
    click.echo(f"Agent token   {made.agent_token}")
    click.echo(f"\nShown here and nowhere else, good until {made.expires_time[:10]}. On {wishes.machine}:")
    click.echo("BROKER_AGENT_TOKEN=<agent token> broker-agent run --url <address of this broker>")


def tell_secrets(generated_password: str | None, recovery_code: str | None) -> None:
    """What the administrator has to keep."""
    if generated_password is not None:
        click.echo(f"Password      {generated_password}")
    if recovery_code is not None:
        click.echo(f"Recovery code {recovery_code}\n\n{RECOVERY_TEXT}\n")
