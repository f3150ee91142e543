"""A bridge whose tokens have ended: a new one for its agent, if the caller may make one."""

from collections.abc import Mapping
from typing import Any

from psycopg.errors import Error

from broker.ceremonies import Context, Prepared, agent_token

# The bridge has a machine of a team that is not the caller's, or none at all.
NO_TOKEN_TO_MAKE = ("JB403", "JB409")


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:
    """Make a token as CreateAgentToken does, or none where that would be refused: the old ones end all the same.

    Raises:
        RefusedError: 401, the caller's token is not good.
        psycopg.Error: as the procedure: there is no such bridge.
    """
    try:
        return agent_token.prepare(context, arguments)
    except Error as error:
        if error.sqlstate in NO_TOKEN_TO_MAKE:
            return Prepared({"tokenMaterial": agent_token.NO_TOKEN})
        raise
