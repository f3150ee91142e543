"""How many faults of the engine are noticed, of those that a seed draws from tests/faults.py.

Each fault is put into a database whose invariants nobody looks at, and tried by the checks of engine_checks.py and by a
few orders of calls against the model. A few of those drawn, in the core of the engine, are part of the suite.

`scripts/test tests/test_engine_mutants.py --all-mutants -n 0 -s` tries all of them, those that are not noticed also by
the tests of the nearest procedures and of the engine's topics, and prints the score and every survivor. Those that
nobody can notice, because what they change makes no difference, are listed (judged.py) and must stay unnoticed.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import psycopg
import pytest

from tests import conftest
from tests.conftest import Clock, Lent, Template, database_url, serving, settings, spoiled
from tests.engine_checks import Ground, first_failure
from tests.faults import SQL, Fault, blanked, drawn
from tests.judged import EQUAL, NOT_AT_ONCE
from tests.model.machine import play
from tests.twin import save, tables_of

PARTS = 13  # one of so many is drawn
SAMPLE = 12
NEEDED = 0.95  # of all that are drawn
CORE = re.compile(
    r"queue/(claim|lock_next_items|rooms_of|judge_claim|put_back|finish|complete|show_sign_of_life|repeat_claim"
    r"|cancel_item|wait_again|retry_later|tokens_of|spend_tokens|add_items|may_retry|time_out|end_unanswered|beat)"
)
TESTS = Path(__file__).resolve().parent
NEAREST = 6
# Which topics of the engine a file may belong to: the tests that are named first are the likeliest to notice.
TOPICS = {
    r"rooms|room_keys|lanes_of|lock_next|claim$|tokens|limits|add_items": "buckets blocked_queues limits pools",
    r"wait_keys|to_completed|create_queue_items": "blocked_queues",
    r"lock_next|claim$": "fairness marks",
    r"signs|note_question|line_of|machine_loads|in_hand": "lives get_team_machines",
    r"wait_reason|ahead|place_in|takers": "blocked_queues pools",
    r"schedule|tick|details_of|use_key": "schedules ticks",
    r"retr|letter|put_back|complete|finish": "retries late_workers dependencies",
    r"depend|ended|cancel|release|delete": "dependencies retention",
    r"orphan|lost_|rescue|expire|delete_team": "maintenance retention",
    r"webhook|tell_": "get_webhook_deliveries webhook_settings webhooks",
    r"flow|changes": "flows watchers",
    r"unfinished|rotat": "rotation_at_work rotation_attacks",
}
ORDERS = 12
PLAIN = ("-o", "addopts=", "-x", "-s", "-p", "no:cacheprovider")


@dataclass(frozen=True)
class Trial:
    """Where faults are tried."""

    ground: Ground
    lent: Lent
    sources: dict[str, str]

    def noticed_by(self, fault: Fault, thoroughly: bool) -> str | None:
        """Who notices a fault, if anybody."""
        self.lent.restore()  # from what the fault before has left
        with self.put_in(fault):
            check = first_failure(self.ground) or self.noticed_by_model()
        return check or (self.noticed_by_tests(fault) if thoroughly else None)

    def noticed_by_model(self) -> str | None:
        """Whether any order of calls leaves something else than the model says, or cannot be played."""
        self.lent.restore()
        try:
            play([self.ground.call] * 2, self.ground.admin, ORDERS)
        except Exception:  # whatever it is, an engine that is whole raises nothing
            return "the model"
        finally:
            self.lent.restore()
        return None

    def noticed_by_tests(self, fault: Fault) -> str | None:
        """The first test of those nearest that passes without the fault, and not with it, whenever it is run."""
        excused: list[str] = []  # of this fault only: a test that failed by chance may notice the next
        while True:
            with self.put_in(fault):
                failed = self.first_failed_test(self.tests_of(fault.file), excused)
                if failed is None:
                    return None
                again = self.first_failed_test([failed], [])
            if again is not None and self.first_failed_test([failed], []) is None:
                return failed
            excused.extend(["--deselect", failed])

    @contextmanager
    def put_in(self, fault: Fault) -> Iterator[None]:
        """The database of the checks, and the one that others are cloned from, with a fault."""
        places = (self.lent.url, database_url(self.lent.server, self.lent.template.name))
        text = (SQL / f"{fault.file}.sql").read_text()
        try:
            for url in places:
                write(url, fault.text)
            yield
        finally:
            for url in places:
                write(url, text)

    def first_failed_test(self, tests: list[str], options: list[str]) -> str | None:
        """The first failure of tests that are run inside this one."""
        failed = Failed()
        self.lent.restore()
        conftest.LENT.append(self.lent)
        try:
            with redirect_stdout(StringIO()):
                pytest.main([*PLAIN, *options, *tests], plugins=[failed])
        finally:
            conftest.LENT.pop()
            self.lent.restore()
        return failed.first

    def tests_of(self, file: str) -> list[str]:
        """The tests of the procedures that a file's function is part of, the nearest first, and of its topics."""
        reached, found = [file], {file}
        while found:
            names = [re.escape(f"{path.split('/')[0]}.{Path(path).stem}(") for path in found]
            calling = re.compile("|".join(names))
            found = {path for path, code in self.sources.items() if path not in reached and calling.search(code)}
            reached += sorted(found)
        procedures = [Path(path).stem for path in reached if path.startswith("api/")]
        files = [path for name in procedures for path in sorted((TESTS / "procedures").glob(f"test_{name}*.py"))]
        topics = [topic for names, topics in TOPICS.items() if re.search(names, file) for topic in topics.split()]
        files = [
            *list(dict.fromkeys(files))[:NEAREST],
            *(path for topic in dict.fromkeys(topics) for path in TESTS.rglob(f"test_{topic}.py")),
        ]
        return [str(path) for path in dict.fromkeys(files)]


def restore(admin: psycopg.Connection) -> None:
    """Put every row back to where save() found it. Rows are deleted: truncating so many tables takes longer."""
    changes = [
        f"delete from data.{table}; insert into data.{table} ({', '.join(columns)}) overriding system value "
        f"select {', '.join(columns)} from saved.{table};"
        for table, columns in tables_of(admin)
    ]
    with admin.transaction():
        admin.execute("set local session_replication_role = replica")
        admin.execute("\n".join([*changes, "update data.test_clock set ahead = '0'"]).encode())


def write(url: str, text: str) -> None:
    """Run a file of SQL."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(text.encode())


class Failed:
    """Remembers the first failure of a run."""

    def __init__(self) -> None:
        self.first: str | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.first is None:
            self.first = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        assert not report.failed, report.longrepr


@pytest.fixture(scope="module")
def trial(server: str, template: Template) -> Iterator[Trial]:
    """One database for all faults: each is taken out again."""
    sources = {
        path.relative_to(SQL).with_suffix("").as_posix(): blanked(path.read_text())
        for path in SQL.rglob("*/*.sql")
        if not path.stem[0].isdigit()
    }
    with (
        spoiled(server, template) as url,
        serving(settings(url, template)) as app,
        psycopg.connect(url, autocommit=True) as admin,
    ):
        save(admin)
        ground = Ground(template.world.caller(app.test_client()), admin, Clock(admin), url)
        lent = Lent(server, template, url, lambda: restore(admin))
        yield Trial(ground, lent, sources)


def test_the_engine_is_whole(trial: Trial) -> None:
    assert first_failure(trial.ground) is None


def is_sql(fault: Fault, admin: psycopg.Connection) -> bool:
    """Whether a change is a fault, or nothing that PostgreSQL would take."""
    try:
        with admin.transaction(force_rollback=True):
            admin.execute(fault.text.encode())
    except psycopg.Error:
        return False
    return True


def test_faults_of_the_engine_are_noticed(trial: Trial, request: pytest.FixtureRequest) -> None:
    everything = request.config.getoption("--all-mutants")
    faults = [fault for fault in drawn(PARTS) if is_sql(fault, trial.ground.admin)]
    assert len(faults) >= 100
    if not everything:
        faults = [fault for fault in faults if CORE.fullmatch(fault.file)][:SAMPLE]

    noticed = {}
    for fault in faults:
        noticed[fault.name] = trial.noticed_by(fault, everything)
        by = noticed[fault.name] or f"NOBODY ({EQUAL.get(fault.name, 'a hole')})"
        print(f"{by}: {fault.name}", flush=True)  # noqa: T201  # for who judges them

    missed = {name for name, by in noticed.items() if by is None}
    real = noticed.keys() - EQUAL.keys()
    score = f"{len(noticed) - len(missed)} of {len(noticed)} noticed"
    print(f"{score}; {len(real - missed)} of the {len(real)} that can be")  # noqa: T201  # likewise
    print(*sorted(missed - EQUAL.keys()), sep="\n")  # noqa: T201  # likewise
    assert EQUAL.keys() & noticed.keys() <= missed
    if everything:
        assert EQUAL.keys() <= noticed.keys(), "judged equal, and not among those drawn any more"
        assert len(real - missed) >= NEEDED * len(real)
    else:
        assert missed - EQUAL.keys() == NOT_AT_ONCE & noticed.keys()
