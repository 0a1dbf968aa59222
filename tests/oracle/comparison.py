"""Where the answers of the projections and those of the oracle differ, row by row."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from oracle.accounts import Account, accounts, knowledge
from oracle.compute import compute_commitments
from oracle.happenings import Happening, happenings, touches
from oracle.scopes import cut_of
from oracle.seats import board_seats
from oracle.shares import revenue_shares
from oracle.terms import exclusivity_terms
from oracle.tone import relationship_tone
from tracker.log.store import Stored
from tracker.model.amounts import Amount
from tracker.state.reader import Reader
from tracker.state.scope import Scope

Row = dict[str, Any]

COMMON = (
    *("occurrence", "type", "relationship", "effective_on", "published_on", "development", "developments", "accounts"),
    *("origins", "credibility", "origin", "evidence_attribution", "reliability", "intensity", "materiality"),
    *("first_published_on", "last_published_on", "occurred_earliest", "occurred_latest"),
)
FIELDS = (
    *("agreement", "occurred", "stage", "binding", "level", "expires", "trigger", "carve_outs", "absent", "coverage"),
    *("commitment", "amounts", "layer", "starts", "amount", "stake", "instrument", "kind", "stance", "topic"),
    *("grantor", "holder", "provider", "customer", "organisation", "person", "investor", "investee", "party"),
    *("counterparty", "speaker", "about"),
)


def _occurrence(happening: Happening) -> Row:
    best = happening.best
    published = [account.published_on for account in happening.accounts]
    earliest, latest = _days(happening)
    said = {name: happening.fields.get(name) for name in FIELDS}
    return said | {
        "occurrence": happening.occurrence,
        "type": happening.type,
        "relationship": happening.relationship,
        "effective_on": happening.effective_on,
        "published_on": best.published_on,
        "development": best.id,
        "developments": [account.id for account in happening.accounts],
        "accounts": len(happening.accounts),
        "origins": len(happening.origins),
        "credibility": happening.credibility,
        "origin": best.origin,
        "evidence_attribution": best.attribution,
        "reliability": best.reliability,
        "intensity": happening.intensity,
        "materiality": happening.fields["materiality"] or "normal",
        "first_published_on": min(published),
        "last_published_on": max(account.heard_on for account in happening.accounts),
        "occurred_earliest": earliest,
        "occurred_latest": latest,
    }


def _days(happening: Happening) -> tuple[date | None, date | None]:
    dated = (account for account in happening.filling if account.development.occurred)
    return next((account.span for account in dated), (None, None))


def _account(account: Account) -> Row:
    return {
        "development": account.id,
        "revision": account.revision,
        "status": account.status,
        "origin": account.origin,
        "relationship": account.relationship,
        "effective_on": account.effective_on,
    }


def answers(events: Iterable[Stored], scope: Scope) -> dict[str, list[Row]]:
    """Return what the oracle answers, by projection."""
    cut = cut_of(scope)
    known = knowledge(events, cut)
    heard = accounts(known, cut)
    told = happenings(known, heard, cut)
    touched = touches(known, told)
    return {
        "developments": [_account(account) for account in heard if account.effective_on <= cut.as_of],
        "occurrences": [_occurrence(happening) for happening in told],
        "relationship_occurrences": [
            {
                "relationship": touch.relationship,
                "occurrence": touch.happening.occurrence,
                "direct": touch.direct,
                "intensity": touch.intensity,
                "intensity_is_judged": touch.judged,
            }
            for touch in touched
        ],
        "exclusivity_terms": exclusivity_terms(told, cut),
        "revenue_shares": revenue_shares(told, cut),
        "compute_commitments": compute_commitments(told, cut.as_of),
        "board_seats": board_seats(told),
        "relationship_tone": [
            {"relationship": relationship} | row for relationship, row in relationship_tone(touched, cut).items()
        ],
    }


COLUMNS: dict[str, tuple[str, ...]] = {
    "developments": ("development", "revision", "status", "origin", "relationship", "effective_on"),
    "occurrences": (*COMMON, *FIELDS),
    "relationship_occurrences": ("relationship", "occurrence", "direct", "intensity", "intensity_is_judged"),
    "exclusivity_terms": (
        *(
            "relationship",
            "grantor",
            "holder",
            "coverage",
            "level",
            "status",
            "contested",
            "since_on",
            "known_since_on",
        ),
        *("ended_on", "ended_by", "expires", "trigger", "carve_outs", "contested_carve_outs"),
        *("evidence_attribution", "origins", "credibility"),
        "occurrences",
    ),
    "revenue_shares": (
        *("relationship", "payer", "payee", "share", "capped", "status", "since_on", "ended_on", "told_ended_on"),
        *("expires", "evidence_attribution", "origins", "credibility", "occurrences"),
    ),
    "compute_commitments": (
        *("commitment", "relationship", "provider", "customer", "layer", "unit", "amount", "amount_min", "amount_max"),
        *("qualifier", "per", "stage", "binding", "counted", "status", "since_on", "starts", "expires"),
        *("evidence_attribution", "origins", "credibility", "occurrences"),
    ),
    "board_seats": (
        *("relationship", "organisation", "holder", "person", "kind", "status", "since_on", "ended_on"),
        *("evidence_attribution", "origins", "credibility", "occurrences"),
    ),
    "relationship_tone": ("relationship", "r", "s", "tone"),
}
PROJECTIONS = tuple(COLUMNS)
NEAR = 1e-6


def read(reader: Reader, scope: Scope, names: Iterable[str] = PROJECTIONS) -> dict[str, list[Row]]:
    """Return the same answers from the projections."""
    names = list(names)
    reader.lay(scope, names)
    found = {}
    for name in names:
        columns = ", ".join(f'"{column}"' for column in COLUMNS[name])
        found[name] = reader.sql(f"select {columns} from {name}", scope, lay=[name]).records()
    return found


def differences(expected: Mapping[str, list[Row]], actual: Mapping[str, list[Row]]) -> list[str]:
    """Say which rows only the oracle has (-) and which only the projection (+), by projection."""
    found = []
    for name, rows in actual.items():
        if name == "relationship_tone":
            found += _far_apart(expected[name], rows)
            continue
        wanted, given = (sorted(map(_plain, side)) for side in (_chosen(expected[name], name), _chosen(rows, name)))
        for row in wanted:
            if row in given:
                given.remove(row)
            else:
                found.append(f"- {name}: {row}")
        found += [f"+ {name}: {row}" for row in given]
    return found


def _chosen(rows: list[Row], name: str) -> list[Row]:
    return [{column: row.get(column) for column in COLUMNS[name]} for row in rows]


def _far_apart(expected: list[Row], actual: list[Row]) -> list[str]:
    wanted, given = ({row["relationship"]: row for row in side} for side in (expected, actual))
    found = [
        f"{'-' if pair in wanted else '+'} relationship_tone: {pair}" for pair in sorted(wanted.keys() ^ given.keys())
    ]
    for pair in sorted(wanted.keys() & given.keys()):
        for column in ("r", "s", "tone"):
            one, two = float(wanted[pair][column]), float(given[pair][column])
            if not math.isclose(one, two, abs_tol=NEAR):
                found.append(f"~ relationship_tone: {pair}: {column}: {one} is {two}")
    return found


def _plain(row: Row) -> str:
    """Write a row as text without its empty columns; rows that mean the same are written the same."""
    return ", ".join(f"{name}={_text(value)}" for name, value in row.items() if value is not None)


def _text(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, Amount):
        return _text(value.model_dump(exclude={"verbatim"}))
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{k}: {_text(v)}" for k, v in sorted(value.items()) if v is not None and k != "verbatim")
            + "}"
        )
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_text, value)) + "]"
    return str(value)
