"""Every check finds what it is for, and says nothing of the bundled books but what an expert would say."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from eventsourcing.dcb.popo import InMemoryDCBRecorder

from bundled_books import ROOT, public_record
from case_runner import PROJECTIONS, recorded
from tracker.log.store import Log
from tracker.model.names import visible
from tracker.state.checks import SEVERITIES, Finding, read_checks, run_check, run_checks
from tracker.state.projections import ProjectionError, read_projections
from tracker.state.reader import Reader
from tracker.state.scope import Scope

BUNDLED = ROOT / "projections"
CHECKS = read_projections([BUNDLED / "checks"])
TODAY = date(2025, 12, 31)

PARTIES = "parties: {acme: {name: Acme}, globex: {name: Globex}, initech: {name: Initech}, umbra: {name: Umbra}}"


@dataclass(frozen=True)
class Control:
    """A history with one thing wrong, and what the check must say of it."""

    entries: str
    severity: str
    subjects: tuple[str, ...]
    problem: str


CONTROLS = {
    "begun_after_its_end": Control(
        """
report: {id: r1, published: 2025-05-05, reliability: A}
developments:
  - {type: exclusivity-granted, key: undated, grantor: acme, holder: globex, coverage: cloud}
  - {type: exclusivity-relaxed, key: relaxed, grantor: acme, holder: globex, coverage: cloud, occurred: 2022-02-01}
  - {type: exclusivity-ended, key: over, grantor: acme, holder: globex, coverage: cloud, occurred: 2023-03-01}
  - {type: dispute-raised, key: vague, party: acme, counterparty: globex, topic: ip, occurred: 2024}
  - {type: dispute-settled, key: settled, party: globex, counterparty: acme, topic: ip, occurred: 2024-05-01}
  - {type: licence-granted, key: before, licensor: acme, licensee: globex, subject: ip, occurred: ../2023-03-01}
  - {type: licence-ended, key: licence, licensor: acme, licensee: globex, subject: ip, occurred: 2023-03-01}
  - {type: right-granted, key: first, holder: acme, against: globex, right: veto, occurred: 2020}
  - {type: right-ended, key: right, holder: acme, against: globex, right: veto, occurred: 2023-03-01}
  - {type: right-granted, key: anew, holder: acme, against: globex, right: veto}
  - {type: board-seat-taken, key: seat, organisation: acme, holder: globex}
  - {type: board-seat-given-up, key: left, organisation: acme, holder: globex, occurred: 2023-03-01}
  - {type: compute-committed, key: c1, provider: acme, customer: globex, amount: 1 GW}
  - {type: compute-cancelled, key: c2, provider: acme, customer: globex, occurred: 2023-03-01}
  - {type: compute-committed, key: c3, provider: acme, customer: globex, commitment: site, amount: 1 GW, stage: talks}
  - {type: compute-paused, key: c4, provider: acme, customer: globex, commitment: site, occurred: 2023-03-01}
  - {type: compute-committed, key: c5, provider: acme, customer: globex, commitment: chips, amount: 1 GW}
  - {type: compute-paused, key: c6, provider: acme, customer: globex, commitment: chips, occurred: 2023-03-01}
  - {type: licence-granted, key: guessed, licensor: globex, licensee: acme, subject: ip, attribution: analysis}
  - {type: licence-ended, key: gone, licensor: globex, licensee: acme, subject: ip, occurred: 2023-03-01}
---
report: {id: r2, published: 2025-06-05, reliability: A}
developments:
  - {type: dispute-settled, key: other-report, party: acme, counterparty: globex, topic: pay, occurred: 2024-05-01}
---
report: {id: r3, published: 2025-07-05, reliability: A}
developments:
  - {type: dispute-raised, key: new-quarrel, party: acme, counterparty: globex, topic: pay}
---
report: {id: r4, published: 2024-05-05, reliability: A}
developments:
  - {type: compute-committed, key: a, provider: acme, customer: globex, commitment: a, expires: 2022, occurred: 2020}
  - {type: compute-committed, key: b, provider: acme, customer: globex, commitment: b, occurred: 2020}
  - {type: compute-cancelled, key: b2, provider: acme, customer: globex, commitment: b, occurred: 2023-03-01}
  - {type: compute-committed, key: c, provider: acme, customer: globex, commitment: c, expires: 2022, occurred: 2020}
  - {type: compute-committed, key: d, provider: acme, customer: globex, commitment: d, expires: 2022, occurred: 2020}
  - {type: compute-committed, key: e, provider: acme, customer: globex, commitment: e, expires: 2026, occurred: 2020}
---
report: {id: r5, published: 2025-06-05, reliability: A}
developments:
  - {type: compute-committed, key: lapsed, provider: acme, customer: globex, commitment: a}
  - {type: compute-committed, key: called-off, provider: acme, customer: globex, commitment: b, occurred: 2023}
  - {type: compute-committed, key: dated, provider: acme, customer: globex, commitment: c, occurred: 2023}
  - {type: compute-committed, key: to-come, provider: acme, customer: globex, commitment: d, expires: 2030}
  - {type: compute-committed, key: stands, provider: acme, customer: globex, commitment: e}
""",
        "warning",
        ("r1#c5", "r1#undated", "r1#vague", "r5#called-off", "r5#lapsed"),
        "exclusivity-granted has no day before exclusivity-relaxed of 2022-02-01, of which the same report tells, and "
        "so counts from 2025-05-05, as begun anew: say when it was, as near as that is known, such as "
        "occurred: ../2022-02-01",
    ),
    "term_without_grant": Control(
        """
parties: {umbra-labs: {part_of: {group: umbra}}}
report: {id: r1, published: 2025-05-05, reliability: A}
developments:
  - {type: exclusivity-granted, key: g, grantor: acme, holder: globex, coverage: cloud, occurred: 2020}
  - {type: exclusivity-relaxed, key: below, grantor: acme, holder: globex, coverage: cloud.api, occurred: 2021}
  - {type: exclusivity-ended, key: beside, grantor: acme, holder: globex, coverage: chips, occurred: 2021}
  - {type: exclusivity-ended, key: too-early, grantor: acme, holder: globex, coverage: cloud, occurred: 2019}
  - {type: exclusivity-ended, key: other-way, grantor: globex, holder: acme, coverage: cloud, occurred: 2021}
  - {type: term-affirmed, key: stood, grantor: acme, holder: umbra, coverage: cloud, occurred: 2020}
  - {type: exclusivity-ended, key: affirmed, grantor: acme, holder: umbra, coverage: cloud, occurred: 2021}
  - {type: licence-amended, key: licence, licensor: acme, licensee: globex, subject: model-ip}
  - {type: right-waived, key: right, holder: acme, against: globex, right: veto}
  - {type: revenue-share-changed, key: share, payer: acme, payee: globex}
  - {type: board-seat-given-up, key: seat, organisation: acme, holder: globex}
  - {type: right-granted, key: no-day, holder: globex, against: acme, right: veto}
  - {type: right-ended, key: told-with-its-grant, holder: globex, against: acme, right: veto, occurred: 2021}
  - {type: licence-amended, key: only-talks, licensor: acme, licensee: globex, subject: model-ip, stage: talks}
  - {type: board-seat-taken, key: sits, organisation: acme, holder: umbra-labs, occurred: 2020}
  - {type: board-seat-given-up, key: group, organisation: acme, holder: umbra, occurred: 2021}
""",
        "warning",
        ("r1#beside", "r1#group", "r1#licence", "r1#other-way", "r1#right", "r1#seat", "r1#share", "r1#too-early"),
        "no report grants what exclusivity-ended changes (chips) between Acme and Globex as of 2021-12-31: "
        "record the grant, or correct the roles or the path",
    ),
    "impossible_dates": Control(
        """
report: {id: r1, published: 2025-05-05, reliability: A}
developments:
  - {type: contact-made, key: ahead, party: acme, counterparty: globex, occurred: 2025-05-06}
  - {type: contact-made, key: perhaps, party: acme, counterparty: globex, occurred: 2025-05}
  - {type: investment-made, key: plan, investor: acme, investee: globex, occurred: 2025-06, stage: planned}
  - {type: board-seat-planned, key: seat, organisation: acme, holder: globex, occurred: 2025-06}
  - {type: licence-granted, key: over, licensor: acme, licensee: globex, subject: ip, occurred: 2020, expires: 2019}
  - {type: licence-ended, key: ended, licensor: acme, licensee: globex, subject: ip, occurred: 2020, expires: 2019}
  - {type: compute-committed, key: backwards, provider: acme, starts: 2030, expires: 2029}
---
parties:
  carol: {kind: person, affiliations: [{organisation: acme, since: 2021, until: 2020}]}
  labs: {part_of: {group: acme, since: 2021, until: 2020}}
  works: {part_of: {group: acme, since: 2020, until: 2020}}
---
report: {id: r2, published: 2025-05-05, reliability: A}
developments:
  - {type: contact-made, key: denied, party: acme, counterparty: globex, occurred: 2025-01}
  - {type: contact-made, key: mended, party: acme, counterparty: globex, occurred: 2025-02}
  - {type: contact-made, key: later, party: acme, counterparty: globex, occurred: 2025-03}
  - {type: contact-made, key: our-slip, party: acme, counterparty: globex, occurred: 2025-04}
---
report: {id: r3, published: 2025-05-05, reliability: A}
---
retractions:
  - {development: r2#denied, why: denied, published: 2025-05-10}
  - {development: r2#later, why: denied, published: 2025-07}
  - {development: r2#our-slip, why: misread}
corrections:
  - {type: contact-made, report: r2, key: mended, party: acme, counterparty: globex, occurred: 2025-01, why: x,
     corrected: 2025-05-11}
withdrawals: [{report: r3, published: 2025-05-12}]
---
report: {id: r2, published: 2025-07, reliability: A}
---
report: {id: r3, published: 2025-07, reliability: A}
""",
        "error",
        ("carol", "labs", "r1#ahead", "r1#backwards", "r1#over", "r2#denied", "r2#mended", "r3"),
        "occurred 2025-05-06 is after the report was published (2025-05-05), and nothing says that it is a plan: "
        "correct the day, or name the stage",
    ),
    "hidden_characters": Control(
        """
parties:
  acme: {name: "A\\u200bcme", aliases: [Ac, "\\e[31mAcm\\u202e\\e"]}
  globex: {name: Globex, aliases: [环球, "Globe\u0301x"]}
---
report: {id: r1, published: 2025-05-05, reliability: A, publisher: Wire, title: "\\U000e0041 title"}
---
report: {id: r2, published: 2025-05-05, reliability: A, publisher: "Wi\\x7fre", title: A title}
""",
        "warning",
        ("acme", "acme", "r1", "r2"),
        "its alias holds characters that cannot be seen (U+001B, U+202E): "
        "look who is meant, and say it anew without them",
    ),
    "missing_quote": Control(
        f"""
report: {{id: kept, published: 2025-05-05, reliability: A, text_sha256: {"a" * 64}}}
developments:
  - {{type: contact-made, key: quoted, party: acme, counterparty: globex, quote: they met}}
  - {{type: contact-made, key: bare, party: acme, counterparty: globex}}
---
report: {{id: not-kept, published: 2025-05-05, reliability: A}}
developments:
  - {{type: contact-made, key: bare, party: acme, counterparty: globex}}
""",
        "warning",
        ("kept#bare",),
        "no quote, though the text of kept is kept: add the sentence that says so",
    ),
    "capacity_counted_twice": Control(
        """
report: {id: r1, published: 2025-05-05, reliability: A}
developments:
  - {type: compute-committed, key: a, provider: acme, customer: globex, commitment: one, amount: 4.5 GW,
     occurred: 2025-01}
  - {type: compute-committed, key: b, provider: acme, customer: globex, commitment: two, amount: 4500 MW,
     occurred: 2025-02}
  - {type: compute-committed, key: c, provider: acme, customer: globex, commitment: three, amount: 4.5B USD}
  - {type: compute-committed, key: d, provider: acme, customer: globex, commitment: four, amount: 5 GW, layer: chip}
  - {type: compute-committed, key: e, provider: acme, customer: umbra, commitment: five, amount: 4.5 GW}
  - {type: compute-committed, key: f, provider: acme, customer: globex, commitment: six, amount: 4.5 GW, stage: talks}
  - {type: compute-committed, key: g, provider: umbra, customer: globex, commitment: seven, amount: up to 4 GW}
  - {type: compute-committed, key: h, provider: umbra, customer: globex, commitment: eight, amount: up to 5 GW}
  - {type: compute-committed, key: i, provider: initech, customer: globex, commitment: nine, amount: 1–3 GW,
     occurred: 2025-01}
  - {type: compute-committed, key: j, provider: initech, customer: globex, commitment: ten, amount: 2–4 GW,
     occurred: 2025-02}
""",
        "warning",
        ("ten", "two"),
        "commitments one and two of Acme to Globex overlap in GW (site) and are added up: "
        "if they are one capacity, give them one commitment key",
    ),
    "unlike_units": Control(
        """
report: {id: r1, published: 2025-05-05, reliability: A}
developments:
  - {type: compute-committed, key: a, provider: acme, customer: globex, commitment: mixed, amount: 1B USD}
  - {type: compute-expanded, key: b, provider: acme, customer: globex, commitment: mixed, amount: 10亿元}
  - {type: compute-committed, key: c, provider: acme, customer: globex, commitment: both, amounts: [1B USD, 2 GW]}
""",
        "warning",
        ("mixed",),
        "is told in CNY and USD, which are never added up: check the currencies, "
        "or give each contract a commitment key of its own",
    ),
    "acquired_but_not_moved": Control(
        """
parties:
  seller: {name: Seller}
  buyer: {name: Buyer}
  left: {name: Left, part_of: {group: seller, since: 2016}}
  moved: {part_of: [{group: seller, since: 2016}, {group: buyer, since: 2024-09}]}
  moved-later: {part_of: [{group: seller, since: 2016}, {group: buyer, since: 2025}]}
  alone: {}
  gone-on: {part_of: {group: buyer, until: 2024-09-12}}
report: {id: r1, published: 2025-05-05, reliability: A}
developments:
  - {type: acquisition-made, key: left, acquirer: buyer, target: left, occurred: 2024-09-12, stage: closed}
  - {type: acquisition-made, key: moved, acquirer: buyer, target: moved, occurred: 2024-09-12}
  - {type: acquisition-made, key: moved-later, acquirer: buyer, target: moved-later, occurred: 2024-09-12}
  - {type: acquisition-made, key: alone, acquirer: buyer, target: alone, occurred: 2024-09-12, form: merger}
  - {type: acquisition-made, key: gone-on, acquirer: buyer, target: gone-on, occurred: 2024-09-12}
  - {type: acquisition-made, key: by-a-part, acquirer: moved, target: alone, occurred: 2024-09-14, stage: signed}
  - {type: acquisition-made, key: assets, acquirer: buyer, target: left, occurred: 2024-09-13, form: asset}
""",
        "warning",
        ("r1#alone", "r1#gone-on", "r1#left"),
        "Left was taken over by Buyer on 2024-09-12, and counts for Seller after that: what is told of it counts in "
        "relationships of that one; say in the entry of left that it is part_of: {group: buyer, since: 2024-09-12}, in "
        "a list with the group before, or name the form, if only assets or people were bought",
    ),
    "person_in_two_places": Control(
        """
parties:
  acme-labs: {part_of: acme}
  acme-works: {part_of: acme-labs}
  bought: {part_of: {group: acme, since: 2022}}
  carol: {kind: person, affiliations: [{organisation: acme, since: 2020}, {organisation: globex, since: 2023}]}
  dave:
    kind: person
    affiliations: [{organisation: acme, since: 2020, until: 2023}, {organisation: globex, since: 2024}]
  erin: {kind: person, affiliations: [{organisation: acme, since: 2020}, {organisation: acme-labs, since: 2023}]}
  frank: {kind: person, affiliations: [{organisation: acme, since: 2020}, {organisation: acme-works, since: 2023}]}
  grace: {kind: person, affiliations: [{organisation: acme, since: 2020}, {organisation: bought, since: 2022}]}
  heidi: {kind: person, affiliations: [{organisation: acme, since: 2020}, {organisation: bought, since: 2021}]}
""",
        "warning",
        ("carol", "heidi"),
        "is at Acme and at Globex on 2023-01-01, and counts for the one that was joined last: "
        "date the end of the other, or say for whom in each development",
    ),
    "overdue_follow_ups": Control(
        """
report: {id: r1, published: 2025-05-05, reliability: A}
developments:
  - {type: compute-committed, key: a, provider: acme, customer: globex, commitment: old, amount: 1 GW,
     stage: letter-of-intent}
  - {type: compute-committed, key: b, provider: acme, customer: globex, commitment: made, amount: 2 GW,
     stage: letter-of-intent}
---
report: {id: r2, published: 2025-12-01, reliability: A}
developments:
  - {type: compute-committed, key: a, provider: acme, customer: globex, commitment: new, amount: 3 GW,
     stage: letter-of-intent}
  - {type: compute-committed, key: b, provider: acme, customer: globex, commitment: made, amount: 2 GW, stage: signed}
""",
        "warning",
        ("r1#a",),
        "letter of intent: compute-committed, acme → globex: old, 1 GW: nothing was reported of what came of it by "
        "2025-08-03, 150 days ago: look for the agreement, or for its end, and record it",
    ),
    "plan_over_signature": Control(
        """
report: {id: decree, published: 2025-07-26, reliability: A}
developments:
  - {type: licence-granted, key: a, occurrence: network, licensor: acme, licensee: globex, subject: network,
     stage: planned, occurred: 2025-07-26, attribution: document}
  - {type: licence-granted, key: b, occurrence: sites, licensor: acme, licensee: globex, subject: sites,
     stage: talks, occurred: 2025-07-26, attribution: document}
  - {type: licence-granted, key: c, occurrence: names, licensor: acme, licensee: globex, subject: names,
     stage: planned, occurred: 2025-07-26, attribution: on-record}
  - {type: licence-granted, key: d, occurrence: chips, licensor: acme, licensee: globex, subject: chips,
     stage: planned, occurred: 2025-07-26, attribution: document}
---
report: {id: early, published: 2025-07-20, reliability: B}
developments:
  - {type: licence-granted, key: a, occurrence: network, licensor: acme, licensee: globex, subject: network,
     stage: signed, occurred: 2025-07-19, attribution: insiders}
---
report: {id: release, published: 2025-10-01, reliability: A}
developments:
  - {type: licence-granted, key: a, occurrence: network, licensor: acme, licensee: globex, subject: network,
     stage: signed, occurred: 2025-10-01, attribution: on-record}
  - {type: licence-granted, key: b, occurrence: sites, licensor: acme, licensee: globex, subject: sites,
     occurred: 2025-10-01, attribution: insiders}
  - {type: licence-granted, key: c, occurrence: names, licensor: acme, licensee: globex, subject: names,
     stage: signed, occurred: 2025-10-01, attribution: on-record}
  - {type: licence-granted, key: d, occurrence: chips, licensor: acme, licensee: globex, subject: chips,
     stage: signed, occurred: 2025-10-01, attribution: headline}
---
report: {id: filing, published: 2025-05-26, reliability: A}
developments:
  - {type: acquisition-made, key: a, occurrence: merger, acquirer: acme, target: initech, stage: signed,
     occurred: 2025-05-26, attribution: document}
  - {type: investment-made, key: b, occurrence: stake, investor: acme, investee: globex, amount: 4B USD, stage: signed,
     occurred: 2025-05-26, attribution: document}
---
report: {id: then, published: 2025-11-22, reliability: A}
developments:
  - {type: acquisition-made, key: a, occurrence: merger, acquirer: acme, target: initech, stage: closed,
     occurred: 2025-11-22, attribution: on-record}
  - {type: investment-made, key: b, occurrence: stake, investor: acme, investee: globex, amount: 4B USD, stage: closed,
     occurred: 2025-11-22, attribution: on-record}
---
report: {id: again, published: 2025-11-23, reliability: B}
developments:
  - {type: acquisition-made, key: a, occurrence: merger, acquirer: acme, target: initech, stage: signed,
     occurred: 2025-05-26, attribution: on-record}
  - {type: acquisition-made, key: b, occurrence: merger, acquirer: acme, target: initech, attribution: on-record}
""",
        "warning",
        ("release#a", "release#b", "then#a", "then#b"),
        "is not believed: it tells as signed what decree#a, the better account, tells as planned; "
        "if this is what came of it, give it an occurrence key of its own",
    ),
    "closing_counted_twice": Control(
        """
report: {id: filing, published: 2024-09-25, reliability: A}
developments:
  - {type: investment-made, key: a, investor: acme, investee: globex, amount: up to 4B USD, stage: signed,
     occurred: 2024-09-25, attribution: document}
  - {type: investment-made, key: b, agreement: second, investor: acme, investee: initech, amount: 4B USD, stage: signed,
     occurred: 2024-09-25, attribution: document}
---
report: {id: release, published: 2025-03-27, reliability: A}
developments:
  - {type: investment-made, key: a, investor: acme, investee: globex, amount: 4B USD, stage: closed,
     occurred: 2025-03-27, attribution: on-record}
  - {type: investment-made, key: b, agreement: third, investor: acme, investee: initech, amount: 4B USD, stage: closed,
     occurred: 2025-03-27, attribution: on-record}
  - {type: investment-made, key: c, investor: globex, investee: acme, amount: 4B USD, stage: closed,
     occurred: 2025-03-27, attribution: on-record}
---
report: {id: later, published: 2025-04-27, reliability: A}
developments:
  - {type: investment-made, key: total, investor: acme, investee: globex, amount: 4B USD total, stage: closed,
     occurred: 2025-04-27, attribution: on-record}
  - {type: investment-made, key: more, investor: acme, investee: globex, amount: 5B USD, stage: closed,
     occurred: 2025-04-27, attribution: on-record}
  - {type: investment-made, key: open, investor: acme, investee: globex, stage: closed,
     occurred: 2025-04-27, attribution: on-record}
""",
        "warning",
        ("release#a",),
        "adds its amount to that which filing#a tells as signed: if this is the closing of that, leave the amount out, "
        "or state all that was put in by now, as a total",
    ),
    "unknown_origin": Control(
        """
report: {id: wire-2025, published: 2025-05-05, reliability: A}
---
report: {id: copy, published: 2025-05-06, reliability: D, origin: wrie-2025}
developments:
  - {type: contact-made, key: met, party: acme, counterparty: globex}
---
report: {id: other, published: 2025-05-06, reliability: D, origin: a-wire-that-nobody-filed}
developments:
  - {type: contact-made, key: met, party: acme, counterparty: globex}
  - {type: contact-made, key: again, party: acme, counterparty: globex, origin: wire-2025}
""",
        "warning",
        ("copy#met",),
        "the origin wrie-2025 is not filed; did you mean wire-2025?",
    ),
    "related_to_itself": Control(
        """
parties:
  carol: {kind: person, affiliations: [{organisation: acme}]}
  acme-labs: {part_of: acme}
  acme-inc: {}
---
report: {id: r1, published: 2025-05-05, reliability: A}
developments:
  - {type: investment-made, key: plain, investor: globex, investee: globex, amount: 1B USD}
  - {type: investment-made, key: merged, investor: acme, investee: acme-inc, amount: 1B USD}
  - {type: dispute-raised, key: acting, party: carol, counterparty: globex, topic: price, for: globex}
  - {type: dispute-raised, key: inside, party: carol, counterparty: acme, topic: strategy}
  - {type: investment-made, key: group, investor: acme, investee: acme-labs, amount: 1B USD}
  - {type: compute-committed, key: alone, provider: acme, amount: 1 GW}
---
merges: [{party: acme-inc, into: acme}]
""",
        "warning",
        ("r1#acting", "r1#merged", "r1#plain"),
        "both sides of investment-made are Acme, so that it counts for no relationship: correct the roles, "
        "or unmerge what is another party (acme-inc)",
    ),
    "reduced_too_far": Control(
        """
report: {id: r1, published: 2025-05-05, reliability: A}
developments:
  - {type: compute-committed, key: a, provider: acme, customer: globex, commitment: c1, amount: 1B USD, occurred: 2021}
  - {type: compute-expanded, key: b, provider: acme, customer: globex, commitment: c1, amount: 500M USD, occurred: 2022}
  - {type: compute-reduced, key: c, provider: acme, customer: globex, commitment: c1, amount: 1.5B USD, occurred: 2023}
  - {type: compute-reduced, key: d, provider: acme, customer: globex, commitment: c1, amount: 250M USD, occurred: 2024}
---
report: {id: r2, published: 2025-05-05, reliability: A}
developments:
  - {type: compute-committed, key: a, provider: acme, customer: globex, commitment: c2, amount: 900 MW, occurred: 2021}
  - {type: compute-reduced, key: b, provider: acme, customer: globex, commitment: c2, amount: 1 GW, occurred: 2022}
  - {type: compute-committed, key: c, provider: acme, customer: globex, commitment: c3, amount: over 1 GW}
  - {type: compute-reduced, key: d, provider: acme, customer: globex, commitment: c3, amount: 2 GW, occurred: 2022}
  - {type: compute-committed, key: e, provider: acme, customer: globex, commitment: anew, amount: 1 GW, occurred: 2021}
  - {type: compute-cancelled, key: f, provider: acme, customer: globex, commitment: anew, occurred: 2022}
  - {type: compute-reduced, key: g, provider: acme, customer: globex, commitment: anew, amount: 2 GW, occurred: 2023}
  - {type: compute-committed, key: h, provider: acme, customer: globex, commitment: total, amount: 1 GW, occurred: 2021}
  - {type: compute-reduced, key: i, provider: acme, customer: globex, commitment: total, amounts: [3 GW, 2 GW total],
     occurred: 2022}
  - {type: compute-reduced, key: j, provider: acme, customer: globex, commitment: rumour, amount: 2 GW, stage: talks}
  - {type: compute-reduced, key: k, provider: acme, customer: globex, commitment: untold, amount: 2 GW}
  - {type: compute-committed, key: l, provider: acme, customer: globex, commitment: c4, amount: 1 GW, occurred: 2021,
     expires: 2022}
  - {type: compute-reduced, key: m, provider: acme, customer: globex, commitment: c4, amount: 3 GW, occurred: 2022}
  - {type: compute-committed, key: n, provider: acme, customer: globex, commitment: c4, amount: 4 GW, occurred: 2024}
""",
        "warning",
        ("r1#d", "r2#b"),
        "by then 1750000000 USD were taken from commitment c1, of which no more than 1500000000 is told, and it counts "
        "as nothing: record what was committed before, or correct an amount",
    ),
    "stake_that_fell": Control(
        """
report: {id: r1, published: 2025-05-05, reliability: A}
developments:
  - {type: investment-made, key: a, investor: acme, investee: globex, stake: 44.4%, occurred: 2001}
  - {type: investment-made, key: b, investor: acme, investee: globex, amount: 1B USD, occurred: 2002}
  - {type: investment-made, key: c, investor: acme, investee: globex, stake: 15%, occurred: 2023}
  - {type: investment-made, key: d, investor: acme, investee: globex, stake: 15%, occurred: 2024}
  - {type: investment-made, key: e, investor: acme, investee: globex, stake: 10%, intensity: -3, occurred: 2025-01}
  - {type: investment-made, key: f, investor: acme, investee: globex, stake: 12%, occurred: 2025-02}
  - {type: investment-made, key: g, investor: acme, investee: globex, stake: 9%, stage: planned, occurred: 2025-03}
  - {type: investment-made, key: h, investor: globex, investee: acme, stake: 3%, occurred: 2025-03}
  - {type: investment-made, key: i, investor: globex, investee: initech, stake: 2%, occurred: 2025-04}
""",
        "warning",
        ("r1#c",),
        "counts as an investment, and leaves Acme with 15 % of Globex in place of 44.4 %: "
        "where shares were sold or diluted, state its intensity, as 0 or less",
    ),
    "split_by_a_move": Control(
        """
parties:
  bought: {part_of: {group: initech, since: 2023-07-01}}
  jo:
    kind: person
    affiliations: [{organisation: umbra, until: 2023-06-30}, {organisation: initech, since: 2023-07-01}]
report: {id: r1, published: 2025-05-05, reliability: A}
developments:
  - {type: exclusivity-granted, key: g, grantor: acme, holder: bought, coverage: cloud, occurred: 2022}
  - {type: exclusivity-relaxed, key: talks, grantor: acme, holder: bought, coverage: cloud, stage: talks}
  - {type: exclusivity-relaxed, key: r, grantor: acme, holder: bought, coverage: cloud, occurred: 2024-02-01}
  - {type: exclusivity-ended, key: e, grantor: acme, holder: bought, coverage: cloud, occurred: 2025}
  - {type: exclusivity-granted, key: other, grantor: acme, holder: bought, coverage: chips, occurred: 2024}
  - {type: licence-granted, key: l, licensor: acme, licensee: bought, subject: model-ip, occurred: 2022}
  - {type: licence-ended, key: passed, licensor: acme, licensee: bought, subject: model-ip, occurred: 2023-06-30}
  - {type: term-affirmed, key: on, grantor: acme, holder: bought, coverage: cloud.api, occurred: 2023-07-01}
  - {type: licence-granted, key: anew, licensor: acme, licensee: bought, subject: model-ip, occurred: 2023-07-01}
  - {type: right-granted, key: v, holder: acme, against: bought, right: veto, occurred: 2022}
  - {type: right-waived, key: w, holder: acme, against: bought, right: veto, occurred: 2024}
  - {type: revenue-share-agreed, key: s, payer: bought, payee: acme, occurred: 2022}
  - {type: revenue-share-changed, key: c, payer: bought, payee: acme, capped: "yes", occurred: 2024}
  - {type: dispute-raised, key: d, party: bought, counterparty: acme, topic: price, occurred: 2022}
  - {type: dispute-settled, key: peace, party: acme, counterparty: initech, topic: price, occurred: 2024-03-01}
  - {type: dispute-raised, key: again, party: acme, counterparty: bought, topic: price, occurred: 2024-04-01}
  - {type: dispute-raised, key: closed, party: bought, counterparty: acme, topic: delay, occurred: 2022}
  - {type: dispute-settled, key: in-time, party: bought, counterparty: acme, topic: delay, occurred: 2023-06-30,
     intensity: 0}
  - {type: dispute-raised, key: on-here, party: bought, counterparty: acme, topic: delay, occurred: 2023-07-01,
     intensity: 0}
  - {type: dispute-raised, key: hers, party: jo, counterparty: acme, topic: staff, occurred: 2022}
  - {type: dispute-raised, key: theirs, party: initech, counterparty: acme, topic: staff, occurred: 2024}
  - {type: dispute-raised, key: of-others, party: initech, counterparty: acme, topic: chips, occurred: 2022}
  - {type: dispute-raised, key: own, party: bought, counterparty: acme, topic: chips, occurred: 2022-06}
""",
        "warning",
        ("r1#c", "r1#peace", "r1#r", "r1#w"),
        "term cloud of acme and bought is told in acme--bought and, from 2024-02-01, in acme--initech, as one of them "
        "had come into a group or left it: what is told here changes nothing there; record its end there, on the last "
        "day before the move, and from then on that it stands",
    ),
    "one_report_twice": Control(
        """
report: {id: wire, published: 2025-05-05, url: https://www.example.com/story/}
---
report: {id: again, published: 2025-05-06, url: "http://example.com/story#comments"}
---
report: {id: copy, published: 2025-05-07, url: "https://example.com/story", origin: wire}
---
report: {id: other, published: 2025-05-07, url: "https://example.com/story?page=2"}
---
report: {id: no-address, published: 2025-05-07}
---
report: {id: nor-this, published: 2025-05-07}
""",
        "warning",
        ("again",),
        "has the address of wire, and counts beside it: if they are one, tracker source origin again wire",
    ),
    "likely_duplicates": Control(
        """
report: {id: r1, published: 2025-05-05, reliability: A}
developments:
  - {type: contact-made, key: met, party: acme, counterparty: globex, occurred: 2025-05-03}
  - {type: contact-made, key: known, occurrence: shared, party: acme, counterparty: umbra, occurred: 2025-05-03}
  - {type: dispute-raised, key: a, party: acme, counterparty: globex, topic: prices, occurred: 2025-05}
  - {type: contact-made, key: whenever, party: acme, counterparty: initech, occurred: ../2025-05}
---
report: {id: r2, published: 2025-05-06, reliability: A}
developments:
  - {type: contact-made, key: met, party: acme, counterparty: globex, occurred: 2025-05}
  - {type: contact-made, key: known, occurrence: shared, party: acme, counterparty: umbra, occurred: 2025-05-03}
  - {type: dispute-raised, key: a, party: acme, counterparty: globex, topic: quality, occurred: 2025-05}
  - {type: contact-made, key: whenever, party: acme, counterparty: initech, occurred: 2025-05-03}
""",
        "warning",
        ("r2#met",),
        "may be the same as r1#met: if it is, give both one occurrence key",
    ),
}
"""What no event book can bring about, because the log or the projections prevent it, is tried further down."""

OTHERWISE = {"amount_without_unit", "letter_counted"}

ADDS_LETTERS_AND_GIGAWATTS = """\
select
    commitment, 'USD' as unit, 'contract' as layer, null as per, 'acme--globex' as relationship, 'acme' as provider,
    'globex' as customer, max(stage) as stage, max(binding) as binding, true as counted, 'in-force' as status,
    1 as amount_min, 1 as amount_max, min(effective_on) as since_on, null as expires,
    'document' as evidence_attribution, 1 as origins, 0.5 as credibility, list(occurrence) as occurrences
from occurrences
where commitment is not null
group by commitment
"""


def rows_of(entries: str) -> list[tuple[int, str, bytes]]:
    log = Log(InMemoryDCBRecorder(), coder="tester")
    for document in yaml.load_all(f"{PARTIES}\n---\n{entries}", yaml.BaseLoader):
        log.do(list(recorded(document or {})))
    return [(event.position, event.event.type, event.event.data) for event in log.recorder.read()]


def findings(rows: list[tuple[int, str, bytes]], scope: Scope = Scope(), *own: Path) -> list[Finding]:
    reader = Reader([rows], read_projections([BUNDLED, *own]), TODAY)
    return run_checks(reader, scope, [BUNDLED, *own])


@pytest.mark.parametrize("name", CONTROLS)
def test_a_check_finds_what_it_is_for_and_nothing_beside_it(name, tmp_path):
    control = CONTROLS[name]
    alone = own_check(tmp_path, name, CHECKS[name].query)

    found = run_checks(Reader([rows_of(control.entries)], PROJECTIONS, TODAY), Scope(), [alone])

    assert tuple(finding.subject for finding in found) == control.subjects
    assert {finding.severity for finding in found} == {control.severity}
    assert control.problem in [finding.problem for finding in found]


def test_a_dispute_that_stays_open_where_its_sides_were_told_of_before_is_named_with_what_mends_it():
    told = """
parties: {bought: {part_of: {group: initech, since: 2023-07-01}}}
report: {id: r1, published: 2025-05-05, reliability: A}
developments:
  - {type: dispute-raised, key: d, party: bought, counterparty: acme, topic: price, occurred: 2022}
  - {type: dispute-settled, key: peace, party: initech, counterparty: acme, topic: price, occurred: 2024-03-01}
"""
    mended = """---
developments:
  - {report: r1, type: dispute-settled, key: passed, party: bought, counterparty: acme, topic: price,
     occurred: 2023-06-30, intensity: 0}
  - {report: r1, type: dispute-raised, key: goes-on, party: bought, counterparty: acme, topic: price,
     occurred: 2023-07-01, intensity: 0}
"""
    reader = Reader([rows_of(told + mended)], PROJECTIONS, TODAY)

    assert [f.problem for f in findings(rows_of(told))] == [
        "dispute price of bought and acme is told in acme--bought and, from 2024-03-01, in acme--initech, as one of "
        "them had come into a group or left it: what is told here changes nothing there, where it stays open; if it is "
        "the same, record that it was settled there, on the last day before the move, and raised here from then on, "
        "both with intensity: 0, as no peace was made then and no quarrel begun"
    ]
    assert findings(rows_of(told + mended)) == []
    assert reader.sql("select relationship, status from disputes order by 1", lay=["disputes"]).rows == [
        ("acme--bought", "settled"),
        ("acme--initech", "settled"),
    ]


def test_a_takeover_that_was_called_off_is_overdue_until_that_is_recorded_as_the_check_says():
    told = """
parties: [acme, globex]
report: {id: r1, published: 2024-05-05, reliability: A}
developments:
  - {type: acquisition-made, key: a, agreement: bid, acquirer: acme, target: globex, stage: planned}
"""
    ended = """---
report: {id: r2, published: 2024-08-05, reliability: A}
developments:
  - {type: agreement-ended, key: a, agreement: bid, party: globex, counterparty: acme}
"""
    how = "record it (that it was called off as agreement-ended, with the same agreement key)"

    assert [one.problem.endswith(how) for one in findings(rows_of(told)) if one.check == "overdue_follow_ups"] == [True]
    assert [one for one in findings(rows_of(told + ended)) if one.check == "overdue_follow_ups"] == []


def test_a_signature_that_is_doubted_for_a_plan_is_no_silence_and_stands_with_an_occurrence_of_its_own():
    told = """
report: {{id: decree, published: 2024-07-26, reliability: A}}
developments:
  - {{type: licence-granted, key: a, occurrence: network, licensor: acme, licensee: globex, subject: network,
     stage: planned, occurred: 2024-07, attribution: document}}
---
report: {{id: release, published: 2024-07-30, reliability: A}}
developments:
  - {{type: licence-granted, key: a, occurrence: {signing}, licensor: acme, licensee: globex, subject: network,
     stage: signed, occurred: 2024-07-29, attribution: on-record}}
"""
    shared, mended = rows_of(told.format(signing="network")), rows_of(told.format(signing="signing"))
    reader = Reader([mended], PROJECTIONS, TODAY)
    checks = {"likely_duplicates", "overdue_follow_ups", "plan_over_signature"}

    assert [f.check for f in findings(shared) if f.check in checks] == ["plan_over_signature"]
    assert [f for f in findings(mended) if f.check in checks] == []
    assert reader.sql("select status, since_on from licences", lay=["licences"]).rows == [
        ("in-force", date(2024, 7, 29)),
    ]


def test_a_closing_with_an_occurrence_of_its_own_is_neither_a_duplicate_nor_money_twice():
    told = """
report: {{id: filing, published: 2024-09-10, reliability: A}}
developments:
  - {{type: investment-made, key: a, occurrence: stake, investor: acme, investee: globex, amount: 4B USD, stage: signed,
     occurred: 2024-09, attribution: document}}
---
report: {{id: release, published: 2024-09-27, reliability: A}}
developments:
  - {{type: investment-made, key: a, occurrence: {closing}, investor: acme, investee: globex, {amount}stage: closed,
     occurred: 2024-09-27, attribution: on-record}}
"""
    shared = rows_of(told.format(closing="stake", amount="amount: 4B USD, "))
    twice = rows_of(told.format(closing="closing", amount="amount: 4B USD, "))
    mended = rows_of(told.format(closing="closing", amount=""))
    checks = {"likely_duplicates", "plan_over_signature", "closing_counted_twice"}
    reader = Reader([mended], PROJECTIONS, TODAY)
    problems = [f.problem for f in findings(shared) if f.check in checks]

    assert [one.split("; ")[1] for one in problems] == [
        "if this is what came of it, give it an occurrence key of its own, and no amount, which would be added to what "
        "was signed"
    ]
    assert [f.check for f in findings(twice) if f.check in checks] == ["closing_counted_twice"]
    assert [f for f in findings(mended) if f.check in checks] == []
    assert reader.sql("select invested_usd from investments order by since_on desc", lay=["investments"]).rows[0] == (
        Decimal("4000000000"),
    )


def test_who_was_in_two_places_is_not_said_to_be_there_still():
    told = """
parties:
  carol:
    kind: person
    affiliations:
      - {organisation: acme, since: 2020-01-01, until: 2023-06-30}
      - {organisation: globex, since: 2023-01-01}
"""

    def problems(day: date) -> list[str]:
        found = findings(rows_of(told), Scope(as_of=day))
        return [one.problem.split(":")[0] for one in found if one.check == "person_in_two_places"]

    assert problems(date(2023, 6, 30)) == [
        "is at Acme and at Globex on 2023-01-01, and counts for the one that was joined last"
    ]
    assert problems(date(2023, 7, 1)) == [
        "was at Acme and at Globex on 2023-01-01, and counted for the one that was joined last"
    ]


def test_every_check_has_a_control():
    assert set(CHECKS) == {*CONTROLS, *OTHERWISE}


def test_a_commitment_that_an_undated_report_makes_anew_is_named_with_the_day_of_its_end(tmp_path):
    name = "begun_after_its_end"

    found = run_checks(
        Reader([rows_of(CONTROLS[name].entries)], PROJECTIONS, TODAY),
        Scope(),
        [own_check(tmp_path, name, CHECKS[name].query)],
    )

    assert [finding.problem for finding in found if finding.subject == "r5#lapsed"] == [
        "compute-committed has no day before 2022-12-31, its last day, and so counts from 2025-06-05, as a new "
        "contract of a: say when it was, as near as that is known, such as occurred: ../2022-12-31"
    ]


def test_an_amount_without_a_unit_or_a_number_is_found_even_if_the_log_was_written_by_something_else():
    rows = rows_of("""
report: {id: r1, published: 2025-05-05, reliability: A}
developments:
  - {type: investment-made, key: a, investor: acme, investee: globex, amount: 650M USD}
  - {type: compute-committed, key: b, provider: acme, amounts: [4.5 GW, 1B USD]}
""")
    unsaid = [(position, topic, without(data, "unit", "USD")) for position, topic, data in rows]
    unsaid = [(position, topic, without(data, "value", "4.5")) for position, topic, data in unsaid]

    found = [(f.severity, f.subject, f.problem) for f in findings(unsaid) if f.check == "amount_without_unit"]

    assert found == [
        ("error", "r1#a", "amount has no unit: correct it to one such as 650M USD or 4.5 GW"),
        ("error", "r1#b", "amounts has no unit: correct it to one such as 650M USD or 4.5 GW"),
        ("error", "r1#b", "amounts in GW has no number: correct it, or leave it out"),
    ]


def without(data: bytes, key: str, value: str) -> bytes:
    """Return an event in which a key of its amounts is missing where it had that value."""

    def kept(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return {name: item for name, item in pairs if (name, item) != (key, value)}

    return json.dumps(json.loads(data, object_pairs_hook=kept)).encode()


def test_a_projection_that_counts_letters_or_adds_gigawatts_to_dollars_is_caught(tmp_path):
    (tmp_path / "compute_commitments.sql").write_text(ADDS_LETTERS_AND_GIGAWATTS)
    rows = rows_of("""
report: {id: r1, published: 2025-05-05, reliability: A}
developments:
  - {type: compute-committed, key: a, provider: acme, customer: globex, commitment: letter, amount: 1B USD,
     stage: letter-of-intent}
  - {type: compute-committed, key: b, provider: acme, customer: globex, commitment: loose, amount: 1B USD,
     binding: "no"}
  - {type: compute-committed, key: c, provider: acme, customer: globex, commitment: power, amount: 1 GW}
""")

    found = findings(rows, Scope(), tmp_path)

    assert [(f.check, f.subject, f.problem.partition(":")[0]) for f in found if f.severity == "error"] == [
        ("letter_counted", "letter", "is counted in USD, though its paper is only a letter-of-intent"),
        ("letter_counted", "loose", "is counted in USD, though its paper is not binding"),
        ("unlike_units", "power", "its total in USD (contract) comes from amounts of which none is in USD"),
    ]


def test_the_bundled_books_have_no_error_and_only_warnings_that_an_expert_would_give():
    """A term sheet and a letter of 2025 had led to no definitive agreement that was reported by June 2026.

    Stargate's plans name four and three years, and are not late.
    """
    found = run_checks(public_record(), Scope(), [BUNDLED])

    assert [(f.check, f.severity, f.subject) for f in found] == [
        ("overdue_follow_ups", "warning", "broadcom-openai-2025-10"),
        ("overdue_follow_ups", "warning", "nvidia-2025-09-22#ten-gigawatts"),
    ]


def test_the_check_for_hidden_characters_knows_those_that_are_made_visible() -> None:
    """The class stands in SQL and in Python: each must hold what the other does."""
    pattern = "".join(re.findall(r"'(.*[{].*)'", CHECKS["hidden_characters"].query))
    letters = "(select n::int as n from range(1, 1114112) as t(n) where n not between 55296 and 57343)"
    query = f"select list(n order by n) from {letters} where regexp_matches(chr(n), '{pattern}')"
    with duckdb.connect() as con:
        (found,) = con.execute(query).fetchone()

    assert found == [n for n in range(1, 0x110000) if not 0xD800 <= n <= 0xDFFF and visible(chr(n)) != chr(n)]


def test_a_check_looks_through_the_scope():
    rows = rows_of(CONTROLS["overdue_follow_ups"].entries)

    assert findings(rows, Scope(as_of=date(2025, 8, 3))) == []
    assert findings(rows, Scope(known_at=date(2025, 5, 4))) == []


def test_an_origin_that_is_not_public_yet_is_no_slip() -> None:
    rows = rows_of("""
report: {id: monthly-2, published: 2025-05-01, reliability: A}
---
report: {id: monthly-3, published: 2025-06, reliability: A}
---
report: {id: echo, published: 2025-06-10, reliability: A}
developments:
  - {type: contact-made, key: filed, party: acme, counterparty: globex, origin: monthly-3, quote: They met.}
  - {type: contact-made, key: slip, party: acme, counterparty: globex, origin: monthly-4, quote: They met.}
""")

    found = findings(rows, Scope(known_at=date(2025, 6, 15)))

    assert [finding.subject for finding in found if finding.check == "unknown_origin"] == ["echo#slip"]


@pytest.mark.parametrize("check", CHECKS.values(), ids=lambda check: check.name)
def test_a_check_has_a_true_header(check):
    columns = Reader([], PROJECTIONS, TODAY).sql(check.query).columns

    assert check.query.startswith(f"-- {check.name}: ")
    assert check.grain.startswith("one row per")
    assert check.order_by
    assert [*check.columns] == columns == ["problem", "severity", "subject"]


def own_check(folder: Path, name: str, sql: str) -> Path:
    (folder / "checks").mkdir(exist_ok=True)
    (folder / "checks" / f"{name}.sql").write_text(sql)
    return folder


def test_a_workspace_adds_checks_and_replaces_those_of_the_same_name(tmp_path):
    own_check(tmp_path, "too_quiet", "select 'nothing' as problem, 'error' as severity, 'log' as subject")
    own_check(tmp_path, "missing_quote", "select '' as problem, 'warning' as severity, '' as subject where false")

    assert findings(rows_of(CONTROLS["missing_quote"].entries), Scope(), tmp_path) == [
        Finding("too_quiet", "error", "log", "nothing")
    ]


def test_a_check_tells_by_subject_and_problem_whatever_the_order_of_its_rows(tmp_path):
    rows = "select 'b' as problem, 'zeta' as subject union all values ('b', 'alpha'), ('a', 'alpha')"
    own_check(
        tmp_path, "mine", f"select problem, 'warning' as severity, subject from ({rows}), scope order by all desc"
    )

    (check,) = (check for check in read_checks([tmp_path]) if check.name == "mine")
    found = run_check(Reader([rows_of("")], PROJECTIONS, TODAY), Scope(), check)

    assert [(f.subject, f.problem) for f in found] == [("alpha", "a"), ("alpha", "b"), ("zeta", "b")]


def test_a_check_may_join_with_a_comma(tmp_path):
    own_check(tmp_path, "comma", "select 'p' as problem, 'error' as severity, party as subject from scope, parties")

    assert {f.subject for f in findings(rows_of(""), Scope(), tmp_path)} == {"acme", "globex", "initech", "umbra"}


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select 1 as problem", "has no column severity and no column subject"),
        ("select 'p' as problem, 'fatal' as severity, 's' as subject", "there are error and warning"),
        ("select problm from parties", "does not work: Binder Error"),
        ("select * from nowhere", "does not work: Catalog Error"),
        ("selec 1", "does not work: Parser Error"),
    ],
)
def test_a_check_that_does_not_work_is_named_with_the_reason(tmp_path, sql, message):
    with pytest.raises(ProjectionError, match=f"check 'mine' .*{message}"):
        findings(rows_of(""), Scope(), own_check(tmp_path, "mine", sql))


def test_errors_come_first():
    assert SEVERITIES == ("error", "warning")
    rows = rows_of(CONTROLS["impossible_dates"].entries + "---" + CONTROLS["unlike_units"].entries.replace("r1", "r2"))

    severities = [finding.severity for finding in findings(rows)]

    assert severities == sorted(severities)
    assert set(severities) == {"error", "warning"}
