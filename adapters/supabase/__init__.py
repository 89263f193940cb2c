"""Supabase Auth as the identity provider: its REST API, and its errors in our words.

Its access tokens are verified like our own, by the verifier of `adapters/local/identity` with the key set that its project publishes.
"""

from adapters.supabase.provider import SupabaseAuth

__all__ = ["SupabaseAuth"]
