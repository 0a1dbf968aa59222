"""How a generation is built: the log decoded from its first event, every projection as a table, a digest of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb

from tracker.errors import WorkspaceError
from tracker.log.rows import Row
from tracker.state.beside import begin
from tracker.state.digests import digest_of
from tracker.state.fetching import IN_UTC
from tracker.state.laying import refuse_bad_where
from tracker.state.load import LOG_TABLES, derive, load_log
from tracker.state.manifest import Manifest, TableFacts, event_hash, model_hash, write_manifest
from tracker.state.memory import memory_for
from tracker.state.mirror import GENERATION, REFUSED_BY_THE_DISK
from tracker.state.projections import Projection
from tracker.state.reader import CONFIG
from tracker.state.scope import Scope
from tracker.state.tables import all_reads, build_tables, steps_of

BUILT = "built"
CHECKED = "checked"

Progress = Callable[[str, int, int], None]
"""Is told what is done next, how many steps are done, and how many there are."""


class CannotBuild(WorkspaceError):
    """The disk refuses what is built."""

    def __init__(self, folder: Path, error: duckdb.Error) -> None:
        # DuckDB's message ends with what the system said, after file names that mean nothing to a user.
        why = str(error).splitlines()[0].rpartition(": ")[2]
        super().__init__(f"cannot build in {folder}: {why}: check the disk, or make room on it; nothing was changed")


@dataclass(frozen=True)
class Order:
    """What is to be built, for which day. `root` is that of the log's Merkle tree.

    Only an export has a `scope`, and is `whole`: what readers lay as views has its rows in it.
    """

    number: int
    as_of: date
    projections: Mapping[str, Projection]
    root: str
    scope: Scope = Scope()
    whole: bool = False


class Build:
    """Generations built from one reading of a log, in one connection."""

    def __init__(self, con: duckdb.DuckDBPyConnection, path: Path, progress: Progress, builds: int) -> None:
        self.connection = con
        self._path = path
        self._progress = progress
        self._builds = builds
        self._done = 0
        self._steps = 0
        self._position = 0
        self._last_event = ""
        self._reads: dict[str, set[str]] = {}

    def read(self, batches: Iterable[list[Row]], projections: Mapping[str, Projection]) -> None:
        """Decode a log; meanwhile find out which tables the projections to build of it will read."""
        self._steps = steps_of(projections) * self._builds + 1
        self._step("the log")
        parsing = self.connection.cursor()
        reads = begin(lambda: all_reads(parsing, projections))
        try:
            self.connection.execute(f"use {BUILT}.main")
            load_log(self.connection, self._counted(batches))
        finally:
            self._reads = reads()
            parsing.close()
        self.connection.execute("set enable_external_access = false")

    def _counted(self, batches: Iterable[list[Row]]) -> Iterator[list[Row]]:
        for batch in batches:
            self._position, topic, data = batch[-1]
            self._last_event = event_hash(topic, data)
            yield batch

    def generation(self, order: Order) -> Manifest:
        """Build a generation of all that was read, and return what it says of itself."""
        manifest = self._built(BUILT, order, self._position, self._last_event)
        write_manifest(self.connection, BUILT, manifest)
        if order.whole:
            self._comment(order.projections.values())
        return manifest

    def _comment(self, projections: Iterable[Projection]) -> None:
        """Lay what the projections' headers say as comments: other programs show them, and have no header to read."""
        con = self.connection
        query = f"select table_name, column_name from duckdb_columns() where database_name = '{BUILT}'"
        there = set(con.execute(f"{query} and schema_name = 'state'").fetchall())
        for projection in projections:
            table = f'{BUILT}.state."{projection.name}"'
            con.execute(f"comment on table {table} is '{_escaped(projection.doc)}'")
            for column, meaning in projection.columns.items():
                if (projection.name, column) in there:
                    con.execute(f"""comment on column {table}."{column}" is '{_escaped(meaning)}'""")

    def earlier(self, order: Order, held: Manifest) -> Manifest:
        """Build what a generation of an earlier event, and of its day, would be now; it is for comparing only."""
        con = self.connection
        con.execute(f"use {CHECKED}.main")
        con.execute("create schema log")
        con.execute(f"create view log.told as select * from {BUILT}.log.told where position <= {held.position}")
        derive(con)
        return self._built(CHECKED, order, held.position, held.last_event)

    def _built(self, catalog: str, order: Order, position: int, last_event: str) -> Manifest:
        con = self.connection
        con.execute(f"use {catalog}.main")
        names = [f"log.{name}" for name in LOG_TABLES]
        facts = {name: TableFacts(name, *digest_of(con, name)) for name in names}
        facts |= build_tables(
            con,
            catalog,
            order.projections,
            scope=order.scope,
            day=order.as_of,
            reads=self._reads,
            whole=order.whole,
            step=self._step,
        )
        con.execute("use memory.main")
        return Manifest(
            number=order.number,
            position=position,
            last_event=last_event,
            root=order.root,
            model=model_hash(),
            duckdb=duckdb.__version__,
            as_of=order.as_of,
            tables=facts,
            scope={name: str(value) for name, value in asdict(order.scope).items() if value not in (None, True)},
        )

    def _step(self, name: str) -> None:
        self._progress(name, self._done, self._steps)
        self._done += 1

    def finish(self) -> None:
        """Complete the file: all of it is in its place, and nothing beside it."""
        self.connection.execute(f"checkpoint {BUILT}")
        self.connection.execute(f"detach {BUILT}")


@contextmanager
def building(
    path: Path, progress: Progress, *, events: int, live: Path | None = None, earlier: bool = False
) -> Iterator[Build]:
    """Open what is needed to build a generation of so many events in a new file, beside which it may spill.

    `live` is the generation to compare with, which is attached as well; `earlier` says that one of an earlier event or
    another day is to be built for that. Raises CannotBuild where the disk refuses.
    """
    con = duckdb.connect(config={**CONFIG, "temp_directory": f"{path}.spill"})
    try:
        con.execute(f"set memory_limit = '{memory_for(events)}MiB'")
        con.execute(IN_UTC)
        # Tables are compared by digests that know no order, and answers name theirs: rows may be written as they come.
        con.execute("set preserve_insertion_order = false")
        # A file that is published only whole needs no write-ahead log.
        con.execute(f"attach '{_escaped(str(path))}' as {BUILT} (recovery_mode no_wal_writes, block_size 65536)")
        con.execute("set checkpoint_threshold = '1TB'")
        if live is not None:
            con.execute(f"attach '{_escaped(str(live))}' as {GENERATION} (read_only)")
        if earlier:
            beside = path.with_name(f"{path.name}.check")
            con.execute(f"attach '{_escaped(str(beside))}' as {CHECKED} (recovery_mode no_wal_writes)")
        yield Build(con, path, progress, builds=2 if earlier else 1)
    except REFUSED_BY_THE_DISK as error:
        raise CannotBuild(path.parent, error) from error
    finally:
        con.close()


def build(path: Path, batches: Iterable[list[Row]], order: Order, progress: Progress, *, events: int = 0) -> Manifest:
    """Build a generation, or under the order's scope an export, in a new file.

    Raises BadScope, ProjectionError, CannotBuild.
    """
    refuse_bad_where(order.scope)
    with building(path, progress, events=events) as built:
        built.read(batches, order.projections)
        manifest = built.generation(order)
        built.finish()
    return manifest


def _escaped(text: str) -> str:
    return text.replace("'", "''")
