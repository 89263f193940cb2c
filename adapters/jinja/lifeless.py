"""What somebody wrote, as a letter may show it: nothing in it leads anywhere, and nothing in it is invisible."""

from __future__ import annotations

import re
from typing import Final

_UNSEEN: Final = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
    "|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
)
"""What turns the direction of text, or has no width. Joiners stay between characters beyond ASCII: emoji, Persian and Indic names need them there."""
# Mail programs make links of `name.tld`, `scheme:something` and `//host` (or `\\host`) by themselves. A space after the sign is seen by
# everybody and understood by all of them; an invisible sign would be ignored by those that read addresses as browsers do.
_LEADING: Final = re.compile(
    r"(?<=\S)[.\u2024\u3002\ufe52\uff0e\uff61](?=[A-Za-z][\w-]|[^\x00-\x7f])"  # ends of names have two letters at least: `A.B.` is none
    r"|(?<=[A-Za-z]):(?=[\w+])"
    r"|[/\\](?=[/\\])"
)


def lifeless(text: str) -> str:
    """The text without what is invisible, and with a space wherever something could be taken for a link."""
    return _LEADING.sub(r"\g<0> ", _UNSEEN.sub("", text))
