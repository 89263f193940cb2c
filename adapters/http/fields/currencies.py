"""Currencies: ISO 4217, as its maintenance agency (SIX) lists it in List One of 2026-01-01."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapters.http.fields.texts import String

_CODES: Final = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK
DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS
KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD
OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP
TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
ISO_4217: Final = frozenset(_CODES.split())
"""The alphabetic codes of money that people pay with: no metals, no funds, no test codes."""


class Currency(String):
    """The ISO 4217 code of a currency that people pay with (`EUR`)."""

    default_error_messages = {"invalid": "Not a currency code of ISO 4217, such as EUR."}  # noqa: RUF012 - as marshmallow declares it

    def __init__(self, *, metadata: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(min_length=3, max_length=3, metadata={"enum": sorted(ISO_4217), **(metadata or {})}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        code = super()._deserialize(value, attr, data, **kwargs)
        if code not in ISO_4217:
            raise self.make_error("invalid")
        return code
