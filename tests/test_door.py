"""The contributors' door: every way to check a change runs the same commands, and the recipes of CONTRIBUTING.md work."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

import start
from tests.helpers.documents import ROOT, add, blocks_of, for_reader, reader_environment, save

TEST_COMMAND = "python3 start.py test"
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[0-9]*.yml"))


def read(path: Path) -> Any:
    """What a YAML file says."""
    yaml = pytest.importorskip("yaml", reason="the extra 'docs', with which YAML comes, is not installed")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_hosted_machine_runs_what_ci_runs_and_that_is_the_test_command_of_the_readme() -> None:
    assert f"```sh\n{TEST_COMMAND}\n```" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == TEST_COMMAND
    job = read(ROOT / ".github" / "workflows" / "test.yml")["jobs"]["test"]
    assert [step["run"] for step in job["steps"] if "run" in step] == ["sh .ci/run"]
    oldest, newer = job["strategy"]["matrix"]["python"]
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"] == f">={oldest}"
    assert [int(part) for part in newer.split(".")] > [int(part) for part in oldest.split(".")]


def test_what_is_checked_before_a_commit_is_what_comes_before_the_tests() -> None:
    """In the same order, from the environment, so that it works without the network."""
    (repository,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    hooks = repository["hooks"]
    assert [hook["entry"].split() for hook in hooks] == [["python", "-m", *check] for check in start.CHECKS]
    assert {(hook["language"], hook["pass_filenames"]) for hook in hooks} == {("system", False)}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_a_form_of_an_issue_asks_something_and_asks_nothing_twice(form: Path) -> None:
    found = read(form)
    asked = [field for field in found["body"] if field["type"] != "markdown"]
    assert found["name"]
    assert found["description"]
    assert len({field["id"] for field in asked}) == len(asked)
    assert any(field.get("validations", {}).get("required") for field in asked)
    for field in asked:
        assert field["type"] in ("input", "textarea", "dropdown")
        assert field["attributes"]["label"]


def test_there_is_a_form_for_each_kind_of_issue() -> None:
    names = [re.sub(r"^\d-", "", form.stem) for form in FORMS]
    assert names == ["fault", "result", "question", "source"]


@pytest.mark.slow
def test_a_contributor_can_follow_the_recipes(tmp_path: Path) -> None:
    """Everything in CONTRIBUTING.md works in its order, in a copy of the project, and what it adds passes the tests."""
    copy = tmp_path / "backpath"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "*.pyc", "__pycache__", "results", "*.egg-info"))
    shell = reader_environment(tmp_path / "bin", copy)
    for block in blocks_of(ROOT / "CONTRIBUTING.md"):
        if block.what == "add":
            add(block, copy)
        elif block.what == "file":
            save(block, copy)
        elif block.runs:
            assert block.language == "sh", block.text
            for_reader(block.text, shell, copy)
