"""What we use of flask-smorest, which ships no types."""

from typing import Any

import flask
from apispec import APISpec

class Api:
    spec: APISpec
    def __init__(self, app: flask.Flask, *, spec_kwargs: dict[str, Any] | None = None) -> None: ...
    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None: ...

class Blueprint(flask.Blueprint):
    def route(self, rule: str, **options: Any) -> Any: ...
    name: str
    _endpoints: list[str]
    def __init__(self, name: str, import_name: str, *, url_prefix: str | None = None, description: str = "") -> None: ...
    def _store_endpoint_docs(self, endpoint: str, obj: Any, parameters: list[Any] | None, tags: list[str] | None, **options: Any) -> None: ...
