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


AMAZON_ANTHROPIC = {
    "parties": """\
tracker: book/1
parties:
  - id: anthropic
    name: Anthropic
  - id: amazon
    name: Amazon
  - id: aws
    name: AWS
    aliases: [Amazon Web Services]
    part_of: amazon
  - id: google
    name: Google
""",
    "aboutamazon-2024-03-27": """\
tracker: book/1
report: {id: aboutamazon-2024-03-27, publisher: Amazon, published: 2024-03-27, reliability: B, language: en}
developments:
  - {type: investment-made, key: completed, investor: Amazon, investee: Anthropic, amount: 4B USD total, stage: closed,
     occurred: 2024-03-27, attribution: on-record}
""",
    "anthropic-2024-11-22": """\
tracker: book/1
report: {id: anthropic-2024-11-22, publisher: Anthropic, published: 2024-11-22, reliability: B, language: en}
developments:
  - {type: investment-made, key: second, investor: Amazon, investee: Anthropic, amount: 4B USD, stage: signed,
     occurred: 2024-11-22, attribution: on-record}
  - {type: exclusivity-granted, key: primary-cloud, grantor: Anthropic, holder: AWS, coverage: cloud, level: preferred,
     occurred: 2024-11-22, attribution: on-record}
""",
    "cnbc-2023-10-27": """\
tracker: book/1
report: {id: cnbc-2023-10-27, publisher: CNBC, published: 2023-10-27, reliability: B, language: en}
developments:
  - {type: investment-made, key: google, investor: Google, investee: Anthropic, amount: up to 2B USD, stage: signed,
     occurred: 2023-10-25, attribution: named}
""",
    "epoch-2025-12": """\
tracker: book/1
report: {id: epoch-2025-12, publisher: Epoch AI, published: 2025-12, reliability: B, language: en}
developments:
  - {type: compute-committed, key: carlisle, provider: AWS, customer: Anthropic, commitment: rainier, amount: 751 MW,
     layer: site, site: 'New Carlisle, Indiana', occurred: ../2025-12, stage: closed, attribution: named}
  - {type: compute-committed, key: canton, provider: AWS, customer: Anthropic, commitment: canton, amount: 341 MW,
     layer: site, site: 'Canton, Mississippi', occurred: ../2025-12, stage: rumoured, attribution: analysis}
""",
}


def test_amazon_and_anthropic_are_answered_with_no_change_in_code(tmp_path: Path) -> None:
    files = []
    for name, text in AMAZON_ANTHROPIC.items():
        files.append(tmp_path / f"{name}.yaml")
        files[-1].write_text(text, encoding="utf-8")
    log = Log(InMemoryDCBRecorder(), coder="analyst")
    import_books(log, files)
    reader = reader_of(log)
    spring, winter = Scope(as_of=date(2024, 6, 30), known_at=date(2024, 6, 30)), Scope(as_of=date(2025, 12, 31))
    terms = "select relationship, holder, level, status, since_on from exclusivity_terms"
    capacity = "select commitment, unit, amount, counted, status from compute_commitments order by commitment"
    equity = "select level from relationship_structure where relationship = ? and component = 'equity'"

    assert reader.sql(terms, spring).rows == []
    assert reader.sql(terms, winter).rows == [("amazon--anthropic", "aws", "preferred", "in-force", date(2024, 11, 22))]
    assert reader.sql(capacity, spring).rows == []
    assert reader.sql(capacity, winter).rows == [
        ("canton", "GW", Decimal("0.341"), False, "not-binding"),
        ("rainier", "GW", Decimal("0.751"), True, "in-force"),
    ]
    assert reader.sql(equity, winter, ["amazon--anthropic"]).rows == [(Decimal("0.4"),)]
    relationships = {r for (r,) in reader.sql("select relationship from partnership_health", winter).rows}
    assert relationships == {"amazon--anthropic", "anthropic--google"}
