"""Operations made ready: everything that can be decided before the first request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import marshmallow as ma

from adapters.http.dumping import Dump, compile_dump
from adapters.http.loading import Load, compile_load
from adapters.http.operation import Operation
from adapters.http.pagination import PageQuery
from adapters.http.parts import PartQuery


@dataclass(slots=True)
class Compiled:
    """An operation made ready: its view, its loaders, its dump."""

    operation: Operation
    dump: Dump
    load: Load | None
    """Of the body; None where none is taken."""
    query_names: tuple[str, ...]
    page: ma.Schema | None
    method: Callable[..., Any]
    queries: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = field(default_factory=dict)
    """Query strings read before, with what they mean (page, filters, fingerprint): loading is pure and frontends repeat themselves."""


def compile_operation(operation: Operation) -> Compiled:
    """Everything that can be decided before the first request."""
    marks = operation.marks
    names = tuple(field.data_key or name for name, field in marks.query.load_fields.items()) if marks.query else ()
    page = PageQuery() if marks.paginated else PartQuery() if marks.parted else None
    return Compiled(
        operation,
        compile_dump(marks.response),
        compile_load(marks.body) if marks.body else None,
        names + (tuple(page.fields) if page else ()),
        page,
        getattr(operation.view, operation.handler),
    )
