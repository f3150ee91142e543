"""Keys of a token: looked up once a minute at most, and only for those who hold them."""

import pytest
from flask import Flask

from broker.caller import Caller, HeldKeys, KeyCache
from broker.errors import UNAUTHENTICATED, RefusedError
from tests.world import World


class Watch:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def cache(app: Flask, watch: Watch) -> KeyCache:
    return KeyCache(app.extensions["procedures"].database, watch)


def test_gives_a_session_the_key_of_every_scope(cache: KeyCache, world: World) -> None:
    keys = Caller(world.tokens["bob"], cache).keys

    assert keys.newest_version("machine", keys.company_uuid) == 1
    assert keys.scope_key("machine", keys.company_uuid, 1) != keys.scope_key("team", keys.company_uuid, 1)
    assert keys.scope_key("machine", keys.company_uuid, 2) is None
    assert keys.scope_key("planet", keys.company_uuid, 1) is None


def test_gives_an_agent_the_keys_of_its_machine_and_of_its_teams_pool_alone(cache: KeyCache, world: World) -> None:
    session, agent = Caller(world.tokens["bob"], cache).keys, Caller(world.tokens["build-01"], cache).keys
    held = sorted(agent.scope_keys)

    assert ([kind for kind, _, _ in held], agent.company_keys) == (["machine", "team"], {})
    assert [agent.scope_key(*scope) for scope in held] == [session.scope_key(*scope) for scope in held]
    assert agent.scope_key("company", agent.company_uuid, 1) is None
    assert agent.newest_version("company", agent.company_uuid) is None


def test_looks_keys_up_again_after_a_minute(cache: KeyCache, world: World, watch: Watch) -> None:
    first = Caller(world.tokens["bob"], cache).keys
    watch.seconds = 59.9
    cached = Caller(world.tokens["bob"], cache).keys
    watch.seconds = 60.1
    later = Caller(world.tokens["bob"], cache).keys

    assert cached is first
    assert later is not first


def test_forgets_the_oldest_of_too_many_tokens(cache: KeyCache, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broker.caller.CACHE_TOKENS", 1)
    first = Caller(world.tokens["bob"], cache).keys
    second = Caller(world.tokens["carol"], cache).keys

    assert Caller(world.tokens["carol"], cache).keys is second
    assert Caller(world.tokens["bob"], cache).keys is not first


@pytest.mark.parametrize("token", ["2f1d0c1e-3c5b-4a7e-9d55-0f6f6a1c8b11", None])
def test_gives_no_keys_to_a_stranger(cache: KeyCache, token: str | None) -> None:
    with pytest.raises(RefusedError) as refusal:
        Caller(token, cache).keys  # noqa: B018  # looks them up

    assert (refusal.value.status, refusal.value.messages) == (401, (UNAUTHENTICATED,))


@pytest.mark.parametrize("text", ["", "token", "jb_agent_" + "A" * 43 + "_AAAAAA"])
def test_needs_no_look_up_for_what_cannot_be_a_token(cache: KeyCache, text: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        Caller(text, cache)

    assert refusal.value.status == 401


def test_shows_no_key_when_printed(cache: KeyCache, world: World) -> None:
    keys = Caller(world.tokens["bob"], cache).keys

    assert repr(keys) == f"HeldKeys(company_uuid={keys.company_uuid!r})"
    assert isinstance(keys, HeldKeys)
