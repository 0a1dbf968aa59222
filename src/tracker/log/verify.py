"""Proves a log against what is kept beside it, and names what was done to it where it does not hold."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tracker.errors import WorkspaceError
from tracker.log import structure
from tracker.log.checkpoints import (
    Checkpoint,
    checkpoints_path,
    extend,
    leaves_path,
    relay_leaves,
    sound_checkpoints,
)
from tracker.log.damage import facts, listed, row_at, what_happened
from tracker.log.faults import LogDamaged, LogTooNew, explained
from tracker.log.files import open_to_read
from tracker.log.kept_leaves import KeptLeaves, Witness
from tracker.log.merkle import RightEdge
from tracker.log.scan import MOST_NAMED, Progress, Scan, Scanner
from tracker.log.schema import given_and_kept
from tracker.log.verified import Verified, read_verified, write_failed, write_verified

# How many changed or missing events are looked at one by one.
MOST_EXPLAINED = 50


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was recorded.

    `kind` is for programs: changed, missing, unproven (one of several events, or all of them), event (wrong by itself,
    whatever the checkpoints say), tags, structure, checkpoint, signed (this key vouched for another log).
    """

    kind: str
    message: str
    position: int | None = None
    event: str | None = None
    topic: str | None = None
    subject: str | None = None


@dataclass
class Report:
    """The answer of a verification, which is yes where nothing was found.

    `root` is that of the events as they were read, None where some are missing. Those before `read_from` were read by
    earlier verifications, all of them for the last time at `full_at`. `checkpoints` is how many agree; `unvouched`
    events came after the last of them. `failed_at` is when an earlier verification found something, and none since
    has found nothing. `agreeing` are the sizes and roots at which a witness agreed.
    """

    size: int
    root: str | None
    read_from: int
    full_at: str | None
    checkpoints: int
    unvouched: int
    findings: list[Finding]
    notes: list[str] = field(default_factory=list)
    failed_at: str | None = None
    agreeing: list[tuple[int, str]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.findings


def quiet(what: str, done: int, steps: int) -> None:
    """Show no progress."""


def verify(
    log: Path,
    *,
    full: bool = False,
    since: int | None = None,
    against: Sequence[Witness] = (),
    progress: Progress = quiet,
) -> Report:
    """Compare a log with its checkpoints; where it holds, they are brought up to it.

    With `against`, only these witnesses count, which whoever changed the log could not change; everything is read, and
    nothing is written down. `since` has every event after the first so many read again, whoever read it before.

    Reads what came since the last verification, and everything where that found something or `full` asks for it: about
    15 s for 10⁶ events, with SQLite's own check of every page, and every row of the table of tags. Raises LogMissing,
    LogNotReadable, LogDamaged: no answer.
    """
    verification = _Verification(log, 0 if full else since, against)
    try:
        return verification.report(progress)
    except LogTooNew:
        raise
    except LogDamaged:
        verification.remember()
        raise


class _Verification:
    """What is known before the reading, and what follows from it."""

    def __init__(self, log: Path, since: int | None, against: Sequence[Witness]) -> None:
        self.log = log
        self.findings: list[Finding] = []
        self.notes: list[str] = []
        self.base = RightEdge()
        self.before: Verified | None = None
        self.witnesses: list[Witness] = sorted(against, key=lambda witness: witness.size)
        self.elsewhere = bool(against)
        if not self.elsewhere:
            self._take_what_is_beside(since)

    def _take_what_is_beside(self, since: int | None) -> None:
        # Before the checkpoints: others may verify and write meanwhile, and theirs would seem to be gone.
        self.before = read_verified(self.log)
        leaves = leaves_path(self.log).exists()
        checkpoints, damage = sound_checkpoints(self.log)
        self.findings += [Finding("checkpoint", str(error)) for error in damage]
        self.witnesses = list(checkpoints)
        if self.before:
            self._compare_with_before(checkpoints, self.before.latest)
        elif leaves and not checkpoints and not damage:
            # The first checkpoint is on the disk before there is any leaf: no crash leaves them so.
            self._doubt("the checkpoints are gone, though the leaves are there")
        # What an earlier verification found may lie among the events that this one would not read.
        if self.before and not self.before.failed and not self.findings:
            latest = self.before.latest
            most = latest.size if since is None else min(since, latest.size)
            near = [checkpoint for checkpoint in (*checkpoints, latest) if checkpoint.size <= most]
            self.base = max(near, key=lambda checkpoint: checkpoint.size).edge if near else RightEdge()

    @property
    def full(self) -> bool:
        return not self.base.size

    def report(self, progress: Progress) -> Report:
        """Read, and say what was found."""
        with closing(open_to_read(self.log, cut_is_fine=True)) as con, explained(self.log):
            con.text_factory = bytes
            con.execute("begin")
            given, head = given_and_kept(con)
            if head < self.base.size:
                self.base = RightEdge()
            vouched = self.witnesses[-1].size if self.witnesses else 0
            with KeptLeaves(self.log, vouched) as kept:
                scan = Scanner(con, self.log, self.base, self.witnesses, self.full).run(head, kept, progress)
                # Behind the reading, which names the events that SQLite cannot read.
                self._structure(con, given, head)
                last = max(vouched, given)
                gaps = structure.gaps(con, head) + ([(head + 1, last)] if last > head else [])
                self._missing(con, gaps)
                self._content(con, scan, kept, gaps)
                leaves_hold = kept.complete and not scan.differing
            self._events(con, scan, gaps)
        if self.findings:
            self._doubted()
        elif not self.elsewhere:
            self._settle(scan, leaves_hold, vouched)
        earlier = [witness for witness in self.witnesses if 0 < witness.size <= self.base.size]
        return Report(
            size=head,
            root=scan.edge.root.hex() if scan.edge.size == head else None,
            read_from=self.base.size + 1,
            full_at=self.before.full.made_at if self.before and self.base.size else None,
            checkpoints=len({witness.size for witness in [*earlier, *scan.proven]}),
            unvouched=max(0, head - vouched),
            findings=sorted(self.findings, key=lambda finding: finding.position or 0),
            notes=self.notes,
            failed_at=self.failed_at,
            agreeing=[(witness.size, witness.root.hex()) for witness in scan.proven],
        )

    @property
    def failed_at(self) -> str | None:
        """When an earlier verification found something, where none since has found nothing."""
        return self.before.failed.made_at if self.before and self.before.failed else None

    def remember(self) -> None:
        """Have the next verification read everything, whatever this one read, until one finds nothing."""
        if self.before and not self.failed_at:
            try:
                write_failed(self.log)
            except (WorkspaceError, OSError) as error:
                self._unwritten(error)

    def _unwritten(self, error: WorkspaceError | OSError) -> None:
        why = f"{error.filename or self.log.parent}: {error.strerror}" if isinstance(error, OSError) else str(error)
        self.notes.append(f"nothing was written down: {why}")

    def _compare_with_before(self, checkpoints: Sequence[Checkpoint], latest: Checkpoint) -> None:
        """Take what was verified last as one more witness: a checkpoint that was changed since then shows."""
        told = f"the checkpoint of {latest.size} events, verified at {latest.made_at},"
        same_size = [c for c in checkpoints if c.size == latest.size]
        if not checkpoints_path(self.log).exists():
            self._doubt(f"the checkpoints are gone, though {latest.size} events were verified at {latest.made_at}")
        elif not same_size:
            self._doubt(f"{told} is gone")
        elif same_size[0].root != latest.root:
            self._doubt(f"{told} has another root now")
        self.witnesses = sorted([*checkpoints, latest], key=lambda witness: witness.size)

    def _doubt(self, message: str) -> None:
        self.findings.append(Finding("checkpoint", message))

    def _structure(self, con: sqlite3.Connection, given: int, head: int) -> None:
        problems = list(structure.schema_problems(con))
        if self.full:
            problems += [f"SQLite's check of the file: {line}" for line in structure.page_problems(con)]
        problems += [
            f"there is an event at position {p}, which tracker never gives" for p in structure.odd_positions(con)
        ]
        self.findings += [Finding("structure", problem) for problem in problems]
        for position in structure.never_given(con, given):
            self._of_event(con, "structure", position, f"came there past tracker: SQLite gave {given} positions")
        for position in structure.odd_types(con, self.base.size):
            self._of_event(con, "event", position, "is not stored in the form that tracker stores")

    def _missing(self, con: sqlite3.Connection, gaps: Sequence[tuple[int, int]]) -> None:
        for first, last in gaps:
            if last - first < MOST_EXPLAINED:
                for position in range(first, last + 1):
                    self._of_event(con, "missing", position, "is missing")
            else:
                self.findings.append(Finding("missing", f"events {first} to {last} are missing", first))

    def _content(self, con: sqlite3.Connection, scan: Scan, kept: KeptLeaves, gaps: Sequence[tuple[int, int]]) -> None:
        """Name what was changed. A checkpoint that agrees proves every event before it, whatever others say."""
        proven = max((witness.size for witness in scan.proven), default=self.base.size)
        for witness in scan.contradicted:
            if witness.size <= proven:
                self._doubt(
                    f"{witness.label}, of {witness.size} events, has another root than the log, which one of {proven} "
                    "events proves: that checkpoint was changed, or is of another log"
                )
        doubtful = [witness for witness in scan.contradicted if witness.size > proven]
        if not doubtful and not scan.differing:
            return
        # The leaves vouch for nothing by themselves: they count as far as their own tree has a checkpoint's root.
        trusted = kept.proven_upto(self.witnesses)
        changed = [position for position in scan.differing if proven < position <= trusted]
        self._changed(con, changed, kept, [p for a, b in gaps for p in range(a, min(b, a + MOST_EXPLAINED) + 1)])
        if len(scan.differing) >= MOST_NAMED:
            self.notes.append(f"only the first {MOST_NAMED:,} events that differ are named")
        unexplained = [witness for witness in doubtful if witness.size > trusted]
        if unexplained:
            self._unproven(unexplained[0], max(proven, trusted))

    def _changed(self, con: sqlite3.Connection, changed: list[int], kept: KeptLeaves, gaps: list[int]) -> None:
        explained_ones, others = changed[:MOST_EXPLAINED], changed[MOST_EXPLAINED:]
        # Where one event was taken out and the others moved up, each holds its neighbour.
        around = {near for position in explained_ones for near in (position - 1, position, position + 1)}
        candidates = {position: kept.read(position, 1) for position in sorted(around | set(gaps))}
        for position in explained_ones:
            row = row_at(con, position)
            how = what_happened(row, candidates[position], candidates) if row else "it is missing"
            self._of_event(con, "changed", position, f"is not what was recorded: {how}")
        if others:
            self.findings.append(Finding("changed", f"events {listed(others)} are not what was recorded", others[0]))

    def _unproven(self, witness: Witness, proven: int) -> None:
        only = witness.size == proven + 1
        which = f"event {witness.size}" if only else f"one or more of events {proven + 1} to {witness.size}"
        message = (
            f"{which} cannot be what {witness.label} vouches for; the kept hashes of events, which would tell more, "
            "are missing or were changed as well"
        )
        self.findings.append(Finding("unproven", message, proven + 1))

    def _events(self, con: sqlite3.Connection, scan: Scan, gaps: Sequence[tuple[int, int]]) -> None:
        """Name events that are wrong by themselves, and what the table of tags says other than they do."""
        named = {finding.position for finding in self.findings if finding.kind in ("changed", "missing")}
        odd = {position: problems for position, problems in scan.odd.items() if position not in named}
        for position, problems in odd.items():
            self._of_event(con, "event", position, f"is not as tracker records: {'; '.join(problems)}")
        for position in scan.early:
            if not {position, position - 1} & (named | odd.keys()):
                self._of_event(con, "event", position, "says that it was recorded before the event above it")
        if not self.full or structure.tags_sum(con) == scan.tags_sum:
            return
        wrong: dict[int, list[str]] = {}
        for position, problem in structure.tag_problems(con):
            wrong.setdefault(position, []).append(problem)
        for position, problems in wrong.items():
            missing = any(first <= position <= last for first, last in gaps)
            if not missing and position not in named and position not in odd:
                self._of_event(con, "tags", position, f"is tagged otherwise: {'; '.join(problems)}")

    def _of_event(self, con: sqlite3.Connection, kind: str, position: int, what: str) -> None:
        known = facts(con, position)
        told = ", ".join(text for text in (known["topic"], known["subject"], known["event"]) if text)
        message = f"event {position}{f' ({told})' if told else ''} {what}"
        self.findings.append(Finding(kind, message, position, known["event"], known["topic"], known["subject"]))

    def _doubted(self) -> None:
        if not self.full:
            self.notes.append("only what is new was read: --full reads every event, and may find more")
        if self.failed_at:
            self.notes.append(f"the log has not held since a verification at {self.failed_at}")
        self.remember()

    def _settle(self, scan: Scan, leaves_hold: bool, vouched: int) -> None:
        """Keep what was found to hold; a workspace that cannot be written stays as it is."""
        if not self.witnesses and scan.edge.size:
            self.notes.append("there was no checkpoint yet: nothing vouches for what these events were before now")
        elif scan.edge.size > vouched:
            count = scan.edge.size - vouched
            came, them = ("1 event", "it") if count == 1 else (f"{count:,} events", "them")
            self.notes.append(f"{came} came after the last checkpoint: nothing vouched for {them} until now")
        try:
            checkpoint = extend(self.log)
            if not leaves_hold and self.full:
                relay_leaves(self.log)
                self.notes.append("the kept hashes of events were incomplete or changed: the proven log gave them anew")
            # Only the tree of a checkpoint is kept, so that the next verification can tell if its line was changed.
            if (checkpoint.size, checkpoint.root) == (scan.edge.size, scan.edge.root):
                write_verified(self.log, checkpoint.edge, self.before, full=self.full)
            else:
                self._keep_last(scan)
        except (WorkspaceError, OSError) as error:
            self._unwritten(error)
        if self.failed_at:
            self.notes.append(f"what was found at {self.failed_at} is found no more: every event was read again")

    def _keep_last(self, scan: Scan) -> None:
        """Keep the last checkpoint that was proven; others went on writing while the log was read."""
        proven = [witness for witness in scan.proven if isinstance(witness, Checkpoint)]
        if proven:
            write_verified(self.log, proven[-1].edge, self.before, full=self.full)
