"""The short way of loading a request gives what marshmallow gives, or leaves the request to it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError, missing
from marshmallow.fields import Field, Nested

from broker.contract.fields import Many
from broker.contract.registry import Registry
from broker.contract.schemas import RequestSchema, build_request_schema
from broker.contract.shortcut import loader_of
from tests.conftest import Template, cloned, serving
from tests.conftest import settings as broker_settings

if TYPE_CHECKING:
    from broker.call import Procedures

VAULT_BYTES = 200
HOOKS = ("pre_load", "post_load", "validates", "validates_schema")
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**54), 2**54),
    st.floats(allow_nan=False),
    st.text(max_size=12),
    st.sampled_from(
        [
            "",
            " ",
            "0",
            "1.5",
            "true",
            "ops",
            "PENDING",
            "COMPLETED",
            "ann@acme.example",
            "2030-01-31T12:00:00Z",
            "2030-01-31",
            "01890a5d-ac96-774b-bcce-b302099a8057",
            '{"handler": "shell"}',
            "{",
            "a\x00b",
            "x" * 300,
        ]
    ),
)


@pytest.fixture(scope="module")
def registry(server: str, template: Template) -> Iterator[Registry]:
    with cloned(server, template) as url, serving(broker_settings(url, template)) as app:
        procedures: Procedures = app.extensions["procedures"]
        yield procedures.registry


def fields_of(schema: Schema) -> Iterator[Field[Any]]:
    """The fields of a schema and of the objects inside."""
    for kind in schema.fields.values():
        yield kind
        inner = kind.inner if isinstance(kind, Many) else kind
        if isinstance(inner, Nested):
            yield from fields_of(inner.schema)


def values_of(kind: Field[Any]) -> st.SearchStrategy[Any]:
    """Values for a field, many of them wrong."""
    if isinstance(kind, Nested):
        return st.one_of(SCALARS, objects_of(kind.schema))
    if isinstance(kind, Many):
        return st.one_of(SCALARS, st.lists(values_of(kind.inner), max_size=3))
    return SCALARS


def objects_of(schema: Schema) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of a schema's members, under their names or others."""
    members = {name: values_of(kind) for name, kind in schema.fields.items()}
    members |= {name.upper(): SCALARS for name in list(members)[:1]} | {"unknown": SCALARS}
    return st.fixed_dictionaries({}, optional=members)


def test_it_knows_every_option_that_a_field_has(registry: Registry) -> None:
    for procedure in registry:
        schema = build_request_schema(procedure, VAULT_BYTES)
        assert not any(schema._hooks[hook] for hook in HOOKS), procedure.name
        for kind in fields_of(schema):
            assert not kind.dump_only, kind
            assert kind.data_key is None, kind
            assert kind.attribute is None, kind
            assert kind.load_default is missing, kind


def test_what_it_loads_marshmallow_loads_likewise(registry: Registry) -> None:
    served = [count_served(build_request_schema(procedure, VAULT_BYTES)) for procedure in registry]

    assert sum(served) > len(served)


def count_served(schema: RequestSchema) -> int:
    """Compare both ways; how often there was something to compare."""
    load = loader_of(schema)
    served = 0

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(objects_of(schema))
    def compare(sent: dict[str, Any]) -> None:
        nonlocal served
        try:
            loaded = load(sent)
        except ValidationError:
            return
        members, complaints = schema._match_names(sent)  # the long way, without the short one
        assert complaints == {}
        assert loaded == Schema.load(schema, members)
        served += 1

    compare()
    return served
