"""A procedure with what is derived from it once: schema, ways to read its rows, columns that mean something."""

from collections.abc import Sequence
from dataclasses import dataclass

from broker.contract.registry import Column, Procedure
from broker.contract.schemas import RequestSchema, build_request_schema
from broker.database.pipeline import Rows
from broker.database.rows import RowPlan, fits, plan_rows


@dataclass(frozen=True)
class RowShape:
    """The columns of a table that are more than a value, by their members."""

    vaults: tuple[str, ...]
    claims: tuple[str, ...]
    revealed: tuple[tuple[str, str], ...]  # member, column
    wakes: tuple[str, ...]


@dataclass(frozen=True)
class Endpoint:
    """A published procedure.

    Attributes:
        rows: how to read what the procedure answers.
        shapes: of each of its tables.
        outputs: of its single values.
        counts: how to read what the counting procedure answers.
    """

    procedure: Procedure
    schema: RequestSchema
    rows: RowPlan
    shapes: tuple[RowShape, ...]
    outputs: RowShape
    counts: RowPlan | None

    def reads(self, answers: Sequence[Rows]) -> bool:
        """Whether answers have the columns that are expected."""
        plans = [self.rows] if self.counts is None else [self.counts, self.rows]
        return len(plans) == len(answers) and all(map(fits, plans, answers))

    @property
    def for_anyone(self) -> bool:
        """Whether no token is needed."""
        return "anyone" in self.procedure.header.callers

    @property
    def claims(self) -> bool:
        """Whether it hands out items under a claim token."""
        return any(shape.claims for shape in self.shapes)


def build_endpoint(procedure: Procedure, vault_bytes: int) -> Endpoint:
    """Derive what calls of a procedure need.

    Raises:
        TypeError: a type that nothing reads or writes; the message says where to add it.
    """
    return Endpoint(
        procedure=procedure,
        schema=build_request_schema(procedure, vault_bytes),
        rows=plan_rows(procedure.results),
        shapes=tuple(shape_of(table.columns) for table in procedure.tables),
        outputs=shape_of([procedure.results[position] for position in procedure.outputs]),
        counts=plan_rows(procedure.counts.results) if procedure.counts else None,
    )


def shape_of(columns: Sequence[Column]) -> RowShape:
    """Find the columns whose type means something to the broker."""

    def having(name: str) -> tuple[str, ...]:
        return tuple(column.member for column in columns if column.type.name == name)

    return RowShape(
        vaults=having("data.vault"),
        claims=having("data.new_claim"),
        revealed=tuple((column.member, column.name) for column in columns if column.type.name == "data.revealed"),
        wakes=tuple(member for member in having("data.wake") if member != "waitKeys"),
    )
