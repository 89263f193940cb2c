"""`fitpro plugin new`: a plugin package that works as it is written, for its author to change."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from string import Template

from kernel.manifest import ID

PARTS = {
    "pyproject.toml": "pyproject.toml.txt",
    "README.md": "README.md.txt",
    ".gitignore": "gitignore.txt",
    "fitpro_$id/__init__.py": "plugin.py.txt",
    "fitpro_$id/migrations/0001_$id.py": "migration.py.txt",
    "tests/test_$id.py": "test.py.txt",
}


def write(id: str, folder: Path) -> list[Path]:
    """Write the files and return their paths. Raises ValueError for a bad id, and when the folder holds something already."""
    if not ID.fullmatch(id):
        raise ValueError(f"{id!r} cannot be a plugin's id: two to 24 lower-case letters and digits, a letter first.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} is there already and not empty.")
    names = {"id": id, "title": id.capitalize()}
    written = []
    for name, template in PARTS.items():
        path = folder / Template(name).substitute(names)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(files("config").joinpath("templates", template).read_text()).substitute(names))
        written.append(path)
    return written
