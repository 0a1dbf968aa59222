"""The benchmark measures like with like: floors write the same bytes, peers give the same answer, promises are told."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tracker.workspace import bundled

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from bench import answers, floors, forms, library, oracle
from bench.history import history
from bench.measures import Measured, Promise, of_pairs, table
from bench.processes import Run
from bench.recording import record

EVENTS = 600


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("work") / ".tracker" / "log.sqlite"
    path.parent.mkdir()
    record(path, EVENTS, clock=lambda: datetime(2025, 7, 1, tzinfo=UTC))
    yield path


def runs(*pairs: tuple[float, float]) -> list[tuple[Run, Run]]:
    return [(Run(ours, 100, {}), Run(theirs, 50, {})) for ours, theirs in pairs]


def test_figures_are_medians_and_ratios_those_of_the_pairs() -> None:
    measured = of_pairs("x", runs((1, 1), (2, 1), (9, 3)), "y")

    assert (measured.seconds, measured.baseline_seconds, measured.ratio, measured.peak_mib) == (2, 1, 2, 100)


def test_a_rate_is_compared_where_the_baseline_does_less() -> None:
    assert of_pairs("x", runs((10, 2)), "y", scale=5).ratio == 1


@pytest.mark.parametrize(
    ("promise", "kept"),
    [
        (Promise(), None),
        (Promise(most_seconds=2), True),
        (Promise(most_seconds=1.9), False),
        (Promise(most_ratio=4), True),
        (Promise(most_ratio=3.9), False),
        (Promise(least_speed=0.25), True),
        (Promise(least_speed=0.3), False),
        (Promise(most_mib=99), False),
        (Promise(most_seconds=2, most_mib=99), False),
    ],
)
def test_a_promise_is_kept_or_not(promise: Promise, kept: bool | None) -> None:
    measured = of_pairs("import of rows", runs((2, 0.5)), "y", events=10, promise=promise)

    assert measured.kept is kept
    assert ("**no**" in table([measured])) is (kept is False)


def test_a_broken_promise_fails_the_benchmark() -> None:
    import benchmark

    kept = Measured("x", 1, 1.0, "y", 1.0, 1.0, 1.0, Promise(most_ratio=2))
    broken = Measured("x", 1, 3.0, "y", 1.0, 3.0, 1.0, Promise(most_ratio=2))

    assert (benchmark.kept([kept]), benchmark.kept([kept, broken])) == (True, False)


@pytest.mark.parametrize("plain", [False, True])
def test_the_floor_writes_the_bytes_that_the_log_holds(log: Path, tmp_path: Path, plain: bool) -> None:
    rows, tags = floors.stored(log)
    floors.write(tmp_path / "floor.sqlite", rows, tags, plain=plain)

    assert len(rows) == EVENTS
    assert floors.content(tmp_path / "floor.sqlite") == floors.content(log)


def test_a_floor_that_writes_other_bytes_is_seen(log: Path, tmp_path: Path) -> None:
    (position, topic, data, listed), *rows = floors.stored(log)[0]
    floors.write(
        tmp_path / "x.sqlite", [(position, topic, data + b" ", listed), *rows], floors.stored(log)[1], plain=True
    )

    assert floors.content(tmp_path / "x.sqlite") != floors.content(log)


def test_all_peers_give_the_answer_of_tracker(log: Path, tmp_path: Path) -> None:
    expected = answers.by_python(log)

    assert sum(expected.values()) > EVENTS // 2
    assert answers.by_polars(log) == expected
    assert answers.by_tracker(log, [bundled("projections")]) == expected
    assert library.projected(log, EVENTS, tmp_path)[1] == expected


def test_the_library_saves_every_event(log: Path, tmp_path: Path) -> None:
    assert library.saved(tmp_path / "library.sqlite", floors.stored(log)[0]) > 0


def test_the_library_imports_the_lines_that_tracker_imports(log: Path, tmp_path: Path) -> None:
    lines = tmp_path / "rows.jsonl"
    forms.write_lines(lines, history(EVENTS))
    seconds, answer = library.imported(tmp_path / "library.sqlite", lines)

    assert seconds > 0
    assert answer == answers.by_python(log)

    told = lines.read_text(encoding="utf-8").splitlines(keepends=True)
    lines.write_text("".join(line for line in told if '"type":"retraction"' not in line), encoding="utf-8")
    assert library.imported(tmp_path / "other.sqlite", lines)[1] != answer


def test_a_table_and_lines_hold_the_same_rows(tmp_path: Path) -> None:
    foundations, rows = forms.write_table(tmp_path, EVENTS)
    lines = list(history(EVENTS))

    assert foundations.read_text(encoding="utf-8").count("\n") == sum(x["type"] in ("party", "report") for x in lines)
    assert rows.read_text(encoding="utf-8").count("\n") == 1 + sum(x["type"] not in ("party", "report") for x in lines)


def test_the_oracle_agrees_with_a_sample_and_sees_another_tone(log: Path, tmp_path: Path) -> None:
    oracle.pass_or_stop(log, [bundled("projections")])

    changed = (bundled("projections") / "relationship_tone.sql").read_text(encoding="utf-8").replace("> 0", "< 0", 1)
    (tmp_path / "relationship_tone.sql").write_text(changed, encoding="utf-8")
    with pytest.raises(SystemExit, match="differ from the oracle"):
        oracle.pass_or_stop(log, [bundled("projections"), tmp_path])


def test_histories_end_before_they_are_recorded() -> None:
    assert max(str(line.get("published", "")) for line in history(EVENTS)) < str(date(2025, 7, 2))
