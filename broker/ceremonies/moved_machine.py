"""A machine that is moved to another bridge: its keys, given to the agents there."""

from collections.abc import Mapping
from typing import Any

from broker.ceremonies import Context, Prepared
from broker.ceremonies.bridges import NO_MACHINE, find_tokens, grant_machine


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:
    """Seal the machine's keys to the agents of its new bridge.

    Raises:
        RefusedError: 401, the token is not good.
        psycopg.Error: as the procedure: machine or bridge is absent, or not the caller's.
    """
    held = context.caller.keys
    if not held.company_keys:
        # An agent's token: the procedure says who may call it.
        return Prepared({"machineMaterial": NO_MACHINE})
    rows = find_tokens(context, arguments["teamName"], arguments["newBridgeName"], arguments["machineName"])
    return Prepared({"machineMaterial": grant_machine(held, rows[0]["machine_uuid"], rows)})
