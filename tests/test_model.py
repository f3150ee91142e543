"""The engine against a model of it: any order of calls leaves what the model says, and no invariant broken.

`BROKER_TEST_MODEL_EXAMPLES` says how many orders are tried, at random; without it the same few.
"""

import os
from collections.abc import Iterator

import psycopg
import pytest

from broker import create_app
from broker.config import Config
from tests.model.machine import play
from tests.world import Caller, World

EXAMPLES = int(os.environ.get("BROKER_TEST_MODEL_EXAMPLES", "0"))


@pytest.fixture
def brokers(config: Config, world: World) -> Iterator[list[Caller]]:
    """Two broker processes on one database, each with its own memory of what vaults are sealed for."""
    apps = [create_app(config) for _ in range(2)]
    yield [world.caller(app.test_client()) for app in apps]
    for app in apps:
        app.extensions["procedures"].database.close()


def test_any_order_of_calls_leaves_what_the_model_says(brokers: list[Caller], admin: psycopg.Connection) -> None:
    play(brokers, admin, EXAMPLES or 60, at_random=bool(EXAMPLES))
