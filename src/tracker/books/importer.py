"""Imports event books: reads all files, plans all of them, and records each in one transaction, or nothing at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tracker.books.book import Book, fill_book, read_book
from tracker.books.files import ENDINGS, UnreadableFile, read_book_file, refuse_foreign_book
from tracker.books.names import PartyIndex
from tracker.books.past import Past
from tracker.books.plan import ImportOptions, PlanLine, Step, plan_book, questions, stands_for
from tracker.books.problems import BookProblems, Problem
from tracker.books.yaml_nodes import Mapping
from tracker.errors import some_of
from tracker.log.development_cases import RetractDevelopment
from tracker.log.known import Known
from tracker.log.store import Log, Stored
from tracker.log.use_cases import UseCase
from tracker.model.catalogue import parties_of

__all__ = ["ImportOptions", "Outcome", "PlanLine", "find_books", "import_books", "prepare"]

Clock = Callable[[], datetime]

MOST_NAMED = 3
"""Entries that are named of those that a book lacks."""

STDIN = "stdin"
"""The name of books that come in by stdin."""

FURTHEST_ZONE = timedelta(hours=14)
"""The zone in which a day begins first: what is published there today is not from the future anywhere."""


@dataclass(frozen=True)
class Outcome:
    """What importing one book did, or with `dry_run` would do; `stored` are the new events of the log.

    `left` are developments that stand though the book, which recorded them, no longer holds them; `use_cases` is what
    does all of it.
    """

    path: Path
    book: str
    lines: list[PlanLine]
    stored: list[Stored]
    warnings: list[Problem] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    use_cases: Sequence[UseCase] = ()


@dataclass(frozen=True)
class Prepared:
    """Books in the order in which they can be recorded, the plan of each, and all that is wrong with any of them."""

    books: list[Book]
    plans: list[list[Step]]
    left: list[list[str]]
    problems: list[Problem]
    sources: dict[str, list[str]]

    @property
    def failed(self) -> bool:
        return any(problem.severity == "error" for problem in self.problems)


def utc_now() -> datetime:
    """Return this instant; a test passes another clock."""
    return datetime.now(UTC)


def import_books(
    log: Log, files: Sequence[Path], options: ImportOptions | None = None, clock: Clock = utc_now
) -> list[Outcome]:
    """Import books, parties first; each book is one transaction; importing again what is unchanged records nothing.

    Raises BookProblems with everything that is wrong in any of the files: then nothing was recorded. Raises Refused or
    RaceLost where another writer of a log without a lock (PostgreSQL) was faster: the books before that one are
    recorded, and importing again records the rest.
    """
    options = options or ImportOptions()
    # Under the lock of the writers, what was planned is what is recorded.
    with log.writing():
        prepared = prepare(log, files, options, clock)
        if prepared.failed:
            raise BookProblems(prepared.problems, prepared.sources)
        planned = zip(prepared.books, prepared.plans, prepared.left, strict=True)
        return [_record(log, book, plan, left, options) for book, plan, left in planned]


def find_books(paths: Sequence[Path]) -> list[Path]:
    """Return the books among the paths: files as they are, of folders all `.yaml` and `.yml` files in them, sorted."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(file for file in path.rglob("*") if file.suffix in ENDINGS) if path.is_dir() else [path]
        found += [file for file in inside if file not in found]
    return found


def prepare(log: Log | None, files: Sequence[Path], options: ImportOptions, clock: Clock = utc_now) -> Prepared:
    """Read, check and plan books; nothing is recorded. Without a log they are planned for an empty one."""
    past = Past(log)
    books = [_read(path) for path in files]
    index = past.parties()
    _register_names(books, index)
    today = today_everywhere(clock())
    # Those that file their report come first: the others may add to it.
    filed: dict[str, str] = {}
    for book in sorted(books, key=lambda book: not isinstance(book.report_node, Mapping)):
        fill_book(book, index, past, today, filed)
        if book.report:
            filed.setdefault(book.report.event.report, book.report.event.published)
    _refuse_rivals(books)
    books = _in_order(books)
    plans, left = _plans(books, past, options)
    problems = [problem for book in books for problem in book.problems]
    return Prepared(books, plans, left, problems, {str(book.path): book.lines for book in books})


def _record(log: Log, book: Book, plan: Sequence[Step], left: list[str], options: ImportOptions) -> Outcome:
    use_cases = [step.use_case for step in plan if step.use_case]
    stored = log.do(use_cases, book=book.name) if use_cases and not options.dry_run else []
    return Outcome(book.path, book.name, [step.line for step in plan], stored, book.problems, left, use_cases)


def _read(path: Path) -> Book:
    try:
        data = read_book_file(path)
        refuse_foreign_book(path, data)
        return read_book(path, data)
    except UnreadableFile as error:
        return Book(path, [], None, [Problem(str(path), 1, 1, str(error))])


def _register_names(books: Sequence[Book], index: PartyIndex) -> None:
    """Make the parties of all books known by name before any entry is read."""
    listed = [(book, party, names) for book in books for party, names in book.party_names()]
    # Names that move from one party to another in this very import are free.
    index.forget(party for _, party, _ in listed)
    seen: dict[str, Book] = {}
    for book, party, names in listed:
        if seen.setdefault(party, book) is not book:
            continue
        marks = dict(names)
        for name, owner in index.add(party, marks).items():
            message = f"the name '{name}' already belongs to '{owner}'"
            hint = f"choose another, or if they are one: tracker party merge {party} {owner}"
            book.problems.append(Problem(str(book.path), marks[name].line, marks[name].column, message, hint))


Claim = tuple[str, object, tuple[int, int]]
"""What a book says of something: its id, what is said, and the line and column."""


def _refuse_rivals(books: Sequence[Book]) -> None:
    """Refuse two books that say different things of one thing: each import would undo the other's."""
    for what in ("name", "party", "report", "development"):
        first: dict[str, tuple[Book, Claim]] = {}
        for book in books:
            for claim in _claims(book, what):
                subject, said, (line, column) = claim
                other, (_, held, there) = first.setdefault(subject, (book, claim))
                if other is not book and held != said:
                    message = f"{what} '{subject}' stands in {other.path}:{there[0]} too, where it says something else"
                    hint = "keep it in one of the books"
                    if what == "name":
                        message = f"{other.path} is called '{subject}' too, and the log knows a book by its name"
                        hint = "rename one of the files"
                    book.problems.append(Problem(str(book.path), line, column, message, hint))


def _claims(book: Book, what: str) -> list[Claim]:
    if what == "name":
        return [(book.name, book.path, (1, 1))]
    if what == "party":
        return [(entry.event.party, entry.event, entry.node.locate(["id"])[:2]) for entry in book.parties]
    if what == "development":
        return [(entry.event.id, entry.event, entry.node.locate(["key"])[:2]) for entry in book.developments]
    report = book.report
    return [(report.event.report, report.event, report.node.locate(["id"])[:2])] if report else []


def _in_order(books: Sequence[Book]) -> list[Book]:
    """Return the books so that parties and reports come before the books that name them; else in the order given."""
    registers = {entry.event.party: number for number, book in enumerate(books) for entry in book.parties}
    files = {book.report.event.report: number for number, book in enumerate(books) if book.report}
    needs = [
        ({registers[p] for p in _named(book) if p in registers} | {files[r] for r in _added_to(book) if r in files})
        - {n}
        for n, book in enumerate(books)
    ]
    # Books that only register parties come first, in whatever order the files were named.
    waiting = sorted(range(len(books)), key=lambda n: bool(books[n].developments))
    ordered: list[int] = []
    while waiting:
        ready = next((n for n in waiting if needs[n] <= set(ordered)), waiting[0])
        waiting.remove(ready)
        ordered.append(ready)
    return [books[n] for n in ordered]


def _added_to(book: Book) -> set[str]:
    return {entry.event.report for entry in book.developments}


def _named(book: Book) -> set[str]:
    named = {party for entry in book.developments for party in parties_of(entry.event)}
    for entry in book.parties:
        named |= entry.event.belongs_to
    return named


def _plans(books: Sequence[Book], past: Past, options: ImportOptions) -> tuple[list[list[Step]], list[list[str]]]:
    """Plan each book on top of those before it; the second of the lists are what each has left in the log."""
    # What moved from one book to another of the same import is in a book.
    held = {entry.event.id for book in books for entry in book.developments}
    sound = [book for book in books if not book.failed]
    # A book whose report has another id now has left all that it said of the former one.
    named = {book.name: book.report_id for book in sound if book.report_id and book.name != STDIN}
    former = {} if options.prune else past.recorded_by_new(named)
    removed = [
        [] if book.failed else sorted((_no_longer_in(book, past, options) | former.get(book.name, set())) - held)
        for book in books
    ]
    asked = [use_case for book, gone in zip(books, removed, strict=True) for use_case in questions(book, gone)]
    known = past.known(asked)
    plans = []
    left = []
    any_failed = any(book.failed for book in books)
    if options.prune:
        _warn_of_former_names(books, known)
    else:
        _warn_of_lost_entries(sound, known, past, held)
    for book, gone in zip(books, removed, strict=True):
        _warn_of_other_books(book, known, options)
        _warn_of_withdrawn_report(book, known)
        steps, refused = plan_book(book, known, options, gone if options.prune else [], in_part=any_failed)
        book.problems += refused
        plans.append(steps)
        left.append([] if options.prune else [each for each in gone if stands_for(book.name, each, known)])
    return plans, left


def _no_longer_in(book: Book, past: Past, options: ImportOptions) -> set[str]:
    """Return what a book recorded and does not hold; without `prune` only as far as that is found fast."""
    held = {entry.event.id for entry in book.developments}
    if options.prune:
        recorded = past.recorded_by(book.name) - held
        # What came in by stdin are many books of one name.
        return {each for each in recorded if book.name != STDIN or each.partition("#")[0] == book.report_id}
    return past.others_of(book.name, book.report_id, held) if book.report_id else set()


def _warn_of_other_books(book: Book, known: Known, options: ImportOptions) -> None:
    """Warn where a book corrects what one of another name said: the two would go on correcting each other."""
    for entry in book.developments:
        held = known.developments.get(entry.event.id)
        if held is None or held.book in (None, book.name) or held.says(entry.event):
            continue
        if not options.revert and (held.retracted or held.said_before(entry.event)):
            # It is refused.
            continue
        message = f"this corrects '{entry.event.id}', of which the book '{held.book}' says something else"
        hint = f"keep it in one of the two: '{held.book}' is refused as out of date from now on"
        mark = entry.node.locate(["key"])
        book.problems.append(Problem(str(book.path), mark.line, mark.column, message, hint, "warning"))


def _warn_of_withdrawn_report(book: Book, known: Known) -> None:
    """Warn where a book adds to a report that was withdrawn; one that files it is told by the line of its report."""
    held = known.reports.get(book.report_id) if book.report_id and book.report is None else None
    new = next((entry for entry in book.developments if entry.event.id not in known.developments), None)
    if held is None or not held.withdrawn or new is None:
        return
    mark = new.node.locate(["key"])
    message = f"the report '{book.report_id}' was withdrawn: what is added to it is recorded, and does not count"
    hint = "name a report that says so and stands"
    book.problems.append(Problem(str(book.path), mark.line, mark.column, message, hint, "warning"))


def _warn_of_former_names(books: Sequence[Book], known: Known) -> None:
    """Warn where a book that is pruned holds what one of another name recorded, which no file of the import has now."""
    names = {book.name for book in books}
    for book in books:
        for name in sorted(_recorders(book, known).keys() - names):
            message = f"some of its entries were recorded by the book '{name}', of which nothing is pruned here"
            hint = f"if this is that book under another name, call it {name}{book.path.suffix} to prune it"
            book.problems.append(Problem(str(book.path), 1, 1, message, hint, "warning"))


def _warn_of_lost_entries(books: Sequence[Book], known: Known, past: Past, held: set[str]) -> None:
    """Warn where a book has another name than before and lacks what it recorded under that one, which stands.

    A name is a former one where neither a book of the import has it nor a file beside the book. Where it recorded more
    than the book holds of it, it is rather that of a file of rows, or of a book that lies elsewhere.
    """
    names = {book.name for book in books} | {STDIN}
    for book in books:
        for name, count in _recorders(book, known).items():
            if name in names or book.report_id is None or name in _stems_beside(book.path):
                continue
            others = sorted(past.others_of(name, book.report_id, held))
            states_of = past.known([RetractDevelopment(each, "") for each in others])
            lost = [each for each in others if stands_for(name, each, states_of)]
            if 0 < len(lost) <= count:
                stand = "1 entry" if len(lost) == 1 else f"{len(lost)} entries"
                message = f"the book '{name}' recorded {stand} of this report that it lacks and that still count: "
                message += some_of(lost, MOST_NAMED)
                hint = "if this is that book under another name: tracker retract takes one back, and --prune all of "
                hint += f"them once it is called {name}{book.path.suffix} again"
                book.problems.append(Problem(str(book.path), 1, 1, message, hint, "warning"))


def _recorders(book: Book, known: Known) -> Counter[str]:
    """Return the books that recorded what a book holds, each with how many of its entries."""
    states = (known.developments.get(entry.event.id) for entry in book.developments)
    return Counter(state.book for state in states if state and state.book)


def _stems_beside(path: Path) -> set[str]:
    """Return the names of the files in a folder, without their endings; none where it may not be listed."""
    try:
        return {each.stem for each in path.parent.iterdir()}
    except OSError:
        return set()


def today_everywhere(now: datetime) -> date:
    """Return the latest day that it is anywhere on Earth at an instant."""
    return (now + FURTHEST_ZONE).date()
