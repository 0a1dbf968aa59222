"""How shares of revenue stand and stood (rules 12 and 15)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any

from oracle.accounts import ATTRIBUTIONS, Cut, days
from oracle.happenings import Happening

TYPES = ("revenue-share-agreed", "revenue-share-changed")
FOREVER = date.max


@dataclass
class Conditions:
    """What was paid from a day on, and what was said of it; the flag tells what ended it or came after that."""

    opened_on: date
    share: Any = None
    capped: bool | None = None
    expires: str | None = None
    is_opened: bool = True
    goes_on: bool = False
    said: list[tuple[Happening, bool]] = field(default_factory=list)
    closed_on: date | None = None
    ended_on: date | None = None

    @property
    def last_day(self) -> date:
        return days(self.expires)[1] or FOREVER

    @property
    def over_on(self) -> date:
        return min(self.last_day, self.ended_on or FOREVER)

    def stands_on(self, day: date) -> bool:
        return self.ended_on is None and day <= self.last_day

    @property
    def speaks(self) -> list[Happening]:
        """What says that it is as it is: its end, once there is one."""
        return [happening for happening, of_end in self.said if of_end == (self.ended_on is not None)]


def revenue_shares(told: Iterable[Happening], cut: Cut) -> list[dict[str, Any]]:
    """Return the rows of `revenue_shares`."""
    shares: dict[tuple[Any, ...], list[Happening]] = defaultdict(list)
    for happening in told:
        if happening.type in TYPES and happening.relationship and happening.may_change_terms:
            shares[happening.relationship, happening.fields["payer"], happening.fields["payee"]].append(happening)
    return [
        dict(zip(("relationship", "payer", "payee"), share, strict=True)) | row
        for share, changes in shares.items()
        for row in _rows(_fold(changes), cut)
    ]


def _fold(changes: list[Happening]) -> list[Conditions]:
    history: list[Conditions] = []
    agreed_on = date.min
    for change in changes:
        ends, agrees = bool(change.fields["ended"]), change.type == "revenue-share-agreed"
        # A contract that was over before another one was agreed is history.
        if ends:
            _end(history, change)
        elif (days(change.fields["expires"])[1] or FOREVER) >= agreed_on:
            _apply(history, change, agrees=agrees)
        if agrees and not ends and change.earliest and change.earliest <= change.effective_on:
            agreed_on = max(agreed_on, change.earliest)
    return history


def _end(history: list[Conditions], change: Happening) -> None:
    if not history:
        history.append(Conditions(change.effective_on, is_opened=False))
    now = history[-1]
    now.said.append((change, True))
    if now.ended_on is None:
        now.ended_on = min(change.effective_on, now.last_day)


def _apply(history: list[Conditions], change: Happening, *, agrees: bool) -> None:
    day, said = change.effective_on, change.fields
    fresh = Conditions(day, said["share"], said["capped"], said["expires"], said=[(change, False)])
    now = history[-1] if history else None
    is_past = fresh.last_day < day
    if now is None:
        history.append(fresh)
    elif not now.stands_on(day):
        # Who tells of a contract that is over makes none; a change goes on with one only if it happened after that.
        is_after = change.earliest is not None and change.earliest > now.over_on
        if not is_past and (agrees or is_after):
            if not agrees and now.ended_on is None:
                _carry(fresh, now)
            history.append(fresh)
    elif is_past:
        now.share = now.share or fresh.share
        now.expires, now.closed_on = fresh.expires, day
        now.said.append((change, False))
    elif _differs(now, fresh, agrees=agrees):
        _carry(fresh, now)
        fresh.expires = fresh.expires or now.expires
        history.append(fresh)
    else:
        now.share, now.expires = now.share or fresh.share, now.expires or fresh.expires
        now.said.append((change, False))


def _carry(fresh: Conditions, now: Conditions) -> None:
    fresh.share = fresh.share or now.share
    fresh.capped = now.capped if fresh.capped is None else fresh.capped
    fresh.goes_on = True


def _differs(now: Conditions, said: Conditions, *, agrees: bool) -> bool:
    """Say whether these are other conditions; what an agreement only adds of size and last day is of the same ones."""
    if said.capped is not None and said.capped != now.capped:
        return True
    one, other = (share and (share.value, share.min, share.max) for share in (now.share, said.share))
    if other and one != other and (one or not agrees):
        return True
    return said.expires is not None and said.last_day != now.last_day and (now.last_day < FOREVER or not agrees)


def _rows(history: list[Conditions], cut: Cut) -> list[dict[str, Any]]:
    rows = []
    so_far: list[str] = []
    for now, following in pairwise([*history, None]):
        assert now
        so_far = [*(so_far if now.goes_on else []), *(happening.occurrence for happening, _ in now.said)]
        # What is superseded on the day on which it began never held.
        if not following or following.opened_on != now.opened_on:
            rows.append(_row(now, following, so_far, cut))
    return rows


def _row(now: Conditions, following: Conditions | None, so_far: list[str], cut: Cut) -> dict[str, Any]:
    is_late = now.last_day < now.opened_on
    if now.ended_on:
        status, ended_on = "ended", now.ended_on
    elif now.last_day < (following.opened_on if following else cut.as_of):
        status, ended_on = "expired", now.last_day
    elif following:
        status, ended_on, so_far = "superseded", following.opened_on, [*so_far, following.said[0][0].occurrence]
    else:
        status, ended_on = "in-force", FOREVER
    told_on = now.closed_on or (now.opened_on if is_late else None)
    best = max(now.speaks, key=lambda happening: ATTRIBUTIONS.index(happening.attribution))
    return {
        "share": now.share,
        "capped": now.capped,
        "status": status,
        "since_on": now.opened_on if now.is_opened and not is_late else None,
        "ended_on": ended_on if ended_on < FOREVER else None,
        "told_ended_on": told_on if told_on and told_on > ended_on else None,
        "expires": now.expires,
        "evidence_attribution": best.attribution,
        "origins": len(set().union(*(happening.origins for happening in now.speaks))),
        "credibility": max(happening.credibility for happening in now.speaks),
        "occurrences": so_far,
    }
