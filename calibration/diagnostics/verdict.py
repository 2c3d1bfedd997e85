"""What the checks of a fit come to: one line, with the reasons, and everything as plain numbers for a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from calibration.diagnostics.back_test import BackTest
from calibration.diagnostics.checks import SECOND
from calibration.diagnostics.identifiability import PILED, Knowledge
from calibration.diagnostics.prior_predictive import Placed
from calibration.diagnostics.simulated_truths import Calibrated
from calibration.dispersion import Dispersed
from calibration.fitting.fit import EFFECTIVE, R_HAT, SURPRISED
from calibration.fitting.found import Fit
from calibration.reproduced import FAR, Compared, Reproduced

CALIBRATED, WITH_WARNINGS, NOT_MATCHED = "CALIBRATED", "CALIBRATED WITH WARNINGS", "NOT MATCHED"
MISSED = 3.0
"""Standard deviations between fresh runs and what was published above which a series is not matched; above `FAR` it is told."""
TOGETHER = 0.001
"""A misfit of all figures together that chance explains this rarely is told."""
RARELY = 0.01
"""What chance gives this rarely in any of the series is told of that series: few figures inside bands, or a wild shape."""
HALF = 0.5
"""A series is not matched where fewer of its figures lie inside their 90% bands, and chance gives that more rarely than
`TOGETHER` in any of the series."""
WILD, ROUGH = 10.0, 0.15
"""A series is not matched where it varies about level, trend and season with more than so many times the variance of runs,
and typically by more than this share of its level. One alone is told: large counts show small things, small counts are wild
by chance. Our judgement."""
FAILED = 0.2
"""More runs that come to nothing than this share are told."""
COVERED, NOMINAL = 0.85, 0.9
"""Simulated truths inside 90% intervals: fewer than the first is told, where chance does not explain it."""
UNEVEN = 0.01
"""Ranks of simulated truths so uneven by chance this rarely, over all quantities, are told."""
MOVED, DIFFERS = 0.25, 1.0
"""Posterior spreads by which a median may move with another seed, and with another method."""
HELD = 0.75
"""Back-test: fewer of the held-out figures inside their 90% bands are told."""


@dataclass(frozen=True)
class Checks:
    """Everything that was checked of a fit. Without a fit (targets beyond the prior) only `placed` is there."""

    placed: Sequence[Placed]
    knowledge: Knowledge | None = None
    reproduced: Reproduced | None = None
    local: Calibrated | None = None
    overall: Calibrated | None = None
    seeds: np.ndarray | None = None
    methods: np.ndarray | None = None
    worth: dict[str, tuple[str, float]] | None = None
    back_test: BackTest | None = None


@dataclass(frozen=True)
class Verdict:
    """The line that a calibration ends in, and its reasons, one sentence each."""

    word: str
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.word}: {' '.join(self.reasons)}" if self.reasons else self.word

    @property
    def short(self) -> str:
        """The word and the first reason, to travel with results."""
        if not self.reasons:
            return self.word
        more = f" And {len(self.reasons) - 1} more." if len(self.reasons) > 1 else ""
        return f"{self.word}: {self.reasons[0]}{more}"


def judged(fit: Fit | None, checks: Checks) -> Verdict:
    """The verdict: first whether every series is matched, then what else must be known."""
    impossible = [f"{row}." for row in checks.placed if row.impossible]
    if fit is None or checks.reproduced is None:
        return Verdict(NOT_MATCHED, tuple(impossible))
    missed = tuple(_not_matched(checks.reproduced))
    if missed:
        return Verdict(NOT_MATCHED, missed)
    warnings = [reason for reasons in doubts(fit, checks).values() for reason in reasons]
    return Verdict(WITH_WARNINGS if warnings else CALIBRATED, tuple(warnings))


def doubts(fit: Fit, checks: Checks) -> dict[str, list[str]]:
    """What each check holds against a fit, sentences by check: audit, fresh, runs, emulator, chains, truths, ranges,
    again, held_out. Verdict and report judge by these alone."""
    return {
        "audit": [f"Rare before any data: {row}." for row in checks.placed],
        "fresh": list(_about_fresh_runs(checks)),
        "runs": []
        if few_failed(fit.failed, fit.runs)
        else [f"{fit.failed / fit.runs:.0%} of the runs came to nothing."],
        "emulator": list(_about_emulator(fit)),
        "chains": list(_about_chains(fit)),
        "truths": list(_about_truths(fit, checks)),
        "ranges": list(_about_ranges(fit, checks)),
        "again": list(_about_others(fit, checks)),
        "held_out": list(_about_what_was_held_out(checks)),
    }


def few_failed(failed: int, made: int) -> bool:
    """Whether so few runs came to nothing that it need not be told.

    >>> few_failed(20, 100), few_failed(21, 100)
    (True, False)
    """
    return failed <= FAILED * made


def is_missed(row: Compared) -> bool:
    """Whether a level, trend or share, or some figure, lies so far off that its series is not matched."""
    return row.off > MISSED or row.excluded or bool(row.far)


def _not_matched(found: Reproduced) -> Iterator[str]:
    for row in found.compared:
        if row.off > MISSED or row.excluded:
            yield str(row)
        elif row.far:
            yield row.far
        elif row.within_90 < HALF and row.few_inside < TOGETHER / len(found.compared):
            yield _few_inside(row)
    for each in unusual(found):
        if each.factor > WILD and each.typical > ROUGH:
            yield (
                f"{_of_line(each)}: about its level, trend and season it varies {each.factor:.0f} times as much as runs do "
                f"(variance), typically by {each.typical:.0%} of its level. No run has such a shape: fit the dates on one side of "
                "what happened."
            )


def _about_fresh_runs(checks: Checks) -> Iterator[str]:
    assert checks.reproduced is not None
    found = checks.reproduced
    yield from (str(row) for row in found.compared if row.off > FAR)
    few = [row for row in found.compared if row.few_inside < RARELY / len(found.compared)]
    yield from (_few_inside(row) for row in few)
    if found.together.chance < RARELY and not few:
        yield (
            f"{found.share_inside(90):.0%} of all figures lie inside the 90% bands of fresh runs and {found.share_inside(50):.0%} "
            f"inside the 50% bands; chance gives so few with probability {found.together.chance:.1g}."
        )
    for each in unusual(found):
        yield (
            f"{_of_line(each)}: about its level, trend and season it varies {each.factor:.1f} times as much as runs do "
            "(variance); its noise was widened by that."
        )
    if found.p < TOGETHER:
        yield f"All figures together are further off than chance explains (probability {found.p:.1g})."


def unusual(found: Reproduced) -> list[Dispersed]:
    """The lines that vary more than chance between runs explains, over all lines."""
    told = [each for each in found.dispersed if each.told]
    return [each for each in told if each.p < RARELY / len(told)]


def _of_line(each: Dispersed) -> str:
    return f"{each.series}, share {each.part}" if each.part else each.series


def _few_inside(row: Compared) -> str:
    inside, half = round(row.within_90 * row.figures), round(row.within_50 * row.figures)
    return (
        f"{row.series}: {inside} of {row.figures} figures lie inside the 90% bands of fresh runs and {half} inside the 50% bands; "
        f"chance gives so few with probability {row.few_inside:.1g}."
    )


def _about_emulator(fit: Fit) -> Iterator[str]:
    last = fit.waves[-1]
    if np.mean(last.surprise) > SURPRISED:
        worst = fit.summaries.names[int(np.argmax(last.surprise))]
        yield (
            f"The emulator predicts fresh runs worse than it expects ({np.mean(last.surprise):.2f} times the squared "
            f"error, most for {worst}): give more --runs."
        )


def _about_chains(fit: Fit) -> Iterator[str]:
    r_hat, effective = float(fit.chains.r_hat.max()), float(fit.chains.effective.min())
    if r_hat > R_HAT or effective < EFFECTIVE:
        yield f"The chains do not agree (R-hat {r_hat:.3f}, effective sample {effective:.0f}): give more --runs."


def _about_truths(fit: Fit, checks: Checks) -> Iterator[str]:
    near, overall = checks.local, checks.overall
    if near is not None and near.coverage < min(COVERED, NOMINAL - 2 * near.error):
        yield f"90% intervals hold {near.coverage:.0%} ± {near.error:.0%} of simulated truths near the answer."
    if overall is not None and uneven(overall).any():
        yield f"Ranks of simulated truths are uneven for {_names(fit, uneven(overall))}."


def uneven(asked: Calibrated) -> np.ndarray:
    """Of which unknowns the ranks of simulated truths are uneven, beyond what chance gives over all of them."""
    return np.asarray(asked.p_values < UNEVEN / len(asked.p_values))


def _about_ranges(fit: Fit, checks: Checks) -> Iterator[str]:
    if checks.knowledge is not None:
        piled = (checks.knowledge.table["at_edge"] > PILED).to_numpy()
        if piled.any():
            yield f"The data push {_names(fit, piled)} to the end of the range that was given."


def _about_others(fit: Fit, checks: Checks) -> Iterator[str]:
    if checks.seeds is not None and (checks.seeds > MOVED).any():
        yield f"Another seed moves the median of {_names(fit, checks.seeds > MOVED)}."
    if checks.methods is not None and (checks.methods > DIFFERS).any():
        second = SECOND[fit.settings.method]
        yield f"A second method ({second}) differs for {_names(fit, checks.methods > DIFFERS)}."


def _about_what_was_held_out(checks: Checks) -> Iterator[str]:
    if checks.back_test is not None and checks.back_test.coverage < HELD:
        yield f"Of the figures held out in the back-test {checks.back_test.coverage:.0%} lay in their 90% bands."


def _names(fit: Fit, chosen: np.ndarray) -> str:
    return ", ".join(name for name, is_so in zip(fit.unknowns, chosen, strict=True) if is_so)


def as_numbers(fit: Fit | None, checks: Checks, verdict: Verdict) -> dict[str, Any]:
    """Everything that was checked, for a JSON file."""
    found: dict[str, Any] = {
        "verdict": verdict.word,
        "reasons": list(verdict.reasons),
        "beyond_the_prior": [vars(row) for row in checks.placed],
    }
    if fit is None or checks.reproduced is None or checks.knowledge is None:
        return found
    found |= {
        "runs": {
            "made": fit.runs,
            "bank": fit.bank.made,
            "failed": fit.failed,
            "why_stopped": fit.why_stopped,
            "seed": fit.settings.seed,
            "method": fit.settings.method,
        },
        "waves": [
            {
                "wave": wave.number,
                "runs": wave.runs,
                "failed": wave.failed,
                "squared_error_over_expected": dict(zip(fit.summaries.names, wave.surprise.tolist(), strict=True)),
                "left_out_r2": dict(zip(fit.summaries.names, wave.explained.tolist(), strict=True)),
                "beyond_reach": wave.beyond,
            }
            for wave in fit.waves
        ],
        "chains": {
            "r_hat": _by_name(fit, fit.chains.r_hat),
            "effective": _by_name(fit, fit.chains.effective),
            "accepted": fit.chains.accepted,
        },
        "identifiability": {
            "quantities": checks.knowledge.table.to_dict("records"),
            "tied": [list(pair) for pair in checks.knowledge.tied],
            "collinearity_index": checks.knowledge.collinearity,
            "known_combinations": [list(each) for each in checks.knowledge.directions],
            "worth_collecting": {name: list(each) for name, each in (checks.worth or {}).items()},
        },
        "posterior_predictive": {
            "series": checks.reproduced.series.to_dict("records"),
            "statistic": checks.reproduced.chi_square,
            "freedom": checks.reproduced.freedom,
            "p": checks.reproduced.p,
            "within_50": checks.reproduced.share_inside(50),
            "within_90": checks.reproduced.share_inside(90),
            "few_inside": checks.reproduced.together.chance,
        },
        "dispersion": [vars(each) for each in checks.reproduced.dispersed],
        "another_seed": _by_name(fit, checks.seeds),
        "another_method": _by_name(fit, checks.methods),
        "simulated_truths": {
            name: {"coverage_90": each.coverage, "error": each.error, "p_values": _by_name(fit, each.p_values)}
            for name, each in (("local", checks.local), ("global", checks.overall))
            if each is not None
        },
    }
    if checks.back_test is not None:
        found["back_test"] = {
            "fitted_until": checks.back_test.split.isoformat(),
            "coverage_90": checks.back_test.coverage,
            "series": checks.back_test.table.to_dict("records"),
        }
    return found


def _by_name(fit: Fit, values: np.ndarray | None) -> dict[str, float]:
    return {} if values is None else dict(zip(fit.unknowns, values.tolist(), strict=True))
