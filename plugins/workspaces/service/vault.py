"""Settings that are taken and never given back: sealed, opened where they are checked, sealed anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kernel.context import NoContext, current
from plugins.workspaces.ports import Sealed
from ports.encryption import Encryption, Place, Unreadable, secret_setting


@dataclass(frozen=True, slots=True)
class Vault:
    """Seals for the current workspace."""

    encryption: Encryption

    def sealed(self, module: str, secrets: Mapping[str, object]) -> dict[str, Sealed]:
        """All of them as they are stored."""
        return {
            name: value if isinstance(value, Sealed) else Sealed(self.encryption.seal(str(value).encode(), _place(module, name)))
            for name, value in secrets.items()
        }

    def opened(self, module: str, secrets: Mapping[str, object]) -> dict[str, object]:
        """Their values; one that nobody can read any more is as good as not set."""
        found: dict[str, object] = {}
        for name, value in secrets.items():
            try:
                found[name] = self.encryption.open(value.text, _place(module, name)).decode() if isinstance(value, Sealed) else value
            except Unreadable:
                continue
        return found

    def resealed(self, module: str, secrets: Mapping[str, object]) -> tuple[dict[str, Sealed], int]:
        """All of them, those that an earlier key sealed sealed anew; and how many nobody can open, which stay as they are."""
        due = {name: value for name, value in secrets.items() if not (isinstance(value, Sealed) and value.text.startswith(self.encryption.prefix))}
        opened = self.opened(module, due)
        return self.sealed(module, {**secrets, **opened}), len(due) - len(opened)


def _place(module: str, name: str) -> Place:
    workspace = current().scope.workspace_id
    if workspace is None:
        raise NoContext("settings belong to a workspace, and this operation has none")
    return secret_setting(workspace, module, name)
