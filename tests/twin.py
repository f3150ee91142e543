"""A second company whose rows have the ids of Acme's: what forgets to ask for the company meets the twin's as well.

Ids are the same, names go round among things of one kind, everybody is a member of every team, claims have ended where
Acme's go on, and the twin's number is low, so that an index read without the company finds its rows first. A second
twin has Acme's items under older ids. Only the ways that lead to a company (e-mail and token) stay Acme's alone.
"""

from functools import cache

import psycopg

TWIN = 0
OTHER_TWIN = -1
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
# What is not copied as it is: values by table and column.
CHANGED = {
    "claim": {
        "ended_time": "coalesce(ended_time, claimed_time)",
        "outcome": "coalesce(outcome, 'LOST'::data.claim_outcome)",
        "attempt": "attempt + 1",
    },
    "vault_record": {"version": "version + 7"},
    "queue_item": {"team_id": "team_id + 1000"},
}
OTHER_IDS = {"queue_item": {"queue_id": "queue_id - 1000000000", "task_id": "gen_random_uuid()", "claim_number": "0"}}
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
        turned = NAMES.get(table)
        around = f"coalesce(lead({turned}) over (order by {turned}), min({turned}) over ())"
        changed = {"company_id": str(TWIN), **({turned: around} if turned else {}), **CHANGED.get(table, {})}
        if table == "team_member":
            written.append(MEMBERSHIPS)
        elif table not in WAYS:
            written.append(copy(table, columns, changed))
        if table in OTHER_IDS:
            written.append(copy(table, columns, {"company_id": str(OTHER_TWIN), **OTHER_IDS[table]}))
        written.append(copy(table, columns, {}, whose="true"))
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
    """Put every row back to where save() found it."""
    tables = tables_of(admin)
    emptied = "truncate " + ", ".join(f"data.{table}" for table, _ in tables) + ";"
    changes = [
        f"insert into data.{table} ({', '.join(columns)}) overriding system value "
        f"select {', '.join(columns)} from saved.{table};"
        for table, columns in tables
    ]
    with admin.transaction():
        admin.execute("set local session_replication_role = replica")
        admin.execute("\n".join([emptied, *changes]).encode())


def fingerprints(admin: psycopg.Connection) -> dict[tuple[str, int], tuple[int, int]]:
    """Number of rows and a digest of them, by table and company; when a token was last used does not count."""
    tables = [name for name, _ in tables_of(admin)]
    text = " union all ".join(
        f"select '{name}', coalesce(company_id, -1), count(*), "
        f"coalesce(sum(hashtextextended((to_jsonb(stored) - 'last_used_time')::text, 0)), 0)::text "
        f"from data.{name} as stored group by 2"
        for name in tables
    )
    return {(name, company): (count, digest) for name, company, count, digest in admin.execute(text.encode())}
