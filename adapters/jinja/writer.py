"""Templates of plugins, in the reader's language, as text and as HTML (implements ports.mail.Writer)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from jinja2 import BaseLoader, StrictUndefined, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from adapters.jinja.lifeless import lifeless
from ports.mail import Letter, Letterhead, Mail

LANGUAGES: Final = ("en", "es", "pt")
"""What a template comes in; the first stands in for a language nobody wrote."""
BUTTON: Final = "link"
"""The one value that leads somewhere, and that HTML shows as a link. Others are what somebody wrote."""
_LINK: Final = re.compile(r"https?://\S+")
_ADDRESS: Final = re.compile(r"(?!.*www\.)[\w.+%-]+@[\w.-]+")
_BREAKS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_INK: Final = "#1f2937"
_PAPER: Final = "#ffffff"


class _Own(str):
    """What the letter itself says, and nobody else: its link, and whom it goes to."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A block of the text; link: when it is nothing but the letter's own, which HTML shows as a button."""

    lines: Sequence[str]
    link: bool


class JinjaWriter:
    """packages: plugin id → the package its `mail` folder is in.

    A template is plain text whose first line is `Subject: …`; the HTML is made from its paragraphs, so that both always say the same.
    Values are text on the line where the template has them: nothing in them is ever a template, a paragraph, a button or anything else that a
    mail program makes a link of, and HTML shows them escaped. The value `link`, alone in its paragraph, is the button.
    """

    def __init__(self, packages: Mapping[str, str]) -> None:
        self._packages = packages
        self._text = ImmutableSandboxedEnvironment(
            loader=BaseLoader(), autoescape=False, undefined=StrictUndefined, keep_trailing_newline=False, trim_blocks=True, lstrip_blocks=True,
            finalize=_shown,
        )  # fmt: skip
        page = ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        self._page = page.from_string((files(__package__) / "page.html").read_text(encoding="utf-8"))

    def write(self, plugin: str, letter: Letter, head: Letterhead) -> Mail:
        language = spoken(letter.language or head.language)
        source = self._source(plugin, letter.template, language)
        values = {name: _Own(value) if _is_own(name, value, letter.to) else value for name, value in letter.values.items()}
        try:
            whole = self._text.from_string(source).render(**values, workspace=head.name)
        except UndefinedError as error:
            raise LookupError(f"mail {plugin}/{letter.template}.{language}: {error}") from error
        first, _, text = whole.partition("\n")
        if not first.startswith("Subject: "):
            raise LookupError(f"mail {plugin}/{letter.template}.{language} does not begin with its subject")
        subject = _one_line(first.removeprefix("Subject: "))
        text = text.strip("\n") + "\n"
        sender = _one_line(_shown(head.name))
        html = self._page.render(
            language=language, subject=subject, sender=sender, paragraphs=paragraphs(text, letter.values.get(BUTTON)),
            colour=_colour(head.colour, _INK), on_colour=_colour(head.on_colour, _PAPER), logo=_logo(head.logo),
        )  # fmt: skip
        return Mail(letter.to, sender, subject, text, html)

    def _source(self, plugin: str, template: str, language: str) -> str:
        for candidate in (language, LANGUAGES[0]):
            if (found := _read(self._packages[plugin], template, candidate)) is not None:
                return found
        raise LookupError(f"plugin {plugin} has no mail/{template}.{LANGUAGES[0]}.txt")


def spoken(language: str) -> str:
    """The nearest language that templates come in: `es-MX` is read in Spanish, `fr` in English."""
    primary = language.partition("-")[0].lower()
    return primary if primary in LANGUAGES else LANGUAGES[0]


def paragraphs(text: str, link: object) -> list[Paragraph]:
    """Blocks between blank lines. link: what a block has to be to be a button."""
    blocks = [block.split("\n") for block in re.split(r"\n\s*\n", text.strip("\n")) if block.strip()]
    button = link if isinstance(link, str) and _LINK.fullmatch(link) else None
    return [Paragraph(lines, len(lines) == 1 and lines[0].strip() == button) for lines in blocks]


@lru_cache(maxsize=256)
def _read(package: str, template: str, language: str) -> str | None:
    try:
        found: Traversable = files(package) / "mail" / f"{template}.{language}.txt"
    except TypeError:  # a plugin of one file has no folder beside it
        return None
    return found.read_text(encoding="utf-8") if found.is_file() else None


def _is_own(name: str, value: object, to: str) -> bool:
    return isinstance(value, str) and (name == BUTTON or (value == to and _ADDRESS.fullmatch(value) is not None))


def _shown(value: object) -> str:
    """What a template shows of a value: whoever chose it writes no lines of their own, and no links."""
    text = _BREAKS.sub(" ", str(value))
    return text if isinstance(value, _Own) else lifeless(text)


def _one_line(text: str) -> str:
    """A header is one line: whoever named a workspace writes no headers."""
    return " ".join(text.split())


def _colour(chosen: str | None, otherwise: str) -> str:
    return chosen if chosen and _COLOUR.fullmatch(chosen) else otherwise


def _logo(chosen: str | None) -> str | None:
    """Mail programs show no data URLs. What this machine serves itself is for its developer's eyes."""
    return chosen if chosen and chosen.startswith(("https://", "http://127.0.0.1:", "http://localhost:")) else None
