"""What an amount is: exact numbers or bounds in one unit, which can be true, and how they are written back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from tracker.model.amount_format import decimals, format_amount, plain, short, spelled
from tracker.model.amount_text import EXACT, read_amount, read_duration, read_number, read_unit
from tracker.model.amount_words import CURRENCIES, FORMS, MAX_TEXT_LENGTH, UNITS, AmountError

__all__ = ["CURRENCIES", "UNITS", "Amount", "AmountError", "Qualifier", "format_amount", "normalised", "parse_amount"]

Qualifier = Literal["exact", "about", "up-to", "over", "range", "order-of-magnitude"]

# Amounts are stored as DECIMAL(38,6). MW keeps half the decimals, so that it can become GW without loss.
_DECIMALS: Final = 6
_DECIMALS_OF_MW: Final = 3
_INTEGER_DIGITS: Final = 32

# Above these an amount is a slip of the pen: ten times the world's yearly product in dollars (a thousand times more
# units of a currency worth less than a cent), all the power stations of the world, ten-fold growth in percent.
_MOST_MONEY: Final = Decimal(10**15)
_MOST_SMALL_MONEY: Final = Decimal(10**18)
_SMALL_MONEY: Final = frozenset(
    ("COP", "IDR", "IRR", "JPY", "KHR", "KRW", "LAK", "LBP", "MMK", "MNT", "NGN", "UZS", "VND")
)
_MOST: Final = {
    "GW": Decimal(10**4),
    "MW": Decimal(10**7),
    "GPU": Decimal(10**9),
    "percent": Decimal(1000),
    "shares": Decimal(10**13),
}


def _exact(given: object) -> Decimal | None:
    """Return a number as it is kept, or refuse what is not exact or does not fit into DECIMAL(38,6)."""
    if given is None:
        return None
    if isinstance(given, float):
        raise AmountError(repr(given), "a floating-point number is not exact: give it as text")
    if isinstance(given, bool) or not isinstance(given, str | int | Decimal):
        raise AmountError(type(given).__name__, "a number is expected")
    # Bit length and exponent come first: spelling out 10^400 or 1E+999999999 costs time and memory.
    if isinstance(given, int) and given.bit_length() > 200:
        raise AmountError("10^60 and more", f"it has more than {_INTEGER_DIGITS} digits")
    number = read_number(given) if isinstance(given, str) else Decimal(given)
    if not number.is_finite():
        raise AmountError(str(number), "it is not a finite number")
    if number < 0:
        raise AmountError(str(number), "an amount cannot be negative")
    if number == 0:
        return Decimal(0)
    if number.adjusted() >= _INTEGER_DIGITS:
        raise AmountError(str(number), f"it has more than {_INTEGER_DIGITS} digits before the point")
    if number.adjusted() < -_DECIMALS or decimals(number) > _DECIMALS:
        raise AmountError(str(number), f"it has more than {_DECIMALS} decimals")
    return Decimal(plain(number))


Number = Annotated[
    Decimal | None,
    BeforeValidator(_exact),
    PlainSerializer(lambda number: None if number is None else plain(number), when_used="json"),
    WithJsonSchema({"anyOf": [{"type": ["string", "integer"]}, {"type": "null"}], "default": None}),
]


class Amount(BaseModel):
    """How much, as a source put it: money, power, processors, a share; a number, or bounds, with its unit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: Annotated[Number, Field(description="The number, where the source gives one.")] = None
    min: Annotated[Number, Field(description="The lower bound; empty where there is none.")] = None
    max: Annotated[Number, Field(description="The upper bound; empty where there is none.")] = None
    unit: Annotated[
        str,
        BeforeValidator(lambda given: read_unit(given) if isinstance(given, str) else given),
        Field(description="ISO 4217 code of a currency, or MW, GW, GPU, percent, shares.", examples=["USD", "GW"]),
    ]
    qualifier: Annotated[
        Qualifier,
        Field(
            description="exact: the value as said; about: near it; up-to: only max; over: only min, at least or more; "
            "range: min and max; order-of-magnitude: only how many digits, as in 'several billion'."
        ),
    ] = "exact"
    per: Annotated[
        Literal["year", "quarter", "month"] | None, Field(description="A rate: so much in each of these.")
    ] = None
    over: Annotated[
        str | None,
        BeforeValidator(lambda given: read_duration(given) if isinstance(given, str) else given),
        Field(description="The time over which the amount is spread, such as 5 years."),
    ] = None
    conditional: Annotated[bool, Field(description="Whether it depends on conditions that are not yet met.")] = False
    role: Annotated[
        Literal["increment", "total", "cumulative", "round"],
        Field(
            description="increment: this much more; total: this much in all, replacing what was said before; "
            "cumulative: summed up to that day; round: the size of a whole round of which a party has a part."
        ),
    ] = "increment"
    verbatim: Annotated[
        str | None,
        Field(max_length=MAX_TEXT_LENGTH, description="The words as they stood, where they were not this short form."),
    ] = None

    @model_validator(mode="wrap")
    @classmethod
    def _accept_text(cls, given: Any, validated: ModelWrapValidatorHandler[Self]) -> Any:
        if isinstance(given, str):
            return parse_amount(given)
        if isinstance(given, int | float | Decimal):
            raise AmountError(type(given).__name__, "a number without a unit is no amount")
        if isinstance(given, Mapping) and given.get("qualifier") is None:
            return validated({**given, "qualifier": _implied_qualifier(given)})
        return validated(given)

    @model_validator(mode="after")
    def _can_be_true(self) -> Self:
        bounds = (self.value is not None, self.min is not None, self.max is not None)
        if bounds not in _SHAPES[self.qualifier]:
            raise AmountError(spelled(self), f"'{self.qualifier}' needs {_NEEDS[self.qualifier]}")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise AmountError(spelled(self), "its lower bound is above its upper bound")
        most = _most(self.unit)
        for number in (self.value, self.min, self.max):
            if number is not None and number > most:
                raise AmountError(spelled(self), f"more than {short(most, self.unit)} cannot be meant: check the scale")
            if number is not None and self.unit == "MW" and decimals(number) > _DECIMALS_OF_MW:
                raise AmountError(spelled(self), f"MW has at most {_DECIMALS_OF_MW} decimals")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        # What is read may be text as well; what is written never is.
        schema = handler(core_schema)
        if handler.mode == "serialization":
            return schema
        return {"anyOf": [{"type": "string", "description": f"For example {FORMS}."}, schema]}


_VALUE, _MIN, _MAX, _BOTH = (True, False, False), (False, True, False), (False, False, True), (False, True, True)
_SHAPES: Final = {
    "exact": {_VALUE},
    "about": {_VALUE, _BOTH},
    "up-to": {_MAX},
    "over": {_MIN},
    "range": {_BOTH},
    "order-of-magnitude": {_VALUE, _BOTH},
}
_NEEDS: Final = {
    "exact": "a value and no bounds",
    "about": "either a value or both bounds",
    "up-to": "max alone",
    "over": "min alone",
    "range": "min and max, and no value",
    "order-of-magnitude": "either a value or both bounds",
}


def _implied_qualifier(given: Mapping[str, object]) -> Qualifier:
    if given.get("value") is not None:
        return "exact"
    if given.get("min") is not None:
        return "range" if given.get("max") is not None else "over"
    return "up-to" if given.get("max") is not None else "exact"


def _most(unit: str) -> Decimal:
    return _MOST.get(unit, _MOST_SMALL_MONEY if unit in _SMALL_MONEY else _MOST_MONEY)


@lru_cache(maxsize=4_096)
def parse_amount(text: str) -> Amount:
    """Return the amount that a text states, in English or Chinese: `up to 11.9B USD`, `6.5亿美元`.

    The text is kept as `verbatim` unless it is the canonical one. Raises AmountError, and nothing else, for any text.
    Some 100 µs for a new text; those of the last 4,096 that state an amount are remembered.
    """
    try:
        amount = Amount.model_validate(read_amount(text))
    except ValidationError as invalid:
        raise AmountError(text, _reason(invalid)) from invalid
    written = text.strip()
    return amount if format_amount(amount) == written else amount.model_copy(update={"verbatim": written})


def _reason(invalid: ValidationError) -> str:
    first = invalid.errors(include_url=False, include_input=False)[0]
    cause = first.get("ctx", {}).get("error")
    return cause.why if isinstance(cause, AmountError) else first["msg"]


def normalised(amount: Amount) -> Amount:
    """Return the amount in the unit that amounts of its kind are added up in: MW becomes GW, exactly."""
    if amount.unit != "MW":
        return amount
    scaled = {name: _to_gw(getattr(amount, name)) for name in ("value", "min", "max")}
    return amount.model_copy(update={**scaled, "unit": "GW"})


def _to_gw(megawatts: Decimal | None) -> Decimal | None:
    return None if megawatts is None else Decimal(plain(EXACT.divide(megawatts, Decimal(1000))))
