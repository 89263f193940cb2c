"""Phone numbers: what is one, and how it is kept."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from plugins.clients.domain.phones import dialable
from plugins.clients.domain.register import phone_key
from plugins.clients.schemas.health import HealthInputSchema


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("+34 600 000 000", "+34600000000"), (" +34-600.000/000 ", "+34600000000"), ("+44 (0)20 7946 0000", "+442079460000"),
        ("+1 (212) 555-0100", "+12125550100"), ("+351\u00a0912\u2011345\u2011678", "+351912345678"), ("\uff0b34600000000", "+34600000000"),
        ("+123456789012345", "+123456789012345"), ("+1234", "+1234"),
        ("600  000\t001", "600 000 001"), ("(91) 123-45.67/8", "(91) 123-45.67/8"), ("1120", "1120"), ("0034600000001", "0034600000001"),
        ("12345678901234567890", "12345678901234567890"), ("\uff16\uff10\uff10\uff11", "6001"), ("600\u2013001", "600-001"),
    ],
)  # fmt: skip
def test_a_number_is_kept_in_one_form(written: str, kept: str) -> None:
    assert dialable(written) == kept


@pytest.mark.parametrize(
    "written",
    [
        "", " ", "+", "112", "1-2-3", "+123", "+0034600000000", "+34 600 000 000 000 00", "123456789012345678901", "+34 600 x", "600 000 001 ext 2",
        "600,000,001", "++34600000000", "34+600000000", "tel:600000000", "none", "-", "()", "\u0661\u0662\u0663\u0664\u0665", "=600000000", "@6000",
        "600000000;", "<b>600000</b>",
    ],
)  # fmt: skip
def test_anything_else_is_none(written: str) -> None:
    with pytest.raises(ValueError, match="digits"):
        dialable(written)


@given(st.text(st.sampled_from("+0123456789 ()-./\u00a0\u2013x"), max_size=30))
def test_keeping_twice_is_keeping_once_and_who_it_is_stays(written: str) -> None:
    with contextlib.suppress(ValueError):
        kept = dialable(written)
        assert dialable(kept) == kept
        assert "(0)" in written or phone_key(kept) == phone_key(written)


def test_whoever_is_called_in_an_emergency_can_be_called() -> None:
    contact = {"name": "Marta", "phone": "+34 600 000 000"}
    assert HealthInputSchema().load({"emergency_contact": contact})["emergency_contact"]["phone"] == "+34600000000"
    with pytest.raises(ValidationError) as refused:
        HealthInputSchema().load({"emergency_contact": {**contact, "phone": "her sister"}})
    assert list(refused.value.normalized_messages()["emergency_contact"]) == ["phone"]
