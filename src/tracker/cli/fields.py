"""`field=value` from a command line, sorted into an entry of a book and the report that it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tracker.errors import TrackerError, did_you_mean, shortened
from tracker.model.names import suggest

if TYPE_CHECKING:
    from tracker.books.forms import Form

REPORT = "report"
OF_REPORT = "report."
"""Before the name of a field: it is the report's, where the development has one of that name as well."""


LONGEST_PAIR = 600
"""Characters of two names of parties: beyond it is something else, and too long for a key of YAML."""


class UnknownField(TrackerError):
    """A field that neither the type of development nor the report has."""

    def __init__(self, name: str, title: str, known: Iterable[str]) -> None:
        listed = list(known)
        hint = did_you_mean(suggest(name, listed)) or f": there are {', '.join(listed)}"
        super().__init__(f"{title} has no field '{shortened(name)}'{hint}")


class NotAField(TrackerError):
    """An argument that is no `field=value`."""

    def __init__(self, argument: str) -> None:
        super().__init__(f"'{shortened(argument)}' is no field: write field=value, such as occurred=2025-01-21")


class GivenTwice(TrackerError):
    """A field that takes one value was given two."""

    def __init__(self, name: str) -> None:
        super().__init__(f"'{name}' is given twice, and takes one value: leave out one of them")


class NotABearing(TrackerError):
    """A value of `bears_on` that is no relationship with a number."""

    def __init__(self, name: str, value: str) -> None:
        super().__init__(
            f"{name}: '{shortened(value)}' is no relationship with an intensity: write {name}=acme--globex:-3"
        )


class UnknownType(TrackerError):
    """A type of development that does not exist."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        hint = did_you_mean(suggest(name, known)) or ": tracker add --fields lists the types"
        super().__init__(f"unknown type '{shortened(name)}'{hint}")


@dataclass
class Given:
    """What was given for one development: its report's id, the report's own fields, and the entry as a book has it."""

    type: str
    report_id: str | None = None
    report: dict[str, Any] = field(default_factory=dict)
    entry: dict[str, Any] = field(default_factory=dict)


def form_of(type_name: str) -> Form:
    """Return the form of a type, by its name in any spelling; raises UnknownType."""
    from tracker.books.forms import development_forms
    from tracker.model.catalogue import kebab

    forms = development_forms()
    name = type_name.strip().replace("_", "-")
    found = forms.get(name.lower()) or forms.get(kebab(name))
    if found is None:
        raise UnknownType(type_name, list(forms))
    return found


def parse_fields(form: Form, arguments: Sequence[str]) -> Given:
    """Sort `field=value` arguments; a field given again becomes a list, `bears_on=a--b:-3` a mapping.

    Raises NotAField, UnknownField, and GivenTwice for a field that takes one value.
    """
    given = Given(form.title)
    seen: set[str] = set()
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals or not name.strip():
            raise NotAField(argument)
        known = name.strip().replace("-", "_")
        spec = form.spec(known)
        field_name = spec.name if spec else known
        if field_name in seen and not takes_several(form, known):
            raise GivenTwice(name.strip())
        seen.add(field_name)
        _put(given, form, name.strip(), value.strip())
    return given


def takes_several(form: Form, name: str) -> bool:
    """Say whether a field may be given once for each of its values."""
    from tracker.books.forms import LISTS

    spec = form.spec(name)
    return spec is not None and (spec.kind == "bearings" or spec.kind in LISTS)


def held_as(entry: Mapping[str, Any], form: Form, name: str) -> str:
    """Return the name under which an entry holds a field already, be it given under another one; else the given one."""
    spec = form.spec(name)
    names = (name, spec.name, *spec.aliases) if spec else (name,)
    return next((known for known in names if known in entry), name)


def _put(given: Given, form: Form, name: str, value: str) -> None:
    from tracker.books.forms import report_form

    report = report_form()
    known = name.replace("-", "_")
    spec = form.spec(known)
    if known == REPORT:
        given.report_id = value
    elif name.startswith(OF_REPORT) and report.spec(name.removeprefix(OF_REPORT)):
        given.report[name.removeprefix(OF_REPORT)] = value
    elif spec is not None:
        add_value(given.entry, held_as(given.entry, form, known), value, str(spec.kind))
    elif known in report.names and known != "id":
        given.report[known] = value
    else:
        of_report = [f"{OF_REPORT}{n}" if n in form.names else n for n in report.names]
        raise UnknownField(name, form.title, [n for n in [*form.names, REPORT, *of_report] if n not in ("type", "id")])


def add_value(entry: dict[str, Any], name: str, value: str, kind: str) -> None:
    """Put a value into an entry beside what it holds already: lists grow, relationships go into a mapping."""
    from tracker.books.forms import LISTS

    if kind == "bearings":
        pair, _, intensity = (part.strip() for part in value.rpartition(":"))
        if not pair or not intensity or len(pair) > LONGEST_PAIR:
            raise NotABearing(name, value)
        entry.setdefault(name, {})[pair] = intensity
    elif kind in LISTS and name in entry:
        held = entry[name]
        entry[name] = [*(held if isinstance(held, list) else [held]), value]
    else:
        entry[name] = value


def field_rows(form: Form) -> list[tuple[str, str, str, str]]:
    """Return (field, whether it is required, what it holds, what it means) for a type, its own fields first."""
    specs = sorted(form.fields.values(), key=lambda spec: (spec.common and not spec.required, not spec.required))
    return [
        (spec.name, "required" if spec.required else "", " | ".join(spec.choices) or str(spec.kind), spec.description)
        for spec in specs
    ]
