"""On which calibration results rest, in words and in tables: one place for every face."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ui.words import counted

if TYPE_CHECKING:
    from pathways import Region
    from sim.experiments.joint_draws import JointDraws
    from sim.run import Case


def calibration_at(folder: Path | None, *, region: Region, base: Case) -> JointDraws | None:
    """The draws of the calibration in a folder, where one is asked for. `BadInput` where it cannot be used here."""
    if folder is None:
        return None
    from calibration.folder import read_joint_draws

    return read_joint_draws(folder, region=region, pathway=base.pathway, replaced=base.scenario.quantities)


def calibration_line(calibration: JointDraws) -> str:
    """Which calibration results rest on, and how well it did."""
    quantities = "1 quantity" if len(calibration.names) == 1 else f"{len(calibration.names)} quantities"
    draws = counted(calibration.count, "joint draw")
    verdict = calibration.verdict.partition(":")[0].rstrip(".")  # the reasons are told as a warning
    over = calibration.passed_over
    passed = f" ({over:,} passed over, whose quantities do not fit together)" if over else ""
    return f"Calibrated: {calibration.title} ({calibration.id}), {draws} of {quantities}{passed}. Verdict: {verdict}."


def calibration_json(calibration: JointDraws | None) -> dict[str, Any]:
    """What a JSON object says of the calibration: nothing where there is none."""
    if calibration is None:
        return {}
    return {
        "calibration": {"id": calibration.id, "title": calibration.title, "verdict": calibration.verdict},
        **({"calibration_warning": calibration.warning} if calibration.warning else {}),
    }


def calibration_line_html(calibration: JointDraws | None) -> str:
    """The same as a part of a page, a warning where the calibration is in doubt; nothing where there is none."""
    if calibration is None:
        return ""
    warned = f"<p><strong>{escape(calibration.warning)}</strong></p>" if calibration.warning else ""
    kind = "message warning" if warned else "message"
    return f'<div class="{kind}">{warned}<p class="small">{escape(calibration_line(calibration))}</p></div>'
