"""The HTTP session Authlib's client asks for, on our own bounded client: no session, no globals, no redirects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from kernel.errors import Unavailable
from ports.outbound import Outbound, OutboundReply


class Answered:
    """An answer as Authlib reads it."""

    def __init__(self, reply: OutboundReply) -> None:
        self.status_code = reply.status
        self._body = reply.body

    def json(self) -> Any:
        """Raises ValueError for what is no JSON."""
        try:
            return json.loads(self._body)
        except RecursionError:
            raise ValueError("nested too deeply") from None

    def raise_for_status(self) -> None:
        """Authlib asks when the answer is no JSON object, or a fault of the server."""
        if self.status_code >= 400:
            raise Unavailable("The service you sign in with does not answer at this moment; try again.", retry_after_s=5)


class Transport:
    """The one method of a session that the authorization code flow needs."""

    def __init__(self, http: Outbound) -> None:
        self._http = http

    def post(self, url: str, *, data: Mapping[str, str], headers: Mapping[str, str], auth: Any, **_: Any) -> Answered:
        """A form, signed by Authlib's client authentication."""
        uri, sent, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        return Answered(self._http.request("POST", uri, headers=sent, body=body.encode()))
