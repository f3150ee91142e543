"""Overviews of a company count what waits and runs by the partial indexes, and read nothing of what has finished."""

import psycopg
import pytest

from tests.test_plans import BACKLOG, Hot, hot

__all__ = ["hot"]  # a fixture

FINISH = """
    update data.queue_item set status = 'CANCELLED', finished_time = created_time;
    insert into data.queue_event (company_id, queue_id, event_time, event, attempt, actor)
    select company_id, queue_id, finished_time, 'CANCELLED', 0, 'ann@acme.example' from data.queue_item;
"""


@pytest.mark.parametrize("analysed", [False, True], ids=["never analysed", "analysed"])
def test_the_dashboard_reads_no_item_that_has_finished(hot: Hot, admin: psycopg.Connection, analysed: bool) -> None:
    hot.call("ann", "get_company_dashboard_json()", {})
    admin.execute(BACKLOG.encode())
    admin.execute(FINISH.encode())
    if analysed:
        admin.execute("analyze")
    admin.execute(BACKLOG.encode())
    [waiting] = admin.execute("select count(*) from data.queue_item where company_id = 1 and status = 'PENDING'")
    hot.plans.clear()

    hot.call("ann", "get_company_dashboard_json()", {})

    reads = [read for read in hot.reads({"queue_item"}) if read.rows]
    assert {read.way for read in reads} == {"queue_item_waiting"}
    # Of each machine what waits on it: as many rows as there are, on the average over the machines.
    assert {read.rows for read in reads} == {waiting[0] / 103}
