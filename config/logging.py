"""Logs on stderr: JSON lines in production, readable ones otherwise; ids as fields, never a secret or a body."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

import orjson
import structlog
from structlog.contextvars import bound_contextvars
from structlog.typing import EventDict, Processor

HIDDEN: Final = "[hidden]"
# Fields that are never shown, whatever their value.
SECRET_FIELDS: Final = re.compile(
    r"(?i)password|passwd|secret|token|authorization|cookie|api_?key|credential|dsn"
    r"|^(body|data|payload|query|query_string|params)$"
)
# Places in a text that are never shown: a JWT, a bearer credential, a URL's password, a query string, a refused row.
SECRET_TEXTS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"\beyJ[\w-]{8,}(\.[\w-]+){1,4}"), HIDDEN),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(?i)\b(password|secret|token)=[^\s&;,'\"]+"), rf"\1={HIDDEN}"),
    (re.compile(r"(\w+://[^\s/:@]*):[^\s/@]+@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"((?:^|[\s\"'(])(?:https?://[^\s?\"']+|/[\w./~%-]*))\?[^\s\"')]+"), r"\1"),
    (re.compile(r"(?m)^\s*(DETAIL|CONTEXT|LINE \d+):.*(\n\s*\^\s*$)?"), rf"\1: {HIDDEN}"),
)
SUSPICIOUS: Final = re.compile(r"eyJ|[?=]|://|[Bb](earer|asic|EARER|ASIC)|DETAIL|CONTEXT|LINE")  # most texts are not


def configure(*, json: bool, level: str = "info") -> None:
    """Send structlog's and every library's records to stderr in one form. May be called again to change it."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.format_exc_info,
        _hide,
    ]
    render: Processor = (
        structlog.processors.JSONRenderer(serializer=_one_line)
        if json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), timestamp_key="time")
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    handler.addFilter(Seldom("huey"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    for chatty in ("botocore", "boto3", "urllib3", "alembic.runtime.plugins", "alembic.runtime.migration", "stripe"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


class Seldom(logging.Filter):
    """The same complaint of a library at most once a minute, with what it left out: a consumer whose broker is away repeats it every second."""

    def __init__(self, *names: str, every_s: float = 60.0) -> None:
        super().__init__()
        self._names = names
        self._every_s = every_s
        self._said: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(self._names):
            return True
        key = (record.name, str(record.msg))
        at, left_out = self._said.get(key, (float("-inf"), 0))
        if record.created - at < self._every_s:
            self._said[key] = (at, left_out + 1)
            return False
        if len(self._said) > 256:
            self._said.clear()
        self._said[key] = (record.created, 0)
        if left_out:
            record.msg = f"{record.msg} (and {left_out} times before)"
        return True


@contextmanager
def bound(**ids: str) -> Iterator[None]:
    """Every record inside carries these ids (request_id, workspace_id, job_id), in this thread or task only."""
    with bound_contextvars(**ids):
        yield


def _hide(_logger: object, _method: str, event: EventDict) -> EventDict:
    return {key: _shown(key, value) for key, value in event.items()}


def _shown(key: str, value: object) -> object:
    if key.startswith("_"):  # structlog's own, removed before rendering
        return value
    if _is_secret(key) and value is not None:
        return HIDDEN
    match value:
        case str():
            return _text(value)
        case dict():
            return {str(inner): _shown(str(inner), one) for inner, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_shown("", one) for one in value]
        case bool() | int() | float() | None:
            return value
        case _:
            return _text(str(value))


@lru_cache(maxsize=1024)
def _is_secret(key: str) -> bool:
    return SECRET_FIELDS.search(key) is not None


def _text(text: str) -> str:
    if SUSPICIOUS.search(text) is None:
        return text
    for pattern, instead in SECRET_TEXTS:
        text = pattern.sub(instead, text)
    return text


def _one_line(event: MutableMapping[str, Any], default: Callable[[Any], Any] | None = None, **_: object) -> str:
    return orjson.dumps(event, default=default).decode()
