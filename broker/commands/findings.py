"""What a check of `broker doctor` finds, and how it asks the database."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import psycopg

from broker.config import Config

Level = Literal["good", "note", "problem"]
Check = Callable[[psycopg.Connection[Any], Config], Iterator["Finding"]]


@dataclass(frozen=True)
class Finding:
    """One line of the report; a problem needs a person."""

    level: Level
    text: str

    @property
    def needs_a_person(self) -> bool:
        """Whether the broker does not get over it by itself."""
        return self.level == "problem"

    def __str__(self) -> str:
        return f"{self.level:8}{self.text}"


def row(connection: psycopg.Connection[Any], statement: Any, *values: object) -> tuple[Any, ...]:
    """The only row of an answer."""
    found: tuple[Any, ...] | None = connection.execute(statement, values).fetchone()
    return found or ()


def one(connection: psycopg.Connection[Any], statement: Any) -> Any:
    """The only value of an answer."""
    return row(connection, statement)[0]
