"""How the fields of a book's entry become an event: names are resolved, and every error gets its place in the file."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tracker.books.forms import LISTS, QUOTE_FIELDS, Form
from tracker.books.names import PartyIndex
from tracker.books.problems import Problem
from tracker.books.wording import unknown_field, worded
from tracker.books.yaml_nodes import Mapping, Mark, Node, Plain, Scalar, Sequence
from tracker.errors import shortened
from tracker.model.amounts import Amount
from tracker.model.catalogue import FieldSpec, Kind
from tracker.model.fields import Event
from tracker.model.names import RELATIONSHIP_SEPARATOR

UNKNOWN_PARTY = "unknown party"
COMMA = "a comma ends a value in { }: put quotes around a text that holds one"
UNRESOLVED = "unresolved"
"""Stands for a party that nobody knows, so that the rest of its entry can still be checked."""


@dataclass
class Reading:
    """The reading of one file: what names mean in it, and what was found wrong so far."""

    path: str
    index: PartyIndex
    problems: list[Problem] = field(default_factory=list)
    pairs: dict[str, str] = field(default_factory=dict)
    """How the latest entry wrote its relationships, by their keys."""

    def error(self, mark: Mark, message: str, hint: str | None = None) -> None:
        """Note what keeps the file from being recorded."""
        self.problems.append(Problem(self.path, mark.line, mark.column, message, hint))

    def warn(self, mark: Mark, message: str, hint: str | None = None) -> None:
        """Note what the writer should look at."""
        self.problems.append(Problem(self.path, mark.line, mark.column, message, hint, "warning"))

    @property
    def errors(self) -> int:
        """Return how many errors were noted."""
        return sum(problem.severity == "error" for problem in self.problems)


def read_entry(node: Node, form: Form, fixed: MappingABC[str, str], reading: Reading) -> Event | None:
    """Return the event that an entry says, or None, with every error of the entry noted.

    `fixed` are fields of the class that the book gives for all entries. Unknown parties are noted with suggestions.
    """
    before = reading.errors
    if not isinstance(node, Mapping):
        reading.error(node.mark, f"an entry of kind '{form.title}' takes fields", "write 'field: value' lines")
        return None
    values: dict[str, object] = dict(fixed) | _values(node, form, reading)
    written = {spec.attribute: name for name in node.entries if (spec := form.spec(name))}
    written |= {spec.name: written[spec.attribute] for spec in form.fields.values() if spec.attribute in written}
    try:
        event = form.cls.model_validate(values)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False):
            _note(error, node, form, written, reading)
        return None
    assert isinstance(event, Event)
    return event if reading.errors == before else None


def _values(node: Mapping, form: Form, reading: Reading) -> dict[str, object]:
    """Return the given fields by attribute, as pydantic takes them; what is empty counts as not given."""
    values: dict[str, object] = {}
    for name, (mark, child) in node.entries.items():
        if name in form.extras:
            continue
        spec = form.spec(name)
        if spec is None and node.flow and isinstance(child, Scalar) and child.text is None:
            reading.error(mark, f"unknown field '{name}'", COMMA)
        elif spec is None:
            reading.error(mark, *unknown_field(name, form.names, form.title))
        elif spec.attribute in values:
            reading.error(mark, f"'{name}' is given twice, under two names", f"keep '{spec.name}'")
        elif not (isinstance(child, Scalar) and child.text is None):
            values[spec.attribute] = _resolved(child, spec, form.nested(spec), reading)
    return values


def _resolved(node: Node, spec: FieldSpec, nested: Form | None, reading: Reading) -> object:
    """Return a value as plain Python, with the names of parties replaced by their ids."""
    if isinstance(node, Sequence) and (nested or spec.kind in LISTS):
        return [_resolved(item, spec, nested, reading) for item in node.items]
    if nested is not None:
        return _entry(node, nested, reading)
    if spec.kind in (Kind.PARTY, Kind.PARTIES) and isinstance(node, Scalar) and node.text:
        return _party(node.text, node.mark, reading)
    if spec.kind is Kind.BEARINGS and isinstance(node, Mapping):
        return _bearings(node, reading)
    if spec.kind is Kind.QUOTE:
        return _quote(node, reading)
    return node.to_plain()


def _entry(node: Node, form: Form, reading: Reading) -> object:
    """Return the fields of an entry inside an entry, which may be written as its one required field alone."""
    if isinstance(node, Mapping):
        return _values(node, form, reading)
    if form.scalar and isinstance(node, Scalar):
        return {form.scalar: _resolved(node, form.fields[form.scalar], None, reading)}
    return node.to_plain()


def _party(name: str, mark: Mark, reading: Reading) -> str:
    party = reading.index.owner(name)
    if party is None and not name.strip():
        reading.error(mark, "a party without a name", "write its id or one of its names")
    elif party is None:
        reading.error(mark, f"{UNKNOWN_PARTY} '{shortened(name)}'", reading.index.hint(name))
    return party or UNRESOLVED


def _bearings(node: Mapping, reading: Reading) -> dict[str, Plain]:
    """Resolve `顶点--Globex: -3`; what is no pair of names is left to the model, which says so."""
    found: dict[str, Plain] = {}
    for name, (mark, value) in node.entries.items():
        first, joint, second = (part.strip() for part in name.partition(RELATIONSHIP_SEPARATOR))
        if not (joint and first and second):
            found[name] = value.to_plain()
            continue
        sides = [_party(side, mark, reading) for side in (first, second)]
        if UNRESOLVED in sides:
            continue
        pair = RELATIONSHIP_SEPARATOR.join(sorted(sides))
        if pair in found:
            reading.error(mark, f"the relationship '{pair}' is given twice", "keep one of the two")
        found[pair] = value.to_plain()
        reading.pairs[pair] = name
    return found


def _quote(node: Node, reading: Reading) -> object:
    if isinstance(node, Mapping):
        for name, (mark, _) in node.entries.items():
            if name not in QUOTE_FIELDS:
                reading.error(mark, *unknown_field(name, QUOTE_FIELDS, "quote"))
        return {name: value for name, value in node.to_plain().items() if name in QUOTE_FIELDS}
    return node.text.strip() if isinstance(node, Scalar) and node.text else node.to_plain()


def _note(error: ErrorDetails, node: Mapping, form: Form, written: dict[str, str], reading: Reading) -> None:
    """Note one error of pydantic's at the place in the file that it is about."""
    first, *rest = error["loc"] or ("",)
    name = written.get(str(first), _book_name(str(first), form))
    steps = [name, *(reading.pairs.get(str(step), step) for step in rest)]
    last = next((str(step) for step in reversed(steps) if isinstance(step, str)), name)
    if error["type"] == "missing":
        spec = form.spec(last) if not rest else None
        reading.error(node.locate(steps[:-1]), f"missing field '{last}'", spec.description if spec else None)
    elif error["type"] == "extra_forbidden":
        reading.error(node.locate(steps, key=True), *unknown_field(last, Amount.model_fields, name))
    else:
        # Inside an amount or a pair the last step says less than the field: 'min' is known by its amount. A quote that
        # is written as its words alone has no 'exact'.
        _, child = node.entries.get(name, (None, None))
        is_inside = len(steps) > 1 and not (name == "quote" and isinstance(child, Scalar))
        spec = form.spec(str(first))
        required = spec is not None and spec.required and len(steps) == 1
        told = worded(error, last if form.spec(last) or is_inside else name, required=required)
        reading.error(node.locate(steps), *told)


def _book_name(attribute: str, form: Form) -> str:
    return next((name for name, spec in form.fields.items() if attribute in (spec.attribute, spec.name)), attribute)
