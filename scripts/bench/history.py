"""A synthetic history in realistic shape, as the lines that `tracker import` reads: the same for the same seed.

Relationships follow a power law; a report holds some fifteen developments about a few of them; one event in a hundred
corrects or retracts; one occurrence in twenty is told by several reports; some reports retell others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate, islice
from random import Random
from typing import Any

from bench.kinds import KINDS, Pair, Setting

Line = dict[str, Any]

FIRST_DAY, LAST_DAY = date(2014, 1, 1), date(2025, 6, 30)

PER_REPORT = (8, 22)
CORRECTED, RETRACTED = 0.007, 0.003
SHARED = 0.05
"""The part of the occurrences that later reports tell as well."""
RETELLING = 0.15
"""The part of the reports that retell another one."""
QUOTED = 0.7
ROSTER = 4
"""People of each organisation, who now and then change sides with one that it deals with."""
OUTSIDERS = 0.05
"""The part of what is told of people of neither side."""

REMEMBERED = 2_000
"""How many of the latest developments a correction, a retraction or another account may be about."""


def history(events: int, seed: int = 1) -> Iterator[Line]:
    """Yield the lines of a history that records just so many events; each line is one of them."""
    return islice(_endless(events, Random(seed)), events)


def recorded_on(line_number: int, events: int) -> date:
    """Return the day on which a line of a history is recorded: histories grow over the years, as logs do."""
    return _day(line_number / events) + timedelta(days=1)


@dataclass
class _World:
    rng: Random
    pairs: list[Pair]
    weights: list[float]
    rosters: dict[str, list[str]]
    reports: list[str] = field(default_factory=list)
    said: list[Line] = field(default_factory=list)
    shared: list[tuple[Pair, Line]] = field(default_factory=list)


def _endless(events: int, rng: Random) -> Iterator[Line]:
    organisations = [f"company-{n}" for n in range(max(12, int(events**0.55)))]
    persons = [f"person-{n}" for n in range(len(organisations) * ROSTER)]
    rosters = {organisation: persons[n :: len(organisations)] for n, organisation in enumerate(organisations)}
    for n, party in enumerate(organisations):
        aliases = [f"CO{n}"] if n % 3 else [f"CO{n}", f"公司{n}"]
        yield {"type": "party", "id": party, "name": f"Company {n}", "aliases": aliases}
    for n, person in enumerate(persons):
        at = {
            "organisation": organisations[n % len(organisations)],
            "role": "director",
            "since": f"{rng.randint(2010, 2020)}",
        }
        yield {"type": "party", "id": person, "name": f"Person {n}", "kind": "person", "affiliations": [at]}
    pairs = _pairs(organisations, max(20, events // 100), rng)
    # Zipf's law with an offset: the busiest relationship has a hundredth of everything, the median one a few dozen.
    weights = list(accumulate(1 / (rank + 10) for rank in range(len(pairs))))
    world = _World(rng, pairs, weights, rosters)
    about = (events - len(organisations) - len(persons)) / (sum(PER_REPORT) / 2 + 1)
    for number in range(2 * events):
        yield from _report(world, number, _day(min(1.0, number / about)))


def _day(part: float) -> date:
    return FIRST_DAY + timedelta(days=int((LAST_DAY - FIRST_DAY).days * part))


def _pairs(organisations: list[str], count: int, rng: Random) -> list[Pair]:
    """Return pairs in which some organisations stand more often than others."""
    weights = list(accumulate(1 / (rank + 5) for rank in range(len(organisations))))
    count = min(count, len(organisations) * (len(organisations) - 1) // 4)
    found: dict[tuple[str, str], Pair] = {}
    while len(found) < count:
        first, second = rng.choices(organisations, cum_weights=weights, k=2)
        if first != second and (second, first) not in found:
            found.setdefault((first, second), Pair(f"p{len(found)}", first, second))
    return list(found.values())


def _report(world: _World, number: int, day: date) -> Iterator[Line]:
    rng = world.rng
    report = f"paper-{rng.randint(1, 60)}-{day}-{number}"
    line = {
        "type": "report",
        "id": report,
        "publisher": f"Paper {number % 60}",
        "title": f"Report {number} of {day}",
        "published": str(day),
        "language": rng.choice(("en", "en", "zh")),
        "reliability": rng.choice("ABBCCCDDEF"),
    }
    if world.reports and rng.random() < RETELLING:
        line["origin"] = rng.choice(world.reports)
    yield line
    world.reports = [*world.reports[-50:], report]
    later = str(day.year + rng.randint(1, 6))
    focus = rng.choices(world.pairs, cum_weights=world.weights, k=rng.randint(1, 4))
    for key in range(rng.randint(*PER_REPORT)):
        pair = rng.choice(focus)
        yield _development(world, report, f"d{key}", pair, Setting(_people(world, pair), str(day), later))
        yield from _afterthoughts(world, day)


def _people(world: _World, pair: Pair) -> tuple[str, ...]:
    """Return who is heard of when two organisations are: their own people, and now and then somebody else's."""
    around = [*world.rosters[pair.first], *world.rosters[pair.second]]
    if world.rng.random() < OUTSIDERS:
        around = world.rosters[world.rng.choice(world.pairs).first]
    return tuple(around)


def _development(world: _World, report: str, key: str, pair: Pair, setting: Setting) -> Line:
    rng = world.rng
    if world.shared and rng.random() < 2 * SHARED:
        line = _retold(world, report, key)
    else:
        name = rng.choices(_NAMES, cum_weights=_WEIGHTS)[0]
        line = {
            "type": name,
            "report": report,
            "key": key,
            **_circumstances(rng, date.fromisoformat(setting.published_on)),
        }
        line |= KINDS[name][1](rng, pair, setting)
        if rng.random() < SHARED:
            line["occurrence"] = f"{pair.name}-o-{report.rpartition('-')[2]}-{key}"
            world.shared = [*world.shared[-200:], (pair, line)]
        elif rng.random() < 0.03:
            other = rng.choices(world.pairs, cum_weights=world.weights)[0]
            line["bears_on"] = {f"{other.first}--{other.second}": str(rng.randint(-5, 5))}
    world.said.append(line)
    if len(world.said) > 2 * REMEMBERED:
        del world.said[:REMEMBERED]
    return line


def _circumstances(rng: Random, published: date) -> Line:
    """Return when it happened, on whose word, and what is said of it."""
    line: Line = {"occurred": _occurred(rng, published), "attribution": rng.choice(_ATTRIBUTIONS)}
    if rng.random() < 0.3:
        line["credibility"] = rng.randint(1, 5)
    if rng.random() < QUOTED:
        line["quote"] = _sentence(rng)
    if rng.random() < 0.1:
        line["note"] = _sentence(rng)
    if rng.random() < 0.25:
        line["stage"] = rng.choice(("signed", "signed", "closed", "talks", "planned", "letter-of-intent"))
    if rng.random() < 0.05:
        line["materiality"] = rng.choice(("minor", "major", "landmark"))
    return line


def _occurred(rng: Random, published: date) -> str:
    day = published - timedelta(days=int(rng.expovariate(0.1)))
    return rng.choice((str(day), str(day), str(day), str(day)[:7], f"{str(day)[:7]}~", f"../{day}", str(day.year - 1)))


def _retold(world: _World, report: str, key: str) -> Line:
    """Return another report's account of a shared occurrence: other words, and at times another day or amount."""
    rng = world.rng
    _, told = rng.choice(world.shared)
    line = {**told, "report": report, "key": key, "attribution": rng.choice(_ATTRIBUTIONS), "quote": _sentence(rng)}
    if rng.random() < 0.3:
        line["occurred"] = line["occurred"].lstrip("./")[:7].rstrip("~")
    return line


def _afterthoughts(world: _World, day: date) -> Iterator[Line]:
    """Yield, now and then, a correction or a retraction of something that was said before."""
    rng = world.rng
    chance = rng.random()
    if chance >= CORRECTED + RETRACTED:
        return
    place = rng.randrange(len(world.said))
    said = world.said[place]
    source = {"published": str(day)} if rng.random() < 0.2 else {}
    if chance < CORRECTED:
        corrected = {**said, "note": _sentence(rng), "attribution": rng.choice(_ATTRIBUTIONS)}
        world.said[place] = corrected
        yield {**corrected, "why": "coded anew", **source}
    else:
        del world.said[place]
        yield {"type": "retraction", "development": f"{said['report']}#{said['key']}", "why": "not so", **source}


def _sentence(rng: Random) -> str:
    if rng.random() < 0.15:
        return "".join(rng.choices(_IDEOGRAMS, k=rng.randint(12, 40))) + "。"
    words = rng.choices(_WORDS, k=rng.randint(8, 28))
    return " ".join(words).capitalize() + "."


_NAMES = tuple(KINDS)
_WEIGHTS = tuple(accumulate(weight for weight, _ in KINDS.values()))
_ATTRIBUTIONS = ("document", "on-record", "on-record", "named", "insiders", "insiders", "analysis", "unattributed")
_WORDS = (
    *(
        "the",
        "company",
        "said",
        "that",
        "its",
        "partner",
        "had",
        "agreed",
        "to",
        "a",
        "further",
        "share",
        "of",
        "capacity",
    ),
    *(
        "under",
        "terms",
        "which",
        "neither",
        "side",
        "would",
        "disclose",
        "while",
        "people",
        "familiar",
        "with",
        "talks",
    ),
    *("expect", "an", "answer", "before", "summer", "and", "call", "price", "high"),
)
_IDEOGRAMS = "公司双方表示协议条款仍在谈判之中预计年内完成知情人士称价格高于市场"
