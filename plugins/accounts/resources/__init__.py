"""Routes of accounts, by use-case family; importing a module declares its routes."""

from plugins.accounts.resources import access, me, openid, security

__all__ = ["access", "me", "openid", "security"]
