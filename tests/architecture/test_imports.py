"""The direction of every import, enforced; and proof that a wrong one would be found."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

from config import plugins

ROOT = Path(__file__).parents[2]
PACKAGES = ("kernel", "ports", "adapters", "plugins", "config")

FAULTS = {
    "config > plugins > adapters > ports > kernel": ("kernel/ids.py", "import ports.clock"),
    "adapters never import each other": ("adapters/local/clock.py", "import adapters.postgres.wire"),
    "plugins never import each other, only the sdk": ("plugins/clients/resources/register.py", "import plugins.workspaces.schemas"),
    "inside a plugin, edges depend on the core": ("plugins/clients/domain/register.py", "import plugins.clients.service.register"),
    "plugins reach adapters only through the sdk": ("plugins/clients/resources/register.py", "import adapters.http.runner"),
    "the core knows no framework": ("plugins/clients/service/register.py", "import sqlalchemy"),
    "only config/ knows the container and the environment": ("adapters/local/clock.py", "import dependency_injector"),
}
"""Contract → where a line is added that breaks it."""


def test_every_import_goes_the_right_way() -> None:
    checked = lint(ROOT)
    assert checked.returncode == 0, checked.stdout


def test_each_contract_finds_its_own_violation(tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    for path, line in FAULTS.values():
        with (tmp_path / path).open("a") as file:
            file.write(f"{line}\n")
    checked = lint(tmp_path)
    assert checked.returncode == 1
    assert {name for name in FAULTS if f"{name} BROKEN" in checked.stdout} == set(FAULTS), checked.stdout


def test_the_contracts_are_those_with_a_proof_and_speak_of_every_plugin() -> None:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    contracts = {parser[section]["name"]: parser[section] for section in parser.sections() if section.startswith("importlinter:contract:")}
    assert set(contracts) == set(FAULTS)
    folders = {path.parent.name for path in (ROOT / "plugins").glob("*/__init__.py")}
    assert folders == {candidate.id for candidate in plugins.discover() if candidate.bundled}
    # A wildcard, so that a new plugin is under the rules the moment its folder exists.
    assert contracts["plugins never import each other, only the sdk"]["modules"].split() == ["plugins.*"]
    assert contracts["inside a plugin, edges depend on the core"]["containers"].split() == ["plugins.*"]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
