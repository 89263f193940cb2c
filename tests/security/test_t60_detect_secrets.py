"""T60: detect-secrets finds nothing new in any file of the repository. What test_t60_secrets.py looks for is less, but also in tests."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

import pytest
from detect_secrets.core import scan
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.settings import default_settings, transient_settings

from tests import tracked

ROOT = Path(__file__).parents[2]
UNREAD = {
    "config/requirements.txt": "pins and hashes, which T59 holds it to",
    "config/requirements-dev.txt": "the same",
    "adapters/local/identity/common_passwords.txt": "passwords that everybody knows",
}
REVIEWED = {
    "README.md": {"a long enough secret"},  # typed in the session that is shown
    "adapters/http/examples.py": {"correct horse battery"},  # the documented example
    "adapters/http/pages/static/page.js": {
        "Password", "The password is wrong.", "Contraseña", "La contraseña no es correcta.", "Palavra-passe", "A palavra-passe não está certa.",
    },  # what the page says
    "adapters/postgres/embedded/tuning.py": {"scram-sha-256"},  # a method's name
    "adapters/smtp/mailer.py": {"password"},  # where it stands in a URL
    "config/settings.py": {"password"},  # the same
    "plugins/accounts/schemas/access.py": {"0mEJ1q1hWq7Yb2nq7S4bV3o0b8n1l5vC1xk9Zt6uY2A"},  # documented examples, made up
    "plugins/accounts/schemas/security.py": {"q3b0n8yE7cJ1kq2Y5sV9fXo4m6T0aLrWzUdHgPiCeBs"},
    "plugins/workspaces/schemas/invitations.py": {"01a209fa1ad074e498ac20ca7a35fb78"},
}  # fmt: skip
"""What looks like a secret and is none."""
GUESSES = {"KeywordDetector", "Base64HighEntropyString", "HexHighEntropyString", "BasicAuthDetector"}
"""Detectors that go by a word beside a text, or by its disorder. Tests are full of passwords that they make up, and are read by the others alone."""


def found(paths: Iterable[str], root: Path = ROOT) -> dict[str, set[str]]:
    """What detect-secrets finds in files, by path; nothing is asked of anybody."""
    told: dict[str, set[str]] = {}
    with default_settings() as settings:
        guesses = [each for each in settings.json()["plugins_used"] if each["name"] in GUESSES - {"BasicAuthDetector"}]
        filters = settings.json()["filters_used"]
        shapes = {
            type(plugin).__name__: [re.compile(each.pattern, each.flags | re.MULTILINE) for each in plugin.denylist]
            for plugin in scan.get_plugins()
            if isinstance(plugin, RegexBasedDetector)
        }
    for path in paths:
        text = (root / path).read_text(errors="replace")
        # Most files have nothing of any shape: asking all detectors about each of their lines would take a minute.
        shaped = [{"name": name} for name, patterns in shapes.items() if any(each.search(text) for each in patterns)]
        used = [each for each in (*guesses, *shaped) if not (path.startswith("tests/") and each["name"] in GUESSES)]
        with transient_settings({"plugins_used": used, "filters_used": filters}) if used else nullcontext():
            secrets = {str(each.secret_value) for each in scan.scan_file(str(root / path))} if used else set()
        if secrets:
            told[path] = secrets
    return told


def test_t60_detect_secrets_finds_nothing_new() -> None:
    assert found(path for path in tracked.files() if path not in UNREAD) == REVIEWED


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("config/settings.py", 'password = "' + "hunter2-and-more" + '"'),
        ("config/settings.py", 'key = "' + "Zk3vQ9xT1LmR8wYc" + 'E5bN0aUj7DfGhKpS2i4o6Xr"'),
        ("adapters/x.py", 'url = "postgresql://' + "fitpro:hunter2hunter2" + '@db/x"'),
        ("README.md", "export STRIPE=" + "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"),
        ("tests/test_x.py", "-----BEGIN RSA PRIVATE" + " KEY-----"),
        ("tests/test_x.py", 'token = "ghp_' + "a1B2" * 9 + '"'),
        ("config/deploy/example.ini", "[aws]\nid = " + "AKIA" + "IOSFODNN7EXAMPL2"),
    ],
)
def test_t60_detect_secrets_finds_a_secret(tmp_path: Path, path: str, line: str) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"# A file of ours.\n{line}\n")
    assert list(found([path], tmp_path)) == [path]


def test_t60_without_git_the_same_files_are_read() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this checkout has no list of files to compare with")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    there = {path for path in listed if path and (ROOT / path).is_file()}
    assert there - set(tracked.walked()) == set()
    assert not [path for path in tracked.walked() if path.startswith((".venv/", ".git/", "tests/node_modules/"))]
