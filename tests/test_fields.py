"""What each type takes from JSON, and what it refuses."""

import hashlib
from datetime import UTC, datetime

import pytest
from marshmallow import ValidationError

from broker.contract.registry import Type
from broker.contract.schemas import build_field

BASE = {
    "text": Type("text", 25, "base"),
    "int4": Type("int4", 23, "base"),
    "int8": Type("int8", 20, "base"),
    "bool": Type("bool", 16, "base"),
    "float8": Type("float8", 701, "base"),
    "uuid": Type("uuid", 2950, "base"),
    "timestamptz": Type("timestamptz", 1184, "base"),
    "jsonb": Type("jsonb", 3802, "base"),
    "bytea": Type("bytea", 17, "base"),
}
STATUS = Type("data.queue_status", 90001, "enum", labels=("PENDING", "CANCELLED"))
DOCUMENT = Type("data.document", 90005, "domain", BASE["jsonb"])
VAULT = Type("data.vault", 90002, "composite")
VAULT_BYTES = 1000


def domain(name: str, base: str) -> Type:
    return Type(name, 90003, "domain", BASE[base])


def array(element: Type) -> Type:
    return Type("array", 90004, "array", element)


def load(kind: Type, value: object) -> object:
    return build_field(kind, VAULT_BYTES).deserialize(value)


@pytest.mark.parametrize(
    ("kind", "sent", "loaded"),
    [
        (BASE["text"], "ops", "ops"),
        (BASE["text"], 123, "123"),
        (BASE["text"], True, "true"),
        (BASE["text"], "", ""),
        (BASE["text"], "Zürich 🚀", "Zürich 🚀"),
        (domain("data.entity_name", "text"), 123, "123"),
        (domain("data.email", "text"), "Ann@Acme.example", "ann@acme.example"),
        (domain("data.permission_name", "text"), "GetTeamMachines", "GetTeamMachines"),
        (BASE["int4"], 7, 7),
        (BASE["int4"], "7", 7),
        (BASE["int4"], 7.0, 7),
        (BASE["int4"], -(2**31), -(2**31)),
        (BASE["int8"], 2**53 - 1, 2**53 - 1),
        (domain("data.priority_level", "int4"), 5, 5),
        (domain("data.wait_seconds", "int4"), 300, 300),
        (array(BASE["int4"]), " [1, 2]", [1, 2]),
        (DOCUMENT, {"a": 1}, {"a": 1}),
        (DOCUMENT, ' {"a": 1}', {"a": 1}),
        (BASE["bool"], True, True),
        (BASE["bool"], 0, False),
        (BASE["bool"], "TRUE", True),
        (BASE["float8"], 0.5, 0.5),
        (domain("data.fraction", "float8"), 1, 1),
        (BASE["uuid"], "01890A5D-AC96-774B-BCCE-B302099A8057", "01890a5d-ac96-774b-bcce-b302099a8057"),
        (BASE["timestamptz"], "2030-01-31T12:00:00Z", datetime(2030, 1, 31, 12, tzinfo=UTC)),
        (BASE["timestamptz"], "2030-01-31T12:00:00+02:00", datetime(2030, 1, 31, 10, tzinfo=UTC)),
        (BASE["timestamptz"], "2030-01-31T12:00:00", datetime(2030, 1, 31, 12, tzinfo=UTC)),
        (BASE["timestamptz"], "2030-01-31", datetime(2030, 1, 31, tzinfo=UTC)),
        (BASE["jsonb"], {"a": [1, None, 2.5]}, {"a": [1, None, 2.5]}),
        (STATUS, "pending", "PENDING"),
        (array(STATUS), ["pending", "CANCELLED"], ["PENDING", "CANCELLED"]),
        (array(BASE["text"]), ["a", 1], ["a", "1"]),
    ],
)
def test_takes_what_means_a_value_of_the_type(kind: Type, sent: object, loaded: object) -> None:
    assert load(kind, sent) == loaded


@pytest.mark.parametrize(
    ("kind", "sent", "complaint"),
    [
        (BASE["text"], ["ops"], "must be text"),
        (BASE["text"], {"a": 1}, "must be text"),
        (BASE["text"], "a\0b", "must not contain the character NUL"),
        (BASE["text"], "\ud800", "must not contain half a surrogate pair"),
        (domain("data.entity_name", "text"), "", "must have 1 to 100 characters"),
        (domain("data.entity_name", "text"), "n" * 101, "must have 1 to 100 characters"),
        (domain("data.entity_name", "text"), " ops", "must not begin or end with a blank"),
        (domain("data.entity_name", "text"), "o\nps", "must not contain control characters"),
        (domain("data.note", "text"), "n" * 1001, "must have at most 1000 characters"),
        (domain("data.email", "text"), "ann", "must be an e-mail address"),
        (
            domain("data.permission_name", "text"),
            "getTeamMachines",
            "must be the name of a procedure, such as GetTeamMachines",
        ),
        (BASE["int4"], 2**31, "must be a whole number from -2147483648 to 2147483647"),
        (BASE["int4"], 1.5, "must be a whole number from -2147483648 to 2147483647"),
        (BASE["int4"], True, "must be a whole number from -2147483648 to 2147483647"),
        (BASE["int4"], "1e3", "must be a whole number from -2147483648 to 2147483647"),
        (BASE["int4"], "٣", "must be a whole number from -2147483648 to 2147483647"),
        (BASE["int8"], 2**53, "must be a whole number from -9007199254740991 to 9007199254740991"),
        (domain("data.priority_level", "int4"), 6, "must be a whole number from 1 to 5"),
        (domain("data.wait_seconds", "int4"), 301, "must be a whole number from 0 to 300"),
        (BASE["bool"], "yes", "must be true or false"),
        (BASE["bool"], 2, "must be true or false"),
        (BASE["bool"], [], "must be true or false"),
        (BASE["float8"], "0.5", "must be a number"),
        (BASE["float8"], float("nan"), "must be a number"),
        (domain("data.fraction", "float8"), 1.01, "must be a number from 0 to 1"),
        (BASE["uuid"], "01890a5dac96774bbcceb302099a8057", "must be a UUID"),
        (BASE["uuid"], 1, "must be a UUID"),
        (BASE["timestamptz"], "yesterday", "must be a time, ISO 8601, such as 2030-01-31T12:00:00Z"),
        (BASE["timestamptz"], 1_900_000_000, "must be a time, ISO 8601, such as 2030-01-31T12:00:00Z"),
        (BASE["timestamptz"], "0001-01-01T00:00:00+14:00", "must be a time, ISO 8601, such as 2030-01-31T12:00:00Z"),
        (BASE["jsonb"], {"a": ["\0"]}, "must not contain the character NUL"),
        (BASE["jsonb"], {"\ud800": 1}, "must not contain half a surrogate pair"),
        (BASE["jsonb"], {"a": 2**53}, "must not contain a whole number beyond 2^53"),
        (STATUS, "DONE", "must be one of PENDING, CANCELLED"),
        (STATUS, 1, "must be one of PENDING, CANCELLED"),
        (array(BASE["text"]), "a", "must be a list"),
        (array(BASE["text"]), '{"a": 1}', "must be a list"),
        (array(BASE["text"]), "[1, 2", "must hold valid JSON"),
        (array(BASE["text"]), "[NaN]", "must hold valid JSON"),
        (array(BASE["text"]), "[" * 65 + "]" * 65, "must not nest deeper than 64"),
        (DOCUMENT, "a", "must be a JSON object"),
        (DOCUMENT, [], "must be a JSON object"),
        (DOCUMENT, '{"a": 1', "must hold valid JSON"),
        (DOCUMENT, '{"a": 1, "a": 2}', "must not name a member twice"),
        (DOCUMENT, '{"a": 9007199254740992}', "must not contain a whole number beyond 2^53"),
        (DOCUMENT, '{"a": "\\u0000"}', "must not contain the character NUL"),
        (array(BASE["text"]), ["a"] * 10_001, "must have at most 10000 entries"),
        (array(VAULT), [{}] * 1_001, "must have at most 1000 entries"),
    ],
)
def test_refuses_what_does_not(kind: Type, sent: object, complaint: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        load(kind, sent)

    assert refusal.value.messages == [complaint]


@pytest.mark.parametrize("text", ['{"n": 1e2}', r'"\u0000"', "null", "0", ' {"a": 1, "a": 2} ', "[" * 64 + "]" * 64])
def test_takes_the_content_of_a_vault_byte_for_byte(text: str) -> None:
    assert load(VAULT, text) == text.encode()


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        ({"handler": "shell"}, "must be text that holds JSON"),
        (7, "must be text that holds JSON"),
        ("", "must hold valid JSON"),
        ("{", "must hold valid JSON"),
        ("NaN", "must hold valid JSON"),
        ("[1, Infinity]", "must hold valid JSON"),
        ("'a'", "must hold valid JSON"),
        ('"a\nb"', "must hold valid JSON"),
        (r'"\ud800"', "must hold valid JSON"),
        ("\ufeff{}", "must hold valid JSON"),
        ("\ud800", "must not contain half a surrogate pair"),
        ('"' + "x" * VAULT_BYTES + '"', "must have at most 1000 bytes"),
        ('"' + "ü" * 500 + '"', "must have at most 1000 bytes"),
        ("[" * 65 + "]" * 65, "must not nest deeper than 64"),
        ("[" * 900, "must not nest deeper than 64"),
    ],
)
def test_refuses_a_vault_that_others_could_not_read(sent: object, complaint: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        load(VAULT, sent)

    assert refusal.value.messages == [complaint]


def test_passes_on_the_digest_of_a_claim_token_instead_of_the_token() -> None:
    loaded = load(domain("data.claim_token", "bytea"), "9QN7ly8W2V7Ao6IE6UlZCA")

    assert loaded == hashlib.sha256(b"9QN7ly8W2V7Ao6IE6UlZCA").digest()


def test_takes_a_domain_that_it_has_no_word_for_as_what_it_restricts() -> None:
    assert load(domain("data.something_new", "int4"), "7") == 7


def test_says_where_to_add_a_type_that_it_does_not_know() -> None:
    with pytest.raises(TypeError, match=r"no field is known for the type point: add one to broker/contract/fields\.py"):
        build_field(Type("point", 600, "base"), VAULT_BYTES)
