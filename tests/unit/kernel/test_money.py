"""Money is whole, exact and never mixed."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Money

amounts = st.integers(-(2**61), 2**61)
LARGEST = 2**63 - 1


@given(a=amounts, b=amounts)
def test_taking_away_what_was_added_gives_the_first_amount(a: int, b: int) -> None:
    assert Money(a, "EUR") + Money(b, "EUR") - Money(b, "EUR") == Money(a, "EUR")
    assert Money(a, "EUR") + -Money(a, "EUR") == Money(0, "EUR")


@given(amount=amounts, numerator=st.integers(0, 1000), denominator=st.integers(1, 1000))
def test_a_portion_is_the_nearest_whole_amount_and_the_even_one_of_two(amount: int, numerator: int, denominator: int) -> None:
    numerator = min(numerator, denominator)
    assert Money(amount, "EUR").portion(numerator, denominator).amount == round(Fraction(amount * numerator, denominator))


@pytest.mark.parametrize("amount", [1.0, "1", True, None, LARGEST + 1, -LARGEST - 1])
def test_an_amount_is_an_int64(amount: object) -> None:
    with pytest.raises(ValueError, match="int64"):
        Money(amount, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["eur", "EU", "EURO", "ÉUR", "12E", ""])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    with pytest.raises(ValueError, match="currency"):
        Money(1, currency)


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="cannot combine EUR with BRL"):
        Money(1, "EUR") + Money(1, "BRL")


def test_a_sum_beyond_int64_is_refused() -> None:
    with pytest.raises(ValueError, match="int64"):
        Money(LARGEST, "EUR") + Money(1, "EUR")


def test_a_portion_of_nothing_divided_is_refused() -> None:
    with pytest.raises(ValueError, match="denominator"):
        Money(1, "EUR").portion(1, 0)
