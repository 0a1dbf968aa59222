"""A dry run of files of rows: they are carried out one after another, in one transaction that is taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from tracker.books.names import PartyIndex
from tracker.log.bulk import Bulk
from tracker.log.party_cases import RegisterParty
from tracker.log.store import Log
from tracker.log.use_cases import UseCase

Books = Sequence[tuple[str, Sequence[UseCase]]]
"""Books that a dry run takes for recorded, each with its name and its use cases."""


@dataclass(frozen=True)
class Trial:
    """What the files of a dry run rest on: the log with all that was tried before them, and the names by then."""

    bulk: Bulk
    index: PartyIndex


class _Undone(Exception):
    """Ends the transaction of a dry run."""


@contextmanager
def trial(log: Log, books: Books = ()) -> Iterator[Trial]:
    """Try files in the block, after the books of the same import; nothing of it is recorded. Raises RaceLost.

    Until the block ends, all that is tried takes room beside the log, and nobody else writes.
    """
    bulk = Bulk(log)
    with suppress(_Undone), bulk.transaction():
        index = PartyIndex.from_log(log)
        for book, use_cases in books:
            bulk.record_for(book)
            bulk.learn(use_cases)
            for use_case in use_cases:
                bulk.decide(use_case)
                if isinstance(use_case, RegisterParty):
                    index.add(use_case.party.party, use_case.party.names)
            bulk.append()
        yield Trial(bulk, index)
        raise _Undone
