"""Money: whole minor units and a currency; no floats anywhere."""

from __future__ import annotations

from dataclasses import dataclass

_INT64 = 2**63 - 1


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units (cents) of an ISO 4217 currency. Arithmetic refuses to mix currencies and to leave int64."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.amount, bool) or not isinstance(self.amount, int) or abs(self.amount) > _INT64:
            raise ValueError("amount must be an int64 number of minor units")
        if len(self.currency) != 3 or not (self.currency.isascii() and self.currency.isalpha() and self.currency.isupper()):
            raise ValueError("currency must be three capital letters")

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def portion(self, numerator: int, denominator: int) -> Money:
        """This amount times numerator/denominator, rounded half to even, exact at any size. denominator > 0."""
        if denominator <= 0:
            raise ValueError("denominator must be positive")
        quotient, remainder = divmod(self.amount * numerator, denominator)
        if 2 * remainder > denominator or (2 * remainder == denominator and quotient % 2):
            quotient += 1
        return Money(quotient, self.currency)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise ValueError(f"cannot combine {self.currency} with {other.currency}")
        return other.amount
