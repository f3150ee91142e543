"""Calls that wait: an item reaches the waiting agent at once, once, and nobody who has gone."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest
from flask import Flask

from broker.caller import Sender
from broker.config import Config
from broker.live.hub import Hub
from broker.live.longpoll import run_waiting
from tests.serving import environment_of, serving, until
from tests.world import URL, Caller, MakeItem, Reply, World, must

AGENTS = 8
Wait = Callable[..., Future[Reply]]


@pytest.fixture
def hub(app: Flask) -> Hub:
    hub: Hub = app.extensions["hub"]
    return hub


@contextmanager
def waiting(app: Flask, hub: Hub, world: World, agents: int = 1, seconds: int = 20) -> Iterator[list[Future[Reply]]]:
    """Agents of build-01 that wait for one item each; an agent is in its wait when the block begins."""

    def take() -> Reply:
        call = world.caller(app.test_client())
        return call("GetQueueItemsNext", _as="build-01", itemCount=1, waitSeconds=seconds)

    with ThreadPoolExecutor(agents) as pool:
        replies = [pool.submit(take) for _ in range(agents)]
        until(lambda: hub.waiting_count == agents)
        yield replies


def test_answers_at_once_when_nobody_asked_to_wait(call: Caller) -> None:
    reply = call("GetQueueItemsNext", _as="build-01", waitSeconds=0)

    assert reply.rows == []
    assert reply.outputs["message"] == "no pending queue items"


def test_answers_at_once_when_there_is_an_item(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()

    assert call("GetQueueItemsNext", _as="build-01", waitSeconds=300).row["queueId"] == queue_id


def test_a_new_item_reaches_the_waiting_agent(app: Flask, hub: Hub, world: World, queue_item: MakeItem) -> None:
    with waiting(app, hub, world) as [reply]:
        queue_id = queue_item()

        assert reply.result().row["queueId"] == queue_id


def test_each_of_many_waiting_agents_gets_one_item_over_fewer_connections(
    app: Flask, hub: Hub, world: World, queue_item: MakeItem
) -> None:
    with waiting(app, hub, world, agents=AGENTS) as replies:
        made = [queue_item() for _ in range(AGENTS)]

        assert sorted(reply.result().row["queueId"] for reply in replies) == made


def test_items_of_other_machines_wake_nobody(app: Flask, hub: Hub, world: World, queue_item: MakeItem) -> None:
    with waiting(app, hub, world, seconds=2) as [reply]:
        queue_item(machine="build-02")

        assert reply.result().rows == []


@pytest.mark.parametrize("procedure", ["PauseMachine", "DrainMachine"])
def test_the_agent_of_a_machine_that_gets_nothing_waits_until_it_is_resumed(
    app: Flask, hub: Hub, world: World, call: Caller, queue_item: MakeItem, procedure: str
) -> None:
    must(call(procedure, teamName="ops", machineName="build-01"))
    queue_id = queue_item()

    with waiting(app, hub, world) as [reply]:
        must(call("ResumeMachine", teamName="ops", machineName="build-01"))

        assert reply.result().row["queueId"] == queue_id


def test_an_agent_that_is_to_stop_is_answered_at_once(app: Flask, hub: Hub, world: World, call: Caller) -> None:
    with waiting(app, hub, world) as [reply]:
        must(call("DrainMachine", teamName="ops", machineName="build-01", stop=True))

        assert reply.result(timeout=5).outputs["stop"] is True


def test_an_item_of_the_pool_reaches_a_waiting_agent(app: Flask, hub: Hub, world: World, call: Caller) -> None:
    with waiting(app, hub, world) as [reply]:
        made = must(call("CreateQueueItem", teamName="ops", queueName="default", queueVault="{}"))

        assert reply.result(timeout=5).row["queueId"] == made.row["queueId"]


def test_nothing_came_in_time(call: Caller) -> None:
    began = time.monotonic()

    reply = call("GetQueueItemsNext", _as="build-01", waitSeconds=1)

    assert time.monotonic() - began >= 1
    assert reply.rows == []
    assert reply.outputs["message"] == "no pending queue items"


def test_an_item_that_comes_back_reaches_the_waiting_agent(
    app: Flask, hub: Hub, world: World, call: Caller, queue_item: MakeItem
) -> None:
    queue_id = queue_item()
    claimed = call("GetQueueItemsNext", _as="build-01").row
    hub.start()

    with waiting(app, hub, world) as [reply]:
        call("ReturnQueueItems", _as="build-01", items=[{"queueId": queue_id, "claimToken": claimed["claimToken"]}])

        assert reply.result().row["queueId"] == queue_id
    hub.close()


def test_a_token_that_ends_during_the_wait_gets_no_item(
    app: Flask, hub: Hub, world: World, call: Caller, queue_item: MakeItem
) -> None:
    [token] = [row for row in call("GetAgentTokens", _as="ann").rows if row["machineName"] == "build-01"]
    with waiting(app, hub, world) as [reply]:
        assert call("DeleteAgentToken", _as="ann", agentTokenId=token["agentTokenId"]).failure == 0
        queue_item()

        assert reply.result().failure == 401


def test_a_broker_that_stops_answers_who_waits(app: Flask, hub: Hub, world: World) -> None:
    with waiting(app, hub, world, agents=3) as replies:
        hub.close()

        assert [reply.result().rows for reply in replies] == [[], [], []]


def test_takes_nothing_for_a_client_that_went_a_moment_ago(
    app: Flask, hub: Hub, world: World, call: Caller, queue_item: MakeItem
) -> None:
    procedures = app.extensions["procedures"]
    sender = Sender(token=world.tokens["build-01"])
    endpoint = procedures.find("GetQueueItemsNext")
    taking = procedures.load(endpoint, {"waitSeconds": 20}, procedures.identify(endpoint, sender), sender)
    near, far = socket.socketpair()
    with near, ThreadPoolExecutor() as pool:
        answer = pool.submit(run_waiting, procedures, hub, taking, near.fileno())
        until(lambda: hub.waiting_count == 1)
        far.close()

        queue_id = queue_item()

        assert answer.result().tables[0].count == 0
    assert call("GetQueueItemsNext", _as="build-01").row["queueId"] == queue_id


def test_a_real_server_keeps_items_for_agents_that_are_there(
    config: Config, world: World, admin: psycopg.Connection, queue_item: MakeItem
) -> None:
    with serving(**environment_of(config)) as broker:
        address = urlsplit(broker.url)
        gone = socket.create_connection((address.hostname, address.port))
        gone.sendall(request_bytes(world.tokens["build-01"]))
        until(lambda: hub_looks(admin))
        gone.close()

        queue_id = queue_item()

        assert broker.call(world, "GetQueueItemsNext", _as="build-01", waitSeconds=20).row["queueId"] == queue_id


def test_a_server_that_stops_answers_who_waits(config: Config, world: World, admin: psycopg.Connection) -> None:
    with serving(**environment_of(config)) as broker, ThreadPoolExecutor() as pool:
        reply = pool.submit(broker.call, world, "GetQueueItemsNext", "build-01", waitSeconds=300)
        until(lambda: hub_looks(admin))

        assert broker.stop() == 0
        assert reply.result().rows == []


def hub_looks(admin: psycopg.Connection) -> bool:
    """Whether a hub has looked for ready items, which it does only while somebody waits."""
    row = admin.execute(
        "select exists (select from pg_stat_activity where query like '%ready_since%' and pid <> pg_backend_pid() "
        "and datname = current_database())"
    ).fetchone()
    return row == (True,)


def request_bytes(token: str) -> bytes:
    body = json.dumps({"waitSeconds": 300}).encode()
    return (
        f"POST {URL}GetQueueItemsNext HTTP/1.1\r\nHost: broker\r\nContent-Type: application/json\r\n"
        f"Rediacc-RequestToken: {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
