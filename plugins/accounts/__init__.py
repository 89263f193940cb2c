"""Accounts: people, how they sign in, and what they agreed to.

Owns: `/auth`, `/api/v1/me`; credentials, refresh tokens, consents, signing keys: the auth identity's alone.
Emits: nothing; a person has no workspace whose plugins could listen. Requires: nothing.
"""
