"""Passwords that everybody tries first: refused whatever else they are."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


def is_common(password: str) -> bool:
    """Whether the password is on the list, in any mix of capitals."""
    return password.casefold() in _listed()


@cache
def _listed() -> frozenset[str]:
    lines = (files(__package__) / "common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("# "))
