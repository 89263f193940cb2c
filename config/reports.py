"""Errors to a tracker that speaks Sentry's protocol, when SENTRY_DSN is set: which kind, where in the code, in which request or job. Never what
was in it: no text of an exception, no variable, body, header, address or query. The log has the text, under the same request_id."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from config.plugins import version_of_platform
from config.settings import Settings

if TYPE_CHECKING:
    from sentry_sdk.transport import Transport
    from sentry_sdk.types import Event

_OURS: Final = ("kernel.", "ports.", "adapters.", "plugins.", "config.")
_IDS: Final = ("request_id", "job_id", "handler", "plugin", "hook")
_ABOUT: Final = ("event_id", "timestamp", "platform", "level", "logger", "environment", "release")
_FRAME: Final = ("filename", "function", "module", "lineno", "in_app", "pre_context", "context_line", "post_context")


def start(settings: Settings, transport: type[Transport] | None = None) -> None:
    """Report every error that is logged in this process. transport: what carries the reports, when not the network."""
    if not settings.sentry_dsn:
        return
    import sentry_sdk  # costs memory that who needs no tracker keeps
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.dedupe import DedupeIntegration
    from sentry_sdk.integrations.excepthook import ExcepthookIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration

    sentry_sdk.init(
        dsn=settings.sentry_dsn,
        environment=settings.env,
        release=version_of_platform(),
        transport=transport,
        before_send=shown,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            LoggingIntegration(level=None, event_level=logging.ERROR, sentry_logs_level=None),
            AtexitIntegration(callback=lambda *_: None),
            DedupeIntegration(),
            ExcepthookIntegration(),
        ],
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        traces_sample_rate=None,
        auto_session_tracking=False,
        send_client_reports=False,
        enable_logs=False,
        enable_metrics=False,
        server_name="",
    )


def shown(event: Event, hint: Mapping[str, Any]) -> Event:
    """What leaves: a list of what may, for what the SDK gathers grows with its versions."""
    record: logging.LogRecord | None = hint.get("log_record")
    told: dict[str, Any] = {name: value for name, value in event.items() if name in _ABOUT}
    if record is not None:
        told["tags"] = {name: str(getattr(record, name)) for name in _IDS if getattr(record, name, None) is not None}
        # Ours are constant texts; what a library puts into its own is not known.
        told["message"] = str(record.msg) if record.name.startswith(_OURS) else f"an error of {record.name}"
    raised = (event.get("exception") or {}).get("values") or ()
    if raised:
        told["exception"] = {"values": [_raised(each) for each in raised]}
    left: Event = told  # type: ignore[assignment]
    return left


def _raised(error: Mapping[str, Any]) -> dict[str, Any]:
    frames = (error.get("stacktrace") or {}).get("frames") or ()
    return {
        "type": error.get("type"),
        "module": error.get("module"),
        "stacktrace": {"frames": [{name: frame[name] for name in _FRAME if name in frame} for frame in frames]},
    }
