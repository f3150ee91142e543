"""Tell the story: make a company, queue the jobs, let real agents run them, show what happened, stop everything."""

import json
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
from rich.console import Console
from rich.live import Live

from scripts.demonstration.api import Api, CallFailedError
from scripts.demonstration.jobs import Task, tasks
from scripts.demonstration.processes import Processes, ProcessFailedError, running
from scripts.demonstration.screen import Row, live_table, show_answer, show_trace

TEAM = "ops"
REGION = "Default Region"
BRIDGE = "Global Bridges"
MACHINES = ("workshop", "fragile", "slow")
EMAIL = "ann@acme.example"
FINAL = ("COMPLETED", "FAILED", "CANCELLED")
POLL_SECONDS = 0.25
PATIENCE_SECONDS = 180


class DemonstrationError(Exception):
    """Something did not happen as it must."""


@dataclass
class Story:
    """The jobs by title, as they were queued and as they were last seen."""

    user: Api
    tasks: list[Task]
    queue_ids: dict[str, int] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    show: Callable[[], None] = lambda: None

    def queue(self) -> None:
        for task in self.tasks:
            [made] = self.user.call(
                "CreateQueueItem", teamName=TEAM, machineName=task.machine, queueVault=json.dumps(task.job)
            )
            self.queue_ids[task.title] = made["queueId"]

    def refresh(self) -> None:
        seen = {row["queueId"]: row for row in self.user.call("GetTeamQueueItems", teamName=TEAM)}
        self.rows = {title: seen[queue_id] for title, queue_id in self.queue_ids.items() if queue_id in seen}
        self.show()

    def wait(self, what: str, happened: Callable[[], bool]) -> None:
        """Watch the jobs until something has happened.

        Raises:
            DemonstrationError: it did not, for three minutes.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            self.refresh()
            if happened():
                return
            time.sleep(POLL_SECONDS)
        raise DemonstrationError(f"{what} did not happen within {PATIENCE_SECONDS} s")

    def task_of(self, machine: str) -> Task:
        [task] = [task for task in self.tasks if task.machine == machine]
        return task

    def row_of(self, machine: str) -> Row:
        return self.rows[self.task_of(machine).title]


def main() -> int:
    console = Console(width=None if sys.stdout.isatty() else 120)
    with temporary_folder() as folder, running(folder) as processes:
        try:
            play(console, folder, processes)
        except (DemonstrationError, ProcessFailedError, CallFailedError) as error:
            console.print(f"[red]The demonstration failed:[/red] {error}")
            for log in sorted(folder.glob("*.log")):
                console.print(f"--- {log.name}\n{log.read_text(errors='replace')[-2000:]}", markup=False, style="dim")
            return 1
    console.print("Everything was stopped and the temporary folder removed.")
    return 0


@contextmanager
def temporary_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="machine-job-broker-demo-"))
    folder.chmod(0o711)  # run by root, PostgreSQL has a user of its own, who must get to his folder
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def play(console: Console, folder: Path, processes: Processes) -> None:
    began = time.monotonic()
    data_dir = folder / "data"
    console.print("Starting PostgreSQL and the broker ...")
    url = processes.start_broker(data_dir)
    console.print(f"Broker at {url}, documentation at {url}/api/docs")

    password = secrets.token_urlsafe(16)
    made = processes.bootstrap(
        data_dir, password, company="Acme", email=EMAIL, team=TEAM, region=REGION, bridge=BRIDGE, machine=MACHINES[0]
    )
    user = Api(url, urllib3.PoolManager()).sign_in(EMAIL, password)
    tokens = {MACHINES[0]: made["agentToken"]}
    for machine in MACHINES[1:]:
        user.call("CreateMachine", teamName=TEAM, bridgeName=BRIDGE, machineName=machine)
        [row] = user.call("CreateAgentToken", machineName=machine, name=machine)
        tokens[machine] = row["token"]

    story = Story(user, tasks(data_dir))
    story.queue()
    console.print(f"Queued {len(story.tasks)} jobs, sealed; starting the agents ...")
    with Live(console=console, refresh_per_second=8) as live:
        story.show = lambda: live.update(live_table(story.tasks, story.rows))
        processes.start_agent("workshop", url, tokens["workshop"], slots=2)
        first = processes.start_agent("fragile", url, tokens["fragile"])
        late = claim_as_a_slow_worker(user.with_token(tokens["slow"]))

        story.wait("half of the fragile agent's job", lambda: (story.row_of("fragile")["progress"] or 0) >= 0.5)
        processes.kill(first)
        processes.start_agent("fragile-restarted", url, tokens["fragile"])
        cancel(story)
        story.wait("the end of the slow worker's lease", lambda: story.row_of("slow")["status"] == "PENDING")
        processes.start_agent("slow", url, tokens["slow"])
        story.wait(
            "the end of all jobs",
            lambda: len(story.rows) == len(story.tasks) and all(row["status"] in FINAL for row in story.rows.values()),
        )

    refusal = answer_too_late(user.with_token(tokens["slow"]), late)
    show_what_happened(console, story, refusal, time.monotonic() - began)
    check(story)


def claim_as_a_slow_worker(worker: Api) -> Row:
    """Take the slow machine's job by hand, show one sign of life and fall silent: the worker who will be late."""
    [claimed] = worker.call("GetQueueItemsNext", itemCount=1, leaseSeconds=5, start=True)
    worker.call("UpdateQueueItemHeartbeat", taskId=claimed["taskId"], claimToken=claimed["claimToken"], progress=0.1)
    return claimed


def cancel(story: Story) -> None:
    """Ask for the end of the job that would count for ten minutes, once it runs."""
    [task] = [task for task in story.tasks if task.expected[0] == "CANCELLED"]
    story.wait("the start of the job to cancel", lambda: story.rows[task.title]["status"] == "PROCESSING")
    story.user.call("CancelQueueItem", queueId=story.queue_ids[task.title], reason="demonstration", force=True)


def answer_too_late(worker: Api, claimed: Row) -> str:
    """Send the first worker's answer after the second one's, and give the sentence that refuses it."""
    answer: dict[str, Any] = {"handler": "shell", "exitCode": 0, "stdout": "the wrong answer"}
    try:
        worker.call(
            "UpdateQueueItemToCompleted",
            taskId=claimed["taskId"],
            claimToken=claimed["claimToken"],
            responseVault=json.dumps(answer),
            completionStatus="SUCCESS",
        )
    except CallFailedError as error:
        if error.status == 409:
            return error.message
        raise
    raise DemonstrationError("the late worker's answer was accepted")


def show_what_happened(console: Console, story: Story, refusal: str, seconds: float) -> None:
    console.print()
    console.rule("Answers, opened")
    for task in story.tasks:
        show_answer(console, task, story.rows[task.title])
    console.rule("Traces")
    for machine, title in (
        ("fragile", "The job whose agent was killed"),
        ("slow", "The job whose first worker was late"),
    ):
        show_trace(
            console, title, story.user.call("GetQueueItemTrace", queueId=story.queue_ids[story.task_of(machine).title])
        )
    console.print(f"The late worker was told: {refusal}")
    ends = [row["status"] for row in story.rows.values()]
    totals = ", ".join(f"{ends.count(status)} {status}" for status in FINAL)
    attempts = sum(row["attempt"] for row in story.rows.values())
    console.print(f"Totals: {len(ends)} jobs, {attempts} attempts: {totals}; {seconds:.0f} s")


def check(story: Story) -> None:
    """Raise DemonstrationError unless each job ended as it must."""
    for task in story.tasks:
        row = story.rows[task.title]
        if (row["status"], row["attempt"]) != task.expected:
            raise DemonstrationError(f"{task.title}: {row['status']} at attempt {row['attempt']}, not {task.expected}")


if __name__ == "__main__":
    sys.exit(main())
