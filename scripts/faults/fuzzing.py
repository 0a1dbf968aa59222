"""What is fuzzed: readers of text from outside, with texts that each accepts and pieces that such texts are made of.

The targets are shared by the tests (hypothesis), the trial by mutation, and the one that coverage guides (atheris).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from faults import fuzz_checks, fuzz_kept


@dataclass(frozen=True)
class Target:
    """Something that reads text: `seeds` are texts that it accepts or nearly does, `pieces` what breaks them.

    One text takes about `cost` times as long as one of the others.
    """

    name: str
    check: Callable[[str], None]
    seeds: tuple[str, ...]
    pieces: tuple[str, ...] = ()
    cost: int = 1


HOSTILE = (
    *("\x00", "\x1b[31m", "\x7f", "\x85", "\u200b", "\u202e", "\u2028", "\ufeff", "\ud800", "\udfff", "\U0010ffff"),
    *("：", "　", "“", "０", "１", "٣", "亿", "é", "e\u0301", "ﬁ", "İ", "ß", "\t", "\r\n", "\n", " ", "'", '"', "\\"),
    *("9" * 40, "9" * 5000, "-", "--", "..", "/", ":", "{", "}", "[", "]", ",", "(", ")", "%", "#", "&", "*", "!", "|"),
)
"""What breaks readers, whatever they read."""

LONGEST = 20_000
"""Characters of a text: what costs more than it is long shows by then."""


def mutated(target: Target, chance: random.Random) -> str:
    """Return a text near what a target accepts: a seed, or two of them, cut, doubled and salted."""
    text = chance.choice(target.seeds)
    for _ in range(chance.randint(0, 6)):
        at, end = sorted(chance.choices(range(len(text) + 1), k=2))
        match chance.randint(0, 5):
            case 0:
                text = text[:at] + text[end:]
            case 1:
                text = text[:at] + text[at:end] * chance.randint(2, 4) + text[end:]
            case 2:
                other = chance.choice(target.seeds)
                text = text[:at] + other[chance.randrange(len(other) + 1) :]
            case 3 if target.pieces:
                text = text[:at] + chance.choice(target.pieces) + text[at:]
            case 4 if text:
                text = text[:at] + chr(chance.choice((*range(128), 0x4EBF, 0xFF1A, 0x202E))) + text[at + 1 :]
            case _:
                text = text[:at] + chance.choice(HOSTILE) + text[at:]
    return text[:LONGEST]


BOOK = """\
tracker: book/1
parties:
  - {id: acme, name: Acme, aliases: [极致]}
  - {id: ada, name: Ada, kind: person, affiliations: [{organisation: acme}]}
report:
  id: r1
  publisher: P
  published: 2025-05-05
developments:
  - type: statement-made
    key: k
    speaker: 极致
    occurred: 2025-04/2025-05
    quote: "We \\u200bremain"
    bears_on: {acme--ada: -3}
  - {type: compute-committed, key: c, provider: acme, amounts: [up to 11.9B USD, 4.5 GW], sic: yes}
"""

LINE = (
    '{"position":1,"topic":"PartyRegistered.v1","tags":["party:acme","alias:acme"],"data":{"event":"e232aed3700229cdf67d",'
    '"recorded_at":"2025-05-05T12:00:00.000000Z","coder":"a","revision":1,"payload":{"party":"acme","name":"Acme",'
    '"kind":"organisation","aliases":[],"affiliations":[]}}}\n'
)

ROW = '{"speaker": "Acme", "stance": "supportive", "occurred": "2025-04", "intensity": 1.5, "note": "n"}\n'


@cache
def targets() -> dict[str, Target]:
    """Return every target by name."""
    return {target.name: target for target in (*_values(), *_files())}


def _values() -> list[Target]:
    return [
        Target(
            "edtf",
            fuzz_checks.edtf,
            (
                *("2025-05-31", "2025", "2018-22", "../2025-05", "2023-11?/..", "20XX", "2025-05-2X"),
                "2025-05-05T23:55+08:00",
            ),
            ("X", "?", "~", "%", "..", "/", "-", "T", "Z", "0204", "13", "32", "41"),
        ),
        Target(
            "amount",
            fuzz_checks.amount,
            (
                *("650M USD", "up to 11.9B USD", "5–10 GW", "6.5亿美元", "数十亿美元", "about 27%"),
                *("30B USD per year", "1亿5000万元"),
            ),
            (
                *("over 5 years", "between 1 and 2 GW", "total", "conditional", "$", "1,000", "1e9", "NaN"),
                *("十", "万", "kW"),
            ),
        ),
        Target(
            "name",
            fuzz_checks.name,
            ("Acme Corp", "极致 科技", "Ångström & Søn", "ＡＣＭＥ", "O’Neil", "微軟"),
            ("ſ", "ŉ", "ΐ", "㍿"),
        ),
        Target(
            "quote",
            fuzz_checks.quote,
            (BOOK, "放宽了排他性条款限制，微软。" * 3, "We “remain” partners — ﬁne"),
            ("«", "…", "　", "­", "\u0301"),
        ),
        Target(
            "sql",
            fuzz_checks.sql,
            (
                "select x from t where x > 1 order by x limit 1",
                "with a as (select 1) select * from a, t",
                "x in (1, 2) and not x is null",
                "with a as (insert into t values (3) returning x) select * from a",
                "explain analyze delete from t",
                "from range(3) union all values (1)",
                "x > 0) or (x < 9",
            ),
            (
                *("insert into t values (9)", "delete from t", "update t set x = 0", "returning *", "copy t to 'f'"),
                *("set ", "read_text('f')", "query('select 1')", "; ", "-- ", "/* ", "*/", "$$", "exists (", "::int"),
                "lambda x: ",
            ),
            cost=50,
        ),
    ]


def _files() -> list[Target]:
    return [
        Target(
            "book",
            fuzz_checks.book,
            (BOOK,),
            ("- ", ": ", "!!str ", "&a ", "*a", "<<: ", "|\n", ">\n", "'", "key: k\n", "{a: " * 60),
            cost=3,
        ),
        Target(
            "rows",
            fuzz_checks.rows,
            (ROW, ROW * 2, "speaker,stance,note\nAcme,supportive,n\n", 'speaker,note\n"Acme","a\nb"\n'),
            ('"why": "x"', '"type": "party"', "null", "1e99999999999999999999", '""', ";", "acme--globex: -3"),
            cost=3,
        ),
        Target("export", fuzz_checks.export, (LINE, LINE * 2), ('"position":2', "NaN", "1e999", r"\ud83d", "[" * 2000)),
        Target(
            "note",
            fuzz_kept.note,
            (fuzz_kept.NOTE, fuzz_kept.KEY),
            ("\n\n", "— ", "+", "A" * 44, "9" * 19, "example.com/desk"),
        ),
        Target(
            "proof",
            fuzz_kept.proof,
            fuzz_kept.proofs(),
            ('"size": 7', '"size": 8', '"size": -1', '"position": 0', "0" * 64, "[" * 2000, "1e9", "NaN", "true"),
        ),
        Target(
            "settings",
            fuzz_kept.settings,
            (fuzz_kept.SETTINGS, fuzz_kept.SETTINGS.replace("Berlin", "Berlim")),
            (
                "[jobs.",
                '"""',
                " = ",
                "[[",
                "{a = 1}",
                "2025-05-05T00:00:00Z",
                "* * *",
                "@daily",
                "inf",
                "0x1",
                r"\u0000",
                "~x/",
                "../",
            ),
            cost=3,
        ),
    ]
