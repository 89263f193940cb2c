"""Several texts in one cell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_TAG: Final = re.compile(r'\s*(?:"((?:[^"]|"")*)"\s*|([^;|,]*))(?:[;|,]|\Z)')
_REST: Final = re.compile(r"()([^;|,]*)(?:[;|,]|\Z)")
_TAG_QUOTED: Final = re.compile(r'[;|,"]|\A\s|\s\Z')


def tags_cell(tags: Sequence[str]) -> str:
    """Tags in one cell; `tags_of` reads them back."""
    return "; ".join('"' + tag.replace('"', '""') + '"' if _TAG_QUOTED.search(tag) or not tag else tag for tag in tags)


def tags_of(cell: str) -> list[str]:
    """The tags in a cell: between `;`, `,` or `|`, each perhaps in double quotes."""
    found, at = [], 0
    while at < len(cell):
        match = _TAG.match(cell, at)
        if match is None:  # text after a closing quote: what stands there is one tag, quotes and all
            match = _REST.match(cell, at)
            assert match is not None
        tag = match[1].replace('""', '"') if match[1] else match[2].strip() if match[2] else ""
        if tag:
            found.append(tag)
        at = match.end()
    return found
