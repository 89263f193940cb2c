"""T26 for inviting and sending again: whether an address has an account shows neither in the answer nor in the time it takes."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable

import pytest

from plugins.workspaces.repository import Repository
from tests.security.pairs import CERTAIN, CLOSE_MS, Times, apart, closest, mann_whitney, said, told_apart
from tests.servers import Api, Person, Reply

PAIRS, TORTURE_PAIRS = 60, 1_000
OWN = ("id", "email", "expires_at", "created_at", "updated_at")
"""What each invitation has of its own: of these an answer shows what was sent, and moments."""
FLOWS = ("inviting", "sending again")


def answers(api: Api, owner: Person, email: str) -> tuple[list[Reply], list[float]]:
    """What inviting an address and sending the letter again answer, and how many milliseconds each took."""
    replies: list[Reply] = []
    took: list[float] = []

    def ask(send: Callable[[], Reply]) -> None:
        began = time.perf_counter()
        replies.append(send())
        took.append(1000 * (time.perf_counter() - began))
        assert replies[-1].status in (200, 201), replies[-1].body

    same = {"X-Request-Id": "same"}
    ask(lambda: api.post("/api/v1/users", json={"email": email, "role": "Colaborador"}, who=owner, headers=same))
    ask(lambda: api.post(f"/api/v1/invitations/{replies[0].json['id']}/resend", who=owner, headers=same))
    return replies, took


def compared(api: Api, pairs: int) -> list[Times]:
    """Milliseconds of each flow for addresses with an account and without, interleaved; every answer equal but for what is its own."""
    owner = api.signup()
    api.workspace(owner)
    known = [api.signup(email=f"known-{uuid.uuid4().hex}@example.com").email for _ in range(pairs)]
    times: list[Times] = [([], []) for _ in FLOWS]
    for email in known:
        told = {}
        for which in random.sample((0, 1), 2):
            replies, took = answers(api, owner, f"other-{uuid.uuid4().hex}@example.com" if which else email)
            told[which] = [said(reply, OWN) for reply in replies]
            for flow, ms in zip(times, took, strict=True):
                flow[which].append(ms)
        assert told[0] == told[1]
    return times


def test_t26_inviting_and_sending_again_tell_nothing_about_accounts(local: Api) -> None:
    difference = closest(lambda: max(apart(times) for times in compared(local, PAIRS)))
    print(f"T26: {' and '.join(FLOWS)}: medians differ by at most {difference:.3f} ms over {PAIRS} pairs")
    assert difference < CLOSE_MS


@pytest.mark.torture
def test_t26_a_thousand_pairs_of_invitations_cannot_be_told_apart(local: Api) -> None:
    """The best of three: another program may need the processor in the middle of one."""
    found = []
    for _ in range(3):
        found = [(flow, apart(times), mann_whitney(*times)) for flow, times in zip(FLOWS, compared(local, TORTURE_PAIRS), strict=True)]
        for flow, difference, p in found:
            print(f"T26: {flow}: medians differ by {difference:.3f} ms, p = {p:.3f}")
        if all(difference < CLOSE_MS and p > CERTAIN for _, difference, p in found):
            return
    raise AssertionError(found)


def test_t26_a_search_for_the_account_is_noticed(local: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seeded fault: somebody who is known costs a few milliseconds more."""
    honest = Repository.is_member

    def slow(self: Repository, email: str) -> bool:
        time.sleep(0.006 if email.startswith("known") else 0)
        return honest(self, email)

    monkeypatch.setattr(Repository, "is_member", slow)
    assert told_apart(lambda: compared(local, 40)[0])


def test_t26_an_answer_that_knows_the_account_is_noticed(local: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seeded fault: one header more for somebody who is known."""
    genuine = Api.post

    def telling(self: Api, path: str, **options: object) -> Reply:
        reply = genuine(self, path, **options)
        if path == "/api/v1/users" and reply.json["email"].startswith("known"):
            return Reply(reply.status, {**reply.headers, "X-Known": "1"}, reply.body)
        return reply

    monkeypatch.setattr(Api, "post", telling)
    with pytest.raises(AssertionError):
        compared(local, 1)
