"""The first tick of a schedule: SQL reads no cron expression."""

from collections.abc import Mapping
from typing import Any

from broker.ceremonies import Context, Prepared
from broker.errors import RefusedError
from broker.ticks import TimingError, find_zone, next_tick

FIND_TIMING = "select * from keyring.schedule_timing($1, $2)"
NO_TICK = (None, None, None)


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:
    """Look whether expression and time zone can be read, and compute the first tick.

    Raises:
        RefusedError: 400, cron or timeZone is wrong; 401, the token is not good.
        psycopg.Error: as the procedure: the team is absent, or not the caller's.
    """
    if not context.caller.keys.company_keys:
        # An agent's token: the procedure says who may call it.
        return Prepared({"scheduleMaterial": NO_TICK})
    names = arguments["teamName"], arguments["scheduleName"]
    [stored] = context.database.query(FIND_TIMING, *names, token_hash=context.caller.token_hash)
    cron = arguments.get("cron")
    if cron is None and arguments.get("everySeconds") is None:
        cron = stored["cron"]
    zone = arguments.get("timeZone") or stored["time_zone"] or "UTC"
    try:
        find_zone(zone)
        next_time = next_tick(cron, zone, stored["asked_time"]) if cron else None
    except TimingError as error:
        raise RefusedError(400, str(error)) from error
    return Prepared({"scheduleMaterial": (cron, zone, next_time)})
