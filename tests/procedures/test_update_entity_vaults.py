"""UpdateCompanyVault and its like for users, teams, regions, bridges and machines: what they have in common.

Each has a file of its own for what is its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from tests.people import refuse_in_sql
from tests.world import Caller, Reply


@dataclass(frozen=True)
class Entity:
    """One kind of thing with a vault.

    Attributes:
        name: of the one that is written, as it is kept; members may spell it otherwise.
        members: that name it in the call that writes.
        shown_by: the call that shows it, as ann, who makes the call that writes too.
        shown_members: of that call.
    """

    kind: str
    column: str
    name: str
    members: Mapping[str, Any]
    shown_by: str
    shown_members: Mapping[str, Any] = field(default_factory=dict)

    def update(self, call: Caller, version: int, content: str = '{"first": 1}') -> Reply:
        members = {**self.members, f"{self.kind}Vault": content, "vaultVersion": version}
        return call(f"Update{self.kind.capitalize()}Vault", _as="ann", **members)

    def stored(self, call: Caller) -> tuple[int, str]:
        rows = call(self.shown_by, _as="ann", **self.shown_members).rows
        [row] = [row for row in rows if row[self.column] == self.name]
        return row["vaultVersion"], row["vaultContent"]


ENTITIES = {
    entity.kind: entity
    for entity in (
        Entity("company", "companyName", "Acme", {}, "GetCompanyVault"),
        Entity("user", "userEmail", "ann@acme.example", {}, "GetUserVault"),
        Entity("team", "teamName", "ops", {"teamName": "OPS"}, "GetCompanyTeams"),
        Entity("region", "regionName", "eu", {"regionName": "EU"}, "GetCompanyRegions"),
        Entity("bridge", "bridgeName", "south", {"bridgeName": "South"}, "GetRegionBridges", {"regionName": "eu"}),
        Entity("machine", "machineName", "build-01", {"teamName": "ops", "machineName": "Build-01"}, "GetTeamMachines"),
    )
}


@pytest.fixture(params=list(ENTITIES))
def entity(request: pytest.FixtureRequest) -> Entity:
    return ENTITIES[request.param]


def test_writes_the_vault_byte_for_byte_and_raises_its_version(call: Caller, entity: Entity) -> None:
    first = entity.update(call, 1)
    second = entity.update(call, 2, '{"of":"it", "twice":1e2}')

    assert first.row == {entity.column: entity.name, "vaultVersion": 2, "result": "vault updated"}
    assert second.row["vaultVersion"] == 3
    assert entity.stored(call) == (3, '{"of":"it", "twice":1e2}')


@pytest.mark.parametrize("version", [0, 1, 3])
def test_refuses_any_version_but_the_current_one(call: Caller, entity: Entity, version: int) -> None:
    entity.update(call, 1)

    reply = entity.update(call, version, "{}")

    assert reply.failure == 409
    assert reply.errors == [f"the vault of {entity.kind} {entity.name} has version 2, not {version}: read it again"]
    assert entity.stored(call) == (2, '{"first": 1}')


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection, entity: Entity) -> None:
    entity.update(call, 1)

    rows = admin.execute(
        "select actor, procedure_name, status, action, entity, entity_name, details, address from data.audit"
    ).fetchall()
    kind = entity.kind.capitalize()
    assert rows == [
        ("ann@acme.example", f"Update{kind}Vault", 0, "VaultUpdated", kind, entity.name, "vault version 2", "127.0.0.1")
    ]


def test_is_nothing_for_a_sql_admin_who_holds_no_key(admin: psycopg.Connection, entity: Entity) -> None:
    arguments = {"company": "", "user": "", "machine": "'ops', 'build-01', "}
    named = arguments.get(entity.kind, f"'{entity.name}', ")

    refused = refuse_in_sql(admin, "ann@acme.example", f"select * from api.update_{entity.kind}_vault({named}null, 1)")

    assert refused == ("JB403", "this call seals a vault and needs a key: make it through the broker")
