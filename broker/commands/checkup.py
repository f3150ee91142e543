"""Checks of `broker doctor` on what goes wrong in operation: old snapshots, tired tables, work that nobody takes."""

import time
from collections.abc import Iterator
from typing import Any

import psycopg

from broker.commands.findings import Finding, one
from broker.config import Config
from broker.maintenance.scheduler import jobs_of
from broker.maintenance.schedules import EVERY_SECONDS, JOB

PINNED_SECONDS = 600
DEAD_ROWS = 100_000
UNUSED_BYTES = 100 * 1024 * 1024
CLOCK_SECONDS = 2.0
LATE_SECONDS = 120  # a run is noted once a minute at most

OLD_TRANSACTIONS = """
    select pid, application_name, state, extract(epoch from clock_timestamp() - xact_start)::bigint,
           backend_xmin is not null or backend_xid is not null
    from pg_stat_activity
    where datname = current_database()
      and backend_type = 'client backend'
      and pid <> pg_backend_pid()
      and xact_start < clock_timestamp() - make_interval(secs => %s)
    order by xact_start
"""
OLD_PROMISES = """
    select gid
    from pg_prepared_xacts
    where database = current_database()
      and prepared < clock_timestamp() - make_interval(secs => %s)
"""
SILENT_SLOTS = "select slot_name from pg_replication_slots where not active order by slot_name"
DEAD = """
    select relname, n_dead_tup, n_live_tup
    from pg_stat_user_tables
    where schemaname = 'data'
      and n_dead_tup > %s
      and n_dead_tup > n_live_tup
    order by n_dead_tup desc
"""
INVALID = """
    select index.indexrelid::regclass::text
    from pg_index as index
    join pg_class as relation on relation.oid = index.indexrelid
    where relation.relnamespace = 'data'::regnamespace
      and not index.indisvalid
      and relation.relkind = 'i'
"""
UNUSED = """
    select used.indexrelname, pg_size_pretty(pg_relation_size(used.indexrelid))
    from pg_stat_user_indexes as used
    join pg_index as index on index.indexrelid = used.indexrelid
    where used.schemaname = 'data'
      and used.idx_scan = 0
      and not index.indisunique
      and pg_relation_size(used.indexrelid) >= %s
"""
MACHINES = """
    select machine.machine_name, team.team_name, company.company_name, signs.health::text, items.waiting
    from data.machine as machine
    join data.team as team on team.company_id = machine.company_id and team.team_id = machine.team_id
    join data.company as company on company.company_id = machine.company_id
    cross join lateral queue.unfinished_items(machine.company_id, machine.machine_id) as items
    cross join lateral queue.signs_of(machine, data.clock()) as signs
    where machine.removed_time is null
      and (signs.health::text = 'DEAF' or signs.health::text in ('NEVER_SEEN', 'OFFLINE') and items.waiting > 0)
    order by company.company_name, team.team_name, machine.machine_name
"""
UNSERVED_POOLS = """
    select policy.queue_name, team.team_name, company.company_name, lane.labels::text
    from data.lane as lane
    join data.queue_policy as policy on policy.company_id = lane.company_id and policy.policy_id = lane.policy_id
    join data.team as team on team.company_id = lane.company_id and team.team_id = lane.team_id
    join data.company as company on company.company_id = lane.company_id
    where lane.machine_id is null
      and exists (
          select from data.queue_item as item
          where item.company_id = lane.company_id
            and item.lane_id = lane.lane_id
            and item.status = 'PENDING'
            and item.held is null)
      and not exists (
          select from data.machine as machine
          where machine.company_id = lane.company_id
            and machine.team_id = lane.team_id
            and queue.serves(machine, policy.queue_name, lane.labels))
    order by company.company_name, team.team_name, policy.queue_name
"""
RUNS = """
    select procedure_name, last_time is not null,
           extract(epoch from data.clock() - coalesce(last_time, first_time))::bigint
    from data.sweep
"""


def look_at_transactions(connection: psycopg.Connection[Any], config: Config) -> Iterator[Finding]:  # noqa: ARG001
    """Whoever holds an old snapshot keeps every row that was deleted since."""
    pinned = 0
    for pid, name, state, seconds, holds in connection.execute(OLD_TRANSACTIONS, [PINNED_SECONDS]).fetchall():
        pinned += holds
        yield Finding(
            "problem",
            f"session {pid} ({name or 'without a name'}, {state}) has a transaction open for {seconds} seconds"
            + (", and no row deleted since can be removed" if holds else "")
            + f": let it end, or `select pg_terminate_backend({pid})`",
        )
    for (name,) in connection.execute(OLD_PROMISES, [PINNED_SECONDS]).fetchall():
        pinned += 1
        yield Finding(
            "problem", f"prepared transaction {name} waits for its end: `commit prepared` or `rollback prepared`"
        )
    for (name,) in connection.execute(SILENT_SLOTS).fetchall():
        pinned += 1
        yield Finding(
            "problem",
            f"nobody reads replication slot {name}, which keeps old rows or the write-ahead log: start its reader, "
            f"or `select pg_drop_replication_slot('{name}')`",
        )
    if not pinned:
        yield Finding("good", "nothing keeps deleted rows")


def look_at_tables(connection: psycopg.Connection[Any], config: Config) -> Iterator[Finding]:  # noqa: ARG001
    """Dead rows and indexes that do not work."""
    dead = connection.execute(DEAD, [DEAD_ROWS]).fetchall()
    for name, rows, live in dead:
        yield Finding(
            "problem",
            f"data.{name} has {rows} dead rows and {live} living: autovacuum does not follow; look for old "
            f"transactions, then `vacuum data.{name}`",
        )
    invalid = connection.execute(INVALID).fetchall()
    for (name,) in invalid:
        yield Finding("problem", f"index {name} is not valid and is not used: `reindex index concurrently {name}`")
    for name, size in connection.execute(UNUSED, [UNUSED_BYTES]).fetchall():
        yield Finding("note", f"index data.{name} ({size}) was not used since the statistics began")
    if not dead and not invalid:
        yield Finding("good", "tables and indexes are in order")


def look_at_takers(connection: psycopg.Connection[Any], config: Config) -> Iterator[Finding]:  # noqa: ARG001
    """Agents that are heard of and ask for nothing, and work that nobody takes."""
    wrong = 0
    for machine, team, company, health, waiting in connection.execute(MACHINES).fetchall():
        wrong += 1
        place = f"machine {machine} of team {team} ({company})"
        if health == "DEAF":
            text = f"the agent of {place} beats but asks for no work: restart it, and read its log"
        elif health == "NEVER_SEEN":
            text = f"{waiting} items wait for {place}, which was never seen: start an agent with a token for it"
        else:
            text = f"{waiting} items wait for {place}, which is silent: start its agent, or look at the network"
        yield Finding("problem", text)
    for queue, team, company, labels in connection.execute(UNSERVED_POOLS).fetchall():
        wrong += 1
        yield Finding(
            "problem",
            f"items wait in the pool of queue {queue}, team {team} ({company}), labels {labels}, and no machine serves "
            "it: give one the queue and the labels, or cancel them",
        )
    if not wrong:
        yield Finding("good", "whatever waits has its takers")


def look_at_clocks(connection: psycopg.Connection[Any], config: Config) -> Iterator[Finding]:  # noqa: ARG001
    """Leases and tokens go by the database's clock, one-time codes by the broker's."""
    before = time.time()
    there = float(one(connection, "select extract(epoch from clock_timestamp())"))
    after = time.time()
    ahead = max(there - after, 0.0) - max(before - there, 0.0)
    if abs(ahead) > CLOCK_SECONDS:
        yield Finding(
            "problem",
            f"the clock of the database is {abs(ahead):.1f} seconds {'ahead of' if ahead > 0 else 'behind'} this one: "
            "let both follow the same time server",
        )
    else:
        yield Finding("good", "the clocks of broker and database agree")


def look_at_runs(connection: psycopg.Connection[Any], config: Config) -> Iterator[Finding]:
    """Maintenance that no broker has run for long, or ever."""
    known = {name: (has_run, seconds) for name, has_run, seconds in connection.execute(RUNS).fetchall()}
    expected = {**{job.procedure: job.seconds for job in jobs_of(config)}, JOB: EVERY_SECONDS}
    late, awaited = 0, []
    for name, every in expected.items():
        has_run, seconds = known.get(name, (False, 0))
        if seconds > 2 * every + LATE_SECONDS:
            late += 1
            yield Finding(
                "problem",
                f"maintenance {name} ran {seconds} seconds ago for the last time: start a broker, and read its log for "
                "what fails"
                if has_run
                else f"maintenance {name} has never run, though brokers were to run it since {seconds} seconds: read "
                "their log for what fails",
            )
        elif not has_run:
            awaited.append(name)
    if awaited:
        yield Finding("note", f"no broker has run these yet: {', '.join(awaited)}")
    if not late and not awaited:
        yield Finding("good", "all maintenance has run in time")


CHECKS_OF_OPERATION = (look_at_transactions, look_at_tables, look_at_takers, look_at_clocks, look_at_runs)
