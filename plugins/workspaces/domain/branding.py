"""What a workspace looks like: colours that can be read, logos that cannot run."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

TEXT_CONTRAST: Final = 4.5
"""WCAG 2.2, 1.4.3: text on what is behind it."""
SHAPE_CONTRAST: Final = 3.0
"""WCAG 2.2, 1.4.11: a button or a link against the page."""
MAX_LOGO_BYTES: Final = 16 * 1024
MAX_LOGO_TEXT: Final = 4 * ((MAX_LOGO_BYTES + 2) // 3) + 64

LOGOS: Final[Mapping[str, str]] = {"light": "logo", "dark": "logo_dark"}
"""Theme → the member of the branding that holds its logo."""
PUBLISHED: Final = "/api/v1/branding/logos/"
_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SENT: Final = re.compile(rf"https?://[^\s/?#@]+(?:/[^\s?#]*)?{PUBLISHED}({_UUID})/({_UUID})/([A-Za-z0-9_-]{{43}})", re.ASCII)

_BLACK, _WHITE = "#000000", "#ffffff"
_DATA: Final = re.compile(r"data:image/(png|jpeg|gif|webp);base64,([A-Za-z0-9+/]+={0,2})")
_HOST: Final = re.compile(r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.IGNORECASE)
_MAGIC: Final[Mapping[str, re.Pattern[bytes]]] = {
    "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "jpeg": re.compile(rb"\xff\xd8\xff"),
    "gif": re.compile(rb"GIF8[79]a"),
    "webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
}


@dataclass(frozen=True, slots=True)
class SentLogo:
    """What an address that looks like one of a logo sent here says; whether it is one, its token tells."""

    workspace_id: UUID
    file_id: UUID
    token: str


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as `#rrggbb`. on_primary, text: None chooses black or white, whichever reads better."""

    primary: str
    background: str
    on_primary: str | None = None
    text: str | None = None

    def faults(self) -> dict[str, str]:
        """What cannot be read: colour → why."""
        pairs = (
            ("on_primary", self.on_primary, "primary", self.primary, TEXT_CONTRAST),
            ("text", self.text, "background", self.background, TEXT_CONTRAST),
            ("primary", self.primary, "background", self.background, SHAPE_CONTRAST),
        )
        return {
            name: f"The contrast with {behind} is {found:.2f}; it must be at least {needed:g} (WCAG 2.2 AA)."
            for name, colour, behind, other, needed in pairs
            if colour is not None and (found := contrast(colour, other)) < needed
        }

    def filled(self) -> dict[str, str]:
        """Every colour, in lower case."""
        found = {
            "primary": self.primary,
            "on_primary": self.on_primary or readable_on(self.primary),
            "background": self.background,
            "text": self.text or readable_on(self.background),
        }
        return {name: colour.lower() for name, colour in found.items()}


def contrast(one: str, other: str) -> float:
    """WCAG's ratio of two colours, 1 (the same) to 21 (black on white)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable_on(colour: str) -> str:
    """Black or white; the better of them always has 4.5 or more."""
    return max(_BLACK, _WHITE, key=lambda text: contrast(text, colour))


def logo_fault(text: str) -> str | None:
    """Why this cannot be a logo, None if it can: an https address, or a small image as a data URL. Never SVG, which can hold a program.

    An address that looks like one of a logo sent here passes; see `sent_logo`."""
    if not text.startswith("data:"):
        return None if _SENT.fullmatch(text) else address_fault(text)
    found = _DATA.fullmatch(text)
    if found is None:
        return "A data URL must be data:image/png, jpeg, gif or webp in base64."
    try:
        image = base64.b64decode(found[2], validate=True)
    except binascii.Error:
        return "The base64 of the image is broken."
    if len(image) > MAX_LOGO_BYTES:
        return f"The image may have {MAX_LOGO_BYTES} bytes at most."
    return None if _MAGIC[found[1]].match(image) else f"These are not the bytes of a {found[1]} image."


def sent_logo(text: object) -> SentLogo | None:
    """What the address of a logo that was sent here says; None for any other text."""
    found = _SENT.fullmatch(text) if isinstance(text, str) else None
    return SentLogo(UUID(found[1]), UUID(found[2]), found[3]) if found else None


def address_fault(text: str) -> str | None:
    """Why this is no address of a logo elsewhere, None if it is."""
    try:
        parts = urlsplit(text)
        named = parts.hostname is not None and _HOST.fullmatch(parts.hostname) is not None
        _ = parts.port
    except ValueError:
        return "Must be an https address or a data URL."
    if parts.scheme != "https" or not named or not text.isascii() or not text.isprintable() or " " in text:
        return "Must be an https address or a data URL."
    return "An address with a user or a password in it is not shown to others." if parts.username is not None else None


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
