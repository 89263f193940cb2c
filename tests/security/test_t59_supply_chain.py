"""T59: what is installed is what was locked: every requirement pinned with hashes, nothing missing, a changed package refused, and nothing older than
the weaknesses we know were mended. Those that nobody here knows of yet are a question to a service on the internet: `make audit`."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from config import sbom

ROOT = Path(__file__).parents[2]
LOCKS = {"requirements.in": "requirements.txt", "requirements-dev.in": "requirements-dev.txt"}
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z0-9,._-]+\])?==[^\s;]+(?: ; [^\\]+)?(?: \\)?$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")

MENDED = {
    "authlib": ("1.6.9", "CVE-2026-27962", "a token brought its own key; 1.6.5: headers without bound, CVE-2025-61920"),
    "joserfc": ("1.6.8", "CVE-2026-49852", "an empty key of HMAC was accepted"),
    "cryptography": ("46.0.7", "CVE-2026-39892", "buffers with gaps were read past their end"),
    "urllib3": ("2.6.3", "CVE-2026-21441", "an answer that redirects was unpacked without bound"),
    "orjson": ("3.11.6", "CVE-2025-67221", "deeply nested values exhausted the stack"),
    "marshmallow": ("4.1.2", "CVE-2025-68480", "lists with many faults took very long"),
    "flask": ("3.1.3", "CVE-2026-27205", "a shared cache could keep what a session saw"),
    "werkzeug": ("3.1.6", "GHSA-29vq-49wr-vm6x", "names of devices were opened as files on Windows"),
    "jinja2": ("3.1.6", "CVE-2025-27516", "a template left the sandbox"),
    "idna": ("3.7", "CVE-2024-3651", "long names took very long"),
}
"""The first version without a published weakness of what stands between strangers and the data. A floor for the lock, no audit."""


def name(requirement: str) -> str:
    return re.split(r"[\[<>=!~ ;]", requirement, maxsplit=1)[0].lower().replace("_", "-").replace(".", "-")


def flaws(lock: str) -> list[str]:
    """Lines that are neither a pin nor a hash, and pins without one."""
    found, pinned = [], ""
    for line in [*lock.splitlines(), "end==0"]:
        if HASH.match(line):
            pinned = ""
        elif PIN.match(line):
            found += [f"{pinned} has no hash"] if pinned else []
            pinned = line
        else:
            found.append(f"not pinned: {line}")
    return found


def flags() -> list[str]:
    """What the Makefile installs a lock with."""
    text = (ROOT / "Makefile").read_text()
    locked = re.search(r"^LOCKED := (.+)$", text, re.MULTILINE)
    assert locked is not None
    installs = re.findall(r"\$\(PIP\)[^\n]*-r config/[^\n]+", text)
    assert len(installs) == 2
    assert all("$(LOCKED)" in line for line in installs)
    return locked[1].split()


@pytest.mark.parametrize("lock", LOCKS.values())
def test_t59_every_requirement_is_pinned_with_hashes(lock: str) -> None:
    text = (ROOT / "config" / lock).read_text()
    assert flaws(text) == []
    assert "://" not in text


@pytest.mark.parametrize(("asked", "lock"), LOCKS.items())
def test_t59_everything_asked_for_is_locked(asked: str, lock: str) -> None:
    wanted = {name(line) for line in (ROOT / "config" / asked).read_text().splitlines() if line and line[0] not in "#-"}
    locked = {name(line) for line in (ROOT / "config" / lock).read_text().splitlines() if PIN.match(line)}
    assert wanted - locked == set()


def locked(lock: str) -> dict[str, Version]:
    """Every pin, of the lowest version where there are several."""
    found: dict[str, Version] = {}
    for line in filter(PIN.match, lock.splitlines()):
        version = Version(line.split("==")[1].split()[0])
        found[name(line)] = min(version, found.get(name(line), version))
    return found


def weak(lock: str) -> list[str]:
    """What is locked below the version in which a weakness was mended."""
    have = locked(lock)
    return [f"{package} {have[package]}: {id}, {what}" for package, (since, id, what) in MENDED.items() if have[package] < Version(since)]


def test_t59_nothing_is_locked_below_the_version_that_mended_it() -> None:
    assert weak((ROOT / "config" / "requirements.txt").read_text()) == []


@pytest.mark.parametrize("package", MENDED)
def test_t59_a_lock_that_goes_back_is_found(package: str) -> None:
    lock = (ROOT / "config" / "requirements.txt").read_text()
    older = re.sub(rf"^{package}==\S+", f"{package}==0.1", lock, flags=re.MULTILINE)
    assert [line.split()[0] for line in weak(older)] == [package]


def test_t59_the_audit_asks_about_exactly_what_is_locked() -> None:
    """It resolves nothing, takes the lock as it is, and fails where it is not answered: without --strict, what nobody knew would count as sound. What
    it asks is on the internet, so nothing more is tried here."""
    recipe = (ROOT / "Makefile").read_text().partition("\naudit:")[2].partition("\n\n")[0]
    assert "pip-audit --strict --require-hashes --disable-pip -r config/requirements.txt" in recipe


def test_t59_packaging_asks_for_what_is_locked() -> None:
    assert "install_requires = file: config/requirements.in" in (ROOT / "setup.cfg").read_text()


def test_t59_the_list_of_materials_is_exactly_what_is_locked_and_what_is_kept_here() -> None:
    """Read another way than it is written: every pin of the lock, every hash of every pin, and Swagger UI's own bytes."""
    listed = printed()
    pins: dict[str, set[str]] = {}
    for line in (ROOT / "config" / "requirements.txt").read_text().splitlines():
        if line[0] == " ":
            pins[next(reversed(pins))].add(line.split("sha256:")[1].split()[0])
        else:
            pins[line.split("==")[0].split("[")[0] + "@" + line.split("==")[1].split()[0]] = set()
    bundle = (ROOT / "adapters/http/docs/static/swagger-ui-bundle.js").read_bytes()
    ours = {each["purl"]: {digest["content"] for digest in each["hashes"]} for each in listed["components"]}
    kept = {purl: ours.pop(purl) for purl in list(ours) if not purl.startswith("pkg:pypi/")}
    assert ours == {f"pkg:pypi/{pin}": digests for pin, digests in pins.items()}
    assert [purl.partition("@")[0] for purl in kept] == ["pkg:npm/swagger-ui-dist"]
    assert list(kept.values()) == [{hashlib.sha256(bundle).hexdigest()}]
    assert b'PACKAGE_VERSION:"%s"' % next(iter(kept)).partition("@")[2].encode() in bundle
    assert len(ours) > 60
    assert len({each["bom-ref"] for each in listed["components"]}) == len(listed["components"])
    assert set(listed["dependencies"][0]["dependsOn"]) == {each["bom-ref"] for each in listed["components"]}


def test_t59_the_same_lock_makes_the_same_list_and_another_another() -> None:
    lock = (ROOT / "config" / "requirements.txt").read_text()
    once = sbom.document(lock)
    assert once == sbom.document(lock) == printed()
    other = sbom.document(lock + "another==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n")
    assert other["serialNumber"] != once["serialNumber"]
    assert len(other["components"]) == len(once["components"]) + 1


@pytest.mark.parametrize("line", ["flask>=3", "-e .", "flask @ https://example.org/flask.whl", "    --hash=sha256:" + "0" * 64])
def test_t59_a_lock_that_is_none_has_no_list(line: str) -> None:
    with pytest.raises(ValueError, match="neither a pin nor a hash"):
        sbom.document(line + "\n")


def printed() -> Any:
    """What `fitpro sbom` says, in a process of its own."""
    done = subprocess.run([sys.executable, "-m", "config.cli", "sbom"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("lock", "flaw"),
    [
        ("flask>=3\n    --hash=sha256:" + "0" * 64, "not pinned"),
        ("flask==3.1.3", "no hash"),
        ("flask==3.1.3 \\\n    --hash=md5:0", "not pinned"),
        ("flask @ https://example.org/flask.whl", "not pinned"),
        ("-e .", "not pinned"),
    ],
)
def test_t59_a_loose_line_is_found(lock: str, flaw: str) -> None:
    assert flaw in " ".join(flaws(lock))


@pytest.mark.parametrize(("changed", "code"), [(False, 0), (True, 1)])
def test_t59_a_package_that_is_not_the_locked_one_is_refused(tmp_path: Path, changed: bool, code: int) -> None:
    wheel = tmp_path / "lockedthing-1.0-py3-none-any.whl"
    _wheel(wheel, "original")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if changed:
        _wheel(wheel, "with something added")
    lock = tmp_path / "lock.txt"
    lock.write_text(f"lockedthing==1.0 \\\n    --hash=sha256:{digest}\n")
    given = [*flags(), "--no-index", "--find-links", str(tmp_path), "--target", str(tmp_path / "out"), "-r", str(lock)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *given],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert ("DO NOT MATCH THE HASHES" in done.stderr) == changed


def _wheel(path: Path, content: str) -> None:
    files = {
        "lockedthing.py": f"SAYS = {content!r}\n",
        "lockedthing-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: lockedthing\nVersion: 1.0\n",
        "lockedthing-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{file},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},{len(text)}\n"
        for file, text in files.items()
    )
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in {**files, "lockedthing-1.0.dist-info/RECORD": record + "lockedthing-1.0.dist-info/RECORD,,\n"}.items():
            archive.writestr(file, text)
