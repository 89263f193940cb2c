"""Links in mails lead somewhere, also where no frontend is configured: to pages of this server that hold nothing dangerous."""

from __future__ import annotations

import dataclasses
import re
import uuid

from werkzeug.test import Client

from adapters.http import pages
from config.bootstrap import install, web
from config.settings import Settings
from tests.office import Office
from tests.servers import Api

SCRIPT = pages.asset("page.js")


def test_every_link_that_is_mailed_leads_to_a_page(server: Api, office: Office) -> None:
    person, new, invited = server.signup(), f"{uuid.uuid4().hex}@example.com", f"{uuid.uuid4().hex}@example.com"
    studio = server.workspace(person)
    assert server.post("/auth/password/forgot", json={"email": person.email}).status == 202
    assert server.put("/api/v1/me/email", json={"email": new}, who=person).status == 202
    assert server.post("/api/v1/users", json={"email": invited, "role": "Cliente"}, who=person, workspace=studio).status == 201
    office.work()
    assert server.put("/api/v1/me/password", json={"password": "another long secret"}, who=person).status == 204
    office.work()
    found = set()
    for address in (person.email, new, invited):
        for mail in office.mails(address):
            body = mail.get_body(("plain",))
            assert body is not None
            found |= set(re.findall(r"^(?:https?://[^/\s]+)?(/[a-z-]+)(?:#token=\S+)?\s*$", str(body.get_content()), re.MULTILINE))
    assert found == {"/confirm-email", "/reset-password", "/stop-email-change", "/invitation", "/forgot-password"}
    for path in pages.PATHS:
        page = server.get(path)
        assert (page.status, page.headers["Content-Type"], page.headers["Cache-Control"]) == (200, "text/html; charset=utf-8", "no-store"), path
        for address in re.findall(r'(?:src|href)="(/[^"]*)"', page.body.decode()):
            assert server.get(address).status == 200
    assert server.get("/pages/assets/nothing.js").status == 404


def test_their_policy_allows_no_inline_script_and_no_other_host(server: Api) -> None:
    page = server.get("/confirm-email")
    policy = dict(part.strip().partition(" ")[::2] for part in page.headers["Content-Security-Policy"].split(";"))
    assert (policy["default-src"], policy["script-src"], policy["style-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'", "'self'")
    assert not re.search(r"<script>|<script [^>]*>[^<]|<style| style=| on\w+=", page.body.decode())
    assert SCRIPT is not None
    assert not re.search(rb"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|https?:", SCRIPT[0])


def test_the_script_knows_every_page_in_every_language() -> None:
    assert SCRIPT is not None
    text = SCRIPT[0].decode()
    assert set(re.findall(r'^    "(/[a-z-]+)": ', text, re.MULTILINE)) == set(pages.PATHS)
    blocks = re.findall(r"^    (en|es|pt): \{$(.*?)^    \},$", text, re.MULTILINE | re.DOTALL)
    spoken = {language: sorted(re.findall(r"(\w+): [\"{]", block)) for language, block in blocks}
    assert set(spoken) == {"en", "es", "pt"}
    assert spoken["en"] == spoken["es"] == spoken["pt"]
    assert len(spoken["en"]) >= 40


def test_with_a_frontend_of_its_own_there_are_none(settings: Settings) -> None:
    installation = install(dataclasses.replace(settings, app_url="https://app.example"))
    client = Client(web(installation))
    assert {client.get(path).status_code for path in (*pages.PATHS, f"{pages.ASSETS}/page.js")} == {404}
    for pool in (installation.container.app_pool, installation.container.auth_pool):
        pool().close()
