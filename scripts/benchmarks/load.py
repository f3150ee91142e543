"""Backlogs, written by SQL: a million items through the calls would take an hour."""

from scripts.benchmarks.stage import Stage

COMPANY = "(select company_id from data.company)"

PENDING = """
    with numbered as (
        select number, machine.machine_id, machine.machine_uuid, machine.team_id, md5('item' || number)::uuid as task_id
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
        created_time, ready_time)
    overriding system value
    select vaults.company_id, {first} + numbered.number, numbered.task_id, numbered.team_id, policy.policy_id,
           queue.lane_of(vaults.company_id, policy.policy_id, numbered.machine_id, null, null), numbered.machine_id,
           vaults.vault_record_id,
           (select min(user_id) from data.company_user), clock_timestamp(), clock_timestamp()
    from numbered
    join vaults on vaults.owner_id = numbered.task_id
    join data.queue_policy as policy on policy.team_id = numbered.team_id
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

FIRST = 1_000_000_000  # beyond all that the calls make
EMPTY = "truncate data.queue_item, data.claim, data.queue_event, data.idempotency; delete from data.vault_record"
WRAPPED_KEY = "\\x4a560101010000000001" + "ab" * 60
CONTENT = "\\x4a560101" + "ab" * 1046  # a sealed vault of 1 KiB


def empty(stage: Stage) -> None:
    """No items, and statistics that know it not: as after a restart of the benchmark."""
    stage.run_sql(EMPTY)
    stage.run_sql("vacuum analyze")


def add_pending(stage: Stage, count: int, machines: int) -> None:
    """Add waiting items, spread evenly over the first machines: item n has queue id FIRST + n."""
    values = {"count": count, "machines": machines, "first": FIRST}
    stage.run_sql(PENDING.format(company=COMPANY, wrapped_key=WRAPPED_KEY, content=CONTENT, **values))
    stage.run_sql("vacuum analyze")


def claim_all(stage: Stage, claim_hash: str) -> None:
    """Make every waiting item a claimed one, under one claim token."""
    stage.run_sql(CLAIM_ALL.format(claim_hash=claim_hash))
    stage.run_sql("vacuum analyze")
