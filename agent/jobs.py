"""The jobs that run now: one thread and one private folder for each, and how many more there may be."""

import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agent.answer import refusal_text
from agent.config import AgentConfig
from agent.execution import Execution, job_environment
from agent.handlers import Handler, NoJobError, Outcome, job_timeout, read_job
from agent.handlers.find import find_handler
from agent.log import log
from agent.redaction import NOTHING_HIDDEN
from agent.secrets import Secrets
from agent.wire import Claim, JsonObject


@dataclass(frozen=True)
class Running:
    """A claimed item in work; handler is the job's own name of it, for the answer."""

    claim: Claim
    handler: str
    execution: Execution


class Jobs:
    """Starts jobs and knows which run.

    Args:
        config: slots, limits and what is allowed.
        folder: where each job gets its own folder; emptied first, since nobody else may use it.
        began: called before a job's process is started.
        ended: called in the job's thread with its outcome, or None when the job was killed and its item is not ours to
            answer; the job holds its slot until it returns.
        freed: called when the slot is free again.
    """

    def __init__(
        self,
        config: AgentConfig,
        folder: Path,
        began: Callable[[Running], None],
        ended: Callable[[Running, Outcome | None], None],
        freed: Callable[[], None],
    ) -> None:
        self._config = config
        self._folder = folder
        self._began = began
        self._ended = ended
        self._freed = freed
        self._running: dict[str, Running] = {}
        self._changed = threading.Condition()
        self._environment = job_environment(os.environ, config.pass_environment)
        self._secrets = Secrets(config.secret_env, config.secret_files, os.environ)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def running(self) -> list[Running]:
        with self._changed:
            return list(self._running.values())

    def wait_for_slots(self, wanted: Callable[[], bool]) -> int:
        """Wait until a job may be started or none is wanted any more; tells how many may be started."""
        with self._changed:
            self._changed.wait_for(lambda: not wanted() or len(self._running) < self._config.slots)
            return max(0, self._config.slots - len(self._running)) if wanted() else 0

    def wake(self) -> None:
        """Let wait_for_slots ask again whether a job is wanted."""
        with self._changed:
            self._changed.notify_all()

    def start(self, claim: Claim) -> None:
        """Start a claimed job in a thread of its own.

        Raises:
            OSError: the machine has no room for it (disk, threads); nothing was started.
        """
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        try:
            running, run = self._prepare(claim, folder)
            thread = threading.Thread(target=self._run, args=(running, run), name=f"job {claim.queue_id}", daemon=True)
            with self._changed:
                self._running[claim.claim_token + claim.task_id] = running
            thread.start()
        except RuntimeError as error:  # "can't start new thread"
            self._forget(running)
            raise OSError(str(error)) from error

    def _prepare(self, claim: Claim, folder: Path) -> tuple[Running, Callable[[], Outcome]]:
        """Read the job; what cannot be read is run too, to an outcome that says why not."""
        config = self._config
        handler, seconds, run, redaction = "", None, None, NOTHING_HIDDEN
        try:
            job = read_job(claim.vault_content)
            handler = str(job["handler"])
            seconds = job_timeout(job, claim.timeout_seconds)
            handle = find_handler(job, config)
            job, redaction = self._secrets.resolve(job, claim.secrets)
            run = handle
        except NoJobError as error:
            job, refusal = {}, _refuse(handler, error)
        execution = Execution(folder, self._environment, seconds, config.grace_seconds, config.output_bytes, redaction)
        running = Running(claim, handler, execution)
        return running, (lambda: refusal) if run is None else partial(_call, run, job, running)

    def _run(self, running: Running, run: Callable[[], Outcome]) -> None:
        claim, outcome = running.claim, None
        log.info("started taskId=%s queueId=%d attempt=%d", claim.task_id, claim.queue_id, claim.attempt)
        self._began(running)
        try:
            outcome = run()
        except Exception as error:  # a fault of ours must not leave its item without an answer
            log.error("job could not be run taskId=%s: %s", claim.task_id, type(error).__name__)
            reason = f"the agent could not run the job: {type(error).__name__}"
            outcome = Outcome("FAILED", True, refusal_text(running.handler, reason))
        shutil.rmtree(running.execution.folder, ignore_errors=True)
        try:
            self._ended(running, None if running.execution.interrupted in ("lost", "shutdown") else outcome)
        finally:
            self._forget(running)
            self._freed()

    def _forget(self, running: Running) -> None:
        with self._changed:
            self._running.pop(running.claim.claim_token + running.claim.task_id, None)
            self._changed.notify_all()


def _call(run: Handler, job: JsonObject, running: Running) -> Outcome:
    try:
        return run(job, running.execution)
    except NoJobError as error:
        return _refuse(running.handler, error)


def _refuse(handler: str, error: NoJobError) -> Outcome:
    return Outcome("FAILED", False, refusal_text(handler or None, str(error)))
