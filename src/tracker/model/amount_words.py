"""The words of amounts: every unit, scale and qualifier in English and Chinese, and Chinese numerals."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Final, NamedTuple

from tracker.errors import TrackerError
from tracker.model.names import visible

MAX_TEXT_LENGTH: Final = 200
FORMS: Final = "650M USD, up to 11.9B USD, about 27%, 5–10 GW, 160M shares, 30B USD per year or 6.5亿美元"

# ISO 4217, without its codes for tests and for no currency. ANG and BGN were withdrawn in 2025 and 2026, and stay
# because reports of earlier years use them.
CURRENCIES: Final = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE
    CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD
    HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD
    MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR
    RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH
    UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XAG XAU XBA XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XUA
    YER ZAR ZMW ZWG
    """.split()  # noqa: SIM905 - a table of codes, not 170 quoted strings
)
UNITS: Final = CURRENCIES | {"MW", "GW", "GPU", "percent", "shares"}

# (what a word does in an amount, what it stands for, how it is written)
_WORDS: Final = (
    ("unit", "USD", "$|us$|dollar|dollars|us dollars|u.s. dollars|美元|美金"),
    ("unit", "CNY", "cn¥|rmb|yuan|人民币元|元人民币|人民币|元"),
    ("unit", "JPY", "jp¥|yen|日元|日圆|円"),
    ("unit", "EUR", "€|euro|euros|欧元"),
    ("unit", "GBP", "£|英镑"),
    ("unit", "HKD", "hk$|港元|港币"),
    ("unit", "TWD", "nt$|新台币|台币"),
    ("unit", "KRW", "₩|韩元"),
    ("unit", "INR", "₹|印度卢比"),
    ("unit", "CAD", "c$|ca$|加元"),
    ("unit", "AUD", "a$|au$|澳元"),
    ("unit", "SGD", "s$|新加坡元"),
    ("unit", "BRL", "r$"),
    ("unit", "CHF", "瑞士法郎"),
    ("unit", "GW", "gigawatt|gigawatts|吉瓦"),
    ("unit", "MW", "megawatt|megawatts|兆瓦"),
    ("unit", "kW", "kilowatt|kilowatts|kw|千瓦"),
    ("unit", "GPU", "gpus|卡|显卡"),
    ("unit", "percent", "%|per cent"),
    ("unit", "shares", "share|股"),
    ("percent-of", "percent", "百分之"),
    ("scale", "1000", "k|thousand"),
    ("scale", "1000000", "m|mn|million|millions"),
    ("scale", "1000000000", "b|bn|billion|billions"),
    ("scale", "1000000000000", "t|tn|trillion|trillions"),
    ("vague", "1", "several|数|几"),
    ("vague", "10", "tens of"),
    ("vague", "100", "hundreds of"),
    ("teens", "", "十几|十数"),
    ("filler", "", "of|块|张|个|枚|颗"),
    ("qualifier", "exact", "exactly"),
    ("qualifier", "about", "about|approximately|approx.|approx|around|roughly|circa|ca.|nearly|almost|close to|≈"),
    ("qualifier", "about", "大约|约为|约|将近|接近|近"),
    ("qualifier", "up-to", "up to|at most|as much as|as many as|no more than|not more than|less than|fewer than|<|≤"),
    ("qualifier", "up-to", "under|below|a maximum of|最多|至多|高达|多达|不超过|低于|不到|不足|少于"),
    ("qualifier", "over", "more than|at least|no less than|not less than|above|exceeding|in excess of|>|≥"),
    ("qualifier", "over", "a minimum of|超过|超|逾|上|至少|不少于|不低于|高于"),
    ("qualifier", "order-of-magnitude", "order of|on the order of|in the order of"),
    ("afterwards", "over", "or more|+|多|余|以上"),
    ("afterwards", "up-to", "or less|or fewer|以下|以内"),
    ("afterwards", "about", "左右"),
    ("over", "", "over"),
    ("tilde", "", "~"),
    ("dash", "", "-|‐|‒|–|—|―|−|〜|to|至|到"),
    ("between", "", "between"),
    ("and", "", "and"),
    ("from", "", "from"),
    ("comma", "", ","),
    ("per", "year", "per year|a year|each year|every year|per annum|p.a.|annually|yearly|/year|/yr|每年|年均"),
    ("per", "quarter", "per quarter|a quarter|each quarter|every quarter|quarterly|/quarter|每季度"),
    ("per", "month", "per month|a month|each month|every month|monthly|/month|每月"),
    ("lasting", "", "over the|over the next|over a period of|for|for the next|为期|未来"),
    ("time", "year", "year|years|年"),
    ("time", "quarter", "quarter|quarters|个季度"),
    ("time", "month", "month|months|个月"),
    ("time", "week", "week|weeks|周"),
    ("time", "day", "day|days|天"),
    ("lasted", "", "内|期|间"),
    ("role", "increment", "increment"),
    ("role", "total", "total|in total|总计|共计|合计|总共"),
    ("role", "cumulative", "cumulative|cumulatively|累计"),
    ("role", "round", "round"),
    ("conditional", "yes", "conditional|conditionally|有条件"),
    ("refuse", "¥ is yuan or yen: write CNY or JPY", "¥"),
    ("refuse", "兆 is a million or a million million: write 百万 or 万亿", "兆"),
    ("refuse", "XXX and XTS are no currencies", "xxx|xts"),
)
_SMALL_NUMBERS: Final = (
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
# The traditional characters that amounts use. Names need a whole dictionary, amounts only these.
_SIMPLIFIED: Final = str.maketrans(
    "億萬幾數約將過達餘內間歐鎊圓幣韓臺張個塊顆總計條為兩點週",
    "亿万几数约将过达余内间欧镑元币韩台张个块颗总计条为两点周",
)
_NUMERALS: Final = "零〇一二两三四五六七八九十百千万亿点"
_DIGITS: Final = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
# (character, its size, below what its own count stays)
_PLACES: Final = (("亿", 10**8, 10**8), ("万", 10**4, 10**4), ("千", 1000, 10), ("百", 100, 10), ("十", 10, 10))
_SIZES: Final = {char: size for char, size, _ in _PLACES}
_OF_YEN: Final = re.compile("兆(?=[0-9一二三四五六七八九十百千万亿]*円)")
_CHINESE_SCALE: Final = re.compile("[十百千]?(?:万亿|亿|万)?")


class AmountError(TrackerError, ValueError):
    """An amount that cannot be read or cannot be true; the message gives the forms that are accepted."""

    def __init__(self, given: str, why: str) -> None:
        shown = visible(given if len(given) <= 60 else given[:60] + "…")
        super().__init__(f"amount '{shown}': {why}; write for example {FORMS}")
        self.why = why


class Token(NamedTuple):
    """A word of an amount: what it does (`number`, `scale`, `unit`, …) and what it stands for."""

    kind: str
    payload: str


def scan(text: str) -> list[Token]:
    """Return the words of the text; kind `number` is in ASCII digits, kind `chinese` a run of Chinese numerals."""
    if len(text) > MAX_TEXT_LENGTH:
        raise AmountError(text, f"it is longer than {MAX_TEXT_LENGTH} characters")
    folded = _fold(text)
    tokens = []
    at = 0
    while at < len(folded):
        match = _TOKEN.match(folded, at)
        if match is None:
            raise AmountError(text, f"'{visible(folded[at : at + 20])}' is no number, unit or qualifier known here")
        at = match.end()
        if match.lastgroup == "word":
            tokens.append(_LEXICON[match[0]])
        elif match.lastgroup is not None:
            tokens.append(Token(match.lastgroup, match[0].rstrip(",")))
            at -= len(match[0]) - len(match[0].rstrip(","))
        if tokens and tokens[-1].kind == "refuse":
            raise AmountError(text, tokens[-1].payload)
    return tokens


def _fold(text: str) -> str:
    for character in text:
        # NFKC would turn 10² into 102 and ½ into 1⁄2.
        if unicodedata.decomposition(character).startswith(("<super>", "<sub>", "<fraction>", "<circle>")):
            raise AmountError(text, f"'{character}' has no plain value here")
    folded = " ".join(unicodedata.normalize("NFKC", text).lower().translate(_SIMPLIFIED).split())
    # In Japanese 兆 is nothing but a million million.
    return _OF_YEN.sub("万亿", folded)


def chinese_number(run: str) -> Decimal | None:
    """Return the value of 三亿, 一百五十亿, 三点五亿; None where it could mean two things, as 三百五 and 二三亿 do."""
    whole, point, rest = run.partition("点")
    if point:
        decimals = re.match("[零〇一二两三四五六七八九]*", rest)
        digits = decimals[0] if decimals else ""
        scale = chinese_scale(rest[len(digits) :]) if len(digits) < len(rest) else Decimal(1)
        count = _integer(whole, 10**4)
        if not digits or scale is None or count is None:
            return None
        return Decimal(f"{count}." + "".join(str(_DIGITS.get(digit, 0)) for digit in digits)) * scale
    count = _integer(run, 10**16)
    return None if count is None else Decimal(count)


def _integer(run: str, below: int) -> int | None:
    if run in ("零", "〇"):
        return 0
    for place, size, count_below in _PLACES:
        if size >= below or place not in run:
            continue
        head, _, tail = run.partition(place)
        count = 1 if not head and place == "十" else _integer(head, count_below)
        if not count:
            return None
        if not tail:
            return count * size
        rest = _integer(tail.lstrip("零〇"), size)
        # A place left out must be told by 零: without it, 三亿五 may be 350 million.
        if not rest or (rest < size // 10) != (tail[0] in "零〇"):
            return None
        return count * size + rest
    return _DIGITS.get(run)


def chinese_scale(run: str) -> Decimal | None:
    """Return what 亿, 十亿, 万亿 or 千万 multiply by; None for what is no scale."""
    if not run or not _CHINESE_SCALE.fullmatch(run):
        return None
    scale = 1
    for character in run:
        scale *= _SIZES[character]
    return Decimal(scale)


def _lexicon() -> dict[str, Token]:
    words = {unit.lower(): Token("unit", unit) for unit in UNITS}
    words |= {word: Token("number", str(count)) for count, word in enumerate(_SMALL_NUMBERS, start=1)}
    return words | {word: Token(kind, payload) for kind, payload, spellings in _WORDS for word in spellings.split("|")}


def _alternatives() -> str:
    longest_first = sorted(_LEXICON, key=lambda word: (-len(word), word))
    return "|".join(re.escape(word) + ("(?![a-z])" if "a" <= word[-1] <= "z" else "") for word in longest_first)


_LEXICON: Final = _lexicon()
# The longest word first; a Latin word ends where its letters do; 千 in 千瓦 is part of a unit.
_TOKEN: Final = re.compile(
    rf"\s+|(?P<number>[0-9][0-9.,]*)|(?P<word>{_alternatives()})|(?P<chinese>(?:[{_NUMERALS}](?!瓦))+)"
)
