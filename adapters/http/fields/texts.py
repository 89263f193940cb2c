"""Texts: kept exactly as sent, except e-mail addresses, which are compared and so have one form."""

from __future__ import annotations

import enum
import re
import unicodedata
import uuid
from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from marshmallow import validate

MAX_LENGTH: Final = 10_000
MAX_EMAIL: Final = 254
MAX_URL: Final = 2_048

_CONTROLS: Final = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_TURNING: Final = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_ONE_LINE: Final = r"^[^\S{0}]*[^\s{0}][^{0}]*\Z"  # linear: no two parts take the same character
_LINE: Final = _ONE_LINE.format(_CONTROLS)
_NAME: Final = _ONE_LINE.format(_CONTROLS + _TURNING)
_TURNS: Final = re.compile(f"[{_TURNING}]")
_LEADS: Final = re.compile(r"://|\bwww\.")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class String(ma.fields.String):
    """Text of at most `max_length` characters, without NUL and lone surrogates (PostgreSQL stores neither).

    Nothing is trimmed or normalised: the text reads back as it was written.
    """

    default_error_messages = {"character": "May not contain NUL or lone surrogate characters."}  # noqa: RUF012

    def __init__(self, *, min_length: int | None = None, max_length: int = MAX_LENGTH, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators.insert(0, validate.Length(min=min_length, max=max_length))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if type(value) is not str:
            raise self.make_error("invalid")
        if "\x00" in value or not _encodable(value):
            raise self.make_error("character")
        return value


class Line(String):
    """Text of one line with something to see on it: a name, a title. No line breaks, tabs or other control characters, or whoever chooses it
    would write more than one line wherever it is shown."""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        super().__init__(min_length=1, max_length=max_length, **kwargs)
        self.validators.append(validate.Regexp(_LINE, error="Must be one line and not blank: no line breaks, no control characters."))


class Name(Line):
    """What a person or a workspace is called, and strangers read in letters: a line that leads nowhere, without `://` and `www.`, and reads in one
    direction, without characters that turn it. `fit.pt` is a name."""

    def __init__(self, *, max_length: int, metadata: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, metadata={"pattern": _NAME, **(metadata or {})}, **kwargs)
        self.validators.append(_check_name)


class Secret(String):
    """Text that is taken and never given back. At the top of a plugin's settings: sealed at rest, masked in the audit, shown as set or not."""

    def __init__(self, *, max_length: int = 1_000, metadata: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, load_only=True, metadata={"format": "password", **(metadata or {})}, **kwargs)


class Email(String, ma.fields.Email):
    """An address in its compared form: NFKC, casefolded. At most 254 characters."""

    default_error_messages = {"invalid": "Not a valid email address."}  # noqa: RUF012

    def __init__(self, *, max_length: int = MAX_EMAIL, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)
        self._check = validate.Email(error="Not a valid email address.")
        self.validators = [each for each in self.validators if not isinstance(each, validate.Email)]

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        # The pattern behind the check is not linear in the length, so the length comes first.
        if len(text) > MAX_EMAIL:
            raise self.make_error("invalid")
        address = normalise_email(text)
        # Quoted local parts and address literals are legal and used by nobody but attackers; the invisible makes twins.
        if '"' in address or "[" in address or not address.isprintable():
            raise self.make_error("invalid")
        self._check(address)
        return address


class Url(String, ma.fields.Url):
    """An absolute http(s) address. At most 2,048 characters."""

    def __init__(self, *, max_length: int = MAX_URL, schemes: tuple[str, ...] = ("https", "http"), **kwargs: Any) -> None:
        super().__init__(max_length=max_length, schemes=set(schemes), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if len(text) > MAX_URL or any(each.isspace() or ord(each) < 32 for each in text):
            raise self.make_error("invalid")
        return text


class UUID(ma.fields.UUID):
    """An identifier in its 36-character form; no braces, no `urn:`, no bare hexadecimal."""

    def _validated(self, value: Any) -> uuid.UUID:
        if type(value) is not str or not _UUID.fullmatch(value):
            raise self.make_error("invalid_uuid")
        return uuid.UUID(hex=value)


class Enum(ma.fields.Enum[Any]):
    """One of the values of an enumeration whose values are texts."""

    def __init__(self, enumeration: type[enum.Enum], **kwargs: Any) -> None:
        super().__init__(enumeration, by_value=String, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if type(value) is not str:
            raise self.make_error("unknown", choices=self.choices_text)
        return super()._deserialize(value, attr, data, **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        # A row holds the value, domain code the member; both are written the same.
        return value.value if isinstance(value, enum.Enum) else value


def _check_name(text: str) -> None:
    if turning := _TURNS.search(text):
        raise ma.ValidationError(f"May not contain U+{ord(turning[0]):04X}, which turns the direction of text.")
    if leading := _LEADS.search(unicodedata.normalize("NFKC", text).casefold()):
        raise ma.ValidationError(f'Is a name, not a link: may not contain "{leading[0]}".')


def normalise_email(address: str) -> str:
    """The form in which two spellings of one address are equal. Idempotent."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", address.strip()).casefold())


def _encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
