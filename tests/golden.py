"""The golden lines, and the script that adds to them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_PATH = Path(__file__).parent.parent / "scripts" / "write_golden.py"
_SPEC = importlib.util.spec_from_file_location("write_golden", _PATH)
assert _SPEC is not None and _SPEC.loader is not None
write_golden = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(write_golden)

GOLDEN: Path = write_golden.GOLDEN
sample = write_golden.sample
