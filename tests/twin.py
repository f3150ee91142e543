"""A second company whose rows have the ids of Acme's: what forgets to ask for the company meets the twin's as well.

Ids are the same, names go round among things of one kind, everybody is a member of every team, claims have ended where
Acme's go on, and the twin's number is low, so that an index read without the company finds its rows first. A second
twin has Acme's items under older ids. Only the ways that lead to a company (e-mail and token) stay Acme's alone.
"""

from dataclasses import dataclass
from functools import cache

import psycopg

TWIN = 0
OTHER_TWIN = -1
NOBODYS = -2  # rows of no company
WAYS = ("email_address", "token_company", "impersonation")
NAMES = {
    "team": "team_name",
    "machine": "machine_name",
    "bridge": "bridge_name",
    "region": "region_name",
    "rights_group": "group_name",
    "company_user": "email",
    "token": "token_name",
}
TABLES = """
    select class.relname::text, array_agg(quote_ident(attribute.attname) order by attribute.attnum)
    from pg_class as class
    join pg_attribute as attribute on attribute.attrelid = class.oid and attribute.attnum > 0 and not attisdropped
    where class.relnamespace = 'data'::regnamespace and class.relkind in ('r', 'p') and not class.relispartition
    group by class.relname
    having 'company_id' = any(array_agg(attribute.attname::text))
    order by class.relname
"""


def turned(table: str, column: str, of: str, order: str = "<") -> str:
    """A number of Acme turned into another of the same kind: the next one below, or above; the last after the first."""
    key = {"company_user": "user_id", "rights_group": "group_id"}.get(of, f"{of}_id")
    best = "max" if order == "<" else "min"
    mine = f"kept_{table}.{column}"
    return (
        f"case when {mine} is not null then ("
        f"select coalesce({best}(other.{key}) filter (where other.{key} {order} {mine}), {best}(other.{key})) "
        f"from kept_{of} as other where other.company_id = {{company}}) end"
    )


FIRST_SESSION = (
    "(select token_id from kept_token where company_id = {company} and kind = 'session' order by request_id limit 1)"
)
FIRST_VAULT = "(select min(vault_record_id) from kept_vault_record where company_id = {company})"
NEXT_KEY = """
    (select coalesce(min(other.machine_id) filter (where other.machine_id > own.machine_id), min(other.machine_id))
     from kept_machine as own cross join kept_machine as other
     where own.machine_uuid = kept_held_key.key_id and own.company_id = {company} and other.company_id = {company})
"""
# So long ago that the next call writes it anew, each time.
USED = {"last_used_time": "now() - interval '2 minutes'"}
# What is not copied as it is: values by table and column. What hangs together in Acme does not in its twin.
CHANGED = {
    "audit": {"audit_time": "greatest(audit_time, now() - interval '1 day')"},
    "bridge": {"region_id": turned("bridge", "region_id", "region")},
    "claim": {
        "ended_time": "case when request_id is null then coalesce(ended_time, claimed_time) else ended_time end",
        "outcome": "case when request_id is null then coalesce(outcome, 'LOST'::data.claim_outcome) else outcome end",
        "attempt": "attempt + 1",
        "user_id": turned("claim", "user_id", "company_user"),
        "late_vault_id": f"coalesce(late_vault_id, {FIRST_VAULT})",
    },
    "company": {"company_name": "company_name || ' twin'", "activated_time": "null"},
    "company_key": {"key_version": "key_version + 1"},
    "company_user": {"group_id": turned("company_user", "group_id", "rights_group")},
    "held_key": {
        "key_id": f"coalesce((select machine_uuid from kept_machine where machine_id = {NEXT_KEY} "
        "and kept_held_key.holder_kind = 'agent'), key_id)",
        "key_version": "case when holder_kind in ('user', 'recovery') then key_version + 1 else key_version end",
    },
    "idempotency": {"fingerprint": "substring(fingerprint from 1 for 4) || substring(sha256(fingerprint) from 5)"},
    "machine": {
        "machine_uuid": "coalesce(lag(machine_uuid) over (order by machine_name), "
        "last_value(machine_uuid) over (order by machine_name rows between current row and unbounded following))",
        "team_id": turned("machine", "team_id", "team"),
        "bridge_id": turned("machine", "bridge_id", "bridge", ">"),
    },
    "queue_event": {"event_time": "now()"},
    "queue_item": {
        "team_id": turned("queue_item", "team_id", "team", ">"),
        "priority": "case when priority = 50 then 75 else 100 - priority end",
    },
    "token": {
        **USED,
        "expires_time": "expires_time - interval '2 hours'",
        "user_id": turned("token", "user_id", "company_user"),
        "bridge_id": turned("token", "bridge_id", "bridge", ">"),
        "target_bridge_id": turned("token", "target_bridge_id", "bridge", ">"),
        "parent_token_id": f"case when parent_token_id is null and kind = 'session' then {FIRST_SESSION} end",
        "password_shown_time": "case when kind = 'session' then now() end",
    },
    "vault_record": {"version": "version + 7"},
}
# Of these the second twin has rows as well.
OTHER_IDS = {
    "queue_item": {"queue_id": "queue_id - 1000000000", "task_id": "gen_random_uuid()", "claim_number": "0"},
    "machine": {**CHANGED["machine"], "team_id": turned("machine", "team_id", "team", ">")},
}
MEMBERSHIPS = """
    insert into data.team_member (company_id, team_id, user_id, created_time)
    select 0, team.team_id, person.user_id, team.created_time
    from kept_team as team
    join kept_company_user as person on person.company_id = team.company_id
    where team.company_id = {company};
"""


@cache
def statements(tables: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    """SQL that writes every table anew: the twins' rows first, so that a scan of the table finds them first as well."""
    written = [
        f"create temporary table kept_{table} on commit drop as select * from data.{table} where company_id > {TWIN};"
        for table, _ in tables
    ]
    written.append("truncate " + ", ".join(f"data.{table}" for table, _ in tables) + ";")
    for table, columns in tables:
        name = NAMES.get(table)
        next_one = f"coalesce(lead({name}) over (order by {name}), min({name}) over ())"
        around = {name: f"case when {name} is not null then {next_one} end"} if name else {}
        if table == "team_member":
            written.append(MEMBERSHIPS)
        elif table not in WAYS:
            changed = {"company_id": str(TWIN), **around, **CHANGED.get(table, {})}
            written.append(copy(table, columns, changed))
        if table in OTHER_IDS:
            changed = {"company_id": str(OTHER_TWIN), **around, **OTHER_IDS[table]}
            written.append(copy(table, columns, changed))
        written.append(copy(table, columns, USED if table == "token" else {}, whose="true"))
    return "\n".join(written)


def copy(table: str, columns: tuple[str, ...], changed: dict[str, str], whose: str = "company_id = {company}") -> str:
    values = ", ".join(changed.get(column, column) for column in columns)
    return (
        f"insert into data.{table} ({', '.join(columns)}) overriding system value "
        f"select {values} from kept_{table} where {whose};"
    )


def make_twin(admin: psycopg.Connection, company_id: int) -> None:
    """Make the twin of a company, as the company is now; an earlier twin is gone."""
    tables = tuple((name, tuple(columns)) for name, columns in tables_of(admin))
    text = statements(tables).format(company=company_id)
    with admin.transaction():
        admin.execute("set local session_replication_role = replica")  # keys are looked at by the rows' order otherwise
        admin.execute(text.encode())


def tables_of(admin: psycopg.Connection) -> list[tuple[str, list[str]]]:
    """Every table that holds something of companies, with its columns."""
    return admin.execute(TABLES).fetchall()


def save(admin: psycopg.Connection) -> None:
    """Keep every row as it is now, for restore()."""
    admin.execute("create schema saved")
    for table, _ in tables_of(admin):
        admin.execute(f"create table saved.{table} as select * from data.{table}".encode())


def restore(admin: psycopg.Connection) -> None:
    """Put every row back to where save() found it; nobody has failed to sign in."""
    tables = tables_of(admin)
    emptied = "truncate data.brake, " + ", ".join(f"data.{table}" for table, _ in tables) + ";"
    changes = [
        f"insert into data.{table} ({', '.join(columns)}) overriding system value "
        f"select {', '.join(columns)} from saved.{table};"
        for table, columns in tables
    ]
    with admin.transaction():
        admin.execute("set local session_replication_role = replica")
        admin.execute("\n".join([emptied, *changes]).encode())


@dataclass(frozen=True)
class Print:
    """What is looked at of the rows that a company has in a table."""

    rows: int = 0
    locked: int = 0
    digest: str = ""


def fingerprints(admin: psycopg.Connection) -> dict[tuple[str, int], Print]:
    """What every table holds, by table and company; when a token was last used does not count.

    A row remembers who has locked it last, so that a lock that changes nothing is seen as well; and a twin's row who
    has written it, so that writing what it held is seen.
    """
    tables = [name for name, _ in tables_of(admin)]
    text = " union all ".join(
        f"select '{name}', coalesce(company_id, {NOBODYS}), count(*), count(*) filter (where xmax::text <> '0'), "
        f"coalesce(sum(hashtextextended((to_jsonb(stored) - 'last_used_time')::text "
        f"|| case when company_id <= {TWIN} then xmin::text else '' end, 0)), 0)::text "
        f"from data.{name} as stored group by 2"
        for name in tables
    )
    return {(name, company): Print(*values) for name, company, *values in admin.execute(text.encode())}
