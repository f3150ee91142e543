"""Who calls in the matrix besides the callers of the world, each in a session that he has opened himself."""

from uuid import uuid4

import psycopg

from tests.people import sign_in
from tests.world import Caller, must, user

ANN = "ann@acme.example"
# Makes a session of a group of the company's own, which permits everything but one procedure.
BAR = """
    update data.token
    set permission_group = 'Users',
        permissions = array(
            select distinct other.permission_name::text
            from data.procedure as barred
            join data.procedure as other on other.permission_name <> barred.permission_name
            where barred.procedure_name = %(function)s)
    where token_hash = sha256(%(token)s::bytea)
"""


def gather(call: Caller, admin: psycopg.Connection) -> None:
    """Sign in who is to be refused, and then let happen to him what he is refused for."""
    tokens = call.world.tokens
    for name in ("dave", "deactivated", "removed"):
        user(call, f"{name}@acme.example", by="ann")
    must(call("CreateTeamMembership", _as="ann", teamName="ops", newUserEmail="dave@acme.example"))
    for kind in ("expired", "idle", "ended"):
        tokens[kind] = must(sign_in(call, ANN)).row["nextRequestToken"]
    tokens["unknown"] = str(uuid4())

    must(call("DeleteUserRequest", _as="ended"))
    must(call("DeleteUser", _as="ann", userEmail="removed@acme.example"))
    # His session is left, as if it had slipped in.
    admin.execute(
        "update data.company_user set deactivated_time = data.clock() where email = 'deactivated@acme.example'"
    )
    age = "update data.token set expires_time = {}, last_used_time = {} where token_hash = sha256(%s::bytea)"
    for kind, expires, last_used in (
        ("expired", "data.clock()", "last_used_time"),
        ("idle", "expires_time", "data.clock() - interval '8 hours'"),
    ):
        admin.execute(age.format(expires, last_used).encode(), [tokens[kind]])


def bar(call: Caller, admin: psycopg.Connection, function: str) -> None:
    """Let dave call everything but the procedure of this function."""
    admin.execute(BAR, {"function": function, "token": call.world.tokens["dave"]})
