"""The WSGI application of one worker process, and what runs beside its calls."""

from flask import Flask

from broker import create_app
from broker.config import Config
from broker.log import configure_logging


class Background:
    """What runs beside the calls of one worker process."""

    def start(self) -> None:
        """Start it; the process is about to serve."""

    def stop(self) -> None:
        """Answer everybody who waits, and end the rest."""


def make_application() -> Flask:
    """What gunicorn loads in each worker."""
    configure_logging()
    app = create_app(Config.from_env())
    app.extensions["background"] = Background()
    return app
