"""Every setting: its environment variable, default and meaning. All problems are reported at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self, cast
from urllib.parse import urlsplit

from environs import Env, EnvValidationError
from marshmallow.validate import OneOf, Range, Regexp

from config.contradictions import TWINS, contradictions, unreadable
from config.secrets import derive_key, kept_secret, role_password, weakness

__all__ = ["Settings", "SettingsError", "derive_key", "role_password", "unreadable"]

_NOTHING_IS_NOT_SET: Final = (
    "database_url", "database_owner_url", "database_direct_url", "redis_url", "smtp_url", "s3_bucket", "s3_endpoint", "secret_key",
    "supabase_url", "supabase_key", "supabase_jwt_secret", "sentry_dsn",
)  # fmt: skip
_LIMITS = (
    "limit_person limit_key limit_workspace limit_address limit_at_once limit_share limit_exports"
    " password_checks_account password_checks_address letters_account letters_address signups_address"
    " invitations_person invitations_address"
)
GENEROUS: Final[Mapping[str, Any]] = dict.fromkeys(_LIMITS.split(), 1_000_000_000)
"""Limits that nobody reaches, for who makes the demo, measures or tests; the requests are counted all the same."""
IN_DEVELOPMENT: Final = object()  # the default of what is on in development and off in production


class SettingsError(Exception):
    """The environment does not make sense. The message has a line per problem and never a value."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(("These settings need attention:", *(f"  {problem}" for problem in self.problems))))


def _a(
    variable: str,
    default: object,
    meaning: str,
    read: Callable[..., Any] = Env.str,
    check: Callable[[Any], Any] | None = None,
    *,
    secret: bool = False,
) -> Any:
    metadata = {"variable": variable, "default": default, "meaning": meaning, "read": read, "check": check}
    value = True if default is IN_DEVELOPMENT else default
    return dataclasses.field(default=value, repr=not secret, metadata=metadata)


def _names(env: Env, variable: str, default: tuple[str, ...], validate: Callable[[Any], Any] | None) -> tuple[str, ...]:
    listed: list[str] = env.list(variable, list(default), validate=validate) or []
    return tuple(dict.fromkeys(name.strip() for name in listed if name.strip()))


def _keys(env: Env, variable: str, default: tuple[bytes, ...], validate: Callable[[Any], Any] | None) -> tuple[bytes, ...]:
    return tuple(name.encode() for name in _names(env, variable, (), validate)) or default


def _hosts(env: Env, variable: str, default: tuple[str, ...], validate: Callable[[Any], Any] | None) -> tuple[str, ...]:
    return tuple(name.lower().rstrip(".") for name in _names(env, variable, default, validate))


_URL_OF_A_DATABASE: Final = Regexp(r"(postgres(ql)?://\S+)?\Z", error="Must begin with postgresql:// and hold no spaces.")
_QUOTA: Final = Range(1, 1_000_000_000)
_URL_OF_REDIS: Final = Regexp(r"((redis|rediss|unix)://\S+)?\Z", error="Must begin with redis://, rediss:// or unix://.")
_URL_OF_A_SITE: Final = Regexp(r"(https?://[^\s/?#@]+(/[^\s?#]*)?)?\Z", error="Must be http(s)://host, with no query.")
_URL_OF_SMTP: Final = Regexp(r"(smtps?://([^\s/?#@]+@)?[^\s/?#@]+/?)?\Z", error="Must be smtp://[user:password@]host[:port] or smtps://….")
_URL_OF_A_TRACKER: Final = Regexp(r"(https?://[^\s/?#@]+@[^\s?#@]+/[0-9]+)?\Z", error="Must be https://key@host/project.")
_ADDRESS: Final = Regexp(r"[^\s@<>]+@[^\s@<>]+\Z", error="Must be an e-mail address.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the process was told, once. `Settings.from_environ()` reads it; tests may build one directly."""

    env: Literal["development", "production"] = _a(
        "FITPRO_ENV",
        "development",
        "production refuses twins and demo data",
        check=OneOf(("development", "production")),
    )
    host: str = _a("FITPRO_HOST", "127.0.0.1", "the address the web server listens on")
    port: int = _a("FITPRO_PORT", 8000, "the port the web server listens on", Env.int, Range(1, 65535))
    home: Path = _a("FITPRO_HOME", Path(".fitpro"), "the folder of everything that is kept locally", Env.path)
    demo: bool = _a("FITPRO_DEMO", IN_DEVELOPMENT, "whether a demo workspace is made (never in production)", Env.bool)
    secret_key: bytes = _a(
        "FITPRO_SECRET_KEY",
        b"",
        "32 bytes or more, every key is derived from it; made under home when not set",
        secret=True,
    )

    data_key: bytes = _a(
        "FITPRO_DATA_KEY", b"", "seals health data and secret settings; 32 bytes or more; not set: FITPRO_SECRET_KEY does", secret=True
    )
    known_data_keys: tuple[bytes, ...] = _a(
        "FITPRO_DATA_KEYS_KNOWN", (), "further keys that open sealed data (a,b): earlier ones, or the next one before it is used", _keys, secret=True
    )

    database_url: str | None = _a(
        "DATABASE_URL",
        None,
        "the database as the app role; not set: the embedded server",
        check=_URL_OF_A_DATABASE,
        secret=True,
    )
    database_owner_url: str | None = _a(
        "DATABASE_OWNER_URL", None, "the same as the owner role, which migrates", check=_URL_OF_A_DATABASE, secret=True
    )
    database_direct_url: str | None = _a("DATABASE_DIRECT_URL", None, "the same past a pooler, for LISTEN", check=_URL_OF_A_DATABASE, secret=True)
    db_prepare: bool = _a("FITPRO_DB_PREPARE", True, "off: no prepared statements, as some poolers need", Env.bool)
    pool_size: int = _a("FITPRO_POOL_SIZE", 4, "most database connections per process and role", Env.int, Range(1, 100))
    statement_timeout_ms: int = _a("FITPRO_STATEMENT_TIMEOUT_MS", 5_000, "longest statement of a request", Env.int, Range(100, 600_000))
    lock_timeout_ms: int = _a("FITPRO_LOCK_TIMEOUT_MS", 300, "longest wait for a lock in a request", Env.int, Range(10, 60_000))
    redis_url: str | None = _a("REDIS_URL", None, "broker, cache and limits; not set: PostgreSQL and memory", check=_URL_OF_REDIS, secret=True)

    cache_bytes: int = _a(
        "FITPRO_CACHE_BYTES", 16 * 1024 * 1024, "most memory each process keeps computed answers in", Env.int, Range(0, 1024 * 1024 * 1024)
    )

    plugins_only: tuple[str, ...] = _a("FITPRO_PLUGINS_ONLY", (), "load these plugins and no others (a,b)", _names)
    plugins_block: tuple[str, ...] = _a("FITPRO_PLUGINS_BLOCK", (), "never load these plugins (a,b)", _names)
    strict: bool = _a("FITPRO_STRICT", False, "a broken plugin stops the start instead of being set aside", Env.bool)
    allow_twins: tuple[str, ...] = _a("FITPRO_ALLOW_TWINS", (), f"twins that production may run on ({', '.join(TWINS)})", _names)

    workers: int = _a("FITPRO_WORKERS", 2, "web server processes", Env.int, Range(1, 64))
    threads: int = _a("FITPRO_THREADS", 2, "threads per web server process; half a reserve if the database is on this machine", Env.int, Range(1, 64))
    max_body_bytes: int = _a("FITPRO_MAX_BODY_BYTES", 1024 * 1024, "largest request body", Env.int, Range(1024, 64 * 1024 * 1024))
    max_upload_bytes: int = _a("FITPRO_MAX_UPLOAD_BYTES", 10 * 1024 * 1024, "largest uploaded file", Env.int, Range(1024, 256 * 1024 * 1024))
    trusted_proxies: int = _a("FITPRO_TRUSTED_PROXIES", 0, "proxies in front whose X-Forwarded-* headers are believed", Env.int, Range(0, 8))
    cors_origins: tuple[str, ...] = _a("FITPRO_CORS_ORIGINS", (), "origins of browser frontends (https://a,https://b)", _names)
    own_hosts: tuple[str, ...] = _a("FITPRO_OWN_HOSTS", (), "names of this installation, which no workspace may claim (a.example,b.example)", _hosts)
    dns_servers: tuple[str, ...] = _a("FITPRO_DNS_SERVERS", (), "resolvers to ask (address or address:port); not set: the system's", _names)
    dns_zone: Path | None = _a("FITPRO_DNS_ZONE", None, "a file of TXT records to read instead of the DNS (tests)", Env.path)
    docs_enabled: bool = _a("FITPRO_DOCS", IN_DEVELOPMENT, "the OpenAPI document and /docs are open to everybody", Env.bool)
    metrics_token: str = _a(
        "FITPRO_METRICS_TOKEN", "", "what scrapers send as bearer token; not set in production: /metrics answers this machine alone", secret=True
    )
    metrics_enabled: bool = _a("FITPRO_METRICS", True, "/metrics answers", Env.bool)
    sentry_dsn: str | None = _a(
        "SENTRY_DSN", None, "an error tracker that speaks Sentry's protocol; it gets no personal data", check=_URL_OF_A_TRACKER, secret=True
    )
    log_level: str = _a("FITPRO_LOG_LEVEL", "info", "debug, info, warning or error", check=OneOf(("debug", "info", "warning", "error")))

    app_url: str = _a(
        "FITPRO_APP_URL", "", "the frontend that links in mails lead to; not set: this server, with pages of its own", check=_URL_OF_A_SITE
    )
    anchors: Path | None = _a(
        "FITPRO_ANCHORS", None, "the folder of signed audit heads, best on a disk the database's owner cannot write; not set: under home", Env.path
    )
    s3_bucket: str | None = _a("S3_BUCKET", None, "the private bucket files are kept in; not set: a folder under home")
    s3_endpoint: str | None = _a("S3_ENDPOINT", None, "the store's URL (Supabase Storage, MinIO); not set: AWS", check=_URL_OF_A_SITE)
    s3_region: str = _a("S3_REGION", "us-east-1", "the bucket's region")
    s3_access_key: str | None = _a("S3_ACCESS_KEY_ID", None, "the key that may read and write the bucket", secret=True)
    s3_secret_key: str | None = _a("S3_SECRET_ACCESS_KEY", None, "its secret", secret=True)
    smtp_url: str | None = _a(
        "SMTP_URL", None, "smtp://user:password@host:587 or smtps://…, to send mail by; not set: files under home", check=_URL_OF_SMTP, secret=True
    )
    mail_from: str = _a("FITPRO_MAIL_FROM", "no-reply@localhost", "the address that mail comes from", check=_ADDRESS)
    limit_person: int = _a("FITPRO_LIMIT_PERSON", 600, "requests of one person in limit_window_s", Env.int, _QUOTA)
    limit_key: int = _a("FITPRO_LIMIT_KEY", 1_200, "requests of one API key in limit_window_s", Env.int, _QUOTA)
    limit_workspace: int = _a("FITPRO_LIMIT_WORKSPACE", 6_000, "requests of all members of one workspace in limit_window_s", Env.int, _QUOTA)
    limit_address: int = _a("FITPRO_LIMIT_ADDRESS", 60, "requests from one address that nobody signed in for, in limit_window_s", Env.int, _QUOTA)
    limit_at_once: int = _a(
        "FITPRO_LIMIT_AT_ONCE", 0, "requests of a workspace a web process works on at a time; 0: threads - 1, but 2", Env.int, Range(0)
    )
    limit_share: int = _a(
        "FITPRO_LIMIT_SHARE", 50, "percent of a web process's threads that a workspace may keep busy while others ask", Env.int, Range(1)
    )
    limit_window_s: int = _a("FITPRO_LIMIT_WINDOW_S", 60, "the seconds that these are counted over", Env.int, Range(1, 86_400))
    limit_exports: int = _a("FITPRO_LIMIT_EXPORTS", 5, "exports of one person or API key, an hour", Env.int, _QUOTA)

    worker_threads: int = _a("FITPRO_WORKER_THREADS", 2, "jobs a worker runs at once", Env.int, Range(1, 64))
    lease_s: int = _a("FITPRO_LEASE_S", 30, "after these seconds a silent worker's job is another's", Env.int, Range(1, 3_600))
    poll_ms: int = _a("FITPRO_POLL_MS", 250, "how often the relay looks when nothing wakes it", Env.int, Range(10, 60_000))

    access_token_ttl_s: int = _a("FITPRO_ACCESS_TOKEN_TTL_S", 600, "life of an access token", Env.int, Range(10, 3_600))
    refresh_token_ttl_s: int = _a("FITPRO_REFRESH_TOKEN_TTL_S", 30 * 86_400, "life of a refresh token", Env.int, Range(60, 366 * 86_400))
    password_checks_account: int = _a("FITPRO_PASSWORD_CHECKS_ACCOUNT", 10, "password checks of one account or known device", Env.int, _QUOTA)
    password_checks_address: int = _a("FITPRO_PASSWORD_CHECKS_ADDRESS", 100, "the same from one network address", Env.int, _QUOTA)
    password_checks_window_s: int = _a("FITPRO_PASSWORD_CHECKS_WINDOW_S", 900, "the seconds these are counted over", Env.int, Range(1, 86_400))
    letters_account: int = _a("FITPRO_LETTERS_ACCOUNT", 5, "links asked for by mail, for one address or by one person, an hour", Env.int, _QUOTA)
    letters_address: int = _a("FITPRO_LETTERS_ADDRESS", 20, "the same from one network address by people who are not signed in", Env.int, _QUOTA)
    invitations_person: int = _a("FITPRO_INVITATIONS_PERSON", 100, "invitations mailed by one person, an hour", Env.int, _QUOTA)
    invitations_address: int = _a("FITPRO_INVITATIONS_ADDRESS", 5, "invitations mailed to one address, by whomever, an hour", Env.int, _QUOTA)
    signup: Literal["open", "confirmed"] | None = _a(
        "FITPRO_SIGNUP",
        None,
        "confirmed (the default): a link by mail leads on, nobody is told who has an account; open (under `make run`): signing up signs in, or tells",
        check=OneOf(("open", "confirmed")),
    )
    signups_address: int = _a("FITPRO_SIGNUPS_ADDRESS", 60, "accounts asked for from one network address, an hour", Env.int, _QUOTA)
    argon2_time_cost: int = _a("FITPRO_ARGON2_TIME_COST", 2, "argon2id passes", Env.int, Range(1, 20))
    argon2_memory_kib: int = _a("FITPRO_ARGON2_MEMORY_KIB", 19_456, "argon2id memory", Env.int, Range(8, 4_194_304))
    argon2_parallelism: int = _a("FITPRO_ARGON2_PARALLELISM", 1, "argon2id lanes", Env.int, Range(1, 16))

    supabase_url: str | None = _a("SUPABASE_URL", None, "the Supabase project whose Auth issues tokens; not set: we do")
    supabase_key: str | None = _a("SUPABASE_ANON_KEY", None, "its publishable (anon) key", secret=True)
    supabase_hs256: bool = _a("FITPRO_SUPABASE_HS256", False, "also accept its legacy tokens, signed with the shared secret", Env.bool)
    supabase_jwt_secret: str | None = _a("SUPABASE_JWT_SECRET", None, "that shared secret", secret=True)
    oidc_providers: str = _a(
        "FITPRO_OIDC_PROVIDERS", "", 'sign-in with others: [{"name", "issuer", "client_id", "client_secret", "title"}] as JSON', secret=True
    )
    own_url: str = _a("FITPRO_URL", "", "this server as browsers reach it; not set: the address it listens on", check=_URL_OF_A_SITE)

    @property
    def production(self) -> bool:
        return self.env == "production"

    @property
    def embedded(self) -> bool:
        """Whether the database is the embedded server under `home`."""
        return self.database_url is None

    @property
    def confirmed_signup(self) -> bool:
        """Whether an address is proven before there is an account, and nobody is told of an earlier one. Supabase says so itself."""
        return self.signup == "confirmed" or (self.signup is None and self.supabase_url is None)

    @property
    def anchor_folder(self) -> Path:
        return self.anchors or self.home / "anchors"

    @property
    def own_names(self) -> frozenset[str]:
        """The hosts that are this installation itself, the frontend's included: no workspace's domains."""
        frontend = urlsplit(self.app_url).hostname
        return frozenset((*self.own_hosts, *([frontend] if frontend else ())))

    @property
    def frontend_here(self) -> bool:
        """Whether links in mails lead to this server itself."""
        return self.app_url in (self.own_url, f"http://{self.host}:{self.port}")

    @classmethod
    def from_environ(cls) -> Self:
        """Read the environment; make `home` and its secret when they are needed. SettingsError tells all problems."""
        env = Env(eager=False)
        values: dict[str, Any] = {}
        production = env.str("FITPRO_ENV", "development") == "production"
        for field in dataclasses.fields(cls):
            told = field.metadata
            default = not production if told["default"] is IN_DEVELOPMENT else told["default"]
            values[field.name] = told["read"](env, told["variable"], default, validate=told["check"])
        try:
            env.seal()
        except EnvValidationError as error:
            found = cast("Mapping[str, list[str]]", error.error_messages)
            bad = {name: " ".join(messages) for name, messages in found.items()}
        else:
            bad = {}
        for name in _NOTHING_IS_NOT_SET:
            values[name] = values[name] or None  # set to nothing is not set
        for name in ("secret_key", "data_key"):
            values[name] = (values[name] or "").encode()
        problems = [f"{name}: {text}" for name, text in bad.items()]
        problems += [text for text in contradictions(values, production) if text.partition(":")[0] not in bad]
        if problems:
            raise SettingsError(problems)
        values["home"] = values["home"].absolute()
        for name in ("app_url", "own_url"):
            values[name] = (values[name] or f"http://{values['host']}:{values['port']}").rstrip("/")
        if not values["secret_key"]:
            values["secret_key"] = _secret_of(values["home"])
        return cls(**values)


def _secret_of(home: Path) -> bytes:
    try:
        secret = kept_secret(home)
    except OSError as error:
        raise SettingsError([f"FITPRO_HOME: {home} cannot be used: {error.strerror}."]) from error
    if why := weakness(secret):
        raise SettingsError([f"FITPRO_SECRET_KEY: {home / 'secret.key'} {why}."])
    return secret
