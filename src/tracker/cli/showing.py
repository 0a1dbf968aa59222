"""How one thing is told whole: its facts for JSON, and the lines that people read."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from tracker.cells import json_record, text_of
from tracker.cli.grid import grid
from tracker.cli.kept_text import place_of_quote
from tracker.cli.looks import INNER, arrange, counted, weight_text
from tracker.cli.names import Names
from tracker.cli.page import width_of
from tracker.cli.session import Session
from tracker.cli.summary import own_fields, summary
from tracker.model.names import visible
from tracker.state.reader import Table
from tracker.state.scope import Scope

Told = tuple[dict[str, Any], list[str]]

COMMON = (
    "occurred", "effective_on", "relationship", "occurrence", "agreement", "stage", "binding", "attribution", "speaker",
    "reliability", "credibility_code", "intensity", "materiality", "bears_on", "published_on", "origin",
)  # fmt: skip
"""What is told of every development, in this order, where it is stated."""

REVISIONS = "select * from reported where development = ? order by revision"
ACCOUNTS = "select * from reported where occurrence = ? and status = 'current' order by account_key desc"
OF_REPORT = """
    select *
    from reported
    where report = ? and status <> 'superseded'
    qualify row_number() over (partition by development order by revision desc) = 1
    order by position
"""
OF_PARTY = """
    select relationship, happenings, first_on, last_on, evidence_through_on, evidence_attribution, origins
    from relationships
    where list_contains(string_split(relationship, '--'), ?)
    order by happenings desc, relationship
"""


FIRST_DAY, LAST_DAY = "0001-01-01", "9999-12-31"
"""What stands for a day that is not known."""


class Teller:
    """Tells things under one scope; a method per kind of thing returns its facts and its lines."""

    def __init__(self, session: Session, scope: Scope, names: Names) -> None:
        self.session, self.scope, self.names = session, scope, names

    def development(self, development: str) -> Told:
        """Tell a development: its sentence with the place, its fields, every revision, what contradicts it."""
        revisions = self._records("reported", REVISIONS, development)
        if not revisions:
            return {"revisions": []}, [f"{development}: nothing of it is known under this scope"]
        last = revisions[-1]
        hashes = self._records("reports", "select text_sha256 from reports where report = ?", last["report"])
        sha256 = hashes[0]["text_sha256"] if hashes else None
        place, place_in_words = place_of_quote(self.session.workspace, last, sha256)
        lines = [f"{development}   {last['type']}   {last['status']}"]
        lines += [f"  {told}"] if (told := summary(last, self.names)) else []
        lines += [*_sentence(last, place_in_words), *self._fields(last), *_revision_lines(revisions)]
        contradictions = self._contradictions(last["occurrence"])
        lines += map(_contradiction_line, contradictions)
        facts = {**_stated(last), "place": place, "revisions": [_stated(r) for r in revisions]}
        return {**facts, "contradictions": contradictions}, lines

    def occurrence(self, occurrence: str) -> Told:
        """Tell a happening: the account that is believed and all that tell of it."""
        believed = self._records("occurrences", "select * from occurrences where occurrence = ?", occurrence)
        accounts = self._records("reported", ACCOUNTS, occurrence)
        if not believed:
            return {"accounts": []}, [f"{occurrence}: it had not taken effect under this scope"]
        row = believed[0]
        lines = [
            f"{occurrence}   {row['type']}   {row['effective_on']}   {weight_text(row)}",
            f"  {summary(row, self.names)}",
            "accounts:",
        ]
        for account in accounts:
            mark = "→" if account["development"] == row["development"] else " "
            lines.append(f"{mark} {self._account(account)}")
            lines += [f"      “{text_of(account['quote'])}”"] if account["quote"] else []
        contradictions = self._contradictions(occurrence)
        lines += map(_contradiction_line, contradictions)
        accounts_told = [_stated(account) for account in accounts]
        return {**_stated(row), "accounts": accounts_told, "contradictions": contradictions}, lines

    def report(self, report: str) -> Told:
        """Tell a report and what it says."""
        row = self._records("reports", "select * from reports where report = ?", report)[0]
        said = self._records("reported", OF_REPORT, report)
        title = f"  {text_of(row['title'])}" if row["title"] else ""
        lines = [f"{report}   {text_of(row['publisher'])}, {text_of(row['published'])}   grade {row['reliability']}"]
        lines += [title] if title else []
        hidden = ("report", "publisher", "title", "published", "reliability")
        lines += _field_lines((n, v) for n, v in row.items() if n not in hidden and not (n == "origin" and v == report))
        lines.append(f"{counted(len(said), 'development')}:")
        lines += [f"  {self._account(account)}" for account in said]
        return {**row, "developments": [_stated(account) for account in said]}, lines

    def party(self, party: str) -> Told:
        """Tell a party: its names and its relationships."""
        row = self._records("parties", "select * from parties where party = ?", party)[0]
        table = self.session.reader.sql(OF_PARTY, self.scope, [party], lay=["relationships"])
        lines = [f"{party}   {text_of(row['name'])}   {row['kind']}"]
        lines += _field_lines((n, v) for n, v in row.items() if n not in ("party", "name", "kind", "counts_for"))
        if row["counts_for"] != party:
            lines.append(f"  counts for       {row['counts_for']}")
        affiliations = self._records(
            "affiliations", "select * from affiliations where party = ? order by since_on", party
        )
        kept = [a for a in affiliations if a["organisation"] != party]
        for held in kept:
            where = [text_of(self.names.of(held["organisation"])), text_of(held["role"] or ""), _between(held)]
            lines.append(f"  of               {'   '.join(filter(None, where))}")
        lines += [f"{counted(len(table.rows), 'relationship')}:", *_grid(table, self.names)]
        days = (FIRST_DAY, LAST_DAY)
        dated = [{name: None if str(value) in days else value for name, value in held.items()} for held in kept]
        return {**row, "affiliations": dated, "relationships": table.records()}, lines

    def relationship(self, pair: str) -> Told:
        """Tell a relationship: its health, and where to look further."""
        from tracker.cli.health import health_lines

        lines = health_lines(self.session.reader, self.scope, pair, self.names, width=width_of(sys.stdout))
        lines.append(f"more: tracker timeline {pair} · tracker list exclusivity_terms {pair}")
        health = self.session.reader.table("partnership_health", self.scope, relationship=pair).records()
        return (health[0] if health else {"relationship": pair, "band": None}), lines

    def _records(self, source: str, query: str, value: str) -> list[dict[str, Any]]:
        table = self.session.reader.sql(query, self.scope, [value], lay=[source])
        return [json_record(table.columns, row) for row in table.rows]

    def _account(self, record: dict[str, Any]) -> str:
        parts = [record["development"], record["type"], summary(record, self.names), text_of(record["attribution"])]
        retracted = "retracted" if record["status"] == "retracted" else ""
        return "   ".join(part for part in [*parts, retracted] if part)

    def _fields(self, record: dict[str, Any]) -> list[str]:
        common = [(name, record.get(name)) for name in COMMON]
        if record["occurrence"] == record["development"]:
            common = [(name, value) for name, value in common if name != "occurrence"]
        return _field_lines([*own_fields(record), *common])

    def _contradictions(self, occurrence: str) -> list[dict[str, Any]]:
        if "contradictions" not in self.session.reader.projections:
            return []
        return self._records("contradictions", "select * from contradictions where occurrence = ?", occurrence)


def _between(held: dict[str, Any]) -> str:
    """Return `since 2015-12-08 until 2023-11-16`, as far as the days are known."""
    since, until = text_of(held["since_on"]), text_of(held["until_on"])
    parts = [f"since {since}" if since > FIRST_DAY else "", f"until {until}" if until < LAST_DAY else ""]
    return " ".join(filter(None, parts))


def _sentence(record: dict[str, Any], place_in_words: str | None) -> list[str]:
    quote = record["quote"]
    if not quote:
        return ["  no quote"]
    before, after = quote.get("prefix") or "", quote.get("suffix") or ""
    around = " ".join(f"{before}«{quote['exact']}»{after}".split())
    lines = [f"  {'…' if before else ''}{visible(around)}{'…' if after else ''}"]
    lines += [f"  {place_in_words}"] if place_in_words else []
    lines += [f"  gloss: {text_of(record['gloss'])}"] if record["gloss"] else []
    lines += ["  sic: the report has this wrong"] if record["sic"] else []
    return [*lines, f"  note: {text_of(record['note'])}"] if record["note"] else lines


def _field_lines(fields: Iterable[tuple[str, Any]]) -> list[str]:
    return [
        f"  {name.replace('_', ' '):<16} {text_of(value)}"
        for name, value in fields
        if value not in (None, [], "", False)
    ]


def _revision_lines(revisions: list[dict[str, Any]]) -> list[str]:
    lines = [f"{counted(len(revisions), 'revision')}:"]
    changed = {n for r in revisions for n, v in r.items() if v != revisions[0][n]} & {
        n for n, _ in own_fields(revisions[-1])
    }
    shown = ["type", "occurred", *sorted(changed)]
    for record in revisions:
        reason = f"{_from(record, 'counts_on')} because: {text_of(record['reason'])}" if record["reason"] else ""
        said = ", ".join(text_of(record[name]) for name in shown if record[name] is not None)
        when = f"recorded {text_of(record['recorded_at'])[:10]} by {text_of(record['coder'])}"
        lines.append(f"  {record['revision']}  {record['status']:<10} {when}   {record['event'][:8]}   {said}{reason}")
    last = revisions[-1]
    if last["status"] == "retracted":
        since = _from(last, "superseded_on")
        why = text_of(last.get("superseded_because")) or "its report was withdrawn"
        lines.append(f"     retracted{since} because: {why}")
    return lines


def _from(record: dict[str, Any], day: str) -> str:
    """Say from which day a correction or retraction counts, if it is later than the report; our slips never held."""
    return f" from {record[day]}" if record[day] and record[day] > record["published_on"] else ""


def _contradiction_line(row: dict[str, Any]) -> str:
    believed, doubted = text_of(row.get("believed")), text_of(row.get("doubted"))
    rule = f" ({text_of(row['rule'])})" if row.get("rule") else ""
    told = f"{believed} is believed, {doubted} says {row.get('doubted_development')}{rule}"
    return f"  contradicted: {row.get('field')}: {told}"


def _grid(table: Table, names: Names) -> list[str]:
    """Return rows as aligned text."""
    columns = [(heading, [heading, *cells], right) for heading, cells, right in arrange(table, names)]
    width = width_of(sys.stdout)
    return [f"  {line}" for line in grid(columns, width and width - 2)]


def _stated(record: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is not stated, for most columns belong to other types, and what only serves the projections."""
    return {
        name: value
        for name, value in record.items()
        # Our own slip never held: it has no first day.
        if value not in (None, []) and name not in INNER and not (name == "superseded_on" and str(value) == FIRST_DAY)
    }
