"""`python -m tests.fuzz --inputs 100000`: tries so many damaged inputs and tells what escaped."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.progress import track

from tests.fuzz.trial import Escape, escape_of, trial_of, undamaged

MOST_TOLD = 3


def main() -> int:
    """Tries the inputs; the exit code is 1 where something escaped."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=2000, help="how many")
    parser.add_argument("--seed", type=int, default=1, help="of all chance")
    parser.add_argument("--first", type=int, default=0, help="the number of the first")
    parser.add_argument("--only", type=int, help="try the input of this number alone, and show what it says")
    parser.add_argument("--keep", type=Path, help="with --only: leave its files in this folder")
    asked = parser.parse_args()
    console = Console(stderr=True, force_terminal=False)
    wrong = undamaged()
    for escape in wrong:
        console.print(str(escape), markup=False, highlight=False, soft_wrap=True)
    if wrong:
        return 1
    if asked.only is not None:
        trial = trial_of(asked.seed, asked.only)
        console.print(
            "\n".join((trial.surface, " ".join(trial.words), *trial.how)), markup=False, highlight=False, soft_wrap=True
        )
        escape = escape_of(trial, asked.keep)
        console.print(str(escape) if escape else "Nothing escaped.", markup=False, highlight=False, soft_wrap=True)
        return 1 if escape else 0
    numbers = range(asked.first, asked.first + asked.inputs)
    found: Counter[str] = Counter()
    for number in track(numbers, "Trying", console=Console(stderr=True)):
        escape = escape_of(trial_of(asked.seed, number))
        if escape:
            _tell(escape, found, console)
    console.print(f"{asked.inputs:,} inputs, seed {asked.seed}: {sum(found.values())} escapes of {len(found)} kinds.")
    for kind, times in found.most_common():
        console.print(f"{times:6}  {kind}", markup=False, highlight=False, soft_wrap=True)
    return 1 if found else 0


def _tell(escape: Escape, found: Counter[str], console: Console) -> None:
    """Shows the first few escapes of each kind."""
    found[escape.kind] += 1
    if found[escape.kind] <= MOST_TOLD:
        console.print(str(escape), markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
