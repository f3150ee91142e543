"""The README's commands for scripts of other queues, as they stand there, against a real broker and a real agent."""

import json
import re
import subprocess
from pathlib import Path

from broker.config import Config
from tests.serving import SECONDS, environment_of, serving
from tests.system import start_command
from tests.test_readme import README
from tests.world import World

SECTION = README.split("### As a script of another queue", 1)[1].split("\n### ", 1)[0]
COMMANDS = "\n".join(line[4:] for line in SECTION.splitlines() if line.startswith("    "))
CURL = "curl -sS "


def test_they_do_what_they_say(config: Config, world: World, tmp_path: Path) -> None:
    with serving(**environment_of(config)) as broker:
        agent = start_command(
            tmp_path / "agent.log",
            "agent",
            "run",
            BROKER_AGENT_URL=broker.url,
            BROKER_AGENT_TOKEN=world.tokens["build-01"],
            BROKER_AGENT_STATE_DIR=str(tmp_path / "state"),
        )
        # The function of the README goes on after an answer that is an error; here it is the end.
        commands = COMMANDS.replace(CURL, f"{CURL}--fail-with-body ").replace(
            '"${@:2}"; echo; }', '"${@:2}" && echo; }'
        )
        script = f"set -eo pipefail\nTOKEN={world.tokens['bob']}\n" + commands.replace(
            "http://127.0.0.1:8585", broker.url
        )
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=SECONDS, check=False)
        agent.terminate()
        agent.wait(SECONDS)

    assert commands.count("--fail-with-body") == commands.count("&& echo; }") == 1
    assert done.returncode == 0, done.stdout + done.stderr
    assert "event: job_complete" in done.stdout
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(answers) == len(re.findall(r"^api |^ *\w+=\$\(api ", COMMANDS, re.MULTILINE)) - 3  # two ids, one stream
    assert "Linux" in answers[0]["result"]["stdout"]
