"""An observer inside the database, who sees every state that queue items are committed in, one after the other.

Each transaction that changes the status of an item stands in line at its end, takes the observer's lock, and writes
down what then runs, itself included, before anybody can see it. No state lies between two looks: one item too many,
for however short a time, is written down.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import psycopg

from broker.crypto.tokens import token_hash
from tests.world import World

PROBE = """
    create schema probe;
    create table probe.look (
        look_id     bigint generated always as identity,
        queue_id    bigint,
        began       timestamptz,  -- when the claim read the clock; null: the item has left its agent's hands
        in_queue    bigint,
        in_company  bigint,
        of_one_user bigint);
    create function probe.look() returns trigger language plpgsql security definer as $$
    begin
        perform pg_advisory_xact_lock(4711);
        insert into probe.look (queue_id, began, in_queue, in_company, of_one_user)
        select new.queue_id, case when new.status = 'ASSIGNED' then new.assigned_time end,
               count(*) filter (where item.policy_id = new.policy_id), count(*),
               count(*) filter (where item.created_by = new.created_by)
        from data.queue_item as item
        where item.company_id = new.company_id
          and item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING');
        return null;
    end;
    $$;
    create constraint trigger look after update on data.queue_item deferrable initially deferred
    for each row when (old.status is distinct from new.status) execute function probe.look();
"""
CLAIM = """
    select item.queue_id
    from api.get_queue_items_next(p_machine_name => %s, p_item_count => %s), unnest(items) as item
"""
CANCEL = "select queue_id from api.cancel_queue_item(p_queue_id => %s)"
AGENTS = 16
# Agents of two machines, of their bridge, and a user: each takes another way through the claim.
WHO = [("build-01", None), ("north", None), ("build-02", None), ("bob", "build-01")]


def observe(admin: psycopg.Connection) -> None:
    """Let the observer look from now on."""
    admin.execute(PROBE)


def most(admin: psycopg.Connection, column: str) -> int:
    """The largest number that was ever seen."""
    [(number,)] = admin.execute(f"select max({column}) from probe.look".encode()).fetchall()
    return int(number)


def starts(admin: psycopg.Connection) -> list[datetime]:
    """When claims read the clock, item by item, in the order in which they were committed."""
    return [
        began for (began,) in admin.execute("select began from probe.look where began is not null order by look_id")
    ]


def act(connection: psycopg.Connection, world: World, name: str, statement: str, *values: object) -> list[int]:
    """The queueIds that a call of somebody of the world answers, in a transaction of its own."""
    with connection.transaction():
        connection.execute("select set_config('broker.token_hash', %s, true)", [token_hash(world.tokens[name]).hex()])
        return [queue_id for (queue_id,) in connection.execute(statement, values)]


def work_off(url: str, world: World, total: int, finished: Callable[[], bool]) -> list[int]:
    """Let 16 agents take items and let go of them, each over a connection of its own, all at once.

    Args:
        total: how many items there are; each is taken once.
        finished: whether to stop before all are taken.

    Returns:
        The queueIds that were taken.
    """
    done: list[int] = []

    def agent(number: int) -> None:
        name, machine = WHO[number % len(WHO)]
        with psycopg.connect(url, autocommit=True, options="-c statement_timeout=60s") as connection:
            while len(done) < total and not finished():
                for queue_id in act(connection, world, name, CLAIM, machine, 1 + number % 3):
                    done.append(queue_id)
                    act(connection, world, "ann", CANCEL, queue_id)

    with ThreadPoolExecutor(AGENTS) as threads:
        for each in [threads.submit(agent, number) for number in range(AGENTS)]:
            each.result()
    return done
