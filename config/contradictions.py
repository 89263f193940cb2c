"""What the settings cannot say together, and what production does not start with."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from adapters.http.headers import Cors
from config import issuers
from config.secrets import weakness

# The twins that lose money or data when taken for the real thing, each with the variable that names the real thing.
TWINS: Final[Mapping[str, str]] = {"database": "DATABASE_URL", "mail": "SMTP_URL", "storage": "S3_BUCKET"}


def contradictions(values: Mapping[str, Any], production: bool) -> Iterator[str]:
    """What each setting alone cannot say."""
    secret, database, twins = values["secret_key"], values["database_url"], values["allow_twins"] or ()
    if secret and (why := weakness(secret)):
        yield f"FITPRO_SECRET_KEY: {why.capitalize()}."
    if values["data_key"] and (why := weakness(values["data_key"])):
        yield f"FITPRO_DATA_KEY: {why.capitalize()}."
    if why := next(filter(None, map(weakness, values["known_data_keys"] or ())), None):
        yield f"FITPRO_DATA_KEYS_KNOWN: One {why}."
    for name in ("database_url", "database_owner_url", "database_direct_url"):
        if values[name] and (why := unreadable(values[name])):
            yield f"{name.upper()}: {why}"
    if database and not values["database_owner_url"]:
        yield "DATABASE_OWNER_URL: Needed beside DATABASE_URL, to migrate and to reach the roles that we make."
    if not database and (values["database_owner_url"] or values["database_direct_url"]):
        yield "DATABASE_URL: Needed beside DATABASE_OWNER_URL and DATABASE_DIRECT_URL."
    if values["s3_bucket"] and not (values["s3_access_key"] and values["s3_secret_key"]):
        yield "S3_ACCESS_KEY_ID: Needed with S3_BUCKET, and S3_SECRET_ACCESS_KEY too."
    try:
        Cors(frozenset(values["cors_origins"] or ()))
    except ValueError:
        yield "FITPRO_CORS_ORIGINS: Each is a scheme and a host in lower case, with no path; * is not possible."
    if values["metrics_token"] and (why := weakness(values["metrics_token"].encode())):
        yield f"FITPRO_METRICS_TOKEN: {why.capitalize()}."
    if bad := [server for server in values["dns_servers"] or () if not _is_server(server)]:
        yield f"FITPRO_DNS_SERVERS: Each is an address or address:port, not {', '.join(bad)}."
    if unknown := [name for name in twins if name not in TWINS]:
        yield f"FITPRO_ALLOW_TWINS: Only {', '.join(TWINS)} can stand here, not {', '.join(unknown)}."
    yield from issuers.contradictions(values)
    if production:
        yield from _refusals(values, database, twins)


def _refusals(values: Mapping[str, Any], database: str | None, twins: Iterable[str]) -> Iterator[str]:
    """What production does not start with, or without."""
    for twin, variable in TWINS.items():
        if not values[variable.lower()] and twin not in twins:
            yield f"{variable}: Needed in production, unless FITPRO_ALLOW_TWINS names {twin}."
    if database and not values["secret_key"]:
        yield "FITPRO_SECRET_KEY: Needed in production, the same in every process."
    if not values["own_url"] and not values["s3_bucket"]:
        yield "FITPRO_URL: Needed in production with files on disk: links to them begin with it."
    if values["smtp_url"] and values["mail_from"].endswith("@localhost"):
        yield "FITPRO_MAIL_FROM: Needed in production, an address that the mail server may send from."
    if values["oidc_providers"] and not values["own_url"]:
        yield "FITPRO_URL: Needed in production beside FITPRO_OIDC_PROVIDERS: they send people back there."
    if not values["app_url"]:
        yield "FITPRO_APP_URL: Needed in production: links in mails lead there."
    if values["dns_zone"]:
        yield "FITPRO_DNS_ZONE: Cannot be set in production: it would verify domains that nobody owns."
    if values["demo"]:
        yield "FITPRO_DEMO: Cannot be on in production: everybody knows the demo's passwords."


def _is_server(text: str) -> bool:
    bracketed = re.fullmatch(r"\[([0-9a-fA-F:]+)\](?::([0-9]{1,5}))?", text) or re.fullmatch(r"([0-9.]+)(?::([0-9]{1,5}))?", text)
    try:
        ipaddress.ip_address(bracketed[1] if bracketed else text)
    except ValueError:
        return False
    return not (bracketed and bracketed[2]) or 0 < int(bracketed[2]) < 65_536


def unreadable(url: str) -> str | None:
    """Why this cannot be a database's URL, None if it can; never the URL, which may hold a password."""
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return "Is not a connection URL that PostgreSQL understands."
    return None
