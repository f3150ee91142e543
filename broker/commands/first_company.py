"""Make the first company ready to work: user, team, region, bridge, machine and the token of its agent.

Everything goes through the calls that clients make. A run that broke off is completed by another with the same e-mail
and password.
"""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from marshmallow import ValidationError
from psycopg.errors import Error

from broker.call import Procedures
from broker.caller import Sender
from broker.contract.schemas import load_request
from broker.crypto.password import GateFullError, password_user_hash
from broker.database.database import UnavailableError
from broker.errors import Failure, RefusedError, failure_of

SESSION_NAME = "broker bootstrap"


class FirstCompanyError(Exception):
    """It cannot be made; the message says why and what to do.

    Attributes:
        recovery_code: of the company, when this run has made it: there is no other copy.
    """

    recovery_code: str | None = None


@dataclass(frozen=True)
class Wishes:
    """What to call everything."""

    company: str
    email: str
    team: str
    region: str
    bridge: str
    machine: str


@dataclass(frozen=True)
class FirstCompany:
    """What was made and is shown once.

    Attributes:
        recovery_code: None when the company was there already.
    """

    recovery_code: str | None = field(repr=False)
    agent_token_id: str
    agent_token: str = field(repr=False)
    expires_time: str


@dataclass(frozen=True)
class Client:
    """Calls as one sender; a failure is told in the words that clients get."""

    procedures: Procedures
    sender: Sender

    def call(self, procedure: str, **members: Any) -> list[dict[str, Any]]:
        """Make a call and give the rows of its first table.

        Raises:
            CallError: it failed.
        """
        try:
            answer = self.procedures.call(procedure, members, self.sender)
        except (RefusedError, ValidationError, UnavailableError, GateFullError, Error) as error:
            raise CallError(procedure, failure_of(error)) from error
        return list(answer.tables[0].rows)

    def make(self, procedure: str, **members: Any) -> None:
        """Make a call that makes something, unless it is there already."""
        try:
            self.call(procedure, **members)
        except CallError as error:
            if error.failure.status != 409:
                raise


class CallError(FirstCompanyError):
    """A call failed."""

    def __init__(self, procedure: str, failure: Failure) -> None:
        super().__init__(f"{procedure}: {'; '.join(failure.messages)}")
        self.failure = failure


def make_first_company(procedures: Procedures, wishes: Wishes, password: str, *, generated: bool) -> FirstCompany:
    """Make what is missing.

    Args:
        generated: the password was made for this run, so it cannot be that of a user who exists.

    Raises:
        FirstCompanyError: nothing is missing, the e-mail is somebody else's, a name cannot be used, ...
    """
    check_names(procedures, wishes)
    client = Client(procedures, Sender(email=wishes.email, user_hash=password_user_hash(password)))
    recovery_code = make_company(client, wishes, generated=generated)
    try:
        signed_in = sign_in(client, wishes, is_new=recovery_code is not None)
        try:
            token = make_places(signed_in, wishes)
        finally:
            with suppress(CallError):
                signed_in.call("DeleteUserRequest")
    except FirstCompanyError as error:
        error.recovery_code = recovery_code
        raise
    expires = token["expiresTime"].isoformat()
    return FirstCompany(recovery_code, str(token["agentTokenId"]), token["token"], expires)


def check_names(procedures: Procedures, wishes: Wishes) -> None:
    """Refuse names that cannot be used before anything is made.

    Raises:
        FirstCompanyError: with all that is wrong.
    """
    complaints: list[str] = []
    for procedure, members in (
        ("CreateNewCompany", {"companyName": wishes.company}),
        ("CreateNewUser", {"newUserEmail": wishes.email}),
        ("CreateTeam", {"teamName": wishes.team}),
        ("CreateRegion", {"regionName": wishes.region}),
        ("CreateBridge", {"regionName": wishes.region, "bridgeName": wishes.bridge}),
        ("CreateMachine", {"teamName": wishes.team, "bridgeName": wishes.bridge, "machineName": wishes.machine}),
    ):
        try:
            load_request(procedures.find(procedure).schema, members)
        except (ValidationError, UnavailableError) as error:
            complaints += failure_of(error).messages
    if complaints:
        raise FirstCompanyError("; ".join(dict.fromkeys(complaints)))


def make_company(client: Client, wishes: Wishes, *, generated: bool) -> str | None:
    """Make company and user, and activate him.

    Returns:
        The recovery code, or None when the e-mail is in use: then a run that broke off may be completed.
    """
    try:
        [company] = client.call("CreateNewCompany", companyName=wishes.company)
    except CallError as error:
        if error.failure.status != 409:
            raise
        if generated:
            raise FirstCompanyError(
                f"{error}; nothing was changed. To complete a run that broke off, give that user's password"
            ) from error
        return None
    client.call("ActivateUserAccount", activationCode=company["activationCode"])
    code: str = company["recoveryCode"]
    return code


def sign_in(client: Client, wishes: Wishes, *, is_new: bool) -> Client:
    """Open a session; its client makes the other calls."""
    try:
        [session] = client.call("CreateAuthenticationRequest", name=SESSION_NAME, tokenExpirationHours=1)
    except CallError as error:
        if is_new or error.failure.status != 401:
            raise
        raise FirstCompanyError(
            f"the e-mail {wishes.email} is in use already, and this is not its password; nothing was changed"
        ) from error
    return replace(client, sender=Sender(token=session["nextRequestToken"]))


def make_places(client: Client, wishes: Wishes) -> dict[str, Any]:
    """Make team, region, bridge and machine, as far as they are missing, and a token for the machine's agent.

    Returns:
        The row of the token.
    """
    client.make("CreateTeam", teamName=wishes.team)
    client.make("CreateRegion", regionName=wishes.region)
    client.make("CreateBridge", regionName=wishes.region, bridgeName=wishes.bridge)
    client.make("CreateMachine", teamName=wishes.team, bridgeName=wishes.bridge, machineName=wishes.machine)
    if client.call("GetAgentTokens", machineName=wishes.machine):
        raise FirstCompanyError(
            f"everything is there already: user {wishes.email}, and machine {wishes.machine} with an agent token; "
            "no other token was made"
        )
    [token] = client.call("CreateAgentToken", machineName=wishes.machine)
    return token
