"""Workspaces with event books for trials of the command line."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from faults.accounts import opened
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


def write_books(root: Path, count: int, entries: int) -> dict[str, int]:
    """Write books and return what the log must hold after importing all: the number of events by book, in order."""
    expected = {"parties": 4}
    for number in range(count):
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
    # Its checkpoints go with it: they would tell, rightly, that the events of the old one are gone.
    for path in log.parent.iterdir():
        if path.is_file():
            path.unlink()
    with opened(log, create=True):
        pass
