"""Lets the program loose on every hostile input: `python -m tests.bench.attack [TOPIC …] [--only WORD] [--every N]`.

Prints, for each topic of tests/hostile, how many were attempted, how many refused by name, how many did no harm, and the
defects: an answer that is no refusal, a refusal without words, a wait of more than 20 seconds. Status 1 where there is one. A
topic is a module of tests/hostile that is named in its `TOPICS`; `kills` and `calls` need Linux, the latter a C compiler too.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.hostile import TOPICS, WHOLE, Tally, attacks_of, attempt, tally_of

MEMORY = Path("/dev/shm")
STUCK = 600.0  # seconds after which the whole is given up, with a dump of where it stands


def run(topic: str, only: str, every: int, folder: Path) -> Tally:
    """Attempts a topic's attacks one by one, each in an empty folder and with a home of its own."""
    if topic in WHOLE:
        # In memory where the system has such a place: a process that is killed leaves to the system what it has written.
        with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else folder) as place:
            os.environ["TLSTUDIO_HOME"] = f"{place}/home"
            return tally_of(topic, Path(place), every)
    tally = Tally()
    for number, attack in enumerate(attacks_of(topic)):
        if only not in attack.name or number % every:
            continue
        place = folder / f"{topic}-{number}"
        (place / "work").mkdir(parents=True)
        os.environ["TLSTUDIO_HOME"] = str(place / "home")
        faulthandler.dump_traceback_later(STUCK, exit=True)
        started = time.monotonic()
        refused, wrong = attempt(topic, attack, place / "work")
        faulthandler.cancel_dump_traceback_later()
        seconds = time.monotonic() - started
        tally.attempted += 1
        tally.refused += refused
        tally.passed += not refused and not wrong
        if wrong:
            tally.defects.append(f"{attack.name}: {wrong}")
        if wrong or seconds > 5:
            print(
                f"    {seconds:5.1f} s  {attack.name}: {wrong or 'refused' if refused or wrong else 'no harm'}",
                flush=True,
            )
        shutil.rmtree(place, ignore_errors=True)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=f"of {', '.join(TOPICS)}; default: all")
    parser.add_argument("--only", default="", help="attacks with this word in their name")
    parser.add_argument("--every", type=int, default=1, help="every n-th attack")
    options = parser.parse_args()
    bad = 0
    with tempfile.TemporaryDirectory(prefix="tlstudio-attack-") as name:
        for topic in options.topics or TOPICS:
            started = time.monotonic()
            tally = run(topic, options.only, options.every, Path(name))
            bad += len(tally.defects)
            print(
                f"{topic:10} attempted {tally.attempted}, refused by name {tally.refused}, no harm {tally.passed}, "
                f"defects {len(tally.defects)}; {time.monotonic() - started:.0f} s",
                flush=True,
            )
            for defect in tally.defects if topic in WHOLE else ():
                print(f"    {defect}", flush=True)
    from tlstudio.images.guard import DECODERS
    from tlstudio.training.vetting import GUARD

    for pool in (DECODERS, GUARD):
        pool.close()
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
