"""The text that a report keeps: where a book may take it from, its hash, and the place of each quote in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tracker.books.files import UnreadableFile, read_book_file
from tracker.books.quotes import EmptyQuote, QuoteNotFound, find_quote
from tracker.errors import TrackerError
from tracker.model.fields import Quote

MAX_QUOTE = 10_000
"""The most characters of a stored quote (the model's LongText); typography can make a passage longer than its quote."""


@dataclass(frozen=True)
class KeptText:
    """A kept text with its hash; `text` is None where only the log remembers that there was one."""

    text: str | None
    sha256: str


class NotText(TrackerError):
    """A kept text that is not UTF-8."""

    def __init__(self, named: str, offset: int) -> None:
        super().__init__(f"the kept text '{named}' is not UTF-8 (byte {offset}): save it as UTF-8 text")


class TextMissing(TrackerError):
    """A kept text that is not there."""

    def __init__(self, named: str) -> None:
        super().__init__(f"there is no kept text '{named}': check the path, which is relative to the book")


class PassageTooLong(TrackerError):
    """A quote that fits a passage of the text which is too long to be stored."""

    def __init__(self) -> None:
        super().__init__(f"the passage has more than {MAX_QUOTE:,} characters in the text: quote less of it")


def read_kept_text(book: Path, named: str) -> KeptText:
    """Read the text that a book names, by a path relative to it; raises TextMissing, UnreadableFile or NotText."""
    try:
        data = read_book_file(book.parent / named, text_root(book))
    except UnreadableFile as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise TextMissing(named) from error
        raise
    try:
        return KeptText(data.decode("utf-8"), hashlib.sha256(data).hexdigest())
    except UnicodeDecodeError as error:
        raise NotText(named, error.start) from error


def text_root(book: Path) -> Path:
    """Return the folder that the texts of a book lie in: the workspace's `events`, else what holds the folder of books.

    A book that lies anywhere else keeps its text beside it. Nothing outside is read, whatever a path or a link says.
    """
    folder = book.absolute().parent
    events = next((above for above in (folder, *folder.parents) if above.name == "events"), None)
    return events or (folder.parent if folder.name == "books" else folder)


def located(quote: Quote, text: str) -> Quote:
    """Return the quote with its place in the text and what stands around it; raises QuoteNotFound, PassageTooLong."""
    found = find_quote(text, quote.exact, prefix=quote.prefix or "", suffix=quote.suffix or "")
    if len(found.exact) > MAX_QUOTE:
        raise PassageTooLong
    return Quote(exact=found.exact, prefix=found.prefix, suffix=found.suffix, start=found.start, end=found.end)


def same_quote(stored: Quote, quote: Quote) -> bool:
    """Say whether a stored quote is the given one up to typography: what can still be told when the text is gone."""
    try:
        found = find_quote(stored.exact, quote.exact)
    except (QuoteNotFound, EmptyQuote):
        return False
    return (found.start, found.end) == (0, len(stored.exact))
