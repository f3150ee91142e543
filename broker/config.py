"""Settings: environment variables `BROKER_*`, read once at start."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

DEFAULT_PORT = 8585
WEBHOOKS_AT_ONCE = 16  # messages that one broker process sends
WEBHOOK_RETRY_SECONDS = (0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
PLANS = ("COMMUNITY", "ADVANCED", "PREMIUM", "ELITE")


class ConfigError(Exception):
    """A setting cannot be used; the message names the variable and what it may be."""


@dataclass(frozen=True)
class Config:
    """Every setting of the broker, with its unit and default.

    Attributes:
        database_url: `postgresql://...` of the server to use; None: embedded PostgreSQL under data_dir.
        migrate_url: the same as a role that may create roles and schemas; default: database_url.
        background_url: the same server, not through a pooler, as a role that is or may become broker_scheduler, for
            maintenance and notices; default: database_url, but migrate_url where that is a pooler's or broker_app's.
        data_dir: embedded PostgreSQL and the instance keyring.
        keyring: instance keys, `1:<64 hex digits>,...`; None: a file in data_dir, made at first start.
        pool_size: database connections per worker process.
        pooler: a transaction pooler stands before the server: no prepared statements, no role at connect.
        notices: tell other brokers by NOTIFY what became ready; without, they find it by polling once a second.
        activation_code: a fixed code for every invitation (tests and demonstrations); None: 128 random bits each.
        default_plan: plan of new companies.
        stale_minutes: without a sign of life for longer, an item is flagged stale.
        sweep_seconds: how often the maintenance procedures run.
        retention_sweep_seconds: how often items are looked for that are older than their queue keeps them.
        event_days: months of events are dropped when they are older, and no item is left that was made before.
        vault_max_bytes: longest vault, in bytes of its JSON text.
        webhook_allow_http: webhooks may be sent without TLS.
        webhook_allow_networks: webhooks may be sent to these networks, though they are not public.
        webhook_retry_seconds: how long after the one before it each attempt to send a webhook begins.
    """

    database_url: str | None = None
    migrate_url: str | None = None
    background_url: str | None = None
    data_dir: Path = field(default_factory=lambda: default_data_dir())  # noqa: PLW0108  # defined below
    keyring: str | None = field(default=None, repr=False)
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    workers: int = 2
    pool_size: int = 8
    pooler: bool = False
    notices: bool = True
    activation_code: str | None = field(default=None, repr=False)
    default_plan: str = "ELITE"
    stale_minutes: int = 10
    sweep_seconds: float = 10.0
    retention_sweep_seconds: float = 3600.0
    event_days: int = 400
    vault_max_bytes: int = 256 * 1024
    webhook_allow_http: bool = False
    webhook_allow_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    webhook_retry_seconds: tuple[int, ...] = WEBHOOK_RETRY_SECONDS

    @staticmethod
    def from_env(environ: Mapping[str, str] = os.environ) -> "Config":
        """Read the settings.

        Raises:
            ConfigError: a variable has a value that cannot be used.
        """
        plan = environ.get("BROKER_DEFAULT_PLAN", "ELITE").upper()
        if plan not in PLANS:
            raise ConfigError(f"BROKER_DEFAULT_PLAN is {plan}: it must be one of {', '.join(PLANS)}")
        database_url = environ.get("BROKER_DATABASE_URL") or None
        data_dir = environ.get("BROKER_DATA_DIR")
        return Config(
            database_url=database_url,
            migrate_url=environ.get("BROKER_MIGRATE_DATABASE_URL") or database_url,
            background_url=environ.get("BROKER_BACKGROUND_DATABASE_URL") or None,
            data_dir=Path(data_dir).expanduser().absolute() if data_dir else default_data_dir(),
            keyring=environ.get("BROKER_KEYRING") or None,
            host=environ.get("BROKER_HOST", "127.0.0.1"),
            port=_whole(environ, "BROKER_PORT", DEFAULT_PORT, 0, 65535),
            workers=_whole(environ, "BROKER_WORKERS", 2, 1, 64),
            pool_size=_whole(environ, "BROKER_POOL_SIZE", 8, 1, 100),
            pooler=_switch(environ, "BROKER_POOLER", default=False),
            notices=_switch(environ, "BROKER_NOTICES", default=True),
            activation_code=environ.get("BROKER_ACTIVATION_CODE") or None,
            default_plan=plan,
            stale_minutes=_whole(environ, "BROKER_STALE_MINUTES", 10, 1, 1440),
            sweep_seconds=_seconds(environ, "BROKER_SWEEP_SECONDS", 10.0, 3600),
            retention_sweep_seconds=_seconds(environ, "BROKER_RETENTION_SWEEP_SECONDS", 3600.0, 86400),
            event_days=_whole(environ, "BROKER_EVENT_DAYS", 400, 31, 36500),
            vault_max_bytes=_whole(environ, "BROKER_VAULT_MAX_BYTES", 256 * 1024, 1024, 1024 * 1024),
            webhook_allow_http=_switch(environ, "BROKER_WEBHOOK_ALLOW_HTTP", default=False),
            webhook_allow_networks=_networks(environ, "BROKER_WEBHOOK_ALLOW_NETWORKS"),
            webhook_retry_seconds=_delays(environ, "BROKER_WEBHOOK_RETRY_SECONDS", WEBHOOK_RETRY_SECONDS),
        )


def default_data_dir() -> Path:
    """`/var/lib/machine-job-broker` for root, whose embedded server has its own user; else below the home folder."""
    if os.geteuid() == 0:
        return Path("/var/lib/machine-job-broker")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "machine-job-broker"


def _whole(environ: Mapping[str, str], name: str, default: int, lowest: int, highest: int) -> int:
    text = environ.get(name, "")
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        raise ConfigError(f"{name} is {text!r}: it must be a whole number") from None
    if not lowest <= value <= highest:
        raise ConfigError(f"{name} is {value}: it must be from {lowest} to {highest}")
    return value


def _seconds(environ: Mapping[str, str], name: str, default: float, highest: int) -> float:
    text = environ.get(name, "")
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        raise ConfigError(f"{name} is {text!r}: it must be a number of seconds") from None
    if not 0.05 <= value <= highest:
        raise ConfigError(f"{name} is {text}: it must be from 0.05 to {highest} seconds")
    return value


def _switch(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environ.get(name, "").lower()
    if text in ("", "0", "1", "true", "false"):
        return default if not text else text in ("1", "true")
    raise ConfigError(f"{name} is {text!r}: it must be 1 or 0")


def _networks(environ: Mapping[str, str], name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(text.strip()) for text in environ.get(name, "").split(",") if text.strip())
    except ValueError as error:
        raise ConfigError(f"{name}: {error}; it must be networks such as 10.0.0.0/8, separated by commas") from None


def _delays(environ: Mapping[str, str], name: str, default: tuple[int, ...]) -> tuple[int, ...]:
    text = environ.get(name, "")
    if not text.strip():
        return default
    try:
        delays = tuple(int(delay) for delay in text.split(","))
    except ValueError:
        raise ConfigError(f"{name} is {text!r}: it must be whole numbers of seconds, separated by commas") from None
    if delays[0] != 0 or len(delays) > 50 or not all(0 <= delay <= 604_800 for delay in delays):
        raise ConfigError(f"{name} is {text}: it must be 0 and then up to 49 numbers from 0 to 604800")
    return delays
