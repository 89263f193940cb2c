"""Logos that are sent: taken apart before they are kept, shown to everybody, and gone when they are none any more."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from config.settings import Settings
from tests.integration.domains import Studio as Domains
from tests.integration.domains import face, name
from tests.office import Office
from tests.pictures import HIDDEN, JPEG, LOSSLESS, MOVING_PNG, PNG, PROGRESSIVE, WEBP, WIDE
from tests.servers import Api, Person, Reply, add_member, owner_of


@dataclass
class Studio:
    """A workspace, its Owner, and where its files lie."""

    api: Api
    settings: Settings
    owner: Person
    id: str

    @property
    def path(self) -> str:
        return f"/api/v1/workspaces/{self.id}"

    def send(self, content: bytes, media: str = "image/png", *, theme: str = "", who: Person | None = None, if_match: str | None = None) -> Reply:
        headers = {"Content-Type": media} | ({} if if_match is None else {"If-Match": if_match})
        return self.api.put(f"{self.path}/logo{f'?theme={theme}' if theme else ''}", raw=content, headers=headers, who=who or self.owner)

    def sent(self, content: bytes, media: str = "image/png", *, theme: str = "") -> str:
        """Send one that is taken; the path of its address."""
        reply = self.send(content, media, theme=theme)
        assert reply.status == 200, reply.body
        return str(urlsplit(reply.json["branding"]["logo_dark" if theme == "dark" else "logo"]).path)

    @property
    def branding(self) -> Any:
        return self.api.get(self.path, who=self.owner).json["branding"]

    @property
    def files(self) -> set[str]:
        """The ids of the files that it has in the store."""
        folder: Path = self.settings.home / "files" / self.id
        return {path.name for path in folder.glob("*") if path.suffix != ".type"}


@pytest.mark.parametrize(
    ("content", "media"),
    [(PNG, "image/png"), (JPEG, "image/jpeg"), (PROGRESSIVE, "image/jpeg"), (WEBP, "image/webp"), (LOSSLESS, "image/webp")],
    ids=["png", "jpeg", "progressive", "webp", "lossless"],
)
def test_a_logo_that_is_sent_is_shown_to_everybody_without_what_is_no_picture(studio: Studio, content: bytes, media: str) -> None:
    hidden = b"<script>alert(document.domain)</script>"
    address = studio.sent(content + hidden, media)
    seen = studio.api.get(address)
    assert (seen.status, seen.headers["Content-Type"]) == (200, media)
    assert seen.body[:4] == content[:4]
    assert HIDDEN not in seen.body
    assert hidden not in seen.body
    assert studio.sent(seen.body, media) != address  # nothing else is kept of it, so it can be sent again


def test_what_is_published_may_be_kept_for_good_and_does_nothing(studio: Studio) -> None:
    address = studio.sent(PNG)
    seen = studio.api.get(address, headers={"Origin": "https://app.example"})
    told = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
        "Content-Disposition": 'inline; filename="logo.png"',
    }
    assert {header: seen.headers[header] for header in told} == told
    tag = seen.headers["ETag"]
    unchanged = studio.api.get(address, headers={"If-None-Match": tag})
    assert (unchanged.status, unchanged.body, unchanged.headers["ETag"]) == (304, b"", tag)
    assert unchanged.headers["Cache-Control"] == told["Cache-Control"]
    assert studio.api.get(address, headers={"If-None-Match": '"other"'}).body == seen.body
    assert studio.api.get(address, headers={"Authorization": "Bearer nonsense"}).body == seen.body  # nobody is asked who they are
    head = studio.api.request("HEAD", address)
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(seen.body)))


def test_each_theme_has_its_own_and_the_face_shows_them_once_the_domain_is_verified(studio: Studio) -> None:
    light, dark = studio.sent(PNG), studio.sent(JPEG, "image/jpeg", theme="dark")
    assert studio.api.get(light).headers["Content-Type"] == "image/png"
    assert studio.api.get(dark).headers["Content-Type"] == "image/jpeg"
    domain, zone = name(), studio.settings.dns_zone
    assert zone is not None
    domains = Domains(studio.api, zone, studio.owner, studio.id)
    domains.claim(domain)
    assert face(studio.api, domain).status == 404  # claimed is not verified
    second = name()
    domains.verified(second)
    shown = face(studio.api, second).json
    assert (urlsplit(shown["logo"]).path, urlsplit(shown["logo_dark"]).path) == (light, dark)
    assert face(studio.api, domain).status == 404


def test_the_answer_is_the_workspace_in_its_new_version(studio: Studio) -> None:
    before = studio.api.get(studio.path, who=studio.owner)
    stale = studio.send(PNG, if_match='"999-workspaces.workspace"')
    assert (stale.status, stale.json["code"]) == (412, "stale_version")
    assert studio.branding["logo"] is None
    reply = studio.send(PNG, if_match=before.headers["ETag"])
    after = studio.api.get(studio.path, who=studio.owner)
    assert (reply.status, reply.body, reply.headers["ETag"]) == (200, after.body, after.headers["ETag"])
    assert after.json["version"] == before.json["version"] + 1


def test_one_that_is_replaced_or_taken_away_is_gone(studio: Studio, office: Office) -> None:
    first = studio.sent(PNG)
    dark = studio.sent(WEBP, "image/webp", theme="dark")
    second = studio.sent(JPEG, "image/jpeg")
    office.work()
    assert studio.api.get(first).status == 404
    assert studio.files == {path.split("/")[-2] for path in (second, dark)}
    assert studio.api.delete(f"{studio.path}/logo?theme=dark", who=studio.owner).status == 204
    office.work()
    assert (studio.api.get(dark).status, studio.api.get(second).status) == (404, 200)
    studio.api.patch(studio.path, json={"branding": {"logo": "https://cdn.example.com/logo.png"}}, who=studio.owner)
    office.work()
    assert (studio.api.get(second).status, studio.files) == (404, set())
    assert studio.api.delete(f"{studio.path}/logo", who=studio.owner).status == 204
    assert (studio.branding["logo"], studio.branding["logo_dark"]) == (None, None)


def test_what_was_read_may_be_written_back_and_keeps_its_file(studio: Studio, office: Office) -> None:
    address = studio.sent(PNG)
    branding = {**studio.branding, "display_name": "North"}
    changed = studio.api.patch(studio.path, json={"branding": branding}, who=studio.owner)
    assert (changed.status, changed.json["branding"]) == (200, branding)
    swapped = studio.api.patch(studio.path, json={"branding": {"logo": None, "logo_dark": branding["logo"]}}, who=studio.owner)
    assert swapped.status == 200
    office.work()
    assert studio.api.get(address).status == 200


def test_a_file_that_became_no_logo_is_not_left_behind(studio: Studio, office: Office) -> None:
    kept = studio.sent(PNG)
    assert studio.send(JPEG, "image/jpeg", if_match='"999-workspaces.workspace"').status == 412
    assert len(studio.files) == 2
    with owner_of(studio.settings) as connection:
        waiting = connection.execute(
            "update outbox_deliveries set available_at = now() where workspace_id = %s and handler = 'workspaces:forget_logo'", (studio.id,)
        )
    assert waiting.rowcount == 2
    office.work()
    assert studio.files == {kept.split("/")[-2]}


def test_an_address_that_only_looks_like_ours_names_no_file(studio: Studio, office: Office) -> None:
    """Else an Owner could have any file of the workspace deleted, or show people an address without https."""
    address = studio.sent(PNG)
    ours = studio.branding["logo"]
    token = address.split("/")[-1]
    forged = ours.replace(token, "A" * 43)
    for text in (forged, ours.replace(urlsplit(ours).netloc, "elsewhere.example")):
        refused = studio.api.patch(studio.path, json={"branding": {"logo_dark": text}}, who=studio.owner)
        assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/branding/logo_dark")
        new = studio.api.post("/api/v1/workspaces", json={"name": "New", "branding": {"logo": text}}, who=studio.owner)
        assert (new.status, new.json["errors"][0]["pointer"]) == (422, "/branding/logo")
    elsewhere = f"https://elsewhere.example{address.replace(token, 'A' * 43)}"  # any https address will do
    assert studio.api.patch(studio.path, json={"branding": {"logo_dark": elsewhere}}, who=studio.owner).status == 200
    assert studio.api.patch(studio.path, json={"branding": {"logo_dark": None}}, who=studio.owner).status == 200
    office.work()
    assert studio.api.get(address).status == 200


def test_only_the_address_opens_it_and_only_a_logo(studio: Studio) -> None:
    address = studio.sent(PNG)
    start, workspace, file, token = address.rsplit("/", 3)
    other = studio.api.workspace(studio.owner)
    unsigned = (f"{workspace}/{file}/{'A' * 43}", f"{workspace}/{file}/x")
    moved = (f"{other}/{file}/{token}", f"{workspace}/{workspace}/{token}", f"{file}/{workspace}/{token}")
    for wrong in (*unsigned, *moved):
        refused = studio.api.get(f"{start}/{wrong}")
        assert (refused.status, refused.headers["Cache-Control"]) == (404, "no-store"), wrong


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/svg+xml"), (b"GIF89a" + bytes(40), "image/gif"),
        (PNG, "application/octet-stream"), (PNG, "text/html"), (PNG, "image/png, text/html"), (b'{"a": 1}', "application/json"),
    ],
)  # fmt: skip
def test_another_media_type_is_refused(studio: Studio, content: bytes, media: str) -> None:
    refused = studio.send(content, media)
    assert (refused.status, refused.json["code"]) == (415, "unsupported_media_type")
    assert (studio.branding["logo"], studio.files) == (None, set())


def _png(width: int, height: int) -> bytes:
    """A few bytes that say they are a large picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return PNG[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "media", "pointer"),
    [
        (b"", "image/png", ""),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/png", ""),
        (b"<!doctype html><script>alert(1)</script>", "image/jpeg", ""),
        (b"GIF89a/*" + bytes(40), "image/png", ""),
        (b"<!--" + PNG + b"-->", "image/png", ""),
        (b"%PDF-1.7" + JPEG, "image/jpeg", ""),
        (PNG[:-20], "image/png", ""),
        (JPEG[:-20], "image/jpeg", ""),
        (WEBP[:-60], "image/webp", ""),
        (PNG, "image/jpeg", "Content-Type:"),
        (MOVING_PNG, "image/png", ""),
        (WIDE, "image/png", ""),
        (_png(30_000, 30_000), "image/png", ""),
        (_png(2**31 - 1, 2**31 - 1), "image/png", ""),
        (_png(0, 1), "image/png", ""),
        (JPEG.replace(b"\x00\x02\x00\x03\x03", b"\xff\xff\xff\xff\x03"), "image/jpeg", ""),
        (JPEG.replace(b"\xff\xda", JPEG[JPEG.index(b"\xff\xc0") :][:19] + b"\xff\xda", 1), "image/jpeg", ""),
        (LOSSLESS[:21] + b"\xff\xff\xff\x0f" + LOSSLESS[25:], "image/webp", ""),
    ],
    ids=[
        "empty", "svg", "html", "gif", "png in a comment", "jpeg in a pdf", "cut png", "cut jpeg", "cut webp", "another kind than told", "moves",
        "wide", "bomb", "largest", "nothing wide", "jpeg bomb", "jpeg of two sizes", "webp bomb",
    ],
)  # fmt: skip
def test_what_is_no_picture_that_can_be_shown_is_refused(studio: Studio, content: bytes, media: str, pointer: str) -> None:
    refused = studio.send(content, media)
    assert refused.status == 422, refused.body
    assert [fault["pointer"] for fault in refused.json["errors"]] == [pointer]
    assert (studio.branding["logo"], studio.files) == (None, set())


def test_one_that_is_too_large_is_refused(studio: Studio) -> None:
    refused = studio.send(PNG + bytes(1024 * 1024))
    assert (refused.status, refused.json["code"]) == (413, "too_large")
    assert (studio.branding["logo"], studio.files) == (None, set())


def test_an_unknown_theme_is_refused(studio: Studio) -> None:
    refused = studio.send(PNG, theme="grey")
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "?theme")


def test_only_an_owner_of_the_workspace_changes_it(studio: Studio) -> None:
    staff, cliente, stranger = (studio.api.signup() for _ in range(3))
    add_member(studio.settings, studio.id, staff, "Colaborador")
    made = studio.api.post("/api/v1/clients", json={"full_name": "Clara"}, who=studio.owner, workspace=studio.id)
    add_member(studio.settings, studio.id, cliente, "Cliente", made.json["id"])
    studio.api.workspace(stranger)
    address = studio.sent(PNG)
    for person, status in ((staff, 403), (cliente, 403), (stranger, 404)):
        assert studio.send(JPEG, "image/jpeg", who=person).status == status
        assert studio.api.delete(f"{studio.path}/logo", who=person).status == status
    assert studio.api.put(f"{studio.path}/logo", raw=PNG, headers={"Content-Type": "image/png"}).status == 401
    assert urlsplit(studio.branding["logo"]).path == address
    assert len(studio.files) == 1


@pytest.fixture
def studio(server: Api, settings: Settings) -> Studio:
    owner = server.signup()
    return Studio(server, settings, owner, server.workspace(owner))
