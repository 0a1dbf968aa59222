"""A replay under a scope, beside the live state: every projection as a file, with what it was made from."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tracker.errors import ExitCode, TrackerError, refused_by_the_disk
from tracker.log.rows import Row
from tracker.state.build import Order, Progress, build
from tracker.state.manifest import Manifest, described
from tracker.state.mirror import GENERATION, attach
from tracker.state.reader import CONFIG

FILE_SUFFIX = ".duckdb"
MANIFEST = "manifest.json"


class CannotExport(TrackerError):
    """What was asked for cannot be written there: the place is no good, or the disk refuses it."""

    def __init__(self, output: Path, why: str | OSError) -> None:
        told = why.strerror if isinstance(why, OSError) else why
        super().__init__(f"cannot write {output}: {told}: name another place with -o")
        if isinstance(why, OSError) and refused_by_the_disk(why):
            self.exit_code = ExitCode.WORKSPACE


def export(output: Path, batches: Iterable[list[Row]], order: Order, progress: Progress) -> Manifest:
    """Build every projection under the order's scope and write it: one file in .duckdb, else a folder of Parquet.

    A file is replaced whole; in a folder each table is, last `manifest.json`, which says what all of them were made
    from. Raises CannotExport.
    """
    if not output.absolute().name:
        # Nothing stands beside it, where a folder is built before it is moved.
        raise CannotExport(output, "it is the root of the file system")
    if output.suffix == FILE_SUFFIX and output.is_dir():
        raise CannotExport(output, "it is a folder")
    if output.suffix != FILE_SUFFIX and output.exists() and not output.is_dir():
        raise CannotExport(output, f"it is a file: name a folder, or a file in {FILE_SUFFIX}")
    try:
        with _beside(output) as folder:
            built = folder / f"built{FILE_SUFFIX}"
            manifest = build(built, batches, order, progress)
            if output.suffix == FILE_SUFFIX:
                built.replace(output)
            else:
                _write_tables(built, output, order)
    except OSError as error:
        raise CannotExport(output, error) from error
    return manifest


def _write_tables(built: Path, output: Path, order: Order) -> None:
    attached = attach(built, CONFIG)
    try:
        for name, projection in order.projections.items():
            query = f'select * from {GENERATION}.state."{name}"'
            if projection.order_by:
                query += f" order by {projection.order_by}"
            fresh = built.with_name(f"{name}.parquet")
            quoted = str(fresh).replace("'", "''")
            attached.connection.execute(f"copy ({query}) to '{quoted}' (format parquet)")
    except duckdb.Error as error:
        raise CannotExport(output, str(error).splitlines()[0]) from error
    finally:
        attached.connection.close()
    output.mkdir(parents=True, exist_ok=True)
    for name in order.projections:
        built.with_name(f"{name}.parquet").replace(output / f"{name}.parquet")
    text = json.dumps(described(attached.manifest), indent=2, ensure_ascii=False)
    (output / MANIFEST).write_text(text + "\n", encoding="utf-8")


@contextmanager
def _beside(output: Path) -> Iterator[Path]:
    """Give a folder on the same disk as the output, and take it away at the end."""
    output.absolute().parent.mkdir(parents=True, exist_ok=True)
    folder = output.absolute().with_name(f".{output.name}.{os.getpid()}.building")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
