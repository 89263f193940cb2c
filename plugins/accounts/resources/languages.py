"""What language somebody new reads, by what their browser says."""

from __future__ import annotations

import re

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from plugins.sdk import Visitor

HEADER = "Accept-Language"
ASKED = {HEADER: "What letters are written in when the body does not say; English when neither names a language that they come in."}
_TAG = re.compile(r"(en|es|pt)(?:-([a-z]{2}|[0-9]{3}))?", re.ASCII)


def language_of(visitor: Visitor) -> str:
    """The first that letters come in, in the order that the person prefers; English when there is none."""
    for tag, quality in parse_accept_header(visitor.headers.get(HEADER) or "", LanguageAccept):
        if quality > 0 and (found := _TAG.fullmatch(tag.lower())) is not None:
            return found[1] if found[2] is None else f"{found[1]}-{found[2].upper()}"
    return "en"
