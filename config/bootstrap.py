"""Settings → container → plugins → the web application."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from adapters.http.addresses import Addresses
from adapters.http.app import WebSettings, create_app
from adapters.http.gateway import Gateway
from adapters.http.runner import Platform
from adapters.jinja.writer import JinjaWriter
from adapters.postgres.migrate import PLATFORM, pending
from adapters.postgres.outbox import OutboxContents
from adapters.worker.job import Jobs
from config import plugins
from config.container import Container
from config.databases import reachable
from config.settings import Settings
from kernel.dispatch import Hub
from kernel.manifest import Manifest
from kernel.registry import BrokenPlugin, Registry
from plugins.sdk import Plugin
from ports.cache import Cache
from ports.mail import Post
from ports.provided import Provided


class NotMigrated(Exception):
    """The platform's own tables are missing or old."""


@dataclass(frozen=True, slots=True)
class Installation:
    """A process's plugins and adapters, put together."""

    settings: Settings
    container: Any
    registry: Registry
    hub: Hub


def install(settings: Settings, *, registry: Registry | None = None) -> Installation:
    """Load the plugins and build their services. One whose migrations are pending is set aside.

    Raises NotMigrated when the platform itself is behind, BrokenPlugin in strict mode.
    """
    container = Container(settings=settings)
    loaded = registry or plugins.load_all(only=settings.plugins_only, blocked=settings.plugins_block, strict=settings.strict)
    behind = pending(container.connections().app, plugins.branches(loaded))
    if PLATFORM in behind:
        raise NotMigrated(f"the platform has a {behind[PLATFORM]}")
    for id, reason in behind.items():
        loaded.fail(id, reason)
    if settings.strict and loaded.failed:
        raise BrokenPlugin("; ".join(f"{id}: {reason}" for id, reason in loaded.failed.items()))
    services: dict[str, object] = {}
    for manifest in list(loaded.plugins.values()):
        try:
            services[manifest.id] = _build(manifest, settings, container, loaded)
        except Exception as error:
            if settings.strict:
                raise
            loaded.fail(manifest.id, f"build failed: {type(error).__name__}: {error}")
    return Installation(settings, container, loaded, Hub(loaded, services))


def _build(manifest: Manifest, settings: Settings, container: Any, registry: Registry) -> object:
    module = manifest.source
    build: Callable[[Provided], Any] | None = getattr(module, "build", None)
    if build is None or module is None or not isinstance(manifest, Plugin):
        return None
    repository = None
    package = module.__name__.rpartition(".")[0] or module.__name__
    if find_spec(f"{package}.repository") is not None:
        repository = import_module(f"{package}.repository").Repository()
    return build(
        Provided(
            repository=repository,
            clock=container.clock(),
            registry=registry,
            passwords=container.passwords(),
            tokens=container.issuer(),
            verifier=container.verifier(),
            refresh_tokens=container.refresh_tokens(),
            refresh_lifetime=container.refresh_lifetime(),
            encryption=container.encryption(),
            capabilities=container.capabilities(),
            devices=container.devices(),
            allowances=container.allowances(),
            confirmed_signup=settings.confirmed_signup,
            app_url=settings.app_url,
            own_url=settings.own_url,
            federation=container.federation(),
            dns=container.dns(),
            hosts=container.hosts(),
            own_hosts=settings.own_names,
            storage=container.files().storage,
            links=container.files().links,
            notary=container.notary(),
            anchors=container.anchors(),
            cache=Cache(container.answers(), manifest.id, manifest.version),
            public_outbound=container.public_outbound(),
            postage=container.postage(),
        )
    )


def jobs(installation: Installation, *, lease_s: float) -> Jobs:
    """What runs deliveries. The mail it sends is written from the templates beside each plugin."""
    container, registry = installation.container, installation.registry
    packages = {id: manifest.source.__name__ for id, manifest in registry.plugins.items() if manifest.source is not None}
    writer = JinjaWriter({id: name.rpartition(".")[0] or name for id, name in packages.items()})
    return Jobs(
        container.app_database(), container.auth_database(), OutboxContents(), Post(writer, container.mailer()), registry, installation.hub,
        lease_s=lease_s,
    )  # fmt: skip


def web(installation: Installation, *, shortcut: bool = True) -> Gateway:
    """The WSGI application."""
    settings, container = installation.settings, installation.container
    platform = Platform(
        databases={"app": container.app_database(), "auth": container.auth_database()},
        dispatcher=installation.hub,
        verifier=container.verifier(),
        cursors=container.cursors(),
        encryption=container.encryption(),
        max_body_bytes=settings.max_body_bytes,
        max_upload_bytes=settings.max_upload_bytes,
        throttle=container.throttle(),
        hosts=container.hosts(),
        addresses=Addresses(settings.trusted_proxies),
    )
    blueprints = {m.id: m.blueprints for m in installation.registry.plugins.values() if isinstance(m, Plugin)}
    gateway = create_app(
        installation.registry,
        blueprints,
        platform,
        WebSettings(
            version=plugins.version_of_platform(),
            docs_enabled=settings.docs_enabled,
            metrics_enabled=settings.metrics_enabled,
            metrics_token=settings.metrics_token,
            metrics_open=not settings.production,
            cors_origins=settings.cors_origins,
            shortcut=shortcut,
            strict=settings.strict,
            ready={"database": lambda: reachable(container.connections().app)},
            jwks=container.issuer().jwks,
            files=container.files().linked,
            max_file_bytes=settings.max_upload_bytes,
            pages=settings.frontend_here,
        ),
    )
    # What was built at start lives for ever: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    return gateway
