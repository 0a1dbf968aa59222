"""A synthetic history in the forms that users bring: lines of JSON, a table, books."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from bench.history import Line, history

PER_BOOK = 2_000
"""Parties of one book; larger ones take long to read for a person too."""


def write_lines(path: Path, lines: Iterable[Line]) -> int:
    """Write lines of JSON and return how many."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
            count += 1
    return count


def write_table(folder: Path, events: int) -> tuple[Path, Path]:
    """Write parties and reports as lines, everything else as one table; returns both files."""
    foundations, table = folder / "foundations.jsonl", folder / "rows.csv"
    write_lines(foundations, (line for line in history(events) if line["type"] in ("party", "report")))
    names = list(dict.fromkeys(name for line in _rows(events) for name in line))
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        for line in _rows(events):
            writer.writerow({name: _cell(value) for name, value in line.items()})
    return foundations, table


def write_books(folder: Path, events: int) -> int:
    """Write a book for the parties and one for each report, without what corrects them; returns the entries."""
    from tracker.books.yaml_writer import dump_book

    folder.mkdir(parents=True)
    lines = [line for line in history(events) if "why" not in line]
    parties = [_entry(line) for line in lines if line["type"] == "party"]
    for start in range(0, len(parties), PER_BOOK):
        text = dump_book({"tracker": "book/1", "parties": parties[start : start + PER_BOOK]})
        (folder / f"parties-{start}.yaml").write_text(text, encoding="utf-8")
    said = sorted((line for line in lines if "report" in line), key=lambda line: str(line["report"]))
    entries = {report: list(group) for report, group in groupby(said, key=lambda line: str(line["report"]))}
    reports = [line for line in lines if line["type"] == "report"]
    for report in reports:
        own = [{k: v for k, v in line.items() if k != "report"} for line in entries.get(report["id"], [])]
        text = dump_book({"tracker": "book/1", "report": _entry(report), "developments": own})
        (folder / f"{report['id']}.yaml").write_text(text, encoding="utf-8")
    return len(parties) + len(reports) + sum(len(group) for group in entries.values())


def _rows(events: int) -> Iterator[Line]:
    return (line for line in history(events) if line["type"] not in ("party", "report"))


def _entry(line: Line) -> Line:
    return {name: value for name, value in line.items() if name != "type"}


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return "; ".join(f"{name}: {item}" for name, item in value.items()) if isinstance(value, dict) else str(value)
