"""The README names every setting that the code reads, no other, and procedures and members that there are."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from agent.config import ENVIRONMENT_PREFIX, AgentConfig

PROJECT = Path(__file__).resolve().parent.parent
README = (PROJECT / "README.md").read_text(encoding="utf-8")
CONTRACT = json.loads((PROJECT / "tests" / "openapi.json").read_text(encoding="utf-8"))
PREFIX = "/api/StoredProcedure/"
PROCEDURES = {path.removeprefix(PREFIX) for path in CONTRACT["paths"] if path.startswith(PREFIX)}

VERBS = (
    "(?:Activate|Cancel|Create|Delete|Discard|Drain|Export|Get|Import|Pause|Reconcile|Recover|Reset|Resume|Retry|Rotate|Run"
    "|Update)"
)
NAME = re.compile(rf"`({VERBS}[A-Z]\w+)`|\bcall ({VERBS}\w+)")
# `call` of an example up to the quote that ends its body.
EXAMPLE = re.compile(r"\bcall (\w+) '(\{.*?\})'", re.DOTALL)


def settings_table(heading: str) -> set[str]:
    """The variables in the first columns of the table that follows a sentence."""
    table = README.split(heading, 1)[1].split("| variable |", 1)[1].split("\n\n", 1)[0]
    return {name for line in table.splitlines() for name in re.findall(r"`(BROKER_\w+)`", line.split("|")[1:2][0])}


def test_the_table_of_the_broker_names_the_variables_that_the_broker_reads() -> None:
    source = (PROJECT / "broker" / "config.py").read_text(encoding="utf-8")

    assert settings_table("Of the broker, environment variables") == set(re.findall(r'"(BROKER_[A-Z_]+)"', source))


def test_the_table_of_the_agent_names_the_settings_of_the_agent() -> None:
    settings = {ENVIRONMENT_PREFIX + setting.name.upper() for setting in fields(AgentConfig)}

    assert settings_table("Of the agent:") == settings | {ENVIRONMENT_PREFIX + "CONFIG"}


def test_every_variable_that_the_text_names_is_one_that_the_code_reads() -> None:
    known = settings_table("Of the broker") | settings_table("Of the agent:")
    elsewhere = {"BROKER_BOOTSTRAP_PASSWORD", "BROKER_JOB_PROGRESS"}

    assert set(re.findall(r"\bBROKER_[A-Z_]+[A-Z]\b", README)) - known == elsewhere


def test_every_procedure_that_the_text_names_exists() -> None:
    named = {name for found in NAME.finditer(README) for name in found.groups() if name}

    assert named - PROCEDURES == set()


@pytest.mark.parametrize(("procedure", "body"), EXAMPLE.findall(README))
def test_every_example_gives_members_that_its_procedure_has(procedure: str, body: str) -> None:
    schema = CONTRACT["components"]["schemas"][f"{procedure}Request"]

    given = json.loads(body)

    assert set(given) <= set(schema.get("properties", {}))
    assert set(schema.get("required", [])) <= set(given)
