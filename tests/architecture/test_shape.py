"""Reading the tree alone, a newcomer sees the architecture; this keeps it so."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("kernel", "ports", "adapters", "plugins", "config", "migrations")
TOP = {
    "kernel", "plugins", "adapters", "ports", "config", "migrations", "tests", "setup.cfg", "wsgi.py", "README.md", "pyproject.toml",
    "Makefile", "LICENSE", "CHANGELOG.md", "Dockerfile",
}  # fmt: skip
MODULE_LINES = 300
KERNEL_LINES = 1000
NAMELESS = re.compile(r"(^|_)(utils?|helpers?|common|misc|managers?|stuff)$")
"""Names that say nothing about what is inside."""


def modules(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def test_the_top_level_is_fixed() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert {path.partition("/")[0] for path in tracked if not path.startswith(".")} <= TOP


def test_no_module_is_longer_than_300_lines() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules(*PACKAGES)}
    assert {path: lines for path, lines in lengths.items() if lines > MODULE_LINES} == {}


def test_the_kernel_stays_small() -> None:
    assert sum(len(path.read_text().splitlines()) for path in modules("kernel")) <= KERNEL_LINES


def test_no_module_has_a_name_that_says_nothing() -> None:
    found = [path for path in modules(*PACKAGES, "tests") if NAMELESS.search(path.stem) or NAMELESS.search(path.parent.name)]
    assert [str(path.relative_to(ROOT)) for path in found] == []


@pytest.mark.parametrize("name", ["utils", "string_utils", "helpers", "misc", "task_manager", "common"])
def test_such_a_name_would_be_found(name: str) -> None:
    assert NAMELESS.search(name)


def test_every_module_says_in_one_line_what_it_is() -> None:
    silent = []
    for path in modules(*PACKAGES):
        text = path.read_text()
        if text.strip() and not ast.get_docstring(ast.parse(text)):
            silent.append(str(path.relative_to(ROOT)))
    assert silent == []


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in modules(*PACKAGES, "tests")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if path != Path(__file__) and marks.search(line)
    ]
    assert found == []


def test_only_one_folder_per_plugin_and_the_same_few_file_names_inside() -> None:
    allowed = {
        "__init__",
        "plugin",
        "events",
        "domain",
        "service",
        "ports",
        "schemas",
        "models",
        "repository",
        "resources",
        "tasks",
        "migrations",
        "mail",
    }
    strange = [
        f"{plugin.name}/{entry.name}"
        for plugin in (ROOT / "plugins").iterdir()
        if plugin.is_dir() and plugin.name != "__pycache__"
        for entry in plugin.iterdir()
        if entry.name != "__pycache__" and entry.stem not in allowed and entry.suffix in ("", ".py")
    ]
    assert strange == []
