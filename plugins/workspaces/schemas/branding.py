"""What a workspace looks like, as JSON."""

from __future__ import annotations

from typing import Any

from plugins.sdk import QuerySchema, Schema, fields, ma, validate
from plugins.workspaces.domain.branding import LOGOS, MAX_LOGO_TEXT, Palette, logo_fault

_PATTERN = r"^#[0-9a-fA-F]{6}\Z"


def _colour(description: str, example: str, **options: Any) -> fields.String:
    check = validate.Regexp(_PATTERN, error="A colour such as #1a2b3c.")
    return fields.String(max_length=7, validate=check, metadata={"description": description, "example": example}, **options)


def _check_logo(text: str) -> None:
    if fault := logo_fault(text):
        raise ma.ValidationError(fault)


def _logo(description: str) -> fields.String:
    told = {"description": description, "example": "https://cdn.example.com/logo.png"}
    return fields.String(allow_none=True, dump_default=None, max_length=MAX_LOGO_TEXT, validate=_check_logo, metadata=told)


class PaletteSchema(Schema):
    """Colours of one theme; their contrast is checked (WCAG 2.2 AA)."""

    primary = _colour("Buttons and links.", "#0b6e4f", required=True)
    on_primary = _colour("Text on primary; left out, black or white.", "#ffffff")
    background = _colour("The page.", "#ffffff", required=True)
    text = _colour("Text on the page; left out, black or white.", "#000000")

    def load(self, data: Any, *, partial: Any = None, **options: Any) -> Any:
        """Whole, also where the rest of a change is partial."""
        return super().load(data, partial=False, **options)

    @ma.validates_schema
    def _readable(self, given: dict[str, Any], **_: Any) -> None:
        if faults := Palette(**given).faults():
            raise ma.ValidationError({name: [fault] for name, fault in faults.items()})

    @ma.post_load
    def _filled(self, given: dict[str, Any], **_: Any) -> dict[str, str]:
        return Palette(**given).filled()


class BrandingSchema(Schema):
    """How a workspace shows itself. In a change, what is left out stays and null takes away."""

    display_name = fields.Name(
        allow_none=True,
        dump_default=None,
        max_length=80,
        metadata={"description": "Shown instead of the workspace's name.", "example": "North"},
    )
    logo = _logo("An https address, or a PNG, JPEG, GIF or WebP of 16 KiB at most as a data URL. A larger one is sent to `…/logo`.")
    logo_dark = _logo("The same for dark backgrounds.")
    colors = fields.Nested(PaletteSchema, allow_none=True, dump_default=None)
    colors_dark = fields.Nested(PaletteSchema, allow_none=True, dump_default=None)


class LogoQuery(QuerySchema):
    """Which logo."""

    theme = fields.String(load_default="light", validate=validate.OneOf(list(LOGOS)), metadata={"description": "The background it is for."})


class FaceQuery(QuerySchema):
    """Whose face."""

    domain = fields.String(
        load_default=None, max_length=253, metadata={"description": "A verified domain; left out, the host asked.", "example": "north.example.com"}
    )


class FaceSchema(Schema):
    """What anybody may know of a workspace that verified a domain: enough to draw its sign-in page."""

    name = fields.String()
    locale = fields.String()
    logo = _logo("An https address or a data URL.")
    logo_dark = _logo("For dark backgrounds.")
    colors = fields.Nested(PaletteSchema, allow_none=True, dump_default=None)
    colors_dark = fields.Nested(PaletteSchema, allow_none=True, dump_default=None)
