"""`tracker why` as it is typed: the lines that people read, the object for machines, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli_helpers import ask, make_workspace, replayed


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace in which a second report copies one happening and contradicts its level."""
    root = make_workspace(tmp_path_factory.mktemp("why") / "work")
    book = root / "events" / "books" / "planet-2025-05-05.yaml"
    text = book.read_text(encoding="utf-8")
    text = text.replace("key: cloud-relaxed", "key: cloud-relaxed\n    occurrence: refusal\n    materiality: major")
    book.write_text(text, encoding="utf-8")
    second = "report: {id: wire-1, publisher: The Wire, title: Loosened, published: 2025-05-06,"
    second += " url: 'https://wire.example/1', origin: planet-2025-05-05}\n"
    entry = "  - {type: exclusivity-relaxed, key: said, grantor: acme, holder: globex, coverage: cloud.new-capacity,"
    entry += " level: first-offer, occurrence: refusal, attribution: insiders, gloss: in short}\n"
    (root / "events" / "books" / "wire-1.yaml").write_text(f"tracker: book/1\n{second}developments:\n{entry}")
    done = ask("-C", root, "import", "--why", "told apart")
    assert done.code == 0, done.err
    return replayed(root)


def told(workspace: Path, *arguments: str) -> str:
    answer = ask("-C", workspace, "why", *arguments)
    assert answer.code == 0, answer.err
    return answer.out


def test_a_term_is_told_with_words_sources_origins_doubts_and_the_answer_without(workspace: Path) -> None:
    text = told(workspace, "acme", "globex", "exclusivity", "cloud.new-capacity", "--as-of", "2025-05-10")

    assert text.splitlines()[:2] == [
        "Acme – Globex    exclusivity cloud.new-capacity",
        "  exclusivity cloud.new-capacity   first-refusal   since 2025-04-30   expires 2030   insiders, 1 origin",
    ]
    assert "  2025-04-30  opens first-refusal   exclusivity-relaxed   Acme → Globex" in text
    assert "2 accounts, 1 origin: planet-2025-05-05" in text
    assert (
        "→ planet-2025-05-05#cloud-relaxed   The Daily Planet, “Acme and Globex”, 2025-05-05   grade B, insiders"
        in text
    )
    assert "    “loosened the exclusive deal”" in text
    assert "wire-1#said   The Wire, “Loosened”, 2025-05-06" in text
    assert "copies planet-2025-05-05   https://wire.example/1" in text
    assert "not believed: level first-offer (wire-1#said), but first-refusal (planet-2025-05-05#cloud-relaxed)" in text
    assert "the coder's judgement (" in text and "): materiality major" in text
    assert "\nwithout planet-2025-05-05: − exclusivity cloud.new-capacity first-refusal" in text
    assert text.endswith("as of 2025-05-10, evidence through 2025-05-06, 1 origin\n")


def test_what_others_owe_is_set_apart_from_what_the_two_owe_each_other(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "work")
    entries = """
  - {type: compute-committed, key: other, provider: initech, customer: globex, amounts: 3B USD, stage: signed,
     attribution: document, bears_on: {acme--globex: -1}}
  - {type: compute-committed, key: own, provider: acme, customer: globex, amounts: 2B USD, stage: signed,
     attribution: document}
"""
    report = "report: {id: wire-1, publisher: The Wire, published: 2025-05-06}"
    book = root / "events" / "books" / "wire-1.yaml"
    book.write_text(f"tracker: book/1\n{report}\ndevelopments:{entries}", encoding="utf-8")
    assert ask("-C", root, "import", book).code == 0

    lines = told(root, "acme--globex", "compute").splitlines()

    assert lines[1].startswith("  compute wire-1#own   ")
    assert lines[2].startswith("  bears on it: compute Initech → Globex   wire-1#other   ")


def test_health_is_what_is_asked_where_nothing_is_named(workspace: Path) -> None:
    text = told(workspace, "环球", "ACM", "--as-of", "2025-05-10")

    assert text.startswith("Acme – Globex    health ")
    assert "baseline: tone without any evidence" in text
    assert "\nwithout planet-2025-05-05: health " in text


def test_the_number_of_grounds_can_be_limited_and_the_rest_is_summed(workspace: Path) -> None:
    text = told(workspace, "acme--globex", "tone", "-n", "1", "--as-of", "2025-05-10")

    assert text.count(" account, ") + text.count(" accounts, ") == 1
    assert "1 weaker one\n" in text


def test_a_happening_is_told_with_its_credibility(workspace: Path) -> None:
    text = told(workspace, "acme--globex", "partners", "--as-of", "2025-05-10")

    assert "planet-2025-05-05#partners   statement-made   2025-05-05   credibility 0.51, 1 origin" in text
    assert "grade B, on-record (ada-lovelace)" in text
    assert "without planet-2025-05-05: nothing is known of it" in text


def test_a_licence_that_is_over_is_not_the_same_without_the_reports_of_it(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "work")
    licence = "licensor: acme, licensee: globex, subject: maps, attribution: document}\n"
    for name, published, said in (
        ("gazette-2021", "2021-01-10", "type: licence-granted, key: g, occurred: 2021-01-01, expires: 2022, "),
        ("gazette-2023", "2023-01-10", "type: licence-ended, key: e, occurred: 2021-06-01, "),
    ):
        book = f"tracker: book/1\nreport: {{id: {name}, publisher: Gazette, published: {published}}}\ndevelopments:\n"
        (root / "events" / "books" / f"{name}.yaml").write_text(f"{book}  - {{{said}{licence}")
    assert ask("-C", root, "import").code == 0

    known_early = told(root, "acme", "globex", "licence maps", "--known-at", "2021-06-01", "--as-of", "2023-06-01")
    known_late = told(root, "acme", "globex", "licence maps")

    assert "without gazette-2021: nothing is known of it" in known_early
    assert "the same, but for what is past" in known_late


def test_the_judgement_can_be_left_out(workspace: Path) -> None:
    asked = ["acme--globex", "tone", "--as-of", "2025-05-10"]

    assert "the coder's judgement (" in told(workspace, *asked)
    assert "the coder's judgement (" not in told(workspace, *asked, "--no-judgement")


def test_json_gives_the_whole_explanation(workspace: Path) -> None:
    facts = json.loads(told(workspace, "acme--globex", "cloud.new-capacity", "--json", "--as-of", "2025-05-10"))
    (ground,) = facts["grounds"]
    (evidence,) = ground["evidence"]
    by_development: dict[str, Any] = {account["development"]: account for account in evidence["accounts"]}

    assert (facts["relationship"], facts["kind"]) == ("acme--globex", "term")
    assert (ground["weight"]["move"], ground["weight"]["level"]) == ("opens", "first-refusal")
    assert evidence["origins"] == ["planet-2025-05-05"]
    assert by_development["wire-1#said"]["gloss"] == "in short"
    assert by_development["planet-2025-05-05#cloud-relaxed"]["judgement"] == {"materiality": "major"}
    assert [doubt["field"] for doubt in evidence["doubts"]] == ["level"]
    assert facts["without"][0]["origin"] == "planet-2025-05-05"
    assert {change["change"] for change in facts["without"][0]["changes"]} == {"removed"}
    assert facts["evidence_through_on"] == "2025-05-06"


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["acme--globex", "cloud.new-capacity"], "exclusivity cloud.new-capacity"),
        (["Acme – Globex", "exclusivity", "cloud.new-capacity"], "exclusivity cloud.new-capacity"),
        (["极致", "环球", "structure"], "structure"),
        (["acme", "initech", "compute"], "compute"),
        (["acme", "initech", "compute", "planet-2025-05-05#initech"], "compute planet-2025-05-05#initech"),
    ],
)
def test_the_relationship_and_the_field_are_told_apart(workspace: Path, words: list[str], field: str) -> None:
    assert json.loads(told(workspace, *words, "--json", "--as-of", "2025-05-10"))["field"] == field


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["acme", "globex", "cluod.new-capacity"], 3, "did you mean 'exclusivity cloud.new-capacity'"),
        (["acme", "globx"], 3, "unknown party 'globx': did you mean 'Globex'?"),
        (["acme"], 3, "'acme' is one party and a relationship has two"),
        (["acme", "globex", "initech"], 3, "does not touch this relationship"),
        (["acme", "globex", "-f", "csv"], 2, "--json gives it as an object"),
        ([], 2, "Missing argument"),
    ],
)
def test_what_cannot_be_explained_is_refused(workspace: Path, words: list[str], code: int, message: str) -> None:
    answer = ask("-C", workspace, "why", *words)

    assert (answer.code, answer.out) == (code, "")
    assert message in answer.err


def test_a_field_that_another_account_fills_in_is_told_with_its_word(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "work")
    head = "report: {{id: {}, publisher: The Wire, title: Money, published: 2025-05-06}}\ndevelopments:\n"
    entry = (
        "  - {{type: investment-made, key: deal, investor: globex, investee: acme, occurrence: it, attribution: {}}}\n"
    )
    books = root / "events" / "books"
    (books / "post.yaml").write_text("tracker: book/1\n" + head.format("post") + entry.format("on-record"))
    paper = head.format("paper") + entry.format("insiders, amount: 2B USD")
    (books / "paper.yaml").write_text("tracker: book/1\n" + paper)
    assert ask("-C", root, "import").code == 0

    assert "only told elsewhere: amount 2B USD, by paper#deal (insiders)" in told(root, "acme", "globex", "it")
