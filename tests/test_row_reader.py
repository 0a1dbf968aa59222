"""The short ways of reading rows: they give what the grammar of books gives, or leave the row to it."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from book_helpers import entry_of
from strategies import developments
from tracker.books.names import PartyIndex
from tracker.books.row_reader import RowOptions, RowReader, Said
from tracker.books.row_routes import UNKEYED
from tracker.books.rows import BadRow, Row, jsonl_rows
from tracker.model.catalogue import EventType, event_types, parties_of
from tracker.model.development import Development

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from bench.history import history

TODAY = date(2026, 1, 1)


def reader(**options: Any) -> RowReader:
    index = PartyIndex()
    for party, name in (("acme", "艾克米"), ("globex", "Globex"), ("initech", "Initech"), ("satya-nadella", "Satya")):
        index.add(party, [party, name])
    return RowReader("x.jsonl", index, RowOptions(**options), TODAY)


def read(row: dict[str, Any], **options: Any) -> tuple[bytes | None, Development | str]:
    """Return what the shortest way makes of a row, None where it declines, and what the longest makes of it."""
    short, long = reader(**options), reader(**options)
    brief = short.brief(Row(1, row))
    try:
        # Another name of the same party, in a text that is no text: the short ways decline such rows.
        said = long.read_as_entry(Row(1, row))
    except BadRow as bad:
        return brief and brief.content, str(bad)
    assert isinstance(said, Said) and isinstance(said.event, Development)
    if brief is not None:
        assert brief.parties == parties_of(said.event) == said.parties
        assert (brief.id, brief.topic) == (said.event.id, said.event.TOPIC)
    return brief and brief.content, said.event


@pytest.mark.parametrize("event", list(event_types().values()), ids=lambda event: event.name)
@given(data=st.data())
def test_the_short_way_writes_what_the_model_writes(event: EventType, data: st.DataObject) -> None:
    development = data.draw(developments(event))
    row = json.loads(json.dumps({"report": development.report, **entry_of(development)}, default=str))

    short, long = read(row)

    if isinstance(long, str):
        # What random days can do wrong.
        assert short is None and "'expires' is before 'starts'" in long
        return
    assert long.content() == development.content()
    assert short == development.content()


FIELDS = (
    *("key", "occurrence", "occurred", "attribution", "credibility", "quote", "sic", "note", "bears_on", "intensity"),
    *("party", "counterparty", "manner", "amounts", "unknown", "for", "speaker", "report", "materiality", "why"),
)
VALUES = (
    *(
        None,
        True,
        False,
        5,
        0,
        1,
        "5",
        "",
        " ",
        "x" * 600,
        ["acme"],
        [],
        {},
        {"exact": "x"},
        {"exact": "x", "start": 1},
    ),
    *("on-record", "acme", "艾克米", "nobody", "2025-02-30", "../2025", "nan", "1e400", "6.5亿美元", "\ud83d", "a\0b"),
    *({"acme--globex": "-3"}, {"艾克米--Globex": 2}, {"acme--acme": 1}, {"acme": 1}, {"acme--globex": True}),
)


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_no_value_gets_in_by_the_short_way_that_the_long_one_refuses(name: str, value: Any) -> None:
    row = {"type": "contact-made", "report": "r1", "key": "k1", "party": "acme", "counterparty": "globex", name: value}

    short, long = read(row)

    if short is not None:
        assert isinstance(long, Development), long
        assert short == long.content()


PARTIES = (
    {},
    {"kind": "person", "aliases": ["Ny", "纽约"], "note": "x"},
    *({"name": name} for name in (None, "", " ", 5, "\u200b", "\u200bHidden", "x" * 600, "...")),
    *({"aliases": names} for names in (None, [], "One", ["Hi\u200bdden"], ["\u3164"], [5], [None], [["x"]], {"x": 1})),
    *({"kind": kind} for kind in ("firm", True, ["person"])),
    *(
        {"part_of": "acme"},
        {"affiliations": [{"organisation": "acme"}]},
        {"unknown": 1},
        {"why": "misread"},
        {"why": 5},
    ),
)


@pytest.mark.parametrize("fields", PARTIES, ids=range(len(PARTIES)))
def test_a_party_is_the_same_by_the_short_way_as_by_the_long_one(fields: dict[str, Any]) -> None:
    row = Row(1, {"type": "party", "id": "new", "name": "New", **fields})
    told = []
    for read_row in (reader().read, reader().read_as_entry):
        try:
            told.append(repr(read_row(row)))
        except BadRow as bad:
            told.append(repr(bad.problems))

    assert told[0] == told[1]


def test_every_row_of_a_synthetic_history_that_only_reports_goes_the_short_way(tmp_path: Path) -> None:
    lines = [json.dumps(line).encode() for line in history(4_000)]
    reading, longest = reader(), reader()
    declined: list[dict[str, Any]] = []
    for row in jsonl_rows(lines, "x.jsonl"):
        assert isinstance(row, Row)
        brief = reading.brief(row)
        said = longest.read_as_entry(row) if row.fields["type"] != "retraction" else None
        if brief is None:
            declined.append(row.fields)
            reading.read(row)
        else:
            assert said is not None and isinstance(said.event, Development)
            assert brief.content == said.event.content()

    assert {row["type"] for row in declined if "why" not in row} <= {"party", "report", "retraction"}


def test_a_row_without_a_key_gets_the_same_one_on_either_way() -> None:
    row = {"type": "interaction-coded", "report": "r1", "source": "acme", "target": "globex", "cameo": "010"}

    short, long = read({**row, "occurred": "2025-05"})

    assert isinstance(long, Development) and long.key.startswith("2025-05-") and short == long.content()
    _, other = read({**row, "occurred": "2025-05", "goldstein": "-2"})
    assert isinstance(other, Development) and other.key == long.key


def test_a_key_of_any_word_stays_that_word_on_either_way() -> None:
    row = {"type": "contact-made", "report": "r1", "key": UNKEYED, "party": "acme", "counterparty": "globex"}

    short, long = read(row)

    assert isinstance(long, Development)
    assert long.key == UNKEYED and short == long.content()


def test_a_party_is_looked_up_anew_when_its_names_move() -> None:
    reading = reader()
    row = Row(1, {"type": "contact-made", "report": "r1", "key": "k1", "party": "艾克米", "counterparty": "globex"})
    before = reading.brief(row)
    reading.read(Row(2, {"type": "party", "id": "acme", "name": "Acme"}))
    reading.read(Row(3, {"type": "party", "id": "initech", "name": "艾克米"}))
    after = reading.brief(row)

    assert before and before.parties == ("acme", "globex")
    assert after and after.parties == ("globex", "initech")
