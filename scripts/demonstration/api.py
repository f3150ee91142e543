"""The few calls that the demonstration makes as a team user and as a worker."""

from dataclasses import dataclass
from typing import Any

import urllib3

from broker.crypto.password import password_user_hash


class CallFailedError(Exception):
    """The broker refused a call; status and its sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Api:
    """Calls procedures with one token."""

    url: str
    http: urllib3.PoolManager
    token: str = ""

    def call(self, procedure: str, headers: dict[str, str] | None = None, **members: Any) -> list[dict[str, Any]]:
        """Make a call and give the rows of its first table.

        Raises:
            CallFailedError: the broker refused it.
        """
        sent = dict(headers or {})
        if self.token:
            sent["Rediacc-RequestToken"] = self.token
        reply = self.http.request(
            "POST", f"{self.url}/api/StoredProcedure/{procedure}", json=members, headers=sent, retries=False
        )
        body = reply.json()
        if body["failure"]:
            raise CallFailedError(body["failure"], "; ".join(body["errors"]))
        rows: list[dict[str, Any]] = body["tables"][0]["data"] if body["tables"] else []
        return rows

    def with_token(self, token: str) -> "Api":
        return Api(self.url, self.http, token)

    def sign_in(self, email: str, password: str) -> "Api":
        """Open a session and answer with the calls of its user."""
        headers = {"Rediacc-UserEmail": email, "Rediacc-UserHash": "0x" + password_user_hash(password).hex()}
        [row] = self.call("CreateAuthenticationRequest", headers, name="demonstration")
        return self.with_token(row["nextRequestToken"])
