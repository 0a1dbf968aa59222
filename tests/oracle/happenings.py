"""Which account of each happening is believed, and which relationships it touches (rules 8 to 10, 23)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from oracle.accounts import ATTRIBUTIONS, RELIABILITIES, Account, Cut, Knowledge, days, placed, placed_on
from tracker.model.catalogue import Kind, event_type
from tracker.model.conduct import InteractionCoded

COMMON = ("agreement", "occurred", "stage", "binding", "intensity", "materiality", "bears_on")
"""Of what every development has, what a less believed account may fill in."""
JUDGEMENT = ("intensity", "materiality", "bears_on")
SOFT = ("analysis", "headline")
AHEAD = ("rumoured", "talks", "planned")


@dataclass(frozen=True)
class Happening:
    """An occurrence as its most believed account tells it, the empty fields filled from the next of its type."""

    occurrence: str
    accounts: list[Account]
    fields: dict[str, Any]
    effective_on: date
    relationship: str | None
    credibility: Decimal

    @property
    def best(self) -> Account:
        return self.accounts[0]

    @property
    def filling(self) -> list[Account]:
        """The accounts whose fields count, the best first: an inference or a headline fills in only for its like."""
        soft = self.best.attribution in SOFT
        return [a for a in self.accounts if a.type == self.type and (soft or a.attribution not in SOFT)]

    @property
    def type(self) -> str:
        return self.best.type

    @property
    def attribution(self) -> str:
        return self.best.attribution

    @property
    def origins(self) -> set[str]:
        return {account.origin for account in self.accounts}

    @property
    def strength(self) -> tuple[int, int]:
        """How good its evidence is: attribution, then reliability."""
        return ATTRIBUTIONS.index(self.best.attribution), RELIABILITIES.index(self.best.reliability)

    @property
    def place(self) -> tuple[Any, ...]:
        """The order of folds (rule 16)."""
        return self.effective_on, self.best.development.RANK, self.best.published_on, self.best.event

    @property
    def earliest(self) -> date | None:
        return days(self.fields["occurred"])[0]

    @property
    def intensity(self) -> Decimal:
        judged = self.fields["intensity"]
        if judged is not None:
            return Decimal(judged)
        said = self.best.development
        if isinstance(said, InteractionCoded) and said.goldstein is not None:
            return said.goldstein
        by = said.INTENSITY_BY
        variant = getattr(said, by) if by else None
        return said.intensities()[variant.value if variant else ""]

    @property
    def may_change_terms(self) -> bool:
        """Say whether it is signed, binding and no inference (rule 15)."""
        return (
            self.fields["stage"] in (None, "signed", "closed")
            and self.fields["binding"] != "no"
            and self.attribution not in SOFT
        )


def happenings(known: Knowledge, accounts: Iterable[Account], cut: Cut) -> list[Happening]:
    """Elect an account of each happening and let `as_of` cut, in the order of folds."""
    told: dict[str, list[Account]] = defaultdict(list)
    for account in accounts:
        if account.status == "current":
            told[account.occurrence].append(account)
    elected = (_elected(known, cut, occurrence, same) for occurrence, same in told.items())
    return sorted((h for h in elected if h.effective_on <= cut.as_of), key=lambda h: h.place)


def _elected(known: Knowledge, cut: Cut, occurrence: str, told: list[Account]) -> Happening:
    told = sorted(told, key=lambda account: account.rank, reverse=True)
    best = told[0]
    # An inference or a headline fills in only for its like.
    same = [a for a in told if a.type == best.type and (a.attribution not in SOFT or best.attribution in SOFT)]
    filled: dict[str, Any] = {}
    for spec in event_type(best.development).fields:
        if spec.kind in (Kind.PARTY, Kind.PARTIES):
            filled[spec.name] = best.parties.get(spec.name)
        elif spec.name in JUDGEMENT and not cut.judgement:
            filled[spec.name] = None
        elif not spec.common or spec.name in COMMON:
            # Who tells of it without a stage tells that it came: what was said ahead of it fills in nothing.
            told_ahead = [a for a in same if spec.name == "stage" and a is not best and a.development.stage in AHEAD]
            stated = (getattr(a.development, spec.attribute) for a in same if a not in told_ahead)
            filled[spec.name] = next((value for value in stated if value not in (None, ())), None)
    dated = next((account for account in same if account.development.occurred), None)
    if best.development.occurred:
        day = best.effective_on
    elif dated:
        # Both the one that is believed and the one that dates it tell of it: by either's publication it had happened.
        day = min(dated.effective_on, best.effective_on)
    else:
        day = min(account.published_on for account in same if _reached(account) == _reached(best))
    return Happening(occurrence, told, filled, day, placed(known, best, day), _credibility(told))


def _reached(account: Account) -> str:
    """Return how far a thing had come by an account; without a stage it is told as done."""
    return account.development.stage or "signed"


def _credibility(told: list[Account]) -> Decimal:
    best: dict[str, Decimal] = defaultdict(Decimal)
    for account in told:
        best[account.origin] = max(best[account.origin], account.credit)
    doubt = Decimal(1)
    for credit in best.values():
        doubt *= 1 - credit
    return (1 - doubt).quantize(Decimal("0.000001"), ROUND_HALF_UP)


@dataclass(frozen=True)
class Touch:
    """What a happening is to one relationship."""

    relationship: str
    happening: Happening
    direct: bool
    intensity: Decimal
    judged: bool


def touches(known: Knowledge, told: Iterable[Happening]) -> list[Touch]:
    """Return one row per happening and relationship that it touches."""
    found = []
    for happening in told:
        borne: dict[str, Decimal] = {}
        for pair, intensity in (happening.fields["bears_on"] or {}).items():
            first, second = (known.canonical(party) for party in pair.split("--"))
            between = known.relationship(first, second, placed_on(happening.best, happening.effective_on))
            if between:
                # Of two bearings that merged parties make one, the worse is kept.
                borne[between] = min(intensity, borne.get(between, intensity))
        for relationship in {*borne, *filter(None, [happening.relationship])}:
            judged = relationship in borne or happening.fields["intensity"] is not None
            intensity = borne.get(relationship, happening.intensity)
            direct = relationship == happening.relationship
            found.append(Touch(relationship, happening, direct, intensity, judged))
    return found
