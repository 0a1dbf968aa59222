"""The trials: what tracker promises to survive, tried again and again, each beside a control that must fail.

    python scripts/faults                          every trial, with the numbers of CI
    python scripts/faults kill_writers --trials 9  one trial, so often
    python scripts/faults --full                   the large numbers: a night
    python scripts/faults --minutes 60 --json results.json --docs docs/reliability.md

A trial is a module in `trials/` that holds a `TRIAL` (see `frame.Trial`); it is found by being there. Its `run` makes
one round: it draws from `round_.chance`, works below `round_.folder`, counts what it tried with `round_.tried()`, and
says `round_.breach("…")` where the promise was broken; an exception counts as one. Its `control` does the same with
something that breaks the promise, and must find that. What cannot run on a machine raises `Skipped` with the reason.
"""
