"""A company's key is rotated while its agents and users work: nobody notices."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
from flask import Flask

from tests.conftest import Clock
from tests.people import sign_in
from tests.races import meet
from tests.rotations import rotate, step
from tests.world import Caller, MakeItem, Reply, World, must

AGENTS = {"build-01": "build-01", "build-02": "build-02", "north": "dev-01"}
JOBS = 15
VAULT_VERSIONS = "select distinct data.key_version_of(wrapped_key)::integer from data.vault_record order by 1"


class Work:
    """Calls in threads; keeps every refusal and every vault that was not opened."""

    def __init__(self, app: Flask, world: World) -> None:
        self.app, self.world = app, world
        self.stopped = threading.Event()
        self.failures: list[object] = []
        self.done = 0

    def call(self, caller: Caller, procedure: str, name: str, **members: object) -> Reply:
        reply = caller(procedure, name, None, **members)
        if reply.failure or any(row.get("vaultError") for table in reply.body["tables"] for row in table["data"]):
            self.failures.append((procedure, name, reply.errors))
        return reply

    def answer_jobs(self, agent: str, machine: str) -> None:
        """Be an agent."""
        caller = self.world.caller(self.app.test_client())
        while not self.stopped.is_set():
            claimed = self.call(caller, "GetQueueItemsNext", agent, machineName=machine, itemCount=3, start=True)
            for row in claimed.rows if not claimed.failure else ():
                report = {name: row[name] for name in ("taskId", "claimToken")}
                self.call(caller, "UpdateQueueItemToCompleted", agent, responseVault=row["vaultContent"], **report)
                self.done += 1

    def give_jobs(self) -> None:
        """Be users, one who has been here since before, and some who sign in meanwhile."""
        caller = self.world.caller(self.app.test_client())
        for number in range(JOBS):
            team, machine, user = ("dev", "dev-01", "carol") if number % 3 == 0 else ("ops", "build-01", "bob")
            job = f'{{"number": {number}}}'
            self.call(caller, "CreateQueueItem", user, teamName=team, machineName=machine, queueVault=job)
            self.call(caller, "GetTeamQueueItems", user, teamName=team)


def test_no_call_fails_while_agents_and_users_work(
    app: Flask, call: Caller, world: World, clock: Clock, admin: psycopg.Connection, queue_item: MakeItem
) -> None:
    for _ in range(10):
        queue_item(machine="build-02")
    work = Work(app, world)

    with ThreadPoolExecutor(5) as threads:
        agents = [threads.submit(work.answer_jobs, agent, machine) for agent, machine in AGENTS.items()]
        user = threads.submit(work.give_jobs)
        outputs = [step(call, batchSize=3).outputs]
        while not user.done() or outputs[-1]["remaining"]:
            outputs.append(step(call, outputs[-1]["cursor"], batchSize=3).outputs)
        app.extensions["procedures"]._cache._entries.clear()
        clock.advance(minutes=3)
        while not outputs[-1]["done"]:
            outputs.append(step(call, outputs[-1]["cursor"], batchSize=50).outputs)
        again = threads.submit(work.give_jobs)
        again.result()
        work.stopped.set()
        for each in agents:
            each.result()

    assert work.failures == []
    assert work.done > 0
    assert outputs[-1]["keyVersion"] == 2
    assert admin.execute(VAULT_VERSIONS).fetchall() == [(2,)]


def test_of_two_that_begin_at_once_one_makes_the_key(
    call: Caller, app: Flask, admin: psycopg.Connection, database: str
) -> None:
    admin.execute("update data.company_user set permission_group = 'Administrators' where email ~ '^carol'")
    carol = sign_in(call, "carol@acme.example").row["nextRequestToken"]

    def begin(name: str) -> Callable[[], Reply]:
        return lambda: call.world.caller(app.test_client())("RotateCompanyKey", _as=name)

    replies = meet(database, "select from data.company for update", [begin("ann"), begin(carol)])

    assert sorted(reply.failure for reply in replies) == [0, 503]
    assert must(call("RotateCompanyKey", _as=carol)).outputs["keyVersion"] == 2
    assert admin.execute("select max(key_version) from data.company_key").fetchall() == [(2,)]


def test_a_step_that_failed_half_way_leaves_nothing_behind(
    call: Caller, admin: psycopg.Connection, clock: Clock, queue_item: MakeItem
) -> None:
    queue_item()
    admin.execute("alter table data.audit add constraint fault check (action <> 'Rotated')")
    begun = step(call).outputs
    clock.advance(minutes=3)
    crashed = call("RotateCompanyKey", _as="ann", cursor=begun["cursor"])
    admin.execute("alter table data.audit drop constraint fault")
    kept = admin.execute("select distinct key_version from data.held_key order by 1").fetchall()

    assert crashed.failure != 0
    assert kept == [(1,), (2,)]
    assert rotate(call, clock)[-1]["keyVersion"] == 2
    assert call("GetQueueItemsNext", _as="build-01").row["vaultContent"] == '{"handler":"shell"}'
