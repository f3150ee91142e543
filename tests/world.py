"""The world of the tests: two companies, made once per template database through the calls that clients make.

Acme    ann    administrator, member of ops and dev
        bob    user, member of ops
        carol  user, member of dev
        region eu; bridge north with machines build-01, build-02 (team ops) and dev-01 (team dev);
        bridge south without any
Globex  gina   administrator, member of ops (a team of the same name), machine build-01 (likewise) on bridge north
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient

from broker.contract.schemas import build_response_schema
from broker.crypto.password import password_user_hash

PASSWORD = "correct horse battery staple"
NOBODY = "nobody"
URL = "/api/StoredProcedure/"


@dataclass(frozen=True)
class Reply:
    """An answer as a client sees it."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def failure(self) -> int:
        value: int = self.body["failure"]
        return value

    @property
    def errors(self) -> list[str]:
        value: list[str] = self.body["errors"]
        return value

    @property
    def outputs(self) -> dict[str, Any]:
        value: dict[str, Any] = self.body["outputs"]
        return value

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of the first table."""
        return self.table(1)

    @property
    def row(self) -> dict[str, Any]:
        """The only row of the first table."""
        assert self.failure == 0, self.errors
        [row] = self.rows
        return row

    def table(self, index: int) -> list[dict[str, Any]]:
        assert self.failure == 0, self.errors
        [table] = [table for table in self.body["tables"] if table["resultSetIndex"] == index]
        rows: list[dict[str, Any]] = table["data"]
        return rows


@dataclass
class World:
    """Who holds which token: session tokens by user, agent tokens by machine or bridge."""

    tokens: dict[str, str] = field(default_factory=dict)
    user_hashes: dict[str, str] = field(default_factory=dict)

    def caller(self, client: FlaskClient) -> "Caller":
        return Caller(client, self)


@dataclass(frozen=True)
class Caller:
    """Calls procedures through HTTP; as bob, a member of ops without special rights, unless the call says otherwise."""

    client: FlaskClient
    world: World

    def __call__(
        self, procedure: str, _as: str = "bob", _headers: dict[str, str] | None = None, **members: Any
    ) -> Reply:
        headers = dict(_headers or {})
        if _as != NOBODY:
            headers["Rediacc-RequestToken"] = self.world.tokens.get(_as, _as)
        response = self.client.post(URL + procedure, json=members, headers=headers)
        reply = Reply(response.status_code, response.get_json(), dict(response.headers))
        if reply.status == 200:
            self.check(procedure, reply.body)
        return reply

    def check(self, procedure: str, body: dict[str, Any]) -> None:
        """Hold a successful answer against the contract that is published for it.

        Raises:
            ValidationError: it does not fit.
        """
        schemas = self.client.application.extensions.setdefault("response_schemas", {})
        described = self.client.application.extensions["procedures"].find(procedure).procedure
        if procedure not in schemas or schemas[procedure][0] is not described:
            schemas[procedure] = (described, build_response_schema(described))
        schemas[procedure][1].load(body)


def build_world(client: FlaskClient) -> World:
    """Make both companies and sign everybody in."""
    world = World()
    call = world.caller(client)
    company(call, "Acme", "ann@acme.example")
    for name in ("bob", "carol"):
        user(call, f"{name}@acme.example", by="ann")
    call("CreateRegion", _as="ann", regionName="eu").row  # noqa: B018  asserts success
    for bridge in ("north", "south"):
        must(call("CreateBridge", _as="ann", regionName="eu", bridgeName=bridge))
    for team, member, machines in (("ops", "bob", ("build-01", "build-02")), ("dev", "carol", ("dev-01",))):
        must(call("CreateTeam", _as="ann", teamName=team))
        must(call("CreateTeamMembership", _as="ann", teamName=team, newUserEmail=f"{member}@acme.example"))
        for machine in machines:
            must(call("CreateMachine", _as="ann", teamName=team, bridgeName="north", machineName=machine))
            agent_token(call, machine, machineName=machine)
    agent_token(call, "north", bridgeName="north")

    company(call, "Globex", "gina@globex.example")
    must(call("CreateRegion", _as="gina", regionName="eu"))
    must(call("CreateBridge", _as="gina", regionName="eu", bridgeName="north"))
    must(call("CreateTeam", _as="gina", teamName="ops"))
    must(call("CreateMachine", _as="gina", teamName="ops", bridgeName="north", machineName="build-01"))
    agent_token(call, "globex-build-01", by="gina", machineName="build-01")
    return world


def must(reply: Reply) -> Reply:
    assert reply.failure == 0, reply.errors
    return reply


def credentials(world: World, email: str) -> dict[str, str]:
    """The headers of the calls that take a password."""
    user_hash = world.user_hashes.setdefault(email, "0x" + password_user_hash(PASSWORD).hex())
    return {"Rediacc-UserEmail": email, "Rediacc-UserHash": user_hash}


def company(call: Caller, name: str, email: str) -> None:
    made = must(call("CreateNewCompany", _as=NOBODY, _headers=credentials(call.world, email), companyName=name))
    activate(call, email, made.row["activationCode"])


def user(call: Caller, email: str, by: str) -> None:
    made = must(call("CreateNewUser", _as=by, newUserEmail=email))
    activate(call, email, made.row["activationCode"])


def activate(call: Caller, email: str, code: str) -> None:
    headers = credentials(call.world, email)
    must(call("ActivateUserAccount", _as=NOBODY, _headers=headers, activationCode=code))
    signed_in = must(call("CreateAuthenticationRequest", _as=NOBODY, _headers=headers, name="tests"))
    call.world.tokens[email.partition("@")[0]] = signed_in.row["nextRequestToken"]


def agent_token(call: Caller, name: str, by: str = "ann", **place: Any) -> None:
    made = must(call("CreateAgentToken", _as=by, name=name, **place))
    call.world.tokens[name] = made.row["token"]


MakeItem = Callable[..., int]
