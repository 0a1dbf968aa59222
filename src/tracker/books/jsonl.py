"""The log as JSON lines: out as it is stored; back into an empty log byte for byte, into another one as a merge.

The last line of a whole export is its checkpoint: the size and the root of the tree over the lines above it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from pydantic import ValidationError

from tracker.books.merge import merge_use_cases
from tracker.books.problems import BookProblems, Problem
from tracker.books.strict_json import NotStrictJson, how_to_lay_out, read_json_object
from tracker.books.wording import worded
from tracker.errors import TrackerError, WorkspaceError
from tracker.log.decisions import Recorded, UnknownTopic, decode, encode, instant
from tracker.log.identity import told
from tracker.log.kept_leaves import Witness
from tracker.log.known import Known
from tracker.log.leaves import leaf_hashes, row_of
from tracker.log.merkle import RightEdge, leaf_hash, root_of
from tracker.log.notes import BadNote, parse_head, parse_note
from tracker.log.store import Log, Stored
from tracker.log.transfer import StoredRow, restore, stored_rows, subject_of, untagged
from tracker.model.edtf import EdtfError, published_on

FIELDS = ("position", "topic", "tags", "data")
CHECKPOINT = "checkpoint"

MAX_LINE = 10_000_000
"""Bytes of a line: twice the largest book, which is more than any one event of it can take."""

MAX_PROBLEMS = 100


@dataclass(frozen=True)
class Line:
    """One line of an export: its number from 1, the event as stored, and the event decoded."""

    number: int
    row: StoredRow
    event: Recorded


@dataclass(frozen=True)
class Checkpoint:
    """The last line of an export: its number, and the size and the root (in hexadecimal) of the lines above it."""

    number: int
    size: int
    root: str


ROWS_WITHOUT_TYPE = "if these are rows, say their type: in a field 'type' of each, or for all of them with --type"


class _BadLine(TrackerError):
    """A line that is no event of a log."""


def export_events(log: Log) -> Iterator[str]:
    """Yield every event as one JSON object without a line break: position, topic, tags, and the data as stored."""
    for row in stored_rows(log):
        yield _head(row.position, row.topic, row.tags) + row.data.decode("utf-8") + "}"


class NotVouched(WorkspaceError):
    """The events are not those that a checkpoint vouches for, so that theirs would vouch for a change."""

    def __init__(self, witness: Witness) -> None:
        super().__init__(
            f"the log's first {witness.size} events are not those that {witness.label} vouches for: the export has no "
            "checkpoint and is not whole; tracker verify --full names what was changed"
        )


def export_log(log: Log, note: str | None = None, witness: Witness | None = None) -> Iterator[str]:
    """Yield every event as `export_events` does, and the checkpoint of them all as the last line.

    A signed `note` is put into it where it is of just these events. Raises NotVouched where those up to the `witness`,
    the last checkpoint kept beside the log, are other ones.
    """
    edge = RightEdge()
    for line in export_events(log):
        edge = edge.extended([leaf_hash(line.encode("utf-8"))])
        if witness is not None and edge.size == witness.size and edge.root != witness.root:
            raise NotVouched(witness)
        yield line
    checkpoint = {"size": edge.size, "root": edge.root.hex()}
    if note is not None and _is_of(note, edge):
        checkpoint["note"] = note
    yield json.dumps({CHECKPOINT: checkpoint}, ensure_ascii=False)


def _is_of(note: str, edge: RightEdge) -> bool:
    try:
        head = parse_head(parse_note(note.encode("utf-8", "replace"))[0])
    except BadNote:
        return False
    return (head.size, head.root) == (edge.size, edge.root)


def import_events(
    log: Log, lines: Iterable[bytes | str], path: str = "-", warn: Callable[[str], object] = lambda text: None
) -> list[Stored]:
    """Import what `export_log` or `export_events` wrote, in one transaction; returns the new events.

    An empty log gets positions, tags, envelopes and bytes back as they were. In another one parties, reports and
    developments that it lacks are recorded anew, as by whoever imports; what it holds already stays as it is, but for
    names that its parties get besides.
    Raises BookProblems with the numbers of the lines, and then nothing was recorded: also where the lines are not those
    that the checkpoint below them vouches for. Where there is none, `warn` is told.
    """
    read, checkpoint = _read(lines, path)
    if checkpoint is not None:
        _refuse_other_root(read, checkpoint, path)
    else:
        warn(f"{path} has no checkpoint as its last line: nothing vouches that it is whole")
    with log.writing():
        if log.head() == 0:
            _refuse_if_not_whole(read, path)
            return restore(log, [line.row for line in read])
        use_cases, problems = merge_use_cases(log, [(line.number, line.event) for line in read], path, warn)
        if problems:
            raise BookProblems(problems, {})
        return log.do(use_cases)


def read_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file in bounded memory; a longer one comes cut, and is refused as such."""
    while line := stream.readline(MAX_LINE + 1):
        yield line
        if len(line) > MAX_LINE:
            return


def _head(position: int, topic: str, tags: Iterable[str]) -> str:
    listed = json.dumps(list(tags), ensure_ascii=False, separators=(",", ":"))
    return f'{{"position":{position},"topic":{json.dumps(topic, ensure_ascii=False)},"tags":{listed},"data":'


def _read(lines: Iterable[bytes | str], path: str) -> tuple[list[Line], Checkpoint | None]:
    found: list[Line] = []
    checkpoint: Checkpoint | None = None
    problems: list[Problem] = []
    for number, line in enumerate(lines, 1):
        text = ""
        try:
            text = _text(line)
            if text.strip() and checkpoint is not None:
                raise _BadLine("nothing comes after the checkpoint of an export")
            if text.startswith(f'{{"{CHECKPOINT}":'):
                checkpoint = _checkpoint(number, text)
            elif text.strip():
                found.append(_line(number, text))
        except NotStrictJson as error:
            problems.append(Problem(path, number, error.column, str(error), how_to_lay_out(number, text)))
        except _BadLine as error:
            hint = ROWS_WITHOUT_TYPE if number == 1 and text and '"topic"' not in text else None
            problems.append(Problem(path, number, 1, str(error), hint))
        if len(problems) >= MAX_PROBLEMS:
            break
    if problems:
        raise BookProblems(problems, {})
    return found, checkpoint


def _checkpoint(number: int, text: str) -> Checkpoint:
    fields = read_json_object(text)[CHECKPOINT]
    size, root = (fields.get(name) for name in ("size", "root")) if isinstance(fields, dict) else (None, None)
    if type(size) is not int or not isinstance(root, str):
        raise _BadLine(f"'{CHECKPOINT}' holds the size and the root of the lines above it")
    return Checkpoint(number, size, root)


def _refuse_other_root(lines: list[Line], checkpoint: Checkpoint, path: str) -> None:
    """Refuse lines of which one was changed, left out or put in since they were exported."""
    hashes = leaf_hashes(row_of(line.row.position, line.row.topic, line.row.tags, line.row.data) for line in lines)
    root = root_of(hashes).hex()
    if (len(lines), root) != (checkpoint.size, checkpoint.root):
        reason = (
            f"the {len(lines)} events above have the root {root}, and this checkpoint is of {checkpoint.size} with "
            f"the root {checkpoint.root}: a line was changed, left out or put in; export the log again"
        )
        raise BookProblems([Problem(path, checkpoint.number, 1, reason)], {})


def _text(line: bytes | str) -> str:
    data = line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line
    if len(data) > MAX_LINE:
        raise _BadLine(f"the line has more than {MAX_LINE:,} bytes: each event is a line of its own")
    try:
        return data.decode("utf-8").removeprefix("\ufeff").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise _BadLine(f"not UTF-8 at byte {error.start + 1} of the line: save the file as UTF-8") from error


def _line(number: int, text: str) -> Line:
    fields = read_json_object(text)
    position, topic, tags, data = (fields.get(name) for name in FIELDS)
    if set(fields) != set(FIELDS):
        raise _BadLine(f"a line holds {', '.join(FIELDS)}, and this one {', '.join(fields) or 'nothing'}")
    if not isinstance(position, int) or isinstance(position, bool) or position < 1:
        raise _BadLine(f"'position' is {position!r}: a number from 1 is expected")
    if not isinstance(topic, str) or not isinstance(data, dict):
        raise _BadLine("'topic' takes a text and 'data' an object")
    if not isinstance(tags, list) or not all(isinstance(tag, str) and "\0" not in tag for tag in tags):
        raise _BadLine("'tags' takes a list of texts without U+0000")
    stored = _stored_bytes(text, _head(position, topic, tags), data)
    event = _decoded(topic, data, stored)
    if subject_of(event.payload) not in tags:
        raise _BadLine(f"the tag '{subject_of(event.payload)}' is missing, by which the log finds this event")
    return Line(number, StoredRow(position, topic, tuple(tags), stored), event)


def _stored_bytes(text: str, head: str, data: dict[str, Any]) -> bytes:
    """Return the data as they stood in the log: as they stand in the line, unless another program laid it out anew."""
    if text.startswith(head):
        return text[len(head) : -1].encode("utf-8")
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _decoded(topic: str, data: dict[str, Any], stored: bytes) -> Recorded:
    try:
        _refuse_bad_envelope(data)
        event = decode(topic, stored)
    except UnknownTopic as error:
        raise _BadLine(str(error).replace("the log holds", "the line holds")) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][-1]) if first["loc"] else "payload"
        message = f"unknown field '{name}'" if first["type"] == "extra_forbidden" else worded(first, name)[0]
        raise _BadLine(f"no {topic}: {message}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _BadLine(f"no {topic}: {error}") from error
    # What pydantic is lenient about (a number as text, another order) SQL would not be: only what tracker writes.
    if encode(event.envelope, event.payload) != stored:
        raise _BadLine(f"no {topic} as tracker writes it: export the log again, and do not edit the lines")
    return event


def _refuse_bad_envelope(data: dict[str, Any]) -> None:
    for name in ("event", "recorded_at", "coder"):
        if not isinstance(data.get(name), str):
            raise _BadLine(f"'{name}' is missing, or is no text")
    for name in ("reason", "published", "book"):
        if name in data and not isinstance(data[name], str):
            raise _BadLine(f"'{name}' takes a text")
    revision = data.get("revision")
    if not isinstance(revision, int) or isinstance(revision, bool) or revision < 1:
        raise _BadLine(f"'revision' is {revision!r}: a number from 1 is expected")
    if not isinstance(data.get("payload"), dict):
        raise _BadLine("'payload' is missing, or is no object")
    if "published" in data:
        try:
            published_on(data["published"])
        except EdtfError as error:
            raise _BadLine(f"'published': {error}") from error


def _refuse_if_not_whole(lines: list[Line], path: str) -> None:
    """Refuse what is no whole log: a gap, a step back in time, an id of other words, something out of nothing."""
    known = Known()
    last = ""
    for place, line in enumerate(lines, 1):
        recorded_at = instant(line.event.envelope.recorded_at)
        if line.row.position != place:
            reason = (
                f"position {line.row.position} stands where {place} belongs: an empty log takes only a whole export"
            )
        elif recorded_at < last:
            reason = f"recorded at {recorded_at}, before the event above it"
        else:
            reason = _other_id(line.row) or untagged(line.row, line.event.payload, known) or _apply(line.event, known)
        if reason:
            raise BookProblems([Problem(path, line.number, 1, reason)], {})
        last = recorded_at


def _other_id(row: StoredRow) -> str:
    """Return what is wrong with the id of an event, which follows from its content."""
    try:
        own = told(row.topic, row.data)
    except ValueError as error:
        return str(error)
    return (
        "" if own.event == own.derived else f"its content has the id {own.derived}, and not {own.event}: it was changed"
    )


def _apply(event: Recorded, known: Known) -> str:
    try:
        known.apply(event)
    except KeyError as error:
        return f"it is about {error}, which no line above registers, files or reports"
    return ""
