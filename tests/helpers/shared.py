"""Where the official files lie beside the project, for tests that read them; they skip where there are none."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parent.parent.parent.parent / "shared"
DATA = SHARED / "data"
REGISTERED = DATA / "gp-reg-pat-prac-quin-age_2026-07.zip"
MAP = DATA / "gp-reg-pat-prac-map_2026-07.zip"
DEPRIVATION = DATA / "fingertips_94240_imd2025_gp_practice_TRIMMEDCOLS.csv.gz"
OLD_REGISTERED = DATA / "gp-reg-pat-prac-all_2021-01.csv.gz"
OLD_MAP = DATA / "gp-reg-pat-prac-map_2022-01.csv.gz"
OLD_DEPRIVATION = DATA / "fingertips_93553_imd2019_gp_practice.csv.gz"
MID_NOTTS = ("U18267", "U32323", "U53963", "U85198", "U65095", "U90349")

needs_official_files = pytest.mark.skipif(
    not REGISTERED.exists(), reason="the official files are not beside the project (../shared/data)"
)
