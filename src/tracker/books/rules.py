"""What must hold between the fields of a book: days in their order, names that look like what they are."""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta

from tracker.books.cameo import Codes
from tracker.books.grammar import Reading
from tracker.books.yaml_nodes import Mapping, Mark, Node, Sequence, text_of
from tracker.model.development import Development
from tracker.model.edtf import EdtfError, parse_edtf, published_from, published_on
from tracker.model.fields import Stage
from tracker.model.names import fold_name, hidden_characters, mixed_word
from tracker.model.records import PartyKind, PartyRegistered, ReportFiled

PLANS = frozenset(Stage) - {Stage.SIGNED, Stage.CLOSED}
"""Stages of what has not happened yet: its day may lie ahead."""

PLANNING = ("-planned", "-announced")
"""Types whose very name says that the thing is still to come."""

SPANS = (("since", "until"), ("starts", "expires"))
"""Fields that begin and end one thing."""


def check_report(report: ReportFiled, node: Mapping, today: date, reading: Reading) -> None:
    """Note a report from the future; `today` is the latest day that it is anywhere."""
    if published_on(report.published) > today:
        said = "the day, or an interval that ends on it, as in 2025-05 → 2025-05-01/2025-05-12"
        message = f"published {report.published} lies in the future, at least in part: today is {today}"
        reading.error(node.locate(["published"]), message, f"write {said}")
    _check_retrieved(report, node, today, reading)
    for name in ("title", "publisher"):
        _warn_of_hidden(getattr(report, name), node.locate([name]), name, reading)


def _check_retrieved(report: ReportFiled, node: Mapping, today: date, reading: Reading) -> None:
    """Note a report that nobody can have read on that day; warn of one that was read before it was published."""
    begun, over = _day(node, "retrieved", latest=False), _day(node, "retrieved", latest=True)
    mark, published = node.locate(["retrieved"]), published_from(report.published)
    if begun and begun > today:
        message = f"retrieved {report.retrieved} lies in the future: today is {today}"
        reading.error(mark, message, "write the day on which the report was read")
    # Where days begin last, its reader may still have had the day before.
    elif over and published and over < published - timedelta(days=1):
        message = f"retrieved {report.retrieved} is before the report was published ({report.published})"
        reading.warn(mark, message, "correct one of the two; of a page that changed, it is the day of this text")


def check_party(party: PartyRegistered, node: Mapping, reading: Reading) -> None:
    """Note names that are not what they look like, and affiliations that end before they begin."""
    named = [("name", node.locate(["name"]), party.name)]
    named += [("alias", node.locate(["aliases", place]), alias) for place, alias in enumerate(party.aliases)]
    for what, mark, text in named:
        if fold_name(text):
            _warn_of_hidden(text, mark, what, reading)
            if mixed := mixed_word(text):
                reading.warn(mark, *mixed_alphabets(mixed, what))
        else:
            reading.error(mark, f"the {what} '{text}' holds no character that can be seen", "write a name")
    for child in _mappings(node):
        check_spans(child, reading)
    is_person = party.kind is PartyKind.PERSON
    if party.affiliations and not is_person:
        message = f"'{party.party}' is an organisation and has affiliations, which are a person's"
        reading.warn(node.locate(["affiliations"]), message, "add kind: person, or name its group as part_of")
    if party.part_of and is_person:
        message = f"'{party.party}' is a person and part_of a group, which an organisation is"
        reading.warn(node.locate(["part_of"]), message, "name it among its affiliations")


def mixed_alphabets(word: str, what: str) -> tuple[str, str]:
    """Return what is said of a word of a name that looks like another one, and what to do."""
    letters = ", ".join(f"{c} {unicodedata.name(c)}" for c in dict.fromkeys(word) if not c.isascii())
    message = f"the {what} holds a word of two alphabets, '{word}' ({letters}): it is another name than it looks like"
    return message, "write it in one alphabet"


def check_development(node: Mapping, published: str | None, reading: Reading) -> None:
    """Note what happened after its report was published and is no plan; `published` is the report's, if it is known.

    It looks at the entry and not at the event, so that an error in another field does not hide this one.
    """
    check_spans(node, reading)
    occurred, earliest = text_of(node, "occurred"), _day(node, "occurred", latest=False)
    if earliest is None or published is None or text_of(node, "stage") in PLANS:
        return
    if (text_of(node, "type") or "").endswith(PLANNING) or earliest <= published_on(published):
        return
    reading.error(
        node.locate(["occurred"]),
        f"occurred {occurred} is after the report was published ({published})",
        "correct the day; for what is only planned, add stage: planned (or rumoured, talks, letter-of-intent …)",
    )


def check_sides(development: Development, node: Mapping, reading: Reading) -> None:
    """Warn of one party on both sides, which two of its names hide well; of itself a party may well speak."""
    first, second = development.PAIR or ("", "")
    if not first or "speaker" in (first, second):
        return
    party = getattr(development, second)
    if party is not None and getattr(development, first) == party:
        message = f"'{first}' and '{second}' are both '{party}': it concerns no relationship"
        reading.warn(node.locate([second]), message, "name the other side, if there is one")


def check_code(node: Mapping, reading: Reading) -> None:
    """Warn of a CAMEO code that there is not; digits that are no code at all have been noted by the model."""
    code = text_of(node, "cameo")
    if code and code.isdigit() and (doubt := Codes().doubt(code)):
        reading.warn(node.locate(["cameo"]), *doubt)


def earliest_day(occurred: str | None) -> date | None:
    """Return the first day on which something may have happened; None where nobody knows."""
    return parse_edtf(occurred).earliest if occurred else None


def check_spans(node: Mapping, reading: Reading) -> None:
    """Note what ends before it begins; days that are no days have been noted by the model."""
    for first, last in SPANS:
        begin, end = _day(node, first, latest=False), _day(node, last, latest=True)
        if begin and end and end < begin:
            message = f"'{last}' is before '{first}': {end} is before {begin}"
            reading.error(node.locate([last]), message, "write the earlier day first")


def _day(node: Mapping, name: str, *, latest: bool) -> date | None:
    text = text_of(node, name)
    if text is None:
        return None
    try:
        edtf = parse_edtf(text)
    except EdtfError:
        return None
    return edtf.latest if latest else edtf.earliest


def _mappings(node: Node) -> list[Mapping]:
    """Return the mappings that a mapping holds in its fields."""
    children = [child for _, child in node.entries.values()] if isinstance(node, Mapping) else []
    items = [item for child in children if isinstance(child, Sequence) for item in child.items]
    return [child for child in (*children, *items) if isinstance(child, Mapping)]


def _warn_of_hidden(text: str | None, mark: Mark, what: str, reading: Reading) -> None:
    if text and (hidden := hidden_characters(text)):
        reading.warn(mark, f"the {what} holds characters that cannot be seen: {', '.join(hidden)}", "delete them")
