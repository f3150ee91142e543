"""Every kind of bad input gets a 4xx with one sentence that names what is wrong, quickly, and reaches no procedure."""

import json
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from psycopg import sql

from broker import create_app
from broker.config import Config
from broker.contract.body import parse_body
from broker.contract.text import nests_too_deeply
from tests.conftest import Template, database_url, run_on

# Of the right form and unknown: what passes every check of the broker is refused by the first procedure it reaches.
TOKEN = "2f1d0c1e-3c5b-4a7e-9d55-0f6f6a1c8b11"
PASSED = 401
CREATE = {"teamName": "ops", "machineName": "m1", "queueVault": "{}"}
SECONDS = 0.1
TRIES = 3  # the quickest counts: what a shared processor adds is not the broker's


@pytest.fixture(scope="module")
def client(server: str, template: Template) -> Iterator[FlaskClient]:
    """Of a broker that all tests share, since none of them may reach a procedure."""
    name = sql.Identifier(f"bad_input_{uuid4().hex[:12]}")
    run_on(server, sql.SQL("create database {} template {}").format(name, sql.Identifier(template.name)))
    url = database_url(server, name.as_string().strip('"'))
    app = create_app(Config(database_url=url, data_dir=template.keyring, pool_size=2))
    yield app.test_client()
    app.extensions["procedures"].database.close()
    run_on(server, sql.SQL("drop database {}").format(name))


def post(
    client: FlaskClient,
    body: bytes,
    name: str = "CreateQueueItem",
    token: str | None = TOKEN,
    **headers: str,
) -> tuple[int, list[str]]:
    sent = {"Content-Type": "application/json", **{key.replace("_", "-"): text for key, text in headers.items()}}
    if token is not None:
        sent["Rediacc-RequestToken"] = token
    reply = client.post(f"/api/StoredProcedure/{name}", data=body, headers=sent)
    envelope = json.loads(reply.get_data())
    assert set(envelope) == {"failure", "errors", "tables", "outputs"}
    assert envelope["failure"] == (0 if reply.status_code == 200 else reply.status_code)
    return reply.status_code, envelope["errors"]


def with_members(**members: object) -> bytes:
    return json.dumps({**CREATE, **members}).encode()


def nested(depth: int) -> bytes:
    return b'{"metadata": ' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


BAD_BODIES = [
    pytest.param(b"", 'member "teamName" is required', id="empty"),
    pytest.param(b"{}", 'member "teamName" is required', id="missing"),
    pytest.param(with_members(teamName=None), 'member "teamName" is required', id="null"),
    pytest.param(with_members(foo=1), 'member "foo" is unknown', id="unknown"),
    pytest.param(with_members(teamname="b"), 'member "teamName" is given twice', id="twice in another case"),
    pytest.param(b'{"teamName": "a", "teamName": "b"}', 'member "teamName" is given twice', id="twice"),
    pytest.param(b'{"metadata": {"a": 1, "a": 2}}', 'member "a" is given twice', id="twice inside"),
    pytest.param(with_members(teamName=[]), 'member "teamName" must be text', id="list for text"),
    pytest.param(with_members(maxAttempts="many"), 'member "maxAttempts" must be a whole number', id="text for number"),
    pytest.param(with_members(maxAttempts=2**53), 'member "maxAttempts" must be a whole number', id="beyond 2^53"),
    pytest.param(with_members(metadata={"a": 2**53}), 'member "metadata" must not contain a whole', id="beyond inside"),
    pytest.param(with_members(priority=6), 'member "priority" must be a whole number from 1 to 5', id="out of range"),
    pytest.param(with_members(taskId="x"), 'member "taskId" must be a UUID', id="no UUID"),
    pytest.param(with_members(teamName="a\0b"), 'member "teamName" must not contain the character NUL', id="NUL"),
    pytest.param(
        with_members(teamName="\ud800"), 'member "teamName" must not contain half a surrogate', id="surrogate"
    ),
    pytest.param(
        with_members(metadata=["\0"]), 'member "metadata" must not contain the character NUL', id="NUL inside"
    ),
    pytest.param(with_members(queueVault="{"), 'member "queueVault" must hold valid JSON', id="vault no JSON"),
    pytest.param(
        with_members(queueVault="[" * 65), 'member "queueVault" must not nest deeper than 64', id="deep vault"
    ),
    pytest.param(with_members(queueVault='"' + "x" * 262144 + '"'), "must have at most 262144 bytes", id="large vault"),
    pytest.param(b"{", "the body is not JSON: line 1, column 2", id="no JSON"),
    pytest.param(b"teamName=ops", "the body is not JSON", id="form"),
    pytest.param(b'{"maxAttempts": NaN}', "the body is not JSON: NaN is no number", id="NaN"),
    pytest.param(b'{"maxAttempts": -Infinity}', "the body is not JSON: -Infinity is no number", id="infinity"),
    pytest.param(b'{"maxAttempts": 1e999}', "the number 1e999 is too large", id="too large"),
    pytest.param(b'{"maxAttempts": ' + b"9" * 5000 + b"}", "is too large", id="many digits"),
    pytest.param(b"\xff\xfe{}", "the body is not UTF-8", id="no UTF-8"),
    pytest.param("{}".encode("utf-16"), "the body is not UTF-8", id="UTF-16"),
    pytest.param(b"\xef\xbb\xbf{}", "the body is not JSON", id="byte order mark"),
    pytest.param(b"[]", "the body must be a JSON object", id="list"),
    pytest.param(b"null", 'member "teamName" is required', id="null body"),
    pytest.param(b'"text"', "the body must be a JSON object", id="text"),
    pytest.param(nested(65), "the body nests deeper than 64", id="deep"),
    pytest.param(b"[" * 1_000_000, "the body nests deeper than 64", id="very deep"),
    pytest.param(b'{"metadata": ' + b'[{"a":' * 100_000 + b"1", "the body nests deeper than 64", id="deep, unclosed"),
    pytest.param(b'{"a": "' + b'\\"' * 500_000, "the body is not JSON", id="unclosed text"),
    pytest.param(json.dumps({f"m{n}": n for n in range(50_000)}).encode(), "and more", id="many unknown"),
    pytest.param(with_members(**{"n" * 5000: 1}), "...", id="long name"),
]


@pytest.mark.parametrize(("body", "sentence"), BAD_BODIES)
def test_refuses_a_bad_body_and_says_why(client: FlaskClient, body: bytes, sentence: str) -> None:
    seconds = []
    for _ in range(TRIES):
        started = time.process_time()
        status, errors = post(client, body)
        seconds.append(time.process_time() - started)

    assert status == 400
    assert any(sentence in error for error in errors)
    assert all(len(error) < 200 and "\n" not in error for error in errors)
    assert min(seconds) < SECONDS


def test_complains_of_everything_at_once(client: FlaskClient) -> None:
    status, errors = post(client, b'{"Teamname": [], "priority": 9, "foo": 1, "queueVault": "{}"}')

    assert status == 400
    assert errors == [
        'member "teamName" must be text',
        'member "priority" must be a whole number from 1 to 5',
        'member "foo" is unknown',
    ]


def test_complains_of_twenty_things_at_most(client: FlaskClient) -> None:
    _, errors = post(client, with_members(**{f"m{number}": 1 for number in range(100)}))

    assert len(errors) == 21
    assert errors[-1] == "and more"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(with_members(), id="plain"),
        pytest.param(json.dumps({name.upper(): value for name, value in CREATE.items()}).encode(), id="upper case"),
        pytest.param(with_members(taskId=None, priority=None), id="null is absent"),
        pytest.param(with_members(teamName=123, machineName=True), id="numbers for text"),
        pytest.param(with_members(metadata={"a": json.loads("[" * 61 + "]" * 61)}), id="64 deep"),
        pytest.param(with_members(queueVault='"' + "x" * 262142 + '"'), id="largest vault"),
        pytest.param(with_members(queueVault='"' + "[{" * 1000 + '"'), id="brackets in text"),
    ],
)
def test_lets_through_what_is_well_formed(client: FlaskClient, body: bytes) -> None:
    status, errors = post(client, body)

    assert status == PASSED
    assert errors == ["Authentication required: no valid token was sent in the header Rediacc-RequestToken"]


def test_takes_an_empty_body_for_an_empty_object(client: FlaskClient) -> None:
    assert post(client, b"", name="GetQueueItemsNext")[0] == PASSED
    assert post(client, b"", name="GetQueueItemsNext", Content_Type="text/plain")[0] == PASSED


@pytest.mark.parametrize("token", [None, "", "x", TOKEN + "0", "jb_agent_short_000000", "é"])
def test_refuses_what_cannot_be_a_token_before_it_reads_the_body(client: FlaskClient, token: str | None) -> None:
    status, errors = post(client, b"{", token=token)

    assert status == 401
    assert errors == ["Authentication required: no valid token was sent in the header Rediacc-RequestToken"]


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        ({"Content_Type": "text/plain"}, "Content-Type is text/plain: it must be application/json"),
        ({"Content_Type": "application/x-www-form-urlencoded"}, "it must be application/json"),
        ({"Content_Encoding": "gzip"}, "a body with Content-Encoding gzip is not taken: send it as it is"),
    ],
)
def test_refuses_other_kinds_of_body(client: FlaskClient, headers: dict[str, str], sentence: str) -> None:
    status, errors = post(client, with_members(), **headers)

    assert status == 415
    assert sentence in errors[0]


def test_takes_json_with_a_character_set(client: FlaskClient) -> None:
    assert post(client, with_members(), Content_Type="application/json; charset=utf-8")[0] == PASSED


def test_refuses_a_body_over_one_mebibyte(client: FlaskClient) -> None:
    assert post(client, b" " * (2**20 + 1)) == (413, ["the body has more than 1048576 bytes"])


@pytest.mark.parametrize("name", ["Nothing", "createQueueItem", "create_queue_item", "CreateQueueItem;", "%0aX", "é"])
def test_names_the_procedure_that_does_not_exist(client: FlaskClient, name: str) -> None:
    status, errors = post(client, b"{}", name=name)

    assert status == 404
    assert errors[0].startswith("procedure ")
    assert errors[0].endswith(" does not exist")


def test_tells_a_wrong_method_which_one_is_right(client: FlaskClient) -> None:
    reply = client.get("/api/StoredProcedure/CreateQueueItem")

    assert reply.status_code == 405
    assert reply.json["errors"] == ["this address takes POST only"]  # type: ignore[index]  # it is JSON
    assert reply.headers["Allow"] == "POST"


@pytest.mark.parametrize("key", ["", "k" * 201, "tab\there"])
def test_refuses_an_idempotency_key_that_cannot_be_used(client: FlaskClient, key: str) -> None:
    status, errors = post(client, with_members(), Idempotency_Key=key)

    assert status == 400
    assert errors == ["the header Idempotency-Key must have 1 to 200 printable characters"]


def test_numbers_every_answer_and_lets_nobody_keep_it(client: FlaskClient) -> None:
    reply = client.post("/api/StoredProcedure/CreateQueueItem", json={})

    assert len(reply.headers["X-Request-Id"]) == 16
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("text", "deep"),
    [
        (b"[" * 64 + b"]" * 64, False),
        (b"[" * 65 + b"]" * 65, True),
        (b'{"a":' * 65 + b"1" + b"}" * 65, True),
        (b"[]," * 1000, False),
        (b'"' + b"[" * 100 + b'"', False),
        (rb'"\"' + b"[" * 100 + b'"', False),
        (rb'"\\"' + b"[" * 100, True),
        (b"[{" * 33 + b"}]" * 33, True),
        (b"]" * 100 + b"[" * 10, False),
        (b"[}" * 100, False),
    ],
)
def test_measures_nesting_before_parsing(text: bytes, deep: bool) -> None:
    assert nests_too_deeply(text) is deep


@pytest.mark.parametrize("body", [b"", b"  ", b"\n"])
def test_reads_nothing_as_no_body(body: bytes) -> None:
    assert parse_body(body) is None
