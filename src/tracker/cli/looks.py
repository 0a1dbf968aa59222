"""How rows look on a terminal: names for ids, one column of evidence, no empty columns, what is in force first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from tracker.cells import amount_text, text_of
from tracker.cli.failures import colourful
from tracker.cli.names import Names

if TYPE_CHECKING:
    from typing import TextIO

    from tracker.state.reader import Table

IN_FORCE = frozenset({"in-force", "held", "paused", "current", "open", "planned", "in-office", "announced"})
PAST = frozenset(
    {"superseded", "expired", "ended", "retracted", "given-up", "dropped", "cancelled", "settled", "not-binding"}
    | {"waived", "removed", "departed"}
)
"""What `status` says; a projection with other words of its own is shown whole."""

EVIDENCE = ("evidence_attribution", "origins", "credibility", "occurrences")
"""The columns that every projection of terms has; a terminal shows them as one, `on-record, 2 origins`."""

AMOUNT = ("unit", "amount", "amount_min", "amount_max", "qualifier", "per")
"""The columns of a net amount, in the order of `_amount`."""

GAP = 2
"""Blanks between two columns."""

SHORTEST = 4
"""No column is narrower: what is less could not be read."""

WRAPS_FROM = 40
"""A cell that is longer is broken into lines where the terminal is too narrow."""

BLANK_END = re.compile(r"(?: |\x1b\[[0-9;]*m)+$")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")

PIPED_WIDTH = 160
"""The width of a table that a person will read in a file."""

Columns = list[tuple[str, list[str], bool]]
"""Heading, cells, and whether the cells are numbers."""


def in_force_only(table: Table) -> tuple[Table, int]:
    """Return the rows that are in force, and how many are not; all rows where the status tells no such thing."""
    if "status" not in table.columns:
        return table, 0
    place = table.columns.index("status")
    statuses = {row[place] for row in table.rows}
    if not statuses <= IN_FORCE | PAST:
        return table, 0
    kept = [row for row in table.rows if row[place] in IN_FORCE]
    return type(table)(table.columns, kept), len(table.rows) - len(kept)


def arrange(table: Table, names: Names, *, relationship: str | None = None, every_column: bool = False) -> Columns:
    """Return what a terminal shows of the rows; with `every_column` only ids become names."""
    columns = dict(zip(table.columns, map(list, zip(*table.rows, strict=True)), strict=True)) if table.rows else {}
    if every_column:
        return [(name, _cells(name, values, names), _numeric(values)) for name, values in columns.items()]
    columns = _with_amounts(columns)
    evidence = _evidence(columns) if set(EVIDENCE[:2]) <= columns.keys() else None
    arranged: Columns = []
    skipped = set(EVIDENCE) if evidence else set()
    if relationship is not None or any({first, second} <= columns.keys() for first, second in pairs()):
        skipped.add("relationship")
    for name, values in columns.items():
        if name in skipped or all(value in (None, [], "", False) for value in values):
            continue
        if name == "status" and set(values) == {"in-force"}:
            continue
        partner = next((second for first, second in pairs() if first == name and second in columns), None)
        # Where a name stands beside it, an id is what one types.
        written = list(map(text_of, values)) if name == "party" and "name" in columns else _cells(name, values, names)
        cells = [
            {True: "yes", False: ""}[v] if isinstance(v, bool) else c for v, c in zip(values, written, strict=True)
        ]
        heading = name if name.removesuffix("_on") in columns else name.removesuffix("_on")
        if partner:
            cells = [f"{a} → {b}" for a, b in zip(cells, _cells(partner, columns[partner], names), strict=True)]
            heading = f"{name} → {partner}"
            skipped.add(partner)
        arranged.append((heading, cells, _numeric(values)))
    return [*arranged, ("evidence", evidence, False)] if evidence else arranged


def print_columns(
    columns: Columns, stream: TextIO, *, whole: bool = False, keys: frozenset[str] = frozenset()
) -> list[str]:
    """Print a table to a terminal, or to whatever a person will read; return the headings for which it is too narrow.

    With `whole` every column is printed, in lines that wrap; `keys` always are. Cells are never cut off.
    """
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    width = None if stream.isatty() else PIPED_WIDTH
    console = Console(file=stream, no_color=not colourful(stream), highlight=False, width=width)
    fitting = columns if whole else _fitting(columns, console.width, keys)
    grid = Grid(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold" if colourful(stream) else "")
    for (heading, _, numeric), cells_wide in zip(fitting, _widths(fitting, console.width), strict=True):
        justify: Literal["left", "right"] = "right" if numeric else "left"
        grid.add_column(Text(heading), justify=justify, overflow="fold", width=cells_wide)
    for row in zip(*(cells for _, cells, _ in fitting), strict=True):
        grid.add_row(*(Text(cell) for cell in row))
    with console.capture() as captured:
        console.print(grid)
    # Rich fills every line up; nobody wants the blanks in what they copy.
    stream.write("".join(BLANK_END.sub(_only_colour, line) + "\n" for line in captured.get().splitlines()))
    stream.flush()
    kept = {heading for heading, _, _ in fitting}
    return [heading for heading, _, _ in columns if heading not in kept]


def _fitting(columns: Columns, width: int, keys: frozenset[str]) -> Columns:
    """Leave columns out until the others fit: first those that say the same in every row, then sparse, then late ones.

    The first column names the row, the last is the evidence; `since` and `status` are what one looks for.
    """
    kept = list(columns)
    rows = len(columns[0][1]) if columns else 0
    kept_anyway = {"since", "status", "amount", "level", *keys}
    spare = [c for c in columns[1:-1] if c[0] not in kept_anyway and " → " not in c[0]]
    constant = [c for c in spare if rows > 1 and len(set(c[1])) == 1]
    sparse = [c for c in spare if c not in constant and 2 * sum(not cell for cell in c[1]) > rows]
    late = [c for c in reversed(spare) if c not in constant and c not in sparse]
    for column in [*constant, *sparse, *late]:
        if sum(_width(c) + GAP for c in kept) - GAP <= width:
            break
        kept.remove(column)
    return kept


def _widths(columns: Columns, width: int) -> list[int]:
    """Share the line out: columns give way where they are widest, down to their longest words, and only then inside."""
    widths = [_width(column) for column in columns]
    words = [_width((heading, cells, numeric), word=True) for heading, cells, numeric in columns]
    available = width - GAP * (len(columns) - 1)
    for least in (words, [SHORTEST] * len(columns)):
        while sum(widths) > available:
            slack = [w - m for w, m in zip(widths, least, strict=True)]
            if max(slack, default=0) <= 0:
                break
            widths[max(range(len(slack)), key=lambda n: (slack[n] > 0, widths[n]))] -= 1
    return widths


def _width(column: tuple[str, list[str], bool], *, word: bool = False) -> int:
    """Return the cells that a column takes, at most `WRAPS_FROM`; with `word` only its longest word counts."""
    from tracker.books.problems import display_width

    heading, cells, _ = column
    texts = [part for text in (heading, *cells) for part in (text.split() if word else [text])]
    return min(WRAPS_FROM, max(map(display_width, texts), default=1))


def _only_colour(blank: re.Match[str]) -> str:
    return "".join(COLOUR.findall(blank[0]))


@cache
def pairs() -> frozenset[tuple[str, str]]:
    """Return the pairs of roles between which developments happen, from the catalogue: grantor and holder."""
    from tracker.model.catalogue import event_types

    return frozenset(event.cls.PAIR for event in event_types().values() if event.cls.PAIR)


@cache
def party_columns() -> frozenset[str]:
    """Return the columns that hold ids of parties, from the catalogue."""
    from tracker.model.catalogue import Kind, all_fields

    return frozenset(n for n, spec in all_fields().items() if spec.kind in (Kind.PARTY, Kind.PARTIES))


def evidence_text(attribution: Any, origins: Any) -> str:
    """`on-record, 2 origins`."""
    if attribution is None:
        return ""
    return f"{text_of(attribution)}, {counted(int(origins or 0), 'origin')}"


def counted(number: int, noun: str) -> str:
    """`1 origin`, `2 origins`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _with_amounts(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Put an amount that is spread over several columns into one, `up to 11.9B USD`, where the first of them stands."""
    if not columns.keys() >= set(AMOUNT):
        return columns
    rows = zip(*(columns[name] for name in AMOUNT), strict=True)
    parts = [name for name in columns if name in AMOUNT]
    amounts = [_amount(*row) for row in rows]
    return {("amount" if name == parts[0] else name): (amounts if name == parts[0] else values)
            for name, values in columns.items() if name not in parts[1:]}  # fmt: skip


def _amount(*parts: Any) -> str | None:
    unit, value, low, high, qualifier, per = parts
    if unit is None or (value, low, high) == (None, None, None):
        return None
    bounds = {} if value is not None and low in (None, value) and high in (None, value) else {"min": low, "max": high}
    given = {"unit": unit, "value": None if bounds else value, **bounds, "qualifier": qualifier, "per": per}
    try:
        return amount_text(given)
    except ValueError:
        # Netted bounds need not have a shape that a source could have written.
        shown = "–".join(text_of(number) if number is not None else "?" for number in (low, high))
        return f"{shown} {unit}" + (f" per {per}" if per else "")


def _evidence(columns: dict[str, list[Any]]) -> list[str]:
    return [evidence_text(a, o) for a, o in zip(columns[EVIDENCE[0]], columns[EVIDENCE[1]], strict=True)]


def _cells(name: str, values: Iterable[Any], names: Names) -> list[str]:
    write = _writer(name, names)
    return [write(value) for value in values]


def _writer(name: str, names: Names) -> Callable[[Any], str]:
    if name == "relationship":
        return lambda value: text_of(names.of_pair(value)) if value else ""
    if name == "roles":
        return lambda value: roles_text(value, names)
    if name in party_columns():
        return lambda value: ", ".join(
            text_of(names.of(p)) for p in ([value] if isinstance(value, str) else value or [])
        )
    return text_of


def roles_text(roles: Any, names: Names) -> str:
    """`{"grantor": "acme", "holder": "globex"}` → `Acme → Globex`."""
    import json

    parts = json.loads(roles) if isinstance(roles, str) else roles or {}
    listed = [part for part in parts.values() if part]
    return " → ".join(", ".join(text_of(names.of(p)) for p in ([x] if isinstance(x, str) else x)) for x in listed)


def _numeric(values: Iterable[Any]) -> bool:
    held = [value for value in values if value is not None]
    return bool(held) and all(isinstance(v, int | Decimal | float) and not isinstance(v, bool | date) for v in held)
