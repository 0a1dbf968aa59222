"""What may be recorded of reports: they are filed, judged anew, traced to their origins and withdrawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tracker.log.decisions import tag
from tracker.log.known import Known
from tracker.log.refusals import OriginCycle, UnknownReport
from tracker.log.use_cases import Intent, UseCase, report_tag, source_day
from tracker.model import records
from tracker.model.fields import Reliability


@dataclass(frozen=True)
class FileReport(UseCase):
    """File a report, or say anew what it is; its origin must not lead back to it."""

    report: records.ReportFiled
    reason: str | None = None

    def boundary(self, known: Known) -> list[str]:
        return [report_tag(r) for r in dict.fromkeys([self.report.report, *_origins(known, self.report.origin)])]

    def decide(self, known: Known) -> Iterator[Intent]:
        held = known.reports.get(self.report.report)
        if held is not None and held.filed == self.report:
            return
        _refuse_cycle(known, self.report.report, self.report.origin)
        yield Intent(
            self.report,
            f"report:{self.report.report}",
            held.revision + 1 if held else 1,
            tag("report", self.report.report),
            self.reason if held is None or self.reason else "filed anew",
        )


@dataclass(frozen=True)
class RegradeReport(UseCase):
    """Judge a report's reliability anew."""

    report: str
    reliability: Reliability
    reason: str

    def boundary(self, known: Known) -> list[str]:
        return [report_tag(self.report)]

    def decide(self, known: Known) -> Iterator[Intent]:
        held = known.reports.get(self.report)
        if held is None:
            raise UnknownReport(self.report)
        if held.reliability is self.reliability:
            return
        payload = records.ReportRegraded(report=self.report, reliability=self.reliability)
        yield Intent(payload, f"grade:{self.report}", held.regrades + 1, tag("report", self.report), self.reason)


@dataclass(frozen=True)
class LinkOrigin(UseCase):
    """Record which report another retells; None takes the link back."""

    report: str
    origin: str | None
    reason: str

    def boundary(self, known: Known) -> list[str]:
        return [report_tag(r) for r in dict.fromkeys([self.report, *_origins(known, self.origin)])]

    def decide(self, known: Known) -> Iterator[Intent]:
        held = known.reports.get(self.report)
        if held is None:
            raise UnknownReport(self.report)
        if held.origin == self.origin:
            return
        _refuse_cycle(known, self.report, self.origin)
        payload = records.OriginLinked(report=self.report, origin=self.origin)
        yield Intent(payload, f"origin:{self.report}", held.links + 1, tag("report", self.report), self.reason)


@dataclass(frozen=True)
class WithdrawReport(UseCase):
    """Record that a source withdrew its report; `published` is the day on which it said so."""

    report: str
    reason: str
    published: str | None = None

    def boundary(self, known: Known) -> list[str]:
        return [report_tag(self.report)]

    def decide(self, known: Known) -> Iterator[Intent]:
        held = known.reports.get(self.report)
        if held is None:
            raise UnknownReport(self.report)
        if held.withdrawn:
            return
        payload = records.ReportWithdrawn(report=self.report)
        tags = tag("report", self.report)
        yield Intent(payload, f"withdrawal:{self.report}", 1, tags, self.reason, source_day(self.published, held.filed))


def _origins(known: Known, origin: str | None) -> list[str]:
    """Follow origins from a report on, as far as they are known."""
    chain: list[str] = []
    while origin is not None and origin not in chain:
        chain.append(origin)
        state = known.reports.get(origin)
        origin = state.origin if state else None
    return chain


def _refuse_cycle(known: Known, report: str, origin: str | None) -> None:
    chain = [report, *_origins(known, origin)]
    if report in chain[1:]:
        raise OriginCycle(chain[: chain.index(report, 1) + 1])
