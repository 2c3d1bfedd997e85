"""Checks of shares: those of a decision add to one, and nobody is left without a way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pathways.checks.rule import check_of_values, problem
from pathways.checks.walk import conditions, decisions_of, single
from pathways.decision import REST, Decision
from pathways.draft import Draft
from pathways.pathway import Pathway
from pathways.problems import Problem

MOST_CASES = 12
"""Options with conditions up to which every combination of them is tried."""
TOLERANCE = 1e-9


@check_of_values
def shares_add_to_one(draft: Draft) -> Iterator[Problem]:
    """The shares of a decision's options add to one, with at most one 'rest'.

    Options that are never open to the same patient do not add up: those of the fullest possible case count.
    """
    for path, decision in decisions_of(draft):
        shares = {name: option.share for name, option in decision.options.items()}
        if REST in shares.values():
            fullest = _fullest(draft, decision)
            shares = {name: share for name, share in shares.items() if share == REST or name in fullest}
        yield from _shares(draft, path, shares, what="the shares")
    for name, lever in draft.named["levers"].items():
        for position, change in enumerate(lever.changes, 1):
            if change.freed:
                yield from _shares(
                    draft, f"levers.{name}.changes[{position}].freed", change.freed, what="what is freed"
                )


def _fullest(draft: Draft, decision: Decision) -> set[str]:
    """The options besides the rest that may be open to one patient at once and have the largest shares together."""

    def share(name: str) -> float:
        quantity = single(draft, decision.options[name].share)
        return quantity.number() if quantity is not None else 0.0

    return max(open_together(draft, decision), key=lambda case: sum(share(name) for name in case))


def open_together(draft: Draft, decision: Decision) -> list[set[str]]:
    """Every set of options besides the rest that may be open to one patient at once: those without levels in a `when`
    stand in each of them.

    With more conditions than can be tried, all options as one.
    """
    options = {name: option for name, option in decision.options.items() if option.share != REST}
    levels = {
        name: {
            condition.feature: condition.levels
            for condition in conditions(draft, option.when)[0]
            if condition.levels is not None
        }
        for name, option in options.items()
    }

    def together(first: str, second: str) -> bool:
        both = levels[first].keys() & levels[second].keys()
        return all(levels[first][feature] & levels[second][feature] for feature in both)

    always = {name for name in options if not levels[name]}
    some = [name for name in options if levels[name]]
    if len(some) > MOST_CASES:
        return [set(options)]
    cases: list[set[str]] = [set()]
    for name in some:
        cases += [case | {name} for case in cases if all(together(name, other) for other in case)]
    return [always | case for case in cases]


def shares_together(pathway: Pathway) -> list[list[Counter[str]]]:
    """Quantities that are shares of one whole: for each decision, and what a lever frees, all cases in which some are
    open at once, with how often each stands there.

    Only where an option takes the rest: elsewhere shares must add to 1 as they are written.

    >>> from pathways import load_pathway
    >>> physio = next(cases for cases in shares_together(load_pathway("usual_care")) if "physio_to_triage_share" in cases[0])
    >>> physio
    [Counter({'physio_to_triage_share': 1})]
    """
    draft, found = Draft.of(pathway), []
    for _, decision in decisions_of(draft):
        shares = {name: option.share for name, option in decision.options.items()}
        if REST in shares.values():
            cases = open_together(draft, decision)
            largest = [case for case in cases if not any(case < other for other in cases)]
            found.append([Counter(shares[name] for name in case) for case in largest])
    for lever in pathway.levers.values():
        freed = [change.freed for change in lever.changes if change.freed and REST in change.freed.values()]
        found += [[Counter(share for share in shares.values() if share != REST)] for shares in freed]
    return found


def _shares(draft: Draft, path: str, shares: dict[str, str], *, what: str) -> Iterator[Problem]:
    rests = [name for name, share in shares.items() if share == REST]
    given = {name: single(draft, share) for name, share in shares.items() if share != REST}
    if any(quantity is None for quantity in given.values()):
        return
    values = {name: quantity.number() for name, quantity in given.items() if quantity is not None}
    total = sum(values.values())
    if len(rests) > 1:
        yield problem(
            draft, shares_add_to_one, path, f"'rest' is written for {' and '.join(rests)}; only one can have it."
        )
    elif rests and total > 1 + TOLERANCE:
        largest = max(values, key=lambda name: values[name])
        yield problem(
            draft,
            shares_add_to_one,
            path,
            f"{what} add to {total:.4g} before 'rest', so nothing is left for '{rests[0]}'. "
            f"Lower '{largest}' ({values[largest]:g}).",
        )
    elif not rests and abs(total - 1) > TOLERANCE:
        largest = max(values, key=lambda name: values[name])
        yield problem(
            draft,
            shares_add_to_one,
            path,
            f"{what} add to {total:.4g}, they must add to 1. "
            f"{'Lower' if total > 1 else 'Raise'} '{largest}' ({values[largest]:g}), "
            "or write 'rest' for one of them to let it take what is left.",
        )


@check_of_values
def someone_always_has_a_way(draft: Draft) -> Iterator[Problem]:
    """At least one option of a decision is open to everyone and has a share, which no odds take away."""
    for path, decision in decisions_of(draft):
        if all(option.when for option in decision.options.values()):
            says = "every option has a 'when', so some patients may have nowhere to go. Leave one open."
        elif not any(_keeps_a_share(draft, decision, name) for name in decision.options):
            says = (
                "no option that is open to everyone keeps a share above 0, so some patients may have nowhere to go. "
                "Give one a share, and no odds of 0."
            )
        else:
            continue
        yield problem(draft, someone_always_has_a_way, path, says)


def _keeps_a_share(draft: Draft, decision: Decision, name: str) -> bool:
    """Whether an option is open to everyone, and odds of 0 can leave them no other without leaving them this."""
    option = decision.options[name]
    to_zero = [odds for odds in decision.odds if (times := single(draft, odds.times)) and times.number() == 0]
    if option.when or any(odds.option == name and not odds.when for odds in to_zero):
        return False
    if option.share != REST:
        quantity = single(draft, option.share)
        return quantity is None or quantity.number() > 0
    shares = [single(draft, decision.options[other].share) for other in _fullest(draft, decision)]
    left = 1 - sum(quantity.number() for quantity in shares if quantity is not None)
    # where nothing is left for the rest, others have it all, and keep it unless odds of 0 take it
    return left > TOLERANCE or not to_zero
