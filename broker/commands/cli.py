"""The command `broker`.

Exit status: 0 done, 1 it failed, 2 the command or a setting cannot be used, 3 (doctor) a person is needed.
"""

import json
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import click

from broker.commands.bootstrap import bootstrap_command
from broker.commands.complaints import explained
from broker.commands.doctor import examine
from broker.config import Config
from broker.contract.openapi import build_document
from broker.contract.registry import read_registry
from broker.database.database import Database
from broker.database.urls import serving_url
from broker.embedded.access import reachable_database
from broker.embedded.binaries import find_binaries
from broker.install import install
from broker.serving.log import configure_logging
from broker.serving.serve import serve

NEEDS_A_PERSON = 3


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """The machine job broker. Settings are environment variables BROKER_*; the README has their table."""


@main.command("serve")
@click.option("--host", help="Address to listen on; default: BROKER_HOST, else this machine only (127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), help="0: any free one. Default: BROKER_PORT, else 8585.")
def serve_command(host: str | None, port: int | None) -> None:
    """Run the server: database (embedded without BROKER_DATABASE_URL), migration, HTTP.

    Prints "Broker ready at http://..." when it answers. SIGTERM and Ctrl-C stop it in order.
    """
    configure_logging()
    with explained():
        config = Config.from_env()
        serve(replace(config, host=host or config.host, port=config.port if port is None else port))


@main.command("migrate")
def migrate_command() -> None:
    """Bring the schema up to date; brokers may go on serving."""
    configure_logging()
    with explained(), reachable_database(Config.from_env()) as config:
        applied = install(config.migrate_url or "")
    click.echo(f"{len(applied)} files applied" if applied else "up to date")


@main.command("openapi")
def openapi_command() -> None:
    """Print the contract as an OpenAPI document."""
    configure_logging()
    with (
        explained(),
        reachable_database(Config.from_env(), make=False) as config,
        closing(Database(serving_url(config), pool_size=1, pooler=config.pooler)) as database,
    ):
        registry = read_registry(database)
    click.echo(json.dumps(build_document(registry, config.vault_max_bytes), indent=2))


@main.command("psql", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql_command(arguments: tuple[str, ...]) -> None:
    """Open psql on the broker's database, as the role that migrates it. ARGUMENTS go to psql.

    The embedded server has its own psql; a server of BROKER_DATABASE_URL needs one on the PATH.
    """
    with explained():
        settings = Config.from_env()
        program = "psql" if settings.database_url else find_binaries().program("psql")
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for psql, which breaks off its query
        with reachable_database(settings, make=False) as config:
            status = subprocess.run([program, str(config.migrate_url), *arguments], check=False).returncode
    sys.exit(status)


@main.command("doctor")
@click.option("--anchor", "anchors", multiple=True, help="Digest of an anchor of the audit, from the broker's log.")
def doctor_command(anchors: tuple[str, ...]) -> None:
    """Say how the broker is; exit status 3 when something needs a person.

    With --anchor also whether the audit still has an anchor that the log knows: that the newest were not removed.
    """
    with explained():
        findings = examine(Config.from_env(), anchors)
    for finding in findings:
        click.echo(str(finding))
    sys.exit(NEEDS_A_PERSON if any(finding.needs_a_person for finding in findings) else 0)


main.add_command(bootstrap_command)
