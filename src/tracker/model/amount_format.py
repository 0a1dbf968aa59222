"""How amounts are written back: the canonical text, from the fields alone.

It stands apart from the model, so that whoever only shows amounts need not wait for pydantic.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final, Protocol

_SCALES: Final = (("T", Decimal(10**12)), ("B", Decimal(10**9)), ("M", Decimal(10**6)))
_LEADS: Final = {"about": "about ", "up-to": "up to ", "over": "over ", "order-of-magnitude": "order of "}

# An amount has at most 38 digits: what is divided by a power of ten is exact.
_EXACT: Final = Context(prec=100)


class AmountFields(Protocol):
    """The fields of an amount, those of `tracker.model.amounts.Amount` or of a row."""

    @property
    def value(self) -> Decimal | None: ...
    @property
    def min(self) -> Decimal | None: ...
    @property
    def max(self) -> Decimal | None: ...
    @property
    def unit(self) -> str: ...
    @property
    def qualifier(self) -> str: ...
    @property
    def per(self) -> str | None: ...
    @property
    def over(self) -> str | None: ...
    @property
    def conditional(self) -> bool: ...
    @property
    def role(self) -> str: ...


def format_amount(amount: AmountFields) -> str:
    """Return the canonical text of an amount, which parses back to all of it but `verbatim`."""
    text = _LEADS.get(amount.qualifier, "") + spelled(amount)
    if amount.per is not None:
        text += f" per {amount.per}"
    if amount.over is not None:
        text += f" over {amount.over}"
    if amount.role != "increment":
        text += f" {amount.role}"
    return text + (" conditional" if amount.conditional else "")


def spelled(amount: AmountFields) -> str:
    """Return the numbers and the unit."""
    numbers = [number for number in (amount.value, amount.min, amount.max) if number is not None]
    texts = [_scaled(number, amount.unit) for number in numbers]
    # The scale of the upper end would be read as the lower end's too, so either both have one or neither.
    if len({text[-1:].isdigit() for text in texts}) > 1:
        texts = [_grouped(number) for number in numbers]
    return ("–".join(texts) + ("%" if amount.unit == "percent" else f" {amount.unit}")).strip()


def short(number: Decimal, unit: str) -> str:
    """Return a number with its scale and unit."""
    return _scaled(number, unit) + ("%" if unit == "percent" else f" {unit}")


def _scaled(number: Decimal, unit: str) -> str:
    """Return the number with the largest scale that leaves at most three decimals; power and percent take none."""
    for letter, scale in _SCALES if unit not in ("MW", "GW", "percent") else ():
        count = _EXACT.divide(number, scale)
        if count >= 1 and decimals(count) <= 3:
            return _grouped(count) + letter
    return _grouped(number)


def _grouped(number: Decimal) -> str:
    whole, point, fraction = plain(number).partition(".")
    return f"{int(whole):,}{point}{fraction}"


def plain(number: Decimal) -> str:
    """Return the number without exponent and trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def decimals(number: Decimal) -> int:
    """Return how many decimals a number has, trailing zeros apart."""
    return len(plain(number).partition(".")[2])
