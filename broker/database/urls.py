"""Which URL is used for what, and as which role.

The login that a URL names is the administrator's business. What the broker does, it does as the role made for it:
`broker_app` for calls, `broker_scheduler` for maintenance; it takes the role when it connects, unless the login is that
role already.
"""

from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from broker.config import Config

SERVING_ROLE = "broker_app"
BACKGROUND_ROLE = "broker_scheduler"


class DatabaseUrlError(Exception):
    """No database is named; the message says how to."""


def serving_url(config: Config) -> str:
    """For the pool that serves calls, as `broker_app`. A pooler cannot take a role, so its login must be the role.

    Raises:
        DatabaseUrlError: there is no database URL.
    """
    url = require_url(config)
    return url if config.pooler else as_role(url, SERVING_ROLE)


def background_url(config: Config) -> str:
    """For maintenance and LISTEN: a connection to the server itself, as `broker_scheduler`.

    Raises:
        DatabaseUrlError: there is no database URL.
    """
    if config.background_url:
        return as_role(config.background_url, BACKGROUND_ROLE)
    url = require_url(config)
    if (config.pooler or login_of(url) == SERVING_ROLE) and config.migrate_url:
        url = config.migrate_url
    return as_role(url, BACKGROUND_ROLE)


def notices_url(config: Config) -> str | None:
    """For LISTEN and NOTIFY; None where they are not wanted, or no URL leads past the pooler."""
    direct = config.background_url or (config.migrate_url if config.pooler else config.database_url)
    if not config.notices or direct is None or (config.pooler and direct == config.database_url):
        return None
    return background_url(config)


def require_url(config: Config) -> str:
    """The database URL of the settings.

    Raises:
        DatabaseUrlError: there is none.
    """
    if config.database_url is None:
        raise DatabaseUrlError(
            "there is no database: set BROKER_DATABASE_URL; only `broker serve` starts an embedded one"
        )
    return config.database_url


def as_role(url: str, role: str) -> str:
    """The URL with the startup option that takes a role; as it is when the login is the role.

    Source: PostgreSQL, libpq, connection URIs and the parameter options.
    """
    if login_of(url) == role:
        return url
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    # Without a blank: libpq does not read a plus sign as one.
    options = " ".join([*(value for name, value in query if name == "options"), f"-crole={role}"])
    query = [(name, value) for name, value in query if name != "options"] + [("options", options)]
    return urlunsplit(parts._replace(query=urlencode(query, quote_via=quote)))


def login_of(url: str) -> str | None:
    """The user that a URL names."""
    parts = urlsplit(url)
    named = dict(parse_qsl(parts.query)).get("user")
    return named or (unquote(parts.username) if parts.username else None)
