"""Where a quote stands in the text that was kept: file, line and characters."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from tracker.books.files import MAX_BYTES
from tracker.workspace import Workspace


def place_of_quote(
    workspace: Workspace, record: dict[str, Any], sha256: str | None
) -> tuple[dict[str, Any] | None, str | None]:
    """Return the place of a development's quote, as facts and in words; (None, None) where it has no quote.

    `sha256` is the hash of the text that the quote was found in.
    """
    quote = record["quote"]
    if not quote:
        return None, None
    if quote.get("start") is None:
        return None, "the place is not known: no text was kept"
    start, end = quote["start"], quote["end"]
    facts = {"start": start, "end": end, "file": None, "line": None}
    words = f"characters {start}–{end}"
    kept = kept_text(workspace, record["report"], sha256)
    if kept is None:
        return facts, f"{words} of the text that was kept (no longer in events/sources, or changed)"
    path, text = kept
    if text[start:end] != quote["exact"]:
        return facts, f"{words} of {_shown(path, workspace)}, which no longer says so there"
    line = text.count("\n", 0, start) + 1
    return {
        **facts,
        "file": _shown(path, workspace),
        "line": line,
    }, f"{words}, line {line} of {_shown(path, workspace)}"


def kept_text(workspace: Workspace, report: str, sha256: str | None) -> tuple[Path, str] | None:
    """Return the kept text of a report and where it is: the file of its name, or the one with its hash."""
    folder = workspace.root / "events" / "sources"
    files = sorted(folder.glob("*"), key=lambda path: (path.stem != report, path.name)) if folder.is_dir() else []
    for path in files:
        # A hidden file is no text: it was begun by somebody who was killed, or has it open in an editor.
        if path.name.startswith(".") or not path.is_file() or path.stat().st_size > MAX_BYTES:
            continue
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() == sha256 or (sha256 is None and path.stem == report):
            return path, data.decode("utf-8", errors="replace")
    return None


def _shown(path: Path, workspace: Workspace) -> str:
    return path.relative_to(workspace.root).as_posix()
