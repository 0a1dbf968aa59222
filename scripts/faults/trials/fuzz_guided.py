"""Texts that coverage leads to: what took a new way through a reader is changed further (libFuzzer, by atheris)."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from faults.frame import Round, Skipped, Trial
from faults.fuzzing import HOSTILE, LONGEST, Target, targets
from faults.guided_controls import controls

FIRST, MOST = 15_000, 2_000_000
"""Texts of a target's first round, and of any: each turn doubles them, because coverage begins anew in each round."""

HANGS_SECONDS = 10
"""What takes a thousand times as long as any text should is a hang."""

MEMORY_MB = 1024

RUNS = re.compile(r"^stat::number_of_executed_units: (\d+)", re.MULTILINE)


def run(round_: Round) -> None:
    """Give one target after another what coverage leads to."""
    listed = list(targets().values())
    turn, which = divmod(round_.number, len(listed))
    target = listed[which]
    texts = min(FIRST * 2**turn, MOST) // target.cost
    round_.count(target.name, _fuzz(round_, target, min(texts, round_.left)))


def control(round_: Round) -> None:
    """Look for a word in a reader that chance alone would not come to, and for a text that it never finishes."""
    for target in controls().values():
        found = len(round_.breaches)
        _fuzz(round_, target, 1_000_000, hangs=2)
        if len(round_.breaches) == found:
            raise AssertionError(f"{target.name} was not found out")


def _fuzz(round_: Round, target: Target, texts: int, hangs: int = HANGS_SECONDS) -> int:
    """Run libFuzzer over a target, and return how many texts it tried."""
    if importlib.util.find_spec("atheris") is None:
        raise Skipped("atheris, which guides by coverage, has no wheel for this system and Python")
    folder = round_.folder / target.name
    corpus = folder / "corpus"
    corpus.mkdir(parents=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_text(seed, encoding="utf-8")
    words = [piece.encode("utf-8", "surrogatepass") for piece in (*target.pieces, *HOSTILE)]
    (folder / "words").write_text("".join(f'"{_escaped(word)}"\n' for word in words), encoding="ascii")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "faults.guided_worker", target.name, str(folder / "found")),
            *(f"-runs={texts}", f"-seed={round_.chance.randrange(1, 2**31)}", f"-max_len={LONGEST}"),
            *(f"-timeout={hangs}", f"-rss_limit_mb={MEMORY_MB}", f"-dict={folder / 'words'}"),
            *(f"-artifact_prefix={folder}/", f"-max_total_time={round_.seconds_left(3600):.0f}"),
            *("-print_final_stats=1", "-verbosity=0", str(corpus)),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        # What a target leaves goes with the round: libFuzzer ends its process without Python's last words.
        env={**os.environ, "TMPDIR": str(folder), "PYTHONHASHSEED": "0", "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    tried = int(told[1]) if (told := RUNS.search(done.stderr)) else 0
    round_.tried(tried)
    for line in _lines(folder / "found"):
        breach = json.loads(line)
        round_.breach(f"{target.name}: {breach['error'][:300]}: {breach['text'][:300]!r}")
    for kept in sorted((*folder.glob("timeout-*"), *folder.glob("oom-*"), *folder.glob("crash-*"))):
        text = kept.read_bytes().decode("utf-8", "surrogateescape")
        round_.breach(f"{target.name}: {kept.name.partition('-')[0]}: {text[:300]!r}")
    if done.returncode != 0 and not round_.breaches:
        round_.breach(f"{target.name}: ended by itself ({done.returncode}): {done.stderr[-500:]}")
    return tried


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word[:60])


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


TRIAL = Trial(
    name="fuzz_guided",
    promise="the same of texts to which coverage leads, none of which takes ten seconds or a gigabyte",
    unit="texts",
    ci=100_000,
    full=100_000_000,
    run=run,
    breaks="readers that break at one word, and that never finish",
    control=control,
    patience=1,
)
