"""Secrets in jobs: what a job gets, and what of it leaves the machine."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.config import AgentConfig, ConfigError, load_config
from agent.wire import JsonObject
from tests.agent.fake_broker import TOKEN, FakeBroker
from tests.agent.running import AgentProcesses, RunningAgent, Starts

VALUE = "s3cret-of-the-machine"
SECRETS = {"KEY": {"env": "DEPLOY_KEY"}}


@pytest.fixture
def agent(start_agent: Starts, monkeypatch: pytest.MonkeyPatch) -> RunningAgent:
    """An agent whose owner lets jobs have DEPLOY_KEY."""
    monkeypatch.setenv("DEPLOY_KEY", VALUE)
    return start_agent(secret_env=("DEPLOY_KEY",), python_functions=("of_the_test:work",))


def shell(script: str, *arguments: str, **members: object) -> JsonObject:
    return {"handler": "shell", "argv": ["sh", "-c", script, "sh", *arguments], **members}


def answer_to(
    broker: FakeBroker, job: Mapping[str, object], secrets: Mapping[str, object] | None = None
) -> tuple[JsonObject, JsonObject]:
    """What the agent completes an item with, and the opened answer."""
    call = broker.wait_for_answer(broker.offer(job, secrets=secrets))
    return call.body, json.loads(str(call.body["responseVault"]))


@pytest.mark.usefixtures("agent")
class TestAJob:
    def test_gets_the_value_as_argument_variable_and_stdin(self, broker: FakeBroker) -> None:
        script = 'cat; printf "%s %s %s" "${#1}" "${#KEY}" "$(basename "$PWD")"'
        job = shell(script, "${secrets.KEY}", env={"KEY": "x${secrets.KEY}"}, stdin="<${secrets.KEY}>")

        body, answer = answer_to(broker, job, SECRETS)

        assert body["completionStatus"] == "SUCCESS"
        assert str(answer["stdout"]).startswith(f"<***>{len(VALUE)} {len(VALUE) + 1} ")

    def test_shows_it_on_neither_stream_however_it_is_cut(self, broker: FakeBroker) -> None:
        script = 'for n in 1 2; do printf "%s" "$1" | dd bs=1 status=none; done; echo "$1" >&2; printf "%.9s" "$1"'

        _, answer = answer_to(broker, shell(script, "${secrets.KEY}"), SECRETS)

        assert (answer["stdout"], answer["stderr"]) == ("******" + VALUE[:9], "***\n")

    def test_does_not_show_it_where_the_output_was_cut(self, broker: FakeBroker) -> None:
        job = shell('while [ $((n += 1)) -lt 9000 ]; do printf "%s" "$1"; done', "${secrets.KEY}")

        _, answer = answer_to(broker, job, SECRETS)

        assert set(str(answer["stdout"])) == {"*"}

    def test_does_not_show_it_in_its_progress(self, broker: FakeBroker, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "end")
        script = 'echo "0.5 with $1" > "$BROKER_JOB_PROGRESS"; read -r line < "$2"'
        task_id = broker.offer(shell(script, "${secrets.KEY}", str(tmp_path / "end")), secrets=SECRETS)

        [report, *_] = broker.wait_for_calls("UpdateQueueItemResponse")
        (tmp_path / "end").write_text("\n")

        assert report.body["taskId"] == task_id
        assert json.loads(str(report.body["responseVault"]))["progressText"] == "with ***"

    def test_whose_secret_is_not_allowed_is_not_run(self, broker: FakeBroker, tmp_path: Path) -> None:
        job = {"handler": "shell", "argv": ["touch", str(tmp_path / "run"), "${secrets.HOME}"]}

        body, answer = answer_to(broker, job, {"HOME": {"env": "HOME"}})

        assert (body["completionStatus"], body["retryable"]) == ("FAILED", False)
        assert answer["error"] == "secret HOME is not allowed on this machine: its owner has not named the variable"
        assert not (tmp_path / "run").exists()

    def test_of_a_queue_without_secrets_is_not_run_with_a_reference(self, broker: FakeBroker) -> None:
        body, answer = answer_to(broker, shell("true", "${secrets.KEY}"))

        assert (body["completionStatus"], body["retryable"]) == ("FAILED", False)
        assert answer["error"] == "secret KEY is not among the secrets of its queue"

    def test_that_cannot_be_started_says_so_without_the_value(self, broker: FakeBroker) -> None:
        for job in ({"argv": ["/nowhere/${secrets.KEY}"]}, {"argv": ["true"], "cwd": "/nowhere/${secrets.KEY}"}):
            body, _ = answer_to(broker, {"handler": "shell", **job}, SECRETS)

            assert body["completionStatus"] == "FAILED"
            assert VALUE not in str(body["responseVault"])

    @pytest.mark.parametrize(
        "body", ["return {'got': job['key'], job['key']: [job['key']]}", "raise ValueError(job['key'])"]
    )
    def test_in_python_shows_it_in_neither_result_nor_error(
        self, broker: FakeBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
    ) -> None:
        (tmp_path / "of_the_test.py").write_text(f"def work(job, progress):\n    print(len(job['key']))\n    {body}\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        job = {"handler": "python", "function": "of_the_test:work", "key": "${secrets.KEY}"}

        completed, answer = answer_to(broker, job, SECRETS)

        assert answer["stdout"] == f"{len(VALUE)}\n"
        assert VALUE not in str(completed)
        assert "***" in str(answer.get("result") or answer["error"])


def test_an_answer_on_disk_does_not_hold_it(broker: FakeBroker, agent: RunningAgent, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    go_on = tmp_path / "go-on"
    script = 'touch "$2"; while [ ! -e "$3" ]; do sleep 0.02; done; echo "it is $1"'
    broker.offer(shell(script, "${secrets.KEY}", str(ready), str(go_on)), secrets=SECRETS)
    broker.wait_until(lambda: bool(broker.calls_of("UpdateQueueItemHeartbeat")) and ready.exists())
    broker.stop()
    go_on.touch()

    while not (kept := list((agent.config.folder / "answers").glob("*.answer"))):
        pass

    assert "it is ***" in kept[0].read_text()
    assert VALUE not in kept[0].read_text()
    broker.start()


def test_the_log_and_the_environment_of_the_warden_do_not_hold_it(
    broker: FakeBroker, agent_process: AgentProcesses
) -> None:
    process = agent_process(BROKER_AGENT_SECRET_ENV="DEPLOY_KEY", DEPLOY_KEY=VALUE)
    job = shell('tr "\\0" "\\n" < /proc/$PPID/environ | grep -c "^DEPLOY_KEY="; echo "${#1}"', "${secrets.KEY}")

    _, answer = answer_to(broker, job, SECRETS)
    process.terminate()
    assert process.stderr is not None
    log = process.stderr.read()

    assert answer["stdout"] == f"0\n{len(VALUE)}\n"
    assert VALUE not in log


class TestSettings:
    @staticmethod
    def load(file: Path | None, **environment: str) -> AgentConfig:
        needed = {"BROKER_AGENT_URL": "https://broker.example", "BROKER_AGENT_TOKEN": TOKEN}
        return load_config({}, needed | environment, file)

    def test_without_any_nothing_is_allowed(self) -> None:
        config = self.load(None)

        assert (config.secret_env, config.secret_files) == ((), ())

    def test_are_a_table_in_the_file(self, tmp_path: Path) -> None:
        file = tmp_path / "agent.toml"
        file.write_text('secrets.env = ["A", "B"]\nsecrets.files = ["/run/secrets/c"]\n')

        config = self.load(file)

        assert (config.secret_env, config.secret_files) == (("A", "B"), (Path("/run/secrets/c"),))

    def test_of_the_environment_go_before_the_file(self, tmp_path: Path) -> None:
        file = tmp_path / "agent.toml"
        file.write_text('secrets.env = ["A"]\n')

        config = self.load(file, BROKER_AGENT_SECRET_ENV="B,C", BROKER_AGENT_SECRET_FILES="/one, /two")

        assert (config.secret_env, config.secret_files) == (("B", "C"), (Path("/one"), Path("/two")))

    @pytest.mark.parametrize(
        ("variables", "expected"),
        [
            ({"BROKER_AGENT_SECRET_FILES": "token"}, "BROKER_AGENT_SECRET_FILES must be a list of absolute paths"),
            ({"BROKER_AGENT_SECRET_ENV": "BROKER_AGENT_TOKEN"}, "BROKER_AGENT_TOKEN is never passed to jobs"),
            (
                {"BROKER_AGENT_SECRET_FILES": "/t", "BROKER_AGENT_TOKEN_FILE": "/t"},
                "/t holds the agent's own token, which is never passed to jobs",
            ),
            (
                {"BROKER_AGENT_SECRET_FILES": "/d/../t", "BROKER_AGENT_TOKEN_FILE": "/t"},
                "/t holds the agent's own token, which is never passed to jobs",
            ),
            (
                {"BROKER_AGENT_SECRET_ENV": "KEY", "BROKER_AGENT_PASS_ENVIRONMENT": "PATH,KEY"},
                "KEY is a secret of queues: it cannot be passed to every job as well",
            ),
        ],
    )
    def test_that_would_give_away_the_token_or_are_not_exact_are_refused(
        self, variables: dict[str, str], expected: str
    ) -> None:
        with pytest.raises(ConfigError, match=expected):
            self.load(None, **variables)

    def test_that_link_to_the_token_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "token").write_text(TOKEN)
        (tmp_path / "link").symlink_to(tmp_path / "token")
        variables = {"TOKEN_FILE": str(tmp_path / "token"), "SECRET_FILES": str(tmp_path / "link")}

        with pytest.raises(ConfigError, match="holds the agent's own token"):
            self.load(None, **{f"BROKER_AGENT_{name}": text for name, text in variables.items()})

    def test_of_another_name_are_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "agent.toml"
        file.write_text('secrets.variables = ["A"]\n')

        with pytest.raises(ConfigError, match=r"secret_variables in .* is no setting of the agent"):
            self.load(file)
