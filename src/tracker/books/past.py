"""What the log already says of the entries of a book, asked for bit by bit; without a log, nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from tracker.books.names import PartyIndex
from tracker.log.development_cases import RetractDevelopment
from tracker.log.known import DevelopmentState, Known, ReportState
from tracker.log.report_cases import WithdrawReport
from tracker.log.store import Log
from tracker.log.transfer import others_of_report, recorded_by_book, recorded_by_books
from tracker.log.use_cases import UseCase
from tracker.model.records import ReportFiled


class Past:
    """The log, or no log at all: a book can be checked where there is no workspace."""

    def __init__(self, log: Log | None) -> None:
        self._log = log

    def parties(self) -> PartyIndex:
        """Return the names of the registered parties."""
        return PartyIndex.from_log(self._log) if self._log else PartyIndex()

    def known(self, use_cases: Sequence[UseCase]) -> Known:
        """Return what these use cases would know before they decide."""
        return self._log.known(use_cases) if self._log else Known()

    def report(self, report: str) -> ReportState | None:
        """Return what is known of a report, or None where it was never filed."""
        return self.known([WithdrawReport(report, "")]).reports.get(report)

    def report_ids(self) -> list[str]:
        """Return the ids of all filed reports; reads all their filings."""
        if self._log is None:
            return []
        filings = (event.payload for event in self._log.events_of(ReportFiled))
        return sorted({filing.report for filing in filings if isinstance(filing, ReportFiled)})

    def development(self, development: str) -> DevelopmentState | None:
        """Return what is known of a development, or None where it was never reported."""
        return self.known([RetractDevelopment(development, "")]).developments.get(development)

    def recorded_by(self, book: str) -> set[str]:
        """Return the ids of the developments that a book recorded; reads the whole log."""
        return recorded_by_book(self._log, book) if self._log else set()

    def recorded_by_new(self, books: Mapping[str, str]) -> dict[str, set[str]]:
        """Return what books, by name, recorded whose reports are new to the log, as far as it is found fast."""
        if self._log is None or not books:
            return {}
        filed = self.known([WithdrawReport(report, "") for report in books.values()]).reports
        return recorded_by_books(self._log, [book for book, report in books.items() if report not in filed])

    def others_of(self, book: str, report: str, without: Collection[str]) -> set[str]:
        """Return the ids of what a book recorded of a report besides these; reads only that."""
        return others_of_report(self._log, book, report, without) if self._log else set()
