"""Machine job broker: encrypted jobs for machines, handed out once, operated with SQL."""

from functools import partial

from flask import Flask

from broker.call import Procedures
from broker.config import Config, ConfigError
from broker.crypto.keyring import InstanceKeyring
from broker.database.database import Database
from broker.database.urls import notices_url, serving_url
from broker.errors import BODY_BYTES
from broker.live.hub import Hub
from broker.surfaces.documentation import create_documentation
from broker.surfaces.envelope import install_errors
from broker.surfaces.flows import FLOWS
from broker.surfaces.health import create_health
from broker.surfaces.jobs import JOBS
from broker.surfaces.operations import OPERATIONS
from broker.surfaces.paths import describe
from broker.surfaces.queues import QUEUES
from broker.surfaces.routes import create_surface, retell
from broker.surfaces.stored_procedure import create_stored_procedures
from broker.surfaces.tasks import TASKS
from broker.surfaces.webhooks import WEBHOOKS

SURFACES = (TASKS, QUEUES, FLOWS, JOBS, *OPERATIONS, WEBHOOKS)


def create_app(config: Config) -> Flask:
    """Make the server's WSGI application.

    Its procedures are `app.extensions["procedures"]`, its hub `app.extensions["hub"]`, which knows this process alone
    until it is started. A database that is away is no error: calls answer 503 until it comes.

    Raises:
        ConfigError: no database is named.
        KeyringError: the instance keyring cannot be used.
    """
    if config.database_url is None:
        raise ConfigError("BROKER_DATABASE_URL is not set: broker serve starts an embedded server without it")
    keyring = InstanceKeyring.load(config.data_dir, config.keyring)
    database = Database(serving_url(config), config.pool_size, config.pooler)
    hub = Hub(database, notices_url(config))
    procedures = Procedures(database, config, keyring, hub.wake)
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES
    app.extensions["procedures"] = procedures
    app.extensions["hub"] = hub
    install_errors(app, partial(retell, SURFACES))
    app.register_blueprint(create_stored_procedures(procedures, hub))
    for surface in SURFACES:
        app.register_blueprint(create_surface(surface, procedures, hub))
    app.register_blueprint(create_documentation(procedures, config, [partial(describe, each) for each in SURFACES]))
    app.register_blueprint(create_health(procedures))
    return app
