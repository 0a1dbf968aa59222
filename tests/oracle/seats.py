"""Who sat on whose board, planned to, and gave it up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from oracle.accounts import ATTRIBUTIONS
from oracle.happenings import Happening

TYPES = ("board-seat-planned", "board-seat-taken", "board-seat-given-up")


SeatKey = tuple[str | None, str | None]
"""Who sits there, and with what vote; None where nobody says."""


@dataclass
class Move:
    """A happening on a board; `kind` and `person` are what is meant, where that can be inferred, `seat` for which."""

    happening: Happening
    kind: str | None
    person: str | None
    epoch: int
    seat: SeatKey = (None, None)

    @property
    def planned(self) -> bool:
        return self.happening.type == "board-seat-planned"

    @property
    def opens(self) -> bool:
        return self.happening.type != "board-seat-given-up"

    @property
    def undated(self) -> bool:
        """Say whether it may be of any day before its report."""
        return self.happening.earliest is None

    @property
    def attribution(self) -> int:
        return ATTRIBUTIONS.index(self.happening.attribution)


@dataclass
class Seat:
    """One time for which somebody had a seat or was to have it."""

    moves: list[Move] = field(default_factory=list)
    is_open: bool = False


def board_seats(told: Iterable[Happening]) -> list[dict[str, Any]]:
    """Return the rows of `board_seats`."""
    boards: dict[tuple[str, str], list[Happening]] = defaultdict(list)
    for happening in told:
        if happening.type in TYPES and _counts(happening):
            boards[happening.fields["organisation"], happening.fields["holder"]].append(happening)
    return [
        {"organisation": organisation, "holder": holder} | row
        for (organisation, holder), happened in boards.items()
        for row in _rows(happened)
    ]


def _counts(happening: Happening) -> bool:
    """A plan needs no signature; rumours of one, inferences and headlines are none."""
    if happening.attribution in ("analysis", "headline"):
        return False
    if happening.type == "board-seat-planned":
        return happening.fields["stage"] not in ("rumoured", "talks")
    return happening.may_change_terms


def _rows(happened: list[Happening]) -> Iterable[dict[str, Any]]:
    moves = _understood(happened)
    _recognise(moves)
    meant = list(dict.fromkeys(move.seat for move in moves if move.opens))
    times: dict[tuple[str | None, str | None], list[Seat]] = defaultdict(list)
    known: set[tuple[str | None, str | None]] = set()
    for move in moves:
        if move.opens:
            known.add(move.seat)
            _open(times[move.seat], move)
        else:
            _close(times, [seat for seat in meant if seat in known], move)
    for (person, kind), seats in times.items():
        for seat in (seat for seat in seats if seat.moves):
            told = {
                "person": person or next((move.person for move in seat.moves if move.person), None),
                "kind": kind or next((move.kind for move in seat.moves if move.kind), None),
            }
            yield told | _row(seat.moves)


def _understood(happened: list[Happening]) -> list[Move]:
    """Infer of which seat each speaks: first its kind, then, among those of that kind, who sits there."""
    moves, epoch = [], 0
    for happening in happened:
        moves.append(Move(happening, _text(happening.fields["kind"]), happening.fields["person"], epoch))
        epoch += not moves[-1].opens
    kinds = [move.kind for move in moves]
    for n, move in enumerate(moves):
        if move.opens:
            near = [m is not move and m.epoch == move.epoch for m in moves]
            move.kind = _inferred(n, kinds, near, move)
    persons = [move.person for move in moves]
    of_kind = [move.kind for move in moves]
    for n, move in enumerate(moves):
        if move.opens:
            alike = [m.opens and of_kind[k] == move.kind for k, m in enumerate(moves)]
            near = [same and moves[k].epoch == move.epoch for k, same in enumerate(alike)]
            move.person = _inferred(n, [p if alike[k] else None for k, p in enumerate(persons)], near, move)
    return moves


def _inferred(n: int, said: list[str | None], near: list[bool], move: Move) -> str | None:
    """Return what is said, else what is said nearest: a plan looks ahead first, a taken seat back."""
    if said[n]:
        return said[n]
    before = [value for k, value in enumerate(said[:n]) if value and near[k]]
    after = [value for k, value in enumerate(said) if k > n and value and near[k]]
    ever = [value for value in said[:n] if value] if move.undated else []
    order = [after[:1], before[-1:]] if move.planned else [before[-1:], after[:1]]
    return next((found[0] for found in (*order, ever[-1:]) if found), None)


def _recognise(moves: list[Move]) -> None:
    """Take what may be of any day for the seat known already: for the very one, else the last that it may be."""
    opened: list[SeatKey] = []
    heard: list[SeatKey] = []
    known: list[SeatKey] = []
    for move in moves:
        said = move.seat = (move.person, move.kind)
        if not move.opens and any(_may_be(said, seat) for seat in opened):
            continue
        if move.opens and move.undated and any(_may_be(said, seat) for seat in heard):
            last = [seat for seat in known if _may_be(said, seat)][-1:]
            move.seat = said if said in known else last[0] if last else said
        elif said not in known:
            known.append(said)
        heard.append(said)
        if move.opens:
            opened.append(said)


def _may_be(one: SeatKey, other: SeatKey) -> bool:
    return all(None in (a, b) or a == b for a, b in zip(one, other, strict=True))


def _text(value: Any) -> str | None:
    return str(value) if value else None


def _open(seats: list[Seat], move: Move) -> None:
    if not seats:
        seats.append(Seat([move], is_open=True))
    elif move.undated or seats[-1].is_open:
        # What may be of any day is taken for the seat that is known already.
        seats[-1].moves.append(move)
    else:
        seats.append(Seat([move], is_open=True))


def _close(times: dict[tuple[str | None, str | None], list[Seat]], known: list[tuple[Any, Any]], move: Move) -> None:
    """Give up all seats that may be meant; one that was given up before is not given up again with another."""
    meant = [
        (person, kind)
        for person, kind in known
        if (move.person is None or person in (None, move.person)) and (move.kind is None or kind in (None, move.kind))
    ] or [(move.person, move.kind)]
    held = [seat for seat in meant if times[seat] and times[seat][-1].is_open]
    for seat in held or meant:
        if not times[seat]:
            times[seat].append(Seat())
        times[seat][-1].moves.append(move)
        times[seat][-1].is_open = False


def _row(moves: list[Move]) -> dict[str, Any]:
    ended = [move for move in moves if not move.opens]
    taken = [move for move in moves if move.opens and not move.planned]
    planned = [move for move in moves if move.planned]
    speaks = ended or taken or planned
    standing = "held" if taken else "planned"
    gone = "dropped" if planned and not taken else "given-up"
    status = gone if ended else standing
    since, until = _first(taken or planned), _first(ended)
    # A beginning that is told after the end is none.
    begun = None if since and until and since > until else since
    by_weight = [*taken, *planned, *ended] if begun else moves
    relationships = [move.happening.relationship for move in by_weight if move.happening.relationship]
    return {
        "relationship": relationships[0] if relationships else None,
        "status": status,
        "since_on": begun,
        "ended_on": until,
        "evidence_attribution": max(speaks, key=lambda move: move.attribution).happening.attribution,
        "origins": len(set().union(*(move.happening.origins for move in speaks))),
        "credibility": max(move.happening.credibility for move in speaks),
        "occurrences": [move.happening.occurrence for move in moves],
    }


def _first(moves: list[Move]) -> date | None:
    return min((move.happening.effective_on for move in moves), default=None)
