"""Run a command and print what it took: `python -S launch.py OUTPUT ERRORS COMMAND…`.

A process of its own, and a small one: the most memory that a child held begins, for the kernel, with what its parent
held when it forked.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    """Run the command of the arguments; print its seconds, its peak as the system counts it, and its exit code."""
    output, errors, *command = sys.argv[1:]
    # Files and not pipes: a pipe that nobody empties would stop the process that is measured.
    with Path(output).open("wb") as out, Path(errors).open("wb") as err:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    print(json.dumps({"seconds": seconds, "peak": usage.ru_maxrss, "code": child.returncode}))


if __name__ == "__main__":
    main()
