"""Mail as files, for who has no server to send by (implements ports.mail.Mailer)."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from kernel.context import outbound
from ports.mail import Mail


class FileMailer:
    """Writes `<key>.eml`, which any mail program opens. The same key again replaces the file."""

    def __init__(self, folder: Path, *, address: str) -> None:
        self._folder = folder
        self._address = address

    def send(self, mail: Mail, *, key: str) -> None:
        outbound("mail")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(suffix=".draft", dir=self._folder)
        with open(descriptor, "wb") as file:
            file.write(mail.message(self._address, key).as_bytes())
        os.replace(draft, self._folder / f"{key}.eml")
