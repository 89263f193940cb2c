"""Routes of accounts, by use-case family; importing a module declares its routes."""

from plugins.accounts.resources import access, me, security

__all__ = ["access", "me", "security"]
