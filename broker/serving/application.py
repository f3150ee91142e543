"""The WSGI application of one worker process, and what runs beside its calls."""

from flask import Flask

from broker import create_app
from broker.config import Config
from broker.live.hub import Hub
from broker.maintenance.scheduler import Scheduler
from broker.serving.log import configure_logging


class Background:
    """What runs beside the calls of one worker process."""

    def __init__(self, hub: Hub, scheduler: Scheduler) -> None:
        self._hub = hub
        self._scheduler = scheduler

    def start(self) -> None:
        """Start it; the process is about to serve."""
        self._hub.start()
        self._scheduler.start()

    def stop(self) -> None:
        """Answer everybody who waits, and begin nothing more."""
        self._hub.close()
        self._scheduler.stop()


def make_application() -> Flask:
    """What gunicorn loads in each worker."""
    configure_logging()
    config = Config.from_env()
    app = create_app(config)
    app.extensions["background"] = Background(app.extensions["hub"], Scheduler(config))
    return app
