"""What holds for the whole suite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# A busy machine may take any time over an example: what is judged is the answer, and the suite's own limit bounds the rest.
settings.register_profile("backpath", deadline=None)
settings.load_profile("backpath")

LONGEST = (
    "test_docs.py",
    "calibration/test_practices_fit.py",
    "ui/test_calibrate_command.py",
    "test_fuzz.py",
    "ui/test_app.py",
    "calibration/test_fit.py",
    "sim/test_joint_draws.py",
    "sim/test_sensitivity_analysis.py",
    "ui/test_browser.py",
    "ui/test_command_line.py",
    "sim/test_engines_agree.py",
    "sim/test_branching.py",
    "sim/test_parameters.py",
)
"""The files that take longest, from the longest to half a minute: they begin first, so that no worker is left alone with one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; all others, and the tests within a file, stay in their order."""
    begins = {Path(__file__).parent / name: position for position, name in enumerate(LONGEST)}
    items.sort(key=lambda item: begins.get(item.path, len(LONGEST)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file is a worker's whole: what its tests share is made once. The order stays that of the collection."""
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)
