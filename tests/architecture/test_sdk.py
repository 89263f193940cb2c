"""What plugin authors rely on: the sdk's surface, and the hooks the bundled plugins offer."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from config import plugins
from kernel.registry import Registry
from plugins import sdk

SURFACE = Path(__file__).with_name("sdk_surface.txt")
TESTS = Path(__file__).parents[1]
OURS = ("kernel", "ports", "adapters", "plugins")


def test_the_surface_is_the_recorded_one() -> None:
    """A line that goes or changes breaks plugins out there: keep it for a year, or raise `kernel.manifest.API`. Then record it."""
    found = list(surface())
    recorded = SURFACE.read_text().splitlines()
    gone = [line for line in recorded if line not in found]
    new = [line for line in found if line not in recorded]
    assert (gone, new) == ([], []), "\n".join([f"- {line}" for line in gone] + [f"+ {line}" for line in new])


def test_the_surface_names_only_what_exists_and_in_order() -> None:
    assert sdk.__all__ == sorted(sdk.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name))
    assert [name for name in sdk.__all__ if not hasattr(sdk, name)] == []


def test_every_hook_is_documented_with_typed_arguments() -> None:
    problems = {name: hook.problems() for name, (_, hook) in registry().hooks.items()}
    assert {name: found for name, found in problems.items() if found} == {}


def test_every_hook_occurs_in_a_test() -> None:
    texts = [path.read_text() for path in TESTS.rglob("*.py")]
    assert [name for name in registry().hooks if not any(name in text for text in texts)] == []


def registry() -> Registry:
    return plugins.load_all(strict=True, found=(candidate for candidate in plugins.discover() if candidate.bundled))


def surface() -> Iterator[str]:
    """A line per name, with the signature of what is ours."""
    for name in sdk.__all__:
        value = getattr(sdk, name)
        if inspect.ismodule(value):
            yield f"{name}: module {value.__name__}"
            if value.__name__.startswith(OURS):
                yield from (f"{name}.{line}" for line in _members(value))
        else:
            yield f"{name}{_signature(value)}"
    yield from (f"ctx.{line}" for line in _members(type(sdk.ctx)))
    yield from (f"Plugin.{line}" for line in _members(sdk.Plugin))


def _members(owner: Any) -> Iterator[str]:
    for name, value in sorted(inspect.getmembers(owner)):
        if name.startswith("_") or inspect.ismodule(value):
            continue
        if getattr(value, "__module__", "").startswith(OURS) or isinstance(value, property):
            yield f"{name}{_signature(value)}"


def _signature(value: Any) -> str:
    """Names and defaults of the arguments; types may be written in many ways."""
    if not callable(value) or not getattr(value, "__module__", "").startswith(OURS):
        return ""
    try:
        parameters = inspect.signature(value).parameters.values()
    except ValueError:
        return ""
    empty = inspect.Parameter.empty
    return str(inspect.Signature([parameter.replace(annotation=empty) for parameter in parameters]))
