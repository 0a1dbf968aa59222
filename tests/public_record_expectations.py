"""What the public record says of Microsoft and OpenAI on given days, as an expert reads it, known by that day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple


class Term(NamedTuple):
    """An exclusivity term in force, from OpenAI to Microsoft."""

    level: str
    since_on: str
    expires: str | None = None
    trigger: bool = False  # whether an event is named that would end it
    carve_outs: int = 0


class Licence(NamedTuple):
    """The licence to OpenAI's models, from OpenAI to Microsoft, as it stands."""

    exclusive: bool
    granted_on: str
    expires: str | None = None


class Seat(NamedTuple):
    """A seat on OpenAI's board."""

    holder: str
    person: str | None
    kind: str
    status: str
    since_on: str
    ended_on: str | None = None


class Invested(NamedTuple):
    """What Microsoft had put into OpenAI by then, on whose word the weakest part of it, and its stake in percent."""

    usd: str
    usd_attribution: str
    stake: str | None = None


class Commitment(NamedTuple):
    """A quantified commitment to a customer, with its bounds in whole units of USD or in GW."""

    provider: str
    customer: str
    layer: str
    unit: str
    least: str | None
    most: str | None


@dataclass(frozen=True)
class Day:
    """The state on one day, with what was public by that day.

    `terms` are by coverage, those in force and no others; `ended` are the coverages whose last status ended by then.
    `commitments` are those that count; `listed` are commitment keys that are shown and do not count. `total_usd` is
    the sum for OpenAI as the customer, its open bounds left open, and `at_least_usd` that of the lower bounds; None
    where nothing is quantified in USD. `rights` has the status of each right between the two; `control` the form of
    OpenAI that is in force and the one that is announced; `settled` and `open_disputes` the topics.
    """

    terms: dict[str, Term] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    licence: Licence | None = None
    research_until: str | None = None
    invested: Invested | None = None
    rights: dict[str, str] = field(default_factory=dict)
    control: tuple[str | None, str | None] = (None, None)
    open_disputes: frozenset[str] = frozenset()
    settled: frozenset[str] = frozenset()
    seats: tuple[Seat, ...] = ()
    commitments: tuple[Commitment, ...] = ()
    unquantified: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    total_usd: tuple[str | None, str | None] | None = None
    at_least_usd: str | None = None


RELATIONSHIP = "microsoft--openai"

OBSERVER = Seat("microsoft", None, "observer", "held", "2023-11-29")
OBSERVERS_GONE = (
    Seat("microsoft", None, "observer", "given-up", "2023-11-29", "2024-07-09"),
    Seat("apple", "phil-schiller", "observer", "dropped", "2024-07-02", "2024-07-10"),
)

COMMERCIALISATION = Term("preferred", "2019-07-22")
EXCLUSIVE = Term("exclusive", "2019-07-22")
EXCLUSIVE_BUT_ORACLE = Term("exclusive", "2019-07-22", carve_outs=1)
API = Term("exclusive", "2023-01-23")

SINCE_JANUARY_2025 = {
    "cloud": Term("first-refusal", "2025-01-21", expires="2030", carve_outs=1),
    "cloud.new-capacity": Term("first-refusal", "2025-01-21", expires="2030", carve_outs=1),
    "cloud.api": Term("exclusive", "2023-01-23", expires="2030"),
    "commercialisation": COMMERCIALISATION,
}
# Until AGI: the contract's end in 2030 no longer ends it.
SINCE_OCTOBER_2025 = {
    "cloud.api": Term("exclusive", "2023-01-23", expires="2025-10-28/..", trigger=True),
    "commercialisation": COMMERCIALISATION,
}
FIRST_REFUSAL_ENDED = {"cloud": "2025-10-28", "cloud.new-capacity": "2025-10-28"}

GPT_3 = Licence(exclusive=True, granted_on="2020-09-22")

COREWEAVE_MARCH = Commitment("coreweave", "openai", "contract", "USD", None, "11900000000")
COREWEAVE_MAY = Commitment("coreweave", "openai", "contract", "USD", None, "15900000000")
COREWEAVE = Commitment("coreweave", "openai", "contract", "USD", None, "22400000000")
ORACLE = (
    Commitment("oracle", "openai", "contract", "USD", "300000000000", "300000000000"),
    Commitment("oracle", "openai", "site", "GW", "4.5", "4.5"),
)
AZURE = Commitment("microsoft", "openai", "contract", "USD", "250000000000", "250000000000")
AMD = Commitment("amd", "openai", "chip", "GW", "6", "6")
AWS = Commitment("aws", "openai", "contract", "USD", "38000000000", "38000000000")
ANTHROPIC = Commitment("microsoft", "anthropic", "contract", "USD", "30000000000", "30000000000")

ONE_BILLION = Invested("1000000000", "on-record")
# One billion on record, about two without a source, ten on the word of insiders.
THIRTEEN_BILLION = Invested("13000000000", "unattributed")
WITH_STAKE = Invested("13000000000", "unattributed", stake="27")

CAPPED_PROFIT = "limited partnership with capped profit, under the nonprofit"
PLAN_OF_2024 = "Delaware public benefit corporation that the nonprofit no longer controls"
BENEFIT_CORPORATION = "public benefit corporation that the nonprofit controls"
WITH_EQUITY = f"{BENEFIT_CORPORATION} and holds more than 100 billion dollars of"

DISPUTES_OF_MAY = frozenset({"compute-supply", "model-access", "ip-sharing", "technical-disclosure"})
DISPUTES_OF_JUNE = frozenset({"windsurf-ip"})
"""Executives talked of a complaint under competition law; none was made."""
STAKE = frozenset({"conversion-stake"})

RIGHTS_OF_MAY = {"restructuring-consent": "in-force", "agi-clause": "in-force"}
RIGHTS_OF_OCTOBER = {
    "restructuring-consent": "waived",
    "agi-clause": "in-force",
    "pursue-agi-independently": "in-force",
}

PAUSED = ("microsoft-licking-county",)
AUTUMN_2025 = (*PAUSED, "nvidia-openai-10gw", "oracle-unnamed-customer", "stargate-sites")
WINTER_2025 = (*AUTUMN_2025, "broadcom-openai-10gw")

DAYS: dict[date, Day] = {
    # Azure is the primary cloud: preferred, not exclusive.
    date(2018, 12, 31): Day(terms={"cloud": Term("preferred", "2016-11-15")}),
    date(2020, 12, 31): Day(
        invested=ONE_BILLION,
        control=(CAPPED_PROFIT, None),
        terms={"cloud": EXCLUSIVE, "commercialisation": COMMERCIALISATION},
        licence=GPT_3,
    ),
    date(2023, 12, 31): Day(
        invested=THIRTEEN_BILLION,
        control=(CAPPED_PROFIT, None),
        terms={"cloud": EXCLUSIVE, "cloud.api": API, "commercialisation": COMMERCIALISATION},
        licence=GPT_3,
        seats=(OBSERVER,),
    ),
    # Apple's seat was reported a day later. Oracle's capacity is a consented exception, so the cloud stays exclusive.
    date(2024, 7, 1): Day(
        invested=THIRTEEN_BILLION,
        control=(CAPPED_PROFIT, None),
        terms={"cloud": EXCLUSIVE_BUT_ORACLE, "cloud.api": API, "commercialisation": COMMERCIALISATION},
        licence=GPT_3,
        seats=(OBSERVER,),
        unquantified=("oracle-openai-oci",),
    ),
    date(2024, 12, 31): Day(
        invested=THIRTEEN_BILLION,
        control=(CAPPED_PROFIT, PLAN_OF_2024),
        terms={"cloud": EXCLUSIVE_BUT_ORACLE, "cloud.api": API, "commercialisation": COMMERCIALISATION},
        licence=GPT_3,
        seats=OBSERVERS_GONE,
        unquantified=("oracle-openai-oci",),
    ),
    # Stargate's 500 billion dollars are an intention, and no purchase of compute.
    date(2025, 3, 31): Day(
        invested=THIRTEEN_BILLION,
        control=(CAPPED_PROFIT, PLAN_OF_2024),
        at_least_usd="0",
        terms=SINCE_JANUARY_2025,
        licence=Licence(True, "2020-09-22", expires="2030"),
        seats=OBSERVERS_GONE,
        commitments=(COREWEAVE_MARCH,),
        unquantified=("oracle-openai-oci", "azure-openai"),
        total_usd=(None, "11900000000"),
    ),
    # Google's deal was signed in May and published in June: it is not known yet.
    date(2025, 5, 31): Day(
        invested=THIRTEEN_BILLION,
        control=(CAPPED_PROFIT, BENEFIT_CORPORATION),
        at_least_usd="0",
        rights=RIGHTS_OF_MAY,
        open_disputes=DISPUTES_OF_MAY,
        terms=SINCE_JANUARY_2025,
        licence=Licence(True, "2020-09-22", expires="2030"),
        seats=OBSERVERS_GONE,
        commitments=(COREWEAVE_MAY,),
        unquantified=("oracle-openai-oci", "azure-openai"),
        listed=PAUSED,
        total_usd=(None, "15900000000"),
    ),
    # The memorandum of 11 September changes no term. Oracle's 4.5 GW are told twice and count once.
    date(2025, 9, 30): Day(
        invested=THIRTEEN_BILLION,
        control=(CAPPED_PROFIT, WITH_EQUITY),
        at_least_usd="300000000000",
        rights=RIGHTS_OF_MAY,
        open_disputes=DISPUTES_OF_MAY | DISPUTES_OF_JUNE | STAKE,
        terms=SINCE_JANUARY_2025,
        licence=Licence(True, "2020-09-22", expires="2030"),
        seats=OBSERVERS_GONE,
        commitments=(COREWEAVE, *ORACLE),
        unquantified=("oracle-openai-oci", "azure-openai", "google-openai"),
        listed=AUTUMN_2025,
        total_usd=(None, "322400000000"),
    ),
    date(2025, 10, 31): Day(
        invested=WITH_STAKE,
        research_until="2030",
        control=(BENEFIT_CORPORATION, None),
        at_least_usd="550000000000",
        rights=RIGHTS_OF_OCTOBER,
        open_disputes=DISPUTES_OF_MAY | DISPUTES_OF_JUNE,
        settled=STAKE,
        terms=SINCE_OCTOBER_2025,
        ended=FIRST_REFUSAL_ENDED,
        licence=Licence(True, "2020-09-22", expires="2032"),
        seats=OBSERVERS_GONE,
        commitments=(COREWEAVE, *ORACLE, AZURE, AMD),
        unquantified=("oracle-openai-oci", "google-openai"),
        listed=WINTER_2025,
        total_usd=(None, "572400000000"),
    ),
    # Anthropic's commitment is no part of OpenAI's total.
    date(2025, 12, 31): Day(
        invested=WITH_STAKE,
        research_until="2030",
        control=(BENEFIT_CORPORATION, None),
        at_least_usd="588000000000",
        rights=RIGHTS_OF_OCTOBER,
        open_disputes=DISPUTES_OF_MAY | DISPUTES_OF_JUNE,
        settled=STAKE,
        terms=SINCE_OCTOBER_2025,
        ended=FIRST_REFUSAL_ENDED,
        licence=Licence(True, "2020-09-22", expires="2032"),
        seats=OBSERVERS_GONE,
        commitments=(COREWEAVE, *ORACLE, AZURE, AMD, AWS, ANTHROPIC),
        unquantified=("oracle-openai-oci", "google-openai"),
        listed=WINTER_2025,
        total_usd=(None, "610400000000"),
    ),
    # The weak report that the right of first refusal was kept reopens nothing. Between "up to" and "over", both bounds
    # of the total are open.
    date(2026, 5, 31): Day(
        invested=WITH_STAKE,
        research_until="2030",
        control=(BENEFIT_CORPORATION, None),
        at_least_usd="698000000000",
        rights=RIGHTS_OF_OCTOBER,
        open_disputes=DISPUTES_OF_MAY | DISPUTES_OF_JUNE,
        settled=STAKE,
        terms={"cloud": Term("first-ship", "2026-04-27", carve_outs=1), "commercialisation": COMMERCIALISATION},
        ended={"cloud.new-capacity": "2025-10-28", "cloud.api": "2026-04-27"},
        licence=Licence(False, "2020-09-22", expires="2032"),
        seats=OBSERVERS_GONE,
        commitments=(
            COREWEAVE,
            *ORACLE,
            AZURE,
            AMD,
            ANTHROPIC,
            Commitment("aws", "openai", "contract", "USD", "138000000000", "138000000000"),
            Commitment("aws", "openai", "chip", "GW", "2", "2"),
            Commitment("cerebras", "openai", "contract", "USD", "10000000000", None),
            Commitment("cerebras", "openai", "site", "GW", None, "0.75"),
        ),
        unquantified=("oracle-openai-oci", "google-openai"),
        listed=WINTER_2025,
        total_usd=(None, None),
    ),
}

HINDSIGHT = (date(2025, 5, 31), date(2025, 6, 30), "google-openai")
"""As of the first day, with what was known on the second, this commitment is there; known on the first, it is not."""

ONLY_DOCUMENTS_AND_ON_RECORD = (
    date(2025, 12, 31),
    {"oracle": {("site", "GW", "4.5", "4.5")}},
    (None, "310400000000"),
)
"""Under that lens the 300 billion dollars, which only insiders told, are gone; Oracle's gigawatts stay; the total."""

ONE_ORIGIN = ("compute-dispute-2025", "model-access-dispute-2025", "restructuring-consent")
"""Each told by The Wall Street Journal, by its syndication and by the article, and carried first by one report."""

CONTRADICTED = {
    "aws-openai-2025-11": ("occurred", "2025-11-03", "2025-11-02"),
    "amd-openai-2025-10": ("occurred", "2025-10-06", "2025-10-05"),
    "broadcom-openai-2025-10": ("amounts", "10 GW", "about 10B USD"),
    "ohio-pause-2025": ("occurred", "2025-04-07", "2025-05"),
    "microsoft-on-stargate-2025-01": ("stance", "supportive", "silent"),
    "microsoft-inflection-2024": ("form", "licence-and-hire", "acqui-hire"),
}
"""Per occurrence: the field in which its accounts differ, what is believed, what is doubted."""
