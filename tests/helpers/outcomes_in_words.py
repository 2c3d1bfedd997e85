"""Outcomes with a title, for tests of sentences."""

from __future__ import annotations

from pathways.pathway import Outcome

SCANS = Outcome(title="MRI scans", of="seen", services=["mri"], better="less")
WAIT = Outcome(title="MRI wait (days)", of="wait", services=["mri"], better="less")
COST = Outcome(title="Cost (£)", of="cost", better="less")
QALYS = Outcome(title="QALYs", of="qalys", better="more")
NAN = float("nan")
