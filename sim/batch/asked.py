"""How much may be asked for: above these bounds a number is a slip, and the work would never end."""

from __future__ import annotations

from pathways.problems import Problem

MOST = {
    "replications": 10_000,
    "draws": 100_000,
    "one-way": 10_000,
    "runs": 1_000_000,
    "unknowns": 1_000,
    "workers": 1_024,
}
"""The most of each that can be meant. England's largest regions take seconds a run, so that these take weeks."""
LARGEST_SEED = 2**63 - 1
"""The largest number of 64 bits with a sign."""
LONGEST = 32


def too_much(**asked: int) -> list[Problem]:
    """A problem for each number that is larger than can be meant; `one_way` stands for `one-way`.

    >>> [str(problem) for problem in too_much(replications=20_000, workers=8, seed=2**64)]
    ['replications: 20,000 is written; use 10,000 at most.', 'seed: 18446744073709551616 is written; use one below 2 to the 63.']
    """
    problems = []
    for option, number in asked.items():
        name = option.replace("_", "-")
        if name == "seed":
            if number > LARGEST_SEED:
                says = f"{_shown(str(number))} is written; use one below 2 to the 63."
                problems.append(Problem("seed", "seed", says))
        elif number > MOST[name]:
            problems.append(Problem(name, name, f"{_shown(f'{number:,}')} is written; use {MOST[name]:,} at most."))
    return problems


def _shown(number: str) -> str:
    return number if len(number) <= LONGEST else f"{number[:LONGEST]}…"
