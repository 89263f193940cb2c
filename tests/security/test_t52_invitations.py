"""T52, invitations: letters to whoever somebody names. Five an hour to one address from all workspaces, a hundred of one person."""

from __future__ import annotations

import dataclasses
import secrets
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.local.limits import MeteredPostage
from adapters.postgres.quotas import PostgresMeter
from config.bootstrap import install, web
from config.settings import Settings
from kernel.errors import RateLimited, Unavailable
from ports.limits import Quota, Standing
from tests import servers
from tests.invited import planted
from tests.servers import Api, Person, Reply, add_member, owner_of

TO_ONE, OF_ONE = 5, 100


@pytest.fixture
def limited(settings: Settings, tmp_path: Path) -> Api:
    """The product in this process, with the default allowances."""
    return Api(web(install(changed(settings, tmp_path))))


def changed(settings: Settings, home: Path) -> Settings:
    defaults = {name: Settings.__dataclass_fields__[name].default for name in ("invitations_address", "invitations_person")}
    assert defaults == {"invitations_address": TO_ONE, "invitations_person": OF_ONE}
    return dataclasses.replace(settings, home=home, workers=2, **defaults)


def fresh() -> str:
    return f"{secrets.token_hex(6)}@example.com"


def invited(api: Api, who: Person, email: str, workspace: str | None = None) -> Reply:
    return api.post("/api/v1/users", json={"email": email, "role": "Cliente"}, who=who, workspace=workspace)


def resent(api: Api, who: Person, invitation: str) -> Reply:
    return api.post(f"/api/v1/invitations/{invitation}/resend", who=who)


def letters(settings: Settings, workspaces: list[str]) -> int:
    with owner_of(settings) as connection:
        found = connection.execute(
            "select count(*) from outbox_deliveries where workspace_id = any(%s::uuid[]) and handler = 'workspaces:invitation'", (workspaces,)
        ).fetchone()
    assert found is not None
    return int(found[0])


def refused_in_time(reply: Reply) -> None:
    assert (reply.status, reply.json["code"]) == (429, "too_many_letters")
    assert 1 <= int(reply.headers["Retry-After"]) <= 720, "one more each twelve minutes"


def test_one_address_gets_five_letters_an_hour_however_often_it_is_sent_again(limited: Api, settings: Settings) -> None:
    owner = limited.signup()
    workspace = limited.workspace(owner)
    made = invited(limited, owner, fresh())
    said = [resent(limited, owner, made.json["id"]) for _ in range(40)]
    assert [reply.status for reply in said] == [200] * (TO_ONE - 1) + [429] * 36
    refused_in_time(said[-1])
    assert letters(settings, [workspace]) == TO_ONE
    kept = limited.get(f"/api/v1/invitations/{made.json['id']}", who=owner).json
    assert kept["version"] == TO_ONE, "what is refused makes no link worthless"


def test_nine_workspaces_of_three_people_are_counted_together_for_one_address(limited: Api, settings: Settings) -> None:
    target, workspaces, said = fresh(), [], []
    for owner in [limited.signup() for _ in range(3)]:
        for _ in range(3):
            workspaces.append(limited.workspace(owner))
            said.append(invited(limited, owner, target, workspaces[-1]))
    assert [reply.status for reply in said] == [201] * TO_ONE + [429] * 4
    refused_in_time(said[-1])
    assert letters(settings, workspaces) == TO_ONE


def test_an_address_with_an_account_and_one_without_are_refused_alike(limited: Api) -> None:
    """T26: what is counted is the address, as it was written and in its compared form."""
    said = []
    for target in (limited.signup().email, fresh()):
        owner = limited.signup()
        limited.workspace(owner)
        id = invited(limited, owner, target.upper()).json["id"]
        replies = [resent(limited, owner, id) for _ in range(TO_ONE)]
        said.append([(reply.status, {**reply.json, "request_id": ""} if reply.status == 429 else {}) for reply in replies])
    assert said[0] == said[1]
    assert said[0][-1][0] == 429


def test_a_studio_invites_a_hundred_clients_and_then_waits(limited: Api, settings: Settings) -> None:
    owner, colleague = limited.signup(), limited.signup()
    workspace = limited.workspace(owner)
    add_member(settings, workspace, colleague, "Colaborador")
    said = [invited(limited, owner, fresh()).status for _ in range(OF_ONE + 3)]
    assert said[:OF_ONE] == [201] * OF_ONE
    assert said[OF_ONE:] == [429] * 3
    assert letters(settings, [workspace]) == OF_ONE
    assert invited(limited, colleague, fresh()).status == 201, "each person has their own"


def test_what_is_refused_for_another_reason_costs_nothing(limited: Api, settings: Settings) -> None:
    owner = limited.signup()
    limited.workspace(owner)
    target = fresh()
    id = invited(limited, owner, target).json["id"]
    for _ in range(10):
        assert invited(limited, owner, target).json["code"] == "already_invited"
        assert invited(limited, owner, owner.email).json["code"] == "already_member"
    assert [resent(limited, owner, id).status for _ in range(TO_ONE)] == [200] * (TO_ONE - 1) + [429]


def test_two_processes_send_one_invitation_five_times(settings: Settings, tmp_path: Path) -> None:
    with servers.web_server(changed(settings, tmp_path), tmp_path / "web.log", workers=2) as url:
        api = Api(url)
        owner = api.signup()
        workspace = api.workspace(owner)
        with owner_of(settings) as connection:
            id, _ = planted(connection, workspace, owner.id, fresh())
        with ThreadPoolExecutor(8) as threads:
            said = Counter(threads.map(lambda _: resent(api, owner, id).status, range(24)))
    assert said[200] == TO_ONE
    assert set(said) <= {200, 429, 503}
    assert letters(settings, [workspace]) == TO_ONE


def test_what_cannot_be_counted_is_not_sent(limited: Api, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = limited.signup()
    workspace = limited.workspace(owner)

    def down(*_: object) -> Standing:
        raise Unavailable

    with monkeypatch.context() as patched:
        patched.setattr(PostgresMeter, "take", down)
        assert invited(limited, owner, fresh()).status == 503
    assert letters(settings, [workspace]) == 0
    assert invited(limited, owner, fresh()).status == 201


def test_a_letter_that_an_address_does_not_get_costs_its_sender_nothing() -> None:
    meter = Scripted()
    with pytest.raises(RateLimited) as refused:
        MeteredPostage(meter, Quota("of", 100, 3_600), Quota("to", 5, 3_600)).pay(uuid.uuid4(), "ana@example.com")
    assert refused.value.retry_after_s == 4
    assert meter.taken == ["to"]


class Scripted:
    """Allows everything but letters to one address."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def take(self, quota: Quota, _: int) -> Standing:
        self.taken.append(quota.name)
        return Standing(quota.name != "to", 0, 3.2, 3.2)

    def give_back(self, quota: Quota, _: int) -> None:
        self.taken.remove(quota.name)
