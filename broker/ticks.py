"""When schedules run: the ticks of cron expressions, read in their time zones, and of intervals.

Cron expressions are those of cron(8): five fields. Where clocks are put forward, a tick of the lost hour comes at once
after it; where they are put back, a tick of the repeated hour comes once. Expressions whose minute or hour begins with
* go by the time that passes instead: each such hour has its ticks.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from broker.contract.text import echo

FIELDS = 5
LONGEST = 200


class TimingError(ValueError):
    """There is no such time zone, or no such tick; the text says what is wrong, in a sentence for the caller."""


def next_tick(cron: str, zone: str, after: datetime) -> datetime:
    """The first tick of a cron expression after a moment.

    Args:
        zone: a name of the IANA database.
        after: with any time zone.

    Returns:
        In UTC.

    Raises:
        TimingError: the expression cannot be read or never fires, or the time zone is not known.

    Source: cron(8) of Debian, for what happens when clocks are changed.
    """
    local = after.astimezone(find_zone(zone))
    if len(cron) > LONGEST:
        raise TimingError(f"cron must have at most {LONGEST} characters")
    if len(cron.split()) != FIELDS:
        raise TimingError(f"cron {echo(cron)} must have five fields: minute, hour, day, month, weekday")
    try:
        # A repeated hour has the ticks of its first half only; within the second one they are past.
        for tick in CronSim(cron, local):
            if tick.astimezone(UTC) > after.astimezone(UTC):
                return tick.astimezone(UTC)
    except CronSimError as error:
        raise TimingError(f"cron {echo(cron)} cannot be read, or never fires: {str(error).lower()}") from error
    raise TimingError(f"cron {echo(cron)} never fires")


def next_beat(every_seconds: int, beat: datetime, after: datetime) -> datetime:
    """The first tick of an interval after a moment that does not lie before `beat`, a tick of it."""
    step = timedelta(seconds=every_seconds)
    return beat + ((after - beat) // step + 1) * step


def find_zone(name: str) -> ZoneInfo:
    """A time zone by its name.

    Raises:
        TimingError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise TimingError(
            f"time zone {echo(name)} is not known: give a name of the IANA database, as Europe/Berlin"
        ) from error
