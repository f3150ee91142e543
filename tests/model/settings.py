"""The world that a player begins with, its clock, and what can be set in it: limits, pauses, labels."""

import psycopg

from tests.model.limits import BACKOFF_SECONDS, Company, Queue
from tests.world import Caller, must

# Leases, backoffs and the like end 100 seconds from any jump, or right at one: real time decides nothing.
JUMP_SECONDS = 600
SOON_SECONDS = 500
LABELS = {"os": "linux"}

EMPTY = """
    delete from data.queue_item;
    delete from data.vault_record where owner_kind = 'queue_item';
    delete from data.queue_event;
    delete from data.lane where user_id is not null;
    update data.company set max_running = null, max_running_per_user = null;
    update data.queue_policy
    set concurrency = null, rate_burst = null, rate_per_second = null, tokens = null, tokens_time = null,
        paused_time = null, timeout_seconds = null;
    update data.machine set paused_time = null, paused_by = null, team_labels = null;
    update data.test_clock set ahead = '0';
"""


class Settings:
    """A machine with two queues and no items, and its model."""

    def __init__(self, brokers: list[Caller], admin: psycopg.Connection) -> None:
        self.brokers = brokers
        self.admin = admin
        self.now = 0
        self.company = Company([Queue("default"), Queue("careful", retry_on_crash=False)])
        if not admin.execute("select from data.queue_policy where queue_name = 'careful'").fetchall():
            must(brokers[0]("CreateQueue", teamName="ops", queueName="careful", retryOnCrash=False))
            for queue in self.company.queues:
                backoff = {"fixed": {"delayMs": 1000 * BACKOFF_SECONDS}}
                must(brokers[0]("UpdateQueue", teamName="ops", queueName=queue.name, backoff=backoff))
        admin.execute(EMPTY)

    def set_limits(self, queue: int, concurrency: int | None, burst: int | None) -> None:
        """Other limits of a queue; a bucket fills by one and a half in a jump."""
        policy = self.company.queues[queue]
        per_second = 1.5 / JUMP_SECONDS
        rate = None if burst is None else {"maxBurst": burst, "perSecond": per_second}
        lifted = [name for name, value in (("concurrency", concurrency), ("rateLimit", rate)) if value is None]

        must(
            self.brokers[0](
                "UpdateQueue",
                teamName="ops",
                queueName=policy.name,
                concurrency=concurrency,
                rateLimit=rate,
                clear=lifted,
            )
        )

        policy.concurrency = concurrency
        policy.limit_rate(burst, per_second, self.now)

    def limit_company(self, max_running: int | None, per_user: int | None) -> None:
        must(self.brokers[0]("UpdateCompanyLimits", _as="ann", maxRunning=max_running, maxRunningPerUser=per_user))
        self.company.max_running, self.company.max_running_per_user = max_running, per_user

    def pause(self, queue: int) -> None:
        """Pause a queue, or let a paused one go on."""
        policy = self.company.queues[queue]
        call = "ResumeQueue" if policy.paused else "PauseQueue"
        must(self.brokers[0](call, teamName="ops", queueName=policy.name))
        policy.paused = not policy.paused

    def pause_machine(self) -> None:
        """Pause the machine, or let it go on."""
        call = "ResumeMachine" if self.company.paused else "PauseMachine"
        must(self.brokers[0](call, teamName="ops", machineName="build-01"))
        self.company.paused = not self.company.paused

    def label(self) -> None:
        """Give the machine its labels, or take them away."""
        self.company.labelled = not self.company.labelled
        labels = LABELS if self.company.labelled else {}
        must(self.brokers[0]("UpdateMachineLabels", teamName="ops", machineName="build-01", labels=labels))

    def pass_time(self, jumps: int) -> None:
        self.now += jumps * JUMP_SECONDS
        self.admin.execute("update data.test_clock set ahead = %s * interval '1 second'", [self.now])
