"""Rights of schedules."""

from typing import Any

from tests.rights.stage import Bodies, Stage, new_name
from tests.world import must

TABLE = """
                                   stranger outsider barred member admin remote agent sibling distant bridge foreign sql
    CreateSchedule                 404      403      403    ok     ok    403    403   403     403     403    403     key
    UpdateSchedule                 404      403      403    ok     ok    403    403   403     403     403    403     ok
    DeleteSchedule                 404      403      403    ok     ok    403    403   403     403     403    403     ok
    GetTeamSchedules               404      403      403    ok     ok    403    403   403     403     403    403     ok
    RunScheduleNow                 404      403      403    ok     ok    403    403   403     403     403    403     ok
"""

JOB = '{"of":"acme"}'


def schedule(stage: Stage) -> dict[str, Any]:
    """A schedule of ops."""
    names: dict[str, Any] = {"teamName": "ops", "scheduleName": new_name()}
    must(stage.call("CreateSchedule", queueVault=JOB, machineName="build-02", cron="0 2 * * *", **names))
    return names


BODIES: Bodies = {
    "CreateSchedule": lambda _: {
        "teamName": "ops",
        "scheduleName": new_name(),
        "queueVault": JOB,
        "machineName": "build-02",
        "everySeconds": 3600,
    },
    "UpdateSchedule": lambda stage: {**schedule(stage), "cron": "0 3 * * *"},
    "DeleteSchedule": schedule,
    "GetTeamSchedules": lambda stage: {"teamName": schedule(stage)["teamName"]},
    "RunScheduleNow": schedule,
}
