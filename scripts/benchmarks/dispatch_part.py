"""What limits, blocked backlogs, history and old snapshots cost a claim: the procedures alone, by pgbench.

Each figure is the time of a claim beside that of the same claim without the burden, both measured in this run.
"""

import hashlib
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from scripts.benchmarks.load import FIRST, add_finished, add_pending, empty
from scripts.benchmarks.report import Figure
from scripts.benchmarks.sql_part import CLAIM, CLIENTS, CREATE, Bench
from scripts.benchmarks.stage import MACHINES, TEAM, Stage

CLAIMS = 400
WAITING = 20_000
BLOCKED = 100_000
FINISHED = 5_000_000
CHURN_MINUTES = 10.0
CHURN_CLIENTS = 4

QUEUES = """
    insert into data.queue_policy (
        company_id, policy_uuid, team_id, queue_name, concurrency, rate_burst, rate_per_second, max_retries, backoff,
        paused_time, created_time)
    select team.company_id, gen_random_uuid(), team.team_id, queue.name, queue.concurrency, queue.rate, queue.rate, 0,
           data.default_backoff(), queue.paused, clock_timestamp()
    from data.team as team
    cross join (values
        ('limited', 100000, 100000, null::timestamptz),
        ('full', 1, null, null),
        ('paused', null, null, clock_timestamp())) as queue (name, concurrency, rate, paused)
    where team.team_name = '{team}'
"""

# The only place of the queue `full` is taken.
FILL = """
    update data.queue_item
    set status = 'PROCESSING', attempt = 1, claim_number = 1, lease_seconds = 86400,
        lease_until = clock_timestamp() + interval '1 day'
    where queue_id = (
        select min(queue_id)
        from data.queue_item
        join data.queue_policy using (company_id, policy_id)
        where queue_name = 'full')
"""

# Behind CREATE, to a whole life: claimed, and completed by who claimed it.
LIVE_AND_END = r"""
    begin;
    select set_config('broker.token_hash', '{session}', true);
    select (items[1]).queue_id, (items[1]).attempt
    from api.get_queue_items_next(p_machine_name => 'm' || :m, p_item_count => 1, p_claim => sha256('x')) \gset
    end;
    \startpipeline
    select set_config('broker.token_hash', '{session}', true);
    select * from api.update_queue_item_to_completed(p_queue_id => :queue_id, p_claim_token => sha256('x'),
        p_response_vault => row('machine', md5('m' || :m)::uuid, 'queue_item',
            (select task_id from data.queue_item where queue_id = :queue_id and company_id > 0), :attempt::integer,
            'response', 1, :wrapped_key, :content, sha256('answer'))::data.vault);
    \endpipeline
"""


def measure(stage: Stage, seconds: float, rounds: int, share: float) -> list[Figure]:
    """All figures of the dispatch.

    Args:
        share: of the full history and churn, which take half an hour.
    """
    bench = Bench(stage, seconds)
    stage.run_sql(
        "update data.held_key set key_id = md5(machine_name)::uuid from data.machine where key_id = machine_uuid"
    )
    stage.run_sql("update data.machine set machine_uuid = md5(machine_name)::uuid")
    stage.run_sql(QUEUES.format(team=TEAM))
    return [*limits(bench, rounds), *blocked(bench, rounds), *history(bench, rounds, share)]


def claims(bench: Bench, clients: int = 1) -> float:
    """Claims a second, each of one item of a random machine."""
    session = hashlib.sha256(bench.stage.session.encode()).hexdigest()
    return bench.speed(CLAIM.format(session=session), clients=clients, transactions=CLAIMS)


def limits(bench: Bench, rounds: int) -> Iterator[Figure]:
    """Claims of a queue with concurrency and rate limit, beside claims of one without."""
    for clients, target in ((1, 1.5), (CLIENTS, None)):
        values = []
        for _ in range(rounds):
            speeds = []
            for queue in ("default", "limited"):
                empty(bench.stage)
                add_pending(bench.stage, WAITING, MACHINES, queue=queue)
                speeds.append(claims(bench, clients))
            values.append(speeds[0] / speeds[1])
        name = (
            "claim with concurrency and rate limit: time / without" if clients == 1 else f"the same, {clients} at once"
        )
        yield Figure(name, values, "x", "<= 1.5" if target else "told: one after the other", at_most=target)


def blocked(bench: Bench, rounds: int) -> Iterator[Figure]:
    """Claims with 100,000 items in front that nobody may have, beside claims with none."""
    cases: dict[str, Callable[[], None]] = {
        "limit reached": lambda: fill(bench.stage),
        "paused": lambda: add_pending(bench.stage, BLOCKED, MACHINES, queue="paused"),
        "not before": lambda: add_pending(bench.stage, BLOCKED, MACHINES, later="1 day"),
    }
    for name, block in cases.items():
        values = []
        for _ in range(rounds):
            empty(bench.stage)
            add_pending(bench.stage, WAITING, MACHINES, first=FIRST * 2)
            free = claims(bench)
            empty(bench.stage)
            block()
            add_pending(bench.stage, WAITING, MACHINES, first=FIRST * 2)
            values.append(free / claims(bench))
        yield Figure(f"claim, 100,000 in front, {name}: time / with none", values, "x", "<= 1.3", at_most=1.3)


def fill(stage: Stage) -> None:
    add_pending(stage, BLOCKED, MACHINES, queue="full")
    stage.run_sql(FILL)


def history(bench: Bench, rounds: int, share: float) -> Iterator[Figure]:
    """Claims with millions of finished items, after churn, and while an old snapshot keeps every dead row."""
    stage = bench.stage
    empty(stage)
    fresh = measured(bench, rounds)
    add_finished(stage, int(FINISHED * share), MACHINES)
    kept = measured(bench, rounds)
    yield against(f"claim, {int(FINISHED * share):,} finished kept: time / with none", fresh, kept, 1.3)

    churn = Bench(stage, CHURN_MINUTES * 60 * share)
    turn_over(churn)
    yield against(f"the same after {churn.seconds / 60:.1f} minutes of churn", fresh, measured(bench, rounds), 1.3)
    with old_snapshot(stage):
        turn_over(churn)
        held = measured(bench, rounds)
    yield against(f"claim, a snapshot held for {churn.seconds / 60:.1f} minutes of churn", fresh, held, 3)


def measured(bench: Bench, rounds: int) -> list[float]:
    """Speeds of claims, with items for them to take."""
    speeds = []
    for _ in range(rounds):
        bench.stage.run_sql("delete from data.queue_item where status <> 'COMPLETED'")
        [(highest,)] = bench.stage.fetch("select coalesce(max(queue_id), 0)::bigint from data.queue_item")
        add_pending(bench.stage, WAITING, MACHINES, first=int(str(highest)) + 1)
        speeds.append(claims(bench))
    return speeds


def against(what: str, before: list[float], after: list[float], target: float) -> Figure:
    usual = statistics.median(before)
    return Figure(what, [usual / speed for speed in after], "x", f"<= {target:g}", at_most=target)


def turn_over(bench: Bench) -> None:
    session = hashlib.sha256(bench.stage.session.encode()).hexdigest()
    bench.speed((CREATE + LIVE_AND_END).format(session=session, team=TEAM), clients=CHURN_CLIENTS)


@contextmanager
def old_snapshot(stage: Stage) -> Iterator[None]:
    """A transaction that began before and reads what was then: nothing that dies may be cleaned away."""
    with psycopg.connect(stage.url) as connection:
        connection.execute("set idle_in_transaction_session_timeout = 0")  # else the server ends who holds it up
        connection.commit()
        connection.execute("set transaction isolation level repeatable read")
        connection.execute("select count(*) from data.company")
        yield
