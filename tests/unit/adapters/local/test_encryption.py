"""Sealed values: bound to their place, named by their key, readable under every known key."""

from __future__ import annotations

import dataclasses
import os
from uuid import UUID

import pytest

from adapters.local.encryption import AesGcmEncryption
from config.secrets import data_keys
from kernel.ids import new_id
from ports.encryption import Place, Unreadable

OLD, NEW = os.urandom(32), os.urandom(32)
HERE = Place(new_id(), "clients_health", "sealed", new_id())
ELSEWHERE = [
    dataclasses.replace(HERE, workspace_id=new_id()),
    dataclasses.replace(HERE, table="clients_healt", column="hsealed"),
    dataclasses.replace(HERE, column="reason"),
    dataclasses.replace(HERE, id=new_id()),
]


def test_what_was_sealed_opens_in_its_place_and_reads_nowhere_else() -> None:
    encryption = AesGcmEncryption([OLD])
    sealed = encryption.seal(b"asthma", HERE)
    assert encryption.open(sealed, HERE) == b"asthma"
    for place in ELSEWHERE:
        with pytest.raises(Unreadable):
            encryption.open(sealed, place)


def test_the_place_makes_the_difference_and_not_the_workspaces_key() -> None:
    """The same workspace, the same key: only the associated data differ."""
    encryption = AesGcmEncryption([OLD])
    sealed = encryption.seal(b"asthma", HERE)
    assert all(place.workspace_id == HERE.workspace_id for place in ELSEWHERE[1:])
    assert [place for place in ELSEWHERE[1:] if _opens(encryption, sealed, place)] == []


def test_one_changed_character_anywhere_is_noticed() -> None:
    encryption = AesGcmEncryption([OLD])
    sealed = encryption.seal(b"allergic to penicillin", HERE)
    for at in range(len(sealed)):
        for other in "AB":
            if sealed[at] != other:
                assert not _opens(encryption, sealed[:at] + other + sealed[at + 1 :], HERE), at


def test_sealing_twice_gives_different_texts_that_tell_nothing() -> None:
    encryption = AesGcmEncryption([OLD])
    texts = {encryption.seal(b"asthma", HERE) for _ in range(1000)}
    assert len(texts) == 1000
    assert len({len(text) for text in texts}) == 1
    assert not any("asthma" in text for text in texts)


def test_an_earlier_key_still_opens_and_the_prefix_says_what_is_due() -> None:
    before, after = AesGcmEncryption([OLD]), AesGcmEncryption([NEW, OLD])
    sealed = before.seal(b"asthma", HERE)
    assert after.open(sealed, HERE) == b"asthma"
    assert sealed.startswith(before.prefix)
    assert not sealed.startswith(after.prefix)
    anew = after.seal(after.open(sealed, HERE), HERE)
    assert anew.startswith(after.prefix)
    assert not _opens(before, anew, HERE)
    assert AesGcmEncryption([OLD, NEW]).open(anew, HERE) == b"asthma", "the next key may be known before it is used"


@pytest.mark.parametrize("text", ["", "e1", "e1..", "e2.00000000.AAAA", "e1.00000000.AAAA", "é", "e1." + "0" * 8 + ".ÿ"])
def test_what_nobody_sealed_is_unreadable(text: str) -> None:
    assert not _opens(AesGcmEncryption([OLD]), text, HERE)


@pytest.mark.parametrize("keys", [[], [b"short"], [OLD, b""]])
def test_keys_of_another_size_are_refused(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        AesGcmEncryption(keys)


def test_the_secret_always_opens_what_was_sealed_before_there_was_a_data_key() -> None:
    secret, own, next_one = b"s" * 32, b"d" * 32, b"n" * 32
    first = AesGcmEncryption(data_keys(secret, b"", ()))
    sealed = first.seal(b"asthma", HERE)
    for later in (data_keys(secret, own, ()), data_keys(secret, own, (next_one,)), data_keys(b"other" * 8, own, (secret,))):
        assert AesGcmEncryption(later).open(sealed, HERE) == b"asthma"
    assert not _opens(AesGcmEncryption(data_keys(b"other" * 8, b"", ())), sealed, HERE)
    assert len(data_keys(secret, b"", (secret,))) == 1


def test_a_workspace_has_a_key_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeded: without the associated data, another workspace still cannot read it."""
    monkeypatch.setattr("adapters.local.encryption._associated", lambda _: b"")
    encryption = AesGcmEncryption([OLD])
    sealed = encryption.seal(b"asthma", HERE)
    assert [_opens(encryption, sealed, place) for place in ELSEWHERE] == [False, True, True, True]
    assert encryption.open(sealed, dataclasses.replace(HERE, id=UUID(int=0))) == b"asthma", "so the test above does prove the binding"


def _opens(encryption: AesGcmEncryption, sealed: str, place: Place) -> bool:
    try:
        encryption.open(sealed, place)
    except Unreadable:
        return False
    return True
