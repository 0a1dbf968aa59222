"""From a row to the event that it says.

The grammar is that of books, and so are its errors: what the short way does not take at once goes the long way, through
the very reading of a book's entry. The short way exists for millions of rows; it accepts nothing that the long one
would refuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from pydantic import ValidationError

from tracker.books.cameo import Codes
from tracker.books.forms import Form, row_forms
from tracker.books.grammar import Reading, read_entry
from tracker.books.names import NEW_NAME, PartyIndex
from tracker.books.problems import Problem
from tracker.books.row_briefs import Brief, BriefWriter
from tracker.books.row_parties import RowParties
from tracker.books.row_routes import PUBLISHED, UNKEYED, WHY, LongWay, Route, keyed
from tracker.books.row_values import entry_node, from_cell, from_cells
from tracker.books.rows import SKIPPED, BadHeader, BadRow, Row
from tracker.books.rules import check_development, check_party, check_report, mixed_alphabets
from tracker.books.wording import unknown_field
from tracker.books.yaml_nodes import Mapping, Mark
from tracker.errors import did_you_mean
from tracker.model.catalogue import Kind, parties_of
from tracker.model.conduct import InteractionCoded
from tracker.model.development import Development
from tracker.model.edtf import EdtfError, published_on
from tracker.model.fields import DEVELOPMENT_ID, Event
from tracker.model.names import mixed_word, suggest
from tracker.model.records import PartyRegistered, ReportFiled

RETRACTION = "retraction"
RETRACTION_FIELDS = ("development", WHY, PUBLISHED)

NO_REPORT = "name the report of all rows with --report, or add a field 'report'"
REGISTER_ALL = "or with all that are new: --register-parties"

CODED = "interaction-coded"
SOME_CODE = "010"
"""Stands in the place of a code that there is not, while the rest of its row is read."""
SIDES = ("source", "target")
SWAPPED = "name the columns in the order in which they stand, with --columns or in the header"
MOST_ROUTES = 10_000
"""Shapes of rows remembered: a file has a handful, and one that has more is no worse off without."""


@dataclass(frozen=True)
class RowOptions:
    """What holds for all rows of a file.

    `type` and `report` are those of rows that name none; `register_parties` makes parties of unknown names; `codes`
    gives CAMEO names and Goldstein values their meaning; `cells` says that values are the cells of a table.
    """

    type: str | None = None
    report: str | None = None
    register_parties: bool = False
    codes: Codes = field(default_factory=Codes)
    cells: bool = False


class _Swapped(BadRow):
    """A row with a code where a party belongs, and none where the code does."""


class Said(NamedTuple):
    """What a row says: an event, or the id of a development that it takes back; who is in it, and who is new."""

    row: Row
    event: Event | str
    parties: tuple[str, ...] = ()
    why: str | None = None
    published: str | None = None
    registered: tuple[PartyRegistered, ...] = ()
    warnings: tuple[Problem, ...] = ()


class RowReader:
    """Reads the rows of one file; `index` grows by the parties that they register."""

    def __init__(self, path: str, index: PartyIndex, options: RowOptions, today: date) -> None:
        self.path = path
        self.options = options
        self._type = options.type
        self._today = today
        # What a row of a development need not give.
        self._fixed: dict[str, Any] = {"key": UNKEYED} | ({"report": options.report} if options.report else {})
        self._told_codes: set[str] = set()
        self._unread: Sequence[str] = ()
        self._routes: dict[tuple[str, ...], Route] = {}
        self._known_parties = RowParties(index, register=False, careful=options.register_parties)
        self._briefs = BriefWriter(self._fixed, self._known_parties, cells=options.cells)
        self.use(index)

    def use(self, index: PartyIndex) -> None:
        """Read names by this index from now on."""
        register = self.options.register_parties
        self._parties = RowParties(index, register=register, careful=register)
        self._known_parties.index = index
        self._forget_names()

    @property
    def index(self) -> PartyIndex:
        """The names that rows may use."""
        return self._parties.index

    def check_columns(self, names: Sequence[str], unread: Sequence[str] = ()) -> None:
        """Raise BadHeader where a table of one type has a column that the type does not know.

        `unread` are columns that are left out, though nobody said so of each.
        """
        self._unread = unread
        if "type" in names:
            return
        if self.options.type is None:
            advice = _to_read("type") if "type" in unread else "add a column 'type', or name it with --type"
            raise BadHeader(f"no column says the type of the rows: {advice}")
        form = row_forms().get(self.options.type)
        for name in names if form else ():
            if form and name not in (*form.names, SKIPPED):
                message, hint = unknown_field(name, form.names, form.title)
                leave_out = "or say which column is which field: --columns 'occurred=Event Date,…' reads no others"
                raise BadHeader(f"{message}; {hint}; {leave_out}")

    def of_columns(self) -> list[Problem]:
        """Warn of the columns that are called like a field of the type of all rows, and are not read."""
        form = row_forms().get(self.options.type or "")
        fields = [name for name in self._unread if form and name in form.names and name != "type"]
        return [
            Problem(self.path, 1, 1, f"the column '{name}' is not read", f"{_to_read(name)}, or -={name}", "warning")
            for name in fields
        ]

    def brief(self, row: Row) -> Brief | None:
        """Return what a row says if it does no more than report a development of known parties, in order; else None."""
        given = row.fields
        kind = given.get("type", self._type)
        if type(kind) is not str:
            return None
        if None in given.values():
            given = _without_nulls(given)
        try:
            if kind == CODED:
                given = self._coded(row, given)
                if self._doubt(given.get("cameo")):
                    # Told by the long way.
                    return None
            shape = self._briefs.shape(kind, given)
            return shape.brief(row.line, row.at, given) if shape else None
        except (LongWay, BadRow):
            return None

    def may_register(self, row: Row | BadRow) -> bool:
        """Say whether reading a row can add to the names that rows may use."""
        return isinstance(row, Row) and (self.options.register_parties or row.fields.get("type") == "party")

    def read(self, row: Row) -> Said:
        """Return what a row says; raises BadRow with everything that is wrong with it."""
        kind = row.fields.get("type", self.options.type)
        if kind == RETRACTION:
            return self._retraction(row)
        if not isinstance(kind, str) or kind not in row_forms():
            raise self._bad(row, *_unknown_type(kind))
        try:
            form, given = self._given(row, kind)
        except _Swapped:
            # What else is wrong follows from that.
            raise
        except BadRow as bad:
            raise BadRow([*bad.problems, *self._beside_its_code(row)]) from bad
        route = self._route(kind, form, given)
        if not route.is_open:
            return self.read_as_entry(row)
        self._parties.begin()
        try:
            event = route.event(given, self._fixed if route.is_development else {}, self._parties, self._today)
        except (LongWay, ValidationError):
            return self.read_as_entry(row)
        return self._said(row, given, event)

    def read_as_entry(self, row: Row) -> Said:
        """Return what a row of a known type says, read as the entry of a book is; raises BadRow."""
        form, given = self._given(row, str(row.fields.get("type", self.options.type)))
        event, reading = self._as_entry(row, form, given)
        errors = self._errors(row, reading)
        if errors or event is None:
            self._parties.take_back()
            raise BadRow(errors)
        return self._said(row, given, event, tuple(reading.problems))

    def _as_entry(self, row: Row, form: Form, given: dict[str, Any]) -> tuple[Event | None, Reading]:
        node = entry_node(given, _mark(row))
        assert isinstance(node, Mapping)
        reading = Reading(self.path, self.index)
        self._parties.begin()
        self._parties.take_all(node, form)
        fixed = self._fixed if issubclass(form.cls, Development) else {}
        event = read_entry(node, form, {n: v for n, v in fixed.items() if n not in node.entries}, reading)
        if isinstance(event, ReportFiled):
            check_report(event, node, self._today, reading)
        elif isinstance(event, PartyRegistered):
            check_party(event, node, reading)
        else:
            check_development(node, None, reading)
        return event, reading

    def _beside_its_code(self, row: Row) -> list[Problem]:
        """Return what else is wrong with a row whose code is none."""
        told = row._replace(fields={**row.fields, "cameo": SOME_CODE})
        _, reading = self._as_entry(told, *self._given(told, CODED))
        self._parties.take_back()
        return self._errors(row, reading)

    def _said(self, row: Row, given: dict[str, Any], event: Event, warnings: tuple[Problem, ...] = ()) -> Said:
        why, published = self._reason(row, given, PUBLISHED if isinstance(event, Development) else None)
        new = self._parties.new()
        for party in new:
            if mixed := mixed_word(party.name):
                said = mixed_alphabets(mixed, f"name of the new party '{party.party}'")
                warnings += (Problem(self.path, row.line, 1, *said, severity="warning"),)
        if not isinstance(event, Development):
            if isinstance(event, PartyRegistered):
                self._know(event)
            return Said(row, event, (), why, None, new, warnings)
        if "key" not in given:
            event = keyed(event)
        if isinstance(event, InteractionCoded) and (doubt := self._doubt(event.cameo)):
            self._told_codes.add(event.cameo)
            warnings += (Problem(self.path, row.line, 1, *doubt, severity="warning"),)
        return Said(row, event, parties_of(event), why, published, new, warnings)

    def _reason(self, row: Row, given: dict[str, Any], published: str | None) -> tuple[str | None, str | None]:
        """Return why a row corrects, and, unless that is a field of its type, when the source itself did."""
        why = given.get(WHY)
        if why is not None and not (isinstance(why, str) and why.strip()):
            raise self._refused(row, "'why' takes a text", "say why the row corrects what was said before")
        day = given.get(published) if published else None
        if self.options.cells and isinstance(day, str):
            day = from_cell(day, Kind.EDTF)
        if day is not None:
            try:
                published_on(str(day))
            except EdtfError as error:
                raise self._refused(row, f"'{PUBLISHED}': {error}", None) from error
        return why, None if day is None else str(day)

    def refuse_if_late(self, said: Said, published: str) -> None:
        """Raise BadRow for what happened after its report was published, and is no plan."""
        assert isinstance(said.event, Development)
        reading = Reading(self.path, self.index)
        kind = str(said.row.fields.get("type", self.options.type))
        given = {"type": kind, "occurred": said.event.occurred, **self._given(said.row, kind)[1]}
        node = entry_node(given, _mark(said.row))
        assert isinstance(node, Mapping)
        check_development(node, published, reading)
        if reading.problems:
            raise BadRow(reading.problems)

    def _know(self, party: PartyRegistered) -> None:
        """Take in a party that a row of its own registers; names that it cannot have, the log refuses."""
        self.index.add(party.party, party.names)
        self._forget_names()

    def _forget_names(self) -> None:
        for names in (self._parties, self._known_parties):
            names.forget_ids()
        self._briefs.forget_parties()

    def _given(self, row: Row, kind: str) -> tuple[Form, dict[str, Any]]:
        form = row_forms()[kind]
        given = from_cells(row.fields, form.by_any_name) if self.options.cells else row.fields
        if None in given.values():
            given = _without_nulls(given)
        return form, self._coded(row, given) if kind == CODED else given

    def _coded(self, row: Row, given: dict[str, Any]) -> dict[str, Any]:
        """Return the fields with the code in place of its name, and with its Goldstein value where none is given."""
        codes, said = self.options.codes, given.get("cameo")
        if isinstance(said, int | float | Decimal):
            raise self._bad(row, "'cameo' stands as a number, which has lost the zero of 010", "write it in quotes")
        if not isinstance(said, str):
            return given
        code = codes.code(said.strip() if self.options.cells else said)
        if code is None:
            raise self._no_code(row, said, given)
        value = given.get("goldstein", codes.goldstein.get(code))
        return {**given, "cameo": code} | ({} if value is None else {"goldstein": value})

    def _no_code(self, row: Row, said: str, given: dict[str, Any]) -> BadRow:
        """Return what is wrong with a code that is none; a code in the place of a party says that columns are swapped.

        That is told without what the row says, so that it is the same for each row.
        """
        codes = self.options.codes
        if several := codes.ambiguous(said.strip()):
            return self._bad(row, f"several CAMEO codes are called '{said}'", f"write one of {', '.join(several)}")
        for name in SIDES:
            if isinstance(given.get(name), str) and codes.holds(given[name].strip()):
                message = f"'cameo' holds no CAMEO code, and '{name}' does: are the two columns swapped?"
                return _Swapped([Problem(self.path, row.line, 1, message, SWAPPED)])
        hint = did_you_mean(suggest(said, codes.by_name, limit=2)).removeprefix(": ") or None
        hint = hint or (None if codes.by_name else "write its digits, or give a table of names with --codes")
        if self.index.owner(said) is not None:
            hint = "that is a party's name: do the columns stand in another order?"
        return self._bad(row, f"no CAMEO code is called '{said}'", hint)

    def _doubt(self, code: object) -> tuple[str, str | None] | None:
        """Return why a code is hardly one, and what may be meant, unless it was told of another row."""
        if not isinstance(code, str) or code in self._told_codes:
            return None
        return self.options.codes.doubt(code)

    def _route(self, kind: str, form: Form, given: dict[str, Any]) -> Route:
        shape = (kind, *given)
        route = self._routes.get(shape)
        if route is None:
            if len(self._routes) > MOST_ROUTES:
                self._routes.clear()
            route = self._routes[shape] = Route(form, shape[1:])
        return route

    def _errors(self, row: Row, reading: Reading) -> list[Problem]:
        """Return what is wrong with a row, each thing once, for all of it is told of the line and not of a field.

        Of a party that cannot be registered it is why, and not that it is unknown.
        """
        refused = self._parties.refused
        told = {f"unknown party '{name}'" for name in refused}
        errors = [p for p in reading.problems if p.severity == "error" and p.message not in told]
        errors = [replace(p, hint=self._advice(p)) for p in errors]
        errors += [Problem(self.path, row.line, 1, message, hint) for message, hint in refused.values()]
        return list(dict.fromkeys(errors))

    def _advice(self, problem: Problem) -> str | None:
        """Return what to do about an error of a row, where that is another thing than in a book."""
        missing = next((name for name in self._unread if problem.message == f"missing field '{name}'"), None)
        if missing:
            return f"there is such a column: {_to_read(missing)}"
        if problem.message == "missing field 'report'":
            return NO_REPORT
        hint = problem.hint
        return f"{hint}; {REGISTER_ALL}" if hint and hint.startswith(NEW_NAME) else hint

    def _retraction(self, row: Row) -> Said:
        """Return the development that a row takes back."""
        fields = {name: value for name, value in row.fields.items() if value is not None}
        if self.options.cells:
            fields = {name: value.strip() for name, value in fields.items()}
        for name in fields:
            if name not in ("type", *RETRACTION_FIELDS):
                raise self._bad(row, *unknown_field(name, RETRACTION_FIELDS, RETRACTION))
        development = fields.get("development")
        if not isinstance(development, str) or not DEVELOPMENT_ID.fullmatch(development):
            raise self._bad(row, "'development' takes the id of one, report#key", None)
        if WHY not in fields:
            raise self._bad(row, "missing field 'why'", "say why the development is taken back")
        return Said(row, development, (), *self._reason(row, fields, PUBLISHED))

    def _refused(self, row: Row, message: str, hint: str | None) -> BadRow:
        self._parties.take_back()
        return self._bad(row, message, hint)

    def _bad(self, row: Row, message: str, hint: str | None) -> BadRow:
        return BadRow([Problem(self.path, row.line, 1, message, hint)])


def _without_nulls(given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that a row gives: null is how some writers leave one out."""
    return {name: value for name, value in given.items() if value is not None}


def _to_read(column: str) -> str:
    return f"add {column}={column} to --columns"


def _mark(row: Row) -> Mark:
    return Mark(row.line, 1, 0)


def _unknown_type(kind: object) -> tuple[str, str | None]:
    names = [*row_forms(), RETRACTION]
    if kind is None:
        return "the row says no type", "add a field 'type', or name the type of all rows with --type"
    meant = suggest(str(kind), names, limit=2)
    return f"unknown type '{kind}'{did_you_mean(meant)}", None if meant else f"the types are {', '.join(names)}"
