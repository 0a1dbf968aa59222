"""What happens in a synthetic history: each type of development with fields that are valid and look like a report's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

Fields = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """Two organisations that deal with each other; `name` goes into the keys of what they have between them."""

    name: str
    first: str
    second: str


@dataclass(frozen=True)
class Setting:
    """What a development may draw from: the persons of a world, and the days of its report."""

    persons: tuple[str, ...]
    published_on: str
    later: str


Draw = Callable[[Random, Pair, Setting], Fields]


def _amount(rng: Random) -> str:
    number = rng.choice((1, 2, 3, 5, 10, 12, 40)) * 10 ** rng.randint(0, 2)
    form = rng.choice(("{}M USD", "{}M USD", "up to {}M USD", "about {}M USD", "over {}M USD", "{}M EUR"))
    return form.format(number)


def _capacity(rng: Random) -> str:
    return rng.choice(("{} MW", "up to {} MW", "about {} MW", "{}M USD", "{}M USD total")).format(
        rng.randint(1, 60) * 25
    )


def _exclusivity(rng: Random, pair: Pair, setting: Setting) -> Fields:
    fields: Fields = {"grantor": pair.first, "holder": pair.second, "coverage": rng.choice(_COVERAGES)}
    if rng.random() < 0.2:
        fields["expires"] = setting.later
    if rng.random() < 0.1:
        fields["carve_outs"] = [rng.choice(("research", "defence customers", "on-device models"))]
    return fields


def _levelled(rng: Random, pair: Pair, setting: Setting) -> Fields:
    return {**_exclusivity(rng, pair, setting), "level": rng.choice(_LEVELS)}


def _compute(rng: Random, pair: Pair, setting: Setting) -> Fields:
    fields: Fields = {
        "provider": pair.second,
        "customer": pair.first,
        "commitment": f"{pair.name}-c{rng.randint(1, 3)}",
        "amounts": [_capacity(rng)],
    }
    if rng.random() < 0.3:
        fields["starts"], fields["expires"] = setting.published_on[:7], setting.later
    if rng.random() < 0.2:
        fields["layer"] = rng.choice(("site", "chip"))
    return fields


def _capital(rng: Random, pair: Pair, _: Setting) -> Fields:
    fields = {"investor": pair.second, "investee": pair.first, "amount": _amount(rng)}
    if rng.random() < 0.2:
        fields["stake"] = f"about {rng.randint(1, 49)}%"
    return fields


def _licence(rng: Random, pair: Pair, _: Setting) -> Fields:
    return {
        "licensor": pair.first,
        "licensee": pair.second,
        "subject": rng.choice(("model-ip", "model-ip.research", "chip-designs")),
        "exclusive": rng.choice(("yes", "no")),
    }


def _right(rng: Random, pair: Pair, _: Setting) -> Fields:
    return {
        "holder": pair.second,
        "against": pair.first,
        "right": rng.choice(("sale-consent", "restructuring-consent")),
    }


def _revenue(rng: Random, pair: Pair, _: Setting) -> Fields:
    return {
        "payer": pair.first,
        "payee": pair.second,
        "share": f"{rng.randint(1, 25)}%",
        "capped": rng.choice(("yes", "no")),
    }


def _agreement(rng: Random, pair: Pair, _: Setting) -> Fields:
    return {
        **_between(rng, pair, _),
        "agreement": f"{pair.name}-a{rng.randint(1, 9)}",
        "subject": rng.choice(_SUBJECTS),
    }


def _seat(rng: Random, pair: Pair, setting: Setting) -> Fields:
    return {
        "organisation": pair.first,
        "holder": pair.second,
        "person": rng.choice(setting.persons),
        "kind": rng.choice(("voting", "observer")),
    }


def _leader(rng: Random, pair: Pair, setting: Setting) -> Fields:
    return {"organisation": pair.first, "person": rng.choice(setting.persons), "office": rng.choice(_OFFICES)}


def _restructuring(rng: Random, pair: Pair, _: Setting) -> Fields:
    return {"organisation": pair.first, "form": rng.choice(("a public benefit corporation", "a holding"))}


def _hiring(rng: Random, pair: Pair, setting: Setting) -> Fields:
    return {"organisation": pair.second, "source": pair.first, "people": [rng.choice(setting.persons)]}


def _between(rng: Random, pair: Pair, _: Setting) -> Fields:
    sides = (pair.first, pair.second) if rng.random() < 0.5 else (pair.second, pair.first)
    return dict(zip(("party", "counterparty"), sides, strict=True))


def _about(rng: Random, pair: Pair, setting: Setting) -> Fields:
    return {**_between(rng, pair, setting), "subject": rng.choice(_SUBJECTS)}


def _dispute(rng: Random, pair: Pair, setting: Setting) -> Fields:
    return {**_between(rng, pair, setting), "topic": rng.choice(("price", "model-access", "staff", "priority"))}


def _statement(rng: Random, pair: Pair, setting: Setting) -> Fields:
    fields = {"about": pair.second, "stance": rng.choice(("supportive", "neutral", "neutral", "critical", "silent"))}
    if rng.random() < 0.5:
        return {"speaker": pair.first, **fields}
    return {"speaker": rng.choice(setting.persons), "for": pair.first, **fields}


def _assessment(rng: Random, pair: Pair, _: Setting) -> Fields:
    return {
        "about": pair.first,
        "counterparty": pair.second,
        "subject": rng.choice(_SUBJECTS),
        "likelihood": rng.choice(("unlikely", "even", "likely", "very-likely")),
    }


def _rivalry(rng: Random, pair: Pair, _: Setting) -> Fields:
    return {"party": pair.second, "rival": pair.first, "product": f"Model {rng.randint(1, 40)}"}


def _dependence(rng: Random, pair: Pair, _: Setting) -> Fields:
    direction = rng.choice(("reduced", "sought-reduction", "extended"))
    return {"dependent": pair.first, "supplier": pair.second, "direction": direction}


def _acquisition(rng: Random, pair: Pair, _: Setting) -> Fields:
    return {
        "acquirer": pair.second,
        "target": pair.first,
        "amount": _amount(rng),
        "form": rng.choice(("asset", "merger")),
    }


def _regulatory(rng: Random, pair: Pair, _: Setting) -> Fields:
    return {"authority": pair.first, "party": pair.second, "subject": rng.choice(_SUBJECTS)}


def _coded(rng: Random, pair: Pair, setting: Setting) -> Fields:
    code, goldstein = rng.choice(_CODES)
    sides = _between(rng, pair, setting)
    return {"source": sides["party"], "target": sides["counterparty"], "cameo": code, "goldstein": goldstein}


_COVERAGES = ("cloud", "cloud.new-capacity", "cloud.api", "model-ip")
_LEVELS = ("exclusive", "exclusive", "first-refusal", "first-offer", "preferred")
_SUBJECTS = ("supply of accelerators", "the terms of access", "a joint laboratory", "prices of capacity", "模型使用权")
_OFFICES = ("CEO", "CTO", "chair", "chief scientist")
# Codes of the shape that CAMEO has, with values of this file's own choice: what they mean plays no part in a benchmark.
_CODES = (("010", "0"), ("042", "1.9"), ("051", "3.4"), ("112", "-2"), ("131", "-5.8"), ("061", "6.4"), ("1246", "-5"))

KINDS: dict[str, tuple[int, Draw]] = {
    "statement-made": (180, _statement),
    "contact-made": (90, _between),
    "interaction-coded": (90, _coded),
    "assessment-published": (70, _assessment),
    "request-made": (45, _about),
    "request-refused": (20, _about),
    "notice-withheld": (10, _about),
    "dispute-raised": (40, _dispute),
    "dispute-settled": (20, _dispute),
    "legal-action-taken": (12, _about),
    "regulatory-action-taken": (12, _regulatory),
    "rival-effort-started": (15, _rivalry),
    "rival-product-launched": (20, _rivalry),
    "dependence-changed": (20, _dependence),
    "investment-made": (45, _capital),
    "investment-requested": (15, _capital),
    "investment-reconsidered": (8, _capital),
    "acquisition-made": (10, _acquisition),
    "compute-committed": (45, _compute),
    "compute-requested": (10, _compute),
    "compute-expanded": (25, _compute),
    "compute-reduced": (10, _compute),
    "compute-paused": (6, _compute),
    "compute-resumed": (5, _compute),
    "compute-cancelled": (4, _compute),
    "compute-delivered": (15, _compute),
    "exclusivity-granted": (30, _levelled),
    "exclusivity-relaxed": (20, _levelled),
    "exclusivity-ended": (8, _exclusivity),
    "term-affirmed": (20, _levelled),
    "licence-granted": (20, _licence),
    "licence-amended": (8, _licence),
    "licence-ended": (5, _licence),
    "right-granted": (12, _right),
    "right-exercised": (5, _right),
    "right-waived": (5, _right),
    "right-ended": (3, _right),
    "revenue-share-agreed": (10, _revenue),
    "revenue-share-changed": (6, _revenue),
    "agreement-reached": (40, _agreement),
    "agreement-ended": (10, _agreement),
    "board-seat-planned": (6, _seat),
    "board-seat-taken": (8, _seat),
    "board-seat-given-up": (5, _seat),
    "restructuring-announced": (6, _restructuring),
    "restructuring-completed": (4, _restructuring),
    "leader-appointed": (12, _leader),
    "leader-removed": (5, _leader),
    "leader-departed": (8, _leader),
    "people-hired": (20, _hiring),
}
"""Each type with how often it comes up, in parts of the sum, and what draws its own fields."""
