"""What histories are drawn from: few parties, days and keys, so that everything meets everything."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

Entry = dict[str, Any]
"""One document of the notation that enters one thing; `recorded` is its day."""

Draw = Callable[[Random], Any]
"""What draws a value: hypothesis's own strategies mutate a few examples, where many unlike ones are wanted."""

DAYS = ("2024-01-10", "2024-03-05", "2024-03-06", "2024-06-30", "2024-12-01")
PERSONS = ("jo-doe", "mo-roe")
REPORTS = ("r1", "r2", "r3", "r4", "r5")
UNFILED = ("wire", "desk")


def one_of(*values: Any) -> Draw:
    return lambda rng: rng.choice(values)


def maybe(*values: Any, none: int = 1) -> Draw:
    """One of the values, or nothing, which stands `none` times among them."""
    return one_of(*(None,) * none, *values)


def some(value: Draw, least: int, most: int) -> Draw:
    return lambda rng: [value(rng) for _ in range(rng.randint(least, most))]


def fields(**draws: Draw) -> Draw:
    """A dictionary of drawn fields without the empty ones."""

    def drawn(rng: Random) -> Entry:
        given = {name: draw(rng) for name, draw in draws.items()}
        return {name: value for name, value in given.items() if value is not None}

    return drawn


OCCURRED = maybe(
    *("2024-01-10", "2024-03-05", "2024-03-06", "2024-06-30", "2024-06-30"),
    *("2024-03", "2024-02-20/2024-03-05", "2023", "2024", "2025-02"),
    *("../2024-03", "2024-03-05/..", "../2024-06-30"),
    none=5,
)
EXPIRES = maybe("2024-03-05", "2024-03", "2024", "2024-06-30", "2026", "2024-03-05/..", none=10)
ATTRIBUTIONS = one_of(*("document", "on-record", "named", "insiders", "unattributed") * 3, "analysis", "headline")
BEARINGS = maybe(
    {"acme--globex": "-3"},
    {"acme--globex": "2", "acme-labs--globex": "-1"},
    {"acme--initech": "0", "initech--jo-doe": "3"},
    {"globex--jo-doe": "-2"},
    none=12,
)
COMMON = {
    "report": one_of(*REPORTS),
    "occurred": OCCURRED,
    "origin": maybe(*UNFILED, "r1", "r4", none=12),
    "attribution": ATTRIBUTIONS,
    "credibility": maybe("1", "2", "3", "5", none=5),
    "stage": maybe("signed", "closed", "talks", "planned", "letter-of-intent", "rumoured", none=20),
    "binding": maybe("yes", "no", none=12),
    "intensity": maybe("-8", "0", "1.5", "9", none=10),
    "materiality": maybe("minor", "major", "landmark", none=8),
    "bears_on": BEARINGS,
}


def told(group: str, *types: str, **own: Draw) -> Draw:
    """Developments of some types; those of one group may tell of the same happening."""
    apart = 3 if group in ("saying", "quarrel", "money") else 6
    key = maybe(f"{group}-1", f"{group}-1", f"{group}-2", none=apart)
    return fields(type=one_of(*types), occurrence=key, **{**COMMON, **own})


TERM = {
    "grantor": one_of(*("acme",) * 8, "initech", "acme-labs"),
    "holder": one_of(*("globex",) * 9, "initech"),
    "coverage": one_of(*("cloud",) * 9, "cloud.api"),
    "expires": EXPIRES,
    "trigger": maybe("a sale", "a breach", none=3),
    "carve_outs": maybe(["chips"], ["boats"], ["chips", "boats"], none=5),
}
LEVEL = maybe("exclusive", "first-refusal", "preferred", none=2)
AMOUNT = one_of(
    *("4B USD", "10B USD", "10B USD", "up to 12B USD", "over 2B USD", "1–3B USD", "about 5B USD", "2B USD per year"),
    *("20B USD total", "3B USD total", "3B USD cumulative", "9B USD round", "1B EUR", "500 MW", "2 GW", "1.5 GW"),
    *("1 GW total", "100,000 GPU"),
)
ORGANISATION = one_of(*("acme", "globex") * 3, "initech", "acme-labs")
EITHER = one_of(*("acme", "globex") * 3, "initech", "acme-labs", *PERSONS)
PAIR = {"party": EITHER, "counterparty": EITHER, "for": maybe("initech", none=7)}

GROUPS: dict[str, list[Draw]] = {
    "exclusivity": [
        told("term", *("exclusivity-granted", "exclusivity-relaxed") * 2, level=LEVEL, **TERM),
        told("term", "exclusivity-granted", "exclusivity-relaxed", "exclusivity-ended", **TERM),
        told("term", "term-affirmed", level=LEVEL, absent=maybe("yes", none=3), **TERM),
    ],
    "compute": [
        told(
            "compute",
            *("compute-committed", "compute-committed", "compute-expanded", "compute-expanded", "compute-reduced"),
            *("compute-paused", "compute-resumed", "compute-cancelled", "compute-delivered"),
            provider=one_of(*("globex",) * 5, "initech"),
            customer=maybe(*("acme",) * 4, "acme-labs", "initech"),
            commitment=maybe(*("deal",) * 6, "site"),
            amounts=some(AMOUNT, 0, 2),
            layer=maybe("chip", "site", none=3),
            starts=maybe("2024-06", "2025", none=2),
            expires=EXPIRES,
        )
    ],
    "seats": [
        told(
            "seat",
            *("board-seat-planned", "board-seat-taken", "board-seat-taken", "board-seat-given-up"),
            organisation=one_of(*("acme",) * 5, "acme-labs"),
            holder=one_of(*("globex",) * 5, "initech", "jo-doe"),
            person=maybe(*PERSONS, none=2),
            kind=maybe("voting", "observer"),
            stage=maybe("signed", "talks", "planned", "rumoured", none=6),
        )
    ],
    "conduct": [
        told(
            "saying",
            "statement-made",
            speaker=EITHER,
            about=maybe("acme", "globex", "globex", "jo-doe", "acme-labs"),
            stance=maybe("supportive", "critical", "neutral", "silent"),
            **{"for": maybe("initech", "acme-labs", none=8)},
        ),
        told("quarrel", "dispute-raised", "dispute-settled", topic=one_of("price", "access"), **PAIR),
        told("quarrel", "contact-made", **PAIR),
        told(
            "money",
            *("investment-made", "investment-made", "investment-requested", "investment-reconsidered"),
            investor=EITHER,
            investee=ORGANISATION,
            amount=maybe("1B USD", "12B USD", "about 2B USD"),
            stake=maybe("about 27%", none=3),
            instrument=maybe("shares", none=2),
        ),
    ],
    "shares": [
        told(
            "share",
            *("revenue-share-agreed", "revenue-share-changed"),
            payer=one_of(*("acme",) * 8, "initech", "acme-labs"),
            payee=one_of(*("globex",) * 8, "initech"),
            share=maybe("20%", "20%", "10%", "up to 20%", none=3),
            capped=maybe("yes", "no", none=3),
            ended=maybe("yes", none=3),
            expires=EXPIRES,
        )
    ],
    "licences": [
        told(
            "licence",
            *("licence-granted", "licence-granted", "licence-amended", "licence-ended"),
            licensor=one_of("acme"),
            licensee=one_of(*("globex",) * 5, "initech"),
            subject=one_of("model-ip"),
            exclusive=maybe("yes", "no", none=2),
            expires=EXPIRES,
            survives=maybe("a sale", none=3),
        ),
        told(
            "right",
            *("right-granted", "right-granted", "right-exercised", "right-waived", "right-ended"),
            holder=one_of("acme"),
            against=one_of("globex"),
            right=one_of("veto"),
            expires=EXPIRES,
            trigger=maybe("a sale", none=3),
        ),
    ],
    "people": [
        told(
            "leader",
            *("leader-appointed", "leader-removed", "leader-departed", "leader-reinstated"),
            organisation=one_of("acme", "acme", "globex"),
            person=one_of(*PERSONS),
            office=maybe("CEO", "chair"),
        ),
        told(
            "hiring",
            "people-hired",
            organisation=one_of("acme", "globex"),
            source=maybe("globex", "initech"),
            people=one_of(["jo-doe"], ["mo-roe"], ["jo-doe", "mo-roe"]),
        ),
        told("saying", "statement-made", speaker=one_of(*PERSONS), about=ORGANISATION, stance=one_of("critical")),
    ],
}

AFFILIATIONS = one_of(
    [],
    [{"organisation": "acme", "role": "adviser"}],
    [{"organisation": "globex", "since": "2024-03-05"}],
    [
        {"organisation": "acme", "until": "2024-03-04"},
        {"organisation": "globex", "role": "head", "since": "2024-03-05"},
    ],
    [{"organisation": "acme", "role": "chair"}, {"organisation": "initech", "since": "2024-03", "until": "2024-06"}],
    [{"organisation": "acme-labs", "since": "2024-02", "role": "director"}],
)
MEMBERSHIP = maybe(
    {"group": "acme"},
    {"group": "acme", "since": "2024-03-05"},
    {"group": "globex", "until": "2024-03"},
    [{"group": "acme", "until": "2024-06"}, {"group": "globex", "since": "2024-03-05"}],
    none=1,
)
OUTER = maybe({"group": "initech", "since": "2024-03-05"}, {"group": "initech", "until": "2024-03"}, none=8)
"""Of the group itself: what belongs to it then counts for the outer one."""
SOURCE = maybe("2024-03-06", "2024-06-30", "2025-01-05", none=2)
REGRADE = fields(report=one_of(*REPORTS), reliability=one_of(*"ABCDEF"))
LINK = fields(report=one_of(*REPORTS[1:]), origin=maybe(*UNFILED, *REPORTS))
WITHDRAWAL = fields(report=one_of(*REPORTS), published=SOURCE)
MERGE = fields(party=one_of("initech", "acme-labs", "acme"), into=one_of("acme", "globex", "initech"))
UNMERGE = fields(party=one_of("initech", "acme-labs", "mo-roe", "acme"))
