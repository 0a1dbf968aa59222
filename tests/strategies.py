"""Random events of every type, built from the catalogue: a type that is added is tried without a line here."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from pydantic import BaseModel

from tracker.books.forms import pattern_of
from tracker.model.amounts import Amount, parse_amount
from tracker.model.catalogue import EventType, FieldSpec, Kind, event_types
from tracker.model.development import Development

PARTIES = ("acme", "globex", "initech", "satya-nadella")

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
# A book strips the white space around a quote, which says nothing.
QUOTES = TEXTS.map(str.strip).filter(bool).map(lambda exact: {"exact": exact})
EDTF = st.sampled_from(
    [
        "2025-05-31",
        "2025",
        "2018-22",
        "2025-05",
        "../2025-05",
        "2023-11?",
        "2023-11/..",
        "20XX",
        "2025-05-2X",
        "1999~/2001%",
    ]
)
STAKES = st.sampled_from([*map(parse_amount, ["27%", "about 27%", "over 20%", "up to 49.9%", "0%", "100%"])])
AMOUNTS = st.sampled_from(
    [
        *map(
            parse_amount, ["650M USD", "up to 11.9B USD", "4.5 GW", "6.5亿美元", "数十亿美元", "about 27%", "5–10 GW"]
        ),
        *map(parse_amount, ["160M shares", "30B USD per year", "12 GPU over 5 years", "1T USD total conditional"]),
    ]
) | st.builds(lambda cents: Amount(value=Decimal(cents).scaleb(-2), unit="USD"), st.integers(0, 10**6))
DECIMALS = st.decimals(-10, 10, places=3)
PAIRS = st.sampled_from(["acme--globex", "globex--initech", "acme--initech"])
SHAPED = (
    "a",
    "cloud",
    "acme-2025",
    "cloud.new-capacity",
    "a.b-c.0",
    "010",
    "1423",
    "https://example.org/甲?b=c",
    "zh-Hans",
)
"""Texts of which each kind of text with a pattern takes some."""


@st.composite
def developments(draw: st.DrawFn, event: EventType | None = None, report: str = "r1") -> Development:
    """Return a random development of one type, or of any, told by one report about `PARTIES`."""
    chosen = event or draw(st.sampled_from(list(event_types().values())))
    specs = [spec for spec in chosen.fields if spec.name != "report"]
    fields = {s.attribute: draw(_values(s, chosen.cls)) for s in specs if s.required or draw(st.integers(0, 3)) == 0}
    return chosen.cls.model_validate({"report": report, **fields})


def _values(spec: FieldSpec, cls: type[BaseModel]) -> st.SearchStrategy[Any]:
    parties = st.sampled_from(PARTIES)
    by_kind: dict[Kind, st.SearchStrategy[Any]] = {
        Kind.EDTF: EDTF,
        Kind.PARTY: parties,
        Kind.PARTIES: st.lists(parties, max_size=3),
        Kind.TEXTS: st.lists(TEXTS, max_size=3),
        Kind.AMOUNT: STAKES if spec.name == "stake" else AMOUNTS,
        Kind.AMOUNTS: st.lists(AMOUNTS, max_size=2),
        Kind.CHOICE: st.sampled_from(spec.choices or ("",)),
        Kind.BOOLEAN: st.booleans(),
        Kind.INTEGER: st.integers(1, 6),
        Kind.DECIMAL: DECIMALS,
        Kind.BEARINGS: st.dictionaries(PAIRS, DECIMALS, max_size=2),
        Kind.QUOTE: QUOTES,
    }
    if spec.kind in by_kind:
        return by_kind[spec.kind]
    pattern = pattern_of(cls.model_fields[spec.attribute])
    return st.sampled_from([text for text in SHAPED if re.search(pattern, text)]) if pattern else TEXTS
