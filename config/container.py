"""The one place that names concrete adapters: what is chosen by settings, made once per process."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta

from dependency_injector import containers, providers

from adapters.dns import Resolver
from adapters.http.addresses import Addresses
from adapters.http.cursors import Cursors
from adapters.http.throttle import Throttle
from adapters.local.anchors import AnchorFiles, Ed25519Notary
from adapters.local.cache import Memory, Shelves
from adapters.local.capabilities import DerivedCapabilities
from adapters.local.clock import SystemClock
from adapters.local.encryption import AesGcmEncryption
from adapters.local.identity import Argon2Passwords, Es256Issuer, RotatingRefreshTokens, SignedDevices
from adapters.local.mail import FileMailer
from adapters.local.storage import DiskStorage, SignedLinks
from adapters.local.zone import ZoneFile
from adapters.outbound.public import PublicHttp
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.hosts import PostgresHosts
from adapters.postgres.pool import Pool
from adapters.postgres.quotas import PostgresMeter
from adapters.smtp.mailer import SmtpMailer, SmtpServer
from config.databases import Connections, connections
from config.federation import federation, verifier
from config.limits import limiter_of, postage_of, quotas_of, turns_of
from config.secrets import data_keys, derive_key
from config.settings import Settings
from config.signing import StoredKeyRing
from ports.cache import Store
from ports.clock import Clock
from ports.dns import Dns
from ports.identity import Allowances
from ports.mail import Mailer
from ports.storage import LinkedFiles, Links, Storage

ISSUER = "fitpro"


def _pool(connections: Connections, settings: Settings, role: str) -> Pool:
    pool = Pool(getattr(connections, role), size=settings.pool_size, prepare=settings.db_prepare, name=role)
    pool.open()
    return pool


def _mailer(settings: Settings) -> Mailer:
    if settings.smtp_url:
        return SmtpMailer(SmtpServer.of(settings.smtp_url), address=settings.mail_from)
    return FileMailer(settings.home / "mail", address=settings.mail_from)


def _answers(settings: Settings, key: bytes) -> Store:
    if not settings.redis_url:
        return Shelves(Memory(settings.cache_bytes), None)
    from adapters.redis.cache import RedisShelf  # 6 MiB of each process, for those that have one

    return Shelves(Memory(settings.cache_bytes), RedisShelf(settings.redis_url, key))


def _dns(settings: Settings) -> Dns:
    return ZoneFile(settings.dns_zone) if settings.dns_zone else Resolver(settings.dns_servers)


@dataclass(frozen=True, slots=True)
class Files:
    """The file store. linked: what our own web server does with links to it; None for a store that answers by itself."""

    storage: Storage
    links: Links
    linked: LinkedFiles | None


def _files(settings: Settings, clock: Clock, key: bytes) -> Files:
    if settings.s3_bucket:
        from adapters.s3.storage import S3Storage  # boto3 costs memory that a disk does not

        bucket = S3Storage(
            bucket=settings.s3_bucket, endpoint=settings.s3_endpoint, region=settings.s3_region,
            access_key=settings.s3_access_key or "", secret_key=settings.s3_secret_key or "",
        )  # fmt: skip
        return Files(bucket, bucket, None)
    disk = DiskStorage(settings.home / "files")
    links = SignedLinks(disk, key, clock, base=settings.own_url)
    return Files(disk, links, links)


def _hashes_at_once(settings: Settings) -> int:
    """No more than there are processors, and one thread is always left for what needs no hash."""
    return max(1, min(4, os.cpu_count() or 1, settings.threads - 1))


def _strangers_at_once(settings: Settings) -> int:
    """A thread is always left for who does not wait for a stranger's server."""
    return max(1, settings.threads - 1)


class Container(containers.DeclarativeContainer):
    """Override a provider to swap an adapter: `container.clock.override(...)`."""

    settings = providers.Dependency(instance_of=Settings)
    connections = providers.Singleton(connections, settings)
    clock = providers.Singleton(SystemClock)

    app_pool = providers.Singleton(_pool, connections, settings, "app")
    auth_pool = providers.Singleton(_pool, connections, settings, "auth")
    relay_pool = providers.Singleton(_pool, connections, settings, "relay")
    encryption = providers.Singleton(
        AesGcmEncryption,
        providers.Callable(data_keys, settings.provided.secret_key, settings.provided.data_key, settings.provided.known_data_keys),
    )
    app_database = providers.Singleton(PostgresDatabase, app_pool, encryption)
    auth_database = providers.Singleton(PostgresDatabase, auth_pool, encryption)
    hosts = providers.Singleton(PostgresHosts, auth_database, own=settings.provided.own_names)
    dns = providers.Singleton(_dns, settings)
    public_outbound = providers.Singleton(PublicHttp, dns, concurrent=providers.Callable(_strangers_at_once, settings))

    key_ring = providers.Singleton(StoredKeyRing, auth_database, providers.Callable(derive_key, settings.provided.secret_key, "signing keys"), clock)
    issuer = providers.Singleton(Es256Issuer, key_ring, clock, iss=ISSUER, audience="fitpro", lifetime_s=settings.provided.access_token_ttl_s)
    federation = providers.Singleton(federation, settings, key_ring, clock, iss=ISSUER, audience="fitpro")
    refresh_lifetime = providers.Callable(timedelta, seconds=settings.provided.refresh_token_ttl_s)
    verifier = providers.Singleton(verifier, federation, clock, auth_database, key_ring, own=ISSUER)
    passwords = providers.Singleton(
        Argon2Passwords,
        time_cost=settings.provided.argon2_time_cost,
        memory_kib=settings.provided.argon2_memory_kib,
        parallelism=settings.provided.argon2_parallelism,
        concurrent=providers.Callable(_hashes_at_once, settings),
    )
    devices = providers.Singleton(SignedDevices, providers.Callable(derive_key, settings.provided.secret_key, "remembered devices"), clock)
    allowances = providers.Callable(
        Allowances,
        account=settings.provided.password_checks_account,
        address=settings.provided.password_checks_address,
        window_s=settings.provided.password_checks_window_s,
        letters=settings.provided.letters_account,
        letters_from_address=settings.provided.letters_address,
        signups_from_address=settings.provided.signups_address,
    )
    refresh_tokens = providers.Singleton(RotatingRefreshTokens, clock, lifetime=refresh_lifetime)
    capabilities = providers.Singleton(DerivedCapabilities, providers.Callable(derive_key, settings.provided.secret_key, "capabilities"))
    anchors = providers.Singleton(AnchorFiles, settings.provided.anchor_folder)
    notary = providers.Singleton(
        Ed25519Notary, providers.Callable(derive_key, settings.provided.secret_key, "audit heads"), settings.provided.anchor_folder
    )
    mailer = providers.Singleton(_mailer, settings)
    answers = providers.Singleton(_answers, settings, providers.Callable(derive_key, settings.provided.secret_key, "kept answers"))
    limiter = providers.Singleton(limiter_of, settings)
    meter = providers.Singleton(PostgresMeter, auth_database)
    postage = providers.Singleton(postage_of, settings, meter)
    throttle = providers.Singleton(
        Throttle,
        limiter,
        meter,
        providers.Callable(quotas_of, settings),
        providers.Callable(Addresses, settings.provided.trusted_proxies),
        providers.Callable(turns_of, settings),
    )
    files = providers.Singleton(_files, settings, clock, providers.Callable(derive_key, settings.provided.secret_key, "file links"))
    cursors = providers.Singleton(Cursors, providers.List(providers.Callable(derive_key, settings.provided.secret_key, "cursors")))
