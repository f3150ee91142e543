"""Programs as jobs: real processes, their output, their limits and their ends."""

import json
import os
import signal
from pathlib import Path

import psutil
import pytest

from agent.answer import ANSWER_BYTES
from agent.execution import job_environment
from agent.handlers import NoJobError, Outcome
from agent.handlers.shell import run
from agent.wire import JsonObject
from tests.agent.fake_broker import DEADLINE_SECONDS, TOKEN
from tests.agent.running import Executions, stop_once_begun


def shell(script: str, **members: object) -> JsonObject:
    return {"handler": "shell", "argv": ["sh", "-c", script], **members}


def opened(outcome: Outcome) -> JsonObject:
    answer = json.loads(outcome.answer)
    assert isinstance(answer, dict)
    return answer


def wait_for_end(process_id: int) -> None:
    """Until a process that is not ours has gone."""
    try:
        psutil.Process(process_id).wait(DEADLINE_SECONDS)
    except psutil.NoSuchProcess:
        return


def test_a_program_gets_its_arguments_as_they_are(execution: Executions) -> None:
    outcome = run({"argv": ["printf", "%s|", "a b", "$HOME", "*", ""]}, execution())

    assert opened(outcome)["stdout"] == "a b|$HOME|*||"


def test_stdin_reaches_the_program(execution: Executions) -> None:
    outcome = run({"argv": ["cat"], "stdin": "für\nalle"}, execution())

    assert opened(outcome)["stdout"] == "für\nalle"


def test_stdin_larger_than_a_pipe_reaches_the_program(execution: Executions) -> None:
    outcome = run({"argv": ["wc", "-c"], "stdin": "x" * 250_000}, execution())

    assert str(opened(outcome)["stdout"]).strip() == "250000"


def test_without_stdin_the_program_reads_an_empty_file(execution: Executions) -> None:
    outcome = run({"argv": ["wc", "-c"]}, execution())

    assert str(opened(outcome)["stdout"]).strip() == "0"


def test_a_program_runs_in_the_folder_of_the_job(execution: Executions, tmp_path: Path) -> None:
    outcome = run({"argv": ["pwd"], "cwd": str(tmp_path)}, execution())

    assert opened(outcome)["stdout"] == f"{tmp_path}\n"


def test_without_a_folder_a_program_runs_in_a_private_one(execution: Executions) -> None:
    job = execution()

    outcome = run({"argv": ["pwd"]}, job)

    assert opened(outcome)["stdout"] == f"{job.folder}\n"


def test_the_environment_is_minimal_and_explicit(execution: Executions) -> None:
    outcome = run({"argv": ["env"], "env": {"COLOUR": "blue"}}, execution())

    names = {line.partition("=")[0] for line in str(opened(outcome)["stdout"]).splitlines()}
    assert names - {"TZ"} == {"PATH", "HOME", "LANG", "BROKER_JOB_PROGRESS", "COLOUR"}


def test_the_token_is_in_no_environment_of_a_job(execution: Executions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_AGENT_TOKEN", TOKEN)

    outcome = run(shell("cat /proc/$$/environ /proc/$PPID/environ /proc/$PPID/cmdline"), execution())

    assert opened(outcome)["exitCode"] == 0
    assert TOKEN not in outcome.answer


def test_variables_that_the_owner_names_are_passed_but_never_the_agents_own() -> None:
    environment = job_environment(
        {"PATH": "/bin", "PROXY": "p", "BROKER_AGENT_TOKEN": TOKEN}, ["PROXY", "BROKER_AGENT_TOKEN"]
    )

    assert environment == {"PATH": "/bin", "HOME": "/", "LANG": "C.UTF-8", "PROXY": "p"}


def test_a_program_inherits_no_open_file_of_the_agent(execution: Executions) -> None:
    with open("/dev/null", "rb") as file:  # noqa: PTH123 - any open file will do
        os.set_inheritable(file.fileno(), True)
        outcome = run(shell("ls /proc/$$/fd; true"), execution())

    assert opened(outcome)["stdout"] == "0\n1\n2\n"


def test_a_program_that_does_not_exist_fails_with_the_reason(execution: Executions) -> None:
    outcome = run({"argv": ["no-such-program"]}, execution())

    assert outcome.status == "FAILED"
    assert opened(outcome)["error"] == "the job could not be started: No such file or directory"
    assert opened(outcome)["exitCode"] is None


def test_a_signal_that_ends_a_program_is_named(execution: Executions) -> None:
    outcome = run(shell("kill -SEGV $$"), execution())

    assert (outcome.status, opened(outcome)["signal"], opened(outcome)["exitCode"]) == ("FAILED", "SIGSEGV", None)


def test_a_shell_command_runs_where_the_owner_allows_it(execution: Executions) -> None:
    outcome = run({"command": "echo $((6 * 7))"}, execution(), allow_shell=True)

    assert opened(outcome)["stdout"] == "42\n"


def test_a_shell_command_is_refused_by_default(execution: Executions) -> None:
    with pytest.raises(NoJobError, match="this machine runs no shell commands"):
        run({"command": "echo"}, execution())


def test_of_a_long_output_head_and_tail_are_kept_and_the_cut_is_counted(execution: Executions) -> None:
    outcome = run(shell("seq 1 100000"), execution(output_bytes=1024))

    answer = opened(outcome)
    stdout, cut = str(answer["stdout"]), answer["truncated"]
    assert stdout.startswith("1\n2\n3\n")
    assert stdout.endswith("99999\n100000\n")
    assert cut == {"stdout": 588895 - 1024, "stderr": 0}
    assert f"\n[{588895 - 1024} bytes cut]\n" in stdout


def test_bytes_that_are_no_utf_8_are_replaced(execution: Executions) -> None:
    outcome = run(shell(r"printf 'a\377b'"), execution())

    assert opened(outcome)["stdout"] == "a\ufffdb"


@pytest.mark.parametrize("byte", [r"\000", r"\377", r"\033", "\\\\"])
def test_an_answer_stays_below_the_limit_of_a_vault_whatever_is_printed(execution: Executions, byte: str) -> None:
    printing = f"head -c 300000 /dev/zero | tr '\\000' '{byte}'"

    outcome = run(shell(f"{printing}; {printing} >&2"), execution(output_bytes=98304))

    assert 0.5 * ANSWER_BYTES < len(outcome.answer.encode()) <= ANSWER_BYTES


def test_a_job_that_takes_too_long_is_ended(execution: Executions) -> None:
    outcome = run(shell("echo begun; exec sleep 600"), execution(timeout_seconds=0.3))

    answer = opened(outcome)
    assert (outcome.status, answer["signal"], answer["stdout"]) == ("FAILED", "SIGTERM", "begun\n")
    assert answer["error"] == "the job ran longer than its 0.3 seconds"


def test_a_cancelled_job_may_clean_up_within_its_grace(execution: Executions, tmp_path: Path) -> None:
    job = execution()
    stop_once_begun(job, tmp_path / "begun")
    script = f"trap 'echo cleaned; exit 0' TERM; echo > '{tmp_path}/begun'; while :; do sleep 0.02; done"

    outcome = run(shell(script), job)

    assert (outcome.status, opened(outcome)["stdout"], opened(outcome)["exitCode"]) == ("CANCELLED", "cleaned\n", 0)


def test_a_job_that_ignores_sigterm_is_killed_after_its_grace(execution: Executions, tmp_path: Path) -> None:
    job = execution(grace_seconds=0.3)
    stop_once_begun(job, tmp_path / "begun")
    script = f"trap '' TERM; echo > '{tmp_path}/begun'; while :; do sleep 0.02; done"

    outcome = run(shell(script), job)

    assert (outcome.status, opened(outcome)["signal"]) == ("CANCELLED", "SIGKILL")
    assert job.snapshot().duration_seconds >= 0.3


def test_a_stopped_job_takes_a_cancel_too(execution: Executions, tmp_path: Path) -> None:
    job = execution(grace_seconds=60)
    stop_once_begun(job, tmp_path / "begun")

    outcome = run(shell(f"echo > '{tmp_path}/begun'; kill -STOP $$"), job)

    assert (outcome.status, opened(outcome)["signal"]) == ("CANCELLED", "SIGTERM")


def test_a_cancel_reaches_the_whole_process_group(execution: Executions, tmp_path: Path) -> None:
    job = execution(grace_seconds=60)
    stop_once_begun(job, tmp_path / "begun")

    outcome = run(shell(f"sh -c \"echo > '{tmp_path}/begun'; exec sleep 600\" | cat"), job)

    assert outcome.status == "CANCELLED"


def test_a_job_that_is_lost_is_killed_without_grace(execution: Executions, tmp_path: Path) -> None:
    job = execution(grace_seconds=600)
    stop_once_begun(job, tmp_path / "begun", reason="lost")

    run(shell(f"trap '' TERM; echo > '{tmp_path}/begun'; while :; do sleep 0.02; done"), job)

    assert job.interrupted == "lost"


def test_a_job_stopped_before_it_began_does_not_outlast_its_start(execution: Executions) -> None:
    job = execution()
    job.stop("cancelled")

    outcome = run(shell("exec sleep 600"), job)

    assert outcome.status == "CANCELLED"


def test_a_stop_after_the_end_changes_nothing(execution: Executions) -> None:
    job = execution()

    outcome = run(shell("true"), job)
    job.stop("lost")

    assert (outcome.status, job.interrupted) == ("SUCCESS", None)


@pytest.mark.parametrize("leaving", ["", "setsid "])
def test_what_a_job_leaves_behind_ends_with_it(execution: Executions, tmp_path: Path, leaving: str) -> None:
    os.mkfifo(tmp_path / "told")
    script = f"{leaving}sh -c 'echo $$ > \"{tmp_path}/told\"; exec sleep 600' & cat '{tmp_path}/told'"

    outcome = run(shell(script), execution())

    assert outcome.status == "SUCCESS"
    wait_for_end(int(str(opened(outcome)["stdout"])))


def test_a_job_whose_warden_is_killed_ends_and_fails(execution: Executions) -> None:
    outcome = run(shell("echo $$; kill -KILL $PPID; exec sleep 600"), execution())

    assert opened(outcome)["error"] == "the process that watches the job was killed"
    wait_for_end(int(str(opened(outcome)["stdout"])))


def test_the_last_line_of_progress_counts_and_noise_does_not(execution: Executions) -> None:
    job = execution()
    script = 'for line in 0.1 "0.5 half  way" 7 -1 nan soon; do echo "$line"; done > "$BROKER_JOB_PROGRESS"'

    run(shell(script), job)

    progress = job.snapshot().progress
    assert progress is not None
    assert (progress.fraction, progress.text, job.progress) == (0.5, "half way", 0.5)


def test_signals_are_as_any_program_expects_them(execution: Executions) -> None:
    before = signal.signal(signal.SIGQUIT, signal.SIG_DFL)  # ignored by what a script runs in the background
    try:
        outcome = run(shell("grep -E 'Sig(Ign|Blk)' /proc/self/status"), execution())
    finally:
        signal.signal(signal.SIGQUIT, before)

    masks = [int(line.split()[1], 16) for line in str(opened(outcome)["stdout"]).splitlines()]
    libc_own = 0b11 << 31  # 32 and 33, which glibc's posix_spawn ignores in what it starts, the test process included
    assert [mask & ~libc_own for mask in masks] == [0, 0]
