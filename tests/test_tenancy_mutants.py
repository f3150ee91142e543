"""What is noticed when a procedure forgets the company or a right: each mutant leaves out one place (places.py).

The procedures that reach the changed file are called as everybody of the matrix, beside a twin company with the same
ids (twin.py): a mutant is noticed when anybody hears, changes, records or locks something else than before. Those that
nobody can notice, because what they leave out is said again by what is true anyway, are listed and must stay unnoticed.

A sample is part of the suite; `scripts/test tests/test_tenancy_mutants.py --all-mutants -s` tries every place
and prints the survivors.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import Template, serving, settings, spoiled
from tests.places import SQL, UNGUARDED, Mutant, all_mutants, code_of
from tests.rights import BODIES, CALLERS, read_tables
from tests.scenes import SCENES, Scene, Scenery, furnish
from tests.twin import OTHER_TWIN, TWIN, Print, fingerprints, make_twin, restore, save
from tests.unjudged import UNJUDGED_YET
from tests.world import NOBODY, Caller

PARTS = 60  # one place of so many is part of the suite
# dora, who has every right of administrators and is none, is nobody's column in the matrix.
PEOPLE = {**CALLERS, "deputy": "dora"}
# Whom a forgotten company gives more than before, and whom a forgotten right.
WITHIN = ("admin", "member", "agent", "bridge", "stranger", "remote")
WITHOUT = ("outsider", "remote", "sibling", "distant", "foreign", "member", "deputy")
# What nobody can notice: the place, which of several that read alike, and what says the same again.
EQUAL = {
    (
        "api/flow/cancel_flow.sql",
        "item.company_id = v_caller.company_id",
        1,
    ): "the team is the company's own, and no other company's has its number",
    (
        "api/flow/create_flow.sql",
        "item.company_id = v_caller.company_id",
        1,
    ): "an item's number is no other company's, and this one was made or found in this call",
    (
        "queue/next_flow.sql",
        "item.company_id = p_company_id",
        1,
    ): "the team is the company's own, and no other company's has its number",
    (
        "queue/show_flow.sql",
        "item.company_id = p_company_id",
        1,
    ): "the team is the company's own, and no other company's has its number",
    (
        "api/company/get_company_data_graph_json.sql",
        "person.company_id = v_caller.company_id",
        1,
    ): "the ids only pick among the company's own users, and a user's memberships are asked with the company",
    (
        "api/company/rotate_company_key.sql",
        "token.company_id = v_caller.company_id",
        1,
    ): "a token's id is a UUID, and data.end_token ends it in the company only",
    (
        "api/people/update_user_email.sql",
        "address.company_id = v_caller.company_id",
        1,
    ): "an e-mail address is the key of its table, and this one is of the company's own user",
    (
        "api/people/update_user_to_activated.sql",
        "living.company_id = v_caller.company_id",
        1,
    ): "a grant of a key that the company has not is refused by the reference to its keys",
    (
        "api/queue/get_recent_queue_items.sql",
        "auth.require_team(",
        1,
    ): "its counts are asked for in the same breath, first, and they require the team",
    (
        "queue/details_of.sql",
        "response.company_id = company.company_id",
        1,
    ): "the number of the response is the item's own, and no other company's vault has it",
    (
        "queue/repeat_claim.sql",
        "item.company_id = claim.company_id",
        1,
    ): "a claim without an outcome is the newest of its item, whose number no other company's item has",
}
TABLES = read_tables()
AGENTS = ("agent", "sibling", "distant", "bridge", "foreign")
# Random or of the clock: tokens, codes, ids, times, and the numbers and names of rows made for a call.
VARYING = re.compile(
    r"jb_[a-z]+_[\w-]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z|\d{4}-\d\d-\d\d"
    r'|(?<="claimToken": )"[^"]*"|(?<=Uri": )"[^"]*"|(?<=Code": )"[^"]*"|(?<=Codes": )"[^"]*"|(?<=Token": )"[^"]*"'
    r'|(?<="secret": )"[^"]*"|(?<=Id": )(\d+|"[^"]*")|(?<=Minutes": )[\d.]+|(?<=Seconds": )[\d.]+|\d+\.\d+'
    r"|(?<=queue item )\d+|(?<=session )\d+|new-[0-9a-f]{12}"
)
AUDITED = """
    select action, entity, entity_name, details, status from data.audit where company_id = %s
    order by audit_id desc limit %s
"""


@dataclass(frozen=True)
class Heard:
    """What a caller hears and does: what changed of his company, what its audit says of that, and of others' tables."""

    failure: object
    said: str
    rows: tuple[tuple[str, int], ...]
    locked: tuple[tuple[str, int], ...]
    audited: str
    foreign: tuple[str, ...]


def masked(said: object) -> str:
    return VARYING.sub("@", json.dumps(said, default=str))


class Ground:
    """One broker and one database for all mutants: each is taken out again."""

    def __init__(self, call: Caller, admin: psycopg.Connection) -> None:
        self.call = call
        self.admin = admin
        [(self.acme,)] = admin.execute("select company_id from data.company where company_name = 'Acme'").fetchall()
        self._usual: dict[tuple[str, str, int], Heard] = {}
        self._unsteady: set[tuple[str, str, int]] = set()
        self._told: set[tuple[str, int]] = set()  # scenes that say themselves who calls
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
        own = file.removesuffix(".sql").replace("/", ".")
        if asks and not reaching and own not in SCENES:
            reaching = {
                procedure.name for procedure in procedures if procedure.header.seals or procedure.header.ceremony
            }
        reaching |= {path.removesuffix(".sql").replace("/", ".") for path in reached}
        return sorted((name for name in reaching if self._scenes(name)), key=lambda name: (name in TABLES, name))

    def hear(self, name: str, kind: str, scene: int) -> Heard:
        """Make a call as somebody of the matrix; what it says and does. Nothing of it is left."""
        own = self.acme if kind not in ("stranger", "foreign") else None
        try:
            if kind == "remote":
                self._set_group(CALLERS[kind], "Administrators")
            body = self._scenes(name)[scene](Scenery(self.call, self.admin, self.acme))
            if body.keys() & {"as", "headers"}:
                self._told.add((name, scene))
            make_twin(self.admin, self.acme)
            before = fingerprints(self.admin)
            failure, said = self._say(name, PEOPLE[kind], body)
            after = fingerprints(self.admin)
            new_rows = after.get(("audit", own), Print()).rows - before.get(("audit", own), Print()).rows if own else 0
            audited = masked(self.admin.execute(AUDITED, [own, max(new_rows, 0)]).fetchall())
        finally:
            restore(self.admin)
        changes = {
            key: (before.get(key, Print()), after.get(key, Print()))
            for key in before.keys() | after.keys()
            if before.get(key) != after.get(key)
        }
        return Heard(
            failure,
            said,
            tuple(
                sorted((table, new.rows - old.rows) for (table, whose), (old, new) in changes.items() if whose == own)
            ),
            tuple(sorted((table, new.locked) for (table, whose), (_, new) in changes.items() if whose == own)),
            audited,
            tuple(sorted(table for table, whose in changes if whose in {TWIN, OTHER_TWIN, self.acme} - {own})),
        )

    def _scenes(self, name: str) -> list[Scene]:
        return [*SCENES.get(name, []), *([BODIES[name]] if TABLES.get(name) else [])]

    def _may_ask(self, name: str, kind: str, first: str) -> bool:
        """Whether a caller may call a procedure at all; of those that anyone may call, one caller is enough."""
        expected = TABLES.get(name, {"agent": "ok"})
        return bool(expected or kind == first) and not (kind in AGENTS and expected["agent"] == "403")

    def _say(self, name: str, caller: str, body: dict[str, Any]) -> tuple[object, str]:
        if "statement" in body:
            return self._run(caller, body["statement"])
        headers = body.pop("headers", None)
        caller = body.pop("as", caller if headers is None else NOBODY)
        reply = self.call(name, _as=caller, _headers=headers, **body)
        return reply.failure, masked(reply.body)

    def _run(self, caller: str, statement: str) -> tuple[object, str]:
        """Run SQL with the caller's token, as the broker does."""
        try:
            with self.admin.transaction():
                token = self.call.world.tokens[caller]
                self.admin.execute(
                    "select set_config('broker.token_hash', encode(sha256(%s::bytea), 'hex'), true)", [token]
                )
                cursor = self.admin.execute(statement.encode())
                while cursor.nextset():
                    pass
                return 0, masked(cursor.fetchall())
        except psycopg.Error as error:
            return error.sqlstate, masked(error.diag.message_primary)

    def usual(self, name: str, kind: str, scene: int) -> Heard:
        """The same, by an engine that is whole."""
        if (name, kind, scene) not in self._usual:
            self._usual[name, kind, scene] = self.hear(name, kind, scene)
        return self._usual[name, kind, scene]

    def notices(self, mutant: Mutant) -> bool:
        """Whether anybody hears or does anything else when a mutant is installed."""
        kinds = WITHIN if "company_id" in mutant.left_out else WITHOUT
        names = self.procedures_of(mutant.file)
        heard = [
            (name, kind, scene)
            for kind in kinds
            for name in names
            if self._may_ask(name, kind, kinds[0])
            for scene in range(len(self._scenes(name)))
        ]
        for name, kind, scene in heard:
            if (kind != kinds[0] and (name, scene) in self._told) or (name, kind, scene) in self._unsteady:
                continue
            if self._differs(mutant, name, kind, scene):
                return True
        return False

    def _differs(self, mutant: Mutant, name: str, kind: str, scene: int) -> bool:
        """Whether a caller hears or does anything else; what is left to chance, or to the hour, proves nothing."""
        for _ in range(2):
            usual = self.usual(name, kind, scene)
            self.admin.execute(mutant.text.encode())
            try:
                unusual = self.hear(name, kind, scene)
            except (AssertionError, psycopg.Error):  # what the stage makes does not work any more
                return True
            finally:
                self.admin.execute((SQL / mutant.file).read_text().encode())
            if unusual == usual:
                return False
            self._usual[name, kind, scene] = self.hear(name, kind, scene)
            if self._usual[name, kind, scene] == usual:
                return True
        self._unsteady.add((name, kind, scene))
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
        furnish(call, admin)
        save(admin)
        yield Ground(call, admin)


def test_what_forgets_a_company_or_a_right_is_noticed(ground: Ground, request: pytest.FixtureRequest) -> None:
    mutants = all_mutants()
    assert EQUAL.keys() | UNJUDGED_YET <= {mutant.place for mutant in mutants}
    if not request.config.getoption("--all-mutants"):
        mutants = [mutant for mutant in mutants if mutant.lot % PARTS == 0]

    survivors = set()
    for mutant in mutants:
        if not ground.notices(mutant):
            survivors.add(mutant.place)
            judged = EQUAL.get(mutant.place, "not judged yet" if mutant.place in UNJUDGED_YET else "A HOLE")
            print(f"nobody noticed {mutant.name}: {judged}", flush=True)  # noqa: T201  # for who judges

    equal = len(survivors & EQUAL.keys())
    noticed = len(mutants) - len(survivors)
    print(f"{noticed} of {len(mutants)} noticed, {equal} cannot be: {noticed} of {len(mutants) - equal}")  # noqa: T201
    assert survivors <= EQUAL.keys() | UNJUDGED_YET
    assert EQUAL.keys() & {mutant.place for mutant in mutants} <= survivors
