"""The places of the SQL where a company or a right is asked for, and the SQL without one of them.

A place is a condition `x.company_id = y`, which becomes true, or a call of auth.require_* that asks for a right, which
becomes one that asks nothing (those about sealing and brakes have tests of their own).
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

SQL = Path(__file__).resolve().parent.parent / "sql"
COMPANY = re.compile(r"\b[a-z_]+\.company_id = \(?[a-z_]+\)?\.[a-z_]+\b|\b[a-z_]+\.company_id = p_company_id\b")
REQUIRES = re.compile(r"(?<!function )\bauth\.(require_team|require_machine|require_item|see_item|named_teams)\(")
PERFORMED = re.compile(r"perform auth\.require_(?!vault|keys|all_keys|no_brake)\w+\((?:[^;]|\n)*?\);")
UNGUARDED = """
    create schema unguarded authorization broker_owner;
    create function unguarded.require_team(p_caller auth.caller, p_team_name text) returns data.team
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
        select team.* from data.team where company_id = p_caller.company_id and lower(team_name) = lower(p_team_name)
    $$;
    create function unguarded.require_machine(p_caller auth.caller, p_machine_name text, p_team_name text default null)
    returns data.machine
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
        select machine.* from data.machine
        where company_id = p_caller.company_id and lower(machine_name) = lower(p_machine_name)
    $$;
    create function unguarded.see_item(
        p_caller auth.caller, p_queue_id bigint, p_task_id uuid, p_team_name text) returns data.queue_item
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
        select item.* from data.queue_item as item
        where company_id = p_caller.company_id and (queue_id = p_queue_id or task_id = p_task_id)
    $$;
    create function unguarded.require_item(
        p_caller auth.caller, p_queue_id bigint, p_task_id uuid, p_team_name text) returns data.queue_item
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
        select item.* from data.queue_item as item
        where company_id = p_caller.company_id and (queue_id = p_queue_id or task_id = p_task_id)
    $$;
    create function unguarded.named_teams(p_caller auth.caller, p_team_name text) returns bigint[]
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
        select coalesce(array_agg(team_id), '{}') from data.team
        where company_id = p_caller.company_id
          and (p_team_name is null or lower(team_name) = any(data.names_of(p_team_name)))
    $$;
    grant usage on schema unguarded to public;
"""


@dataclass(frozen=True)
class Mutant:
    """One place of one file, and the file's text without it."""

    file: str
    line: int
    left_out: str
    nth: int  # of the places of this file that read like this
    text: str

    @property
    def place(self) -> tuple[str, str, int]:
        """What does not change when lines before it do."""
        return self.file, self.left_out, self.nth

    @property
    def lot(self) -> int:
        """What decides whether it is part of a sample: other places have no part in it."""
        return crc32(repr(self.place).encode())

    @property
    def name(self) -> str:
        return f"{self.file}:{self.line} {self.left_out}"


def code_of(text: str) -> str:
    """The text with blanks in place of its comments, so that positions stay."""
    return re.sub(r"--[^\n]*", lambda match: " " * len(match[0]), text)


def mutants_of(file: str, text: str) -> Iterator[Mutant]:
    """Every place of a file that can be left out."""
    code = code_of(text)
    seen: Counter[str] = Counter()
    for pattern, replacement in ((COMPANY, "true"), (PERFORMED, "null;"), (REQUIRES, r"unguarded.\1(")):
        for match in pattern.finditer(code):
            changed = text[: match.start()] + match.expand(replacement) + text[match.end() :]
            left_out = " ".join(match[0].split())
            seen[left_out] += 1
            yield Mutant(file, code.count("\n", 0, match.start()) + 1, left_out, seen[left_out], changed)


def all_mutants() -> list[Mutant]:
    files = sorted(path for folder in ("api", "auth", "keyring", "queue") for path in (SQL / folder).rglob("*.sql"))
    return [mutant for path in files for mutant in mutants_of(path.relative_to(SQL).as_posix(), path.read_text())]
