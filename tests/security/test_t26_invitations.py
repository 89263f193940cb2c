"""T26 for inviting: whether an address has an account shows neither in the answer nor in the time it takes."""

from __future__ import annotations

import secrets
import statistics
import time

import pytest

from plugins.workspaces.repository import Repository
from tests.servers import Api, Person

PAIRS, TORTURE_PAIRS = 60, 1_000
CLOSE_MS = 2.0


def told(api: Api, owner: Person, email: str) -> tuple[dict[str, object], list[float]]:
    """What inviting an address and sending again answer, without what is each invitation's own; and how long each took, in ms."""
    took, answers = [], []
    path, body = "/api/v1/users", {"email": email, "role": "Colaborador"}
    for _ in range(2):
        started = time.perf_counter()
        reply = api.post(path, json=body, who=owner)
        took.append(1000 * (time.perf_counter() - started))
        assert reply.status in (200, 201), reply.body
        answers.append(reply)
        path, body = f"/api/v1/invitations/{answers[0].json['id']}/resend", None
    own = ("id", "email", "expires_at", "created_at", "updated_at")
    return {f"{reply.status} {name}": value for reply in answers for name, value in reply.json.items() if name not in own}, took


def compared(api: Api, pairs: int) -> list[float]:
    """Known against unknown addresses, interleaved: that the answers are equal, and by how many ms the medians differ."""
    owner = api.signup()
    api.workspace(owner)
    known = [api.signup().email for _ in range(pairs)]
    took: tuple[list[list[float]], list[list[float]]] = ([], [])
    for n, email in enumerate(known):
        order = (0, 1) if n % 2 else (1, 0)
        said = {}
        for which in order:
            said[which], times = told(api, owner, f"{secrets.token_hex(12)}@example.com" if which else email)
            took[which].append(times)
        assert said[0] == said[1]
    return [abs(statistics.median(t[k] for t in took[0]) - statistics.median(t[k] for t in took[1])) for k in (0, 1)]


def test_t26_inviting_and_sending_again_tell_nothing_about_accounts(local: Api) -> None:
    differences = compared(local, PAIRS)
    assert max(differences) < CLOSE_MS, differences


@pytest.mark.torture
def test_t26_inviting_tells_nothing_in_1000_pairs(local: Api) -> None:
    differences = compared(local, TORTURE_PAIRS)
    assert max(differences) < CLOSE_MS, differences


def test_t26_a_search_for_the_account_is_caught(local: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Repository.is_member

    def slow(self: Repository, email: str) -> bool:
        time.sleep(0.006 if email.startswith("p") else 0)  # who signed up here is called p…
        return honest(self, email)

    monkeypatch.setattr(Repository, "is_member", slow)
    assert max(compared(local, 12)) > CLOSE_MS
