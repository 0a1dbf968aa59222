"""The questions of `tracker add`: type, report, roles, when, how much, the quote; all of them from the catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tracker.cli.books import book_of_report
from tracker.cli.fields import Given, UnknownType, add_value, form_of, held_as, parse_fields, takes_several
from tracker.cli.prompts import ask, confirm, is_meant, say
from tracker.cli.session import Session
from tracker.errors import TrackerError
from tracker.model.catalogue import FieldSpec, Kind, event_types
from tracker.workspace import expanded

if TYPE_CHECKING:
    from tracker.books.forms import Form
    from tracker.books.names import PartyIndex

Parties = list[dict[str, Any]]

COMMON = ("occurred", "attribution", "stage")
"""The fields of every development that are always asked for; the others can be given at the end."""

OF_REPORT = ("publisher", "published", "title", "url", "reliability", "origin")
"""What is asked of a report that no book files yet; the rest can be written into the book."""


class Declined(TrackerError):
    """The user said no at the end."""

    def __init__(self) -> None:
        super().__init__("nothing was recorded, as you said")


class NoSuchValue(TrackerError):
    """An answer does not fit its field."""


def run_wizard(session: Session, type_name: str | None) -> tuple[Given, Parties]:
    """Ask for one development; return what was said, and the parties that are to be registered with it."""
    from tracker.books.names import PartyIndex
    from tracker.books.past import Past

    with session.log() as log:
        index = PartyIndex.from_log(log)
        form = form_of(type_name) if type_name else _ask_type()
        say(f"{form.title}: {form.doc}  (Enter leaves an optional field empty, Tab completes, Ctrl-C leaves)")
        given, parties = Given(form.title), list[dict[str, Any]]()
        _ask_report(session, Past(log).report_ids(), given)
    for spec in _asked(form):
        _ask_field(given.entry, form, spec, index, parties)
    _ask_quote(session, given, form)
    _ask_more(given, form)
    _confirm(given, parties)
    return given, parties


def _ask_type() -> Form:
    from tracker.books.forms import development_forms

    forms = development_forms()

    def known(answer: str) -> None:
        if answer == "?":
            raise UnknownType("?", [])
        form_of(answer)

    while True:
        answer = ask(
            "what happened (a type, ? lists them)", options=forms, check=lambda a: None if a == "?" else known(a)
        )
        if answer != "?":
            return form_of(answer)
        say("\n".join(f"  {name:<24} {form.doc}" for name, form in forms.items()))


def _ask_report(session: Session, filed: list[str], given: Given) -> None:
    """Ask for the report that says so; one that is not filed yet is described."""
    from tracker.books.forms import report_form

    form = report_form()
    given.report_id = ask("report (its id)", options=filed, check=lambda a: _check(form, form.fields["id"], a))
    if given.report_id in filed or book_of_report(session.workspace, given.report_id):
        return
    say(f"'{given.report_id}' is new: it will be filed in a book of its own")
    for name in OF_REPORT:
        spec = form.fields[name]
        answer = _ask_plain(form, spec)
        if answer:
            given.report[name] = answer
    text = ask(
        "text (optional): a file with the article, kept to find quotes in\n  text",
        check=_check_article,
        empty_is_fine=True,
    )
    if text:
        given.report["text"] = text


def _check_article(answer: str) -> None:
    if not expanded(Path(answer)).is_file():
        raise NoSuchValue(f"there is no file '{answer}': name one, or leave it empty and keep the article later")


def _asked(form: Form) -> list[FieldSpec]:
    """Return the fields to ask for: the type's own, the required first, then when and on whose word."""
    # A speaker is a role of some types and a mere attribution in the others.
    own = [spec for spec in form.fields.values() if not spec.common or spec.name in event_types()[form.title].roles]
    common = [form.fields[name] for name in COMMON if name in form.fields]
    return sorted(own, key=lambda spec: not spec.required) + common


def _ask_field(entry: dict[str, Any], form: Form, spec: FieldSpec, index: PartyIndex, parties: Parties) -> None:
    while True:
        named = spec.kind in (Kind.PARTY, Kind.PARTIES)
        answer = _ask_party(spec, index, parties) if named else _ask_plain(form, spec)
        if not answer:
            return
        add_value(entry, spec.name, answer, str(spec.kind))
        if spec.kind not in (Kind.PARTIES, Kind.TEXTS, Kind.AMOUNTS):
            return


def _ask_plain(form: Form, spec: FieldSpec) -> str:
    choices = spec.choices or (("yes", "no") if spec.kind is Kind.BOOLEAN else ())
    listed = f" ({', '.join(choices)})" if choices else ""
    again = " (one; Enter when there are no more)" if spec.kind in (Kind.TEXTS, Kind.AMOUNTS) else ""
    question = f"{spec.name}{'' if spec.required else ' (optional)'}: {spec.description}{listed}{again}\n  {spec.name}"
    return ask(question, options=choices, check=lambda a: _check(form, spec, a), empty_is_fine=not spec.required)


def _ask_party(spec: FieldSpec, index: PartyIndex, parties: Parties) -> str:
    """Ask for a party by any of its names; an unknown one can be registered on the spot."""
    question = f"{spec.name}{'' if spec.required else ' (optional)'}: {spec.description}\n  {spec.name}"
    while True:
        answer = ask(question, options=index.names(), empty_is_fine=not spec.required)
        if not answer or index.owner(answer):
            return answer
        near = index.suggest(answer)
        if near and is_meant(near[0], answer):
            return near[0]
        if confirm(f"register '{answer}' as a new party?", default=not near):
            return _new_party(answer, index, parties)


def _new_party(name: str, index: PartyIndex, parties: Parties) -> str:
    from tracker.model.names import InvalidName, check_slug, slugify

    try:
        proposed: str | None = slugify(name)
    except InvalidName:
        proposed = None

    def free(answer: str) -> None:
        if check_slug(answer) in index.ids:
            raise NoSuchValue(f"'{answer}' is another party's id: choose one that is free")

    identity = ask("its id", default=proposed, check=free)
    person = confirm("is it a person?", default=False)
    parties.append({"id": identity, "name": name, **({"kind": "person"} if person else {})})
    index.add(identity, [identity, name])
    return name


def _ask_quote(session: Session, given: Given, form: Form) -> None:
    """Ask for the sentence, until the kept text holds it."""
    from tracker.books.quotes import QuoteNotFound, find_quote

    text = _kept_text(session, given)
    while True:
        answer = ask("quote (optional): the sentence that says so, word for word\n  quote", empty_is_fine=True)
        if not answer:
            return
        if text is None:
            given.entry["quote"] = answer
            return
        try:
            found = find_quote(text, answer)
        except QuoteNotFound as error:
            say(str(error))
            continue
        around = " ".join(f"{found.prefix}«{found.exact}»{found.suffix}".split())
        say(f"  found at {found.start}–{found.end}: …{around}…")
        given.entry["quote"] = answer
        return


def _kept_text(session: Session, given: Given) -> str | None:
    """Return the text in which the quote must stand: the file just named, or that of the report's book."""
    from tracker.books.book import read_book
    from tracker.books.files import read_book_file
    from tracker.books.kept_text import read_kept_text
    from tracker.books.yaml_nodes import text_of

    if "text" in given.report:
        path = expanded(Path(given.report["text"]))
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
    book = book_of_report(session.workspace, str(given.report_id))
    if book is None:
        return None
    named = text_of(read_book(book, read_book_file(book)).report_node, "text")
    return read_kept_text(book, named).text if named else None


def _ask_more(given: Given, form: Form, question: str = "another field (field=value; Enter when done)") -> bool:
    """Ask for other fields of the type or of the report, as field=value, and say whether any was given.

    What is given replaces what was said before; given again, a field that takes a list grows. Without a value what was
    said is taken back.
    """
    from tracker.books.forms import report_form

    others = [f"{name}=" for name in (*form.fields, *(report_form().fields if given.report else ()))]
    said: set[str] = set()

    def fits(answer: str) -> None:
        if _taken_back(given, form, answer):
            return
        found = parse_fields(form, [answer])
        if found.report_id is not None:
            raise NoSuchValue("the report was named at the beginning: Ctrl-C leaves without recording anything")
        for name in found.entry:
            spec = form.spec(name)
            assert spec is not None
            _check(form, spec, answer.partition("=")[2].strip())
        if "text" in found.report:
            _check_article(found.report["text"])

    while answer := ask(question, options=others, check=fits, empty_is_fine=True):
        name, _, value = answer.partition("=")
        held = _taken_back(given, form, answer)
        if held is not None:
            del held[held_as(held, form, _written_name(name))]
        else:
            found = parse_fields(form, [answer])
            given.report.update(found.report)
            for written, first in found.entry.items():
                # A field may have two names: what is given under the other one is the same field's.
                field = held_as(given.entry, form, written)
                spec = form.by_any_name[field]
                if spec.name in said and field in given.entry and takes_several(form, field):
                    add_value(given.entry, field, value.strip(), str(spec.kind))
                else:
                    given.entry[field] = first
        said.add(_field_name(form, name))
    return bool(said)


def _taken_back(given: Given, form: Form, answer: str) -> dict[str, Any] | None:
    """Return what holds the field that an answer names without a value, so that it is left out; None for any other.

    Raises NoSuchValue for one that cannot be left out.
    """
    name, equals, value = answer.partition("=")
    if not equals or value.strip():
        return None
    written = _written_name(name)
    spec = form.spec(written)
    if spec is not None and spec.required:
        raise NoSuchValue(f"{spec.name} cannot be left out: write {spec.name}=… with another value")
    known = held_as(given.entry, form, written)
    if known in given.entry:
        return given.entry
    return given.report if known in given.report else None


def _field_name(form: Form, name: str) -> str:
    """Return what the catalogue calls a field that was written under any of its names."""
    written = _written_name(name)
    spec = form.spec(written)
    return spec.name if spec else written


def _written_name(name: str) -> str:
    return name.strip().replace("-", "_")


def mended(given: Given, parties: Parties, error: TrackerError) -> bool:
    """Say why an entry was refused and let the user mend it; say whether it is to be tried again."""
    say(f"{error}\nwhat you said is still here")
    if not _ask_more(given, form_of(given.type), "a better value (field=value; Enter when done)"):
        return False
    _confirm(given, parties)
    return True


def _confirm(given: Given, parties: Parties) -> None:
    from tracker.books.yaml_writer import dump_book

    entry = {"type": given.type, **given.entry}
    shown: dict[str, Any] = {"parties": parties} if parties else {}
    report = {"id": given.report_id, **given.report} if given.report else given.report_id
    say(f"\n{dump_book({**shown, 'report': report, 'developments': [entry]})}")
    if not confirm("record it?"):
        raise Declined


def _check(form: Form, spec: FieldSpec, value: str) -> None:
    """Raise NoSuchValue unless a value fits a field, in the words that a book's reader has for it."""
    from pydantic import TypeAdapter, ValidationError

    from tracker.books.wording import worded

    if spec.kind in (Kind.PARTY, Kind.PARTIES, Kind.BEARINGS):
        return
    info = form.cls.model_fields[spec.attribute]
    kind: Any = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    try:
        adapter.validate_python(value)
    except ValidationError as invalid:
        message, hint = worded(invalid.errors(include_url=False)[0], spec.name)
        raise NoSuchValue(f"{message}{f': {hint}' if hint else ''}") from invalid
