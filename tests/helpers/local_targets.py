"""Figures of a small area as its own people write them, and what is told of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from calibration.local_data.local_targets import LocalTargets, load_local_targets
from pathways import BadInput, Pathway, Region, load_pathway, load_region

HEAD = "measure,service,from,to,value,unit,band,place,rounded_to,suppressed_below,share,weight,discrepancy,source"
SHARE = """
[quantities.back_share]
value = 0.25
unit = "share"
low = 0.1
high = 0.4
source = "made up for a test"
grade = "assumed"
"""


@cache
def region() -> Region:
    """The demonstration region: 104,000 people, practices D00001 to D00012, the network Riverside among three."""
    return load_region("demonstration")


@cache
def pathway() -> Pathway:
    """Usual care."""
    return load_pathway("usual_care")


def write(folder: Path, *rows: str, head: str = HEAD, name: str = "figures.csv") -> Path:
    """A CSV file of the template."""
    path = folder / name
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def load(path: Path) -> LocalTargets:
    """Targets of the demonstration region and usual care."""
    return load_local_targets(path, region=region(), pathway=pathway())


def told(path: Path) -> str:
    """What is wrong with targets."""
    with pytest.raises(BadInput) as bad:
        load(path)
    return str(bad.value)


def folder_of(tmp_path: Path, toml: str, *rows: str) -> Path:
    """A folder with `targets.toml` and perhaps rows."""
    (tmp_path / "targets.toml").write_text(f'format = 1\ntitle = "Here"\n{toml}')
    if rows:
        write(tmp_path, *rows)
    return tmp_path
