"""How much is noticed when a procedure forgets the company or a right: each mutant leaves out one place.

A place is a condition `x.company_id = y`, which becomes true, or a call of auth.require_* that asks for a right, which
becomes one that asks nothing (those about sealing and brakes have tests of their own). The procedures that reach the
changed file are then called as everybody of the matrix, beside a twin company with the same ids (twin.py): a mutant is
noticed when anybody hears or changes something else than before.

A seeded sample is part of the suite; `scripts/test tests/test_tenancy_mutants.py --all-mutants -s` tries every place
and prints the survivors.
"""

import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import Template, serving, settings, spoiled
from tests.people import credentials, invite
from tests.rights import BODIES, CALLERS, Stage, read_tables
from tests.twin import OTHER_TWIN, TWIN, fingerprints, make_twin, restore, save
from tests.world import NOBODY, Caller, must

SQL = Path(__file__).resolve().parent.parent / "sql"
SAMPLE = 24
MISSED = 0.35  # many conditions are held twice: an id belongs to one company, and the next statement asks again
SEED = 3
# Whom a forgotten company gives more than before, and whom a forgotten right.
WITHIN = ("admin", "member", "agent", "bridge", "stranger")
WITHOUT = ("outsider", "remote", "sibling", "distant", "foreign", "member")
COMPANY = re.compile(r"\b[a-z_]+\.company_id = \(?[a-z_]+\)?\.[a-z_]+\b|\b[a-z_]+\.company_id = p_company_id\b")
REQUIRES = re.compile(r"(?<!function )\bauth\.(require_team|require_machine|require_item|see_item|named_teams)\(")
PERFORMED = re.compile(r"perform auth\.require_(?!vault|keys|all_keys|no_brake)\w+\((?:[^;]|\n)*?\);")
UNGUARDED = """
    create schema unguarded authorization broker_owner;
    create function unguarded.require_team(p_caller auth.caller, p_team_name text) returns data.team
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
        select team.* from data.team where company_id = p_caller.company_id and lower(team_name) = lower(p_team_name)
    $$;
    create function unguarded.require_machine(p_caller auth.caller, p_machine_name text, p_team_name text default null)
    returns data.machine
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
        select machine.* from data.machine
        where company_id = p_caller.company_id and lower(machine_name) = lower(p_machine_name)
    $$;
    create function unguarded.see_item(
        p_caller auth.caller, p_queue_id bigint, p_task_id uuid, p_team_name text) returns data.queue_item
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
        select item.* from data.queue_item as item
        where company_id = p_caller.company_id and (queue_id = p_queue_id or task_id = p_task_id)
    $$;
    create function unguarded.require_item(
        p_caller auth.caller, p_queue_id bigint, p_task_id uuid, p_team_name text) returns data.queue_item
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
        select item.* from data.queue_item as item
        where company_id = p_caller.company_id and (queue_id = p_queue_id or task_id = p_task_id)
    $$;
    create function unguarded.named_teams(p_caller auth.caller, p_team_name text) returns bigint[]
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
        select coalesce(array_agg(team_id), '{}') from data.team
        where company_id = p_caller.company_id
          and (p_team_name is null or lower(team_name) = any(data.names_of(p_team_name)))
    $$;
    grant usage on schema unguarded to public;
"""


@dataclass(frozen=True)
class Mutant:
    """One place of one file, and the file's text without it."""

    file: str
    line: int
    left_out: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.file}:{self.line} {self.left_out}"


def code_of(text: str) -> str:
    """The text with blanks in place of its comments, so that positions stay."""
    return re.sub(r"--[^\n]*", lambda match: " " * len(match[0]), text)


def mutants_of(file: str, text: str) -> Iterator[Mutant]:
    """Every place of a file that can be left out."""
    code = code_of(text)
    for pattern, replacement in ((COMPANY, "true"), (PERFORMED, "null;"), (REQUIRES, r"unguarded.\1(")):
        for match in pattern.finditer(code):
            changed = text[: match.start()] + match.expand(replacement) + text[match.end() :]
            yield Mutant(file, code.count("\n", 0, match.start()) + 1, " ".join(match[0].split()), changed)


def all_mutants() -> list[Mutant]:
    files = sorted(path for folder in ("api", "auth", "keyring", "queue") for path in (SQL / folder).rglob("*.sql"))
    return [mutant for path in files for mutant in mutants_of(path.relative_to(SQL).as_posix(), path.read_text())]


OPEN = {name for name, expected in read_tables().items() if not expected}
# Random or of the clock: tokens, codes, ids, times, and the numbers of rows made for a call.
VARYING = re.compile(
    r'jb_[a-z]+_[\w-]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z|(?<="claimToken": )"[^"]*"'
    r'|(?<=Code": )"[^"]*"|(?<=Id": )\d+|(?<=Token": )"[^"]*"|queue item \d+|(?<=Minutes": )[\d.]+'
)


def furnish(call: Caller) -> None:
    """Give the world what most calls would otherwise not meet: vaults, an invited user, items in hand."""
    must(call("UpdateTeamVault", _as="ann", teamName="ops", teamVault='{"team": 1}', vaultVersion=1))
    vault = '{"machine": 1}'
    must(
        call(
            "CreateMachine",
            _as="ann",
            teamName="ops",
            bridgeName="north",
            machineName="build-03",
            machineVault=vault,
        )
    )
    invite(call, "dave@acme.example")
    must(call("CreateQueueItem", teamName="ops", machineName="build-02", queueVault="{}"))


def started(stage: Stage) -> dict[str, Any]:
    """A cancel of a started item."""
    return {"queueId": stage.claim()["queueId"], "force": True}


def assigned(stage: Stage) -> dict[str, Any]:
    """A cancel of an item that an agent has taken and not begun."""
    queue_id = stage.item()
    must(stage.call("GetQueueItemsNext", _as="build-01", itemCount=100))
    return {"queueId": queue_id}


def answered(stage: Stage) -> dict[str, Any]:
    """The item of a user's claim, with a response."""
    queue_id = stage.item()
    must(stage.call("GetQueueItemsNext", machineName="build-01", itemCount=100, start=True))
    must(stage.call("UpdateQueueItemResponse", queueId=queue_id, responseVault="{}"))
    return {"queueId": queue_id}


def late(stage: Stage) -> dict[str, Any]:
    """A claim that another has replaced."""
    claim = stage.claim()
    must(stage.call("ReturnQueueItems", _as="build-01", items=[claim]))
    must(stage.call("GetQueueItemsNext", _as="north", itemCount=100, start=True))
    return claim


def repeated(stage: Stage) -> dict[str, Any]:
    """A claim whose answer was lost."""
    stage.item()
    body: dict[str, Any] = {"machineName": "build-01", "itemCount": 1, "requestId": "r"}
    for caller in ("bob", "ann", "build-01", "north"):
        must(stage.call("GetQueueItemsNext", _as=caller, **body))
    return body


ITEM: dict[str, Any] = {"teamName": "ops", "machineName": "build-01", "queueVault": "{}"}
KEY = {"Idempotency-Key": "k"}
Scene = Callable[[Stage], dict[str, Any]]


def created_twice(stage: Stage) -> dict[str, Any]:
    """The second creation under one key."""
    must(stage.call("CreateQueueItem", _as="ann", _headers=KEY, **ITEM))
    return {**ITEM, "headers": {**KEY, "Rediacc-RequestToken": stage.call.world.tokens["ann"]}}


def invited(stage: Stage) -> dict[str, Any]:
    code = invite(stage.call, "erin@acme.example")
    return {"headers": credentials("erin@acme.example"), "activationCode": code}


# Calls that take other ways through a procedure than BODIES; with headers: for one caller only.
SCENES: dict[str, list[Scene]] = {
    "ActivateUserAccount": [
        invited,
        lambda stage: {**invited(stage), "activationCode": "00000000000000000000000000"},
    ],
    "CancelQueueItem": [
        started,
        assigned,
        lambda stage: {"queueId": stage.item(), "teamName": "ops"},
        lambda stage: {"taskId": must(stage.call("CreateQueueItem", **ITEM)).row["taskId"]},
    ],
    "CreateAgentToken": [lambda _: {"bridgeName": "north"}],
    "CreateAuthenticationRequest": [lambda _: {"headers": credentials("ann@acme.example"), "name": "x"}],
    "CreateQueueItem": [created_twice],
    "DeleteQueueItem": [answered, late],
    "GetAgentTokens": [lambda _: {}, lambda _: {"bridgeName": "north"}],
    "GetQueueItemsNext": [repeated, lambda stage: {"bridgeName": "north", "itemCount": 1 + 0 * stage.item()}],
    "GetTeamQueueItems": [
        answered,
        lambda stage: {"machineName": "build-01", "maxRecords": 9 + 0 * stage.item()},
        lambda stage: {"bridgeName": "north", "maxRecords": 9 + 0 * stage.item()},
        lambda stage: {"createdByUserEmail": "bob@acme.example", "maxRecords": 9 + 0 * stage.item()},
    ],
    "RetryFailedQueueItem": [lambda stage: {"originalQueueId": stage.item("CANCELLED"), "modifiedVault": "{}"}],
    "ReturnQueueItems": [lambda stage: {"items": [late(stage)]}],
    "UpdateQueueItemHeartbeat": [lambda stage: {"items": [stage.claim()]}, late, answered],
    "UpdateQueueItemResponse": [
        lambda stage: {**late(stage), "responseVault": "{}"},
        lambda stage: {**answered(stage), "responseVault": "{}", "vaultVersion": 1},
        lambda stage: {"queueId": stage.item(), "responseVault": "{}"},
    ],
    "UpdateQueueItemToCompleted": [
        lambda stage: {**late(stage), "responseVault": "{}"},
        lambda stage: {**answered(stage), "responseVault": "{}"},
    ],
}


# What each caller hears and does: status, rows of each table, what changed of Acme, whether anything else changed.
Heard = dict[tuple[str, str, int], tuple[object, ...]]


class Ground:
    """One broker and one database for all mutants: each is taken out again."""

    def __init__(self, call: Caller, admin: psycopg.Connection) -> None:
        self.call = call
        self.admin = admin
        [(self.acme,)] = admin.execute("select company_id from data.company where company_name = 'Acme'").fetchall()
        self._usual: Heard = {}
        self._sources = {
            path.relative_to(SQL).as_posix(): code_of(path.read_text())
            for path in SQL.rglob("*/*.sql")
            if not path.stem[0].isdigit()
        }

    def procedures_of(self, file: str) -> list[str]:
        """The procedures that a file's function is part of, by way of any other function."""
        reached, found = {file}, {file}
        while found:
            names = [f"{path.split('/')[0]}.{Path(path).stem}(" for path in found]
            found = {path for path, code in self._sources.items() if any(name in code for name in names)} - reached
            reached |= found
        procedures = self.call.client.application.extensions["procedures"].registry
        by_function = {procedure.function: procedure.name for procedure in procedures}
        # What the broker asks before it seals or makes keys runs with every call that does so.
        asks = any(path.startswith("keyring/") for path in reached)
        reaching = {by_function[Path(path).stem] for path in reached if path.startswith("api/")}
        if asks and not reaching:
            reaching = {
                procedure.name for procedure in procedures if procedure.header.seals or procedure.header.ceremony
            }
        return sorted(name for name in reaching if name in SCENES or name not in OPEN)

    def hear(self, name: str, kind: str, scene: int) -> tuple[object, ...]:
        """Make a call as somebody of the matrix; what it says and does. Nothing of it is left."""
        try:
            if kind == "remote":
                self._set_group(CALLERS[kind], "Administrators")
            prepare = [*SCENES.get(name, []), *([BODIES[name]] if name not in OPEN else [])][scene]
            body = prepare(Stage(self.call))
            headers = body.pop("headers", None)
            make_twin(self.admin, self.acme)
            before = fingerprints(self.admin)
            reply = self.call(name, _as=CALLERS[kind] if not headers else NOBODY, _headers=headers, **body)
            after = fingerprints(self.admin)
        finally:
            restore(self.admin)
        changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        own = self.acme if kind not in ("stranger", "foreign") else None
        counts = tuple(
            (table, after.get((table, company), (0,))[0] - before.get((table, company), (0,))[0])
            for table, company in sorted(changed)
            if company == own
        )
        foreign = bool({company for _, company in changed} & ({TWIN, OTHER_TWIN, self.acme} - {own}))
        return reply.failure, counts, foreign, VARYING.sub("@", json.dumps(reply.body))

    def usual(self, name: str, kind: str, scene: int) -> tuple[object, ...]:
        """The same, by an engine that is whole."""
        if (name, kind, scene) not in self._usual:
            self._usual[name, kind, scene] = self.hear(name, kind, scene)
        return self._usual[name, kind, scene]

    def notices(self, mutant: Mutant) -> bool:
        """Whether anybody hears or does anything else when a mutant is installed."""
        kinds = WITHIN if "company_id" in mutant.left_out else WITHOUT
        heard = [
            (name, kind, scene)
            for name in self.procedures_of(mutant.file)
            for kind in (kinds if name not in OPEN else kinds[:1])
            for scene in range(len(SCENES.get(name, [])) + (name not in OPEN))
        ]
        for name, kind, scene in heard:
            usual = self.usual(name, kind, scene)
            self.admin.execute(mutant.text.encode())
            try:
                unusual = self.hear(name, kind, scene)
            except (AssertionError, psycopg.Error):  # what the stage makes does not work any more
                return True
            finally:
                self.admin.execute((SQL / mutant.file).read_text().encode())
            if unusual != usual:
                return True
        return False

    def _set_group(self, name: str, group: str) -> None:
        self.admin.execute(
            "update data.token set permission_group = %s::data.permission_group where company_id = %s "
            "and token_hash = sha256(%s::bytea)",
            [group, self.acme, self.call.world.tokens[name]],
        )


@pytest.fixture(scope="module")
def ground(server: str, template: Template) -> Iterator[Ground]:
    with (
        spoiled(server, template) as url,
        serving(settings(url, template)) as app,
        psycopg.connect(url, autocommit=True) as admin,
    ):
        admin.execute(UNGUARDED.encode())
        call = template.world.caller(app.test_client())
        furnish(call)
        save(admin)
        yield Ground(call, admin)


def test_what_forgets_a_company_or_a_right_is_noticed(ground: Ground, request: pytest.FixtureRequest) -> None:
    mutants = all_mutants()
    if not request.config.getoption("--all-mutants"):
        mutants = random.Random(SEED).sample(mutants, SAMPLE)  # noqa: S311  # a sample, no secret

    survivors = [mutant.name for mutant in mutants if not ground.notices(mutant)]

    print(f"{len(mutants) - len(survivors)} of {len(mutants)} noticed; nobody noticed:", *survivors, sep="\n    ")  # noqa: T201  # for who judges them
    assert len(survivors) <= len(mutants) * MISSED
