"""Backlogs, written by SQL: a million items through the calls would take an hour."""

from scripts.benchmarks.stage import Stage

COMPANY = "(select company_id from data.company)"

PENDING = """
    with numbered as (
        select number, machine.machine_id, machine.machine_uuid, machine.team_id,
               md5('item' || {first} + number)::uuid as task_id
        from generate_series(1, {count}) as number
        join (
            select *, row_number() over (order by machine_id) as place from data.machine
        ) as machine on machine.place = 1 + number % {machines}),
    vaults as (
        insert into data.vault_record (
            company_id, scope_kind, scope_id, owner_kind, owner_id, attempt, vault_name, vault_id, wrapped_key, content,
            written_time)
        select {company}, 'machine', numbered.machine_uuid, 'queue_item', numbered.task_id, 0, 'request',
               numbered.number, '{wrapped_key}', '{content}', clock_timestamp()
        from numbered
        returning company_id, vault_record_id, owner_id)
    insert into data.queue_item (
        company_id, queue_id, task_id, team_id, policy_id, lane_id, machine_id, request_vault_id, created_by,
        created_time, ready_time, held)
    overriding system value
    select vaults.company_id, {first} + numbered.number, numbered.task_id, numbered.team_id, policy.policy_id,
           queue.lane_of(vaults.company_id, policy.policy_id, numbered.machine_id, null, null), numbered.machine_id,
           vaults.vault_record_id,
           (select min(user_id) from data.company_user), clock_timestamp(), clock_timestamp() + interval '{later}',
           nullif('{held}', '')::data.hold
    from numbered
    join vaults on vaults.owner_id = numbered.task_id
    join data.queue_policy as policy on policy.team_id = numbered.team_id and policy.queue_name = '{queue}'
"""

CLAIM_ALL = """
    with taken as (
        update data.queue_item
        set status = 'PROCESSING', attempt = 1, claim_number = 1, assigned_time = clock_timestamp(),
            started_time = clock_timestamp(), last_heartbeat_time = clock_timestamp(), lease_seconds = 86400,
            lease_until = clock_timestamp() + interval '1 day'
        where status = 'PENDING'
        returning company_id, queue_id)
    insert into data.claim (
        company_id, queue_id, claim_number, attempt, claim_hash, actor, claimed_time, lease_seconds, sign_time)
    select taken.company_id, taken.queue_id, 1, 1, '{claim_hash}', 'benchmark', clock_timestamp(), 86400,
           clock_timestamp()
    from taken
"""

FINISHED = """
    insert into data.queue_item (
        company_id, queue_id, task_id, team_id, policy_id, lane_id, machine_id, status, attempt, claim_number,
        request_vault_id, created_by, created_time, ready_time, assigned_time, started_time, finished_time,
        completion_status)
    overriding system value
    select lane.company_id, {first} + number, gen_random_uuid(), lane.team_id, lane.policy_id, lane.lane_id,
           lane.machine_id, 'COMPLETED', 1, 1, 0, (select min(user_id) from data.company_user), at.time, at.time,
           at.time, at.time, at.time, 'SUCCESS'
    from generate_series(1, {count}) as number
    join (
        select *, row_number() over (order by lane_id) as place
        from data.lane
        where machine_id is not null
    ) as lane on lane.place = 1 + number % {machines}
    cross join lateral (
        select clock_timestamp() - interval '30 days' + number * interval '0.4 seconds' as time) as at;
    insert into data.claim (
        company_id, queue_id, claim_number, attempt, actor, claimed_time, lease_seconds, sign_time, ended_time, outcome,
        answer_status)
    select item.company_id, item.queue_id, 1, 1, 'benchmark', item.created_time, 30, item.created_time,
           item.created_time, 'COMPLETED', 'SUCCESS'
    from data.queue_item as item
    where item.status = 'COMPLETED'
"""

FIRST = 1_000_000_000  # beyond all that the calls make
EMPTY = """
    truncate data.queue_item, data.claim, data.queue_event, data.idempotency, data.dependency, data.dead_letter;
    delete from data.vault_record
"""
WRAPPED_KEY = "\\x4a560101010000000001" + "ab" * 60
CONTENT = "\\x4a560101" + "ab" * 1046  # a sealed vault of 1 KiB


def empty(stage: Stage) -> None:
    """No items, and statistics that know it not: as after a restart of the benchmark."""
    stage.run_sql(EMPTY)
    stage.run_sql("vacuum analyze")


def add_pending(
    stage: Stage, count: int, machines: int, *, queue: str = "default", first: int = FIRST, later: str = ""
) -> None:
    """Add waiting items, spread evenly over the first machines: item n has queue id first + n.

    Args:
        later: held back for so long, an interval.
    """
    values = {"count": count, "machines": machines, "first": first, "queue": queue}
    values |= {"later": later or "0", "held": "TIME" if later else ""}
    stage.run_sql(PENDING.format(company=COMPANY, wrapped_key=WRAPPED_KEY, content=CONTENT, **values))
    stage.run_sql("vacuum analyze")


def add_finished(stage: Stage, count: int, machines: int) -> None:
    """Add items that have come to their end during the last month, with their claims, over machines that have lanes."""
    stage.run_sql(FINISHED.format(count=count, machines=machines, first=FIRST * 10))
    stage.run_sql("vacuum analyze")


def claim_all(stage: Stage, claim_hash: str) -> None:
    """Make every waiting item a claimed one, under one claim token."""
    stage.run_sql(CLAIM_ALL.format(claim_hash=claim_hash))
    stage.run_sql("vacuum analyze")
