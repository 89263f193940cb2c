"""A plugin that keeps an answer and says who made it, as tests of the cache install it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any

from config import plugins
from kernel.registry import Candidate, Registry
from plugins.sdk import EVERYONE, MethodView, Plugin, Provided, QuerySchema, Schema, allow, ctx, fields, outside
from ports.cache import Cache

plugin = Plugin("keeper", api=1, permissions={"read": EVERYONE}, default=True)
plugin.source = sys.modules[__name__]
URL = "/api/v1/keeper/answer"


class AnswerQuerySchema(QuerySchema):
    key = fields.String(load_default="the same for all")
    shared = fields.Boolean(load_default=False)


class AnswerSchema(Schema):
    maker = fields.String(metadata={"description": "The request that made it."})


@dataclass(frozen=True)
class Service:
    """Answers with whoever made the answer."""

    cache: Cache
    request: Callable[[], str]

    def answer(self, asked: dict[str, Any]) -> dict[str, str]:
        return {"maker": self.cache.remember(asked["key"], lambda: self.request().encode(), ttl_s=60, shared=asked["shared"]).decode()}


def build(ports: Provided) -> Service:
    return Service(ports.cache, lambda: ctx.request_id)


blp = plugin.blueprint()


@blp.route("/answer")
class Answer(MethodView):
    """An answer."""

    @blp.arguments(AnswerQuerySchema, location="query")
    @blp.response(200, AnswerSchema)
    @allow("read")
    def get(self, query: dict[str, Any]) -> dict[str, str]:
        """Show the answer."""
        return plugin.service.answer(query)  # type: ignore[no-any-return]

    @blp.arguments(AnswerQuerySchema, location="query")
    @blp.response(200, AnswerSchema)
    @allow("read")
    def post(self, query: dict[str, Any]) -> dict[str, str]:
        """Write, and show the answer."""
        return plugin.service.answer(query)  # type: ignore[no-any-return]


@blp.route("/outside")
class Outside(MethodView):
    """An answer without a transaction."""

    @blp.arguments(AnswerQuerySchema, location="query")
    @blp.response(200, AnswerSchema)
    @allow("read")
    @outside
    def get(self, query: dict[str, Any]) -> dict[str, str]:
        """Show the answer."""
        return plugin.service.answer(query)  # type: ignore[no-any-return]


def registry() -> Registry:
    """Every plugin of ours, and this one."""
    ours = (candidate for candidate in plugins.discover() if candidate.bundled)
    return plugins.load_all(found=chain(ours, [Candidate(plugin.id, "tests", lambda: plugin, version="1")]), strict=True)
