"""`fitpro keys`: what signs access tokens, and the next key in its place."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from adapters.local.identity import KeyRing
from config.container import Container
from config.databases import existing
from config.settings import Settings
from config.signing import StoredKeyRing

Command = Callable[[Settings, argparse.Namespace], int]
Add = Callable[["argparse._SubParsersAction[argparse.ArgumentParser]", str, str, Command], argparse.ArgumentParser]


def add_commands(actions: argparse._SubParsersAction[argparse.ArgumentParser], add: Add) -> None:
    """Declare the actions of `fitpro keys`."""
    add(actions, "list", "which keys are published, and which of them signs", _list)
    rotate = add(actions, "rotate", "have the next key sign; happens by itself once a year, and no valid token is refused", _rotate)
    rotate.add_argument("--at-once", action="store_true", help="after an incident: forget every older key; all access tokens end within a minute")


def _with(settings: Settings, work: Callable[[StoredKeyRing], KeyRing]) -> int:
    with existing(settings):
        container = Container(settings=settings)
        try:
            for key in work(container.key_ring()).all_keys():
                print(f"{key.state.value:<8}  {key.kid}  since {key.since:%Y-%m-%d %H:%M} UTC")
        finally:
            container.auth_pool().close()
    return 0


def _list(settings: Settings, _: argparse.Namespace) -> int:
    return _with(settings, lambda ring: ring())


def _rotate(settings: Settings, options: argparse.Namespace) -> int:
    return _with(settings, lambda ring: ring.rotate(at_once=options.at_once))
