"""The audit is read along its indexes: what a reading costs does not depend on how much has happened before."""

from collections.abc import Collection, Iterator
from contextlib import suppress

import psycopg
import pytest

from tests.test_plans import Hot, Row, hot

__all__ = ["hot"]  # a fixture

# Half of it about other things, on every day of most of a year; half about one machine, before the days that are shown.
HISTORY = """
    insert into data.audit (
        company_id, audit_time, transaction_id, actor, procedure_name, status, action, entity, entity_uuid, entity_name)
    select machine.company_id, data.clock() - number * interval '5 minutes', pg_current_xact_id(), 'ann@acme.example',
           'UpdateMachineVault', 0, 'VaultUpdated', 'Machine', gen_random_uuid(), 'other-' || number
    from data.machine as machine
    cross join generate_series(1, 50000) as number
    where machine.machine_name = 'build-01' and machine.company_id = 1
    union all
    select machine.company_id, data.clock() - interval '8 days' - number * interval '5 minutes', pg_current_xact_id(),
           'ann@acme.example', 'UpdateMachineVault', 0, 'VaultUpdated', 'Machine', machine.machine_uuid, 'build-01'
    from data.machine as machine
    cross join generate_series(1, 40000) as number
    where machine.machine_name = 'build-01' and machine.company_id = 1
    union all
    select 1, data.clock() - number * interval '5 minutes', pg_current_xact_id(), 'bob@acme.example', 'CreateTeam', 403,
           'Refused', 'Procedure', null, 'CreateTeam'
    from generate_series(1, 10000) as number;
"""
FEW = 10
MONTHS = "select relname from pg_partition_tree('data.audit') join pg_class on oid = relid where isleaf"

READINGS = {
    "newest": "get_audit_logs(p_max_records => 10)",
    "of a kind": "get_audit_logs(p_entity_filter => 'machine', p_max_records => 10)",
    "of a kind that is not there": "get_audit_logs(p_entity_filter => 'Bridge', p_max_records => 10)",
    "of a time": "get_audit_logs(p_end_date => data.clock() - interval '3 days', p_max_records => 10)",
    "trace by name": "get_entity_audit_trace('Machine', 'build-01')",
    "trace of what is gone": "get_entity_audit_trace('Machine', 'other-7')",
    "trace of a name without uuid": "get_entity_audit_trace('Procedure', 'CreateTeam')",
    "history": "get_entity_history('Machine', %(machine_uuid)s, 10)",
}


@pytest.fixture
def machine(hot: Hot, admin: psycopg.Connection) -> Row:
    """build-01, of a company that is shown seven days."""
    admin.execute("update data.company set plan = 'COMMUNITY' where company_id = 1")
    [(found,)] = admin.execute(
        "select machine_uuid from data.machine where company_id = 1 and machine_name = 'build-01'"
    ).fetchall()
    return {"machine_uuid": found}


def read_all(hot: Hot, months: Collection[str], machine: Row) -> Iterator[tuple[str, str, float]]:
    """Which reading looked at how many rows of a month in one go, and how."""
    for name, call in READINGS.items():
        hot.plans.clear()
        with suppress(psycopg.Error):  # what is not found is looked for as well
            hot.call("ann", call, machine)
        for read in hot.reads(months):
            yield name, read.way, read.rows


@pytest.mark.parametrize("analysed", [False, True], ids=["never analysed", "analysed"])
def test_readings_stop_at_what_they_show(hot: Hot, admin: psycopg.Connection, machine: Row, analysed: bool) -> None:
    months = [str(name) for (name,) in admin.execute(MONTHS).fetchall()]
    list(read_all(hot, months, machine))
    admin.execute(HISTORY.encode())
    if analysed:
        admin.execute("analyze data.audit")

    reads = list(read_all(hot, months, machine))

    # Until the first ANALYZE, which autovacuum brings, a kind may be picked out of all that happened in the days shown.
    judged = set(READINGS) if analysed else {name for name in READINGS if "kind" not in name}
    assert {name for name, _, _ in reads} >= judged
    assert [read for read in reads if read[0] in judged and (read[1].endswith("Scan") or read[2] > FEW)] == []
