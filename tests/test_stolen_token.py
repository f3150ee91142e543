"""Who holds a dump of the database and an agent's token opens its machine's queue vaults, its pool's, and nothing else.

The thief has what pg_dump wrote, the token's text, and the broker's own cryptography: no broker, no database, no
instance keyring. He tries every way from what he has to every wrapped key and every vault, and then from what he found.
"""

import hashlib
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from broker.crypto.keys import Grant, GrantError, scope_key, token_key, unwrap_key
from broker.crypto.principals import Principal, PrincipalError, PrincipalRecord, PrincipalSecret, open_principal
from broker.crypto.sealed_keys import open_sealed_key
from broker.crypto.vault import VaultError, VaultRecord, open_vault
from broker.embedded.binaries import find_binaries
from tests.world import Caller, World, must

MACHINES = {"build-01": "ops", "build-02": "ops", "dev-01": "dev"}
COPY = re.compile(r"^COPY (\w+\.\w+) \(([^)]*)\) FROM stdin;\n(.*?)^\\\.$", re.MULTILINE | re.DOTALL)
ESCAPED = re.compile(r"\\(.)")
ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}

Row = dict[str, str | None]


def dump(database: str) -> str:
    """The database as pg_dump writes it."""
    done = subprocess.run([find_binaries().program("pg_dump"), f"--dbname={database}"], capture_output=True, check=True)
    return done.stdout.decode()


def read_tables(dumped: str) -> dict[str, list[Row]]:
    """Every row of every table, as text; source: PostgreSQL, COPY, text format."""
    return {
        table: [
            dict(zip(columns.split(", "), map(unescape, line.split("\t")), strict=True)) for line in lines.splitlines()
        ]
        for table, columns, lines in COPY.findall(dumped)
    }


def unescape(value: str) -> str | None:
    return None if value == r"\N" else ESCAPED.sub(lambda match: ESCAPES.get(match[1], match[1]), value)


def text(row: Row, column: str) -> str:
    value = row[column]
    assert value is not None
    return value


def in_bytes(row: Row, column: str) -> bytes:
    return bytes.fromhex(text(row, column).removeprefix(r"\x"))


@dataclass(frozen=True)
class Loot:
    """What the thief opened.

    Attributes:
        principals: whose private halves he opened.
        grants: of each key granted that he opened, its kind and whose it is.
        texts: content of the vaults that he opened.
        closed: how many vaults stayed shut.
    """

    principals: frozenset[UUID]
    grants: frozenset[tuple[str, UUID]]
    texts: frozenset[str]
    closed: int


class Thief:
    """Tries whatever fits in a lock."""

    def __init__(self, dumped: str, token: str) -> None:
        self.tables = read_tables(dumped)
        self.companies = {row["company_id"]: UUID(text(row, "company_uuid")) for row in self.tables["data.company"]}
        ids = [UUID(text(row, "token_id")) for row in self.tables["data.token"]]
        self.keys = {token_key(token, own, company) for own in ids for company in self.companies.values()}
        self.keys.add(hashlib.sha256(token.encode()).digest())
        self.secrets: dict[UUID, PrincipalSecret] = {}

    def rob(self) -> Loot:
        """Open private halves and granted keys until no more open, then vaults."""
        grants: set[tuple[str, UUID]] = set()
        self.open_principals()
        while found := set(self.open_grants()) - grants:
            grants |= found
            self.open_principals()
        records = list(self.vaults())
        texts = [self.open_vault(company, record) for company, record in records]
        return Loot(frozenset(self.secrets), frozenset(grants), frozenset(filter(None, texts)), texts.count(None))

    def open_principals(self) -> None:
        for row in self.tables["data.principal_key"]:
            holder = UUID(text(row, "holder_id"))
            principal = Principal(self.companies[row["company_id"]], text(row, "holder_kind"), holder)  # type: ignore[arg-type]  # of a constraint
            record = PrincipalRecord(
                public_key=in_bytes(row, "public_key"),
                wrapped=in_bytes(row, "wrapped"),
                check_value=in_bytes(row, "check_value"),
                key_version=int(text(row, "key_version")),
                endorsement=in_bytes(row, "endorsement"),
                mac=in_bytes(row, "mac"),
            )
            for key in self.keys:
                with suppress(PrincipalError):
                    self.secrets[holder] = open_principal(principal, key, record)

    def open_grants(self) -> Iterator[tuple[str, UUID]]:
        for row in self.tables["data.held_key"]:
            grant = Grant(
                self.companies[row["company_id"]],
                text(row, "holder_kind"),  # type: ignore[arg-type]  # one of the kinds, says a constraint
                UUID(text(row, "holder_id")),
                text(row, "key_kind"),  # type: ignore[arg-type]  # likewise
                UUID(text(row, "key_id")),
                int(text(row, "key_version")),
            )
            wrapped, expected = in_bytes(row, "wrapped"), in_bytes(row, "check_value")
            opened: set[bytes] = set()
            for key in self.keys:
                with suppress(GrantError):
                    opened.add(unwrap_key(key, wrapped, grant, expected))
            for secret in self.secrets.values():
                with suppress(GrantError):
                    opened.add(open_sealed_key(secret, wrapped, grant, expected))
            if opened:
                self.keys |= opened
                yield grant.key_kind, grant.key_id

    def vaults(self) -> Iterator[tuple[UUID, VaultRecord]]:
        for row in self.tables["data.vault_record"]:
            yield (
                self.companies[row["company_id"]],
                VaultRecord(
                    scope_kind=text(row, "scope_kind"),
                    scope_id=UUID(text(row, "scope_id")),
                    owner_kind=text(row, "owner_kind"),
                    owner_id=UUID(text(row, "owner_id")),
                    attempt=int(text(row, "attempt")),
                    vault_name=text(row, "vault_name"),
                    vault_id=int(text(row, "vault_id")),
                    wrapped_key=in_bytes(row, "wrapped_key"),
                    content=in_bytes(row, "content"),
                    fingerprint=None,
                ),
            )

    def open_vault(self, company: UUID, record: VaultRecord) -> str | None:
        for key in self.keys:
            # As it is, and as if it were the company's.
            derived = scope_key(key, company, record.scope_kind, record.scope_id)  # type: ignore[arg-type]  # of an enum
            for tried in (key, derived):
                try:
                    return open_vault(record, company, tried).decode()
                except VaultError:
                    continue
        return None


def fill(call: Caller) -> dict[str, set[str]]:
    """Vaults of every entity of Acme, and requests and responses of each machine; the texts by what they belong to."""
    entities: list[tuple[str, str, dict[str, Any]]] = [
        ("UpdateCompanyVault", "companyVault", {}),
        ("UpdateUserVault", "userVault", {}),
        ("UpdateTeamVault", "teamVault", {"teamName": "ops"}),
        ("UpdateTeamVault", "teamVault", {"teamName": "dev"}),
    ]
    texts: dict[str, set[str]] = {"entities": set()}

    def make(of: str, what: str) -> str:
        made = f'"{what} of {of}"'
        texts.setdefault(of, set()).add(made)
        return made

    for procedure, member, named in entities:
        content: dict[str, Any] = {member: make("entities", f"{procedure} {named}".replace('"', ""))}
        must(call(procedure, _as="ann", vaultVersion=1, **named, **content))
    must(call("CreateRegion", _as="ann", regionName="us", regionVault=make("entities", "region")))
    must(call("CreateBridge", _as="ann", regionName="us", bridgeName="west", bridgeVault=make("entities", "bridge")))
    for team in ("ops", "dev"):
        machine: dict[str, Any] = {"machineName": f"new-{team}", "machineVault": make("entities", f"machine in {team}")}
        must(call("CreateMachine", _as="ann", teamName=team, bridgeName="west", **machine))

    for machine_name, team in MACHINES.items():
        place: dict[str, Any] = {"teamName": team, "machineName": machine_name}
        for request in ("answered", "waiting"):
            must(call("CreateQueueItem", _as="ann", queueVault=make(machine_name, request), **place))
        claimed = must(call("GetQueueItemsNext", _as=machine_name, itemCount=1, start=True)).row
        by_claim: dict[str, Any] = {"queueId": claimed["queueId"], "claimToken": claimed["claimToken"]}
        final: dict[str, Any] = {"responseVault": make(machine_name, "answer"), "completionStatus": "FAILED"}
        must(call("UpdateQueueItemToCompleted", _as=machine_name, **by_claim, **final))
        retried: dict[str, Any] = {
            "originalQueueId": claimed["queueId"],
            "modifiedVault": make(machine_name, "second try"),
        }
        must(call("RetryFailedQueueItem", _as="ann", **retried))
    for team, machine_name in (("ops", "build-01"), ("dev", "dev-01")):
        pool: dict[str, Any] = {"teamName": team, "queueName": "default"}
        of = f"pool of {team}"
        for request in ("answered", "waiting"):
            must(call("CreateQueueItem", _as="ann", priority=1, queueVault=make(of, request), **pool))
        claimed = must(call("GetQueueItemsNext", _as=machine_name, itemCount=1, start=True)).row
        by_claim = {"queueId": claimed["queueId"], "claimToken": claimed["claimToken"]}
        must(call("UpdateQueueItemToCompleted", _as=machine_name, responseVault=make(of, "answer"), **by_claim))
    place = {"teamName": "ops", "machineName": "build-01"}
    must(call("CreateQueueItem", _as="gina", queueVault=make("globex", "request"), **place))
    must(call("CreateQueueItem", _as="gina", queueVault=make("globex", "pool"), teamName="ops", queueName="default"))
    return texts


def uuid_of(tables: dict[str, list[Row]], machine: str) -> UUID:
    """Of a machine of the first company."""
    [row] = [row for row in tables["data.machine"] if row["machine_name"] == machine and row["company_id"] == "1"]
    return UUID(text(row, "machine_uuid"))


def id_of_token(tables: dict[str, list[Row]], name: str) -> UUID:
    """Of an agent of the first company."""
    [row] = [row for row in tables["data.token"] if row["token_name"] == name and row["company_id"] == "1"]
    return UUID(text(row, "token_id"))


def uuid_of_team(tables: dict[str, list[Row]], team: str) -> UUID:
    """Of the first company."""
    [row] = [row for row in tables["data.team"] if row["team_name"] == team and row["company_id"] == "1"]
    return UUID(text(row, "team_uuid"))


@pytest.mark.parametrize("machine", list(MACHINES))
def test_the_token_of_a_machine_opens_its_queue_vaults_its_pools_and_no_other(
    call: Caller, database: str, world: World, machine: str
) -> None:
    texts = fill(call)
    thief = Thief(dump(database), world.tokens[machine])

    loot = thief.rob()

    assert loot.principals == {id_of_token(thief.tables, machine)}
    team = MACHINES[machine]
    opened = texts[machine] | texts[f"pool of {team}"]
    assert loot.grants == {("machine", uuid_of(thief.tables, machine)), ("team", uuid_of_team(thief.tables, team))}
    assert loot.texts == opened
    assert loot.closed == sum(map(len, texts.values())) - len(opened)


def test_a_token_made_without_pools_opens_none(call: Caller, database: str) -> None:
    texts = fill(call)
    token = must(call("CreateAgentToken", _as="ann", machineName="build-01", pools=False)).row["token"]
    thief = Thief(dump(database), token)

    loot = thief.rob()

    assert loot.grants == {("machine", uuid_of(thief.tables, "build-01"))}
    assert loot.texts == texts["build-01"]


def test_the_token_of_a_bridge_opens_the_queue_vaults_of_its_machines_their_pools_and_no_other(
    call: Caller, database: str, world: World
) -> None:
    texts = fill(call)
    thief = Thief(dump(database), world.tokens["north"])

    loot = thief.rob()

    assert loot.grants == {
        *(("machine", uuid_of(thief.tables, machine)) for machine in MACHINES),
        *(("team", uuid_of_team(thief.tables, team)) for team in MACHINES.values()),
    }
    assert loot.texts == {content for of, made in texts.items() if of not in ("entities", "globex") for content in made}


def test_without_a_token_the_dump_opens_nothing(call: Caller, database: str) -> None:
    texts = fill(call)

    loot = Thief(dump(database), "jb_agent_of-nobody").rob()

    assert (loot.principals, loot.grants, loot.texts) == (frozenset(), frozenset(), frozenset())
    assert loot.closed == sum(map(len, texts.values()))


def test_the_same_tools_open_everything_of_a_company_for_a_session(call: Caller, database: str, world: World) -> None:
    """Otherwise the tests above would prove that the thief is clumsy."""
    texts = fill(call)

    loot = Thief(dump(database), world.tokens["ann"]).rob()

    assert loot.texts == {content for of, made in texts.items() if of != "globex" for content in made}
    assert loot.closed == len(texts["globex"])
