"""The pages that mails lead to, in a real browser: each finishes what its mail is about, and asks nobody but us."""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.test_docs_page import FLAGS, PATIENCE_MS
from tests.office import Office
from tests.servers import Api

pytestmark = pytest.mark.external("chromium")
NEW = "another long secret"


@dataclass
class Reader:
    """Somebody who reads mail and follows links."""

    browser: Browser
    server: Api
    office: Office
    problems: list[str] = field(default_factory=list)

    def follow(self, address: str, locale: str = "en-US") -> Page:
        """The page behind the newest link to an address."""
        self.office.work()
        [link] = re.findall(r"^(?:https?://[^/\s]+)?(/[a-z-]+#token=\S+)$", self.office.text(address), re.MULTILINE)
        page = self.browser.new_context(locale=locale).new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("request", lambda request: request.url.startswith(self.server.url) or self.problems.append(f"asked {request.url}"))
        page.on(
            "console", lambda message: self.problems.append(message.text) if message.type == "error" and "status of" not in message.text else None
        )
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.goto(self.server.url + link)
        page.wait_for_selector("main h1")
        assert "token" not in page.url
        return page


def told(page: Page) -> str:
    page.wait_for_selector("[role=status]")
    return page.locator("[role=status]").inner_text()


def refused(page: Page) -> str:
    page.wait_for_selector("[role=alert]:not(:empty)")
    return page.locator("[role=alert]").inner_text()


def test_an_address_is_confirmed_in_the_readers_language_and_once(reader: Reader) -> None:
    person = reader.server.signup()
    page = reader.follow(person.email, "pt-PT")
    assert (page.locator("html").get_attribute("lang"), page.locator("h1").inner_text()) == ("pt", "Confirme o seu endereço de e-mail")
    page.get_by_role("button", name="Confirmar").click()
    assert told(page) == "O seu endereço de e-mail está confirmado."
    assert reader.server.get("/api/v1/me", who=person).json["email_verified"] is True
    again = reader.follow(person.email, "es-MX")
    again.get_by_role("button", name="Confirmar").click()
    assert refused(again) == "Este enlace ya no vale; pide otro."
    again.reload()
    assert told(again) == "Abre otra vez el enlace del correo."


def test_a_password_is_asked_for_and_set(reader: Reader) -> None:
    person = reader.server.signup()
    page = reader.browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{reader.server.url}/forgot-password")
    page.get_by_label("E-mail address").fill(person.email)
    page.get_by_role("button").click()
    assert told(page) == "If there is such an account, a mail is on its way."
    page = reader.follow(person.email)
    page.get_by_label("Password").fill("Password123")
    page.get_by_role("button").click()
    assert refused(page).startswith("Choose another password")
    page.get_by_label("Password").fill(NEW)
    page.get_by_role("button").click()
    assert told(page).startswith("Your new password is set.")
    assert reader.server.post("/auth/login", json={"email": person.email, "password": NEW}).status == 200


def test_a_change_of_address_is_stopped(reader: Reader) -> None:
    person = reader.server.signup()
    assert reader.server.put("/api/v1/me/email", json={"email": f"{uuid.uuid4().hex}@example.com"}, who=person).status == 202
    page = reader.follow(person.email)
    page.get_by_role("button").click()
    assert told(page).startswith("The change is stopped")
    assert reader.server.get("/api/v1/me", who=person).status == 401


@pytest.mark.parametrize("known", [True, False])
def test_an_invitation_is_accepted_by_who_has_an_account_and_who_has_none(reader: Reader, known: bool) -> None:
    owner = reader.server.signup("Olga Owner")
    name = "<img src=x onerror=document.title='hacked'>"
    studio = reader.server.workspace(owner, name)
    email = reader.server.signup("Sam").email if known else f"{uuid.uuid4().hex}@example.com"
    reader.office.work()
    invited = {"email": email, "role": "Colaborador", "full_name": "Sam Somebody"}
    assert reader.server.post("/api/v1/users", json=invited, who=owner, workspace=studio).status == 201
    page = reader.follow(email)
    page.wait_for_selector("form")
    assert page.locator("h1").inner_text() == f"You are invited to {name}"
    assert email in page.locator("main").inner_text()
    if known:
        form = page.locator("form").nth(0)
        form.get_by_label("Password").fill("a long enough secret")
    else:
        form = page.locator("form").nth(1)
        assert form.get_by_label("Your name").input_value() == "Sam Somebody"
        form.get_by_label("Password").fill("a long enough secret")
        for box in ("terms of use", "privacy notice"):
            form.get_by_label(box).check()
    form.get_by_role("button").click()
    assert told(page) == f"You are a member of {name} now."
    members = reader.server.get("/api/v1/users", who=owner, workspace=studio).json["items"]
    assert email in [member["email"] for member in members]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def reader(browser: Browser, server: Api, office: Office) -> Iterator[Reader]:
    made = Reader(browser, server, office)
    yield made
    assert made.problems == []
