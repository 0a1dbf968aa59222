"""What is fuzzed: each target reads any text, and says so where it is neither read right nor refused in one line.

The targets are shared by the tests (hypothesis), the trial by mutation, and the one guided by coverage (atheris).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.errors import TrackerError
from tracker.model.names import visible

if TYPE_CHECKING:
    from tracker.log.store import Log

TODAY = date(2025, 6, 2)
Check = Callable[[str], None]


class Broken(AssertionError):
    """A property does not hold; the message says which, and for what text."""


@dataclass(frozen=True)
class Target:
    """Something that reads text. `seeds` are texts that it accepts, `pieces` what they are made of."""

    name: str
    check: Check
    seeds: tuple[str, ...]
    pieces: tuple[str, ...] = field(default=())


HOSTILE = (
    *("\x00", "\x1b[31m", "\x7f", "\x85", "\u200b", "\u202e", "\u2028", "\ufeff", "\ud800", "\udfff", "\U0010ffff"),
    *(
        "：",
        "　",
        "“",
        "０",
        "１",
        "٣",
        "亿",
        "é",
        "e\u0301",
        "ﬁ",
        "İ",
        "ß",
        "\t",
        "\r\n",
        "\n",
        " ",
        "",
        "'",
        '"',
        "\\",
    ),
    *("9" * 40, "9" * 5000, "-", "--", "..", "/", ":", "{", "}", "[", "]", ",", "(", ")", "%", "#", "&", "*", "!", "|"),
)
"""What breaks readers, whatever they read."""


def mutated(target: Target, chance: random.Random) -> str:
    """Return a text near what a target accepts: a seed, or two of them, cut, doubled and salted."""
    text = chance.choice(target.seeds)
    for _ in range(chance.randint(0, 6)):
        at, end = sorted(chance.choices(range(len(text) + 1), k=2))
        match chance.randint(0, 5):
            case 0:
                text = text[:at] + text[end:]
            case 1:
                text = text[:at] + text[at:end] * chance.randint(2, 4) + text[end:]
            case 2:
                other = chance.choice(target.seeds)
                text = text[:at] + other[chance.randrange(len(other) + 1) :]
            case 3 if target.pieces:
                text = text[:at] + chance.choice(target.pieces) + text[at:]
            case 4 if text:
                text = text[:at] + chr(chance.choice((*range(128), 0x4EBF, 0xFF1A, 0x202E))) + text[at + 1 :]
            case _:
                text = text[:at] + chance.choice(HOSTILE) + text[at:]
    return text[:20_000]


def refused_in_one_line(error: TrackerError) -> None:
    """Raise Broken where a refusal is empty, has several lines, or sends what cannot be seen to a terminal."""
    told = visible(str(error))
    if not told.strip():
        raise Broken(f"{type(error).__name__} says nothing")
    told.encode("utf-8")


def edtf(text: str) -> None:
    """A date is read as a span of days that its own text gives again, or refused."""
    from tracker.model.edtf import EdtfError, effective_on, parse_edtf, published_on

    for read in (parse_edtf, published_on):
        try:
            read(text)
        except EdtfError as error:
            refused_in_one_line(error)
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
        return refused_in_one_line(error)
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
        refused_in_one_line(error)
    shown = visible(text)
    shown.encode("utf-8")
    if visible(shown) != shown:
        raise Broken(f"{text!r} is shown with something hidden")
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
        if visible(shown, newlines=True) != shown:
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
            refused_in_one_line(error)
            if said.strip() and said in kept:
                raise Broken(f"{said!r} was not found in {kept!r}") from error
            continue
        if kept[found.start : found.end] != found.exact:
            raise Broken(f"{said!r} was found in {kept!r} where it does not stand")


def export_line(text: str) -> None:
    """A line of an exported log is what tracker writes, or is named."""
    from tracker.books.jsonl import import_events
    from tracker.books.problems import BookProblems

    try:
        import_events(_log(), text.encode("utf-8", "surrogatepass").splitlines(keepends=True))
    except BookProblems as error:
        str(error).encode("utf-8")


def rows(text: str) -> None:
    """Each row of JSON lines or of a table says an event, or is named with what is wrong."""
    from tracker.books.names import PartyIndex
    from tracker.books.row_reader import RowOptions, RowReader
    from tracker.books.rows import BadHeader, BadRow, Row, Table, csv_rows, jsonl_rows

    lines = text.encode("utf-8", "surrogatepass").splitlines(keepends=True)
    for cells in (False, True):
        index = PartyIndex()
        index.add("acme", ["acme", "Acme"])
        options = RowOptions("statement-made", "r1", register_parties=True, cells=cells)
        reader = RowReader("x", index, options, TODAY)
        read: Iterator[Row | BadRow] = csv_rows(lines, Table(), "x") if cells else jsonl_rows(lines, "x")
        try:
            for row in read:
                if isinstance(row, Row):
                    reader.brief(row)
                    reader.read(row)
        except (BadRow, BadHeader) as error:
            refused_in_one_line(error)


def sql(text: str) -> None:
    """SQL is refused, or running it leaves every table, setting and file as it was; a condition stays in its place."""
    import duckdb

    from tracker.state.guard import NoCondition, QueryRefused, refuse_no_condition, refuse_writing

    try:
        refuse_writing(text)
    except QueryRefused as error:
        refused_in_one_line(error)
    else:
        _refuse_effects(text)
    try:
        refuse_no_condition(text)
    except NoCondition as error:
        refused_in_one_line(error)
        return
    with duckdb.connect(config={"enable_external_access": False}) as con:
        con.execute("create table t (x int)")
        con.execute("insert into t values (1)")
        try:
            kept = con.execute(f"select * from t where ({text}\n) and false").fetchall()
        except duckdb.Error:
            return
    if kept:
        raise Broken(f"the condition {text!r} does not stay in its brackets")


def _refuse_effects(text: str) -> None:
    import duckdb

    with duckdb.connect(config={"enable_external_access": False}) as con:
        con.execute("create table t (x int)")
        con.execute("insert into t values (1), (2)")
        state = "select count(*), sum(x) from t"
        catalog = "select list(table_name order by 1) from duckdb_tables()"
        settings = "select list(name || '=' || value order by 1) from duckdb_settings()"
        before = [con.execute(query).fetchall() for query in (state, catalog, settings)]
        with suppress(duckdb.Error):
            con.execute(text).fetchmany(3)
        if [con.execute(query).fetchall() for query in (state, catalog, settings)] != before:
            raise Broken(f"what was taken for reading has an effect: {text!r}")


def _log() -> Log:
    from eventsourcing.dcb.popo import InMemoryDCBRecorder

    from tracker.log.store import Log

    return Log(InMemoryDCBRecorder(), coder="fuzz")


BOOK = """\
tracker: book/1
parties:
  - {id: acme, name: Acme, aliases: [极致]}
  - {id: ada, name: Ada, kind: person, affiliations: [{organisation: acme}]}
report:
  id: r1
  publisher: P
  published: 2025-05-05
developments:
  - type: statement-made
    key: k
    speaker: 极致
    occurred: 2025-04/2025-05
    quote: "We \\u200bremain"
    bears_on: {acme--ada: -3}
  - {type: compute-committed, key: c, provider: acme, amounts: [up to 11.9B USD, 4.5 GW], sic: yes}
"""

LINE = (
    '{"position":1,"topic":"PartyRegistered.v1","tags":["party:acme","alias:acme"],"data":{"event":"400bf0532fca1fcb7c66",'
    '"recorded_at":"2025-05-05T12:00:00.000000Z","coder":"a","revision":1,"payload":{"party":"acme","name":"Acme",'
    '"kind":"organisation","aliases":[],"affiliations":[]}}}\n'
)

ROW = '{"speaker": "Acme", "stance": "supportive", "occurred": "2025-04", "intensity": 1.5, "note": "n"}\n'


@cache
def targets() -> dict[str, Target]:
    """Return every target by name."""
    listed = [
        Target(
            "edtf",
            edtf,
            (
                "2025-05-31",
                "2025",
                "2018-22",
                "../2025-05",
                "2023-11?/..",
                "20XX",
                "2025-05-2X",
                "2025-05-05T23:55+08:00",
            ),
            ("X", "?", "~", "%", "..", "/", "-", "T", "Z", "0204", "13", "32", "41"),
        ),
        Target(
            "amount",
            amount,
            (
                "650M USD",
                "up to 11.9B USD",
                "5–10 GW",
                "6.5亿美元",
                "数十亿美元",
                "about 27%",
                "30B USD per year",
                "1亿5000万元",
            ),
            (
                "over 5 years",
                "between 1 and 2 GW",
                "total",
                "conditional",
                "$",
                "1,000",
                "1e9",
                "NaN",
                "十",
                "万",
                "kW",
            ),
        ),
        Target(
            "name",
            name,
            ("Acme Corp", "极致 科技", "Ångström & Søn", "ＡＣＭＥ", "O’Neil", "微軟"),
            ("ſ", "ŉ", "ΐ", "㍿"),
        ),
        Target(
            "book",
            book,
            (BOOK,),
            ("- ", ": ", "!!str ", "&a ", "*a", "<<: ", "|\n", ">\n", "'", "key: k\n", "{a: " * 60),
        ),
        Target(
            "quote",
            quote,
            (BOOK, "放宽了排他性条款限制，微软。" * 3, "We “remain” partners — ﬁne"),
            ("«", "…", "　", "­", "\u0301"),
        ),
        Target("export_line", export_line, (LINE, LINE * 2), ('"position":2', "NaN", "1e999", r"\ud83d", "[" * 2000)),
        Target(
            "rows",
            rows,
            (ROW, ROW * 2, "speaker,stance,note\nAcme,supportive,n\n", 'speaker,note\n"Acme","a\nb"\n'),
            ('"why": "x"', '"type": "party"', "null", "1e99999999999999999999", '""', ";", "acme--globex: -3"),
        ),
        Target(
            "sql",
            sql,
            (
                "select x from t where x > 1 order by x limit 1",
                "with a as (select 1) select * from a, t",
                "x in (1, 2) and not x is null",
                "with a as (insert into t values (3) returning x) select * from a",
                "explain analyze delete from t",
                "from range(3) union all values (1)",
            ),
            (
                *(
                    "insert into t values (9)",
                    "delete from t",
                    "update t set x = 0",
                    "returning *",
                    "copy t to 'f'",
                    "set ",
                ),
                *(
                    "read_text('f')",
                    "query('select 1')",
                    "; ",
                    "-- ",
                    "/* ",
                    "*/",
                    "$$",
                    "exists (",
                    "lambda x: ",
                    "::int",
                ),
            ),
        ),
    ]
    return {target.name: target for target in listed}
