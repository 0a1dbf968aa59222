"""The log goes out as JSON lines and comes back the same; what is no export is refused by its line."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from book_helpers import BOOK, NOON, STATEMENT, Desk, entry_of, memory_log
from golden import GOLDEN, sample
from strategies import PARTIES, developments
from tracker.books.cloudevents import export_cloudevents
from tracker.books.jsonl import MAX_LINE, export_events, export_log, import_events, read_lines
from tracker.books.problems import BookProblems
from tracker.books.yaml_writer import dump_book
from tracker.log.decisions import Envelope, decode, encode, topics
from tracker.log.development_cases import CorrectDevelopment, ReportDevelopment, RetractDevelopment
from tracker.log.known import Known
from tracker.log.merkle import leaf_hash, root_of
from tracker.log.party_cases import AddAlias, MergeParties, RegisterParty, UndoMerge
from tracker.log.refusals import Refused
from tracker.log.report_cases import FileReport, LinkOrigin, RegradeReport, WithdrawReport
from tracker.log.store import Log
from tracker.log.transfer import StoredRow, stored_rows
from tracker.log.use_cases import UseCase
from tracker.model.catalogue import EventType, event_types
from tracker.model.development import Development
from tracker.model.fields import Reliability, Stage
from tracker.model.records import PartyAliasAdded, PartyRegistered, ReportFiled

FIRST: list[UseCase] = [
    *(RegisterParty(PartyRegistered(party=party, name=party.title())) for party in PARTIES),
    FileReport(ReportFiled(report="r1", publisher="The Wire “甲”", published="2025-05-05")),
]


def rows(log: Log) -> list[StoredRow]:
    return list(stored_rows(log))


def told(log: Log) -> list[object]:
    return [stored.event.payload for stored in log.events()]


def log_of(use_cases: list[UseCase]) -> Log:
    """Return a log with as many of the use cases as it accepts."""
    log = memory_log()
    log.do(FIRST)
    for use_case in use_cases:
        try:
            log.do([use_case], book="wire")
        except Refused:
            continue
    return log


@pytest.mark.parametrize("event", event_types().values(), ids=list(event_types()))
def test_every_type_of_development_survives_log_and_book(event: EventType) -> None:
    @settings(max_examples=15)
    @given(developments(event, report="wire-2025-05-05"))
    def survives(development: Development) -> None:
        recorded = decode(development.TOPIC, encode(Envelope("0" * 20, NOON, "tester"), development))
        assert recorded.payload == development
        assert recorded.payload.content() == development.content()

    survives()


@settings(max_examples=150)
@given(development=developments(report="wire-2025-05-05"))
def test_any_development_is_said_by_a_book_entry(
    development: Development, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # A plan may lie ahead of its report, anything else not: the property is about fields, not about days.
    planned = development.model_copy(update={"stage": Stage.PLANNED})
    report = {"id": "wire-2025-05-05", "publisher": "The Wire", "published": "2025-05-05"}
    parties = [{"id": party, "name": party.title()} for party in PARTIES]
    text = dump_book({"tracker": "book/1", "parties": parties, "report": report, "developments": [entry_of(planned)]})
    desk = Desk(tmp_path_factory.mktemp("desk"))

    (outcome,) = desk.load(desk.write("wire", text))

    assert outcome.stored[-1].event.payload == planned


def use_cases() -> st.SearchStrategy[UseCase]:
    parties, ids = st.sampled_from(PARTIES), st.sampled_from(["r1#k1", "r1#k2"])
    some = developments().flatmap(
        lambda one: st.sampled_from(["k1", "k2"]).map(lambda key: one.model_copy(update={"key": key}))
    )
    return st.one_of(
        some.map(ReportDevelopment),
        st.builds(CorrectDevelopment, some, st.just("a slip"), st.none() | st.just("2025-05-20"), st.booleans()),
        st.builds(RetractDevelopment, ids, st.just("a slip"), st.none() | st.just("2025-05-20")),
        st.builds(AddAlias, parties, st.sampled_from(["甲", "乙", 'A "quoted"\nname'])),
        st.builds(MergeParties, parties, parties, st.just("one and the same")),
        st.builds(UndoMerge, parties, st.just("two after all")),
        st.builds(RegradeReport, st.just("r1"), st.sampled_from(Reliability), st.just("graded anew")),
        st.builds(LinkOrigin, st.just("r1"), st.sampled_from([None, "r0"]), st.just("found to retell")),
        st.builds(WithdrawReport, st.just("r1"), st.just("withdrawn"), st.none()),
    )


@settings(max_examples=60)
@given(st.lists(use_cases(), max_size=12))
def test_an_export_restores_positions_tags_envelopes_and_bytes_into_an_empty_log(history: list[UseCase]) -> None:
    log, other = log_of(history), memory_log()

    stored = import_events(other, export_events(log))

    assert rows(other) == rows(log)
    assert [s.position for s in stored] == [row.position for row in rows(log)]
    assert list(export_events(other)) == list(export_events(log))


@settings(max_examples=60)
@given(st.lists(use_cases(), max_size=8), st.integers(0, 8))
def test_a_log_takes_over_what_another_said_since_they_agreed_and_then_has_nothing_more_to_take(
    history: list[UseCase], cut: int
) -> None:
    longer, shorter = log_of(history), log_of(history[:cut])

    import_events(shorter, export_events(longer))

    assert _developments(shorter) == _developments(longer)
    assert import_events(shorter, export_events(longer)) == []


@settings(max_examples=40)
@given(st.lists(use_cases(), max_size=12))
def test_the_checkpoint_below_an_export_is_that_of_its_lines_and_comes_back(history: list[UseCase]) -> None:
    log, other = log_of(history), memory_log()
    *lines, last = export_log(log)
    warned: list[str] = []

    import_events(other, [*lines, last], warn=warned.append)

    assert lines == list(export_events(log))
    root = root_of([leaf_hash(line.encode()) for line in lines])
    assert json.loads(last) == {"checkpoint": {"size": len(lines), "root": root.hex()}}
    assert [*export_log(other)] == [*lines, last]
    assert warned == []


def test_a_checkpoint_that_is_none_is_refused_with_its_line() -> None:
    lines = lines_of_a_log()
    for bad in ("{}", "7", '{"size":"4","root":""}', '{"size":true,"root":""}', '{"root":"ab"}', '{"size":4}'):
        with pytest.raises(
            BookProblems, match=rf"-:{len(lines) + 1}:1: error: 'checkpoint' holds the size and the root"
        ):
            import_events(memory_log(), [*lines, f'{{"checkpoint":{bad}}}'])


def _developments(log: Log) -> dict[str, tuple[bytes, bool]]:
    known = Known()
    for stored in log.events():
        known.apply(stored.event)
    return {name: (state.current.content(), state.retracted) for name, state in known.developments.items()}


def test_what_is_imported_into_a_log_that_is_not_empty_is_recorded_anew_by_who_imports_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.book(BOOK + STATEMENT)
    other = memory_log(coder="another")
    other.do([RegisterParty(PartyRegistered(party="globex", name="Globex Corporation"))])

    stored = import_events(other, export_events(desk.log))

    assert {s.event.envelope.coder for s in stored} == {"another"}
    assert [s.position for s in stored] == list(range(2, len(stored) + 2))
    assert "globex" not in [getattr(s.event.payload, "party", None) for s in stored]
    assert told(other)[-2:] == told(desk.log)[-2:]


def test_the_names_that_another_log_gives_a_party_are_added_to_those_that_it_has_here() -> None:
    log, other = memory_log(), memory_log()
    registered = PartyRegistered(party="globex", name="Globex Corporation", aliases=("环球",))
    log.do([RegisterParty(registered), AddAlias("globex", "GBX")])
    other.do([RegisterParty(PartyRegistered(party="globex", name="Globex")), AddAlias("globex", "地球")])

    import_events(other, export_log(log))

    names = [event.alias for event in told(other) if isinstance(event, PartyAliasAdded)]
    assert names == ["地球", "Globex Corporation", "环球", "GBX"]
    assert import_events(other, export_log(log)) == []


def test_a_name_that_belongs_to_another_party_here_stays_its_and_is_told() -> None:
    log, other = memory_log(), memory_log()
    log.do([RegisterParty(PartyRegistered(party="globex", name="Globex", aliases=("环球",)))])
    other.do([RegisterParty(PartyRegistered(party=party, name=party)) for party in ("globex", "initech")])
    other.do([AddAlias("initech", "环球")])
    warnings: list[str] = []

    assert import_events(other, export_log(log), "their.jsonl", warnings.append) == []
    assert warnings == ["their.jsonl:1: '环球' stays a name of 'initech': there it is one of 'globex'"]


def test_a_name_that_was_dropped_here_does_not_come_back_with_an_export_from_before() -> None:
    log = memory_log()
    log.do([RegisterParty(PartyRegistered(party="globex", name="Globex", aliases=("环球",)))])
    before = list(export_log(log))
    log.do([RegisterParty(PartyRegistered(party="globex", name="Globex"))])

    assert import_events(log, before) == []
    assert import_events(log, export_log(log)) == []


def test_a_development_on_which_two_logs_never_agreed_is_refused_with_its_line(tmp_path: Path) -> None:
    desk, other = Desk(tmp_path / "a"), Desk(tmp_path / "b")
    desk.book()
    other.book(BOOK.replace("cloud", "model-ip"))
    before = other.log.head()

    with pytest.raises(BookProblems, match=r"-:7:1: error: 'wire-2025-05-05#relaxed' is already in the log"):
        import_events(other.log, export_events(desk.log))
    assert other.log.head() == before


def test_an_export_that_another_program_laid_out_anew_is_still_read(tmp_path: Path) -> None:
    desk, other = Desk(tmp_path), memory_log()
    desk.book(BOOK + STATEMENT)

    import_events(other, [json.dumps(json.loads(line)) + "\r\n" for line in export_events(desk.log)])

    assert rows(other) == rows(desk.log)


def lines_of_a_log() -> list[str]:
    log = memory_log()
    log.do([*FIRST, ReportDevelopment(event_types()["product-launched"].cls(report="r1", key="k", party="acme"))])  # type: ignore[call-arg]
    return list(export_events(log))


def changed(number: int, *changes: tuple[str, str]) -> list[str]:
    lines = lines_of_a_log()
    for old, new in changes:
        assert old in lines[number - 1]
        lines[number - 1] = lines[number - 1].replace(old, new, 1)
    return lines


def with_line(line: str | bytes, number: int = 2) -> list[str | bytes]:
    lines: list[str | bytes] = list(lines_of_a_log())
    lines[number - 1] = line
    return lines


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (with_line("{"), "2:2: error: not JSON"),
        (with_line("[1]"), "2:1: error: not an object"),
        (with_line('{"position": NaN}'), "2:1: error: NaN is no number"),
        (with_line('{"position": -Infinity}'), "2:1: error: -Infinity is no number"),
        (with_line('{"position": 1, "position": 2}'), "2:1: error: the name 'position' is given twice"),
        (with_line('{"a": "\\ud83d"}'), "2:1: error: half a character"),
        (with_line('{"a": "\ud83d"}'), "2:1: error: not UTF-8"),
        (with_line("[" * 100_000), "2:1: error: nested too deeply"),
        (with_line('{"a":' * 100_000), "2:1: error: nested too deeply"),
        (with_line('{"a": ' + "9" * 5000 + "}"), "2:1: error: not JSON that can be read"),
        (with_line(b'{"a": "\xff"}'), "2:1: error: not UTF-8 at byte 8"),
        (with_line("x" * (MAX_LINE + 1)), "2:1: error: the line has more than"),
        (with_line("{}"), "2:1: error: a line holds position, topic, tags, data"),
        (changed(2, ('"position":2', '"position":"2"')), "2:1: error: 'position' is '2'"),
        (changed(2, ('"position":2', '"position":true')), "2:1: error: 'position' is True"),
        (changed(2, ('"position":2', '"position":3')), "2:1: error: position 3 stands where 2 belongs"),
        (changed(2, ("PartyRegistered.v1", "PartyRegistered.v9")), "2:1: error: the line holds an event of type"),
        (changed(2, ('"tags":[', '"tags":[1,')), "2:1: error: 'tags' takes"),
        (changed(2, ('"party:globex"', '"party:other"')), "2:1: error: the tag 'party:globex' is missing"),
        (changed(2, ('"revision":1', '"revision":"1"')), "2:1: error: 'revision' is '1'"),
        (changed(2, ('"coder":"tester"', '"coder":5')), "2:1: error: 'coder' is missing"),
        (changed(2, ('"coder"', '"colour":"red","coder"')), "2:1: error: no PartyRegistered.v1"),
        (changed(2, ('"name":"Globex"', '"nom":"Globex"')), "2:1: error: no PartyRegistered.v1: missing field 'name'"),
        (changed(2, ('"name":"Globex"', '"name":"Globez"')), "2:1: error: its content has the id"),
        (changed(2, ('"name":"Globex"', '"name":5')), "2:1: error: no PartyRegistered.v1: 'name' takes one value"),
        (changed(2, ("2025-06-01T12", "2025-06-01T11")), "2:1: error: recorded at 2025-06-01T11"),
        (changed(2, ("2025-06-01T12:00:00.000000Z", "2025-06-01")), "2:1: error: no PartyRegistered.v1"),
        (changed(2, ('"aliases":[]', '"aliases":"x"')), "2:1: error: no PartyRegistered.v1 as tracker writes it"),
        (changed(2, ('{"event"', '{"published":"someday","event"')), "2:1: error: 'published': 'someday' is no EDTF"),
        (lines_of_a_log()[:1] + lines_of_a_log()[2:], "2:1: error: position 3 stands where 2 belongs"),
    ],
)
def test_what_is_no_export_is_refused_with_its_line_and_nothing_is_recorded(
    lines: list[str | bytes], message: str
) -> None:
    for log in (memory_log(), log_of([])):
        before = log.head()
        # Only a log that is restored whole asks for whole positions, times and ids.
        whole = any(word in message for word in ("belongs", "recorded at", "has the id"))
        if whole and before:
            continue

        with pytest.raises(BookProblems) as refused:
            import_events(log, lines, "x.jsonl")

        assert f"x.jsonl:{message}" in str(refused.value)
        assert log.head() == before


def test_every_bad_line_is_named_at_once() -> None:
    lines = ["{", *lines_of_a_log()[1:3], "NaN"]

    with pytest.raises(BookProblems) as refused:
        import_events(memory_log(), lines)

    assert [problem.line for problem in refused.value.problems] == [1, 4]


def test_an_event_about_nothing_that_the_export_told_of_is_refused(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.book(BOOK + STATEMENT)
    desk.book(prune=True)
    lines = [line for line in export_events(desk.log) if '"topic":"StatementMade' not in line]
    renumbered = [json.dumps({**json.loads(line), "position": n}) for n, line in enumerate(lines, 1)]

    with pytest.raises(BookProblems, match=r"which no line above registers, files or reports"):
        import_events(memory_log(), renumbered)


@pytest.mark.parametrize("tag", ["alias:globex", "alias:顶点", "alias:old"])
def test_an_export_without_the_tag_of_a_name_is_refused_for_another_party_could_take_the_name(tag: str) -> None:
    globex = PartyRegistered(party="globex", name="Globex", aliases=("Old",))
    renamed = globex.model_copy(update={"aliases": ()})
    log = log_of([RegisterParty(globex), RegisterParty(renamed), AddAlias("globex", "顶点")])
    lines = list(export_events(log))
    last = max(number for number, line in enumerate(lines) if f'"{tag}"' in line)
    lines[last] = lines[last].replace(f',"{tag}"', "").replace(f'"{tag}",', "")

    with pytest.raises(BookProblems, match=f":{last + 1}:1: error: the tag '{tag}' is missing, by which the log knows"):
        import_events(memory_log(), lines)


def test_lines_are_read_in_bounded_memory() -> None:
    stream = io.BytesIO(b"a\n" + b"x" * (3 * MAX_LINE))

    assert [len(line) for line in read_lines(stream)] == [2, MAX_LINE + 1]


def test_cloud_events_carry_the_attributes_that_the_standard_asks_for(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.book()

    events = [json.loads(line) for line in export_cloudevents(desk.log)]

    assert events[-1] | {"data": None, "id": None} == {
        "specversion": "1.0",
        "id": None,
        "source": "urn:tracker:log",
        "type": "tracker.ExclusivityRelaxed.v1",
        "time": "2025-06-01T12:00:00.000000Z",
        "subject": "wire-2025-05-05#relaxed",
        "datacontenttype": "application/json",
        "sequence": "00000000000000000007",
        "coder": "tester",
        "revision": 1,
        "book": "wire",
        "data": None,
    }
    assert events[-1]["data"]["grantor"] == "acme"
    assert len({event["id"] for event in events}) == len(events)
    assert all(name.isascii() and name.isalnum() and name.islower() for event in events for name in event)


def golden_lines() -> list[str]:
    return GOLDEN.read_text(encoding="utf-8").splitlines()


def test_each_event_that_the_log_may_hold_has_a_golden_line() -> None:
    assert {json.loads(line)["topic"] for line in golden_lines()} >= set(topics())


@pytest.mark.parametrize("line", golden_lines(), ids=lambda line: json.loads(line)["topic"])
def test_each_golden_line_still_decodes_and_encodes_to_the_same_bytes(line: str) -> None:
    fields = json.loads(line)
    stored = line.partition('"data":')[2][:-1].encode()

    event = decode(fields["topic"], stored)

    assert encode(event.envelope, event.payload) == stored


@pytest.mark.parametrize("topic", topics())
def test_a_golden_line_fills_every_field_that_its_event_has_now_or_had_when_it_was_released(topic: str) -> None:
    fresh = json.loads(sample(topic))["data"]["payload"]
    kept = next(json.loads(line)["data"]["payload"] for line in golden_lines() if json.loads(line)["topic"] == topic)

    assert set(kept) <= set(fresh)
