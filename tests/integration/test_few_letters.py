"""Letters that one person can have sent to another are few: to one address from anybody, and of one role that goes to and fro."""

from __future__ import annotations

import uuid
from dataclasses import replace

from config.bootstrap import install, web
from config.settings import Settings
from tests.office import Office
from tests.servers import Api, add_member, owner_of


def test_a_role_that_goes_to_and_fro_is_one_letter_of_the_last_one(server: Api, office: Office, settings: Settings) -> None:
    owner, member = server.signup(), server.signup()
    workspace = server.workspace(owner)
    add_member(settings, workspace, member, "Colaborador")
    office.work()
    before = len(office.mails(member.email))
    for role in ("Cliente", "Colaborador", "Cliente", "Colaborador", "Cliente"):
        assert server.put(f"/api/v1/users/{member.id}/role", json={"role": role}, who=owner, workspace=workspace).status == 200
    office.work()
    assert len(office.mails(member.email)) == before
    with owner_of(settings) as connection:  # the ten minutes are over
        queued = connection.execute(
            "update outbox_deliveries set available_at = now() where workspace_id = %s and handler like '%%:role_changed'", (workspace,)
        ).rowcount
    office.work()
    letters = office.mails(member.email)[before:]
    assert queued == len(letters) <= 2  # two when ten minutes ended in between
    assert {mail["Subject"].split(" at ")[0] for mail in letters} == {"Your role"}
    assert "you are now a client" in office.text(member.email)


def test_many_people_send_one_address_as_many_letters_as_it_may_get_and_are_not_told(settings: Settings, office: Office) -> None:
    api, target, other = Api(web(install(replace(settings, letters_account=5)))), *(f"t{n}-{uuid.uuid4().hex}@example.com" for n in range(2))
    people = [api.signup() for _ in range(4)]
    asked = [api.put("/api/v1/me/email", json={"email": target}, who=each).status for each in people for _ in range(2)]
    asked.append(api.put("/api/v1/me/email", json={"email": other}, who=people[-1]).status)
    office.work()
    assert (asked, len(office.mails(target)), len(office.mails(other))) == ([202] * 9, 5, 1)
