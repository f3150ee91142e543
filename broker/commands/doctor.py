"""What `broker doctor` looks at: nothing is changed, and each finding says what to do."""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql

from broker.commands.checkup import CHECKS_OF_OPERATION
from broker.commands.findings import Check, Finding, one, row
from broker.config import Config
from broker.crypto.keyring import FILE_NAME, InstanceKeyring, KeyringError
from broker.embedded.access import embedded_config, running_socket_folder, url_on_socket
from broker.install import read_files, sql_directory
from broker.serving.instance_keys import complain

CONNECT_SECONDS = 10
STATEMENT_SECONDS = 30
AUDIT_SECONDS = 600  # a year of rows is read
OLDEST_SERVER = 150000
LATE_SWEEPS = 10  # so many intervals, and at least
LATE_SECONDS = 60


def examine(config: Config, anchors: Sequence[str] = ()) -> list[Finding]:
    """Look at settings, keyring and database.

    Args:
        anchors: digests, in hexadecimal, that the audit must have.
    """
    return [*look_at_settings(config), *look_at_keyring(config), *look_at_database(config, anchors)]


def look_at_settings(config: Config) -> Iterator[Finding]:
    """What is fit for a demonstration only."""
    if config.activation_code is not None:
        yield Finding("note", "BROKER_ACTIVATION_CODE is set: who knows it can take over an account not activated yet")
    if config.host not in ("127.0.0.1", "::1", "localhost"):
        yield Finding("note", f"BROKER_HOST is {config.host}: without TLS before it, tokens pass readable")


def look_at_keyring(config: Config) -> Iterator[Finding]:
    """Without its keyring no password opens anything."""
    path = config.data_dir / FILE_NAME
    if config.keyring is None and not path.exists():
        yield Finding(
            "problem",
            f"there is no keyring at {path}: passwords set with it are lost without it; restore it, "
            "set BROKER_KEYRING or BROKER_DATA_DIR, or, for a new installation, run `broker serve`",
        )
        return
    try:
        keyring = InstanceKeyring.load(config.data_dir, config.keyring)
    except KeyringError as error:
        yield Finding("problem", str(error))
        return
    source = "BROKER_KEYRING" if config.keyring is not None else str(path)
    yield Finding("good", f"keyring {source}, instance key {keyring.current} is current")


def look_at_database(config: Config, anchors: Sequence[str]) -> Iterator[Finding]:
    """Reach the database and look at everything in it."""
    if config.database_url is None:
        folder = running_socket_folder(config.data_dir)
        if folder is None:
            yield Finding(
                "problem",
                f"the embedded PostgreSQL of {config.data_dir} does not run: start `broker serve`, or set "
                "BROKER_DATABASE_URL or BROKER_DATA_DIR to the one that is meant",
            )
            return
        config = embedded_config(config, url_on_socket(folder))
    try:
        connection = psycopg.connect(
            config.migrate_url or config.database_url or "",
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            options=f"-c statement_timeout={STATEMENT_SECONDS}s -c default_transaction_read_only=on",
        )
    except psycopg.OperationalError as error:
        yield Finding("problem", f"the database cannot be reached: {str(error).strip()}; check BROKER_DATABASE_URL")
        return

    def look_for_anchors(connection: psycopg.Connection[Any], config: Config) -> Iterator[Finding]:  # noqa: ARG001
        for digest in anchors:
            yield find_anchor(connection, digest)

    with connection:
        for check in (*CHECKS, look_for_anchors):
            try:
                yield from check(connection, config)
            except psycopg.Error as error:
                yield Finding("problem", f"{check.__name__.replace('_', ' ')}: {str(error).strip()}")
                if connection.closed:
                    return


def look_at_server(connection: psycopg.Connection[Any], config: Config) -> Iterator[Finding]:  # noqa: ARG001
    """Its version, and whether it takes writes."""
    version = connection.info.server_version
    standby = one(connection, "select pg_is_in_recovery()")
    yield Finding(
        "problem" if version < OLDEST_SERVER or standby else "good",
        f"PostgreSQL {version // 10000}.{version % 10000}"
        + (": 15 is the oldest that is supported" if version < OLDEST_SERVER else "")
        + (", a standby: BROKER_DATABASE_URL must lead to the primary" if standby else ""),
    )


def look_at_schema(connection: psycopg.Connection[Any], config: Config) -> Iterator[Finding]:  # noqa: ARG001
    """Whether the database has the SQL of this version."""
    if one(connection, "select to_regclass('data.installed_file') is null"):
        yield Finding("problem", "the schema is not installed: run `broker migrate`")
        return
    known = dict(connection.execute("select path, digest from data.installed_file").fetchall())
    files = {file.path: file.digest for file in read_files(sql_directory())}
    different = sorted(path for path in {*known, *files} if known.get(path) != files.get(path))
    if different:
        yield Finding(
            "problem",
            f"the schema is not that of this version ({len(different)} files differ, "
            f"{', '.join(different[:3])}): run `broker migrate`",
        )
    else:
        yield Finding("good", f"schema up to date, {len(files)} files")


def look_at_invariants(connection: psycopg.Connection[Any], config: Config) -> Iterator[Finding]:  # noqa: ARG001
    """What must hold at every moment: each view is empty."""
    rows = connection.execute(
        "select relname from pg_class "
        "where relnamespace = to_regnamespace('data') and relkind = 'v' and relname like 'invariant\\_%' "
        "order by relname"
    ).fetchall()
    broken = 0
    for (name,) in rows:
        count = one(connection, sql.SQL("select count(*) from data.{}").format(sql.Identifier(name)))
        if count:
            broken += 1
            yield Finding("problem", f"data.{name} has {count} rows and must have none: look at them first")
    if not broken:
        yield Finding("good", f"{len(rows)} invariants hold")


def look_at_instance_keys(connection: psycopg.Connection[Any], config: Config) -> Iterator[Finding]:
    """Whether the keyring is the one that this database was used with."""
    if config.keyring is None and not (config.data_dir / FILE_NAME).exists():
        return
    try:
        keyring = InstanceKeyring.load(config.data_dir, config.keyring)
    except KeyringError:
        return
    recorded = dict(connection.execute("select key_number, check_value from data.instance_key").fetchall())
    complaint = complain(keyring, recorded, config)
    yield Finding("problem", complaint) if complaint else Finding("good", f"{len(recorded)} instance keys recognised")


def look_at_sweeps(connection: psycopg.Connection[Any], config: Config) -> Iterator[Finding]:
    """Leases that ran out long ago have not been looked at by any broker."""
    late_seconds = max(LATE_SWEEPS * config.sweep_seconds, LATE_SECONDS)
    count, oldest = row(
        connection,
        "select count(*), min(lease_until) from data.queue_item "
        "where status in ('ASSIGNED', 'PROCESSING', 'CANCELLING') "
        "and lease_until < data.clock() - make_interval(secs => %s)",
        late_seconds,
    )
    if count:
        yield Finding(
            "problem",
            f"{count} leases ran out and nobody put the items back, the first at {oldest}: "
            "no broker sweeps; start one, and read its log for the scheduler",
        )
    else:
        yield Finding("good", "no lease is overdue")


def look_at_backlog(connection: psycopg.Connection[Any], config: Config) -> Iterator[Finding]:  # noqa: ARG001
    """How much waits, and for how long; whether that is too long, only a person knows."""
    count, oldest, stale = row(
        connection,
        "select (select count(*) from data.queue_item where status = 'PENDING'), "
        "(select data.clock() - ready_time from data.queue_item where status = 'PENDING' order by ready_time limit 1), "
        "(select count(*) from data.queue_item where status in ('ASSIGNED', 'PROCESSING', 'CANCELLING') "
        "and stale_time is not null)",
    )
    yield Finding("good", f"{count} items wait" + (f", the oldest for {str(oldest).split('.')[0]}" if oldest else ""))
    if stale:
        yield Finding("note", f"{stale} items are stale: their agents show no sign of life")


def look_at_partitions(connection: psycopg.Connection[Any], config: Config) -> Iterator[Finding]:  # noqa: ARG001
    """Events and audit belong into the partition of their month, which can be dropped whole."""
    for table, time_column in (("queue_event", "event_time"), ("audit", "audit_time")):
        name, found, strays, strays_of_this_month = row(
            connection,
            sql.SQL(
                "select {} || to_char(month.first, '_YYYY_MM'), "
                "to_regclass('data.' || {} || to_char(month.first, '_YYYY_MM')) is not null, "
                "exists (select from data.{}), exists (select from data.{} where {} >= month.first at time zone 'UTC') "
                "from (select date_trunc('month', data.clock() at time zone 'UTC')) as month (first)"
            ).format(table, table, *[sql.Identifier(f"{table}_default")] * 2, sql.Identifier(time_column)),
        )
        if found:
            yield Finding("good", f"partition data.{name} is there")
        elif not strays_of_this_month:
            yield Finding(
                "problem", f"partition data.{name} is missing: no broker ran its daily maintenance; start one"
            )
        if strays:
            yield Finding(
                "note",
                f"data.{table}_default holds rows: when they were written, no broker had yet made the partition of "
                "their month. They are read like all others, and deleted when they are old enough: there is nothing "
                "to do",
            )


def look_at_audit(connection: psycopg.Connection[Any], config: Config) -> Iterator[Finding]:  # noqa: ARG001
    """Whether the audit is what its anchors say."""
    connection.execute(f"set statement_timeout = '{AUDIT_SECONDS}s'")
    complaints = connection.execute("select company_uuid, complaint from maintenance.check_audit()").fetchall()
    for company, complaint in complaints:
        yield Finding("problem", f"audit of company {company}: {complaint}")
    if not complaints:
        count = one(connection, "select count(*) from data.audit_anchor")
        yield Finding("good", f"the audit fits its {count} anchors")


def find_anchor(connection: psycopg.Connection[Any], digest: str) -> Finding:
    """Whether an anchor that the log knows is still there."""
    (found,) = row(
        connection, "select exists (select from data.audit_anchor where encode(digest, 'hex') = %s)", digest.lower()
    )
    if found:
        return Finding("good", f"anchor {digest} is there")
    return Finding(
        "problem", f"anchor {digest} is not there: somebody has removed it, or the database is an older copy"
    )


CHECKS: tuple[Check, ...] = (
    look_at_server,
    look_at_schema,
    look_at_invariants,
    look_at_instance_keys,
    look_at_sweeps,
    look_at_backlog,
    look_at_partitions,
    *CHECKS_OF_OPERATION,
    look_at_audit,
)
