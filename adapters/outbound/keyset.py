"""An RFC 7517 key set, read with suspicion."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any, TypeAlias

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, RSAKey

PublicKey: TypeAlias = ECKey | RSAKey
Keys: TypeAlias = Mapping[str, PublicKey]
_MOST_KEYS = 100


def parsed(body: bytes) -> Keys:
    """The signature keys by kid: P-256 and RSA from 2,048 bits. Raises `ValueError` for what is not a key set.

    Others are left out: shared secrets, encryption keys, keys without a name. Of two keys with one name neither counts.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
        raise ValueError("not a key set")
    found: dict[str, PublicKey] = {}
    twice: set[str] = set()
    for each in listed:
        if isinstance(each, dict) and (key := _key(each)) is not None:
            kid = each["kid"]
            if kid in found:
                twice.add(kid)
            found[kid] = key
    return {kid: key for kid, key in found.items() if kid not in twice}


def _key(told: dict[str, Any]) -> PublicKey | None:
    if not isinstance(told.get("kid"), str) or told.get("use", "sig") != "sig":
        return None
    try:
        if (told.get("kty"), told.get("crv"), told.get("alg", "ES256")) == ("EC", "P-256", "ES256"):
            return ECKey.import_key({name: told[name] for name in ("kty", "crv", "x", "y")})
        if (told.get("kty"), told.get("alg", "RS256")) == ("RSA", "RS256"):
            with warnings.catch_warnings():
                warnings.simplefilter("error", SecurityWarning)  # shorter than 2,048 bits
                return RSAKey.import_key({name: told[name] for name in ("kty", "n", "e")})
    except (JoseError, KeyError, SecurityWarning, TypeError, ValueError):
        return None
    return None
