"""What the broker publishes: schema `api` as the PostgreSQL catalogue describes it, in frozen dataclasses."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, Protocol, cast

from broker.contract.catalogue import CATALOGUE, FunctionRow, TypeRow
from broker.contract.header import Header, parse_header

Kind = Literal["base", "domain", "enum", "composite", "array"]

# Types of arguments that are no member of the body: the broker makes their values.
INTERNAL_TYPES = frozenset({"data.new_claim", "data.idempotency_key", "data.wake", "data.wake_after", "data.revealed"})


@dataclass(frozen=True)
class Type:
    """A PostgreSQL type; those of pg_catalog are named without their schema (`int8`), others with it (`data.vault`)."""

    name: str
    oid: int
    kind: Kind
    base: "Type | None" = None  # what a domain restricts; what an array holds
    labels: tuple[str, ...] = ()
    attributes: tuple["Column", ...] = ()

    @cached_property
    def plain(self) -> "Type":
        """The type below all domains: what PostgreSQL names in a result."""
        return self.base.plain if self.kind == "domain" and self.base else self

    @cached_property
    def element(self) -> "Type | None":
        """What the array holds, or None when it is no array."""
        plain = self.plain
        return plain.base if plain.kind == "array" else None


@dataclass(frozen=True)
class Column:
    """A named value: of a row, of a composite, of the outputs."""

    name: str  # machine_name
    member: str  # machineName
    type: Type


@dataclass(frozen=True)
class Argument(Column):
    """An argument of a procedure; without a default it is required."""

    required: bool
    default: str | None  # the SQL expression
    description: str

    @property
    def is_member(self) -> bool:
        """Whether callers give it in the body; other arguments the broker or a ceremony fills."""
        return not (self.type.name in INTERNAL_TYPES or (self.type.element or self.type).name.endswith("_material"))

    @property
    def is_idempotency_key(self) -> bool:
        """Whether the header Idempotency-Key gives it."""
        return self.type.name == "data.idempotency_key"


@dataclass(frozen=True)
class Table:
    """One result table; `output` is the position of the out argument that holds it, None for `returns table`."""

    columns: tuple[Column, ...]
    description: str
    output: int | None = None


@dataclass(frozen=True)
class Procedure:
    """A function of schema `api`."""

    name: str  # CancelQueueItem
    function: str  # cancel_queue_item
    header: Header
    arguments: tuple[Argument, ...]
    results: tuple[Column, ...]  # what `select * from` it answers, in order
    tables: tuple[Table, ...]
    outputs: tuple[int, ...]  # positions in `results` of single values
    counts: "Procedure | None" = None
    topic: str = "Other"  # under which it is documented: its folder in sql/api

    @property
    def lists(self) -> bool:
        """Whether it answers a listing, which is cut at 32 MiB and may be streamed."""
        return any(argument.member == "maxRecords" for argument in self.arguments)


@dataclass(frozen=True)
class Registry:
    """All procedures by their public name."""

    procedures: Mapping[str, Procedure] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Procedure]:
        return iter(self.procedures.values())

    def get(self, name: str) -> Procedure | None:
        """The procedure of this exact public name, or None."""
        return self.procedures.get(name)


class Reader(Protocol):
    """What reading needs of the database."""

    def query(self, text: str) -> Sequence[Mapping[str, object]]:
        """Rows of a statement without arguments."""


def pascal_case(name: str) -> str:
    """`get_team_queue_items` -> `GetTeamQueueItems`."""
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


def camel_case(name: str) -> str:
    """`machine_name` -> `machineName`."""
    return re.sub(r"_+(.)", lambda match: match[1].upper(), name)


def read_registry(reader: Reader) -> Registry:
    """Read schema `api` from the catalogue."""
    [answer] = reader.query(CATALOGUE)
    return build_registry(cast("list[FunctionRow]", answer["functions"]), cast("list[TypeRow]", answer["types"]))


def build_registry(functions: Sequence[FunctionRow], types: Sequence[TypeRow]) -> Registry:
    """Procedures from the two lists that CATALOGUE answers."""
    known: dict[int, Type] = {}
    rows = {row["oid"]: row for row in types}
    procedures = [build_procedure(function, rows, known) for function in functions]
    by_function = {procedure.function: procedure for procedure in procedures}
    return Registry({procedure.name: with_counts(procedure, by_function) for procedure in procedures})


def build_procedure(function: FunctionRow, rows: Mapping[int, TypeRow], known: dict[int, Type]) -> Procedure:
    """One procedure; `known` keeps the types already built."""
    header = parse_header(function["source"])
    described = {name.lower(): text for name, text in header.arguments.items()}
    required_count = function["input_count"] - function["default_count"]
    arguments: list[Argument] = []
    results: list[Column] = []
    for parameter in function["parameters"]:
        kind = resolve_type(parameter["type"], rows, known)
        if parameter["mode"] in ("i", "b"):
            member = camel_case(parameter["name"].removeprefix("p_"))
            arguments.append(
                Argument(
                    name=parameter["name"],
                    member=member,
                    type=kind,
                    required=len(arguments) < required_count,
                    default=parameter["default"],
                    description=described.get(member.lower(), ""),
                )
            )
        if parameter["mode"] in ("o", "b", "t"):
            results.append(Column(parameter["name"], camel_case(parameter["name"]), kind))
    returned = resolve_type(function["returns"], rows, known)
    if not results and returned.kind == "composite":
        results.extend(returned.attributes)
    elif not results and returned.name not in ("void", "record"):
        results.append(Column(function["name"], "result", returned))
    tables, outputs = split_results(results, function["returns_set"], header.returns)
    folder = re.search(r"\nGroup: (\w+)", function["comment"] or "")
    return Procedure(
        name=header.name or pascal_case(function["name"]),
        function=function["name"],
        header=header,
        arguments=tuple(arguments),
        results=tuple(results),
        tables=tables,
        outputs=outputs,
        topic=folder[1].replace("_", " ").capitalize() if folder else "Other",
    )


def split_results(
    results: Sequence[Column], returns_set: bool, described: Mapping[str, str]
) -> tuple[tuple[Table, ...], tuple[int, ...]]:
    """Which results are tables and which single values: `returns table` is one table, a composite array one each."""
    if returns_set:
        return (Table(tuple(results), described.get("1", "")),), ()
    tables: list[Table] = []
    outputs: list[int] = []
    for position, column in enumerate(results):
        element = column.type.element
        if element and element.kind == "composite":
            tables.append(Table(element.attributes, described.get(str(len(tables) + 1), ""), position))
        else:
            outputs.append(position)
    return tuple(tables), tuple(outputs)


def resolve_type(oid: int, rows: Mapping[int, TypeRow], known: dict[int, Type]) -> Type:
    """The type of this number, with all it is made of."""
    if oid in known:
        return known[oid]
    row = rows[oid]
    name = row["name"] if row["schema"] == "pg_catalog" else f"{row['schema']}.{row['name']}"
    kind: Kind = "base"
    base = None
    if row["typtype"] == "d":
        kind, base = "domain", resolve_type(row["base"], rows, known)
    elif row["category"] == "A" and row["element"]:
        kind, base = "array", resolve_type(row["element"], rows, known)
    elif row["typtype"] == "e":
        kind = "enum"
    elif row["typtype"] == "c":
        kind = "composite"
    attributes = tuple(
        Column(attribute["name"], camel_case(attribute["name"]), resolve_type(attribute["type"], rows, known))
        for attribute in row["attributes"]
    )
    known[oid] = Type(name, oid, kind, base, tuple(row["labels"]), attributes)
    return known[oid]


def with_counts(procedure: Procedure, by_function: Mapping[str, Procedure]) -> Procedure:
    """The procedure together with the one that its header names after `Counts:`."""
    return replace(procedure, counts=by_function.get(procedure.header.counts or ""))
