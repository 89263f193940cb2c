"""The public API, as the demo uses it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from werkzeug.test import Client

PASSWORD: Final = "fitpro demo password"  # noqa: S105 - public: production refuses to make the demo


@dataclass
class Api:
    """The public API, without a network."""

    client: Client
    token: str = ""
    workspace: str = ""

    def as_(self, person: dict[str, Any]) -> Api:
        """The same API as this person sees it."""
        return Api(self.client, person["access_token"])

    def person(self, full_name: str, email: str) -> dict[str, Any]:
        """Somebody signed in, signed up before when need be."""
        made = self.ask("POST", "/auth/signup", _person(full_name, email), refused=409)
        return made or self.made("POST", "/auth/login", {"email": email, "password": PASSWORD})

    def made(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, fresh: bool = False, file: tuple[str, str | bytes] | None = None
    ) -> dict[str, Any]:
        answer = self.ask(method, path, body, fresh=fresh, file=file)
        assert answer is not None
        return answer

    def ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        refused: int | None = None,
        fresh: bool = False,
        file: tuple[str, str | bytes] | None = None,
    ) -> dict[str, Any] | None:
        """The answer, empty when there is nothing to say; None for the one refusal that is expected. fresh: over whatever is there; file: its
        media type and what is in it, to send instead of a body. RuntimeError for any other refusal."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if fresh:
            sent["If-Match"] = "*"
        if method == "POST":
            sent["Idempotency-Key"] = uuid4().hex
        if self.workspace:
            sent["X-Workspace-Id"] = self.workspace
        media, data = file or ("application/json", None if body is None else json.dumps(body))
        reply = self.client.open(path, method=method, data=data, content_type=media, headers=sent)
        if reply.status_code == refused:
            return None
        if reply.status_code not in (200, 201, 204):
            raise RuntimeError(f"the demo could not be made: {method} {path} answered {reply.status_code} {reply.get_data(as_text=True)}")
        answer: dict[str, Any] = json.loads(reply.get_data() or "{}")
        return answer


def _person(full_name: str, email: str) -> dict[str, Any]:
    return {"email": email, "password": PASSWORD, "full_name": full_name, "consents": {"terms": True, "privacy": True}}
