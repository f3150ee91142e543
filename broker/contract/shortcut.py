"""The short way of loading a request: member by member, no more work than the members that are there need.

It serves only what is right. Whatever it does not know or take, marshmallow judges, which tells all that is wrong.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from marshmallow import Schema, ValidationError
from marshmallow.fields import Field, Nested

from broker.contract.fields import Many

Loader = Callable[[Any], Any]  # raises ValidationError


def loader_of(schema: Schema) -> Loader:
    """What loads an object of this schema, if its members are all right and named exactly."""
    loaders = {name: field_loader(kind) for name, kind in schema.fields.items()}
    required = [name for name, kind in schema.fields.items() if kind.required]

    def load(data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            raise ValidationError("no object")
        loaded = {}
        for name, value in data.items():
            loader = loaders.get(name)
            if loader is None:
                raise ValidationError("unknown")
            if value is not None:
                loaded[name] = loader(value)
        for name in required:
            if name not in loaded:
                raise ValidationError("missing")
        return loaded

    return load


def field_loader(kind: Field[Any]) -> Loader:
    """What loads a value, not null, as Field.deserialize does."""
    if type(kind).deserialize is not Field.deserialize:
        return kind.deserialize
    if isinstance(kind, Nested):
        load = loader_of(kind.schema)
    elif isinstance(kind, Many):
        load = list_loader(kind)
    else:
        load = partial(kind._deserialize, attr=None, data=None)  # noqa: SLF001  # as deserialize calls it
    if not kind.validators:
        return load

    def load_and_check(value: Any) -> Any:
        loaded = load(value)
        for check in kind.validators:
            check(loaded)
        return loaded

    return load_and_check


def list_loader(kind: Many) -> Loader:
    """What loads a list, each of its entries on the short way."""
    load_entry = field_loader(kind.inner)

    def load(value: Any) -> list[Any]:
        entries = kind.read(value)
        if None in entries:
            raise ValidationError("null")
        return [load_entry(entry) for entry in entries]

    return load
