"""`tracker show`: one thing whole, and where its sentence stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_helpers import ARTICLE, BOOK, NAME, ask, make_workspace, replayed


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace in which an entry was corrected and another report tells of the same happening."""
    root = make_workspace(tmp_path_factory.mktemp("show") / "work")
    book = root / "events" / "books" / f"{NAME}.yaml"
    book.write_text(BOOK.replace("occurred: 2025-04", "occurred: 2025-03\n    occurrence: refusal\n    sic: yes"))
    assert ask("-C", root, "import", book, "--why", "misread").code == 0
    second = "report: {id: wire-1, publisher: The Wire, published: 2025-05-06, origin: planet-2025-05-05}\n"
    entry = "  - {type: exclusivity-relaxed, key: said, grantor: acme, holder: globex, coverage: cloud,"
    entry += " occurrence: refusal}\n"
    (root / "events" / "books" / "wire-1.yaml").write_text(f"tracker: book/1\n{second}developments:\n{entry}")
    assert ask("-C", root, "import").code == 0
    return replayed(root)


def shown(workspace: Path, *reference: str) -> str:
    answer = ask("-C", workspace, "show", *reference)
    assert answer.code == 0, answer.err
    return answer.out


def test_a_development_is_shown_with_its_sentence_and_its_place_in_the_text(workspace: Path) -> None:
    start = ARTICLE.index("up to $11.9 billion of computing")
    end = start + len("up to $11.9 billion of computing")

    text = shown(workspace, f"{NAME}#initech")

    assert "«up to $11.9 billion of computing»" in text
    assert f"characters {start}–{end}, line 5 of events/sources/planet.txt" in text


def test_every_development_of_a_book_is_shown_with_its_place(workspace: Path) -> None:
    for key in ("cloud-relaxed", "initech", "partners"):
        facts = json.loads(ask("-C", workspace, "show", f"{NAME}#{key}", "--json").out)

        assert ARTICLE[facts["place"]["start"] : facts["place"]["end"]] == facts["quote"]["exact"]


def test_every_revision_is_shown_with_the_reason_of_the_correction(workspace: Path) -> None:
    text = shown(workspace, f"{NAME}#cloud-relaxed")

    assert "2 revisions:" in text
    assert "superseded" in text and "2025-04" in text
    assert "because: misread" in text
    assert "sic: the report has this wrong" in text


def test_days_that_stand_for_always_are_not_told_as_days(workspace: Path) -> None:
    corrected = json.loads(ask("-C", workspace, "show", f"{NAME}#cloud-relaxed", "--json").out)
    person = json.loads(ask("-C", workspace, "show", "ada-lovelace", "--json").out)

    assert [r["status"] for r in corrected["revisions"]] == ["superseded", "current"]
    assert not [day for revision in corrected["revisions"] for day in revision.values() if day == "0001-01-01"]
    assert [(a["since_on"], a["until_on"]) for a in person["affiliations"]] == [(None, None)]


def test_a_key_alone_is_enough_where_it_is_the_only_one(workspace: Path) -> None:
    assert shown(workspace, "partners").startswith(f"{NAME}#partners   statement-made")


def test_an_occurrence_is_shown_with_all_its_accounts_and_the_believed_one_marked(workspace: Path) -> None:
    text = shown(workspace, "refusal")

    assert f"→ {NAME}#cloud-relaxed" in text
    assert "  wire-1#said" in text
    assert "1 origin" in text.splitlines()[0]


def test_what_the_source_corrected_and_took_back_is_shown_with_its_day(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "work")
    book = root / "events" / "books" / f"{NAME}.yaml"
    book.write_text(BOOK.replace("occurred: 2025-04", "occurred: 2025-03"))
    ask("-C", root, "import", book, "--why", "the paper erred", "--published", "2025-05-08")
    ask("-C", root, "retract", f"{NAME}#cloud-relaxed", "--why", "it took it back", "--published", "2025-05-09")

    text = ask("-C", root, "show", f"{NAME}#cloud-relaxed").out

    assert "2025-03 from 2025-05-08 because: the paper erred" in text
    assert "retracted from 2025-05-09 because: it took it back" in text


def test_a_withdrawn_report_is_shown_with_each_development_once(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "work")
    book = root / "events" / "books" / f"{NAME}.yaml"
    book.write_text(BOOK.replace("occurred: 2025-04", "occurred: 2025-03"))
    ask("-C", root, "import", book, "--why", "misread")
    ask("-C", root, "source", "withdraw", NAME, "--why", "taken back")

    text = ask("-C", root, "source", "show", NAME).out

    assert "3 developments:" in text
    assert text.count(f"{NAME}#cloud-relaxed") == 1


def test_a_report_is_shown_with_what_it_says(workspace: Path) -> None:
    text = shown(workspace, NAME)

    assert "The Daily Planet, 2025-05-05   grade B" in text
    assert "3 developments:" in text


@pytest.mark.parametrize("name", ["acme", "极致", "ACM"])
def test_a_party_is_shown_with_its_names_and_relationships(workspace: Path, name: str) -> None:
    text = shown(workspace, name)

    assert text.startswith("acme   Acme   organisation")
    assert "极致, ACM" in text
    assert "Acme – Globex" in text and "Acme – Initech" in text


def test_a_person_is_shown_with_the_offices_held(workspace: Path) -> None:
    assert "  of               Globex   CEO\n" in shown(workspace, "ada-lovelace")


@pytest.mark.parametrize("reference", [["acme--globex"], ["极致", "globex"]])
def test_a_relationship_is_shown_by_its_health(workspace: Path, reference: list[str]) -> None:
    assert shown(workspace, *reference).startswith("Acme – Globex    health ")


def test_the_beginning_of_an_event_id_is_enough(workspace: Path) -> None:
    event = json.loads(ask("-C", workspace, "show", "wire-1#said", "--json").out)["event"]

    assert shown(workspace, event[:8]).startswith("wire-1#said")


def test_what_is_called_nothing_ends_with_3_and_a_suggestion(workspace: Path) -> None:
    answer = ask("-C", workspace, "show", "partnerz")

    assert (answer.code, answer.out) == (3, "")
    assert f"did you mean '{NAME}#partners'" in answer.err


def test_a_scope_hides_what_was_not_known(workspace: Path) -> None:
    assert ask("-C", workspace, "show", "wire-1#said", "--known-at", "2025-05-05").code == 3


def test_a_changed_text_is_said_to_be_changed_and_the_sentence_stays(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "work")
    (workspace / "events" / "sources" / "planet.txt").unlink()

    text = shown(workspace, f"{NAME}#partners")

    assert "«We remain partners»" in text
    assert "no longer in events/sources, or changed" in text


def test_a_party_is_shown_though_entries_have_its_id_for_a_key(tmp_path: Path) -> None:
    root = make_workspace(tmp_path, imported=False)
    entry = "{type: statement-made, key: acme, speaker: acme, about: globex}"
    for report in ("wire-1", "wire-2"):
        filed = f"{{id: {report}, publisher: The Wire, published: 2025-05-06}}"
        book = f"tracker: book/1\nparties: [{{id: acme, name: Acme}}, {{id: globex, name: Globex}}]\nreport: {filed}\n"
        assert ask("-C", root, "import", "-", stdin=f"{book}developments: [{entry}]\n").code == 0

    assert shown(root, "acme").startswith("acme")
    assert "statement-made" in shown(root, "wire-1#acme")
