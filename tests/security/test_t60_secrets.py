"""T60: secrets are in no file of the repository, no argument of a process, no help text and no log; a start without one names its variable alone."""

from __future__ import annotations

import dataclasses
import logging
import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from config.cli import main
from config.secrets import role_password
from config.settings import Settings
from tests import servers, tracked
from tests.servers import SECRET, Api

ROOT = Path(__file__).parents[2]
PATTERNS = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z ]+ )?PRIVATE KEY-----"),
    "an AWS key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a Stripe key": re.compile(r"\b(?:sk|rk)_live_[0-9a-zA-Z]{16,}|\bwhsec_[0-9a-zA-Z]{24,}"),
    "a GitHub token": re.compile(r"\bgh[pousr]_[0-9A-Za-z]{36}\b"),
    "a Slack token": re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{10,}"),
    "a Google key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "a JWT": re.compile(r"\beyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    "a password in a URL": re.compile(
        r"\b[a-z][a-z0-9+]{2,12}://[^\s:/@\"'{}<>$]+:(?!password\b|secret\b|\.\.\.|…|hush-|canary-)[^\s:/@\"'{}<>$]{8,}@"
    ),
}
RANDOM = re.compile(r"""^(?!.*"example").*["']([A-Za-z0-9+/_=-]{32,})["']""", re.MULTILINE)
NOT_SOURCE = ("requirements.txt", "requirements-dev.txt", ".bundle.js", "bundle.js", ".png", ".LICENSE.txt", ".css", ".xlsx")
NEEDED = ("FITPRO_SECRET_KEY", "DATABASE_URL", "DATABASE_OWNER_URL", "SMTP_URL", "S3_BUCKET", "S3_SECRET_ACCESS_KEY")
"""Secrets, and addresses that hold one, without which production does not start."""
PRODUCTION = {
    "FITPRO_ENV": "production",
    "FITPRO_SECRET_KEY": "kE3f-canary-value-0f9a8b7c6d5e4f3a2b1c0d",
    "DATABASE_URL": "postgresql://fitpro_app:canary-app-password@127.0.0.1:1/fitpro",
    "DATABASE_OWNER_URL": "postgresql://fitpro_owner:canary-owner-password@127.0.0.1:1/fitpro",
    "SMTP_URL": "smtp://sender:canary-smtp-password@mail.example",
    "FITPRO_MAIL_FROM": "no-reply@studio.example",
    "FITPRO_APP_URL": "https://app.studio.example",
    "S3_BUCKET": "files",
    "S3_ACCESS_KEY_ID": "canary-key",
    "S3_SECRET_ACCESS_KEY": "canary-s3-secret",
    "FITPRO_METRICS_TOKEN": "canary-metrics-0123456789abcdefghijkl",
}
CANARIES = ("canary-value", "canary-app", "canary-owner", "canary-smtp", "canary-s3", "canary-metrics", "canary-key")


def entropy(text: str) -> float:
    """Shannon's, in bits per character."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())


def secrets_in(path: str, text: str) -> list[str]:
    """What looks like a secret in a file."""
    found = [f"{path}: {kind}" for kind, pattern in PATTERNS.items() if pattern.search(text)]
    if not path.startswith("tests/"):  # tests hold keys and hashes of their own, known to everybody
        found += [f"{path}: {each[:12]}…" for each in RANDOM.findall(text) if entropy(each) > 4.5 and not each.isupper()]
    return found


def test_t60_no_file_of_the_repository_holds_a_secret() -> None:
    files = {path: (ROOT / path).read_text(errors="replace") for path in tracked.files() if not path.endswith(NOT_SOURCE)}
    assert len(files) > 300
    assert [each for path, text in files.items() for each in secrets_in(path, text)] == []


@pytest.mark.parametrize(
    "line",
    [
        "-----BEGIN RSA PRIVATE" + " KEY-----",
        "key = 'AKIA" + "IOSFODNN7EXAMPLE'",
        "stripe = 'sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc'",
        "token = 'ghp_" + "a1B2" * 9 + "'",
        "url = 'postgresql://fitpro:" + "hunter2hunter2@db/x'",
        "key = '" + "Zk3vQ9xT1LmR8wYc" + "E5bN0aUj7DfGhKpS2i4o6Xr'",
    ],
)
def test_t60_a_secret_in_a_file_is_found(line: str) -> None:
    assert secrets_in("config/settings.py", line) != []


@dataclass(frozen=True)
class Ended:
    """A command that ran, and all it said."""

    code: int
    said: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Callable[..., Ended]]:
    """The command line in this process, with nothing but these variables."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def do(*arguments: str, env: Mapping[str, str]) -> Ended:
        for field in dataclasses.fields(Settings):
            monkeypatch.delenv(field.metadata["variable"], raising=False)
        for variable, value in {**env, "FITPRO_HOME": str(tmp_path)}.items():
            monkeypatch.setenv(variable, value)
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capfd.readouterr()
        return Ended(code, said.out + said.err)

    yield do
    root.handlers[:] = handlers
    root.setLevel(level)


def test_t60_a_process_without_a_secret_ends_before_it_does_anything(tmp_path: Path) -> None:
    """The same once with a real process."""
    env = {name: value for name, value in PRODUCTION.items() if name != "FITPRO_SECRET_KEY"}
    given = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "FITPRO_HOME": str(tmp_path), **env}
    arguments = [sys.executable, "-m", "config.cli", "worker"]
    ended = subprocess.run(arguments, env=given, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "FITPRO_SECRET_KEY" in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("variable", NEEDED)
def test_t60_a_start_without_a_secret_ends_and_names_the_variable_alone(run: Callable[..., Ended], variable: str, tmp_path: Path) -> None:
    ended = run("worker", env={name: value for name, value in PRODUCTION.items() if name != variable})
    assert ended.code != 0
    assert variable in ended.said
    assert [each for each in CANARIES if each in ended.said] == []
    assert not (tmp_path / "secret.key").exists()  # production never makes one up


@pytest.mark.parametrize("value", ["short", "a" * 64, "changeme" * 5])
def test_t60_a_secret_that_is_none_is_refused_and_not_repeated(run: Callable[..., Ended], value: str) -> None:
    ended = run("worker", env={**PRODUCTION, "FITPRO_SECRET_KEY": value})
    assert (ended.code, "FITPRO_SECRET_KEY" in ended.said, value in ended.said) == (1, True, False)


def test_t60_a_database_that_is_away_is_reported_without_its_password(run: Callable[..., Ended]) -> None:
    ended = run("db", "status", env=PRODUCTION)
    assert ended.code != 0
    assert ended.said
    assert [each for each in CANARIES if each in ended.said] == []


@pytest.mark.parametrize("command", ["", "worker", "db prepare", "plugin", "outbox list"])
def test_t60_help_shows_no_value(run: Callable[..., Ended], command: str) -> None:
    shown = run(*command.split(), "--help", env=PRODUCTION)
    assert (shown.code, "usage" in shown.said) == (0, True)
    assert [each for each in CANARIES if each in shown.said] == []


def test_t60_a_running_server_has_no_secret_in_its_arguments_and_its_log(settings: Settings, tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    secrets = [SECRET.decode(), *(role_password(SECRET, f"fitpro_{role}") for role in ("app", "auth", "relay", "owner", "backup"))]
    with servers.web_server(settings, log) as url:
        api = Api(url)
        somebody = api.signup()
        api.post("/auth/login", json={"email": somebody.email, "password": "a wrong long secret"})
        api.get("/api/v1/me", who=somebody)
        requests.get(f"{url}/api/v1/clients", headers={"Authorization": f"Bearer {somebody.token}x"}, timeout=10)
        arguments = [
            said.decode(errors="replace")
            for part in Path("/proc").glob("[0-9]*/cmdline")
            if b"granian" in (said := _read(part)) or b"postgres" in said
        ]
    assert any("granian" in each for each in arguments)
    secrets += [somebody.token, somebody.refresh, "a long enough secret", "a wrong long secret"]
    for text in (*arguments, log.read_text()):
        assert [each for each in secrets if each in text] == []


def _read(cmdline: Path) -> bytes:
    """Nothing of a process that ended meanwhile."""
    try:
        return cmdline.read_bytes()
    except OSError:
        return b""


def test_t60_settings_show_no_secret(settings: Settings) -> None:
    shown = repr(settings)
    assert SECRET.decode() not in shown
    assert role_password(SECRET, "fitpro_app") not in shown
