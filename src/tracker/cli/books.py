"""Where the books of a workspace are: how a path is told, and which book holds a report."""

from __future__ import annotations

from pathlib import Path

from tracker.workspace import Workspace


def shown(path: Path) -> str:
    """Return a path relative to the working folder where that is shorter."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def book_of_report(workspace: Workspace, report: str) -> Path | None:
    """Return the book that files a report, or None: the one of its name first, then any other."""
    from tracker.books.book import read_book
    from tracker.books.files import UnreadableFile, read_book_file
    from tracker.books.importer import find_books
    from tracker.books.yaml_nodes import Scalar, text_of

    paths = find_books([workspace.root / "events"]) if (workspace.root / "events").is_dir() else []
    for path in sorted(paths, key=lambda path: path.stem != report):
        try:
            node = read_book(path, read_book_file(path)).report_node
        except UnreadableFile:
            continue
        if report == (node.text if isinstance(node, Scalar) else text_of(node, "id")):
            return path
    return None
