"""The procedures alone, by pgbench: against a fixed reference, against the size of the backlog, machine against bridge.

The reference never changes: 16 clients, prepared, durable, one transaction of one insert each into three plain tables,
an item, its vault of 1 KiB, an event.
"""

import hashlib
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

from scripts.benchmarks.load import CONTENT, FIRST, WRAPPED_KEY, add_pending, claim_all, empty
from scripts.benchmarks.report import Figure
from scripts.benchmarks.stage import MACHINES, TEAM, Stage, pgbench_program

CLIENTS = 16
CLAIM_TOKEN = "benchmark"  # noqa: S105

REFERENCE_TABLES = """
    create schema if not exists reference;
    create table reference.item (
        item_id bigint generated always as identity primary key,
        machine_id bigint not null,
        status smallint not null default 0,
        created_time timestamptz not null default now());
    create table reference.vault (
        item_id bigint not null, kind smallint not null, content bytea not null, primary key (item_id, kind));
    create table reference.event (
        item_id bigint not null, event smallint not null, event_time timestamptz not null default now());
    create index event_item on reference.event (item_id);
"""

REFERENCE = r"""
    \set m random(1, 100)
    begin;
    insert into reference.item (machine_id) values (:m) returning item_id \gset
    insert into reference.vault (item_id, kind, content) values (:item_id, 1, :content);
    insert into reference.event (item_id, event) values (:item_id, 1);
    commit;
"""

CREATE = r"""
    \set m random(1, 100)
    \startpipeline
    select set_config('broker.token_hash', '{session}', true);
    select * from api.create_queue_item(p_team_name => '{team}', p_machine_name => 'm' || :m,
        p_queue_vault => row('machine', md5('m' || :m)::uuid, 'queue_item', gen_random_uuid(), 0, 'request', 1,
            :wrapped_key, :content, null)::data.vault);
    \endpipeline
"""

# A claim that finds nothing divides by zero: it is no sample of a claim.
CLAIM = r"""
    \set m random(1, 100)
    \startpipeline
    select set_config('broker.token_hash', '{session}', true);
    select *, 1 / cardinality(items)
    from api.get_queue_items_next(p_machine_name => 'm' || :m, p_item_count => 1, p_claim => sha256('x'));
    \endpipeline
"""

AGENT_CLAIM = r"""
    \startpipeline
    select set_config('broker.token_hash', '{agent}', true);
    select *, 1 / cardinality(items) from api.get_queue_items_next(p_item_count => 1, p_claim => sha256('x'));
    \endpipeline
"""

COMPLETE = r"""
    \set i :i + 1
    \set n :client_id * :per_client + :i
    \set m 1 + mod(:n, 100)
    \set queue_id :first + :n
    \startpipeline
    select set_config('broker.token_hash', '{session}', true);
    select * from api.update_queue_item_to_completed(p_queue_id => :queue_id, p_claim_token => '{claim_hash}'::bytea,
        p_response_vault => row('machine', md5('m' || :m)::uuid, 'queue_item', md5('item' || :queue_id)::uuid, 1,
            'response', 1, :wrapped_key, :content, sha256('x'))::data.vault);
    \endpipeline
"""


@dataclass(frozen=True)
class Bench:
    """Runs pgbench scripts on the stage's database."""

    stage: Stage
    seconds: float

    def speed(
        self, script: str, *, clients: int = CLIENTS, transactions: int | None = None, **variables: object
    ) -> float:
        """Calls a second.

        Args:
            transactions: of each client; without, for some seconds.
        """
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write("\n".join(line.strip() for line in script.splitlines()))
            file.flush()
            command = [pgbench_program(), "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-f", file.name]
            command += ["-t", str(transactions)] if transactions else ["-T", f"{self.seconds:.0f}"]
            defined = {"content": CONTENT, "wrapped_key": WRAPPED_KEY, "i": 0, **variables}
            command += [text for name, value in defined.items() for text in ("-D", f"{name}={value}")]
            done = subprocess.run([*command, self.stage.url], capture_output=True, text=True, check=False)
        found = re.search(r"^tps = ([\d.]+)", done.stdout, re.M)
        if done.returncode or not found or "number of failed transactions: 0" not in done.stdout:
            raise RuntimeError(f"pgbench: {done.stderr[-2000:]}")
        return float(found[1])


def measure(stage: Stage, seconds: float, rounds: int) -> list[Figure]:
    """All figures of the procedures alone."""
    bench = Bench(stage, seconds)
    stage.run_sql(REFERENCE_TABLES)
    # The scripts have to name a machine's key by its name.
    stage.run_sql(
        "update data.held_key set key_id = md5(machine_name)::uuid from data.machine where key_id = machine_uuid"
    )
    stage.run_sql("update data.machine set machine_uuid = md5(machine_name)::uuid")
    return [*against_reference(bench, rounds), *bridge_against_machine(bench, rounds), backlog(bench, rounds)]


def against_reference(bench: Bench, rounds: int) -> Iterator[Figure]:
    """Create, claim and complete, each beside the reference, in turn."""
    stage = bench.stage
    session = hashlib.sha256(stage.session.encode()).hexdigest()
    claim_hash = "\\x" + hashlib.sha256(CLAIM_TOKEN.encode()).hexdigest()
    ratios: dict[str, list[float]] = {"create": [], "claim": [], "complete": []}
    references: list[float] = []
    for _ in range(rounds):
        empty(stage)
        reference = bench.speed(REFERENCE)
        references.append(reference)
        ratios["create"].append(bench.speed(CREATE.format(session=session, team=TEAM)) / reference)
        empty(stage)
        add_pending(stage, 30_000, MACHINES)
        reference = bench.speed(REFERENCE)
        ratios["claim"].append(bench.speed(CLAIM.format(session=session)) / reference)
        empty(stage)
        per_client = max(200, int(bench.seconds * 200))
        add_pending(stage, CLIENTS * per_client, MACHINES)
        claim_all(stage, claim_hash)
        reference = bench.speed(REFERENCE)
        complete = bench.speed(
            COMPLETE.format(session=session, claim_hash=claim_hash),
            transactions=per_client,
            first=FIRST,
            per_client=per_client,
        )
        ratios["complete"].append(complete / reference)
    yield Figure("reference, calls a second", references, "/s")
    for name, values in ratios.items():
        yield Figure(f"{name} alone / reference", values, "", ">= 0.6", at_least=0.6)


def bridge_against_machine(bench: Bench, rounds: int) -> Iterator[Figure]:
    """Claims by the bridge's token over 100 machines and claims of single machines, with 100,000 items waiting.

    Alone, and 16 at once: these see the same next items, and have to pass by what the others have locked.
    """
    stage = bench.stage
    session = hashlib.sha256(stage.session.encode()).hexdigest()
    by_bridge = AGENT_CLAIM.format(agent=hashlib.sha256(stage.bridge_token.encode()).hexdigest())
    by_machine = CLAIM.format(session=session)
    empty(stage)
    add_pending(stage, 100_000, MACHINES)
    what = "claim by bridge, 100 machines, 100,000 waiting: time / one machine's"
    for clients, name in ((1, what), (CLIENTS, f"the same, {CLIENTS} at once")):
        values = []
        for _ in range(rounds):
            machine = bench.speed(by_machine, clients=clients, transactions=150)
            values.append(machine / bench.speed(by_bridge, clients=clients, transactions=150))
        yield Figure(name, values, "x", "<= 2", at_most=2.0)


def backlog(bench: Bench, rounds: int) -> Figure:
    """One client claims for random machines with a thousand items waiting, and with a million."""
    stage = bench.stage
    session = hashlib.sha256(stage.session.encode()).hexdigest()
    # One machine after the other: by chance one would be asked for more than it has.
    in_turn = "\\set i :i + 1\n\\set m 1 + mod(:i, 100)"
    script = CLAIM.format(session=session).replace("\\set m random(1, 100)", in_turn)
    small = []
    for _ in range(rounds):
        empty(stage)
        add_pending(stage, 1_000, MACHINES)
        small.append(bench.speed(script, clients=1, transactions=400))
    empty(stage)
    add_pending(stage, 1_000_000, MACHINES)
    large = [bench.speed(script, clients=1, transactions=400) for _ in range(rounds)]
    values = [few / many for few, many in zip(small, large, strict=True)]
    return Figure("claim, 1,000,000 waiting: time / with 1,000", values, "x", "<= 1.3", at_most=1.3)
