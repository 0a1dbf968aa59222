"""Any text at all: read right, or refused with a reason."""

from __future__ import annotations

from faults.frame import Round, Trial
from faults.fuzzing import Target, mutated, targets

AT_ONCE = 50
"""Texts of one target in a row: a target's imports are then warm."""


def run(round_: Round) -> None:
    """Give one target after another texts that are nearly right."""
    listed = list(targets().values())
    _try(round_, listed[round_.number % len(listed)])


def _try(round_: Round, target: Target) -> None:
    for _ in range(AT_ONCE):
        if not round_.wanted:
            return
        text = mutated(target, round_.chance)
        round_.tried()
        round_.count(target.name)
        try:
            target.check(text)
        except Exception as error:
            round_.breach(f"{target.name}: {type(error).__name__}: {str(error)[:300]}: {text[:300]!r}")


def _careless(text: str) -> None:
    year, _, month = text.partition("-")
    int(year), int(month or 1)


def control(round_: Round) -> None:
    """Read dates as somebody would who expects only good ones."""
    _try(round_, Target("careless", _careless, targets()["edtf"].seeds))


TRIAL = Trial(
    name="fuzz",
    promise="any book, date, amount, name, quote, row, export, note, setting or SQL is read right, or refused",
    unit="texts",
    ci=1_800,
    full=1_000_000,
    run=run,
    breaks="a reader of dates that expects only good ones",
    control=control,
)
