"""`fitpro plugin check`: what a plugin must satisfy before anybody installs it, tried on a scratch database."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path

import marshmallow as ma

from adapters.postgres import migrate
from adapters.postgres.migrate import Branch
from config import plugins, upgrades
from config.databases import connections, running
from config.settings import Settings
from kernel.manifest import Manifest
from kernel.registry import Candidate, Registry
from plugins.sdk import Plugin

OURS = frozenset({"kernel", "ports", "adapters", "plugins", "config", "migrations"})
SURFACE = frozenset({"plugins.sdk"})
_SCRATCH_SECRET = b"for a database that lives a minute"


@dataclass(slots=True)
class Report:
    """What was found. problems: reasons to refuse; advice: what a reader of the API will miss."""

    id: str
    problems: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Subject:
    """The plugin under check. source: its project folder; None when it is installed."""

    candidate: Candidate
    source: Path | None


def check(settings: Settings, path: str) -> Report:
    """Check the plugin of a project folder, or an installed one by its id. Raises ValueError when there is none."""
    subject = from_folder(Path(path)) if (Path(path) / "pyproject.toml").is_file() else _from_installed(path)
    report = Report(subject.candidate.id)
    others = [other for other in plugins.discover() if other.id != report.id]
    registry = plugins.load_all(found=iter([*others, subject.candidate]))
    if report.id in registry.failed:
        report.problems.append(registry.failed[report.id])
        return report
    manifest = registry.plugins[report.id]
    report.problems += _imports(manifest, bundled=subject.candidate.bundled)
    report.problems += _defaults(manifest)
    report.problems += migrations(settings, registry, report.id)
    if subject.source is not None and plugins.folder_of(manifest) is not None:
        report.problems += _wheel(subject.source, manifest)
    report.advice += _advice(manifest)
    return report


def from_folder(folder: Path) -> Subject:
    """The plugin of a project that need not be installed: its folder goes on the import path. Raises ValueError when it names none."""
    project = tomllib.loads((folder / "pyproject.toml").read_text()).get("project", {})
    points = project.get("entry-points", {}).get(plugins.GROUP, {})
    if len(points) != 1:
        raise ValueError(f'{folder}/pyproject.toml must name one plugin under [project.entry-points."{plugins.GROUP}"], it names {len(points)}.')
    for root in (folder, folder / "src"):
        sys.path.insert(0, str(root.absolute()))
    [(name, value)] = points.items()
    return Subject(plugins.candidate(EntryPoint(name, value, plugins.GROUP), str(project.get("version", ""))), folder)


def _from_installed(id: str) -> Subject:
    for candidate in plugins.discover():
        if candidate.id == id:
            return Subject(candidate, None)
    raise ValueError(f"{id} is neither a folder with a pyproject.toml nor an installed plugin.")


def _imports(manifest: Manifest, *, bundled: bool) -> Iterator[str]:
    """The sdk is the whole surface: what else is imported from us may change any day."""
    allowed = SURFACE | ({"kernel", "ports", f"plugins.{manifest.id}"} if bundled else set())
    for file in _files(manifest):
        for node in ast.walk(ast.parse(file.read_text(), str(file))):
            for name in _imported(node):
                if name.partition(".")[0] in OURS and not any(name == known or name.startswith(f"{known}.") for known in allowed):
                    yield f"{file.name}:{node.lineno} imports {name}: only plugins.sdk is there to stay"  # type: ignore[attr-defined]


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level and node.module is not None:
        return [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "plugins" else [node.module]
    return []


def _files(manifest: Manifest) -> list[Path]:
    file = Path(inspect.getfile(manifest.source)) if manifest.source is not None else None
    if file is None:
        return []
    return sorted(file.parent.rglob("*.py")) if file.name in ("__init__.py", "plugin.py") else [file]


def _defaults(manifest: Manifest) -> Iterator[str]:
    """A workspace switches it on without having set anything."""
    if manifest.settings is None:
        return
    try:
        manifest.settings().load({})
    except ma.ValidationError as error:
        yield f"settings do not load from {{}}: {error.messages}: give every field a load_default"


def migrations(settings: Settings, registry: Registry, id: str) -> Iterator[str]:
    """A sentence per problem. On a scratch database: up, no difference from the models, down, up again."""
    branch = next(branch for branch in plugins.branches(registry) if branch.id == id)
    try:
        head = branch.head()
    except Exception as error:  # noqa: BLE001 - the folder is the author's
        yield f"migrations: {error}"
        return
    if head is None:
        if branch.tables:
            yield f"has tables ({', '.join(sorted(branch.tables))}) but no migrations"
        return
    with tempfile.TemporaryDirectory(prefix="fitpro-check-") as home:
        scratch = dataclasses.replace(
            settings, home=Path(home), database_url=None, database_owner_url=None, database_direct_url=None, secret_key=_SCRATCH_SECRET
        )
        with running(scratch):
            yield from _there_and_back(scratch, registry, branch)


def _there_and_back(settings: Settings, registry: Registry, branch: Branch) -> Iterator[str]:
    owner = connections(settings).owner
    if reason := upgrades.upgrade(settings, registry=registry).get(branch.id):
        yield reason
        return
    yield from (f"the models differ from the migrations: {change}" for change in migrate.differences(owner, branch))
    try:
        migrate.downgrade(owner, branch)
    except Exception as error:  # noqa: BLE001 - the downgrade is the author's
        yield f"downgrade failed: {type(error).__name__}: {error}"
        return
    if left := sorted(branch.tables & migrate.tables(owner)):
        yield f"the downgrade leaves tables behind: {', '.join(left)}"
    elif reason := upgrades.upgrade(settings, registry=registry).get(branch.id):
        yield f"after a downgrade: {reason}"


def _wheel(source: Path, manifest: Manifest) -> Iterator[str]:
    """A package without its migrations works for its author and for nobody else."""
    folder = plugins.folder_of(manifest)
    wanted = {file.name for file in folder.glob("*.py")} if folder else set()
    with tempfile.TemporaryDirectory(prefix="fitpro-wheel-") as scratch:
        copy = shutil.copytree(source, Path(scratch) / "source", ignore=shutil.ignore_patterns(".git", ".venv", "build", "*.egg-info"))
        built = subprocess.run(
            [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index", "-w", scratch, str(copy)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        wheels = list(Path(scratch).glob("*.whl"))
        if not wheels:
            yield f"its wheel cannot be built: {(built.stderr.strip().splitlines() or ['no reason given'])[-1]}"
            return
        inside = {Path(name).name for name in zipfile.ZipFile(wheels[0]).namelist()}
    if missing := sorted(wanted - inside):
        yield f"the wheel lacks the migrations {', '.join(missing)}: add them as package data"


def _advice(manifest: Manifest) -> Iterator[str]:
    if not inspect.getdoc(manifest.source):
        yield "the module has no docstring: it is the plugin's description to whoever reads the code"
    if not manifest.description:
        yield "the plugin has no description=: it is what Owners read on their settings page"
    if isinstance(manifest, Plugin):
        for blueprint in manifest.blueprints:
            for operation in blueprint.operations:
                if not getattr(operation.view, operation.handler).__doc__:
                    yield f"{operation.method} {operation.rule} has no docstring: it is the summary in the API's documentation"
