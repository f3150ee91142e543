"""Login under attack, against a real broker: it stays well, and the honest user gets in."""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, wait

import pytest
import urllib3

from broker.config import Config
from tests.people import credentials
from tests.serving import RunningBroker, environment_of, serving
from tests.world import URL, World

ATTEMPTS = 200
ANSWER_SECONDS = 180  # of a machine that has other things to do as well
HEALTH_SECONDS = 1.0
LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 30.0
MEMORY_BYTES = 200 * 2**20
EMAIL = "bob@acme.example"


def sign_in(pool: urllib3.PoolManager, broker: RunningBroker, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
    return pool.request(
        "POST",
        f"{broker.url}{URL}CreateAuthenticationRequest",
        json={"name": "tests"},
        headers=headers,
        retries=False,
        timeout=ANSWER_SECONDS,
    )


def attack(url: str, headers: dict[str, str]) -> set[int]:
    """Try a wrong password so many times at once; the statuses of the answers. In a process of its own, so that two
    hundred threads do not slow down who looks on."""

    def attempt(_: int) -> int:
        answer = pool.request(
            "POST", url, json={"name": "tests"}, headers=headers, retries=False, timeout=ANSWER_SECONDS
        )
        return answer.status

    with urllib3.PoolManager(maxsize=ATTEMPTS) as pool, ThreadPoolExecutor(ATTEMPTS) as threads:
        return set(threads.map(attempt, range(ATTEMPTS)))


def memory_of(broker: RunningBroker) -> int:
    """Resident bytes of all its processes."""
    return sum(process.memory_info().rss for process in broker.family())


def sign_in_as_told(pool: urllib3.PoolManager, broker: RunningBroker, headers: dict[str, str]) -> float:
    """Sign in, coming back when the answer says so; how many seconds it took."""
    began = time.monotonic()
    while True:
        answer = sign_in(pool, broker, headers)
        if answer.status == 200:
            return time.monotonic() - began
        assert answer.status in (429, 503), answer.json()
        seconds = float(answer.headers["Retry-After"])
        assert time.monotonic() - began + seconds < PATIENCE_SECONDS, "the honest user is kept out for too long"
        time.sleep(seconds)  # as a client would that does what it is told


def test_two_hundred_wrong_passwords_at_once(config: Config, world: World) -> None:
    right, wrong = credentials(EMAIL), credentials(EMAIL, "wrong")
    with serving(**environment_of(config)) as broker, urllib3.PoolManager(maxsize=ATTEMPTS) as pool:
        assert sign_in(pool, broker, right).status == 200
        before, health, memory = memory_of(broker), [], 0
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as attacker:
            attempts = attacker.submit(attack, f"{broker.url}{URL}CreateAuthenticationRequest", wrong)
            while not attempts.done():
                asked = time.monotonic()
                assert broker.get("/livez") == 200
                health.append(time.monotonic() - asked)
                memory = max(memory, memory_of(broker))
                wait([attempts], LOOK_SECONDS)
            statuses = attempts.result()

        waited = sign_in_as_told(pool, broker, right)

    assert statuses <= {401, 429, 503}
    assert 401 in statuses
    assert max(health) < HEALTH_SECONDS
    assert memory - before < MEMORY_BYTES
    assert waited < PATIENCE_SECONDS


@pytest.mark.parametrize("email", [EMAIL, "nobody@nowhere.example"])
def test_every_process_brakes_what_any_of_them_has_counted(config: Config, world: World, email: str) -> None:
    wrong = credentials(email, "wrong")
    settings = environment_of(config)
    with serving(**settings) as first, serving(**settings) as second, urllib3.PoolManager() as pool:
        for broker in (first, second) * 3:
            assert sign_in(pool, broker, wrong).status == 401

        answers = [sign_in(pool, broker, wrong) for broker in (first, second)]

    assert 429 in {answer.status for answer in answers}
