"""What reading needs of the vocabulary, as plain data, kept in a cache.

Importing fifty pydantic classes takes longer than most answers. The cache stands beside Python's own compiled files and
is keyed by the model's source files: a changed or added event type is seen at once. Where the folder cannot be
written, the vocabulary is derived each time.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Column:
    """A typed column of a development: the field that fills it, its type in DuckDB and its kind in the catalogue."""

    name: str
    field: str
    sql_type: str
    kind: str
    common: bool


@dataclass(frozen=True)
class Vocabulary:
    """The columns of a development, the scale of intensities, and what each type says of its roles.

    `scale` holds (type, variant, intensity, conduct, rank, group); `said` expressions of SQL by the column that they
    make and the type that says so; `comparisons` (field, how accounts are compared in it, SQL for what an account
    states there); `types` the columns that each type of development has of its own; `recorded` those that events which
    are no developments fill too.
    """

    columns: tuple[Column, ...]
    scale: tuple[tuple[str, str, str, str, int, str], ...]
    said: dict[str, dict[str, str]]
    comparisons: tuple[tuple[str, str, str], ...]
    types: dict[str, list[str]]
    recorded: list[str]

    @property
    def pair_first(self) -> str:
        """SQL for the first role of a type's primary pair, NULL where it has none."""
        return self._case("pair_first", "null::varchar")

    @property
    def pair_second(self) -> str:
        """SQL for the second role of a type's primary pair, NULL where it has none."""
        return self._case("pair_second", "null::varchar")

    @property
    def variant(self) -> str:
        """SQL for the variant of a type by which its default intensity goes; '' where there is only one."""
        return self._case("variant", "''")

    @property
    def roles(self) -> str:
        """SQL for the roles of a development as a JSON object."""
        return self._case("roles", "null::json")

    def _case(self, column: str, otherwise: str) -> str:
        cases = " ".join(f"when '{name}' then {value}" for name, value in self.said[column].items())
        return f"case type {cases} else {otherwise} end" if cases else otherwise

    @property
    def names(self) -> set[str]:
        """The names of the columns."""
        return {column.name for column in self.columns}


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary, from the cache where it is up to date."""
    path = _cache_path()
    with suppress(OSError, ValueError, KeyError, TypeError):
        return _from_json(json.loads(path.read_text(encoding="utf-8")))
    derived = _derive()
    with suppress(OSError):
        _write(path, json.dumps(asdict(derived)))
    return derived


@cache
def vocabulary_of(types: frozenset[str]) -> Vocabulary:
    """Return what is needed of the vocabulary to read developments of some types, and records: other columns are empty.

    Columns that every development has are among it. Scale, comparisons and types stay whole, and so does all where a
    type is not known.
    """
    whole = vocabulary()
    if not types <= whole.types.keys():
        return whole
    own = {*whole.recorded, *(column for name in types for column in whole.types[name])}
    said = {
        column: {name: value for name, value in by_type.items() if name in types}
        for column, by_type in whole.said.items()
    }
    return replace(whole, columns=tuple(c for c in whole.columns if c.common or c.name in own), said=said)


def _derive() -> Vocabulary:
    from tracker.model.catalogue import event_types, intensity_table
    from tracker.state import columns as derived

    return Vocabulary(
        columns=tuple(
            Column(name, spec.name, derived.SQL_TYPES[spec.kind], spec.kind.value, spec.common)
            for name, spec in derived.development_columns().items()
        ),
        scale=tuple((t, v, str(i), conduct, rank, group) for t, v, i, conduct, rank, group in intensity_table()),
        types={e.name: [derived.column_of(spec) for spec in e.own_fields] for e in event_types().values()},
        said=derived.said_by_type(),
        recorded=derived.recorded_columns(),
        comparisons=derived.comparisons(),
    )


def _from_json(data: dict[str, object]) -> Vocabulary:
    plain = dict(data)
    columns = tuple(Column(**column) for column in plain.pop("columns"))  # type: ignore[attr-defined]
    scale = tuple(tuple(row) for row in plain.pop("scale"))  # type: ignore[attr-defined]
    comparisons = tuple(tuple(row) for row in plain.pop("comparisons"))  # type: ignore[attr-defined]
    return Vocabulary(columns=columns, scale=scale, comparisons=comparisons, **plain)  # type: ignore[arg-type]


def _cache_path() -> Path:
    """Name the cache by the state of the sources that it derives from, as Python names its compiled files."""
    here = Path(__file__).parent
    sources = [*sorted((here.parent / "model").glob("*.py")), here / "columns.py", Path(__file__)]
    states = [f"{path.name} {(stat := path.stat()).st_size} {stat.st_mtime_ns}" for path in sources]
    key = hashlib.sha256("\n".join(states).encode()).hexdigest()[:16]
    return here / "__pycache__" / f"vocabulary-{key}.json"


def _write(path: Path, text: str) -> None:
    """Write whole or not at all: two processes may derive it at the same moment."""
    path.parent.mkdir(exist_ok=True)
    for stale in path.parent.glob("vocabulary-*.json"):
        stale.unlink(missing_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
