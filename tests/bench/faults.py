"""Fails every call that saves something, on every path that does: `python -m tests.bench.faults`. Linux with a C compiler.

Prints a line for each path: how many calls it makes, and what became of a full disk (ENOSPC) and a broken one (EIO) at each.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.faults import POSSIBLE, build, run_cases


def main() -> None:
    if not POSSIBLE:
        sys.exit("needs Linux and a C compiler")
    started, tried, problems = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory() as name:
        shim = build(Path(name))
        for kind in ("light", "torch"):
            for error in ("ENOSPC", "EIO"):
                for case, found in run_cases(shim, kind, error, Path(name)).items():
                    tried += found["tried"]
                    problems += len(found["problems"])
                    named = ", ".join(f"{n} {kind}" for kind, n in found["failed"].items())
                    print(
                        f"{error:7}{case:32}{found['calls']:4} calls: {named or 'none failed'}, {found['tolerated']} overcome"
                    )
                    for problem in found["problems"]:
                        print(f"       {problem}")
    print(f"{tried:,} failing calls, {problems} problems, {time.monotonic() - started:.0f} s")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
