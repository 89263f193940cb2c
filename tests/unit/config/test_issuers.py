"""Settings about outside issuers: what is wrong with them is said, and never with a value."""

from __future__ import annotations

import json
from typing import Any

import pytest

from config.issuers import named_providers, reachable_safely
from config.settings import Settings, SettingsError

GOOD = {"name": "acme", "issuer": "https://id.acme.example", "client_id": "us", "client_secret": "s3cret-of-acme"}


def test_providers_are_read_with_a_title_for_people() -> None:
    found = named_providers(json.dumps([GOOD, {**GOOD, "name": "b", "issuer": "http://127.0.0.1:1", "title": "Bee"}]))
    assert [(each.name, each.title) for each in found] == [("acme", "Acme"), ("b", "Bee")]
    assert "s3cret" not in repr(found)
    assert named_providers("") == ()


@pytest.mark.parametrize(
    "listed",
    [
        "nonsense", {}, [1], [{}], [{**GOOD, "name": "A"}], [{**GOOD, "issuer": "http://id.acme.example"}], [{**GOOD, "issuer": "https://u@acme.example"}],
        [{**GOOD, "issuer": "https://acme.example?x=1"}], [{**GOOD, "scope": "all"}], [{**GOOD, "client_secret": 7}], [{**GOOD, "client_id": ""}],
        [GOOD, GOOD], [GOOD, {**GOOD, "name": "b"}],
    ],
)  # fmt: skip
def test_what_is_no_list_of_providers_is_refused_without_its_secret(listed: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    text = listed if isinstance(listed, str) else json.dumps(listed)
    monkeypatch.setenv("FITPRO_HOME", str(tmp_path))
    monkeypatch.setenv("FITPRO_OIDC_PROVIDERS", text)
    with pytest.raises(SettingsError, match="FITPRO_OIDC_PROVIDERS") as refused:
        Settings.from_environ()
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"SUPABASE_URL": "http://project.supabase.co", "SUPABASE_ANON_KEY": "k"}, "SUPABASE_URL"),
        ({"SUPABASE_URL": "https://project.supabase.co"}, "SUPABASE_ANON_KEY"),
        ({"SUPABASE_URL": "https://p.supabase.co", "SUPABASE_ANON_KEY": "k", "FITPRO_SUPABASE_HS256": "on"}, "SUPABASE_JWT_SECRET"),
        (
            {"SUPABASE_URL": "https://p.supabase.co", "SUPABASE_ANON_KEY": "k", "FITPRO_SUPABASE_HS256": "on", "SUPABASE_JWT_SECRET": "short"},
            "SUPABASE_JWT_SECRET",
        ),
    ],
)
def test_half_a_supabase_project_is_refused(told: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name, value in {"FITPRO_HOME": str(tmp_path), **told}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"(?m)^  {named}: "):
        Settings.from_environ()


def test_secrets_travel_over_tls_or_within_this_machine() -> None:
    assert reachable_safely("https://project.supabase.co")
    assert reachable_safely("http://localhost:54321")
    assert not reachable_safely("http://project.supabase.co")
    assert not reachable_safely("https://")
