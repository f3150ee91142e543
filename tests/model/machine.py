"""Orders of calls, as hypothesis draws them, for the engine and its model."""

from typing import Any

import psycopg
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.model.player import Player, Speaker
from tests.world import Caller

BROKERS = st.integers(0, 1)
PLACES = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3, 5])
SPEAKERS = st.builds(
    Speaker,
    broker=BROKERS,
    by=st.sampled_from(["own", "own", "own", "own", "build-01", "north", "bob", "ann"]),
    claim=PLACES,
    other=PLACES,
    token=st.sampled_from(["own", "own", "own", "own", "own", "other", "none", "none"]),
)
CLAIMS = st.tuples(
    st.just("claim"), BROKERS, st.sampled_from(["build-01", "north", "bob", "ann"]), st.integers(1, 3), st.booleans()
)
COMPLETIONS = st.tuples(
    st.just("complete"),
    SPEAKERS,
    st.sampled_from(["SUCCESS", "PARTIAL", "FAILED", "FAILED", "CANCELLED"]),
    st.sampled_from(['{"exitCode":0}', '{"exitCode":1}']),
    st.sampled_from([None, None, True, False]),
)
QUEUES = st.integers(0, 1)
LIMITS = st.sampled_from([None, 1, 2])
SETTINGS: list[st.SearchStrategy[tuple[Any, ...]]] = [
    st.tuples(st.just("set_limits"), QUEUES, LIMITS, LIMITS),
    st.tuples(st.just("limit_company"), LIMITS, LIMITS),
    st.tuples(st.just("pause"), QUEUES),
    st.tuples(st.just("pause_machine")),
    st.tuples(st.just("label")),
]
CREATIONS = st.tuples(
    st.just("create"),
    st.sampled_from(["bob", "bob", "ann"]),
    QUEUES,
    st.sampled_from(["machine", "machine", "pool", "choosy"]),
    st.sampled_from([3, 3, 1, 5]),
    st.sampled_from([(3, 0), (1, 0), (3, 2), (2, 1), (2, 2)]),
    st.sampled_from(["now", "now", "later", "expiring", "timed"]),
)
RESPONSES = st.tuples(st.just("respond"), SPEAKERS, st.booleans())
# One rule for all calls: of many rules hypothesis would leave out most in most of its runs. Named twice is likelier.
CALLS: st.SearchStrategy[tuple[Any, ...]] = st.sampled_from(
    [
        st.sampled_from(SETTINGS).flatmap(lambda call: call),
        CREATIONS,
        CREATIONS,
        CLAIMS,
        CLAIMS,
        CLAIMS,
        CLAIMS,
        st.tuples(st.just("heartbeat"), SPEAKERS),
        RESPONSES,
        RESPONSES,
        COMPLETIONS,
        COMPLETIONS,
        COMPLETIONS,
        st.tuples(st.just("give_back"), SPEAKERS),
        st.tuples(st.just("cancel"), BROKERS, PLACES, st.booleans()),
        st.tuples(st.just("retry"), BROKERS, PLACES),
        st.tuples(st.just("move"), BROKERS, PLACES, st.integers(1, 5)),
        st.tuples(st.just("delete"), BROKERS, PLACES),
        st.tuples(st.just("wait"), st.integers(1, 3)),
        st.tuples(st.just("wait"), st.just(1)),
        st.tuples(st.just("wait"), st.just(1)),
        st.tuples(st.just("pass_time"), st.integers(1, 2)),
    ]
).flatmap(lambda call: call)


class QueueMachine(RuleBasedStateMachine):
    """Two users, the agent of a machine and that of its bridge, at two brokers; two queues and a pool."""

    def __init__(self, player: Player) -> None:
        super().__init__()
        self.player = player

    @initialize()
    def begin(self) -> None:
        for queue, attempts in enumerate([(3, 0), (2, 1)]):
            self.player.create("bob", queue, "machine", 3, attempts, "now")

    @rule(call=CALLS)
    def make(self, call: tuple[Any, ...]) -> None:
        name, *arguments = call
        if name == "wait":
            self.player.pass_time(*arguments)
            self.player.sweep()
        else:
            getattr(self.player, name)(*arguments)

    @invariant()
    def both_have_left_the_same(self) -> None:
        self.player.compare()


def play(brokers: list[Caller], admin: psycopg.Connection, examples: int, at_random: bool = False) -> None:
    """Try orders of calls, each with an empty queue.

    Raises:
        AssertionError: engine and model do not agree.
    """

    class Machine(QueueMachine):
        """Begins with an empty queue."""

        def __init__(self) -> None:
            super().__init__(Player(brokers, admin))

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            derandomize=not at_random,
            phases=list(Phase) if at_random else [Phase.generate],  # to shrink an order takes minutes
            print_blob=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
