"""What must hold of any text, whatever reads it: each check says so where it is neither read right nor refused."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.errors import TrackerError
from tracker.model.names import visible

if TYPE_CHECKING:
    import duckdb

    from tracker.books.row_reader import RowReader
    from tracker.books.rows import BadRow, Row
    from tracker.log.store import Log

TODAY = date(2025, 6, 2)


class Broken(AssertionError):
    """A property does not hold; the message says which, and for what text."""


BIDI = frozenset({"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"})


def hides(text: str) -> bool:
    """Say whether a text holds what a screen would obey or not show; Unicode's own tables judge, not tracker's."""
    return any(
        unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(c) in BIDI or c in ZERO_WIDTH
        for c in text
        if c not in "\n\t"
    )


ZERO_WIDTH = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


def refused_with_a_reason(error: TrackerError) -> None:
    """Raise Broken where a refusal says nothing, or hides something where it is shown."""
    told = visible(str(error), newlines=True)
    if not told.strip():
        raise Broken(f"{type(error).__name__} says nothing")
    if hides(told):
        raise Broken(f"{type(error).__name__} hides something: {told!r}")


def edtf(text: str) -> None:
    """A date is read as a span of days that its own text gives again, or refused."""
    from tracker.model.edtf import EdtfError, effective_on, parse_edtf, published_on

    for read in (parse_edtf, published_on):
        try:
            read(text)
        except EdtfError as error:
            refused_with_a_reason(error)
            if "\n" in str(error):
                raise Broken(f"a refusal of several lines: {error!r}") from error
    try:
        found = parse_edtf(text)
    except EdtfError:
        return
    if parse_edtf(found.text) != found:
        raise Broken(f"{text!r} is not read again as itself")
    if found.earliest is None and found.latest is None:
        raise Broken(f"{text!r} names no day")
    if found.earliest and found.latest and found.earliest > found.latest:
        raise Broken(f"{text!r} ends before it begins")
    if effective_on(text, TODAY) > TODAY:
        raise Broken(f"{text!r} counts from after its publication")


def amount(text: str) -> None:
    """An amount is read and written as the same amount, or refused."""
    from tracker.model.amounts import Amount, AmountError, format_amount, normalised, parse_amount

    try:
        found = parse_amount(text)
    except AmountError as error:
        return refused_with_a_reason(error)
    again = parse_amount(format_amount(found))
    if again != found.model_copy(update={"verbatim": None}):
        raise Broken(f"{text!r} is {found!r}, and its text {again!r}")
    if Amount.model_validate_json(found.model_dump_json()) != found:
        raise Broken(f"{text!r} does not survive JSON")
    normalised(normalised(found))
    return None


def name(text: str) -> None:
    """A name folds once and for all, gives an id or none, and is shown without anything hidden."""
    from tracker.model.names import InvalidName, fold_name, is_slug, slugify, suggest

    folded = fold_name(text)
    if fold_name(folded) != folded:
        raise Broken(f"{text!r} folds to {folded!r}, and that to {fold_name(folded)!r}")
    try:
        slug = slugify(text)
        if not is_slug(slug):
            raise Broken(f"{text!r} gives the id {slug!r}, which is none")
    except InvalidName as error:
        refused_with_a_reason(error)
    if hides(visible(text)) or "\n" in visible(text):
        raise Broken(f"{text!r} is shown with something hidden: {visible(text)!r}")
    suggest(text, ("Acme", "环球", "Globex Corp"))


def book(text: str) -> None:
    """A book is read, or everything wrong with it is placed within it and shown without anything hidden."""
    from tracker.books.book import fill_book, read_book
    from tracker.books.names import PartyIndex
    from tracker.books.past import Past

    data = text.encode("utf-8", "surrogatepass")
    found = read_book(Path("/nowhere/books/x.yaml"), data)
    index = PartyIndex()
    for party, names in found.party_names():
        index.add(party, dict(names))
    fill_book(found, index, Past(None), TODAY)
    for problem in found.problems:
        shown = problem.render(found.lines)
        if hides(shown):
            raise Broken(f"a problem shows something hidden: {shown!r}")
        if not 1 <= problem.line <= len(found.lines) + 1:
            raise Broken(f"a problem stands on line {problem.line} of {len(found.lines)}")
    if found.root is None and not found.problems:
        raise Broken("a book without a tree has nothing wrong with it")


def quote(text: str) -> None:
    """A quote is found where it stands, or the nearest passage is told; what was cut out of a text is found in it."""
    from tracker.books.quotes import EmptyQuote, QuoteNotFound, find_quote

    half = len(text) // 2
    for kept, said in ((text[:half], text[half:]), (text, text[half // 2 : half])):
        try:
            found = find_quote(kept, said)
        except (QuoteNotFound, EmptyQuote) as error:
            refused_with_a_reason(error)
            if said.strip() and said in kept:
                raise Broken(f"{said!r} was not found in {kept!r}") from error
            continue
        if kept[found.start : found.end] != found.exact:
            raise Broken(f"{said!r} was found in {kept!r} where it does not stand")


def export(text: str) -> None:
    """An exported log comes back as it went out, or is refused with its lines named and nothing recorded."""
    from tracker.books.jsonl import CHECKPOINT, export_events, import_events, read_lines
    from tracker.books.problems import BookProblems

    log = _log()
    lines = list(read_lines(BytesIO(text.encode("utf-8", "surrogatepass"))))
    try:
        import_events(log, lines)
    except BookProblems as error:
        refused_with_a_reason(error)
        if log.head():
            raise Broken(f"{log.head()} events were recorded of what was refused") from error
        return
    told = [json.loads(line) for line in map(_text, lines) if line.strip()]
    # Another program may have laid the lines out anew; what they say is the same.
    given = [fields for fields in told if CHECKPOINT not in fields]
    out = list(export_events(log))
    if [json.loads(line) for line in out] != given:
        raise Broken("what was brought in does not go out as it came")
    again = _log()
    import_events(again, out)
    if list(export_events(again)) != out:
        raise Broken("what goes out does not come back byte for byte")


def rows(text: str) -> None:
    """Each row of JSON lines or of a table says an event, or is named with what is wrong."""
    from tracker.books.names import PartyIndex
    from tracker.books.row_reader import RowOptions, RowReader
    from tracker.books.rows import BadHeader, Table, csv_rows, jsonl_rows

    lines = text.encode("utf-8", "surrogatepass").splitlines(keepends=True)
    for cells in (False, True):
        index = PartyIndex()
        index.add("acme", ["acme", "Acme"])
        options = RowOptions("statement-made", "r1", register_parties=True, cells=cells)
        reader = RowReader("x", index, options, TODAY)
        read: Iterator[Row | BadRow] = csv_rows(lines, Table(), "x") if cells else jsonl_rows(lines, "x")
        try:
            for row in read:
                _read_row(reader, row)
        except BadHeader as error:
            refused_with_a_reason(error)


def _read_row(reader: RowReader, row: Row | BadRow) -> None:
    from tracker.books.rows import BadRow

    try:
        if isinstance(row, BadRow):
            raise row
        reader.brief(row)
        reader.read(row)
    except BadRow as error:
        refused_with_a_reason(error)
        if not error.problems:
            raise Broken("a bad row has nothing wrong with it") from error


def sql(text: str) -> None:
    """SQL is refused, or running it leaves every table, setting and file as it was; a condition stays in its place."""
    import duckdb

    from tracker.state.guard import NoCondition, QueryRefused, refuse_no_condition, refuse_writing

    try:
        refuse_writing(text)
    except QueryRefused as error:
        refused_with_a_reason(error)
    else:
        _refuse_effects(text)
    try:
        refuse_no_condition(text)
    except NoCondition as error:
        return refused_with_a_reason(error)
    try:
        kept = _engine().execute(f"select * from t where ({text}\n) and false").fetchall()
    except duckdb.Error:
        return None
    if kept:
        raise Broken(f"the condition {text!r} does not stay in its brackets")
    return None


STATE = (
    "select count(*), sum(x) from t",
    "select list(table_name order by 1) from duckdb_tables()",
    "select list(name || '=' || value order by 1) from duckdb_settings()",
)
"""All that a statement could have changed."""


def _refuse_effects(text: str) -> None:
    import duckdb

    con = _engine()
    before = [con.execute(query).fetchall() for query in STATE]
    with suppress(duckdb.Error):
        con.execute(text).fetchmany(3)
    if [con.execute(query).fetchall() for query in STATE] != before:
        # The next text finds an engine as this one did.
        _engine.cache_clear()
        raise Broken(f"what was taken for reading has an effect: {text!r}")


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """Return an engine for all texts: what leaves it as it was need not have one of its own."""
    import duckdb

    # What a text asks for beyond this is an error of the engine, and none that matters here.
    con = duckdb.connect(config={"enable_external_access": False, "memory_limit": "200MB", "threads": 1})
    con.execute("create table t (x int)")
    con.execute("insert into t values (1), (2)")
    return con


def _text(line: bytes) -> str:
    return line.decode("utf-8-sig")


def _log() -> Log:
    from eventsourcing.dcb.popo import InMemoryDCBRecorder

    from tracker.log.store import Log

    return Log(InMemoryDCBRecorder(), coder="fuzz")
