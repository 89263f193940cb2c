"""What a stranger wrote leads nowhere in a letter: not in its subject, not in whom it is from, not in its text and not in its HTML."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from adapters.jinja.lifeless import lifeless
from adapters.jinja.writer import JinjaWriter
from ports.mail import Letter, Letterhead

LINK = "https://app.example.com/x#token=01a2.m3vK"
LINKED = re.compile(r"\w:(//|\\\\|[\w+])|www\.\w|//\w|\\\\\w|\w\.(?=[^\W\d_]{2})|\w\uff0e\w|\w\u3002\w", re.IGNORECASE)
"""What mail programs make links of by themselves."""
EVIL = [
    "Your account is locked, unlock it at https://evil.example/x",
    "see www.evil.example",
    "WWW.EVIL.EXAMPLE",
    "see evil.example/x",
    "evil.pt",
    "a.b.evil.co.uk",
    "xn--e1a.xn--p1ai",
    "президент.рф",
    "भ.भारत",
    "evil\uff0eexample",
    "evil\u3002com",
    "ht\u200btps:/\u200b/evil\u2060.exa\u00admple",
    "evil.\u200dcom",
    "evil\u200c.com",
    "mailto:help@evil.example",
    "help@evil.example",
    "tel:+34900123456",
    "sms:900123456",
    "\\\\evil.example\\share",
    "//evil.example",
    "https:\\\\evil.example",
    "https:////evil.example",
]


@pytest.mark.parametrize("text", EVIL)
def test_no_part_of_a_letter_leads_where_a_value_or_the_workspaces_name_says(writer: JinjaWriter, text: str) -> None:
    assert linked(writer, text) == []


def test_a_writer_that_shows_what_it_is_given_is_noticed(writer: JinjaWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seeded fault."""
    monkeypatch.setattr("adapters.jinja.writer.lifeless", str)
    assert {len(linked(writer, text)) for text in EVIL if text.isascii()} == {4}


@pytest.mark.parametrize("text", EVIL)
def test_what_is_lifeless_stays_as_it_is(text: str) -> None:
    assert lifeless(lifeless(text)) == lifeless(text)


@pytest.mark.parametrize(
    "text",
    [
        "A.B. Sport", "J. R. R. Tolkien", "O'Neill & Søn", "José María Núñez-Gómez", "Estúdio Ñandú, Lda.", "2026-12-01 09:00", "9:00 a.m.", "1.5 km",
        "km / h", "Europe/Lisbon", "Personal training: legs", "AC/DC", "👩\u200d👩\u200d👧", "❤️\u200d🔥", "می\u200cخواهم", "क्\u200dष", "שלום", "محمد",
    ],
)  # fmt: skip
def test_what_people_and_studios_are_called_is_shown_as_it_is(text: str) -> None:
    assert lifeless(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hi\u202ex", "Hix"), ("Hi\u200bx", "Hix"), ("\u2066Ana\u2069\ufeff", "Ana"), ("A\u200dB", "AB"),
        ("fit.pt", "fit. pt"), ("Dr.Silva", "Dr. Silva"),
    ],
)  # fmt: skip
def test_what_is_invisible_goes_and_what_is_seen_stays(text: str, shown: str) -> None:
    assert lifeless(text) == shown


def test_a_long_text_is_read_in_one_pass() -> None:
    for text in ("." * 200_000, "a." * 100_000, "/" * 200_000, "\u200d" * 200_000):
        assert lifeless(text) is not None


@pytest.mark.parametrize("to", ["ana@example.com", "ana.b+c@mail.example.co.uk"])
def test_whom_a_letter_goes_to_is_written_as_it_is(writer: JinjaWriter, to: str) -> None:
    mail = writer.write("strangers", Letter(to, "asked", {"name": to, "link": LINK}), Letterhead("Studio", "en"))
    assert f"{to} asks" in mail.text


@pytest.mark.parametrize("to", ["ana+www.evil.example@example.com", "ana+evil.example/x@example.com"])
def test_an_address_that_has_a_link_in_it_is_none(writer: JinjaWriter, to: str) -> None:
    mail = writer.write("strangers", Letter(to, "asked", {"name": to, "link": LINK}), Letterhead("Studio", "en"))
    assert LINKED.search(mail.text.replace(LINK, " ")) is None


def linked(writer: JinjaWriter, text: str) -> list[str]:
    """Parts of a letter of which a mail program would make another link than the letter's own."""
    mail = writer.write("strangers", Letter("ana@example.com", "asked", {"name": text, "link": LINK}), Letterhead(text, "en"))
    assert (LINK in mail.text, re.findall('href="([^"]*)"', mail.html)) == (True, [LINK])
    read = message_from_bytes(mail.message("no-reply@example.com", "k").as_bytes(), policy=policy.default)
    html = re.sub("<[^>]*>", " ", mail.html)
    return [part for part in (read["From"].addresses[0].display_name, read["Subject"], mail.text, html) if LINKED.search(part.replace(LINK, " "))]


@pytest.fixture
def writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JinjaWriter:
    folder = tmp_path / "strangersplugin"
    (folder / "mail").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "mail" / "asked.en.txt").write_text("Subject: {{ name }} at {{ workspace }}\n\n{{ name }} asks\nfrom {{ workspace }}.\n\n{{ link }}\n")
    monkeypatch.syspath_prepend(tmp_path)
    return JinjaWriter({"strangers": "strangersplugin"})
