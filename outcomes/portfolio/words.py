"""Amounts in words: pounds, people and names, as the sentences of a portfolio write them."""

from __future__ import annotations

from collections.abc import Sequence

MILLION = 1e6
LEAST_IN_MILLIONS = 5000
"""Pounds that can still be told from nothing when they are written as £0.01m."""
LARGEST = 3
"""So many of the largest floors are named."""


def pounds(value: float) -> str:
    """Pounds, in millions from one million: exact below, as the moves of a plan must add up to its budget.

    Results of runs are told to three figures instead (`ui.words.money`), since no run knows more.

    >>> pounds(4_499_864.7), pounds(1719.4), pounds(-250.0)
    ('£4.50m', '£1,719', '−£250')
    """
    sign = "−" if value < 0 else ""
    size = abs(value)
    return f"{sign}£{size / MILLION:.2f}m" if size >= MILLION else f"{sign}£{size:,.0f}"


def number(value: float) -> str:
    """A number of QALYs or people: whole from a hundred, to three figures below.

    >>> number(7703.8), number(0.0378), number(88.0), number(-18.48)
    ('7,704', '0.0378', '88', '−18.5')
    """
    sign = "−" if value < 0 else ""
    size = abs(value)
    return f"{sign}{size:,.0f}" if size >= 100 else f"{sign}{size:.3g}"


def share(value: float) -> str:
    """A share in whole percent.

    >>> share(0.685)
    '68%'
    """
    return f"{100 * value:.0f}%"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> listed(["yoga"]), listed(["yoga", "belts", "scans"])
    ('yoga', 'yoga, belts and scans')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def shortfall(need: float, there: float, called: str, unit: str, floors: Sequence[tuple[str, float]]) -> str:
    r"""Why floors cannot be kept: what they need, what there is, and the largest of them. `unit` is '£' or a thing.

    >>> said = shortfall(4.62e6, 4.5e6, "budget is", "£", [("surgery", 4.58e6), ("yoga", 4e4)])
    >>> print(said.replace(": ", ":\n"))
    Infeasible:
    floors need £4.62m, budget is £4.50m (short £0.12m):
    largest floors surgery £4.58m, yoga £0.04m. Lower them, or raise what there is.
    """
    millions = need >= MILLION and need - there >= LEAST_IN_MILLIONS

    def written(amount: float) -> str:
        if unit != "£":
            return f"{number(amount)} {unit}"
        return f"£{amount / MILLION:.2f}m" if millions else f"£{amount:,.0f}"

    most = sorted(floors, key=lambda floor: -floor[1])[:LARGEST]
    largest = ", ".join(f"{name} {written(amount)}" for name, amount in most if amount > 0)
    return (
        f"Infeasible: floors need {written(need)}, {called} {written(there)} (short {written(need - there)}): "
        f"largest floors {largest}. Lower them, or raise what there is."
    )
