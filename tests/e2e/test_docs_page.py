"""The docs page in a real browser: it renders the whole API under its own policy, and asks nobody but us."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests import servers

PATIENCE_MS = 120_000
PLUGINS = ("Accounts", "Bookings", "Clients", "Privacy", "Workspaces")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip


@pytest.mark.external("chromium")
def test_the_docs_page_shows_every_plugin_and_asks_no_other_host(server: servers.Api) -> None:
    asked: list[str] = []
    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(server.url + "/docs")
        page.wait_for_selector(".opblock")
        tags, operations = set[str](), set[str]()
        for _ in range(300):  # it draws only what is looked at
            tags |= set(page.locator(".opblock-tag").all_inner_texts())
            operations |= set(page.locator(".opblock-summary-operation-id").all_inner_texts())
            if len(operations) >= 25 and all(any(title in tag for tag in tags) for title in PLUGINS):
                break
            page.mouse.wheel(0, 600)
            page.wait_for_timeout(50)
        browser.close()
    assert problems == []
    assert {url for url in asked if not url.startswith((server.url, "data:", "blob:"))} == set()
    shown = " ".join(tags)
    for title in PLUGINS:
        assert title in shown
    assert len(operations) >= 25
