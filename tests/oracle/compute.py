"""How much compute is owed to whom (rules 18 to 20)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from oracle.accounts import ATTRIBUTIONS, RELIABILITIES, Account, days
from oracle.happenings import Happening
from tracker.model.amounts import Amount

BEARINGS = {
    "compute-committed": "sets",
    "compute-expanded": "adds",
    "compute-reduced": "subtracts",
    "compute-delivered": "delivers",
    "compute-paused": "halts",
    "compute-resumed": "halts",
    "compute-cancelled": "halts",
}
OWING = ("sets", "adds", "replaces")

Key = tuple[str | None, str | None, str | None]
"""Unit, layer, period."""


@dataclass(frozen=True)
class Told:
    """A happening that concerns a commitment, and the amounts of it that may enter sums."""

    happening: Happening
    bearing: str
    amounts: list[Amount]
    contract: int = 0
    """How often the commitment had been made anew by then."""
    outlasts: bool = False
    """Whether it says that the commitment went on past its last day, and names no other."""
    is_history: bool = False
    """Whether it tells of a contract that was over before another one was made."""

    @property
    def firm(self) -> bool:
        return self.happening.may_change_terms and not self.is_history

    @property
    def owes(self) -> bool:
        """Whether it says that something is owed: what is reduced to a total is, by that much."""
        is_total = self.bearing == "subtracts" and any(a.role == "total" for a in self.amounts)
        return is_total or self.bearing in ("sets", "adds")

    @property
    def source(self) -> Account:
        """The account on whose word it stands: where it has amounts, the one that states them (rule 8)."""
        stating = (account for account in self.happening.filling if getattr(account.development, "amounts", ()))
        return next(stating, self.happening.best)

    @property
    def strength(self) -> tuple[int, int]:
        return ATTRIBUTIONS.index(self.source.attribution), RELIABILITIES.index(self.source.reliability)

    @property
    def credibility(self) -> Decimal:
        return self.happening.credibility if self.source is self.happening.best else self.source.credit

    @property
    def layer(self) -> str | None:
        return self.happening.fields["layer"]


@dataclass(frozen=True)
class Figure:
    """What one happening says of one row: bounds, None where open, and how they are meant."""

    told: Told
    bearing: str
    least: Decimal | None
    most: Decimal | None
    qualifiers: list[str]

    @property
    def order(self) -> tuple[Any, ...]:
        return self.told.strength, self.told.happening.place


def compute_commitments(told: Iterable[Happening], as_of: date) -> list[dict[str, Any]]:
    """Return the rows of `compute_commitments`."""
    by_key: dict[str, list[Told]] = defaultdict(list)
    for happening in told:
        if happening.type in BEARINGS:
            stated = [a for a in happening.fields["amounts"] or () if a.role in ("increment", "total")]
            key = happening.fields["commitment"] or happening.occurrence
            by_key[key].append(Told(happening, BEARINGS[happening.type], stated))
    return [
        {"commitment": commitment} | row
        for commitment, known in by_key.items()
        if any(t.bearing != "delivers" for t in known)
        for row in _rows(list(_of_known_size(list(_by_contract(list(_marked(known)))))), as_of)
    ]


def _marked(known: list[Told]) -> Iterable[Told]:
    """Mark what tells of a contract that was over before another one was made: it moves nothing of that one."""
    made_on = date.min
    for told in known:
        last_day = days(told.happening.fields["expires"])[1]
        changes = told.firm and told.bearing in ("sets", "adds", "subtracts")
        is_history = changes and last_day is not None and last_day < made_on
        yield replace(told, is_history=True, amounts=[]) if is_history else told
        earliest = told.happening.earliest
        if told.firm and told.bearing == "sets" and earliest and earliest <= told.happening.effective_on:
            made_on = max(made_on, earliest)


def _by_contract(known: list[Told]) -> Iterable[Told]:
    """Say of each of which contract it is: what follows a cancellation, or the last day of one, makes a new one."""
    contract, last_day, is_called_off = 0, None, False
    for told in known:
        if not told.firm:
            yield replace(told, contract=contract)
            continue
        day, own_day = told.happening.effective_on, days(told.happening.fields["expires"])[1]
        is_over = last_day is not None and last_day < day
        names_day = told.happening.fields["expires"] is not None
        if is_called_off and told.owes:
            contract, last_day, is_called_off, is_over = contract + 1, None, False, False
        elif is_over and told.bearing == "sets" and (own_day is None or own_day >= day):
            contract, last_day, is_over = contract + 1, None, False
        changes = told.bearing not in ("sets", "delivers") and told.happening.type != "compute-cancelled"
        # What may have been changed by the last day says of no time after it.
        earliest = told.happening.earliest
        is_after = is_over and earliest is not None and last_day is not None and earliest > last_day
        outlasts = is_after and changes and not names_day
        yield replace(told, contract=contract, outlasts=outlasts)
        if told.happening.type == "compute-cancelled":
            is_called_off, last_day = True, None
        elif names_day:
            last_day = own_day
        elif outlasts:
            last_day = None


def _of_known_size(known: list[Told]) -> Iterable[Told]:
    """Leave out what is taken from a commitment of unknown size: it is taken from nothing that is added later."""
    for place, told in enumerate(known):
        of_contract = [(n, t) for n, t in enumerate(known) if t.contract == told.contract and t.firm and t.owes]
        owed_by_then = [t for n, t in of_contract if n < place]
        is_sized = any(t.amounts for t in owed_by_then) or any(t.amounts for _, t in of_contract if t.bearing == "sets")
        of_unknown = bool(owed_by_then) and not is_sized
        takes = told.firm and told.bearing == "subtracts" and not told.owes
        yield replace(told, amounts=[]) if takes and of_unknown else told


def _rows(known: list[Told], as_of: date) -> Iterable[dict[str, Any]]:
    figures: dict[Key, list[Figure]] = defaultdict(list)
    for told in known:
        for key, figure in _figures(told, known):
            figures[key].append(figure)
    for key, said in figures.items():
        yield _row(key, said, known, as_of)


def _figures(told: Told, known: list[Told]) -> Iterable[tuple[Key, Figure]]:
    changes = [t for t in known if t.bearing in ("sets", "adds", "subtracts")]
    last = max(t.contract for t in known)
    if told.bearing == "delivers":
        return
    if not told.amounts:
        sized = any(t.amounts for t in known if t.bearing != "delivers")
        owed = any(t.firm and t.bearing in ("sets", "adds") for t in known)
        sized_firmly = any(t.firm and t.amounts and t.owes for t in changes if t.contract == last)
        if not sized or (told.firm and told.contract == last and owed and not sized_firmly):
            layer = max((t.layer for t in known if t.layer), default=None)
            yield (None, layer, None), Figure(told, told.bearing, None, None, [])
        return
    if told.bearing == "halts" and any(t.amounts for t in changes):
        return
    by_key: dict[Key, list[Amount]] = defaultdict(list)
    for amount in told.amounts:
        unit = "GW" if amount.unit == "MW" else amount.unit
        by_key[unit, _layer(unit, told.layer), amount.per].append(amount)
    for key, amounts in by_key.items():
        totals = [a for a in amounts if a.role == "total"] if told.bearing != "halts" else []
        used = totals or amounts
        bearing = "replaces" if totals else told.bearing
        qualifiers = [a.qualifier for a in used]
        yield key, Figure(told, bearing, _sum(map(_least, used)), _sum(map(_most, used)), qualifiers)


def _layer(unit: str, layer: str | None) -> str:
    if unit == "GPU":
        return "chip"
    if unit == "GW":
        return "chip" if layer == "chip" else "site"
    return "contract"


def _least(amount: Amount) -> Decimal | None:
    return _scaled(amount, amount.min if amount.min is not None else amount.value)


def _most(amount: Amount) -> Decimal | None:
    return _scaled(amount, amount.max if amount.max is not None else amount.value)


def _scaled(amount: Amount, number: Decimal | None) -> Decimal | None:
    return number / 1000 if number is not None and amount.unit == "MW" else number


def _sum(numbers: Iterable[Decimal | None]) -> Decimal | None:
    total = Decimal(0)
    for number in numbers:
        if number is None:
            return None
        total += number
    return total


def _row(key: Key, said: list[Figure], known: list[Told], as_of: date) -> dict[str, Any]:
    unit, layer, per = key
    owing = [f for f in said if f.told.firm and f.bearing in OWING]
    firm = bool(owing)
    contract = max((f.told.contract for f in owing), default=None)
    used = [f for f in said if f.told.firm or not firm]
    halts = [t for t in known if t.bearing == "halts" and t.firm and contract in (None, t.contract)]
    cancelled = [t.happening.place for t in halts if t.happening.type == "compute-cancelled"]
    called_off = max(cancelled, default=())
    void = max([called_off, *(f.told.happening.place for f in used if f.bearing == "replaces")])
    standing = [f for f in used if f.told.happening.place >= void and contract in (None, f.told.contract)]
    parts = [f for f in standing if f.bearing in ("adds", "subtracts")]
    sizes = [f for f in standing if f.bearing not in ("adds", "subtracts")]
    parts += sorted(sizes, key=lambda f: f.order)[-1:]
    owed = [f for f in used if f.bearing in OWING]
    anew = [f for f in owed if f.told.happening.place > called_off]
    status = _status(halts, owed=bool(owed), firm=firm, revived=bool(anew))
    papers = sorted(used, key=lambda f: (f in standing, f.bearing in ("sets", "replaces"), *f.order))
    # What is made anew names its own parties.
    naming = [t for t in known if t.firm and t.contract <= contract] if contract is not None else known
    party = max(naming, key=_names_parties if contract is None else _names_parties_by_contract)
    heard = [t for t in known if any(f.told is t for f in said) or not t.amounts or t.bearing in ("halts", "delivers")]
    # A contract has no day of the one before it; one that goes on after its last day has none that is known.
    if firm:
        binding = [t for t in heard if t.firm and t.contract == contract]
        since = [f for f in owed if f.told.contract == contract]
        own = [f for f in used if f.told.contract == contract]
    else:
        binding = [t for t in heard if not anew or t.happening.place > called_off]
        since = anew or used
        own = [f for f in used if f.told.happening.place > called_off]
    expires = None
    for told in binding:
        said_last = told.happening.fields["expires"]
        expires = None if told.outlasts else said_last if said_last is not None else expires
    ends = days(expires)[1]
    since_days = [f.told.happening.effective_on for f in since]
    net = _net(unit, parts, cancelled=status == "cancelled")
    expired = status in ("in-force", "paused") and ends is not None and ends < as_of
    is_nothing = firm and net["amount_max"] == 0
    return {
        "relationship": _made_under(party, known),
        "provider": party.happening.fields["provider"],
        "customer": party.happening.fields["customer"],
        "layer": layer,
        "unit": unit,
        **net,
        "per": per,
        "stage": _paper(papers, "stage", own),
        "binding": _paper(papers, "binding", own),
        "counted": firm
        and party.happening.fields["customer"] is not None
        and per is None
        and unit not in ("percent", "shares")
        and status in ("in-force", "paused")
        and not expired
        and not is_nothing,
        "status": "cancelled" if is_nothing else "expired" if expired else status,
        # Of what was over when it was first told nobody says when it began.
        "since_on": None if ends is not None and ends < min(since_days) else min(since_days),
        "starts": _last(t.happening.fields["starts"] for t in binding),
        "expires": expires,
        **_evidence(status, [f.told for f in parts], [f.told for f in used], halts),
        "occurrences": [t.happening.occurrence for t in heard],
    }


def _paper(papers: list[Figure], name: str, own: list[Figure]) -> Any:
    """What the account that sets the amount says of its paper, else what another one of that contract says."""
    said = [f.told.happening.fields[name] for f in reversed(papers) if f in own]
    return next((value for value in said if value is not None), papers[-1].told.happening.fields[name])


def _names_parties(told: Told) -> tuple[Any, ...]:
    happening = told.happening
    named = happening.fields["customer"] is not None
    return named, told.firm, told.bearing != "halts", told.strength, happening.place


def _names_parties_by_contract(told: Told) -> tuple[Any, ...]:
    return told.happening.fields["customer"] is not None, told.contract, *_names_parties(told)


def _made_under(party: Told, known: list[Told]) -> str | None:
    """Return where the contract between these two was made, which holds wherever one of them goes later (rule 23)."""

    def about(told: Told) -> tuple[Any, ...]:
        return told.contract, told.happening.fields["provider"], told.happening.fields["customer"]

    same = [t for t in known if about(t) == about(party) and t.happening.relationship]
    made = [t for t in same if t.firm and t.owes] or [t for t in same if t.firm] or same
    return made[0].happening.relationship if made else None


def _evidence(status: str, parts: list[Told], used: list[Told], said: list[Told]) -> dict[str, Any]:
    """A sum is no better than its weakest figure, and no better paused than the report that says so."""
    last_halt = said[-1:]
    halts = last_halt if status in ("paused", "cancelled") else []
    ground = halts if status == "cancelled" else parts + halts or last_halt
    heard = halts if status == "cancelled" else used + halts
    return {
        "evidence_attribution": min(ground, key=lambda t: t.strength).source.attribution,
        "origins": len(set().union(*(t.happening.origins for t in heard))),
        "credibility": min(t.credibility for t in ground).quantize(Decimal("0.000001"), ROUND_HALF_UP),
    }


def _last(values: Iterable[Any]) -> Any:
    return next((value for value in reversed(list(values)) if value is not None), None)


def _status(halts: list[Told], *, owed: bool, firm: bool, revived: bool) -> str:
    halt = halts[-1].happening.type if halts else None
    if halt == "compute-cancelled" and not revived:
        return "cancelled"
    if halt == "compute-paused":
        return "paused"
    return "not-binding" if owed and not firm else "in-force"


def _net(unit: str | None, parts: list[Figure], *, cancelled: bool) -> dict[str, Any]:
    if unit is not None and cancelled:
        return {"amount": Decimal(0), "amount_min": Decimal(0), "amount_max": Decimal(0), "qualifier": "exact"}
    least = most = None
    if any(f.bearing != "subtracts" for f in parts):
        least = _sum(_signed(f, f.most if f.bearing == "subtracts" else f.least) for f in parts)
        most = _sum(_signed(f, f.least if f.bearing == "subtracts" else f.most) for f in parts)
    least, most = (None if bound is None else max(bound, Decimal(0)) for bound in (least, most))
    return {
        "amount": least if least == most else None,
        "amount_min": least,
        "amount_max": most,
        "qualifier": None if unit is None else _qualifier(least, most, parts),
    }


def _signed(figure: Figure, bound: Decimal | None) -> Decimal | None:
    return -bound if bound is not None and figure.bearing == "subtracts" else bound


def _qualifier(least: Decimal | None, most: Decimal | None, parts: list[Figure]) -> str | None:
    meant = [qualifier for figure in parts for qualifier in figure.qualifiers]
    if len(parts) == 1 and len(meant) == 1 and parts[0].bearing != "subtracts":
        return meant[0]
    if least is None or most is None:
        return None if least is most else "up-to" if least is None else "over"
    if "order-of-magnitude" in meant:
        return "order-of-magnitude"
    if least < most and {"range", "up-to", "over"} & set(meant):
        return "range"
    return "about" if "about" in meant else "exact"
