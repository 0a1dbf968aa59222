"""A book on another pair of companies, in another language, is answered as well."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from eventsourcing.dcb.popo import InMemoryDCBRecorder

from bundled_books import reader_of
from tracker.books.importer import import_books
from tracker.log.store import Log
from tracker.state.scope import Scope

TEXT = """Die Müller Stahl AG bezieht ihren Strom künftig allein von der Nordwind GmbH.
Beide Seiten unterzeichneten am 3. März 2021 einen Vertrag über bis zu 250 Mio. Euro.
Im Sommer 2022 lockerte Müller die Ausschließlichkeit, wie der Vorstand erklärte.
"""

BOOK = """\
tracker: book/1
parties:
  - id: mueller-stahl
    name: Müller Stahl
    aliases: [Müller, Müller Stahl AG]
  - id: nordwind
    name: Nordwind
    aliases: [Nordwind GmbH]
report:
  id: blatt-2022-09-01
  publisher: Das Blatt
  published: 2022-09-01
  language: de
  text: ../sources/blatt.txt
  reliability: B
developments:
  - type: exclusivity-granted
    key: allein
    grantor: Müller
    holder: Nordwind GmbH
    coverage: power
    occurred: 2021-03-03
    attribution: document
    quote: bezieht ihren Strom künftig allein von der Nordwind GmbH
  - type: compute-committed
    key: vertrag
    provider: Nordwind
    customer: Müller Stahl AG
    amount: up to 250M EUR
    occurred: 2021-03-03
    stage: signed
    attribution: document
    quote: Vertrag über bis zu 250 Mio. Euro
  - type: exclusivity-relaxed
    key: gelockert
    grantor: Müller
    holder: Nordwind
    coverage: power
    occurred: 2022-22
    attribution: on-record
    quote: lockerte Müller die Ausschließlichkeit
"""


def test_a_german_book_on_two_other_companies_is_answered_as_well(tmp_path: Path) -> None:
    (tmp_path / "books").mkdir()
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "blatt.txt").write_text(TEXT, encoding="utf-8")
    book = tmp_path / "books" / "blatt.yaml"
    book.write_text(BOOK, encoding="utf-8")
    log = Log(InMemoryDCBRecorder(), coder="analyst")

    import_books(log, [book])
    reader = reader_of(log)

    in_force = "select relationship, level, since_on from exclusivity_terms where status = 'in-force'"
    assert reader.sql(in_force, Scope(as_of=date(2022, 1, 1))).rows == [
        ("mueller-stahl--nordwind", "exclusive", date(2021, 3, 3))
    ]
    assert reader.sql(in_force).rows == [("mueller-stahl--nordwind", "relaxed", date(2022, 8, 31))]
    assert reader.sql("select unit, amount_max, counted from compute_commitments").rows == [
        ("EUR", Decimal(250_000_000), True)
    ]
    assert reader.sql("select band is not null, structure > 0 from partnership_health").rows == [(True, True)]
