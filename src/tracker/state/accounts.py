"""What stands behind a happening: every account of it with its source and its words, and what was not believed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from tracker.state.grain import Record
from tracker.state.reader import Reader
from tracker.state.scope import Scope
from tracker.state.tellings import AHEAD, JUDGEMENT, SOFT

OF_PAIR = """
    select * from relationship_occurrences
    where relationship = ? and list_contains(?::varchar[], occurrence)
"""
OF_OTHERS = "select * from occurrences where list_contains(?::varchar[], occurrence)"
ACCOUNTS = f"""
    select
        occurrence, development, attribution, speaker, report, publisher, title, published_on, reliability, url, origin,
        quote, gloss, sic, note, coder, default_intensity, {", ".join(sorted(JUDGEMENT))}
    from reported
    where status = 'current' and list_contains(?::varchar[], occurrence)
    order by occurrence, account_key desc
"""
STATED = """
    select * from statements
    where list_contains(?::varchar[], occurrence) and compared not in ('party', 'parties') and field <> 'type'
    order by occurrence, field, account_key desc
"""
DOUBTS = (
    "select * from contradictions where list_contains(?::varchar[], occurrence) order by field, doubted_development"
)


@dataclass(frozen=True)
class Account:
    """One telling of a happening. `origin` is the report that first carried it; `is_root` says that this one did.

    `judgement` holds what the coder judged and no source states: intensity, materiality, bears_on.
    """

    development: str
    believed: bool
    attribution: str
    speaker: str | None
    report: str
    publisher: str
    title: str | None
    published_on: object
    reliability: str
    url: str | None
    origin: str
    is_root: bool
    quote: str | None
    gloss: str | None
    sic: bool
    note: str | None
    coder: str
    judgement: Record


@dataclass(frozen=True)
class Evidence:
    """A happening as it is believed, all accounts of it, the believed one first, and what of them was doubted.

    `filled` holds what the believed account leaves open, each field with its value and the account that states it.
    """

    happening: Record
    accounts: tuple[Account, ...]
    doubts: tuple[Record, ...]
    filled: tuple[Record, ...] = ()

    @property
    def occurrence(self) -> str:
        return str(self.happening["occurrence"])

    @property
    def origin(self) -> str:
        """The origin of the account that is believed."""
        return str(self.happening["origin"])

    @property
    def origins(self) -> list[str]:
        """All origins, that of the believed account first: copies count once."""
        return list(dict.fromkeys([self.origin, *(account.origin for account in self.accounts)]))


def evidence_behind(reader: Reader, scope: Scope, relationship: str, occurrences: Iterable[str]) -> dict[str, Evidence]:
    """Return what is behind some happenings, by occurrence; one that had not taken effect is left out."""
    wanted = list(dict.fromkeys(occurrences))
    if not wanted:
        return {}
    happenings = reader.sql(
        OF_PAIR, scope, [relationship, wanted], lay=["relationship_occurrences"], relationship=relationship
    ).records()
    others = sorted(set(wanted) - {row["occurrence"] for row in happenings})
    ask = partial(reader.sql, scope=scope, relationship=relationship, bearing=bool(others))
    if others:
        happenings += ask(OF_OTHERS, values=[others], lay=["occurrences"]).records()
    rows = ask(ACCOUNTS, values=[wanted], lay=["reported"]).records()
    stated: list[Record] = []
    if len(rows) > len(happenings):
        stated = ask(STATED, values=[wanted], lay=["statements"]).records()
    doubts: list[Record] = []
    if "contradictions" in reader.projections:
        doubts = ask(DOUBTS, values=[wanted], lay=["contradictions"]).records()
    told, doubted, filling = (_by_occurrence(records) for records in (rows, doubts, stated))
    found = {}
    for happening in happenings:
        name = happening["occurrence"]
        accounts = tuple(_account(row, happening) for row in told[name])
        found[name] = Evidence(happening, accounts, tuple(doubted[name]), tuple(_filled(happening, filling[name])))
    return {name: found[name] for name in wanted if name in found}


def filled_in(
    reader: Reader, scope: Scope, relationship: str | None, happenings: Iterable[Record]
) -> dict[str, tuple[Record, ...]]:
    """Return, by occurrence, what the believed accounts of some happenings leave open and others state."""
    retold = {happening["occurrence"]: happening for happening in happenings if happening["accounts"] > 1}
    if not retold:
        return {}
    stated = reader.sql(STATED, scope, [list(retold)], lay=["statements"], relationship=relationship).records()
    told = _by_occurrence(stated)
    return {name: tuple(_filled(happening, told[name])) for name, happening in retold.items()}


def _by_occurrence(records: Iterable[Record]) -> Mapping[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        found[record["occurrence"]].append(record)
    return found


def _filled(happening: Record, stated: Iterable[Record]) -> Iterator[Record]:
    """Yield the fields that the believed account leaves open; `stated` has the best account of each field first."""
    soft = happening["attribution"] in SOFT
    settled: set[str] = set()
    for row in stated:
        speaks = row["type"] == happening["type"] and (soft or row["attribution"] not in SOFT)
        ahead = row["field"] == "stage" and row["value"] in AHEAD
        if not speaks or row["field"] in settled or (ahead and row["development"] != happening["development"]):
            continue
        settled.add(row["field"])
        if row["development"] != happening["development"]:
            yield {name: row[name] for name in ("field", "value", "development", "attribution")}


def _account(row: Record, happening: Record) -> Account:
    judged = {name: row[name] for name in sorted(JUDGEMENT) if row[name] is not None}
    if "intensity" in judged:
        judged["default_intensity"] = row["default_intensity"]
    return Account(
        development=row["development"],
        believed=row["development"] == happening["development"],
        attribution=row["attribution"],
        speaker=row["speaker"],
        report=row["report"],
        publisher=row["publisher"],
        title=row["title"],
        published_on=row["published_on"],
        reliability=row["reliability"],
        url=row["url"],
        origin=row["origin"],
        is_root=row["origin"] == row["report"],
        quote=row["quote"]["exact"] if row["quote"] else None,
        gloss=row["gloss"],
        sic=bool(row["sic"]),
        note=row["note"],
        coder=row["coder"],
        judgement=judged,
    )
