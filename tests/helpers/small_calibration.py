"""The calibration that its page types, small enough to be made in a test: tests of the command make it, those of the pages see that it is the page's."""

from __future__ import annotations

HEAD = "measure,service,from,to,value,unit"
PLAUSIBLE = """\
referrals,mri,2026-07,2026-09,11,
referrals,mri,2026-10,2026-12,9,
visits,community_physio,2026-07,2026-09,108,
visits,community_physio,2026-10,2026-12,103,
referrals,gp,2026-07,2026-09,140,
referrals,gp,2026-10,2026-12,151,
waiting,community_physio,2026-09,,19,
waiting,community_physio,2026-12,,14,
"""
OFFICIAL = {
    "registered": "gp-reg-pat-prac-quin-age.zip",
    "map": "gp-reg-pat-prac-map.zip",
    "deprivation": "deprivation.csv",
}
"""Official files by the option of `region new` that takes them."""
AREA = ("--sub-icb", "52R")
FEW = ("--runs", 400, "--unknowns", 4, "--no-back-test")
BRIEFLY = ("--years", 1, "--replications", 4)
"""How the comparison that rests on it is run."""


def commands(area: str, out: str) -> str:
    """What is typed, in one text: the region of six small practices, its figures, the calibration and a comparison."""
    given = [word for option, file in OFFICIAL.items() for word in (f"--{option}", file)]
    lines = (
        ("backpath", "region", "new", area, *given, *AREA, "--out", area),
        ("cat > targets.csv <<'END'",),
        (f"{HEAD}\n{PLAUSIBLE}END",),
        ("backpath", "calibrate", "--targets", "targets.csv", "--region", area, "--out", out, *FEW),
        ("backpath", "compare", "mri_guidance", "--region", area, "--calibration", out, *BRIEFLY),
    )
    return "\n".join(" ".join(map(str, line)) for line in lines) + "\n"
