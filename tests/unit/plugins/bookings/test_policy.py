"""What cancelling late and not coming cost, to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kernel.money import Money
from plugins.bookings.domain.policy import NoShow, Outcome, Policy, absence, cancellation

START = datetime(2026, 5, 4, 9, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)
FEE = Money(1500, "EUR")


@pytest.mark.parametrize(
    ("at", "late"),
    [(START - 2 * DAY, False), (START - DAY - TICK, False), (START - DAY, False), (START - DAY + TICK, True), (START, True), (START + DAY, True)],
)
def test_cancelling_is_free_until_exactly_the_agreed_time_before(at: datetime, late: bool) -> None:
    assert cancellation(START, at, Policy(DAY, FEE)) == Outcome(late, FEE if late else None)


def test_free_until_the_start_means_the_start_itself() -> None:
    policy = Policy(timedelta(), FEE)
    assert [cancellation(START, at, policy).late for at in (START - TICK, START, START + TICK)] == [False, False, True]


def test_late_without_a_fee_is_still_late() -> None:
    assert cancellation(START, START, Policy(DAY)) == Outcome(True, None)


def test_a_day_before_is_24_hours_also_when_the_clocks_are_set_in_between() -> None:
    zone = ZoneInfo("Europe/Lisbon")
    start = datetime(2026, 3, 29, 9, tzinfo=zone)
    assert cancellation(start, datetime(2026, 3, 28, 8, tzinfo=zone), Policy(DAY, FEE)).late is False
    assert cancellation(start, datetime(2026, 3, 28, 9, tzinfo=zone), Policy(DAY, FEE)).late is True


def test_not_coming_costs_what_the_policy_says() -> None:
    assert absence(Policy(DAY, FEE, NoShow.CHARGE, Money(4000, "EUR"))) == Money(4000, "EUR")
    assert absence(Policy(DAY, FEE, NoShow.FORGIVE, Money(4000, "EUR"))) is None
    assert absence(Policy(DAY, FEE, NoShow.CHARGE)) is None


@pytest.mark.parametrize("wrong", [{"free_until": -TICK}, {"late_fee": Money(0, "EUR")}, {"no_show_fee": Money(-1, "EUR")}])
def test_a_policy_has_no_negative_times_or_fees(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"free until|fee"):
        Policy(**{"free_until": DAY, **wrong})  # type: ignore[arg-type]
