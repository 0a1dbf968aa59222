"""How two organisations treat each other (rules 24 to 28)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from oracle.accounts import Cut
from oracle.happenings import Touch

MATERIALITY = {
    "minor": Decimal("0.5"),
    None: Decimal(1),
    "normal": Decimal(1),
    "major": Decimal("1.5"),
    "landmark": Decimal(2),
}
STAGES = {
    "rumoured": Decimal("0.25"),
    "talks": Decimal("0.25"),
    "planned": Decimal("0.5"),
    "letter-of-intent": Decimal("0.5"),
}
HALF_LIVES = {("word", True): 60, ("word", False): 120, ("deed", True): 365, ("deed", False): 365}


def relationship_tone(touched: Iterable[Touch], cut: Cut) -> dict[str, dict[str, float]]:
    """Return r, s and tone by relationship."""
    together: dict[tuple[Any, ...], list[tuple[float, str, float]]] = defaultdict(list)
    found: dict[str, dict[str, float]] = {}
    for touch in touched:
        found[touch.relationship] = {"r": 0.0, "s": 0.0}
        happening = touch.happening
        if touch.intensity and happening.credibility:
            new, left = _weights(touch, cut.as_of)
            same = touch.relationship, happening.best.origin, happening.effective_on
            together[same].append((-new, happening.occurrence, left if touch.intensity > 0 else -left))
    for (relationship, *_), pieces in together.items():
        for _, _, e in sorted(pieces)[:5]:
            found[relationship]["r" if e > 0 else "s"] += abs(e)
    for row in found.values():
        row["tone"] = 100 * (row["r"] + 1) / (row["r"] + row["s"] + 2)
    return found


def _weights(touch: Touch, as_of: date) -> tuple[float, float]:
    """Return what a happening weighed on the day from which it counts, and what is left of that."""
    happening = touch.happening
    strength = (
        abs(touch.intensity)
        / 10
        * MATERIALITY[happening.fields["materiality"]]
        * STAGES.get(happening.fields["stage"], Decimal(1))
        * happening.credibility
    ).quantize(Decimal("0.000000000001"))
    half_life = HALF_LIVES[happening.best.development.CONDUCT, touch.intensity > 0]
    end = happening.effective_on
    start = min(happening.earliest or _years_before(end, 2), end)
    middle = (start.toordinal() + end.toordinal()) / 2
    new, left = (float(strength) * 2 ** (-(day.toordinal() - middle) / half_life) for day in (end, as_of))
    return new, left


def _years_before(day: date, years: int) -> date:
    return day.replace(year=day.year - years, day=28 if (day.month, day.day) == (2, 29) else day.day)
