"""CAMEO codes and their Goldstein values, out of a table that the user gives: tracker ships none.

The scale is Goldstein's (1992), as assigned to CAMEO's codes by its users; tables differ here and there, so the one
that a data set was coded with belongs to the data.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from tracker.books.files import UnreadableFile, read_book_file
from tracker.errors import TrackerError

CODE, NAME, GOLDSTEIN = ("code", "cameoeventcode"), ("name",), ("goldstein", "goldsteinscale")
"""Names under which the columns of known tables stand."""

NO_VALUE = ("", "NA", "NULL")

LONGEST = 4
"""Digits of a code at most."""

ROOTS = frozenset(f"{root:02}" for root in range(1, 21))
"""What CAMEO codes begin with: MAKE PUBLIC STATEMENT 01 to USE UNCONVENTIONAL MASS VIOLENCE 20."""


class BadCodes(TrackerError):
    """A table of codes that cannot be used."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"--codes {path}: {why}: a table of CAMEO codes has a header with code, and name or goldstein")


@dataclass
class Codes:
    """Codes, by their names, and with their Goldstein values as they are written in the table."""

    codes: set[str] = field(default_factory=set)
    by_name: dict[str, set[str]] = field(default_factory=dict)
    by_folded_name: dict[str, set[str]] = field(default_factory=dict)
    goldstein: dict[str, str] = field(default_factory=dict)

    def code(self, text: str) -> str | None:
        """Return the code that a text names, by its digits or its name; None where it names none or several.

        Roots and their first subcodes share names but for capitals (`THREATEN` 13, `Threaten` 130): those decide.
        """
        if text.isdigit():
            return text
        found = self.by_name.get(text) or self.by_folded_name.get(text.casefold(), set())
        return next(iter(found)) if len(found) == 1 else None

    def holds(self, text: str) -> bool:
        """Say whether a text is surely a code, or the name of one: as a party's name it would be a strange one."""
        code = self.code(text)
        return bool(self.ambiguous(text)) or (code is not None and len(code) <= LONGEST and self.doubt(code) is None)

    def ambiguous(self, text: str) -> list[str]:
        """Return the codes that share a name, where they do."""
        found = self.by_name.get(text) or self.by_folded_name.get(text.casefold(), set())
        return sorted(found) if len(found) > 1 else []

    def doubt(self, code: str) -> tuple[str, str | None] | None:
        """Return why digits are hardly a code, and what may be meant; None for those that a table or CAMEO knows."""
        if self.codes:
            why = None if code in self.codes else f"no table of codes holds the CAMEO code {code}"
        else:
            why = None if code[:2] in ROOTS else f"CAMEO has no code {code}: its roots are 01 to 20"
        if why is None:
            return None
        padded = f"0{code}"
        is_meant = padded in self.codes if self.codes else len(padded) <= LONGEST and padded[:2] in ROOTS
        return why, f"if a zero in front was lost, write {padded}" if is_meant else None


def read_codes(paths: Sequence[Path]) -> Codes:
    """Read tables, comma- or tab-separated; of two that give one code a value, the first holds. Raises BadCodes."""
    codes = Codes()
    for path in paths:
        # Such tables are often in Latin-1; what tracker reads of them is ASCII.
        try:
            text = read_book_file(path).decode("utf-8-sig", errors="replace")
        except UnreadableFile as error:
            raise BadCodes(path, str(error)) from error
        _take(codes, path, text)
    return codes


def _take(codes: Codes, path: Path, text: str) -> None:
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    reader = csv.DictReader(StringIO(text, newline=""), delimiter=delimiter)
    names = {str(name).strip().casefold(): name for name in reader.fieldnames or ()}
    code, name, goldstein = (_column(names, known) for known in (CODE, NAME, GOLDSTEIN))
    if code is None or (name is None and goldstein is None):
        raise BadCodes(path, f"its header has {', '.join(names)}")
    own: dict[str, str] = {}
    for row in reader:
        its_code = (row[code] or "").strip()
        if its_code:
            codes.codes.add(its_code)
        if name and row[name]:
            its_name = row[name].strip()
            codes.by_name.setdefault(its_name, set()).add(its_code)
            codes.by_folded_name.setdefault(its_name.casefold(), set()).add(its_code)
        if goldstein and (value := (row[goldstein] or "").strip()) not in NO_VALUE:
            if own.setdefault(its_code, value) != value:
                raise BadCodes(path, f"it gives the code {its_code} two values, {own[its_code]} and {value}")
            codes.goldstein.setdefault(its_code, value)


def _column(names: dict[str, str], known: Iterable[str]) -> str | None:
    return next((names[name] for name in known if name in names), None)
