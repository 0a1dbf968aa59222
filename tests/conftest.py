"""What every test shares: how hypothesis looks for counterexamples, and a folder of somebody else's."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples on every machine and run, and no memory between runs: a red test is red for everyone. No deadline,
# because a busy disk is not a bug. `pytest --hypothesis-profile=explore` looks further, with new examples each time.
settings.register_profile("ci", derandomize=True, database=None, deadline=None, print_blob=True)
settings.register_profile("explore", max_examples=2000, database=None, deadline=None, print_blob=True)
settings.load_profile("ci")

# Who runs the tests in the background of a script has Ctrl-C ignored, and all that they start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def foreign_folder() -> Iterator[Path]:
    """Yield a folder that becomes read-only to us when `log_helpers.read_only` is called."""
    folder = Path(tempfile.mkdtemp())
    yield folder
    if os.getuid() == 0:
        os.seteuid(0)
    folder.chmod(0o755)
    shutil.rmtree(folder)
