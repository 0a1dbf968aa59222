"""Workspaces with event books for trials of the command line."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from faults.accounts import opened
from tracker.log.checkpoints import checkpoints_path, leaves_path
from tracker.log.verified import verified_path
from tracker.workspace import init_workspace

PARTIES = """\
tracker: book/1
parties:
  - {id: acme, name: Acme, aliases: [艾克米]}
  - {id: globex, name: Globex}
  - {id: initech, name: Initech}
  - {id: ada-lovelace, name: Ada Lovelace, kind: person, affiliations: [{organisation: globex, role: CEO}]}
"""

REPORT = """\
tracker: book/1
report:
  id: {name}
  publisher: The Wire
  published: 2025-05-05
  text: ../sources/wire.txt
  reliability: B
developments:
"""

ARTICLE = "Acme and Globex met again, and Globex relaxed the deal. Nobody else was told.\n"

ENTRY = """\
  - {{type: contact-made, key: met-{n}, party: acme, counterparty: globex, occurred: 2025-05, attribution: insiders,
     quote: Acme and Globex met again, note: "meeting {n}"}}
"""


def workspace(root: Path) -> Path:
    """Make a workspace with the parties of these books and an empty log, and return its folder."""
    begin_anew(init_workspace(root).log)
    (root / "events" / "parties.yaml").write_text(PARTIES, encoding="utf-8")
    (root / "events" / "sources" / "wire.txt").write_text(ARTICLE, encoding="utf-8")
    return root


def write_books(root: Path, count: int, entries: int, first: int = 0) -> dict[str, int]:
    """Write books and return what the log must hold after importing all: the number of events by book, in order."""
    expected = {"parties": 4}
    for number in range(first, first + count):
        name = f"wire-{number}"
        text = REPORT.format(name=name) + "".join(ENTRY.format(n=n) for n in range(entries))
        (root / "events" / "books" / f"{name}.yaml").write_text(text, encoding="utf-8")
        expected[name] = 1 + entries
    return expected


def recorded(log: Path) -> dict[str, int]:
    """Return the number of events in the log by book."""
    with opened(log) as found:
        return dict(Counter(str(stored.event.envelope.book) for stored in found.events()))


def begin_anew(log: Path) -> None:
    """Put an empty log in the place of one, with all that belongs to it."""
    # The checkpoints go as well: they would take an empty log for one that has lost its events.
    for path in (*log.parent.glob(f"{log.name}*"), checkpoints_path(log), leaves_path(log), verified_path(log)):
        path.unlink(missing_ok=True)
    with opened(log, create=True):
        pass
