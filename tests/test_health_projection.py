"""Partnership health agrees with a plain recomputation and with itself: drivers, history, any order of entry."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.dcb.popo import InMemoryDCBRecorder

from case_runner import FIRST_RECORDED, ROOT, TODAY, recorded
from tracker.log.store import Log
from tracker.state.projections import read_projections
from tracker.state.reader import Reader
from tracker.state.scope import Scope

PARTIES = ["acme", "globex", "initech"]
REPORTS = {
    "filing": {"published": "2025-03-01", "reliability": "A"},
    "paper": {"published": "2025-03-03", "reliability": "B"},
    "copy": {"published": "2025-03-04", "reliability": "D", "origin": "paper"},
    "blog": {"published": "2025-03-09", "reliability": "E"},
}
DAYS = [date(2024, 2, 29), date(2025, 3, 4), date(2025, 3, 9), date(2026, 6, 30)]

# The oracle's own copy of the numbers, so that a slip in the SQL's is seen.
RELIABILITY = {"A": 0.95, "B": 0.85, "C": 0.70, "D": 0.45, "E": 0.25, "F": 0.45}
CREDIBILITY = {"1": 1, "2": 0.9, "3": 0.75, "4": 0.4, "5": 0.15, "6": 0.6}
ATTRIBUTION = {
    "document": 1,
    "on-record": 1,
    "named": 0.9,
    "insiders": 0.75,
    "analysis": 0.4,
    "unattributed": 0.35,
    "headline": 0,
}
MATERIALITY = {"minor": 0.5, "normal": 1, "major": 1.5, "landmark": 2}
STAGE = {"rumoured": 0.25, "talks": 0.25, "planned": 0.5, "letter-of-intent": 0.5, "memorandum": 0.5, "term-sheet": 0.5}
WORD, DEED = {1: 60, -1: 120}, {1: 365, -1: 365}
TYPES = {  # default intensity, half-lives
    "investment-made": (7, DEED),
    "legal-action-taken": (-7, DEED),
    "contact-made": (1, WORD),
    "dispute-raised": (-4, WORD),
}
# What is said of the day, and the first and last day that this means.
OCCURRED = {
    None: (None, None),
    "2023-11-29": (date(2023, 11, 29), date(2023, 11, 29)),
    "2024-02": (date(2024, 2, 1), date(2024, 2, 29)),
    "2025": (date(2025, 1, 1), date(2025, 12, 31)),
    "../2024-05": (None, date(2024, 5, 31)),
    "2024-07-01/..": (date(2024, 7, 1), None),
    "2019-07-22": (date(2019, 7, 22), date(2019, 7, 22)),
    "2025-02-27": (date(2025, 2, 27), date(2025, 2, 27)),
}


def history(seed: int, count: int = 150) -> list[dict[str, Any]]:
    """Return book documents of developments between two pairs, of every kind that tone tells apart."""
    chance = random.Random(seed)
    documents: list[dict[str, Any]] = [{"parties": PARTIES}]
    for report, fields in REPORTS.items():
        documents.append({"report": {"id": report, **fields}, "developments": []})
    for number in range(count):
        document = documents[1 + chance.randrange(len(REPORTS))]
        entry = {"type": chance.choice(list(TYPES)), "key": f"d{number}"}
        first, second = chance.choice([("acme", "globex"), ("globex", "acme"), ("initech", "acme")])
        roles = ("investor", "investee") if entry["type"] == "investment-made" else ("party", "counterparty")
        entry |= dict(zip(roles, (first, second), strict=True))
        if entry["type"] == "dispute-raised":
            entry["topic"] = f"t{number}"
        optional = {
            "occurred": chance.choice(list(OCCURRED)),
            "attribution": chance.choice([*ATTRIBUTION, None]),
            "credibility": chance.choice([*CREDIBILITY, None]),
            "materiality": chance.choice([*MATERIALITY, None]),
            "stage": chance.choice([*STAGE, "signed", None]),
            "intensity": chance.choice([None, None, "-9.5", "0", "2.125"]),
        }
        entry |= {name: value for name, value in optional.items() if value is not None}
        document["developments"].append(entry)
    return documents


def bonds() -> list[dict[str, Any]]:
    """Return book documents of what binds: it begins, changes, expires and ends, on Sundays and within weeks."""
    common = {"attribution": "document"}
    between = {"organisation": "acme", "holder": "globex"}
    licence = {"licensor": "acme", "licensee": "globex", "subject": "model-ip"}
    term = {"grantor": "acme", "holder": "globex", "coverage": "cloud"}
    share = {"payer": "acme", "payee": "globex"}
    entries = [
        {"type": "board-seat-taken", "key": "b1", "occurred": "2023-11-29", "kind": "observer", **between},
        {"type": "board-seat-given-up", "key": "b2", "occurred": "2024-07-07", **between},
        {"type": "licence-granted", "key": "l1", "occurred": "2020-09-22", "exclusive": "yes", **licence},
        {"type": "licence-amended", "key": "l2", "occurred": "2023-01-23", "expires": "2025-02-08", **licence},
        {"type": "exclusivity-granted", "key": "e1", "occurred": "2019-07-22", **term},
        {"type": "exclusivity-relaxed", "key": "e2", "occurred": "2025-01-21", **term},
        {"type": "revenue-share-agreed", "key": "s1", "occurred": "2022-12-18", **share},
        {"type": "revenue-share-changed", "key": "s2", "occurred": "2024-12-20", "ended": "yes", **share},
    ]
    return [{"report": "filing", "developments": [common | entry for entry in entries]}]


COMMITMENTS = {
    "grown": ["2023-01-10 committed 500M USD", "2024-03-10 expanded 1B USD", "2024-05-10 reduced 200M USD"],
    "halted": ["2023-01-10 committed 2B USD", "2023-03-10 paused", "2023-05-10 resumed", "2024-03-10 cancelled"],
    "anew": ["2023-01-10 committed 90B USD", "2024-03-10 cancelled", "2024-06-10 committed 1500M USD total"],
    "sized later": ["2023-01-10 committed", "2024-03-10 expanded 120B USD", "2024-08-10 delivered 1B USD"],
    "taken from unknown": ["2023-01-10 committed", "2024-03-10 reduced 2 GW", "2024-08-10 expanded 1B USD"],
    "dated": ["2023-01-10 committed 3 GW until 2023-12", "2024-03-10 expanded 1B USD until 2024-06"],
    "reduced to nothing": ["2023-01-10 committed 2B USD", "2024-03-10 reduced 2B USD", "2024-08-10 expanded 5M USD"],
    "renewed": ["2022-01-10 committed 2B USD until 2022-12", "2024-03-10 committed 900M USD", "2024-08-10 paused"],
    "nothing left": ["2023-01-10 committed 3B USD", "2024-03-10 reduced 3B USD"],
    "told twice": ["2023-01-10 committed 1B USD by insiders", "2024-03-10 committed 600M USD"],
}


def commitments(name: str) -> list[dict[str, Any]]:
    """Return a book of one commitment, and of a word on the day before each happening, so that its week has a point."""
    developments: list[dict[str, Any]] = []
    for number, line in enumerate(COMMITMENTS[name]):
        happened, _, attribution = line.partition(" by ")
        happened, _, expires = happened.partition(" until ")
        day, what, *amount = happened.split(" ", 2)
        entry = {
            "type": f"compute-{what}",
            "key": f"c{number}",
            "occurred": day,
            "attribution": attribution or "document",
        }
        entry |= {"provider": "acme", "customer": "globex", "commitment": "capacity"}
        entry |= {"amounts": amount} if amount else {}
        entry |= {"expires": expires} if expires else {}
        word = {"type": "contact-made", "key": f"w{number}", "party": "acme", "counterparty": "globex"}
        before = date.fromisoformat(day) - timedelta(days=20)
        developments += [entry, word | {"occurred": str(before), "attribution": "document"}]
    report = {"id": "filing", "published": "2025-05-05", "reliability": "A"}
    return [{"parties": PARTIES}, {"report": report, "developments": developments}]


def reader_of(documents: list[dict[str, Any]], *folders: Path) -> Reader:
    log = Log(InMemoryDCBRecorder(), coder="test", clock=lambda: FIRST_RECORDED)
    for document in documents:
        # `recorded` takes the id out of the report that it files.
        log.do(list(recorded({name: dict(x) if isinstance(x, dict) else x for name, x in document.items()})))
    rows = [(e.position, e.event.type, e.event.data) for e in log.recorder.read()]
    return Reader([rows], read_projections([ROOT / "projections", *folders]), TODAY)


@cache
def random_reader(seed: int) -> Reader:
    """Return one reader for the tests that ask the same random history on several days."""
    return reader_of(history(seed))


@cache
def commitment_reader(name: str) -> Reader:
    return reader_of(commitments(name))


@cache
def bound_reader() -> Reader:
    """Return one reader for the tests that ask the same history on several days."""
    return reader_of([*history(1), *bonds()])


def evidence(documents: list[dict[str, Any]], as_of: date) -> dict[str, dict[int, float]]:
    """Return r (1) and s (−1) by relationship: SEMANTICS' rules 9 and 24 to 26, in floats and plain loops."""
    told: dict[tuple[str, str, date], list[tuple[float, str, float]]] = defaultdict(list)
    for document in documents[1:]:
        report = document["report"]["id"]
        published = date.fromisoformat(REPORTS[report]["published"])
        origin = REPORTS[report].get("origin", report)
        for entry in document["developments"]:
            default, half_lives = TYPES[entry["type"]]
            intensity = float(entry.get("intensity", default))
            earliest, latest = OCCURRED[entry.get("occurred")]
            effective = min(latest or published, published)
            if intensity == 0 or effective > as_of:
                continue
            sign = 1 if intensity > 0 else -1
            start = min(earliest or two_years_before(effective), effective)
            weight = (
                abs(intensity)
                / 10
                * MATERIALITY[entry.get("materiality", "normal")]
                * STAGE.get(entry.get("stage", ""), 1)
                * RELIABILITY[REPORTS[report]["reliability"]]
                * CREDIBILITY[entry.get("credibility", "6")]
                * ATTRIBUTION[entry.get("attribution", "unattributed")]
            )
            middle = start.toordinal() / 2 + effective.toordinal() / 2
            new, now = (weight * 2 ** (-(day.toordinal() - middle) / half_lives[sign]) for day in (effective, as_of))
            pair = {entry[role] for role in ("investor", "investee", "party", "counterparty") if role in entry}
            told["--".join(sorted(pair)), origin, effective].append((-new, f"{report}#{entry['key']}", sign * now))
    sums: dict[str, dict[int, float]] = defaultdict(lambda: {1: 0.0, -1: 0.0})
    for (relationship, _, _), pieces in told.items():
        for _, _, e in sorted(pieces)[:5]:
            sums[relationship][1 if e > 0 else -1] += abs(e)
    return sums


def two_years_before(day: date) -> date:
    return day.replace(year=day.year - 2, day=28 if (day.month, day.day) == (2, 29) else day.day)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("as_of", DAYS, ids=str)
def test_tone_equals_a_plain_recomputation(seed, as_of):
    rows = random_reader(seed).table("relationship_tone", Scope(as_of=as_of)).records()

    expected = evidence(history(seed), as_of)
    assert {row["relationship"] for row in rows} >= set(expected)
    for row in rows:
        r, s = expected[row["relationship"]][1], expected[row["relationship"]][-1]
        spread = 100 * 1.2816 * math.sqrt((r + 1) * (s + 1) / ((r + s + 2) ** 2 * (r + s + 3)))
        middle = 100 * (r + 1) / (r + s + 2)
        assert float(row["r"]) == pytest.approx(r, abs=1e-6)
        assert float(row["s"]) == pytest.approx(s, abs=1e-6)
        assert float(row["tone"]) == pytest.approx(middle, abs=1e-6)
        assert float(row["tone_low"]) == pytest.approx(max(middle - spread, 0), abs=1e-6)
        assert float(row["tone_high"]) == pytest.approx(min(middle + spread, 100), abs=1e-6)


def test_the_cap_on_an_origin_is_at_work_in_these_histories():
    rows = random_reader(0).sql("select count(*) filter (where not counted) from tone_evidence").rows

    assert rows[0][0] > 10


@pytest.mark.parametrize("as_of", [*DAYS, TODAY], ids=str)
def test_drivers_add_up_exactly_to_tone_structure_and_health(as_of):
    reader, scope = bound_reader(), Scope(as_of=as_of)
    points: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    health: dict[str, Decimal] = defaultdict(Decimal)

    for row in reader.table("health_drivers", scope).records():
        points[row["relationship"], row["part"]] += row["points"]
        health[row["relationship"]] += row["health_points"]

    tones = {row["relationship"]: row["tone"] for row in reader.table("relationship_tone", scope).records()}
    structures: dict[str, Decimal] = defaultdict(Decimal)
    for row in reader.table("relationship_structure", scope).records():
        structures[row["relationship"]] += row["contribution"]
    assert points == {(r, "tone"): tone for r, tone in tones.items()} | {
        (r, "structure"): structure for r, structure in structures.items()
    }
    shown = {row["relationship"]: row["health"] for row in reader.table("partnership_health", scope).records()}
    assert {r: round(value, 2) for r, value in health.items()} == pytest.approx(shown, abs=Decimal("0.01"))


@pytest.mark.slow
def test_each_point_of_the_history_is_the_health_of_its_day():
    reader = reader_of([*history(2), *bonds()])

    points = reader.table("health_history", relationship="acme--globex").records()

    assert len(points) > 10
    for point in points:
        scope = Scope(as_of=point["week_on"])
        of_day = reader.table("partnership_health", scope, relationship=point["relationship"]).records()[0]
        for column in ("health", "health_low", "health_high", "structure", "tone"):
            assert point[column] == pytest.approx(of_day[column], abs=Decimal("0.01")), (column, point["week_on"])
        for column in ("r", "s"):
            assert point[column] == pytest.approx(of_day[column], abs=Decimal("0.000001")), (column, point["week_on"])


@pytest.mark.parametrize("name", COMMITMENTS)
def test_a_commitment_counts_in_each_point_with_what_it_was_by_then(name: str):
    reader = commitment_reader(name)

    points = reader.table("health_history").records()

    assert len({point["structure"] for point in points}) > 1
    for point in points:
        (of_day,) = reader.table("partnership_health", Scope(as_of=point["week_on"])).records()
        assert point["structure"] == of_day["structure"], point["week_on"]


@pytest.mark.parametrize("name", COMMITMENTS)
def test_what_binds_today_is_what_is_counted_today(name: str):
    reader = commitment_reader(name)

    binding = reader.sql(
        "select sum(usd) as usd, count(*) > 0 as binds from compute_history where binds and until_on is null"
    )
    counted = reader.sql("""
        select sum(amount) filter (where unit = 'USD') as usd, count(*) > 0 as binds
        from compute_commitments where counted and status = 'in-force' and amount is distinct from 0
    """)

    assert binding.rows == counted.rows


def test_the_points_of_the_history_are_sundays_and_the_day_asked_for():
    days = {row["week_on"] for row in random_reader(0).table("health_history").records()}

    assert {day for day in days if day.isoweekday() != 7} == {TODAY}


def test_fading_over_many_blocks_of_half_lives_keeps_its_precision():
    """A kind word of 1990, asked for 35 years later: the blocks of 60 half-lives are left behind several times."""
    report = {"report": {"id": "old", "published": "1990-06-01", "reliability": "A"}, "developments": []}
    again = {"report": {"id": "new", "published": "2025-11-01", "reliability": "A"}, "developments": []}
    for document, occurred in ((report, "1990-05-31"), (again, "2025-10-31")):
        entry = {"type": "contact-made", "key": "met", "party": "acme", "counterparty": "globex", "occurred": occurred}
        document["developments"].append(entry | {"attribution": "document", "credibility": "1"})
    reader = reader_of([{"parties": PARTIES}, report, again])

    last = reader.table("health_history").records()[-1]

    weight = 0.1 * 0.95 * 2 ** (-(TODAY - date(2025, 10, 31)) / timedelta(days=60))
    assert last["week_on"] == TODAY
    assert float(last["r"]) == pytest.approx(weight, abs=1e-6)


def test_the_order_of_entries_changes_no_answer():
    documents = [*history(3), *bonds()]
    other = [documents[0], *reversed(documents[1:-1]), documents[-1]]
    other = [
        document | {"developments": document["developments"][::-1]} if "developments" in document else document
        for document in other
    ]

    asked = (
        "select * from relationship_tone order by relationship",
        "select relationship, component, level, contribution from relationship_structure order by all",
        "select relationship, driver, points, health_points, e from health_drivers order by all",
    )
    one, two = ([reader.sql(query) for query in asked] for reader in (reader_of(documents), reader_of(other)))
    assert one == two


def test_a_workspace_replaces_the_numbers(tmp_path):
    numbers = (ROOT / "projections" / "health_weights.sql").read_text()
    changed = numbers.replace("('half-life', 'deed-friendly', 365,", "('half-life', 'deed-friendly', 30,")
    (tmp_path / "health_weights.sql").write_text(changed.replace("('tone', 'prior', 1,", "('tone', 'prior', 3,"))
    deed = {"type": "investment-made", "key": "d", "investor": "acme", "investee": "globex", "occurred": "2025-02-01"}
    deed |= {"attribution": "document", "credibility": "1", "intensity": "10"}
    documents = [{"parties": PARTIES}, {"report": {"id": "filing", **REPORTS["filing"]}, "developments": [deed]}]

    row = reader_of(documents, tmp_path).table("relationship_tone", Scope(as_of=date(2025, 3, 3))).records()[0]

    assert numbers != changed
    assert row["r"] == Decimal("0.475")
    assert float(row["tone"]) == pytest.approx(100 * 3.475 / 6.475)
