"""T26 for inviting: whether an address has an account shows neither in the answer nor in the time it takes."""

from __future__ import annotations

import secrets
import time

import pytest

from plugins.workspaces.repository import Repository
from tests.security.pairs import CERTAIN, CLOSE_MS, apart, mann_whitney
from tests.servers import Api, Person

PAIRS, TORTURE_PAIRS = 60, 1_000


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


def compared(api: Api, pairs: int) -> list[tuple[list[float], list[float]]]:
    """Known against unknown addresses, interleaved: that the answers are equal, and the milliseconds of both, of inviting and of sending again."""
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
    return [([each[k] for each in took[0]], [each[k] for each in took[1]]) for k in (0, 1)]


def test_t26_inviting_and_sending_again_tell_nothing_about_accounts(local: Api) -> None:
    differences = [apart(times) for times in compared(local, PAIRS)]
    assert max(differences) < CLOSE_MS, differences


@pytest.mark.torture
def test_t26_inviting_tells_nothing_in_1000_pairs(local: Api) -> None:
    """The best of three: another program may need the processor in the middle of one."""
    for _ in range(3):
        found = [(apart(times), mann_whitney(*times)) for times in compared(local, TORTURE_PAIRS)]
        print("T26: inviting, sending again: " + ", ".join(f"medians differ by {difference:.3f} ms, p = {p:.3f}" for difference, p in found))
        if all(difference < CLOSE_MS and p > CERTAIN for difference, p in found):
            return
    raise AssertionError(found)


def test_t26_a_search_for_the_account_is_caught(local: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Repository.is_member

    def slow(self: Repository, email: str) -> bool:
        time.sleep(0.006 if email.startswith("p") else 0)  # who signed up here is called p…
        return honest(self, email)

    monkeypatch.setattr(Repository, "is_member", slow)
    assert max(apart(times) for times in compared(local, 12)) > CLOSE_MS
