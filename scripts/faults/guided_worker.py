"""One target of fuzzing guided by coverage, in a process of its own, which atheris takes over.

    python -m faults.guided_worker TARGET FOUND [options and folders of libFuzzer]

Each text that breaks the property becomes a line of JSON in the file FOUND, at once: the process ends without a word.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import atheris

READERS = (
    *("tracker.model", "tracker.books", "tracker.log.decisions", "tracker.log.notes", "tracker.log.proofs"),
    *("tracker.log.merkle", "tracker.state.guard", "tracker.workspace", "tracker.schedule.jobs", "tomllib", "cronsim"),
)
"""What is guided: the rest would only be slowed down."""

with atheris.instrument_imports(include=[*READERS, "faults.guided_controls"], enable_loader_override=False):
    from faults.fuzzing import Target, targets
    from faults.guided_controls import controls

    # What a target imports when it is called is guided only if it is called here.
    NAMED = {**targets(), **controls()}
    TARGET: Target = NAMED[sys.argv[1]]
    TARGET.check(TARGET.seeds[0])

FOUND = Path(sys.argv[2])
MOST = 5
"""So many texts are kept that break a target, each in its own way."""

seen: set[str] = set()


def check(data: bytes) -> None:
    """Give the target what the bytes say; bytes that are no UTF-8 become halves of characters."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        TARGET.check(text)
    except Exception as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{type(error).__name__} at {trace.tb_lineno if trace else 0}"
        if place in seen or len(seen) >= MOST:
            return
        seen.add(place)
        told = {"text": text, "error": f"{type(error).__name__}: {error}"}
        with FOUND.open("a", encoding="utf-8") as file:
            file.write(json.dumps(told) + "\n")


atheris.Setup([sys.argv[0], *sys.argv[3:]], check)
atheris.Fuzz()
