"""What the article reports, as an expert reads it: per item of the seed the entries expected in its book."""

from __future__ import annotations

from typing import NamedTuple


class Expected(NamedTuple):
    """One entry: its key, its type, who takes part (an id, or several), and when, in EDTF, if the text says.

    Then on whose word the text has it, whether it has it wrong, and how much it says, as amounts are written.
    """

    key: str
    type: str
    roles: dict[str, str | tuple[str, ...]]
    occurred: str | None
    attribution: str = "unattributed"
    sic: bool = False
    amount: str | None = None


SEED: dict[str, list[Expected]] = {
    "S01": [
        Expected(
            "idaho-stairwell", "contact-made", {"party": "sam-altman", "counterparty": "satya-nadella"}, "2018-22"
        ),
    ],
    "S02": [
        Expected("exclusive-access", "licence-granted", {"licensor": "openai", "licensee": "microsoft"}, None),
    ],
    "S03": [
        Expected("cloud-exclusive", "exclusivity-granted", {"grantor": "openai", "holder": "microsoft"}, None),
    ],
    "S04": [
        Expected(
            "investment-before-chatgpt",
            "investment-made",
            {"investor": "microsoft", "investee": "openai"},
            "../2022-11",
        ),
    ],
    "S05": [
        Expected(
            "investment-total",
            "investment-made",
            {"investor": "microsoft", "investee": "openai"},
            "../2025-05",
            amount="order of 2B–10B USD cumulative",
        ),
    ],
    "S06": [
        Expected("two-pdfs", "dispute-raised", {"party": "ilya-sutskever", "counterparty": "sam-altman"}, "2023-10"),
    ],
    "S07": [
        Expected("altman-removed", "leader-removed", {"organisation": "openai", "person": "sam-altman"}, None),
        Expected("altman-reinstated", "leader-reinstated", {"organisation": "openai", "person": "sam-altman"}, None),
    ],
    "S08": [
        Expected("nadella-backs-altman", "statement-made", {"speaker": "satya-nadella", "about": "sam-altman"}, None),
    ],
    "S09": [
        Expected("hope-to-continue", "statement-made", {"about": "openai"}, None),
    ],
    "S10": [
        Expected(
            "best-partnership",
            "statement-made",
            {"speaker": "sam-altman", "about": "microsoft"},
            None,
            attribution="on-record",
        ),
    ],
    "S11": [
        Expected(
            "funding-requested",
            "investment-requested",
            {"investor": "microsoft", "investee": "openai"},
            "../2023-11",
            attribution="insiders",
        ),
    ],
    "S12": [
        Expected(
            "funding-reconsidered",
            "investment-reconsidered",
            {"investor": "microsoft", "investee": "openai"},
            "2023-11/..",
            attribution="insiders",
        ),
    ],
    "S13": [
        Expected(
            "compute-requested",
            "compute-requested",
            {"provider": "microsoft", "customer": "openai"},
            "../2025-05",
            attribution="insiders",
        ),
    ],
    "S14": [
        Expected(
            "compute-refused",
            "request-refused",
            {"party": "microsoft", "counterparty": "openai"},
            "../2025-05",
            attribution="insiders",
        ),
    ],
    "S15": [
        Expected(
            "cloud-relaxed",
            "exclusivity-relaxed",
            {"grantor": "openai", "holder": "microsoft"},
            "../2025-05",
            attribution="insiders",
        ),
    ],
    "S16": [
        Expected(
            "model-access-dispute",
            "dispute-raised",
            {"party": "microsoft", "counterparty": "openai"},
            "2025-05",
            attribution="insiders",
        ),
    ],
    "S17": [
        Expected(
            "less-dependence-sought",
            "dependence-changed",
            {"dependent": "microsoft", "supplier": "openai"},
            "../2025-05",
            attribution="insiders",
        ),
    ],
    "S18": [
        Expected(
            "secret-model-project",
            "rival-effort-started",
            {"party": "microsoft", "rival": "openai"},
            "../2025-05",
            attribution="insiders",
        ),
    ],
    "S19": [
        Expected(
            "technical-detail-complaint",
            "dispute-raised",
            {"party": "microsoft", "counterparty": "openai"},
            "../2025-05",
            attribution="insiders",
        ),
    ],
    "S20": [
        Expected(
            "agi-doubted",
            "assessment-published",
            {"speaker": "microsoft", "about": "openai", "counterparty": "microsoft"},
            "2025-05",
            attribution="named",
        ),
    ],
    "S21": [
        Expected("sutskever-departed", "leader-departed", {"organisation": "openai", "person": "ilya-sutskever"}, None),
    ],
    "S22": [
        Expected("twelve-days", "product-launched", {"party": "openai"}, "2024-12", attribution="analysis"),
    ],
    "S23": [
        Expected("o3-benchmark-allegation", "assessment-published", {"about": "openai"}, "2024-12/2025-05"),
    ],
    "S24": [
        Expected(
            "altman-confident", "statement-made", {"speaker": "sam-altman"}, "../2025-05", attribution="on-record"
        ),
    ],
    "S25": [
        Expected(
            "nadella-benchmark",
            "statement-made",
            {"speaker": "satya-nadella", "about": "openai"},
            "2025-02",
            attribution="on-record",
            sic=True,
        ),
    ],
    "S26": [
        Expected("copilot-first", "rival-effort-started", {"party": "satya-nadella", "rival": "openai"}, "../2025-05"),
    ],
    "S27": [
        Expected(
            "inflection-hired",
            "acquisition-made",
            {"acquirer": "microsoft", "target": "inflection"},
            None,
            sic=True,
            amount="650M USD",
        ),
    ],
    "S28": [
        Expected("inflection-untold", "notice-withheld", {"party": "microsoft", "counterparty": "openai"}, None),
    ],
    "S29": [
        Expected(
            "suleyman-model",
            "rival-effort-started",
            {"party": "mustafa-suleyman", "rival": "openai"},
            "2024",
            attribution="insiders",
        ),
    ],
    "S30": [
        Expected(
            "dependence-extended",
            "dependence-changed",
            {"dependent": "microsoft", "supplier": "openai"},
            "2024",
            attribution="insiders",
        ),
    ],
    "S31": [
        Expected("ip-meeting", "dispute-raised", {"party": "mustafa-suleyman", "counterparty": "openai"}, None),
    ],
    "S32": [
        Expected("text-messages", "contact-made", {"party": "satya-nadella", "counterparty": "sam-altman"}, None),
    ],
    "S33": [
        Expected("pbc-plan", "restructuring-announced", {"organisation": "openai"}, "2024-12", attribution="document"),
    ],
    "S34": [
        Expected(
            "may-block-restructuring", "right-granted", {"holder": "microsoft", "against": "openai"}, "../2025-05"
        ),
    ],
    "S35": [
        Expected(
            "no-block-intended",
            "assessment-published",
            {"about": "microsoft", "counterparty": "openai"},
            "2025-05",
            attribution="analysis",
        ),
    ],
    "S36": [
        Expected(
            "stumbling-block",
            "assessment-published",
            {"about": "microsoft", "counterparty": "openai"},
            "2025-05",
            attribution="analysis",
            sic=True,
        ),
    ],
    "S37": [
        Expected(
            "stargate-planned",
            "agreement-reached",
            {"party": "openai", "counterparty": "softbank", "others": ("stargate",)},
            "2025-01",
            amount="500B USD",
        ),
    ],
    "S38": [
        Expected(
            "silent-on-stargate", "statement-made", {"speaker": "microsoft", "about": "openai"}, "2025-01", sic=True
        ),
    ],
    "S39": [
        Expected("agi-clause", "right-granted", {"holder": "openai", "against": "microsoft"}, "../2025-05"),
    ],
    "S40": [
        Expected(
            "apple-observer-planned", "board-seat-planned", {"organisation": "openai", "holder": "apple"}, "2024-22"
        ),
    ],
    "S41": [
        Expected("apple-cooperation", "contact-made", {"party": "apple", "counterparty": "openai"}, "2025-05"),
        Expected("partner-meetings", "contact-made", {"party": "openai", "counterparty": "microsoft"}, "2025-05"),
    ],
    "S42": [
        Expected("ohio-paused", "compute-paused", {"provider": "microsoft"}, "2025-05", sic=True, amount="1B USD"),
    ],
    "S43": [
        Expected("projects-slowed", "compute-paused", {"provider": "microsoft"}, "2025-05", attribution="on-record"),
    ],
    "S44": [
        Expected(
            "walsh-on-pacing",
            "statement-made",
            {"speaker": "noelle-walsh"},
            "2025-05",
            attribution="on-record",
            sic=True,
        ),
    ],
    "S45": [
        Expected(
            "ceos-at-odds",
            "dispute-raised",
            {"party": "sam-altman", "counterparty": "satya-nadella"},
            "2025-05",
            attribution="insiders",
        ),
    ],
    "S46": [
        Expected(
            "warm-posts",
            "statement-made",
            {"speaker": "sam-altman", "about": "satya-nadella"},
            "2025-05~",
            attribution="on-record",
            sic=True,
        ),
    ],
    "C01": [
        Expected(
            "headline-cut-off",
            "assessment-published",
            {"about": "microsoft", "counterparty": "openai"},
            "2025-05",
            attribution="headline",
            sic=True,
        ),
    ],
    "C02": [
        Expected(
            "compute-may-plunge",
            "assessment-published",
            {"about": "microsoft", "counterparty": "openai"},
            "2025-05",
            attribution="analysis",
        ),
    ],
    "C03": [
        Expected(
            "tense-relationship",
            "assessment-published",
            {"about": "microsoft", "counterparty": "openai"},
            "2025-05",
            attribution="analysis",
        ),
    ],
    "C04": [
        Expected(
            "infrastructure-rethought",
            "assessment-published",
            {"about": "microsoft"},
            "2025-05",
            attribution="analysis",
        ),
    ],
    "C05": [
        Expected(
            "different-direction", "assessment-published", {"about": "microsoft", "counterparty": "openai"}, "2025-05"
        ),
    ],
    "C06": [
        Expected("image-craze", "assessment-published", {"about": "openai"}, "2025-03/2025-05", attribution="analysis"),
    ],
    "C07": [
        Expected(
            "resentment",
            "assessment-published",
            {"about": "microsoft", "counterparty": "openai"},
            "2025-05",
            attribution="analysis",
        ),
    ],
}
