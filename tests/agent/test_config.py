"""Settings from command line, environment and file."""

from pathlib import Path

import pytest

from agent.config import AgentConfig, ConfigError, load_config

NEEDED = {"BROKER_AGENT_URL": "https://broker.example", "BROKER_AGENT_TOKEN": "token-1"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "agent.toml"


def test_what_is_not_given_has_its_default() -> None:
    config = load_config({}, NEEDED, None)

    assert config == AgentConfig(url="https://broker.example", token="token-1")
    assert (config.slots, config.lease_seconds, config.grace_seconds, config.allow_shell) == (1, 30, 10.0, False)


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(file: Path) -> None:
    file.write_text("slots = 2\nlease_seconds = 40\nwait_seconds = 20\n")
    environment = NEEDED | {"BROKER_AGENT_SLOTS": "3", "BROKER_AGENT_LEASE_SECONDS": "60"}

    config = load_config({"slots": "4", "machine": None}, environment, file)

    assert (config.slots, config.lease_seconds, config.wait_seconds, config.machine) == (4, 60, 20, None)


def test_lists_are_lists_in_the_file_and_commas_in_the_environment(file: Path) -> None:
    file.write_text('python_functions = ["jobs:clean", "jobs:pack"]')

    config = load_config({}, NEEDED | {"BROKER_AGENT_PASS_ENVIRONMENT": "HTTP_PROXY, NO_PROXY"}, file)

    assert config.python_functions == ("jobs:clean", "jobs:pack")
    assert config.pass_environment == ("HTTP_PROXY", "NO_PROXY")


def test_queues_and_labels_are_lists_and_pairs(file: Path) -> None:
    file.write_text('queues = ["images"]\n[labels]\nos = "linux"\nsite = "eu"\n')
    environment = NEEDED | {"BROKER_AGENT_QUEUES": "images, video", "BROKER_AGENT_LABELS": "site=eu, os=linux"}

    from_file, from_environment = load_config({}, NEEDED, file), load_config({}, environment, None)

    assert (from_file.queues, from_environment.queues) == (("images",), ("images", "video"))
    assert from_file.labels == from_environment.labels == (("os", "linux"), ("site", "eu"))
    assert load_config({}, NEEDED, None).queues is None


def test_an_empty_list_of_queues_is_no_pool(file: Path) -> None:
    file.write_text("queues = []")

    assert load_config({}, NEEDED, file).queues == ()


@pytest.mark.parametrize(
    "line",
    ["labels = 1", "labels = [1]", 'labels = "linux"', 'labels = "os=a,os=b"', 'labels = "=x"', "[labels]\ncpu = 8"],
)
def test_labels_that_are_none_are_refused(file: Path, line: str) -> None:
    file.write_text(line)

    with pytest.raises(ConfigError, match="must be at most 20 labels"):
        load_config({}, NEEDED, file)


def test_the_token_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("token-2\n")

    config = load_config({"token_file": str(tmp_path / "token")}, {"BROKER_AGENT_URL": "http://localhost:1"}, None)

    assert config.token == "token-2"


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("SLOTS", "0", "BROKER_AGENT_SLOTS must be a whole number from 1 to 1000"),
        ("SLOTS", "many", "BROKER_AGENT_SLOTS must be a whole number from 1 to 1000"),
        ("WAIT_SECONDS", "301", "BROKER_AGENT_WAIT_SECONDS must be a whole number from 0 to 300"),
        ("GRACE_SECONDS", "nan", "BROKER_AGENT_GRACE_SECONDS must be a number from 0 to 3600"),
        ("ALLOW_SHELL", "perhaps", "BROKER_AGENT_ALLOW_SHELL must be true or false"),
        ("SLOT", "1", "BROKER_AGENT_SLOT is no setting of the agent"),
        ("URL", "broker.example", "give the broker's address with --url"),
        ("TOKEN", "two words", "the agent token holds characters that no token has"),
        ("PASS_ENVIRONMENT", "PATH,BROKER_AGENT_TOKEN", "BROKER_AGENT_TOKEN is never passed to jobs"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(variable: str, text: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        load_config({}, NEEDED | {f"BROKER_AGENT_{variable}": text}, None)


@pytest.mark.parametrize("missing", ["BROKER_AGENT_URL", "BROKER_AGENT_TOKEN"])
def test_address_and_token_are_needed(missing: str) -> None:
    with pytest.raises(ConfigError, match=missing):
        load_config({}, {name: value for name, value in NEEDED.items() if name != missing}, None)


def test_a_machine_and_a_bridge_together_are_refused() -> None:
    with pytest.raises(ConfigError, match="not both"):
        load_config({"machine": "m1", "bridge": "b1"}, NEEDED, None)


def test_a_file_that_is_no_toml_is_refused_with_its_name(file: Path) -> None:
    file.write_text("slots: 2")

    with pytest.raises(ConfigError, match=r"agent\.toml cannot be read"):
        load_config({}, NEEDED, file)


def test_agents_with_different_tokens_have_different_folders() -> None:
    one, other = (AgentConfig(url="http://localhost", token=token).folder for token in ("a", "b"))

    assert one != other


@pytest.mark.parametrize(
    ("url", "in_the_clear"),
    [("http://broker.example", True), ("https://broker.example", False), ("http://127.0.0.1:8080", False)],
)
def test_plain_http_over_a_network_is_noticed(url: str, in_the_clear: bool) -> None:
    assert AgentConfig(url=url, token="t").sends_token_in_the_clear is in_the_clear
