"""What a command says when it cannot do what it was asked to."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click
import psycopg

from broker.config import ConfigError
from broker.crypto.keyring import KeyringError
from broker.database.database import UnavailableError
from broker.database.urls import DatabaseUrlError
from broker.embedded.server import EmbeddedPostgresError
from broker.install import InstallError
from broker.serving.serve import PortError, ServeError

FAILED = 1
UNUSABLE = 2


@contextmanager
def explained() -> Iterator[None]:
    """Turn what a person can do something about into one sentence and an exit status."""
    try:
        yield
    except (PortError, ConfigError, DatabaseUrlError, KeyringError) as error:
        fail(error, UNUSABLE)
    except (EmbeddedPostgresError, InstallError, ServeError) as error:
        fail(error, FAILED)
    except psycopg.OperationalError as error:
        fail(f"the database cannot be reached: {str(error).strip()}; check BROKER_DATABASE_URL", FAILED)
    except UnavailableError as error:
        fail(f"{error}; check BROKER_DATABASE_URL", FAILED)
    except psycopg.Error as error:
        fail(f"the database refused: {str(error).strip()}", FAILED)


def fail(reason: object, status: int) -> NoReturn:
    """Say why, and end."""
    click.echo(f"broker: {reason}", err=True)
    sys.exit(status)
