"""Consents: what signing up needs, and which answers are news."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kernel.errors import Invalid
from plugins.accounts.domain import DOCUMENTS, Purpose, Standing, agreed, complete, differs

AT = datetime(2026, 11, 1, tzinfo=UTC)
TODAY = Standing(True, DOCUMENTS[Purpose.MARKETING], AT)
OLDER = Standing(True, "2020-01-01", AT)
WITHDRAWN = Standing(False, DOCUMENTS[Purpose.MARKETING], AT)


def test_signing_up_grants_what_was_said_yes_to() -> None:
    assert agreed({"terms": True, "privacy": True}) == (Purpose.TERMS, Purpose.PRIVACY)
    assert agreed({"terms": True, "privacy": True, "marketing": True}) == tuple(Purpose)
    assert agreed({"terms": True, "privacy": True, "marketing": False}) == (Purpose.TERMS, Purpose.PRIVACY)


@pytest.mark.parametrize(
    ("given", "pointers"),
    [
        ({"terms": True, "privacy": False}, ["/consents/privacy"]),
        ({"terms": False, "privacy": True}, ["/consents/terms"]),
        ({"marketing": True}, ["/consents/terms", "/consents/privacy"]),
    ],
)
def test_signing_up_without_a_required_consent_is_refused_where_it_is_missing(given: dict[str, bool], pointers: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        agreed(given)
    assert [fault.pointer for fault in refused.value.errors] == pointers


@pytest.mark.parametrize(
    ("standing", "granted", "news"),
    [
        (Standing(), True, True),
        (Standing(), False, False),
        (TODAY, True, False),
        (TODAY, False, True),
        (OLDER, True, True),
        (WITHDRAWN, True, True),
        (WITHDRAWN, False, False),
    ],
)
def test_an_answer_is_recorded_when_it_changes_something(standing: Standing, granted: bool, news: bool) -> None:
    assert differs(standing, Purpose.MARKETING, granted) is news


def test_every_purpose_has_a_standing_even_without_a_record() -> None:
    assert complete([("terms", TODAY)]) == {"terms": TODAY, "privacy": Standing(), "marketing": Standing()}


def test_every_purpose_names_the_text_it_is_about() -> None:
    assert set(DOCUMENTS) == set(Purpose)
