"""Letters in words: languages, escaping, headers."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from types import ModuleType

import pytest

from adapters.jinja.writer import JinjaWriter, spoken
from ports.mail import Letter, Letterhead, Mail

STUDIO = Letterhead("Estudio Ñandú", "es-MX", "#aa3366", "#fefefe", "https://example.com/logo.png")
HOSTILE = "<script>alert(1)</script>{{ workspace }}{% raw %}"


class TestWrite:
    def test_speaks_the_letters_language_then_the_workspaces_then_english(self, writer: JinjaWriter) -> None:
        assert writer.write("letters", letter(language="pt"), STUDIO).subject == "Olá Ana"
        assert writer.write("letters", letter(), STUDIO).subject == "Hola Ana"
        assert writer.write("letters", letter(language="fr-CA"), STUDIO).subject == "Hello Ana"

    def test_shows_values_as_they_are_in_text_and_escaped_in_html(self, writer: JinjaWriter) -> None:
        mail = writer.write("letters", letter(name=HOSTILE, language="en"), STUDIO)
        assert HOSTILE in mail.text
        assert "<script>" not in mail.html
        assert "&lt;script&gt;" in mail.html
        assert "{{ workspace }}" in mail.html, "what a person wrote is never a template"

    def test_html_has_the_links_of_the_text_and_the_studios_colours(self, writer: JinjaWriter) -> None:
        mail = writer.write("letters", letter(), STUDIO)
        assert '<a href="https://example.com/x#token=1"' in mail.html
        assert "#aa3366" in mail.html
        assert "https://example.com/logo.png" in mail.html

    @pytest.mark.parametrize("line", ["\n\n", "\r\n\r\n", "\u2028\u2028", "\x85\x85", "\v\v", "\n \t\n"])
    def test_nobody_writes_paragraphs_or_buttons_by_a_name(self, writer: JinjaWriter, line: str) -> None:
        theirs = f"Hi{line}https://evil.example/x{line}Bye"
        mail = writer.write("letters", letter(name=theirs, language="en"), Letterhead(theirs, "en"))
        usual = writer.write("letters", letter(language="en"), STUDIO)
        assert len(mail.text.splitlines()) == len(usual.text.splitlines())
        assert re.findall('href="([^"]*)"', mail.html) == ["https://example.com/x#token=1"]

    def test_a_line_that_is_another_address_is_no_button(self, writer: JinjaWriter) -> None:
        values = {"place": "https://evil.example/x", "link": "https://example.com/"}
        mail = writer.write("letters", Letter("ana@example.com", "where", values), STUDIO)
        assert "https:/ /evil. example/x" in mail.html
        assert "<a " not in mail.html

    @pytest.mark.parametrize("link", ["javascript:alert(1)", "https://example.com/ and more", 7])
    def test_a_button_is_a_web_address(self, writer: JinjaWriter, link: object) -> None:
        assert "<a " not in writer.write("letters", Letter("ana@example.com", "hello", {"name": "Ana", "link": link}), STUDIO).html

    def test_takes_no_colour_and_no_logo_that_could_be_more_than_that(self, writer: JinjaWriter) -> None:
        bad = Letterhead("Studio", "en", "red;background:url(x)", None, "javascript:alert(1)")
        mail = writer.write("letters", letter(), bad)
        assert "url(x)" not in mail.html
        assert "javascript" not in mail.html
        elsewhere = writer.write("letters", letter(), Letterhead("Studio", "en", None, None, "http://127.0.0.1.example.com/logo.png"))
        assert "<img" not in elsewhere.html

    def test_shows_the_logo_that_this_machine_serves_itself(self, writer: JinjaWriter) -> None:
        own = "http://127.0.0.1:8000/files/logo.png"
        assert f'src="{own}"' in writer.write("letters", letter(), Letterhead("Studio", "en", None, None, own)).html

    def test_a_missing_value_or_template_is_an_error_not_a_hole(self, writer: JinjaWriter) -> None:
        with pytest.raises(LookupError, match="name"):
            writer.write("letters", Letter("ana@example.com", "hello", {"link": "https://example.com"}), STUDIO)
        with pytest.raises(LookupError, match="no mail/bye"):
            writer.write("letters", Letter("ana@example.com", "bye"), STUDIO)


class TestMessage:
    def test_nobody_writes_headers_by_a_name(self, writer: JinjaWriter) -> None:
        head = Letterhead("Studio\r\nBcc: everybody@example.com", "en")
        mail = writer.write("letters", letter(name="Ana\r\nBcc: all@example.com"), head)
        read = message_from_bytes(mail.message("no-reply@example.com", "k").as_bytes(), policy=policy.default)
        assert read["Bcc"] is None
        assert read["From"].addresses[0].display_name == "Studio Bcc: everybody@example. com"

    def test_the_same_key_is_the_same_message_id(self) -> None:
        mail = Mail("ana@example.com", "Studio", "Hi", "Hi\n", "<p>Hi</p>")
        first, again, other = (mail.message("no-reply@example.com", key)["Message-ID"] for key in ("k", "k", "l"))
        assert first == again != other

    def test_reads_back_whole_in_every_script(self) -> None:
        mail = Mail("ana@example.com", "Estudio Ñandú", "¡Hola! 你好", "Ñ ü 你好 🎉\n", "<p>Ñ</p>")
        read = message_from_bytes(mail.message("no-reply@example.com", "k").as_bytes(), policy=policy.default)
        body = read.get_body(("plain",))
        assert body is not None
        assert (read["Subject"], body.get_content().replace("\r\n", "\n")) == ("¡Hola! 你好", "Ñ ü 你好 🎉\n")


def test_languages_fall_back_by_region_then_to_english() -> None:
    assert [spoken(tag) for tag in ("es", "es-MX", "PT-br", "fr", "")] == ["es", "es", "pt", "en", "en"]


BRAZIL = re.compile(
    r"\b(senhas?|links?|celular|usuári\w*|cadastr\w*|registrou|deletar|em uma?|você (agora|pode|é|está)|convida você)\b|^(Subject: )?(Seu|Sua)s? ",
    re.MULTILINE,
)
"""What is said in Brazil and not in Portugal."""


def test_portuguese_is_that_of_portugal_in_every_letter() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in (Path(__file__).parents[3] / "plugins").glob("*/mail/*.pt.txt")}
    assert len(texts) >= 12
    assert {path.name: found[0] for path, text in texts.items() if (found := BRAZIL.search(re.sub(r"\{[{%].*?[%}]\}", "", text)))} == {}


@pytest.mark.parametrize(
    "seeded", ["Sua participação terminou", "O link é só para você", "Ana convida você para o estúdio", "num só lugar, em um dia"]
)
def test_a_text_from_brazil_is_noticed(seeded: str) -> None:
    assert BRAZIL.search(seeded)


def letter(*, name: str = "Ana", language: str | None = None) -> Letter:
    return Letter("ana@example.com", "hello", {"name": name, "link": "https://example.com/x#token=1"}, language)


@pytest.fixture
def writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JinjaWriter]:
    folder = tmp_path / "lettersplugin"
    (folder / "mail").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    for language, greeting in (("en", "Hello"), ("es", "Hola"), ("pt", "Olá")):
        text = f"Subject: {greeting} {{{{ name }}}}\n\n{greeting} {{{{ name }}}},\nfrom {{{{ workspace }}}}.\n\n{{{{ link }}}}\n"
        (folder / "mail" / f"hello.{language}.txt").write_text(text)
    (folder / "mail" / "where.en.txt").write_text("Subject: Where\n\nAt\n\n{{ place }}\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield JinjaWriter({"letters": "lettersplugin"})
    for name in [name for name in sys.modules if isinstance(sys.modules[name], ModuleType) and name.startswith("lettersplugin")]:
        del sys.modules[name]
