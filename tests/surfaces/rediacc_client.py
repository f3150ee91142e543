"""A client that speaks as current Rediacc clients do: their headers, bodies and way with tokens."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient

URL = "/api/StoredProcedure/"
CODE = "111111"  # what these clients activate every account with

Row = dict[str, Any]


@dataclass(frozen=True)
class Heard:
    """An answer as these clients read it: by the place of its sets, not by their numbers."""

    status: int
    body: dict[str, Any]

    @property
    def sets(self) -> list[list[Row]]:
        assert (self.status, self.body["failure"]) == (200, 0), self.body["errors"]
        return [result_set["data"] for result_set in self.body["resultSets"]]

    @property
    def rows(self) -> list[Row]:
        """What listings show: the set after that of the token."""
        return self.sets[1]

    @property
    def row(self) -> Row:
        [row] = self.rows
        return row

    @property
    def error(self) -> str:
        """What users read of a refusal."""
        assert self.status == self.body["failure"] >= 400
        return "; ".join(self.body["errors"])


@dataclass
class RediaccClient:
    """Keeps the token that the last successful answer named."""

    http: FlaskClient
    token: str | None = None

    def post(self, procedure: str, body: bytes = b"", **headers: str) -> Heard:
        """Send bytes."""
        sent = {"Content-Type": "application/json", "User-Agent": "rediacc/1.0", **headers}
        response = self.http.post(URL + procedure, data=body, headers=sent)
        return Heard(response.status_code, response.get_json())

    def __call__(self, procedure: str, members: Row | None = None, **headers: str) -> Heard:
        """Call with the token, and take the next one; without members the body is empty."""
        body = b"" if members is None else json.dumps(members).encode()
        heard = self.post(procedure, body, **{"Rediacc-RequestToken": self.token or "", **headers})
        if heard.status == 200 and "resultSets" in heard.body:
            named = [row["nextRequestToken"] for row in heard.sets[0] if "nextRequestToken" in row]
            self.token = named[0] if named else self.token
        return heard

    def show_password(self, procedure: str, email: str, password: str, members: Row) -> Heard:
        """One of the three calls that take a password instead of a token."""
        headers = {"Rediacc-UserEmail": email, "Rediacc-UserHash": user_hash(password)}
        return self.post(procedure, json.dumps(members).encode(), **headers)

    def sign_in(self, email: str, password: str, **members: Any) -> Row:
        """Sign in and go on with the new token; the first row of set 0."""
        heard = self.show_password("CreateAuthenticationRequest", email, password, {"name": "s1", **members})
        row: Row = heard.sets[0][0]
        self.token = row["nextRequestToken"]
        return row


def user_hash(password: str) -> str:
    """The header Rediacc-UserHash; for the broker it is 32 bytes of no meaning."""
    return "0x" + hashlib.sha256(f"{password}, salted".encode()).hexdigest()


def found_company(client: RediaccClient, email: str, password: str, name: str = "Acme", **members: Any) -> None:
    """Make a company and activate its first user."""
    made = client.show_password("CreateNewCompany", email, password, {"companyName": name, **members})
    assert made.status == 200, made.body["errors"]
    activated = client.show_password("ActivateUserAccount", email, password, {"activationCode": CODE})
    assert activated.status == 200, activated.body["errors"]


def furnish(client: RediaccClient) -> None:
    """A region R1, a bridge B1, a team T1 and a machine M1."""
    for procedure, members in (
        ("CreateRegion", {"regionName": "R1", "regionVault": "{}"}),
        ("CreateBridge", {"regionName": "R1", "bridgeName": "B1", "bridgeVault": "{}"}),
        ("CreateTeam", {"teamName": "T1", "teamVault": "{}"}),
        ("CreateMachine", {"teamName": "T1", "bridgeName": "B1", "machineName": "M1", "machineVault": '{"ip":"1"}'}),
    ):
        assert client(procedure, members).status == 200
