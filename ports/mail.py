"""Letters: what a plugin wants to tell a person, how it is put into words, and how it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from hashlib import sha256
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Letter:
    """What to write to whom. to: one address. template: a file `mail/<template>.<language>.txt` of the plugin that sends it.

    language: `en`, `es` or `pt` (a region may follow); None for that of the account with this address, and without one for the workspace's.
    values: what the template names, each within a line. `link`, a URL alone in its paragraph, is shown as a button; no other value is one, and what
    looks like a link in them, or in the workspace's name, is shown so that nobody's mail program makes one of it.
    """

    to: str
    template: str
    values: Mapping[str, object] = field(default_factory=dict)
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Whom it comes from: the workspace, or the platform itself. colour, on_colour: `#rrggbb`. logo: an https URL."""

    name: str
    language: str
    colour: str | None = None
    on_colour: str | None = None
    logo: str | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """A message ready to leave. sender: the name shown before the platform's own address."""

    to: str
    sender: str
    subject: str
    text: str
    html: str

    def message(self, address: str, key: str) -> EmailMessage:
        """As RFC 5322 has it. address: the platform's own. key: gives the Message-ID, which receivers know a repeated message by."""
        made = EmailMessage(SMTP)
        made["From"] = Address(self.sender, addr_spec=address)
        made["To"] = self.to
        made["Subject"] = self.subject
        made["Date"] = formatdate(usegmt=True)
        made["Message-ID"] = f"<{sha256(key.encode()).hexdigest()[:32]}@{address.rpartition('@')[2]}>"
        made["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice answers it
        made.set_content(self.text)
        made.add_alternative(self.html, subtype="html")
        return made


class Undeliverable(Exception):
    """The server will never take this message. The text names no address."""


class Writer(Protocol):
    """Puts letters into words."""

    def write(self, plugin: str, letter: Letter, head: Letterhead) -> Mail:
        """The message. Raises LookupError when the plugin has no such template, or the template names a value that is not there."""
        ...


class Mailer(Protocol):
    """Sends messages. Never inside a transaction."""

    def send(self, mail: Mail, *, key: str) -> None:
        """Hand the message over. key: the same for every attempt at one message, and so its Message-ID.

        Raises Unavailable when it may be tried again, Undeliverable when not.
        """
        ...


@dataclass(frozen=True, slots=True)
class Post:
    """From a letter to a message on its way."""

    writer: Writer
    mailer: Mailer

    def send(self, plugin: str, letter: Letter, head: Letterhead, *, key: str) -> None:
        """Raises what its two halves raise."""
        self.mailer.send(self.writer.write(plugin, letter, head), key=key)
