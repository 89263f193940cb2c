"""The settings: read at once, complained about at once, never shown."""

from __future__ import annotations

import dataclasses
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.settings import Settings, SettingsError, derive_key, role_password

SECRET = "3fX9-kQ7_ztB1mWc8LrYp0VhNs5JdEa2GuTiOo6K"  # gitleaks:allow - made up for this test
APP = "postgresql://app:hush-app@db/fitpro"
OWNER = "postgresql://owner:hush-owner@db/fitpro"


def test_nothing_configured_means_development_on_the_embedded_server(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = Settings.from_environ()
    assert settings.embedded
    assert not settings.production
    assert settings.confirmed_signup
    assert (settings.host, settings.port, settings.workers, settings.threads) == ("127.0.0.1", 8000, 2, 2)
    assert settings.demo
    assert settings.docs_enabled
    assert settings.home == tmp_path / "home"


def test_all_problems_are_told_together(environ: pytest.MonkeyPatch) -> None:
    for name, value in {
        "FITPRO_PORT": "eighty",
        "FITPRO_LEASE_S": "0",
        "FITPRO_DB_PREPARE": "perhaps",
        "DATABASE_URL": "mysql://root:hush@db/x",
        "DATABASE_OWNER_URL": "postgresql://owner:hush@db/x y",
        "REDIS_URL": "http://cache",
        "FITPRO_SECRET_KEY": "hush",
        "FITPRO_CORS_ORIGINS": "https://app.example,*",
        "FITPRO_ALLOW_TWINS": "everything",
    }.items():
        environ.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ()
    told = {problem.partition(":")[0] for problem in caught.value.problems}
    assert told == {
        "FITPRO_PORT", "FITPRO_LEASE_S", "FITPRO_DB_PREPARE", "DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL",
        "FITPRO_SECRET_KEY", "FITPRO_CORS_ORIGINS", "FITPRO_ALLOW_TWINS",
    }  # fmt: skip
    assert "hush" not in str(caught.value)


def test_secrets_are_not_in_the_repr(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("FITPRO_SECRET_KEY", SECRET)
    environ.setenv("DATABASE_URL", APP)
    environ.setenv("DATABASE_OWNER_URL", OWNER)
    environ.setenv("REDIS_URL", "redis://:hush-redis@cache/0")
    settings = Settings.from_environ()
    assert settings.secret_key == SECRET.encode()
    assert settings.database_url == APP
    for shown in (repr(settings), str(settings)):
        assert "hush" not in shown
        assert SECRET not in shown


def test_set_to_nothing_is_not_set(environ: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "FITPRO_SECRET_KEY"):
        environ.setenv(name, "")
    settings = Settings.from_environ()
    assert settings.embedded
    assert settings.redis_url is None
    assert len(settings.secret_key) >= 32


def test_lists_are_split_trimmed_and_without_repeats(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("FITPRO_PLUGINS_ONLY", "clients, accounts,clients,")
    assert Settings.from_environ().plugins_only == ("clients", "accounts")


@pytest.mark.parametrize(("word", "meaning"), [("on", True), ("off", False), ("1", True), ("false", False)])
def test_switches_say_on_and_off(environ: pytest.MonkeyPatch, word: str, meaning: bool) -> None:
    environ.setenv("FITPRO_DB_PREPARE", word)
    assert Settings.from_environ().db_prepare is meaning


def test_nobody_is_told_who_has_an_account_unless_the_operator_or_supabase_says_so(environ: pytest.MonkeyPatch) -> None:
    assert Settings.from_environ().confirmed_signup
    environ.setenv("FITPRO_SIGNUP", "open")
    assert not Settings.from_environ().confirmed_signup
    environ.delenv("FITPRO_SIGNUP")
    environ.setenv("SUPABASE_URL", "https://project.supabase.co")  # whose own setting it is there
    environ.setenv("SUPABASE_ANON_KEY", "a key")
    assert not Settings.from_environ().confirmed_signup
    environ.setenv("FITPRO_SIGNUP", "confirmed")
    with pytest.raises(SettingsError, match="FITPRO_SIGNUP: Supabase decides"):
        Settings.from_environ()


class TestProduction:
    def test_refuses_what_would_lose_data(self, production: pytest.MonkeyPatch) -> None:
        production.delenv("DATABASE_URL")
        production.delenv("DATABASE_OWNER_URL")
        with pytest.raises(SettingsError, match="DATABASE_URL: Needed in production, unless FITPRO_ALLOW_TWINS names database"):
            Settings.from_environ()

    def test_tells_nobody_who_has_an_account_unless_it_is_told_to(self, production: pytest.MonkeyPatch) -> None:
        assert Settings.from_environ().confirmed_signup
        production.setenv("FITPRO_SIGNUP", "open")
        assert not Settings.from_environ().confirmed_signup
        production.delenv("FITPRO_SIGNUP")
        production.setenv("SUPABASE_URL", "https://project.supabase.co")  # whose own setting it is there
        production.setenv("SUPABASE_ANON_KEY", "a key")
        assert not Settings.from_environ().confirmed_signup

    def test_takes_a_twin_that_is_named(self, production: pytest.MonkeyPatch) -> None:
        production.delenv("DATABASE_URL")
        production.delenv("DATABASE_OWNER_URL")
        production.delenv("SMTP_URL")
        production.delenv("S3_BUCKET")
        production.setenv("FITPRO_URL", "https://api.studio.example")
        production.setenv("FITPRO_ALLOW_TWINS", "database,mail,storage")
        assert Settings.from_environ().embedded

    @pytest.mark.parametrize(
        "name", ["DATABASE_OWNER_URL", "FITPRO_SECRET_KEY", "SMTP_URL", "S3_BUCKET", "S3_ACCESS_KEY_ID", "FITPRO_MAIL_FROM", "FITPRO_APP_URL"]
    )
    def test_refuses_to_start_without(self, production: pytest.MonkeyPatch, name: str) -> None:
        production.delenv(name)
        with pytest.raises(SettingsError, match=f"{name}: Needed"):
            Settings.from_environ()

    def test_refuses_demo_data_and_has_none_by_default(self, production: pytest.MonkeyPatch) -> None:
        assert not Settings.from_environ().demo
        production.setenv("FITPRO_DEMO", "on")
        with pytest.raises(SettingsError, match="FITPRO_DEMO"):
            Settings.from_environ()

    def test_closes_the_docs_unless_asked(self, production: pytest.MonkeyPatch) -> None:
        assert not Settings.from_environ().docs_enabled
        production.setenv("FITPRO_DOCS", "on")
        assert Settings.from_environ().docs_enabled

    @pytest.mark.parametrize("weak", ["short", "a" * 64, "changeme" * 8])
    def test_refuses_a_secret_that_is_none(self, production: pytest.MonkeyPatch, weak: str) -> None:
        production.setenv("FITPRO_SECRET_KEY", weak)
        with pytest.raises(SettingsError, match="FITPRO_SECRET_KEY"):
            Settings.from_environ()


class TestKeptSecret:
    def test_is_made_once_and_private(self, environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
        first = Settings.from_environ().secret_key
        assert Settings.from_environ().secret_key == first
        assert (tmp_path / "home" / "secret.key").stat().st_mode & 0o777 == 0o600

    def test_is_one_for_all_who_start_together(self, environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "home").mkdir()
        with ThreadPoolExecutor(8) as pool:
            keys = set(pool.map(lambda _: Settings.from_environ().secret_key, range(64)))
        assert len(keys) == 1
        assert os.listdir(tmp_path / "home") == ["secret.key"]

    def test_is_not_replaced_when_it_is_damaged(self, environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "secret.key").write_text("")
        with pytest.raises(SettingsError, match=re.escape("secret.key")):
            Settings.from_environ()


def test_keys_differ_by_purpose_and_secret_and_stay_the_same() -> None:
    keys = {derive_key(secret, purpose) for secret in (b"a" * 32, b"b" * 32) for purpose in ("cursors", "tokens")}
    assert len(keys) == 4
    assert {len(key) for key in keys} == {32}
    # Data is encrypted and signed with these: another value for the same input would lose it.
    assert derive_key(b"a" * 32, "cursors").hex() == KNOWN_KEY
    assert role_password(b"a" * 32, "app") != role_password(b"a" * 32, "owner")
    assert re.fullmatch(r"[\w-]{43}", role_password(b"a" * 32, "app"))


def test_every_setting_says_what_it_means_and_has_a_variable_of_its_own() -> None:
    told = [field.metadata for field in dataclasses.fields(Settings)]
    assert all(one["meaning"] for one in told)
    assert len({one["variable"] for one in told}) == len(told)


KNOWN_KEY = "14859113c825c2c2706e869ef5d94f4776e59fd3acb1eb3d8485e990f58330d0"


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment that says nothing but where home is."""
    for field in dataclasses.fields(Settings):
        monkeypatch.delenv(field.metadata["variable"], raising=False)
    monkeypatch.setenv("FITPRO_HOME", str(tmp_path / "home"))
    return monkeypatch


@pytest.fixture
def production(environ: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The least that production starts with."""
    environ.setenv("FITPRO_ENV", "production")
    environ.setenv("S3_BUCKET", "files")
    environ.setenv("S3_ACCESS_KEY_ID", "key")
    environ.setenv("S3_SECRET_ACCESS_KEY", "a secret key")
    environ.setenv("SMTP_URL", "smtp://user:password@mail.example")
    environ.setenv("FITPRO_MAIL_FROM", "no-reply@studio.example")
    environ.setenv("FITPRO_APP_URL", "https://app.studio.example")
    environ.setenv("FITPRO_SECRET_KEY", SECRET)
    environ.setenv("DATABASE_URL", APP)
    environ.setenv("DATABASE_OWNER_URL", OWNER)
    return environ
