"""`python scripts/faults`: run the trials."""

import sys
from pathlib import Path

# The folder itself comes first on the path, where its modules would be taken for top-level ones.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from faults.command import main  # noqa: E402 - found by the line above

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
