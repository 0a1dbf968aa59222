"""How amounts are written, in English and Chinese: text in, exact decimals and a unit out."""

from __future__ import annotations

import re
from decimal import Context, Decimal
from typing import Final, NamedTuple

from tracker.errors import did_you_mean
from tracker.model.amount_words import MAX_TEXT_LENGTH, UNITS, AmountError, chinese_number, chinese_scale, scan
from tracker.model.names import suggest

# Wide enough for every product of numbers in the longest text: what is read is exact.
EXACT: Final = Context(prec=2 * MAX_TEXT_LENGTH)

_NUMBER: Final = re.compile(r"(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]+)?")
# In half of Europe 1.200 is twelve hundred, and nobody else writes a nought after two decimals.
_THOUSANDS_OR_DECIMALS: Final = re.compile(r"[1-9]\d{0,2}\.\d\d0")
_ONE: Final = Decimal(1)


class _Quantity(NamedTuple):
    low: Decimal
    high: Decimal | None  # where the words themselves span a range, as 数十亿 does
    scale: Decimal
    unit: str | None
    closed: bool  # a unit followed, so that the scale of a later number cannot be meant for this one


def read_amount(text: str) -> dict[str, str | bool | Decimal]:
    """Return the fields of the amount that the text states. Raises AmountError, and nothing else, for any text."""
    reading = _Reading(text)
    while reading.leading():
        pass
    first, second = reading.ends()
    while reading.trailing():
        pass
    reading.end()
    unit = second.unit if second and second.unit else first.unit
    if unit is None:
        raise reading.error("a unit is missing")
    factor = Decimal(1)
    if unit == "kW":
        unit, factor = "MW", Decimal("0.001")
    bounds = {name: EXACT.multiply(number, factor) for name, number in _bounds(reading, first, second).items()}
    said = {field: value for field, value in reading.said.items() if field != "conditional"}
    return {**bounds, **said, "unit": unit, "conditional": "conditional" in reading.said}


def _bounds(reading: _Reading, first: _Quantity, second: _Quantity | None) -> dict[str, Decimal]:
    """Return the numbers under the names of their fields, and settle the qualifier."""
    low, high = first.low, first.high
    if second is not None:
        low, high = _range(reading, first, second)
    qualifier = reading.said.setdefault("qualifier", "exact" if high is None else "range")
    if high is None:
        return {{"up-to": "max", "over": "min"}.get(qualifier, "value"): low}
    if qualifier in ("exact", "up-to", "over"):
        raise reading.error(f"a range has its own bounds and cannot be '{qualifier}' as well")
    if first.high is not None:
        reading.said["qualifier"] = "order-of-magnitude"
    return {"min": low, "max": high}


def _range(reading: _Reading, first: _Quantity, second: _Quantity) -> tuple[Decimal, Decimal]:
    if first.high is not None or second.high is not None:
        raise reading.error("a range needs two clear ends")
    if first.unit is not None and second.unit is not None and first.unit != second.unit:
        raise reading.error(f"its ends have two units, {first.unit} and {second.unit}")
    # In 5–10B USD and 50至100亿美元 the scale is meant for both ends.
    shared = first.scale == _ONE and not first.closed
    low = EXACT.multiply(first.low, second.scale) if shared else first.low
    if low > second.low:
        raise reading.error("its lower end is above its upper end: write the scale at both ends, as in 500M–1B USD")
    return low, second.low


def read_number(text: str) -> Decimal:
    """Return the number that the text states: `11.9B`, `1,000`, `65亿`."""
    reading = _Reading(text)
    number = reading.quantity()
    if reading.left() or reading.said or number.unit or number.high is not None:
        raise reading.error("a number alone belongs here, such as 11.9B; unit and qualifier are fields of their own")
    return number.low


def read_duration(text: str) -> str:
    """Return the duration as it is kept: `5 years`, `18 months`."""
    reading = _Reading(text)
    duration = reading.duration()
    reading.end()
    return duration


def read_unit(text: str) -> str:
    """Return the unit that the text names: `usd` and `美元` give `USD`."""
    if text in UNITS:
        return text
    try:
        reading = _Reading(text)
        unit = reading.take("unit")
        known = unit in UNITS and not reading.left()
    except AmountError:
        unit, known = None, False
    if unit is None or not known:
        meant = did_you_mean(suggest(text[:MAX_TEXT_LENGTH], UNITS))
        why = f"unknown unit{meant or ':'} use an ISO 4217 code such as USD, or MW, GW, GPU, percent, shares"
        raise AmountError(text, why)
    return unit


class _Reading:
    """A text under way: the words not yet used, and what has been said beside the numbers."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = scan(text)
        self.at = 0
        self.said: dict[str, str] = {}

    def error(self, why: str) -> AmountError:
        return AmountError(self.text, why)

    def left(self) -> bool:
        return self.at < len(self.tokens)

    def end(self) -> None:
        if self.left():
            raise self.error("its end is not understood")

    def kind(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead].kind if self.at + ahead < len(self.tokens) else ""

    def take(self, *kinds: str) -> str | None:
        if self.kind() not in kinds:
            return None
        self.at += 1
        return self.tokens[self.at - 1].payload

    def say(self, field: str, value: str | None) -> bool:
        if value is None:
            return False
        if field in self.said:
            raise self.error(f"it has two statements of '{field}', of which one is enough")
        self.said[field] = value
        return True

    def leading(self) -> bool:
        """Read one qualification that stands before the numbers, where `over` is a bound unless a time follows."""
        if self.said:
            self.take("comma")
        bound = self.take("over") is not None
        if self.kind() in ("number", "chinese") and self.kind(1) == "time":
            return self.say("over", self.duration())
        if bound:
            return self.say("qualifier", "over")
        if self.take("tilde") is not None:
            return self.say("qualifier", "about")
        return self.say("qualifier", self.take("qualifier")) or self._anywhere()

    def trailing(self) -> bool:
        """Read one qualification that stands after the numbers, where `over` leads in a duration."""
        if self.take("comma") is not None and not self.left():
            raise self.error("nothing follows its last comma")
        if self.take("over") is not None:
            return self.say("over", self.duration())
        return self.say("qualifier", self.take("afterwards")) or self._anywhere()

    def _anywhere(self) -> bool:
        if self.take("lasting") is not None:
            return self.say("over", self.duration())
        return any(self.say(field, self.take(field)) for field in ("per", "role", "conditional"))

    def duration(self) -> str:
        count, time = self.number(), self.take("time")
        self.take("lasted")
        if time is None or count not in range(1, 1000):
            raise self.error("a duration is a whole number and a unit of time, such as 5 years or 30 months")
        return f"{int(count)} {time}" + ("s" if count > 1 else "")

    def ends(self) -> tuple[_Quantity, _Quantity | None]:
        """Read one quantity, or the two ends of a range: 5–10 GW, between 5 and 10 GW."""
        joint = ("and",) if self.take("between") is not None else ("dash", "tilde")
        self.take("from")
        first = self.quantity()
        if self.take(*joint) is not None:
            return first, self.quantity()
        if "and" in joint:
            raise self.error("between needs two numbers joined by 'and'")
        return first, None

    def quantity(self) -> _Quantity:
        """Read a number with its scale, and its unit on either side."""
        before = self.take("percent-of", "unit")
        vague = self.take("vague")
        if self.take("teens") is not None:
            scale = self._vague_scale()
            low, high = EXACT.multiply(scale, Decimal(10)), EXACT.multiply(scale, Decimal(20))
        elif vague is None:
            low, scale = self._scaled_number()
            high = None
        else:
            # 数十亿 is some tens of 亿: from two of them, where "some" begins, to ten, where the next word does.
            scale = EXACT.multiply(Decimal(vague), self._vague_scale())
            low, high = EXACT.multiply(scale, Decimal(2)), EXACT.multiply(scale, Decimal(10))
        self.say("qualifier", self.take("afterwards"))
        filler = self.take("filler")
        after = self.take("unit")
        if filler is not None and after is None:
            raise self.error("a unit is missing")
        if before is not None and after is not None and before != after:
            raise self.error(f"{before} and {after} contradict each other: write the unit once, as in 650M CAD")
        return _Quantity(low, high, scale, after or before, after is not None)

    def _vague_scale(self) -> Decimal:
        scale = self._scale()
        if scale is None:
            raise self.error("how many it means is not clear")
        return scale

    def _scaled_number(self) -> tuple[Decimal, Decimal]:
        written = self.tokens[self.at].payload if self.kind() == "chinese" else ""
        number = self.number()
        self.say("qualifier", self.take("afterwards"))
        scale = self._scale()
        if scale is None:
            own = re.search("(万亿|亿|万)$", written)
            return number, (own and chinese_scale(own[0])) or _ONE
        total, last = EXACT.multiply(number, scale), scale
        # 1亿5000万 counts down through the scales.
        while self.kind() == "number" and self.kind(1) == "chinese":
            number, smaller = self.number(), self._vague_scale()
            part = EXACT.multiply(number, smaller)
            if part >= last:
                raise self.error("its parts do not count down")
            total, last = EXACT.add(total, part), smaller
        return total, scale

    def _scale(self) -> Decimal | None:
        if (run := self.take("chinese")) is not None:
            scale = chinese_scale(run)
            if scale is None:
                raise self.error(f"'{run}' is not clear as a scale: write for example 65亿")
            return scale
        written = self.take("scale")
        return None if written is None else Decimal(written)

    def number(self) -> Decimal:
        """Read a bare number, in digits or in Chinese numerals."""
        if self.kind() == "dash":
            raise self.error("an amount cannot be negative")
        if (run := self.take("chinese")) is not None:
            number = chinese_number(run)
            if number is None and len(run) > 1 and "qualifier" in self.said:
                # 百亿 alone may be ten billion or some tens; 近百亿 and 上百亿 are near and above the former.
                number = chinese_scale(run)
            if number is None:
                raise self.error(f"'{run}' is not clear as a number: write it in digits, such as 65亿")
            return number
        written = self.take("number")
        if written is None:
            raise self.error("a number is missing")
        if not _NUMBER.fullmatch(written):
            raise self.error(f"'{written}' is no number: a comma parts groups of three digits, a point the decimals")
        if _THOUSANDS_OR_DECIMALS.fullmatch(written):
            plain = written.replace(".", "")
            raise self.error(f"'{written}' may be {plain} or {written.rstrip('0').rstrip('.')}: write one of them")
        return Decimal(written.replace(",", ""))
