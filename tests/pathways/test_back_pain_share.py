"""Figures of a region are for back pain: what is of more than that is asked about, or a share of it is taken, and told."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from pathways import BadInput, Waiting, load_pathway, load_region, save_region
from pathways.assumed_here import assumed_here, grades_in_short
from pathways.load import LIBRARY
from pathways.region import ASSUMED, CLAIM
from sim.experiments.compare import compare
from sim.experiments.experiment import Experiment
from sim.experiments.need import capacity_beyond_need, lists_beyond_need
from sim.experiments.precision import warnings_of
from sim.experiments.stability import Load
from sim.run import Case
from tests.helpers.build import Numbers, pathway, region, scenario
from ui.inputs.checking import region_at

USUAL = load_pathway("usual_care")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the demonstration region, to be changed."""
    return Path(shutil.copytree(LIBRARY / "regions" / "demonstration", tmp_path / "area"))


def with_columns(file: Path, service: str, **values: object) -> None:
    """Writes values into the rows of one service, in columns that are new where they must be."""
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    for column, value in values.items():
        if column not in table:
            table[column] = ""
        table.loc[table["service"] == service, column] = str(value)
    table.to_csv(file, index=False)


def amount(folder: Path, service: str) -> tuple[float, set[str]]:
    """The amount of a service, and the grades of its sites."""
    sites = [site for site in load_region(folder).sites if site.service == service]
    return sum(site.amount for site in sites), {site.grade for site in sites}


# the share


def test_a_share_of_back_pain_multiplies_capacity_and_is_assumed_unless_it_says_otherwise(folder: Path) -> None:
    """40 a week of all conditions, a quarter of them back pain: 10, and no better known than the share."""
    file = folder / "capacity.csv"
    with_columns(file, "mri", amount=40, grade="local", back_pain_share=0.25)
    assert amount(folder, "mri") == (10, {ASSUMED})
    with_columns(file, "mri", back_pain_share_grade="local")
    assert amount(folder, "mri") == (10, {"local"})
    with_columns(file, "mri", back_pain_share="")
    assert amount(folder, "mri") == (40, {"local"})


def test_a_share_of_back_pain_is_taken_of_a_list_in_whole_people(folder: Path) -> None:
    """Each list as a whole is rounded: 18 weeks of one person each at a share of a third are 6 people, not 0."""
    rows = [("mri", "County Hospital Imaging", "", week, 1, 1 / 3) for week in range(18)]
    columns = ["service", "site", "area", "weeks_waited", "people", "back_pain_share"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "waiting_lists.csv", index=False)
    place = load_region(folder)
    assert sum(row.people for row in place.waiting) == 6
    assert {row.people for row in place.waiting} == {0, 1}


@pytest.mark.parametrize("share", ["1.2", "-0.1", "20%", "some"])
def test_a_share_that_is_none_is_refused_with_its_row(folder: Path, share: str) -> None:
    with_columns(folder / "capacity.csv", "community_physio", back_pain_share=share)
    with pytest.raises(BadInput, match=r"capacity.csv: row 2, column back_pain_share: "):
        load_region(folder)


@pytest.mark.parametrize("name", ["back_pain_shares", "Back pain share", "backpain_share"])
def test_a_column_of_shares_that_is_misspelt_is_not_passed_over(folder: Path, name: str) -> None:
    """Ten times the appointments were taken, with no word that the column was not read."""
    with_columns(folder / "capacity.csv", "mri", **{name: 0.1})
    with pytest.raises(
        BadInput, match=f"capacity.csv: there is no column '{name}' here. Did you mean 'back_pain_share'"
    ):
        load_region(folder)


def test_a_column_of_ones_own_is_accepted(folder: Path) -> None:
    with_columns(folder / "capacity.csv", "mri", notes="asked the manager", x_miles=3)
    assert amount(folder, "mri")[0] == pytest.approx(8.9)


def test_a_share_is_told_and_taken_once(folder: Path, tmp_path: Path) -> None:
    """Saved again, the region has the amount for back pain, and no share to be taken of it a second time."""
    with_columns(folder / "capacity.csv", "mri", amount=40, grade="local", back_pain_share=0.25)
    place = load_region(folder)
    said = " | ".join(assumed_here(place, USUAL))
    assert "MRI scan: of the capacity as written a share of 0.25 is for back pain (assumed)" in said
    (tmp_path / "again").mkdir()
    save_region(place, tmp_path / "again")
    assert amount(tmp_path / "again", "mri")[0] == 10


# far from need


def test_capacity_far_above_need_is_asked_about() -> None:
    """1,900 a week for 367 needed are of more than back pain; twice as much as is needed may be so, 9 spare too."""
    loads = [Load("community_physio", "", 120.0, 367.0, 1900.0), Load("mri", "", 9.0, 9.0, 18.0)]
    loads += [Load("mri_urgent", "", 0.3, 0.3, 9.0), Load("manual_therapy", "", 0.0, 0.0, 62.4)]
    (one,) = capacity_beyond_need(loads, USUAL, region(104_000, sites={}))
    assert one.startswith(
        "Community physiotherapy: there are 1,900 appointments a week in capacity.csv and 367 are needed. Figures are for back pain"
    )
    assert "'back_pain_share'" in one


def test_what_the_pathway_itself_assumes_per_head_is_not_asked_about() -> None:
    """Of 1.1 million people with the project's own figures, lists of 195 and 172 were asked about: are they of all conditions?"""
    place = region(1_144_918, sites={})
    loads = [Load("manual_therapy", "", 100.0, 300.0, 686.95), Load("mri", "", 20.0, 20.0, 200.0)]
    (one,) = capacity_beyond_need(loads, USUAL, place)
    assert one.startswith("MRI scan: there are 200 appointments a week in capacity.csv and 20 are needed.")


def test_a_list_of_as_many_as_are_assumed_per_head_is_not_asked_about_where_it_is_gone_in_a_year() -> None:
    """300 of 1,000 people, gone in 30 weeks, where so many are what the pathway assumes; 400 of them are asked about."""
    numbers = Numbers()
    listed = numbers(30_000.0, "people per 100,000")
    clinic = {"capacity": "slots", "next": "home", "waiting_per_100k": listed}
    word = pathway(numbers, {"clinic": clinic}, entry="clinic", onset_rate=0.5)
    case = {"usual": Case("usual", scenario(), word)}
    said = {}
    for people in (300, 400):
        place = region(1000, sites={"clinic": 19.0}, waiting=(Waiting("clinic", "clinic", "", 1, people),))
        found = compare(Experiment(case, base="usual", region=place, years=1, replications=2, seed=1))
        said[people] = [sentence for sentence in warnings_of(found) if "back_pain_share" in sentence]
    assert [len(each) for each in said.values()] == [0, 1]


def test_lists_of_more_people_than_there_can_be_are_asked_about() -> None:
    """20,000 people of 6,650 wait for a clinic to which 3 a week are referred."""
    numbers = Numbers()
    word = pathway(numbers, {"clinic": {"capacity": "slots", "next": "home"}}, entry="clinic")
    place = region(6650, sites={"clinic": 3.0})
    load = Load("clinic", "", 3.0, 3.0, 3.0)
    for people, asked in ((20_000, 1), (140, 1), (100, 0), (40, 0)):
        listed = replace(place, waiting=(Waiting("clinic", "clinic", "", 1, people),))
        assert len(lists_beyond_need([load], word, listed)) == asked, people


def test_a_run_tells_capacity_beyond_need_and_lists_that_are_gone_within_the_year() -> None:
    """100 a week for about 10 who come; 300 on a list where 20 a week are seen of 10 who come: gone in 30 weeks."""
    numbers = Numbers()
    word = pathway(numbers, {"clinic": {"capacity": "slots", "next": "home"}}, entry="clinic", onset_rate=0.5)
    case = {"usual": Case("usual", scenario(), word)}
    said = {}
    for slots in (100.0, 19.0, 10.0):
        place = region(1000, sites={"clinic": slots}, waiting=(Waiting("clinic", "clinic", "", 1, 300),))
        found = compare(Experiment(case, base="usual", region=place, years=1, replications=2, seed=1))
        said[slots] = [sentence for sentence in warnings_of(found) if "back_pain_share" in sentence]
    assert [len(each) for each in said.values()] == [1, 1, 0]
    assert said[100.0][0].startswith("clinic: there are 100 appointments a week in capacity.csv and ")
    assert said[19.0][0].startswith("clinic: 300 people wait at the start in waiting_lists.csv and ")


# what is assumed


def test_what_is_said_to_be_assumed_follows_the_grades_of_the_files(folder: Path) -> None:
    """All was 'assumed per head', in the words of the day on which the region was made."""
    mri, triage = USUAL.services["mri"], USUAL.services["msk_triage"]
    text = (folder / "region.toml").read_text()
    made = [
        f"MRI scan: 8.9 appointments per week, from 8.56 appointments per week per 100,000 ({mri.per_100k})",
        f"MSK triage: 25.79 appointments per week, from 24.8 appointments per week per 100,000 ({triage.per_100k})",
        f"MRI scan: 18 people waiting at the start, for up to 2 weeks, from 17 people per 100,000 ({mri.waiting_per_100k})",
        "Deprivation within practices: correlated",
    ]
    written = ",\n".join(f'    "{sentence}"' for sentence in made)
    text = text.replace('    "Every figure",', written + ",")
    says = text.split('says = "')[1].split('"')[0]
    (folder / "region.toml").write_text(text.replace(says, f"{says} {CLAIM}"))
    assert set(made) <= set(assumed_here(load_region(folder), USUAL))
    with_columns(folder / "capacity.csv", "mri", amount=12, grade="local")
    place = load_region(folder)
    said = assumed_here(place, USUAL)
    assert made[0] not in said
    assert {made[1], made[2], made[3]} <= set(said)
    assert any(
        sentence.startswith("Not assumed but the area's own: capacity, MRI scan 12 appointments a week")
        for sentence in said
    )
    assert CLAIM not in place.about.says
    assert (
        grades_in_short(place, USUAL)
        == "Capacity of Demonstration area: assumed of 16 of 17 services, local of MRI scan."
    )
    checked = region_at(folder, None)
    assert checked is not None
    assert assumed_here(*checked) == said
    with_columns(folder / "capacity.csv", "msk_triage", amount=40)
    changed = assumed_here(load_region(folder), USUAL)
    assert made[1] not in changed
    assert any("MSK triage 40 appointments a week" in sentence for sentence in changed)
