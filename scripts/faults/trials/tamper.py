"""One bit flips, or somebody edits the log past its guards: `tracker verify --full` finds it and names the event."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from faults import accounts, shim
from faults.frame import Round, Trial
from tracker.errors import WorkspaceError
from tracker.log.checkpoints import Checkpoint, checkpoints_path, extend, leaves_path, read_checkpoints
from tracker.log.verified import verified_path
from tracker.log.verify import verify

ATTACKS = 50
"""Attacks on copies of one log; the next log is another one."""

Rows = dict[int, tuple[bytes, ...]]
"""The events by position: type, data, tags, and what the table of tags says of them."""


@dataclass(frozen=True)
class Attack:
    """A way to change a log, and whether its first changed event must be named: pages may be beyond reading."""

    name: str
    change: Callable[[Path, random.Random], None]
    names: bool = True


def run(round_: Round) -> None:
    """Attack copies of a log, one way after another, and verify each."""
    with shim.without_syncs_where_possible(round_.folder):
        log = _make(round_)
        before = _rows(log)
        assert before
        kept = read_checkpoints(log)
        for _ in range(min(ATTACKS, round_.left)):
            if not round_.wanted:
                break
            attack = round_.chance.choice(ATTACKED)
            against = kept[-1:] if round_.chance.random() < 0.25 else []
            _try(round_, log, before, attack, against)
            round_.tried()
            round_.count(attack.name)


def control(round_: Round) -> None:
    """Look at a changed log that has no checkpoints."""
    log = _make(round_)
    before = _rows(log)
    assert before
    for path in (checkpoints_path(log), leaves_path(log), verified_path(log)):
        path.unlink(missing_ok=True)
    _try(round_, log, before, Attack("edit of an instant", _edit_instant), [])


def _make(round_: Round) -> Path:
    """Record some books, with a checkpoint after each, as commands do."""
    log = round_.folder / "original" / "log.sqlite"
    log.parent.mkdir()
    with accounts.opened(log, create=True) as opened:
        opened.do(accounts.parties())
        for number in range(round_.chance.randint(2, 8)):
            accounts.record(opened, f"book-{number}", "x" * round_.chance.choice((0, 40, 900, 9_000)))
            extend(log)
    verify(log, full=True)
    return log


def _try(round_: Round, log: Path, before: Rows, attack: Attack, against: Sequence[Checkpoint]) -> None:
    place = round_.folder / "attacked"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(log.parent, place)
    copy = place / log.name
    attack.change(copy, round_.chance)
    changed = _changed(before, _rows(copy))
    if against:
        # Whoever changed the log makes what lies beside it fit; the checkpoint that somebody else holds remains.
        for path in (checkpoints_path(copy), leaves_path(copy), verified_path(copy)):
            path.unlink(missing_ok=True)
    try:
        report = verify(copy, full=True, against=against)
    except WorkspaceError as error:
        round_.check(not attack.names, f"{attack.name}: no answer, and no event named: {error}")
        return
    if changed is not None and not changed:
        round_.count("bits that hold nothing", report.ok)
        return
    if report.ok:
        round_.breach(f"{attack.name}: not found, though {_told(changed)}")
    elif attack.names and not against and changed:
        named = {finding.position for finding in report.findings}
        messages = "; ".join(finding.message for finding in report.findings[:3])
        round_.check(changed[0] in named, f"{attack.name}: {_told(changed)}, and it says: {messages}")


def _told(changed: list[int] | None) -> str:
    return "the file cannot be read" if changed is None else f"events {changed[:5]} are other ones"


def _rows(log: Path) -> Rows | None:
    """Return what is recorded, byte for byte; None where SQLite cannot read it."""
    with closing(sqlite3.connect(f"{log.absolute().as_uri()}?mode=ro", uri=True)) as con:
        con.text_factory = bytes
        try:
            tags: dict[int, list[bytes]] = {}
            for tag, position, type_ in con.execute("select tag, position, type from dcb_tags order by tag"):
                tags.setdefault(position, []).append(bytes(str((tag, type_)), "ascii"))
            events = con.execute("select position, type, data, tags from dcb_events")
            return {row[0]: (*map(_bytes, row[1:]), b"".join(tags.get(row[0], []))) for row in events}
        except (sqlite3.Error, UnicodeDecodeError):
            # SQLite quotes a damaged schema in its complaint, and Python takes that for text.
            return None


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _changed(before: Rows, after: Rows | None) -> list[int] | None:
    if after is None:
        return None
    return sorted(p for p in before.keys() | after.keys() if before.get(p) != after.get(p))


def _flip_in_file(log: Path, chance: random.Random) -> None:
    data = bytearray(log.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    log.write_bytes(data)


def _flip_in_event(log: Path, chance: random.Random) -> None:
    def flip(con: sqlite3.Connection, positions: list[int]) -> None:
        position = chance.choice(positions)
        column = chance.choice(("data", "data", "data", "tags", "type"))
        value = bytearray(
            con.execute(f"select cast({column} as blob) from dcb_events where position = ?", (position,)).fetchone()[0]
        )
        value[chance.randrange(len(value))] ^= 1 << chance.randrange(8)
        cast = "?" if column == "data" else "cast(? as text)"
        con.execute(f"update dcb_events set {column} = {cast} where position = ?", (bytes(value), position))

    _past_the_guards(log, flip)


def _edit_instant(log: Path, chance: random.Random) -> None:
    """Change when an event was recorded, by a microsecond: everything that an event says of itself still fits."""

    def edit(con: sqlite3.Connection, positions: list[int]) -> None:
        position = chance.choice(positions)
        data = json.loads(con.execute("select data from dcb_events where position = ?", (position,)).fetchone()[0])
        at = data["recorded_at"]
        data["recorded_at"] = f"{at[:-2]}{(int(at[-2]) + 1) % 10}Z"
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
        con.execute("update dcb_events set data = ? where position = ?", (text, position))

    _past_the_guards(log, edit)


def _edit_words(log: Path, chance: random.Random) -> None:
    def edit(con: sqlite3.Connection, positions: list[int]) -> None:
        position = chance.choice(positions)
        con.execute(
            "update dcb_events set data = cast(replace(cast(data as text), ?, ?) as blob) where position = ?",
            ("trial", "other", position),
        )

    _past_the_guards(log, edit)


def _swap(log: Path, chance: random.Random) -> None:
    def swap(con: sqlite3.Connection, positions: list[int]) -> None:
        one, other = chance.sample(positions, 2)
        for table in ("dcb_events", "dcb_tags"):
            for old, new in ((one, -1), (other, one), (-1, other)):
                con.execute(f"update {table} set position = ? where position = ?", (new, old))

    _past_the_guards(log, swap)


def _delete(log: Path, chance: random.Random) -> None:
    def delete(con: sqlite3.Connection, positions: list[int]) -> None:
        position = chance.choice(positions)
        for table in ("dcb_events", "dcb_tags"):
            con.execute(f"delete from {table} where position = ?", (position,))
            if chance.random() < 0.5:
                # Close the gap as well.
                for later in range(position + 1, positions[-1] + 1):
                    con.execute(f"update {table} set position = ? where position = ?", (later - 1, later))

    _past_the_guards(log, delete)


def _insert(log: Path, chance: random.Random) -> None:
    """Put a copy of one event before another, and move those behind it on."""

    def insert(con: sqlite3.Connection, positions: list[int]) -> None:
        origin, place = chance.choice(positions), chance.choice(positions)
        type_, data, tags = con.execute(
            "select type, data, tags from dcb_events where position = ?", (origin,)
        ).fetchone()
        held = con.execute("select tag, type from dcb_tags where position = ?", (origin,)).fetchall()
        for table in ("dcb_events", "dcb_tags"):
            for later in range(positions[-1], place - 1, -1):
                con.execute(f"update {table} set position = ? where position = ?", (later + 1, later))
        con.execute(
            "insert into dcb_events (position, type, data, tags) values (?, ?, ?, ?)", (place, type_, data, tags)
        )
        con.executemany(
            "insert into dcb_tags (tag, type, position) values (?, ?, ?)", [(*each, place) for each in held]
        )

    _past_the_guards(log, insert)


def _cut_rows(log: Path, chance: random.Random) -> None:
    def cut(con: sqlite3.Connection, positions: list[int]) -> None:
        last = chance.choice(positions[:-1])
        for table in ("dcb_events", "dcb_tags"):
            con.execute(f"delete from {table} where position > ?", (last,))
        if chance.random() < 0.5:
            con.execute("update sqlite_sequence set seq = ? where name = 'dcb_events'", (last,))

    _past_the_guards(log, cut)


def _retag(log: Path, chance: random.Random) -> None:
    def retag(con: sqlite3.Connection, positions: list[int]) -> None:
        tag, position = chance.choice(
            con.execute("select tag, position from dcb_tags order by tag, position").fetchall()
        )
        if chance.random() < 0.5:
            con.execute("delete from dcb_tags where tag = ? and position = ?", (tag, position))
        else:
            con.execute("update dcb_tags set tag = tag || 'x' where tag = ? and position = ?", (tag, position))

    _past_the_guards(log, retag)


def _cut_file(log: Path, chance: random.Random) -> None:
    with log.open("r+b") as file:
        file.truncate(chance.randrange(log.stat().st_size))


def _past_the_guards(log: Path, change: Callable[[sqlite3.Connection, list[int]], None]) -> None:
    """Take the triggers away, change something, and lay them again, as whoever wants to hide it would."""
    with closing(sqlite3.connect(log, isolation_level=None)) as con:
        triggers = con.execute("select name, sql from sqlite_schema where type = 'trigger'").fetchall()
        for name, _ in triggers:
            con.execute(f"drop trigger {name}")
        positions = [row[0] for row in con.execute("select position from dcb_events order by position")]
        con.execute("begin")
        change(con, positions)
        con.execute("commit")
        for _, sql in triggers:
            con.execute(sql)
        con.execute("pragma wal_checkpoint(truncate)")


ATTACKED = (
    Attack("bits flipped in an event", _flip_in_event),
    Attack("bits flipped in the file", _flip_in_file, names=False),
    Attack("events with another instant", _edit_instant),
    Attack("events with other words", _edit_words),
    Attack("pairs swapped", _swap),
    Attack("events deleted", _delete),
    Attack("events inserted", _insert),
    Attack("tails cut off", _cut_rows),
    Attack("tags changed", _retag),
    Attack("files cut off", _cut_file, names=False),
)

TRIAL = Trial(
    name="tamper",
    promise="a flipped bit and any edit, swap, removal or insertion of rows is found by verify, which names the event",
    unit="changed logs",
    ci=1_000,
    full=100_000,
    run=run,
    breaks="has no checkpoint",
    control=control,
)
