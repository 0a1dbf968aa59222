"""How exclusivity terms stand and stood (rules 11 to 17)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from oracle.accounts import ATTRIBUTIONS, RELIABILITIES, Cut, days
from oracle.happenings import Happening

LEVELS = ("none", "preferred", "first-ship", "first-offer", "first-refusal", "relaxed", "exclusive")
TYPES = ("exclusivity-granted", "exclusivity-relaxed", "exclusivity-ended", "term-affirmed")

Strength = tuple[int, int]


@dataclass
class Status:
    """A status that a term has or had, and what was said of it; the flag tells what ended it or came after that."""

    level: str | None
    expires: str | None
    trigger: str | None
    carve_outs: set[str]
    opened_with: str
    strength: Strength
    against: Strength | None
    said: list[tuple[Happening, bool]]
    contested_carve_outs: set[str] = field(default_factory=set)
    contested_expires: bool = False
    ended: Happening | None = None

    @property
    def opened_on(self) -> date:
        return self.said[0][0].effective_on

    @property
    def expires_on(self) -> date | None:
        return days(self.expires)[1]

    @property
    def is_doubted(self) -> bool:
        """Whether it rests on weaker evidence than what it changed."""
        return self.against is not None and _class(self.against) > _class(self.strength)

    @property
    def speaks(self) -> list[Happening]:
        """What says that it is as it is: its end, once there is one."""
        return [happening for happening, of_end in self.said if of_end == (self.ended is not None)]


def exclusivity_terms(told: Iterable[Happening], cut: Cut) -> list[dict[str, Any]]:
    """Return the rows of `exclusivity_terms`."""
    terms: dict[tuple[Any, ...], list[Happening]] = defaultdict(list)
    for happening in told:
        if happening.type in TYPES and happening.relationship and happening.may_change_terms:
            fields = happening.fields
            terms[happening.relationship, fields["grantor"], fields["holder"], fields["coverage"]].append(happening)
    return [
        dict(zip(("relationship", "grantor", "holder", "coverage"), term, strict=True)) | row
        for term, moves in terms.items()
        for row in _rows(_fold(moves), cut)
    ]


def _kind(happening: Happening) -> str:
    if happening.type == "term-affirmed":
        return "deny" if happening.fields["absent"] else "affirm"
    return {"granted": "grant", "relaxed": "relax", "ended": "end"}[happening.type.removeprefix("exclusivity-")]


def _fold(moves: list[Happening]) -> list[Status]:
    statuses: list[Status] = []
    granted_on = date.min
    for move in moves:
        kind, last_day = _kind(move), days(move.fields["expires"])[1]
        # A contract that was over before another one was granted is history.
        is_history = kind not in ("end", "deny") and last_day is not None and last_day < granted_on
        if not is_history:
            _apply(statuses, move, kind)
        if kind == "grant" and move.earliest and move.earliest <= move.effective_on:
            granted_on = max(granted_on, move.earliest)
    return statuses


def _apply(statuses: list[Status], move: Happening, kind: str) -> None:
    now = statuses[-1] if statuses else None
    lapsed = bool(now and not now.ended and now.expires_on and now.expires_on < move.effective_on)
    stands = bool(now and not now.ended and not lapsed and now.level != "none")
    level = _level(move, kind)
    against = now.strength if now and not lapsed else None
    fresh = Status(
        level,
        None,
        None,
        set(),
        kind,
        strength=move.strength,
        against=against,
        said=[(move, kind == "end" and not now)],
    )
    if kind != "end":  # An end says nothing more of the contract.
        _state(fresh, move)
    if kind == "end" and now is None:
        fresh.ended = move
        statuses.append(fresh)
    elif kind == "end" and now and stands:
        now.said.append((move, True))
        now.ended, now.against, now.strength = move, now.strength, move.strength
    elif kind in ("end", "deny") and now and not stands:
        _bear_out(now, move)
    elif kind == "grant" and now and stands and now.level == level:
        before = replace(now)
        _bear_out(now, move)
        _state(now, move)
        _contest(now, move, before)
    elif kind == "grant":
        statuses.append(fresh)
    elif kind == "relax" and now and stands and now.level and _weaker(now.level, level):
        before = replace(now)
        _bear_out(now, move)
        _state(now, move, adding=True)
        _contest(now, move, before)
    elif kind == "relax" and now and stands:
        _go_on(fresh, now, move, adding=True)
        statuses.append(fresh)
    elif kind == "affirm" and now and stands:
        _affirm(statuses, now, fresh, move)
    elif now is None or _reopens(move.strength, now, lapsed=lapsed):
        _reopen(now, fresh, move, kind)
        statuses.append(fresh)


def _affirm(statuses: list[Status], now: Status, fresh: Status, move: Happening) -> None:
    """What is called relaxed may have a level; any other one is a contradiction, or told on better evidence."""
    level = fresh.level
    may_be = now.level in (None, level) or level is None or (now.level == "relaxed" and _weaker(level, "relaxed"))
    if may_be:
        before = replace(now)
        _bear_out(now, move)
        _fill(now, move, level)
        stated, is_as_good = move.fields["expires"], _class(move.strength) >= _class(before.strength)
        if before.contested_expires and stated and is_as_good and days(stated)[1] != before.expires_on:
            now.expires = stated
        _contest(now, move, before)
    elif now.is_doubted and _class(move.strength) > _class(now.strength):
        # What only weaker evidence relaxed stands as the contract that it was.
        _go_on(fresh, now, move, adding=False)
        statuses.append(fresh)


def _reopen(now: Status | None, fresh: Status, move: Happening, kind: str) -> None:
    """Fill in what is known of a term that did not stand, or of which nobody had told."""
    if now is None:
        return
    if kind == "affirm" and fresh.level is None and now.level != "none":
        fresh.level = now.level
    is_past = now.expires_on is not None and now.expires_on < move.effective_on
    if now.is_doubted and not is_past and kind in ("affirm", "relax"):
        _go_on(fresh, now, move, adding=kind == "relax")


def _go_on(fresh: Status, now: Status, move: Happening, *, adding: bool) -> None:
    """Let a status have what the contract said before, and what is said of it now."""
    fresh.expires, fresh.trigger, fresh.carve_outs = now.expires, now.trigger, set(now.carve_outs)
    _state(fresh, move, adding=adding)
    _contest(fresh, move, now)


def _reopens(strength: Strength, now: Status, *, lapsed: bool) -> bool:
    """Say whether a report of this strength brings back a status that does not stand; what lapsed, nobody ended."""
    if now.ended and now.is_doubted:
        return _class(strength) > _class(now.strength)
    by_class = lapsed and _class(strength) >= _class(now.strength)
    return strength >= now.strength or by_class


def _level(move: Happening, kind: str) -> str | None:
    stated = move.fields.get("level")
    if kind == "end":
        return None
    if kind == "deny":
        return "none"
    return str(stated) if stated else ("relaxed" if kind == "relax" else None)


def _weaker(one: str, other: str | None) -> bool:
    """Say whether one level is no stronger than another."""
    return other is not None and LEVELS.index(one) <= LEVELS.index(other)


def _bear_out(status: Status, move: Happening) -> None:
    status.said.append((move, status.ended is not None))
    status.strength = max(status.strength, move.strength)


def _state(status: Status, move: Happening, *, adding: bool = False) -> None:
    """Take over what a contract now says; exceptions of a relaxation add to those before."""
    status.expires = move.fields["expires"] or status.expires
    status.trigger = move.fields["trigger"] or status.trigger
    excepted = set(move.fields["carve_outs"] or ())
    status.carve_outs = status.carve_outs | excepted if adding else excepted or status.carve_outs


def _fill(status: Status, move: Happening, level: str | None) -> None:
    status.level = level or status.level
    status.expires = status.expires or move.fields["expires"]
    status.trigger = status.trigger or move.fields["trigger"]
    status.carve_outs = status.carve_outs or set(move.fields["carve_outs"] or ())


def _contest(status: Status, move: Happening, before: Status) -> None:
    """Say which exceptions, and whether another last day, rest on weaker evidence alone than the term had before."""
    doubted = status.carve_outs & before.contested_carve_outs
    if _class(move.strength) < _class(before.strength):
        status.contested_carve_outs = doubted | (status.carve_outs - before.carve_outs)
    else:
        status.contested_carve_outs = doubted - set(move.fields["carve_outs"] or ())
    stated = move.fields["expires"]
    is_weaker, is_moved = _class(move.strength) < _class(before.strength), status.expires_on != before.expires_on
    is_said = stated is not None and days(stated)[1] == status.expires_on
    status.contested_expires = before.contested_expires and (is_weaker or not is_said)
    if is_moved and is_weaker and before.expires:
        status.contested_expires = True


def _rows(statuses: list[Status], cut: Cut) -> list[dict[str, Any]]:
    rows = []
    before: list[Happening] = []
    for status, following in zip(statuses, [*statuses[1:], None], strict=True):
        said = [*before, *(happening for happening, _ in status.said)]
        if following and following.opened_on == status.opened_on:
            # What is superseded on the day on which it began never held.
            before = said
            continue
        before = []
        rows.append(_row(status, following, said, cut))
    return rows


def _row(status: Status, following: Status | None, said: list[Happening], cut: Cut) -> dict[str, Any]:
    end = following.opened_on if following else None
    if status.ended:
        name, ended_on, ended_by = "ended", status.ended.effective_on, status.ended.occurrence
    elif status.expires_on and status.expires_on < (end or cut.as_of):
        name, ended_on, ended_by = "expired", status.expires_on, None
    elif following:
        name, ended_on, ended_by = "superseded", end, following.said[0][0].occurrence
        said = [*said, following.said[0][0]]
    else:
        name, ended_on, ended_by = "in-force", None, None
    # Of what was over when it was told nobody says when it began.
    opened_on = None if status.expires_on and status.expires_on < status.opened_on else status.opened_on
    best = max(status.speaks, key=lambda happening: happening.strength)
    return {
        "level": status.level,
        "status": name,
        "contested": status.is_doubted
        or (status.ended is None and (status.contested_expires or bool(status.contested_carve_outs))),
        "since_on": opened_on if status.opened_with in ("grant", "relax") else None,
        "known_since_on": opened_on if status.opened_with in ("affirm", "deny") else None,
        "ended_on": ended_on,
        "ended_by": ended_by,
        "expires": status.expires,
        "trigger": status.trigger,
        "carve_outs": sorted(status.carve_outs),
        "contested_carve_outs": sorted(status.contested_carve_outs),
        "evidence_attribution": best.attribution,
        "origins": len(set().union(*(happening.origins for happening in status.speaks))),
        "credibility": max(happening.credibility for happening in status.speaks),
        "occurrences": [happening.occurrence for happening in said],
    }


def _class(strength: Strength) -> Strength:
    """Put documents and words on the record into one class, and grades A to C into another (rule 15)."""
    attribution, reliability = strength
    return min(attribution, ATTRIBUTIONS.index("on-record")), min(reliability, RELIABILITIES.index("C"))
