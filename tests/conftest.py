"""What every test shares: how hypothesis looks for counterexamples."""

from __future__ import annotations

from hypothesis import settings

# The same examples on every machine and run, and no memory between runs: a red test is red for everyone. No deadline,
# because a busy disk is not a bug. `pytest --hypothesis-profile=explore` looks further, with new examples each time.
settings.register_profile("ci", derandomize=True, database=None, deadline=None, print_blob=True)
settings.register_profile("explore", max_examples=2000, database=None, deadline=None, print_blob=True)
settings.load_profile("ci")
