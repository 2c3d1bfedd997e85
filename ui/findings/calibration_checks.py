"""The ten checks of a calibration in words, each with whether it is fine. Whether it is, `calibration.diagnostics.verdict` says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.diagnostics.checks import SECOND
from calibration.diagnostics.identifiability import PILED, TIED, Knowledge
from calibration.diagnostics.verdict import CALIBRATED, COVERED, DIFFERS, HELD, MOVED, few_failed, uneven
from calibration.fitting.fit import EFFECTIVE, R_HAT, SURPRISED
from calibration.reproduced import WORST, Reproduced
from sim.version import versions_in_words
from ui.findings.calibration import Told, each_of, in_words
from ui.words import percent_of

BOUNDLESS = 1000
"""Collinearity indices above this are told as what they are: none of the quantities can be told apart."""
TITLES = (
    "Target audit",
    "Runs",
    "Emulator",
    "Chains",
    "Identifiability",
    "Ranges against data",
    "Fresh runs against figures",
    "Simulated truths",
    "Another seed, another method",
    "Verdict",
)


@dataclass(frozen=True)
class Check:
    """One check: what was found, in sentences, and whether nothing speaks against the fit."""

    title: str
    fine: bool
    found: tuple[str, ...]


def checks_of(told: Told) -> list[Check]:
    """All ten, in their order. Those that need a fit say so where there is none."""
    ways = (_audit, _runs, _emulator, _chains, _identified, _ranges, _fresh, _truths, _again, _verdict)
    without = (_audit, _runs, _verdict)
    nothing = Check("", False, ("Not made: nothing was fitted.",))
    return [
        Check(title, check.fine, check.found)
        for title, way in zip(TITLES, ways, strict=True)
        for check in [way(told) if told.found.fit is not None or way in without else nothing]
    ]


def _audit(told: Told) -> Check:
    found = told.found
    said = [*found.targets.notes]
    said += [f"{'Impossible' if row.impossible else 'Rare'} before any data: {row}." for row in found.checks.placed]
    return Check("", not found.checks.placed, tuple(said))


def _runs(told: Told) -> Check:
    found = told.found
    fit = found.fit
    made, failed = (fit.runs, fit.failed) if fit else (found.bank.made, found.bank.failed)
    used = versions_in_words()
    said = [
        f"{made:,} runs, {failed} came to nothing, {found.seconds / 60:.1f} minutes, seed {found.settings.seed}.",
        f"It ended because {fit.why_stopped}." if fit else "It ended because figures lie beyond what the ranges give.",
        f"{used}.",
    ]
    return Check("", few_failed(failed, made), tuple(said))


def _emulator(told: Told) -> Check:
    fit = told.found.fit
    assert fit is not None
    last = fit.waves[-1]
    error = float(np.mean(last.surprise))
    worst, best = int(np.argmax(last.surprise)), int(np.argmax(last.explained))
    names = fit.summaries.names
    return Check(
        "",
        not told.doubts["emulator"],
        (
            f"Squared error of fresh runs {error:.2f} times that expected (limit {SURPRISED:g}); most for {names[worst]}, "
            f"{last.surprise[worst]:.2f}.",
            f"R² of runs left out {np.mean(last.explained):.2f} on average, {last.explained[best]:.2f} for {names[best]}: the rest "
            "is chance, and what is not fitted.",
            f"{percent_of(last.beyond)} of the last wave's runs lay beyond the reach of the runs before.",
        ),
    )


def _chains(told: Told) -> Check:
    fit = told.found.fit
    assert fit is not None
    r_hat, effective = float(fit.chains.r_hat.max()), float(fit.chains.effective.min())
    return Check(
        "",
        not told.doubts["chains"],
        (
            f"R-hat {r_hat:.3f} (limit {R_HAT:g}), effective sample {effective:,.0f} (at least {EFFECTIVE}), "
            f"{percent_of(fit.chains.accepted)} of the steps accepted.",
        ),
    )


def _identified(told: Told) -> Check:
    known = told.found.checks.knowledge
    assert known is not None
    counts = known.table["status"].value_counts()
    said = [", ".join(f"{counts.get(word, 0)} {word}" for word in ("informed", "weak", "not informed")) + "."]
    if known.not_informed:
        said.append(f"Not informed: {', '.join(map(in_words, known.not_informed))}.")
    tied = [f"{in_words(one)} and {in_words(other)} ({between:.2f})" for one, other, between in known.tied]
    said.append(f"Tied above {TIED:g}: {', '.join(tied) or 'none'}. Collinearity index {_index(known)}.")
    said.append(f"Combinations known: {len(known.directions)}.")
    return Check("", not tied, tuple(said))


def _ranges(told: Told) -> Check:
    known = told.found.checks.knowledge
    assert known is not None
    piled = known.table[known.table["at_edge"] > PILED]["quantity"]
    most = next(each_of(known.table.sort_values("at_edge", ascending=False)))
    said = (
        f"Pushed to the end of their range: {', '.join(map(in_words, piled)) or 'none'}.",
        f"Most draws in the outermost 2% of a range: {percent_of(most.at_edge)}, of {in_words(most.quantity)} "
        f"(limit {percent_of(PILED)}).",
    )
    return Check("", not told.doubts["ranges"], said)


def _fresh(told: Told) -> Check:
    checks = told.found.checks
    checked, tested = checks.reproduced, checks.back_test
    assert checked is not None
    half, most = checked.share_inside(50), checked.share_inside(90)
    worst = "; ".join(f"{told.series(row.series)} {row.off:.1f}" for row in each_of(checked.worst))
    said = [
        f"Inside the 50% bands {percent_of(half)}, inside the 90% bands {percent_of(most)} of the figures; chance gives as few "
        f"with probability {checked.together.chance:.2g}.",
        *_varying(told, checked),
        f"All summaries together: {checked.chi_square:.1f} over {checked.freedom}, p {checked.p:.2f}.",
        f"Furthest off, in standard deviations: {worst}.",
        "No back-test was made."
        if tested is None
        else f"Held out: {percent_of(tested.coverage)} inside their 90% bands (limit {percent_of(HELD)}).",
    ]
    return Check("", not (told.doubts["fresh"] or told.doubts["held_out"]), tuple(said))


def _varying(told: Told, checked: Reproduced) -> list[str]:
    """How much more series vary than runs do, and of which it cannot be told."""
    more = [each for each in checked.dispersed if each.told and each.factor > 1]
    more = sorted(more, key=lambda each: -each.factor)[:WORST]
    untold = dict.fromkeys(told.series(each.series) for each in checked.dispersed if not each.told)
    factors = "; ".join(
        f"{told.series(each.series)}{f', {each.part},' if each.part else ''} {each.factor:.1f}" for each in more
    )
    said = [
        f"Variance about level, trend and season over that of runs (noise is widened by it): {factors or 'nowhere more'}."
    ]
    if untold:
        said.append(f"Too few figures to tell whether they vary more than runs do: {'; '.join(untold)}.")
    return said


def _truths(told: Told) -> Check:
    found = told.found
    near, overall = found.checks.local, found.checks.overall
    assert near is not None
    assert overall is not None
    assert found.fit is not None
    names = [in_words(name) for name, is_so in zip(found.fit.unknowns, uneven(overall), strict=True) if is_so]
    said = (
        f"Near the answer 90% intervals hold {percent_of(near.coverage)} ± {percent_of(near.error)} of {len(near.ranks)} "
        f"simulated truths (limit {percent_of(COVERED)}), over the whole range {percent_of(overall.coverage)} ± "
        f"{percent_of(overall.error)} of {len(overall.ranks)}.",
        f"Ranks uneven (Kolmogorov and Smirnov): {', '.join(names) or 'of none'}.",
    )
    return Check("", not told.doubts["truths"], said)


def _index(known: Knowledge) -> str:
    """The collinearity index; without bound where there are more quantities than figures tell apart."""
    return (
        f"{known.collinearity:.0f}" if known.collinearity < BOUNDLESS else "without bound: more quantities than figures"
    )


def _again(told: Told) -> Check:
    found = told.found
    fit, seeds, methods = found.fit, found.checks.seeds, found.checks.methods
    assert fit is not None
    assert seeds is not None
    assert methods is not None
    far, apart = int(np.argmax(seeds)), int(np.argmax(methods))
    said = (
        f"Another seed moves medians by at most {seeds[far]:.2f} spreads ({in_words(fit.unknowns[far])}; limit {MOVED:g}).",
        f"A second method ({SECOND[fit.settings.method]}) gives medians at most {methods[apart]:.2f} spreads away "
        f"({in_words(fit.unknowns[apart])}; limit {DIFFERS:g}).",
    )
    return Check("", not told.doubts["again"], said)


def _verdict(told: Told) -> Check:
    verdict = told.found.verdict
    return Check("", verdict.word == CALIBRATED, (verdict.word, *verdict.reasons))
