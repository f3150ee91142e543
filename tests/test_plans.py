"""The hot procedures go from row to row by index, whatever the statistics of their tables say.

Procedures plan once (sql/publish.sql). A plan made while a table was empty may read it whole, and would be kept.
"""

import hashlib
import json
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.world import World

Node = dict[str, Any]  # of a plan, as EXPLAIN writes it
Row = dict[str, Any]

EXPLAIN = """
    load 'auto_explain';
    set auto_explain.log_min_duration = 0;
    set auto_explain.log_nested_statements = on;
    set auto_explain.log_analyze = on;
    set auto_explain.log_timing = off;
    set auto_explain.log_format = json;
    set auto_explain.log_level = notice;
"""

MORE_MACHINES = """
    insert into data.machine (company_id, machine_uuid, machine_name, team_id, bridge_id, created_time)
    select company_id, gen_random_uuid(), 'more-' || number, team_id, bridge_id, created_time
    from data.machine
    cross join generate_series(1, 100) as number
    where company_id = 1 and machine_name = 'build-01';

    insert into data.held_key (company_id, holder_kind, holder_id, key_kind, key_id, key_version, wrapped, check_value)
    select held.company_id, held.holder_kind, held.holder_id, held.key_kind, more.machine_uuid, held.key_version,
           held.wrapped, held.check_value
    from data.token as token
    join data.held_key as held on held.holder_id = token.token_id
    join data.machine as machine on machine.machine_uuid = held.key_id and machine.machine_name = 'build-01'
    join data.machine as more on more.company_id = token.company_id and more.machine_name like 'more-%'
    where token.token_name = 'north';
"""

BACKLOG = """
    with vault as (
        insert into data.vault_record (
            company_id, scope_kind, scope_id, owner_kind, owner_id, attempt, vault_name, vault_id, wrapped_key, content,
            written_time)
        select company_id, 'machine', machine_uuid, 'queue_item', gen_random_uuid(), 0, 'request', number,
               decode('4a560101010000000001' || repeat('ab', 60), 'hex'), decode('4a560101' || repeat('ab', 66), 'hex'),
               data.clock()
        from generate_series(1, 100) as number
        cross join data.machine
        returning *)
    insert into data.queue_item (
        company_id, task_id, team_id, policy_id, lane_id, machine_id, request_vault_id, created_by, created_time,
        ready_time)
    select vault.company_id, vault.owner_id, machine.team_id, policy.policy_id,
           queue.lane_of(vault.company_id, policy.policy_id, machine.machine_id, null, null), machine.machine_id,
           vault.vault_record_id,
           (select min(user_id) from data.company_user as person where person.company_id = vault.company_id),
           vault.written_time, vault.written_time
    from vault
    join data.machine as machine on machine.machine_uuid = vault.scope_id
    join data.queue_policy as policy on policy.team_id = machine.team_id;
"""

LINE = """
    insert into data.queue_item (
        company_id, task_id, team_id, policy_id, lane_id, machine_id, request_vault_id, created_by, created_time,
        ready_time)
    select company_id, gen_random_uuid(), team_id, policy_id, lane_id, machine_id, request_vault_id, created_by,
           created_time, ready_time
    from data.queue_item
    cross join generate_series(1, 1500);
"""

VAULT = """
    row('machine', {machine}, 'queue_item', {owner}, {attempt}, '{name}', 1,
        decode('4a560101010000000001' || repeat('ab', 60), 'hex'), decode('4a560101' || repeat('ab', 66), 'hex'),
        sha256('answer'))::data.vault
"""

# Tables that may hold millions of rows, and by which index the calls reach a row of them.
INDEXES = {
    "queue_item": {"queue_item_pkey", "queue_item_waiting", "queue_item_task_id"},
    "vault_record": {"vault_record_pkey"},
    "claim": {"claim_pkey", "claim_request"},
    "machine": {"machine_pkey", "machine_name", "machine_company_id_machine_uuid_key"},
    "token": {"token_pkey"},
    "token_company": {"token_company_pkey"},
}
GROWING = {"queue_item", "vault_record", "claim"}  # the others are there before anybody can call


class Read(NamedTuple):
    """One way of one statement to rows of one table; rows are those that it looked at in one go."""

    statement: str
    table: str
    way: str
    rows: float


class Hot:
    """The calls that make up most of a broker's work, on one connection, and the plans that they ran.

    Attributes:
        plans: of every statement in the calls, with the statement.
    """

    def __init__(self, connection: psycopg.Connection[Row], world: World) -> None:
        self.plans: list[tuple[str, Node]] = []
        self._connection = connection
        self._world = world
        connection.execute(EXPLAIN)

    def work(self) -> None:
        """An item's way, for the agent of a machine and for that of a bridge."""
        for who in ("build-01", "north"):
            self.create()
            item = self.claim(who)
            name = {"build-01": "p_task_id => %(task_id)s", "north": "p_queue_id => %(queue_id)s"}[who]
            claim = "p_claim_token => sha256('claim')"
            answer = VAULT.format(
                machine="%(machine_uuid)s", owner="%(task_id)s", attempt="%(attempt)s", name="response"
            )
            self.call(who, f"update_queue_item_heartbeat({name}, {claim})", item)
            self.call(who, f"update_queue_item_to_completed({name}, {claim}, p_response_vault => {answer})", item)

    def create(self) -> None:
        machine = self._row("select machine_uuid from data.machine where company_id = 1 and machine_name = 'build-01'")
        vault = VAULT.format(machine="%(machine_uuid)s", owner="gen_random_uuid()", attempt="0", name="request")
        self.call("bob", f"create_queue_item('ops', {vault}, 'build-01')", machine)

    def claim(self, who: str) -> Row:
        """Take one item."""
        arguments = "p_item_count => 1, p_claim => sha256('claim'), p_request_id => %(request)s"
        self.call(who, f"get_queue_items_next({arguments})", {"request": str(uuid4())})
        return self._row("""
            select item.queue_id, item.task_id, item.attempt, machine.machine_uuid
            from data.claim as claim
            join data.queue_item as item using (company_id, queue_id)
            join data.machine as machine
                on machine.company_id = item.company_id and machine.machine_id = item.machine_id
            where claim.outcome is null
        """)

    def call(self, who: str, call: str, values: Row) -> None:
        """One call, in a transaction of its own."""
        token_hash = hashlib.sha256(self._world.tokens[who].encode()).hexdigest()
        with self._connection.transaction():
            self._connection.execute("select set_config('broker.token_hash', %s, true)", [token_hash])
            self.watch(f"select * from api.{call}", values)

    def watch(self, statement: str, values: Row | None = None) -> None:
        """Run a statement, and keep its plans and those of all within it."""
        self._connection.add_notice_handler(self._keep_plan)
        self._connection.execute(statement.encode(), values)
        self._connection.remove_notice_handler(self._keep_plan)

    def reads(self, tables: Collection[str]) -> Iterator[Read]:
        """How rows of these tables were read."""
        for statement, plan in self.plans:
            for node in nodes(plan):
                if node.get("Relation Name") in tables and node["Node Type"] != "ModifyTable":
                    yield Read(
                        statement,
                        node["Relation Name"],
                        node.get("Index Name") or node["Node Type"],
                        node["Actual Rows"] + node.get("Rows Removed by Filter", 0),
                    )

    def _keep_plan(self, notice: psycopg.errors.Diagnostic) -> None:
        explained = json.loads((notice.message_primary or "").partition("plan:\n")[2])
        self.plans.append((explained["Query Text"], explained["Plan"]))

    def _row(self, query: str) -> Row:
        row = self._connection.execute(query.encode()).fetchone()
        assert row is not None
        return row


def nodes(plan: Node) -> Iterator[Node]:
    """A plan's nodes that ran."""
    if plan["Actual Loops"] > 0:
        yield plan
        for child in plan.get("Plans", []):
            yield from nodes(child)


@pytest.fixture
def hot(database: str, world: World) -> Iterator[Hot]:
    with psycopg.connect(database, autocommit=True, row_factory=dict_row) as connection:
        connection.execute(MORE_MACHINES.encode())
        yield Hot(connection, world)


def wrong(hot: Hot, tables: Collection[str]) -> list[Read]:
    """Reads by another index than is meant, or of more than the one row that is wanted."""
    return [read for read in hot.reads(tables) if read.rows > 1 or read.way not in INDEXES[read.table]]


@pytest.mark.parametrize("analysed", [False, True], ids=["never analysed", "analysed"])
def test_statements_planned_on_empty_tables_stay_on_their_indexes(
    hot: Hot, admin: psycopg.Connection, analysed: bool
) -> None:
    if analysed:
        admin.execute("analyze")
    hot.work()
    admin.execute(BACKLOG.encode())
    hot.plans.clear()

    hot.work()

    assert [read for read in wrong(hot, GROWING) if not is_of_old_servers(read, admin)] == []


def is_of_old_servers(read: Read, admin: psycopg.Connection) -> bool:
    """Servers before 17 may read every item of a company for `= any(...)`, until the first ANALYZE."""
    return admin.info.server_version < 170000 and "= any(v_ids)" in read.statement


def test_a_claim_with_little_room_looks_no_further_than_that(hot: Hot, admin: psycopg.Connection) -> None:
    hot.create()
    admin.execute(LINE.encode())
    admin.execute("update data.queue_policy set concurrency = 2 where company_id = 1")
    hot.plans.clear()

    hot.call("build-01", "get_queue_items_next(p_item_count => 5, p_claim => sha256('claim'))", {})

    assert admin.execute("select count(*) from data.queue_item where status = 'ASSIGNED'").fetchall() == [(2,)]
    assert [read for read in hot.reads({"queue_item"}) if read.rows > 10 and not is_of_old_servers(read, admin)] == []


def test_the_next_analysis_has_them_planned_anew(hot: Hot, admin: psycopg.Connection) -> None:
    admin.execute("analyze")
    hot.work()
    admin.execute(BACKLOG.encode())
    admin.execute("analyze")
    hot.plans.clear()

    hot.work()

    assert wrong(hot, INDEXES) == []


def test_a_batch_planned_before_any_analysis_reads_no_items_but_its_own(hot: Hot, admin: psycopg.Connection) -> None:
    if admin.info.server_version < 170000:
        pytest.skip("servers before 17 read an index once for each element of = any(...), until the first ANALYZE")
    hot.create()
    admin.execute(LINE.encode())
    hot.call("build-01", "get_queue_items_next(p_item_count => 10, p_claim => sha256('claim'))", {})
    completion = "row(item.task_id, null, sha256('claim'), {vault}, null, null)::data.completion".format(
        vault=VAULT.format(machine="machine.machine_uuid", owner="item.task_id", attempt="1", name="response")
    )
    completions = f"""
        select {completion}
        from data.queue_item as item
        join data.machine as machine on machine.machine_id = item.machine_id
        where item.status = 'ASSIGNED'
    """
    hot.plans.clear()

    hot.call("build-01", f"update_queue_items_to_completed(array({completions}))", {})

    hot.plans = [plan for plan in hot.plans if "update_queue_items_to_completed" not in plan[0]]  # what it does itself
    reads = list(hot.reads({"queue_item", "claim"}))
    assert reads != []
    assert [read for read in reads if read.rows > 10 or read.way.endswith("Scan")] == []


@pytest.mark.parametrize("analysed", [False, True], ids=["never analysed", "analysed"])
def test_items_named_by_task_id_are_found_without_reading_others(
    hot: Hot, admin: psycopg.Connection, analysed: bool
) -> None:
    if analysed:
        admin.execute("analyze")
    machine = "(select machine_uuid from data.machine where company_id = 1 and machine_name = 'build-01')"
    vault = VAULT.format(machine=machine, owner="%(new)s::uuid", attempt="0", name="request")

    def work() -> None:
        hot.create()
        item = hot.claim("build-01")
        named = "p_items => array[row(%(task_id)s, null, sha256('claim'), {})::data.{}]"
        beat, back = named.format("null, null, null", "heartbeat"), "p_items => array[{}]"
        hot.call("build-01", f"update_queue_item_heartbeat({beat})", item)
        request = "row(%(task_id)s, null, sha256('claim'))::data.return_request"
        hot.call("build-01", f"return_queue_items({back.format(request)})", item)
        hot.call("bob", f"create_queue_item('ops', {vault}, 'build-01', p_task_id => %(new)s)", {"new": str(uuid4())})

    work()
    admin.execute(LINE.encode())
    hot.plans.clear()
    work()

    assert list(hot.reads({"queue_item"})) != []
    assert [read for read in wrong(hot, {"queue_item"}) if not is_of_old_servers(read, admin)] == []


def test_every_index_meant_is_used(hot: Hot, admin: psycopg.Connection) -> None:
    admin.execute(BACKLOG.encode())
    admin.execute("analyze")

    hot.work()

    used = {(read.table, read.way) for read in hot.reads(INDEXES)}
    assert used == {(table, index) for table, indexes in INDEXES.items() for index in indexes}


def test_what_is_told_of_one_item_costs_the_same_whatever_waits_behind_it(hot: Hot, admin: psycopg.Connection) -> None:
    hot.create()
    hot.call("bob", "get_queue_item_details(%(queue_id)s)", first_and_last(admin)[0])
    admin.execute(LINE.encode())
    hot.plans.clear()

    for item in first_and_last(admin):
        hot.call("bob", "get_queue_item_details(%(queue_id)s)", item)
    admin.execute("delete from data.queue_item where queue_id > %(queue_id)s", first_and_last(admin)[0])

    reads = list(hot.reads({"queue_item", "vault_record", "queue_event"}))
    counted = {"queue_item_waiting", "queue_item_live"}
    assert max(read.rows for read in reads if read.way in counted) == 1001
    assert [read for read in reads if read.way not in counted and read.rows > 1] == []
    assert [read for read in reads if read.way.endswith("Scan")] == []


def first_and_last(admin: psycopg.Connection) -> list[Row]:
    """The oldest item and the youngest."""
    found = admin.execute("select min(queue_id), max(queue_id) from data.queue_item").fetchone()
    assert found is not None
    return [{"queue_id": queue_id} for queue_id in found]
