"""Sign-in with any OpenID Connect provider, found by discovery."""

from adapters.oidc.provider import DiscoveredProvider

__all__ = ["DiscoveredProvider"]
