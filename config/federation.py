"""Outside issuers, as settings name them: Supabase Auth in our place, OpenID providers beside us."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from joserfc.jwk import OctKey

from adapters.local.identity import CachedVerifier, JwtVerifier, TrustedIssuer, own_issuer
from adapters.local.identity.verifier import VerificationKey
from adapters.postgres.api_keys import ApiKeyVerifier
from config.issuers import named_providers
from config.signing import StoredKeyRing
from ports.clock import Clock
from ports.federation import Federation, IdentityProvider, OpenIdProvider
from ports.identity import TokenVerifier

if TYPE_CHECKING:
    from adapters.outbound.client import HttpOutbound
    from adapters.outbound.jwks import RemoteKeys
    from adapters.outbound.keyset import PublicKey
    from adapters.postgres.database import PostgresDatabase
    from config.settings import Settings


def federation(settings: Settings, key_ring: StoredKeyRing, clock: Clock, *, iss: str, audience: str) -> Federation:
    """Whom we trust, and how to reach them. Adapters of what is not configured are not even imported."""
    issuers = [own_issuer(key_ring, iss=iss, audience=audience, again=key_ring.again)]
    provider, good_for = None, None
    if settings.supabase_url:
        from adapters.outbound.jwks import RemoteKeys

        provider = _supabase(settings)
        keys = RemoteKeys(f"{provider.issuer}/.well-known/jwks.json", _http(settings, "sign-in service"))
        issuers += supabase_issuers(provider.issuer, keys, settings.supabase_jwt_secret if settings.supabase_hs256 else None)
        good_for = keys.good_for
    return Federation(provider, tuple(_openid(settings, clock)), JwtVerifier(issuers, clock), good_for)


def verifier(found: Federation, clock: Clock, database: PostgresDatabase, key_ring: StoredKeyRing, own: str) -> TokenVerifier:
    """Whose token it is, in our ids; remembered until a key of ours is withdrawn."""
    if found.provider is None:
        return CachedVerifier(ApiKeyVerifier(database, found.tokens), clock, withdrawn=key_ring.withdrawn)
    from config.strangers import KnownHere

    others = KnownHere(found.tokens, found.provider, database, clock, own=own)
    return CachedVerifier(ApiKeyVerifier(database, others), clock, good_for=found.good_for, withdrawn=key_ring.withdrawn)


def supabase_issuers(iss: str, keys: RemoteKeys, legacy_secret: str | None) -> list[TrustedIssuer]:
    """The entries by which a project's tokens are trusted; legacy ones have one of their own, with a key nobody else's algorithm meets."""

    def entry(**changes: Any) -> TrustedIssuer:
        return TrustedIssuer(iss=iss, audience="authenticated", typ="JWT", session_claim="session_id", proved=_latest_proof, **changes)

    found = [entry(algorithms=frozenset({"ES256", "RS256"}), key=keys.key)]
    if legacy_secret:
        shared: VerificationKey = OctKey.import_key(legacy_secret.encode())
        found.append(entry(algorithms=frozenset({"HS256"}), key=lambda _kid: shared, legacy=True))
    return found


def _latest_proof(claims: Mapping[str, object]) -> object:
    """When the person last proved who they are: `amr` lists each proof with its time."""
    listed = claims.get("amr")
    times = [each.get("timestamp") for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    known = [time for time in times if type(time) is int]
    return max(known, default=None)


def _supabase(settings: Settings) -> IdentityProvider:
    from adapters.supabase import SupabaseAuth

    return SupabaseAuth(str(settings.supabase_url), settings.supabase_key or "", _http(settings, "sign-in service"))


def _openid(settings: Settings, clock: Clock) -> Iterator[OpenIdProvider]:
    named = named_providers(settings.oidc_providers)
    if not named:
        return
    from adapters.oidc import DiscoveredProvider
    from adapters.outbound.jwks import RemoteKeys

    for each in named:
        http = _http(settings, "service you sign in with")

        def keys_at(url: str, http: HttpOutbound = http) -> Callable[[str], PublicKey | None]:
            return RemoteKeys(url, http).key

        yield DiscoveredProvider(
            each.name, each.issuer, each.client_id, each.client_secret, title=each.title, http=http, keys_at=keys_at, clock=clock
        )


def _http(settings: Settings, service: str) -> HttpOutbound:
    from adapters.outbound.client import HttpOutbound

    # One thread of the server is left to everybody else, however slow a service is.
    return HttpOutbound(service, concurrent=max(1, settings.threads - 1))
