"""What plugin authors are given: a package written for them, its check, and a suite that catches a plugin's mistakes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import packages, servers


def test_a_new_plugin_passes_its_check_and_its_own_tests(tmp_path: Path) -> None:
    folder = tmp_path / "stretching"
    written = fitpro("plugin", "new", "stretching", "--folder", str(folder))
    assert written.returncode == 0, written.stderr
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 6
    checked = fitpro("plugin", "check", str(folder))
    assert (checked.returncode, checked.stdout) == (0, "stretching: everything holds\n"), checked.stderr
    outcomes = run_pytest(folder)
    assert set(outcomes.values()) == {"PASSED"}
    assert len(outcomes) == 9


def test_the_contract_holds_for_the_designs_plugin(tmp_path: Path) -> None:
    path = packages.install(tmp_path / "packages", "waitlist")
    suite = 'from config.testing import PluginContract\n\nclass TestContract(PluginContract):\n    plugin = "waitlist"\n'
    (tmp_path / "test_waitlist.py").write_text(suite)
    outcomes = run_pytest(tmp_path, path)
    assert set(outcomes.values()) == {"PASSED"}
    assert len(outcomes) == 8


def test_the_contract_fails_for_a_plugin_with_these_mistakes(tmp_path: Path) -> None:
    folder = tmp_path / "careless"
    fitpro("plugin", "new", "careless", "--folder", str(folder))
    migration = folder / "fitpro_careless/migrations/0001_careless.py"
    shown_to_all = migration.read_text().replace("app.protect('careless_note')", "app.protect('careless_note', cliente => 'client_id is not null')")
    migration.write_text(shown_to_all.replace("drop table careless_note", "select 1"))
    outcomes = run_pytest(folder)
    assert {name for name, outcome in outcomes.items() if outcome == "FAILED"} == {
        "test_rows_of_another_client_are_never_seen_by_a_cliente",
        "test_migrations_go_up_match_the_models_go_down_and_up_again",
    }
    checked = fitpro("plugin", "check", str(folder))
    assert checked.returncode == 1
    assert "the downgrade leaves tables behind: careless_note" in checked.stderr


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("from plugins.sdk", "from adapters.http import fields as raw\nfrom plugins.sdk"), "imports adapters.http: only plugins.sdk"),
        (("load_default=500", "required=True"), "settings do not load from {}"),
        (("requires=(\"clients\",)", "requires=()"), "refers to clients of clients, which is not in requires"),
        (("text: Mapped[str]", "text: Mapped[str]\n    seen: Mapped[bool]"), "the models differ from the migrations: ('add_column'"),
        (('@allow("write")', ""), "Notes.post (POST /api/v1/careless/notes) has no @allow"),
        (('    """After a note was written."""', "    ..."), "hook careless_noted has no docstring"),
    ],
)  # fmt: skip
def test_the_check_says_what_is_wrong(tmp_path: Path, change: tuple[str, str], problem: str) -> None:
    folder = tmp_path / "careless"
    fitpro("plugin", "new", "careless", "--folder", str(folder))
    module = folder / "fitpro_careless/__init__.py"
    assert change[0] in module.read_text()
    module.write_text(module.read_text().replace(*change))
    checked = fitpro("plugin", "check", str(folder))
    assert checked.returncode == 1
    assert problem in checked.stderr


def test_the_check_finds_migrations_that_the_wheel_lacks(tmp_path: Path) -> None:
    folder = tmp_path / "careless"
    fitpro("plugin", "new", "careless", "--folder", str(folder))
    project = folder / "pyproject.toml"
    project.write_text(re.sub("package-data.*\n", "", project.read_text()))
    checked = fitpro("plugin", "check", str(folder))
    assert (checked.returncode, "the wheel lacks the migrations 0001_careless.py" in checked.stderr) == (1, True), checked.stderr


@pytest.mark.parametrize(("id", "reason"), [("Big", "cannot be a plugin's id"), ("ok\n", "cannot be a plugin's id"), ("fine", "not empty")])
def test_a_package_is_not_written_over_something_or_under_a_bad_name(tmp_path: Path, id: str, reason: str) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    refused = fitpro("plugin", "new", id, "--folder", str(tmp_path))
    assert (refused.returncode, reason in refused.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def environment(path: Path | None = None) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("FITPRO_", "DATABASE_", "PG", "PYTEST_"))}
    # The kit is named below, whether or not the product is installed with its entry point.
    return {**clean, "PYTHONPATH": packages.path(*([path] if path else [])), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def fitpro(*arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**environment(), "FITPRO_LOG_LEVEL": "warning", "FITPRO_SECRET_KEY": servers.SECRET.decode()}
    command = [sys.executable, "-m", "config.cli", *arguments]
    return subprocess.run(command, env=env, cwd=servers.ROOT, capture_output=True, text=True, timeout=120, check=False)


def run_pytest(folder: Path, path: Path | None = None) -> dict[str, str]:
    """Test name → outcome, of a run in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-p", "config.testing", "-v", "--rootdir", str(folder), "-p", "no:cacheprovider", str(folder)]
    ran = subprocess.run(command, env=environment(path), cwd=folder, capture_output=True, text=True, timeout=180, check=False)
    outcomes = dict(re.findall(r"::(test_\w+) (PASSED|FAILED|ERROR|SKIPPED)", ran.stdout))
    assert outcomes, ran.stdout + ran.stderr
    if "FAILED" in outcomes.values() or "ERROR" in outcomes.values():
        print(ran.stdout[-6000:])
    return outcomes
