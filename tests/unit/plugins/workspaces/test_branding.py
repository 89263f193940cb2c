"""Colours that can be read, logos that cannot run."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.workspaces.domain.branding import MAX_LOGO_BYTES, MAX_LOGO_TEXT, Palette, contrast, logo_fault, readable_on

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def data(image: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"


def test_contrast_is_wcags() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # the well-known grey that just fails
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True))
def test_black_or_white_reads_on_every_colour(colour: str) -> None:
    assert contrast(readable_on(colour), colour) >= 4.5


def test_a_palette_says_which_colour_cannot_be_read_and_fills_in_the_rest() -> None:
    assert Palette("#0b6e4f", "#ffffff").faults() == {}
    assert Palette("#0B6E4F", "#FFFFFF").filled() == {
        "primary": "#0b6e4f", "on_primary": "#ffffff", "background": "#ffffff", "text": "#000000",
    }  # fmt: skip
    assert set(Palette("#eeeeee", "#ffffff").faults()) == {"primary"}
    assert set(Palette("#0b6e4f", "#ffffff", on_primary="#0b6e50").faults()) == {"on_primary"}
    assert set(Palette("#0b6e4f", "#ffffff", text="#777777").faults()) == {"text"}


@pytest.mark.parametrize(
    "logo",
    [
        "https://cdn.example.com/logo.png?v=2", data(PNG), data(b"\xff\xd8\xff\xe0", "jpeg"), data(b"GIF89a", "gif"), data(b"RIFF1234WEBP", "webp"),
        data(PNG + bytes(MAX_LOGO_BYTES - len(PNG))),
    ],
)  # fmt: skip
def test_https_and_small_images_are_logos(logo: str) -> None:
    assert logo_fault(logo) is None
    assert len(logo) <= MAX_LOGO_TEXT


@pytest.mark.parametrize(
    "logo",
    [
        "http://cdn.example.com/logo.png", "javascript:alert(1)", "//cdn.example.com/x", "https://", "https://localhost/x", "https://127.0.0.1/x",
        "https://[::1]/x", "https://me:secret@cdn.example.com/x", "https://cdn.example.com:99999/x", "https://cdn.example.com/a b",
        "https://exämple.com/",
        "https://cdn.example.com/\n", "ftp://cdn.example.com/x", "data:image/svg+xml;base64,PHN2Zy8+",
        "data:text/html;base64,PGI+", "data:image/png,x",
        data(b"<svg onload=alert(1)>"), data(PNG, "jpeg"), "data:image/png;base64,====", "data:image/png;base64,A",
        data(PNG + bytes(MAX_LOGO_BYTES)), "",
        data(PNG) + "\n",
    ],
)  # fmt: skip
def test_everything_else_is_none(logo: str) -> None:
    assert logo_fault(logo) is not None
