"""Dialects: how clients name procedures, members, tables and columns.

The engine knows one vocabulary, that of the SQL. A dialect translates by its tables, both ways; it decides nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from marshmallow import Schema, ValidationError
from marshmallow.fields import Field, Nested

from broker.answer import Answer, AnswerTable, Row
from broker.contract.endpoint import Endpoint
from broker.contract.fields import Many
from broker.errors import Failure
from broker.loading import Call


@dataclass(frozen=True)
class Arranged:
    """An answer as a client wants it.

    Attributes:
        names: members of the envelope, each of which holds the tables.
        first_number: `resultSetIndex` of the first table.
    """

    names: tuple[str, ...]
    first_number: int
    tables: list[AnswerTable]
    outputs: Row

    def numbered(self) -> Iterator[tuple[int, AnswerTable]]:
        """The tables with their numbers."""
        return enumerate(self.tables, start=self.first_number)


@dataclass(frozen=True)
class Dialect:
    """The tables of a dialect; empty ones are our own. Procedures are always named by ours.

    Attributes:
        table_names: members of the envelope that hold the tables.
        procedures: our names of procedures, by the client's.
        ignores_unknown: whether members that no procedure has are left out, not refused.
        members: our names of members, by the client's in lower case; the first that the procedure has.
        words: our words for values, by our member in lower case and the client's word in upper case.
        constants: members that the client does not know and always means, by procedure.
        names_token: whether answers begin with a table, number 0, that names the token to use next: the same one.
        ending: procedures after which the token is of no use, unless this member named another session.
        columns: other names that columns have beside ours, by procedure and column.
        constant_columns: columns that tell nothing new, by procedure.
        spelled_twice: procedures whose columns begin with a capital letter as well.
        output_tables: outputs that become a table of one row with this column, by procedure.
        sentences: errors that the client compares word for word, by procedure, status and how ours ends.
        hints: sentences that the client looks for in an error, whatever else it says, by procedure and status.
    """

    table_names: tuple[str, ...] = ("tables",)
    procedures: Mapping[str, str] = field(default_factory=dict)
    ignores_unknown: bool = False
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    constants: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    names_token: bool = False
    ending: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    constant_columns: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    spelled_twice: frozenset[str] = frozenset()
    output_tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sentences: Mapping[tuple[str, int], tuple[str, str]] = field(default_factory=dict)
    hints: Mapping[tuple[str, int], str] = field(default_factory=dict)

    def procedure_of(self, name: str) -> str:
        """Our name of a procedure."""
        return self.procedures.get(name, name)

    def read_body(self, endpoint: Endpoint, body: object) -> object:
        """The body of a request in our vocabulary."""
        if not self.ignores_unknown or not (body is None or isinstance(body, Mapping)):
            return body
        members = self._name(endpoint.schema, body or {})
        constants = self.constants.get(endpoint.procedure.name, {})
        fixed = {name.lower() for name in constants}
        said = {name: self._say(name, value) for name, value in members.items() if name.lower() not in fixed}
        return {**said, **constants}

    def _name(self, schema: Schema, body: Mapping[str, Any]) -> dict[str, Any]:
        """Members by our names, also those of objects in lists; what the schema does not know is left out."""
        known = {name.lower(): kind for name, kind in schema.fields.items()}
        sent = {name: value for name, value in body.items() if value is not None}
        members = {name: value for name, value in sent.items() if name.lower() in known}
        taken = {name.lower() for name in members}
        for name in [name for name in sent if name not in members]:
            ours = next((ours for ours in self.members.get(name.lower(), ()) if ours.lower() in known), None)
            if ours is not None and ours.lower() not in taken:
                members[ours] = sent[name]
                taken.add(ours.lower())
        return {name: self._name_inside(known[name.lower()], value) for name, value in members.items()}

    def _name_inside(self, kind: Field[Any], value: Any) -> Any:
        if not (isinstance(kind, Many) and isinstance(kind.inner, Nested)):
            return value
        try:
            entries = kind.read(value)
        except ValidationError:
            return value  # the gate says what is wrong with it
        schema = kind.inner.schema
        return [self._name(schema, entry) if isinstance(entry, Mapping) else entry for entry in entries]

    def arrange(self, call: Call, answer: Answer) -> Arranged:
        """An answer in the client's vocabulary."""
        if not self.names_token:
            return Arranged(self.table_names, 1, answer.tables, answer.outputs)
        procedure = call.endpoint.procedure.name
        tables = [
            AnswerTable(table.made_of(partial(self._rename, procedure, table.rows)), table.count, table.streamed)
            for table in [*answer.tables, *self._told(procedure, answer.outputs)]
        ]
        if call.caller.token is not None:
            other = self.ending.get(procedure)
            ended = other is not None and call.arguments.get(other) is None
            tables.insert(0, AnswerTable([{"nextRequestToken": None if ended else call.caller.token}], 1))
        return Arranged(self.table_names, 0, tables, answer.outputs)

    def retell(self, procedure: str, failure: Failure) -> Failure:
        """An error in the words that the client knows."""
        ending, sentence = self.sentences.get((procedure, failure.status), ("", ""))
        if sentence and failure.messages[-1].endswith(ending):
            return replace(failure, messages=(sentence,))
        hint = self.hints.get((procedure, failure.status))
        return failure if hint is None else replace(failure, messages=(*failure.messages, hint))

    def _say(self, member: str, value: Any) -> Any:
        words = self.words.get(member.lower(), {})
        return words.get(value.upper(), value) if isinstance(value, str) else value

    def _rename(self, procedure: str, rows: Iterable[Row]) -> Iterator[Row]:
        """Rows with the other names of their columns beside ours."""
        copies = self.columns.get(procedure, {})
        constants = self.constant_columns.get(procedure, {})
        for row in rows:
            for column, names in copies.items():
                if column in row:
                    row.update((name, row[column]) for name in names)
            row.update(constants)
            if procedure in self.spelled_twice:
                row.update([(column[0].upper() + column[1:], value) for column, value in row.items()])
            yield row

    def _told(self, procedure: str, outputs: Row) -> Iterator[AnswerTable]:
        """The outputs that the client looks for in a table."""
        for output, column in self.output_tables.get(procedure, {}).items():
            if outputs.get(output) is not None:
                yield AnswerTable([{column: outputs[output]}], 1)
