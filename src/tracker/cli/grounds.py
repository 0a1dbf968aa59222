"""How an explanation is told: the answer, its grounds with every account, and the answer without the strongest one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tracker.cells import text_of
from tracker.cli.changes import change_lines, row_lines
from tracker.cli.health import bond, headline, signed
from tracker.cli.looks import UNSTATED, counted, said_text, weight_text
from tracker.cli.names import Names
from tracker.cli.summary import BEARS, summary
from tracker.state.why import BASELINE

if TYPE_CHECKING:
    from tracker.state.accounts import Account, Evidence
    from tracker.state.why import Explanation, Ground, Without

MOVES = {
    "opens": "opens {}",
    "supports": "bears out {}",
    "ends": "ends it",
    "ignored": "changes nothing",
}
"""What a move does to a term, with the level at which the term stands after it."""

INDENT = " " * 8


def told(found: Explanation, names: Names, limit: int | None = None) -> list[str]:
    """Return the lines of an explanation; `limit` grounds at most, those that weigh most or came last."""
    lines = _answer(found, names)
    grounds = [ground for ground in found.grounds if ground.name != BASELINE]
    if found.subject.kind == "health":
        shown, folded = grounds[:limit], grounds[limit:] if limit is not None else []
    else:
        shown = grounds if limit is None else grounds[len(grounds) - min(limit, len(grounds)) :]
        folded = grounds[: len(grounds) - len(shown)]
    for ground in shown:
        lines += _ground(found, ground, names)
    lines += _folded(found, folded)
    return [*lines, *(_without(found, one, names) for one in found.without[:1])]


def _answer(found: Explanation, names: Names) -> list[str]:
    who = text_of(names.of_pair(found.relationship))
    if not found.answer:
        return [f"{who}    {found.subject.name}: nothing is known under this scope"]
    if found.subject.kind == "health":
        return [headline(found.answer[0], who)]
    if found.subject.kind == "occurrence":
        row = found.answer[0]
        return [f"{who}    {found.subject.name}   {row['type']}   {row['effective_on']}   {weight_text(row)}"]
    own = [row for row in found.answer if row.get("relationship") == found.relationship]
    others = [row for row in found.answer if row.get("relationship") != found.relationship]
    lines, bearing = (
        row_lines(found.subject.projection, rows, found.key, names, found.relationship) for rows in (own, others)
    )
    return [f"{who}    {found.subject.name}", *lines, *(f"  {BEARS}{line.lstrip()}" for line in bearing)]


def _ground(found: Explanation, ground: Ground, names: Names) -> Iterator[str]:
    """Yield what a ground is and weighs, and then what it rests on."""
    weight = ground.weight
    if "counts" in weight and weight["part"] == "structure":
        since = f"since {weight['effective_on']}" if weight["effective_on"] else ""
        parts = [f"{signed(ground.points):>6}", weight["driver"], bond(weight["type"], names), since]
        yield "  ".join(part for part in parts if part)
        for evidence in ground.evidence:
            yield from _evidence(evidence, "      · ", names)
        return
    head = f"{signed(ground.points):>6}  " if "counts" in weight else "  "
    if "move" in weight:
        coverage = f"{weight['coverage']}: " if found.subject.value is None else ""
        level = weight["level"] or "it, at a level that nobody names"
        head += f"{weight['effective_on']}  {coverage}{MOVES[weight['move']].format(level)}   "
    for evidence in ground.evidence:
        yield from _evidence(evidence, head, names)
    if not ground.evidence:
        yield f"{head}{ground.name}"


def _evidence(evidence: Evidence, head: str, names: Names) -> Iterator[str]:
    """Yield a happening, each account of it with its words and its source, and what was not believed."""
    happening = evidence.happening
    indirect = "" if happening.get("direct", True) else BEARS
    what = f"{indirect}{happening['type']}   {text_of(summary(happening, names, evidence.filled))}"
    day = "" if str(happening["effective_on"]) in head else f"   {happening['effective_on']}"
    yield f"{head}{what}{day}   {_origins(evidence)}"
    for account in evidence.accounts:
        yield from _account(account)
    for field in evidence.filled:
        where = f"{field['development']} ({text_of(field['attribution'])})"
        yield f"{INDENT}only told elsewhere: {field['field'].replace('_', ' ')} {_said(field, 'value')}, by {where}"
    for doubt in evidence.doubts:
        yield f"{INDENT}not believed: {_doubt(doubt)}"
    judged = [(a.coder, a.judgement) for a in evidence.accounts if a.judgement and a.believed] or [
        (a.coder, a.judgement) for a in evidence.accounts if a.judgement
    ]
    for coder, judgement in judged[:1]:
        yield f"{INDENT}the coder's judgement ({text_of(coder)}): {_judgement(judgement)}"


def _origins(evidence: Evidence) -> str:
    """`3 accounts, 1 origin: planet-2025-05-05`; of an origin that is not among the accounts only copies tell."""
    origins = evidence.origins
    read = {account.report for account in evidence.accounts}
    named = ", ".join(o if o in read else f"{o} (by copies)" for o in origins)
    return f"{counted(len(evidence.accounts), 'account')}, {counted(len(origins), 'origin')}: {named}"


def _account(account: Account) -> Iterator[str]:
    mark = "→" if account.believed else " "
    title = f"“{text_of(account.title)}”" if account.title else ""
    source = ", ".join(part for part in (text_of(account.publisher), title, text_of(account.published_on)) if part)
    word = text_of(account.attribution) + (f" ({text_of(account.speaker)})" if account.speaker else "")
    copy = "" if account.is_root else f"copies {account.origin}"
    parts = [source, f"grade {account.reliability}, {word}", copy, text_of(account.url)]
    yield f"{INDENT}{mark} {account.development}   {'   '.join(part for part in parts if part)}"
    if account.quote:
        gloss = f"   ({text_of(account.gloss)})" if account.gloss else ""
        sic = "   [sic]" if account.sic else ""
        yield f"{INDENT}    “{text_of(account.quote)}”{sic}{gloss}"


def _doubt(doubt: dict[str, Any]) -> str:
    said = f"{doubt['field'].replace('_', ' ')} {_said(doubt, 'doubted')} ({doubt['doubted_development']})"
    return f"{said}, but {_said(doubt, 'believed')} ({doubt['believed_development']}): {text_of(doubt['rule'])}"


def _said(row: dict[str, Any], column: str) -> str:
    return said_text(row["field"], row[column])


def _judgement(judgement: dict[str, Any]) -> str:
    parts = []
    if "intensity" in judgement:
        own = judgement["default_intensity"]
        parts.append(f"intensity {_number(judgement['intensity'])}, where the type has {_number(own)}")
    if "materiality" in judgement:
        parts.append(f"materiality {judgement['materiality']}")
    if "bears_on" in judgement:
        parts += [f"bears on {pair} at {_number(value)}" for pair, value in judgement["bears_on"].items()]
    return "; ".join(parts)


def _number(value: Decimal) -> str:
    return signed(value, 0 if value == round(value) else 1)


def _folded(found: Explanation, folded: Sequence[Ground]) -> list[str]:
    """Return what the others add, and the baseline: together with what is shown they are the score."""
    lines = []
    if folded and found.subject.kind == "health":
        # What moves nothing is none of them, as `health` counts.
        moving = [g.points for g in folded if g.points]
        lines.append(f"{signed(sum(moving, Decimal(0))):>6}  {counted(len(moving), 'weaker one')}")
    elif folded:
        lines.append(f"  {len(folded)} earlier")
    baseline = sum((g.points for g in found.grounds if g.name == BASELINE), Decimal(0))
    return [*lines, f"{signed(baseline):>6}  baseline: tone without any evidence"] if baseline else lines


def _without(found: Explanation, one: Without, names: Names) -> str:
    head = f"without {one.origin}: "
    if found.subject.kind == "health":
        return f"{head}{found.subject.name} {_scores(found, one)}"
    if found.subject.kind == "occurrence":
        if not one.answer:
            return f"{head}nothing is known of it"
        fields = [field for change in one.difference.changes for field in change.fields]
        said = [f"{f.name.replace('_', ' ')} {_plain(f.before, names)} → {_plain(f.after, names)}" for f in fields]
        return f"{head}{', '.join(said) or 'the same'}"
    told_changes = change_lines(one.difference.changes, names, found.relationship)
    if told_changes:
        return head + " · ".join(" ".join(line.split()) for line in told_changes)
    if found.answer and not one.answer:
        return f"{head}nothing is known of it"
    past, other = one.difference.past, one.difference.evidence_only
    otherwise = ", but for what is past" if past else ", on other evidence" if other else ""
    return f"{head}the same{otherwise}"


def _plain(value: Any, names: Names) -> str:
    return text_of(names.of(value) if isinstance(value, str) else value) or UNSTATED


def _scores(found: Explanation, one: Without) -> str:
    """`59 → 63`; with a decimal where whole points would hide the difference."""
    score = found.subject.name
    before, after = (next((row[score] for row in rows), None) for rows in (found.answer, one.answer))
    if before is None or after is None:
        return " → ".join(UNSTATED if value is None else str(round(value)) for value in (before, after))
    digits = 0 if round(before) != round(after) else 1
    shown = [f"{round(value, digits):.{digits}f}" for value in (before, after)]
    return f"{shown[0]}, the same" if shown[0] == shown[1] else " → ".join(shown)
