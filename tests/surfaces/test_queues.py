"""`/api/v1/queues/...`: the examples of spec 3 in their order, then every rule and every refusal."""

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from broker import create_app
from broker.config import Config
from tests.queues import put, taken
from tests.surfaces.asking import Asker
from tests.world import NOBODY, Caller, World, must

QUEUES = "/api/v1/queues"
DEFAULTS: dict[str, Any] = {
    "concurrency": 10,
    "max_retries": 3,
    "timeout_secs": 300,
    "backoff": {"exponential": {"initial_delay_ms": 1000}},
    "rate_limit": None,
    "retention_secs": None,
    "secrets": {},
}
EMAIL_SENDS = {
    "id": "email-sends",
    "config": {
        "concurrency": 5,
        "max_retries": 5,
        "timeout_secs": 60,
        "backoff": {"exponential_jitter": {"initial_delay_ms": 2000}},
        "rate_limit": {"max_burst": 20, "per_second": 10.0},
    },
}
SECRETS = {"ANTHROPIC_API_KEY": {"env": "ANTHROPIC_API_KEY"}, "DEPLOY_TOKEN": {"file": "/run/secrets/deploy-token"}}


def make(ask: Asker, name: str = "mail", **config: Any) -> Any:
    said = ask("POST", QUEUES, {"id": name, "config": config})
    assert said.status == 201, said
    return said.body["config"]


class TestTheDocumentsExamples:
    def test_creating_a_queue(self, ask: Asker) -> None:
        said = ask("POST", QUEUES, EMAIL_SENDS)

        assert (said.status, said.body) == (
            201,
            {
                "id": "email-sends",
                "config": {
                    "concurrency": 5,
                    "max_retries": 5,
                    "timeout_secs": 60,
                    "backoff": {"exponential_jitter": {"initial_delay_ms": 2000}},
                    "rate_limit": {"max_burst": 20, "per_second": 10.0},
                    "retention_secs": None,
                    "secrets": {},
                },
            },
        )
        assert ask("GET", f"{QUEUES}/email-sends").body == said.body

    def test_a_minimal_queue_only_needs_an_id(self, ask: Asker) -> None:
        said = ask("POST", QUEUES, {"id": "plain"})

        assert (said.status, said.body) == (201, {"id": "plain", "config": DEFAULTS})

    def test_default_is_there_already(self, ask: Asker) -> None:
        said = ask("POST", QUEUES, {"id": "default"})

        assert said.error == (409, "QueueAlreadyExistsError", "queue default exists already in team ops")

    def test_concurrency(self, ask: Asker) -> None:
        assert make(ask, "heavy-compute", concurrency=5) == {**DEFAULTS, "concurrency": 5}

    def test_rate_limit(self, ask: Asker) -> None:
        limit = {"max_burst": 20, "per_second": 10.0}

        assert make(ask, "api-calls", rate_limit=limit) == {**DEFAULTS, "rate_limit": limit}

    @pytest.mark.parametrize(
        "backoff",
        [
            {"fixed": {"delay_ms": 1000}},
            {"exponential": {"initial_delay_ms": 1000}},
            {"exponential_jitter": {"initial_delay_ms": 1000}},
        ],
    )
    def test_backoff(self, ask: Asker, backoff: dict[str, Any]) -> None:
        assert make(ask, backoff=backoff)["backoff"] == backoff

    def test_seven_days_retention(self, ask: Asker) -> None:
        made = make(ask, "ephemeral-jobs", concurrency=10, retention_secs=604800)

        assert made == {**DEFAULTS, "retention_secs": 604800}

    def test_secrets(self, ask: Asker) -> None:
        made = make(ask, "ai-queue", concurrency=5, secrets=SECRETS)

        assert made == {**DEFAULTS, "concurrency": 5, "secrets": SECRETS}


def test_the_defaults_are_those_of_the_engine(ask: Asker, call: Caller) -> None:
    must(call("CreateQueue", teamName="ops", queueName="by-hand"))

    assert ask("GET", f"{QUEUES}/by-hand").body["config"] == DEFAULTS


def test_a_concurrency_is_obeyed(ask: Asker, call: Caller) -> None:
    make(ask, concurrency=2)
    put(call, "mail", 3)

    assert len(taken(call)) == 2


def test_lists_the_queues_of_the_team_by_name(ask: Asker, call: Caller) -> None:
    must(call("CreateQueue", _as="carol", teamName="dev", queueName="theirs"))
    make(ask, "mail")

    said = ask("GET", QUEUES)

    assert [queue["id"] for queue in said.body["items"]] == ["default", "mail"]
    assert said.body["total"] == 2
    assert said.body["items"][0]["config"]["concurrency"] is None


def test_ids_are_the_same_whatever_their_case(ask: Asker) -> None:
    make(ask, "Mail")

    assert ask("GET", f"{QUEUES}/mAIL").body["id"] == "Mail"
    assert ask("POST", QUEUES, {"id": "MAIL"}).status == 409


class TestPut:
    def test_gives_what_is_left_out_its_default_again(self, ask: Asker) -> None:
        ask("POST", QUEUES, EMAIL_SENDS)

        said = ask("PUT", f"{QUEUES}/email-sends", {"config": {"max_retries": 1, "secrets": SECRETS}})

        assert said.body == {"id": "email-sends", "config": {**DEFAULTS, "max_retries": 1, "secrets": SECRETS}}
        assert ask("GET", f"{QUEUES}/email-sends").body == said.body

    def test_takes_what_get_has_told(self, ask: Asker) -> None:
        told = ask("GET", f"{QUEUES}/default").body

        said = ask("PUT", f"{QUEUES}/default", told)

        assert (said.status, said.body) == (200, told)

    def test_leaves_alone_what_the_document_does_not_know(self, ask: Asker, call: Caller) -> None:
        must(call("CreateQueue", teamName="ops", queueName="mail", retryOnCrash=False))

        ask("PUT", f"{QUEUES}/mail", {"config": {}})

        assert call("GetTeamQueues", queueName="mail").row["retryOnCrash"] is False

    def test_does_not_rename(self, ask: Asker) -> None:
        make(ask, "mail")

        said = ask("PUT", f"{QUEUES}/mail", {"id": "post", "config": {}})

        assert said.error == (400, "InvalidRequestError", "id is not that of the path: queues are not renamed")

    def test_needs_a_configuration(self, ask: Asker) -> None:
        assert ask("PUT", f"{QUEUES}/default", {}).error == (
            400,
            "InvalidRequestError",
            'member "config" is required',
        )


class TestPatch:
    def test_leaves_what_is_left_out(self, ask: Asker) -> None:
        ask("POST", QUEUES, EMAIL_SENDS)

        said = ask("PATCH", f"{QUEUES}/email-sends", {"config": {"concurrency": 7}})

        assert said.body["config"] == {**DEFAULTS, **EMAIL_SENDS["config"], "concurrency": 7}  # type: ignore[dict-item]

    def test_null_lifts_a_limit(self, ask: Asker) -> None:
        ask("POST", QUEUES, EMAIL_SENDS)
        nothing = {"concurrency": None, "timeout_secs": None, "rate_limit": None, "retention_secs": None}

        said = ask("PATCH", f"{QUEUES}/email-sends", {"config": nothing})

        assert {name: said.body["config"][name] for name in nothing} == nothing
        assert said.body["config"]["max_retries"] == 5

    def test_null_means_nothing_for_what_is_no_limit(self, ask: Asker) -> None:
        ask("POST", QUEUES, EMAIL_SENDS)

        said = ask("PATCH", f"{QUEUES}/email-sends", {"config": {"max_retries": None, "backoff": None}})

        assert said.body["config"]["max_retries"] == 5
        assert said.body["config"]["backoff"] == {"exponential_jitter": {"initial_delay_ms": 2000}}


def test_a_queue_without_limits_can_be_made(ask: Asker) -> None:
    made = make(ask, concurrency=None, timeout_secs=None)

    assert (made["concurrency"], made["timeout_secs"]) == (None, None)


class TestDelete:
    def test_answers_nothing(self, ask: Asker) -> None:
        make(ask, "mail")

        said = ask("DELETE", f"{QUEUES}/mail", _as="ann", team="ops")

        assert (said.status, said.body) == (204, None)
        assert ask("GET", f"{QUEUES}/mail").status == 404
        make(ask, "mail")

    def test_is_for_administrators(self, ask: Asker) -> None:
        make(ask, "mail")

        assert ask("DELETE", f"{QUEUES}/mail").error[:2] == (403, "PermissionDeniedError")

    def test_default_stays(self, ask: Asker) -> None:
        said = ask("DELETE", f"{QUEUES}/default", _as="ann", team="ops")

        assert said.error[:2] == (409, "QueueInUseError")
        assert said.body["queue_id"] == "default"

    def test_a_queue_that_has_work_stays(self, ask: Asker, call: Caller) -> None:
        make(ask, "mail")
        put(call, "mail")

        said = ask("DELETE", f"{QUEUES}/mail", _as="ann", team="ops")

        assert said.error == (
            409,
            "QueueInUseError",
            "queue mail has 1 unfinished item, 0 of them in hand: cancel them or let them end first",
        )


METHODS: list[tuple[str, Any]] = [("GET", None), ("PUT", {"config": {}}), ("PATCH", {"config": {}}), ("DELETE", None)]
HOSTILE = [
    "nothing",
    "'; drop table data.queue_policy; --",
    "%00",
    "%F0%9F%92%A9",
    "%ff%fe",
    "..%2f..",
    "a" * 5000,
    "None",
    "*",
]


@pytest.mark.parametrize(("method", "body"), METHODS)
@pytest.mark.parametrize("queue_id", HOSTILE)
def test_an_id_of_nothing_is_not_found(ask: Asker, method: str, body: Any, queue_id: str) -> None:
    said = ask(method, f"{QUEUES}/{queue_id}", body, _as="ann", team="ops")

    assert said.status in (400, 404)
    assert said.body["error"] in ("QueueNotFoundError", "NotFoundError", "InvalidRequestError")


@pytest.mark.parametrize(("method", "body"), METHODS)
def test_queues_of_other_teams_and_companies_are_not_found(ask: Asker, call: Caller, method: str, body: Any) -> None:
    must(call("CreateQueue", _as="carol", teamName="dev", queueName="theirs"))
    must(call("CreateQueue", _as="gina", teamName="ops", queueName="hers"))

    for name in ("theirs", "hers"):
        said = ask(method, f"{QUEUES}/{name}", body, _as="ann", team="ops")
        assert said.error[:2] == (404, "QueueNotFoundError")
    assert ask(method, f"{QUEUES}/theirs", body, team="dev").error[:2] == (403, "PermissionDeniedError")
    assert call("GetTeamQueues", _as="carol", queueName="theirs").row["concurrency"] == 10


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"concurrency": 0}, 'member "config.concurrency" must be a whole number from 1 to 100000'),
        ({"concurrency": 1.5}, 'member "config.concurrency" must be a whole number from 1 to 100000'),
        ({"max_retries": 100}, 'member "config.max_retries" must be a whole number from 0 to 99'),
        ({"timeout_secs": "soon"}, 'member "config.timeout_secs" must be a whole number from 1 to 31536000'),
        ({"retention_secs": 1}, 'member "config.retention_secs" must be a whole number from 60 to 315360000'),
        ({"colour": "red"}, 'member "config.colour" is unknown'),
        ({"maxRetries": 1}, 'member "config.maxRetries" is unknown'),
        ({"backoff": {"fixed": {"delay_ms": 0}}}, 'member "config.backoff.fixed.delay_ms" must be a whole number'),
        ({"backoff": {"fixed": {}}}, 'member "config.backoff.fixed.delay_ms" is required'),
        ({"backoff": {"linear": {}}}, 'member "config.backoff.linear" is unknown'),
        ({"backoff": "fixed"}, 'member "config.backoff" must be an object'),
        (
            {"backoff": {}},
            'backoff must be {"fixed": {"delay_ms": n}}, {"exponential": {"initial_delay_ms": n}} or',
        ),
        (
            {"backoff": {"fixed": {"delay_ms": 1}, "exponential": {"initial_delay_ms": 1}}},
            'backoff must be {"fixed": {"delay_ms": n}}',
        ),
        ({"rate_limit": {"max_burst": 1}}, 'member "config.rate_limit.per_second" is required'),
        ({"rate_limit": {"max_burst": 1, "per_second": 0}}, 'member "config.rate_limit.per_second" must be a number'),
        ({"secrets": {"A": {}}}, 'secret A must be {"env": "VARIABLE"} or {"file": "/path"}'),
        ({"secrets": {"A": {"env": "X", "file": "/x"}}}, 'secret A must be {"env": "VARIABLE"} or {"file": "/path"}'),
        ({"secrets": {"A": {"value": "topsecret"}}}, 'member "config.secrets.A.value.value" is unknown'),
        ({"secrets": {"a b": {"env": "X"}}}, "secret a b has a name that is not made of letters, digits and _"),
        ({"secrets": {f"A{number}": {"env": "X"} for number in range(51)}}, "secrets has more than 50 members"),
        ([], 'member "config" must be an object'),
    ],
)
def test_a_wrong_configuration_is_refused_by_name(ask: Asker, settings: Any, sentence: str) -> None:
    new = ask("POST", QUEUES, {"id": "mail", "config": settings})
    put_ = ask("PUT", f"{QUEUES}/default", {"config": settings})
    patched = ask("PATCH", f"{QUEUES}/default", {"config": settings})

    for said in (new, put_, patched):
        assert said.error[:2] == (400, "InvalidRequestError")
        assert said.body["message"].startswith(sentence)
    assert ask("GET", QUEUES).body["total"] == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"id": ""}, {"id": "a" * 101}, {"id": " mail"}, {"id": "a\u0000b"}, {"id": {}}, {"id": "a", "x": 1}, [], "x"],
)
def test_a_wrong_body_is_refused(ask: Asker, body: Any) -> None:
    said = ask("POST", QUEUES, body)

    assert said.error[:2] == (400, "InvalidRequestError")
    assert ask("GET", QUEUES).body["total"] == 1


def test_too_large_a_body_is_refused(ask: Asker) -> None:
    said = ask("POST", QUEUES, {"id": "mail", "config": {"secrets": {"A": {"env": "x" * 2**20}}}})

    assert said.error[:2] == (413, "RequestTooLargeError")


def test_what_is_no_json_is_refused(client: FlaskClient, world: World) -> None:
    headers = {"Authorization": f"Bearer {world.tokens['bob']}"}

    broken = client.post(QUEUES, data="{", headers=headers, content_type="application/json")
    other = client.post(QUEUES, data="id=mail", headers=headers, content_type="application/x-www-form-urlencoded")

    assert (broken.status_code, other.status_code) == (400, 415)
    assert broken.get_json()["error"] == "InvalidRequestError"


@pytest.mark.parametrize(("method", "body"), [*METHODS, ("POST", {"id": "mail"})])
def test_without_a_token_nothing_is_told(ask: Asker, method: str, body: Any) -> None:
    path = QUEUES if method == "POST" else f"{QUEUES}/default"

    assert ask(method, path, body, _as=NOBODY).error[:2] == (401, "AuthenticationError")
    assert ask(method, path, body, _as="x" * 22).error[:2] == (401, "AuthenticationError")


def test_the_team_is_never_guessed(ask: Asker, call: Caller) -> None:
    must(call("CreateTeamMembership", _as="ann", teamName="dev", newUserEmail="bob@acme.example"))

    said = ask("GET", QUEUES)
    named = ask("GET", QUEUES, _headers={"X-Team": "dev"})

    assert said.error == (400, "InvalidRequestError", "name a team: you are a member of dev, ops")
    assert [queue["id"] for queue in named.body["items"]] == ["default"]


def test_agents_have_nothing_to_do_here(ask: Asker) -> None:
    assert ask("GET", QUEUES, _as="build-01").error[:2] == (403, "PermissionDeniedError")


def test_a_database_that_is_away_is_told_of(config: Config, world: World) -> None:
    away = replace(config, database_url="postgresql://nobody@127.0.0.1:1/none")
    ask = Asker(create_app(away).test_client(), world)

    said = ask("GET", QUEUES)

    assert said.error[:2] == (503, "QueueUnavailableError")
    assert int(said.headers["Retry-After"]) >= 1
