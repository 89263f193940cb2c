"""What people are called goes into letters to others: nobody writes paragraphs, or what leads somewhere, there by a name."""

from __future__ import annotations

import re
import secrets
from typing import Any

import pytest

from config.testing.hub import Hub
from tests.servers import Api, Person, Reply

HOSTILE = "Hi\n\nhttps://evil.example/x\n\nBye"
CONSENTS = {"terms": True, "privacy": True}


def fresh() -> str:
    return f"{secrets.token_hex(6)}@example.com"


@pytest.fixture(scope="module")
def owner(server: Api) -> Person:
    made = server.signup()
    server.workspace(made)
    return made


def named(server: Api, owner: Person, method: str, path: str, body: dict[str, Any], pointer: str, text: str) -> Reply:
    """The answer to a request that says this text at the pointer."""
    workspace = server.get("/api/v1/workspaces", who=owner).json["items"][0]["id"]
    *above, last = pointer[1:].split("/")
    sent = {**body, above[0]: {last: text}} if above else {**body, last: text}
    return server.request(method, path.format(workspace=workspace), json=sent, who=owner, headers={"Idempotency-Key": secrets.token_hex(8)})


@pytest.mark.parametrize("text", ["Hi\n\nevil.example\n\nBye", "Ana\rSouza", "Ana\tSouza", "Ana\u2028Souza", "Ana\x1b[0m", "Ana\n"])
@pytest.mark.parametrize(
    ("method", "path", "body", "pointer"),
    [
        ("POST", "/auth/signup", {"email": "x@example.com", "password": "a long enough secret", "consents": CONSENTS}, "/full_name"),
        ("PATCH", "/api/v1/me", {}, "/full_name"),
        ("POST", "/api/v1/workspaces", {}, "/name"),
        ("POST", "/api/v1/workspaces", {"name": "North Studio"}, "/branding/display_name"),
        ("PATCH", "/api/v1/workspaces/{workspace}", {}, "/name"),
        ("POST", "/api/v1/users", {"email": "x@example.com", "role": "Cliente"}, "/full_name"),
        ("POST", "/api/v1/workspaces/{workspace}/keys", {"scopes": ["clients:read"]}, "/name"),
        ("POST", "/api/v1/clients", {}, "/full_name"),
        ("POST", "/api/v1/bookings/services", {"duration_minutes": 60}, "/name"),
        ("POST", "/api/v1/bookings/rooms", {}, "/name"),
        ("POST", "/api/v1/bookings", {"start_time": "2040-01-01T09:00:00Z", "end_time": "2040-01-01T10:00:00Z"}, "/title"),
    ],
)
def test_a_name_of_more_than_a_line_is_refused_where_it_stands(
    server: Api, owner: Person, method: str, path: str, body: dict[str, Any], pointer: str, text: str
) -> None:
    refused = named(server, owner, method, path, body, pointer, text)
    assert (refused.status, [error["pointer"] for error in refused.json["errors"]]) == (422, [pointer]), refused.body
    assert "one line" in refused.json["errors"][0]["message"]


@pytest.mark.parametrize(
    ("text", "says"), [("unlock it at https://evil.example/x", '"://"'), ("www.evil.example", '"www."'), ("Hi\u202ex", "U+202E")]
)
@pytest.mark.parametrize(
    ("method", "path", "body", "pointer"),
    [
        ("POST", "/auth/signup", {"email": "x@example.com", "password": "a long enough secret", "consents": CONSENTS}, "/full_name"),
        ("PATCH", "/api/v1/me", {}, "/full_name"),
        ("POST", "/api/v1/workspaces", {}, "/name"),
        ("POST", "/api/v1/workspaces", {"name": "North Studio"}, "/branding/display_name"),
        ("PATCH", "/api/v1/workspaces/{workspace}", {}, "/name"),
        ("POST", "/api/v1/users", {"email": "x@example.com", "role": "Cliente"}, "/full_name"),
        ("POST", "/api/v1/clients", {}, "/full_name"),
    ],
)
def test_a_name_that_leads_somewhere_is_refused_where_it_stands(
    server: Api, owner: Person, method: str, path: str, body: dict[str, Any], pointer: str, text: str, says: str
) -> None:
    refused = named(server, owner, method, path, body, pointer, text)
    assert (refused.status, [error["pointer"] for error in refused.json["errors"]]) == (422, [pointer]), refused.body
    assert says in refused.json["errors"][0]["message"]


def test_names_stored_before_write_no_button_in_an_invitation(hub: Hub) -> None:
    """They may be there from earlier, or from a form of somebody's own plugin."""
    email, workspace = fresh(), hub.workspace("North Studio")
    made = workspace.owner.post("/api/v1/users", json={"email": email, "role": "Cliente", "full_name": "Eva"})
    assert made.status == 201
    with hub.owner() as connection:
        for statement in (
            "update workspaces_invitation set full_name = %s where workspace_id = %s",
            "update workspaces set name = %s where id = %s",
            "update user_roles set full_name = %s where workspace_id = %s",
        ):
            assert connection.execute(statement, (HOSTILE, workspace.id)).rowcount
    workspace.run_jobs()
    (mail,) = hub.mails(email)
    html = mail.get_body(("html",))
    assert html is not None
    assert re.findall('href="([^"]*)"', html.get_content()) == [], "this installation says no URL of its own, so not even the link is one"
    assert "Hello Hi https:/ /evil. example/x Bye," in html.get_content()
