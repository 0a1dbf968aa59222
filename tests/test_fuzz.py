"""Any text at all is read right or refused with a reason; and what would not be so is noticed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from faults import fuzz_checks
from faults.fuzzing import HOSTILE, LONGEST, Target, targets

QUICK, LONG = 500, 20_000
"""Texts of a target, or fewer of one that takes longer."""


def near(target: Target) -> st.SearchStrategy[str]:
    """Return texts near what a target accepts, texts made of what breaks it, and any text."""
    piece = st.one_of(st.sampled_from((*target.pieces, *HOSTILE)), st.text(max_size=4))
    edits = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 8), piece), max_size=5)
    edited = st.builds(_edited, st.sampled_from(target.seeds), edits)
    return st.one_of(edited, edited, st.lists(piece, max_size=8).map("".join), st.text(max_size=40))


def _edited(text: str, edits: list[tuple[float, int, str]]) -> str:
    for where, cut, piece in edits:
        at = round(where * len(text))
        text = text[:at] + piece + text[at + cut :]
    return text[:LONGEST]


def look_for_a_breach(target: Target, texts: int) -> None:
    """Give a target so many texts, the same ones at each run."""

    # Without the database, and derandomized, as the profile of all tests says: a red run is red for everybody.
    @settings(max_examples=max(25, texts // target.cost), suppress_health_check=[HealthCheck.too_slow])
    @given(near(target))
    def holds(text: str) -> None:
        target.check(text)

    holds()


@pytest.mark.parametrize("name", sorted(targets()))
def test_any_text_is_read_right_or_refused_with_a_reason(name: str) -> None:
    look_for_a_breach(targets()[name], QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(targets()))
def test_very_many_texts_are_read_right_or_refused_with_a_reason(name: str) -> None:
    look_for_a_breach(targets()[name], LONG)


@pytest.mark.parametrize("name", sorted(targets()))
def test_what_is_mutated_begins_with_texts_that_hold(name: str) -> None:
    for seed in targets()[name].seeds:
        targets()[name].check(seed)


# Each control breaks tracker in one place, as a slip would; the property beside it must notice.


def told_as_another_date(mend: pytest.MonkeyPatch) -> None:
    from tracker.model import edtf

    parse = edtf.parse_edtf
    mend.setattr(edtf, "parse_edtf", lambda text: replace(parse(text), text="2025"))


def ends_before_it_begins(mend: pytest.MonkeyPatch) -> None:
    from tracker.model import edtf

    parse = edtf.parse_edtf

    def turned(text: str) -> Any:
        found = parse(text)
        return replace(found, earliest=found.latest, latest=found.earliest)

    mend.setattr(edtf, "parse_edtf", turned)


def names_no_day(mend: pytest.MonkeyPatch) -> None:
    from tracker.model import edtf

    parse = edtf.parse_edtf
    mend.setattr(edtf, "parse_edtf", lambda text: replace(parse(text), earliest=None, latest=None))


def counts_from_after_publication(mend: pytest.MonkeyPatch) -> None:
    from tracker.model import edtf

    mend.setattr(edtf, "effective_on", lambda text, published: edtf.parse_edtf(text).latest or date.max)


def ends_as_a_bug_at_a_sign_that_no_seed_holds(mend: pytest.MonkeyPatch) -> None:
    from tracker.model import edtf

    parse = edtf.parse_edtf
    mend.setattr(edtf, "parse_edtf", lambda text: int(text) if "%" in text else parse(text))


def refuses_without_a_word(mend: pytest.MonkeyPatch) -> None:
    from tracker.model import edtf

    def speechless(text: str) -> Any:
        raise edtf.EdtfError("")

    mend.setattr(edtf, "published_on", speechless)


def forgets_a_qualifier(mend: pytest.MonkeyPatch) -> None:
    from tracker.model import amounts

    write = amounts.format_amount
    mend.setattr(amounts, "format_amount", lambda amount: write(amount).removeprefix("up to "))


def keeps_an_amount_as_a_float(mend: pytest.MonkeyPatch) -> None:
    from tracker.model.amounts import Amount

    def as_float(amount: Amount) -> str:
        kept = amount.model_dump(mode="json")
        return json.dumps({**kept, "value": kept["value"] and f"{float(kept['value']) * 1.1:f}"})

    mend.setattr(Amount, "model_dump_json", as_float)


def folds_a_fold_again(mend: pytest.MonkeyPatch) -> None:
    from tracker.model import names

    mend.setattr(names, "fold_name", lambda text: names._fold_once(text).removesuffix("s"))


def makes_an_id_that_is_none(mend: pytest.MonkeyPatch) -> None:
    from tracker.model import names

    mend.setattr(names, "slugify", lambda text: "-".join(text.lower().split()) or "x")


def shows_a_name_as_it_is(mend: pytest.MonkeyPatch) -> None:
    mend.setattr(fuzz_checks, "visible", lambda text, newlines=False: text.replace("\x1b", "␛"))


def shows_a_problem_as_it_is(mend: pytest.MonkeyPatch) -> None:
    from tracker.books import problems

    mend.setattr(problems, "visible", lambda text, newlines=False: text)


def places_a_problem_off_the_page(mend: pytest.MonkeyPatch) -> None:
    from tracker.books import book

    read = book.read_book

    def shifted(path: Path, data: bytes) -> Any:
        found = read(path, data)
        found.problems[:] = [replace(problem, line=problem.line + 99) for problem in found.problems]
        return found

    mend.setattr(book, "read_book", shifted)


def swallows_what_is_wrong(mend: pytest.MonkeyPatch) -> None:
    from tracker.books import book

    read = book.read_book

    def silent(path: Path, data: bytes) -> Any:
        found = read(path, data)
        found.problems.clear()
        return found

    mend.setattr(book, "read_book", silent)


def misses_a_quote(mend: pytest.MonkeyPatch) -> None:
    from tracker.books import quotes

    look = quotes.find_quote
    mend.setattr(quotes, "find_quote", lambda text, quote: look(text.replace("\n", ""), quote))


def finds_a_quote_elsewhere(mend: pytest.MonkeyPatch) -> None:
    from tracker.books import quotes

    look = quotes.find_quote
    mend.setattr(quotes, "find_quote", lambda text, quote: replace(found := look(text, quote), start=found.start + 1))


def ends_as_a_bug_at_a_line_that_is_no_json(mend: pytest.MonkeyPatch) -> None:
    from tracker.books import rows

    mend.setattr(rows, "read_json_object", lambda text, exact=False: json.loads(text))


def refuses_a_row_without_a_reason(mend: pytest.MonkeyPatch) -> None:
    from tracker.books import rows

    problem = rows.Problem
    mend.setattr(rows, "Problem", lambda path, line, column, message, hint=None: problem(path, line, column, ""))


def records_what_it_refuses(mend: pytest.MonkeyPatch) -> None:
    from tracker.books import jsonl

    refuse = jsonl._refuse_if_not_whole

    def too_late(lines: list[Any], path: str) -> None:
        refused.extend(lines)
        if len(lines) == 1:
            refuse(lines, path)

    def restored(log: Any, rows: list[Any]) -> list[Any]:
        found = restore(log, rows)
        refuse(refused, "x")
        return found

    refused: list[Any] = []
    restore = jsonl.restore
    mend.setattr(jsonl, "_refuse_if_not_whole", too_late)
    mend.setattr(jsonl, "restore", restored)


def drops_a_tag_of_what_it_brings_in(mend: pytest.MonkeyPatch) -> None:
    from tracker.books import jsonl

    restore = jsonl.restore
    mend.setattr(jsonl, "restore", lambda log, rows: restore(log, [replace(row, tags=row.tags[:1]) for row in rows]))


def takes_any_signature(mend: pytest.MonkeyPatch) -> None:
    from tracker.log.notes import PublicKey

    mend.setattr(PublicKey, "signed", lambda key, text, signature: True)


def takes_any_proof(mend: pytest.MonkeyPatch) -> None:
    from tracker.log import proofs

    mend.setattr(proofs, "verify_inclusion", lambda *given: True)


def takes_any_older_log(mend: pytest.MonkeyPatch) -> None:
    from tracker.log import proofs

    mend.setattr(proofs, "verify_consistency", lambda *given: True)


def takes_any_lens(mend: pytest.MonkeyPatch) -> None:
    from tracker import workspace

    read = workspace.load_workspace

    def lenient(root: Path) -> Any:
        found = read(root)
        return replace(found, lenses={name: len(name) for name in found.lenses})

    mend.setattr(workspace, "load_workspace", lenient)


def takes_any_times(mend: pytest.MonkeyPatch) -> None:
    from tracker.schedule import jobs

    mend.setattr(jobs, "_refuse_bad_times", lambda job: None)


def runs_whatever_it_is_given(mend: pytest.MonkeyPatch) -> None:
    from tracker.state import guard

    mend.setattr(guard, "refuse_writing", lambda sql: None)


def takes_a_select_at_its_word(mend: pytest.MonkeyPatch) -> None:
    from tracker.state import guard

    # DuckDB calls `with a as (insert …) select …` a select; only the tree tells.
    mend.setattr(guard, "_refuse_node", lambda node: None)


def lets_a_condition_out_of_its_brackets(mend: pytest.MonkeyPatch) -> None:
    from tracker.state import guard

    mend.setattr(guard, "refuse_no_condition", lambda where: None)


CONTROLS: list[tuple[str, Callable[[pytest.MonkeyPatch], None], str]] = [
    ("edtf", told_as_another_date, "is not read again as itself"),
    ("edtf", ends_before_it_begins, "ends before it begins"),
    ("edtf", names_no_day, "names no day"),
    ("edtf", counts_from_after_publication, "counts from after its publication"),
    ("edtf", ends_as_a_bug_at_a_sign_that_no_seed_holds, "invalid literal"),
    ("edtf", refuses_without_a_word, "says nothing"),
    ("amount", forgets_a_qualifier, "and its text"),
    ("amount", keeps_an_amount_as_a_float, "does not survive JSON"),
    ("name", folds_a_fold_again, "folds to"),
    ("name", makes_an_id_that_is_none, "which is none"),
    ("name", shows_a_name_as_it_is, "with something hidden"),
    ("book", shows_a_problem_as_it_is, "shows something hidden"),
    ("book", places_a_problem_off_the_page, "stands on line"),
    ("book", swallows_what_is_wrong, "has nothing wrong with it"),
    ("quote", misses_a_quote, "was not found in"),
    ("quote", finds_a_quote_elsewhere, "where it does not stand"),
    ("rows", ends_as_a_bug_at_a_line_that_is_no_json, "JSONDecodeError"),
    ("rows", refuses_a_row_without_a_reason, "says nothing"),
    ("export", records_what_it_refuses, "were recorded of what was refused"),
    ("export", drops_a_tag_of_what_it_brings_in, "does not go out as it came"),
    ("note", takes_any_signature, "is taken for signed"),
    ("proof", takes_any_proof, "is not in the log"),
    ("proof", takes_any_older_log, "is proven to continue another one"),
    ("settings", takes_any_lens, "a lens is no text"),
    ("settings", takes_any_times, "ZoneInfoNotFoundError"),
    ("sql", runs_whatever_it_is_given, "has an effect"),
    ("sql", takes_a_select_at_its_word, "has an effect"),
    ("sql", lets_a_condition_out_of_its_brackets, "does not stay in its brackets"),
]


@pytest.mark.parametrize(("name", "slip", "told"), CONTROLS, ids=[slip.__name__ for _, slip, _ in CONTROLS])
def test_a_slip_is_noticed(
    monkeypatch: pytest.MonkeyPatch, name: str, slip: Callable[[pytest.MonkeyPatch], None], told: str
) -> None:
    target = targets()[name]
    slip(monkeypatch)

    def breaks(text: str) -> bool:
        try:
            target.check(text)
        except Exception as error:
            said.append(f"{type(error).__name__}: {error}")
            return told in said[-1]
        return False

    said: list[str] = []
    looking = settings(max_examples=2_000, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    try:
        find(near(target), breaks, settings=looking, random=Random(4))
    except NoSuchExample:
        pytest.fail(f"nothing was noticed but {sorted(set(said))[:5]}")
