"""A region's folder: what is wrong with it is told by file, row and column."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pathways import BadInput, load_pathway, load_region
from pathways.assumed import assumed_sites, assumed_waiting
from pathways.load import LIBRARY
from sim.plan import compile_plan


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the demonstration region, to be spoiled."""
    return Path(shutil.copytree(LIBRARY / "regions" / "demonstration", tmp_path / "area"))


def change(file: str, old: str, new: str) -> Callable[[Path], None]:
    """A text replaced in a file of the folder."""

    def spoil(folder: Path) -> None:
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1))

    return spoil


def append(file: str, line: str) -> Callable[[Path], None]:
    """A line added to a file of the folder."""

    def spoil(folder: Path) -> None:
        with (folder / file).open("a") as out:
            out.write(line + "\n")

    return spoil


def remove(file: str) -> Callable[[Path], None]:
    """A file removed from the folder."""
    return lambda folder: (folder / file).unlink()


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (remove("population.csv"), "population.csv: there is no such file."),
        (change("population.csv", "practice,sex", "practise,sex"), "population.csv: there is no column 'practice'. Did you mean 'practise'?"),
        (change("population.csv", "D00001,female,0-4,236", "D00001,female,0-4,-1"), "population.csv: row 2, column people: '-1' is negative."),
        (change("population.csv", "D00001,female,0-4,236", "D00001,female,0-4,lots"), "population.csv: row 2, column people: 'lots' is not a number."),
        (change("population.csv", "D00001,female,0-4,236", "D99999,female,0-4,236"), "row 2, column practice: 'D99999' is not in practices.csv."),
        (change("population.csv", "D00001,female,0-4", "D00001,women,0-4"), "row 2, column sex: 'women' is not one of female, male."),
        (change("population.csv", "D00001,female,0-4", "D00001,female,0-9"), "row 2, column age_band: '0-9' is not one of"),
        (append("population.csv", "D00001,female,0-4,7"), "population.csv: row 482: the count 'D00001 / female / 0-4' stands twice. Remove one."),
        (append("practices.csv", "D00001,Again,Riverside,,1,0,0,0,0,0,0,0,0,0,1,1"), "practices.csv: row 14: the practice 'D00001' stands twice."),
        (change("practices.csv", "D00001,Abbey Road Surgery,Riverside,,0.135", "D00001,Abbey Road Surgery,Riverside,,0.5"), "row 2: the deprivation shares add to 1.365"),
        (change("practices.csv", ",0.135,", ",1.5,"), "row 2, column decile_1: '1.5' is above 1."),
        (change("practices.csv", "decile_1,", "decile_0,"), "there is no column 'decile_1'. Did you mean 'decile_10'?"),
        (change("capacity.csv", "MSK Hub,,22.9", "MSK Hub,,plenty"), "column amount: 'plenty' is not a number."),
        (append("waiting_lists.csv", "mri,Nowhere,,3,5"), "there is no site 'Nowhere' of 'mri' in capacity.csv."),
        (append("waiting_lists.csv", "mri,County Hospital Imaging,,999,5"), "column weeks_waited: '999' is above 520."),
        (change("region.toml", "start = 2026-07-01", "start = 'soon'"), "region.toml: start:"),
        (change("region.toml", 'title = "', 'titel = "'), "region.toml: titel: there is no field 'titel' here. Did you mean 'title'?"),
    ],
)  # fmt: skip
def test_spoiled_regions_are_explained(folder: Path, spoil: Callable[[Path], None], expected: str) -> None:
    spoil(folder)
    with pytest.raises(BadInput) as bad:
        load_region(folder)
    assert expected in str(bad.value)


def test_several_files_are_told_at_once(folder: Path) -> None:
    change("population.csv", "D00001,female,0-4,236", "D00001,female,0-4,lots")(folder)
    change("capacity.csv", "MSK Hub,,22.9", "MSK Hub,,plenty")(folder)
    with pytest.raises(BadInput) as bad:
        load_region(folder)
    assert len(bad.value.problems) == 2


def test_a_region_without_people_is_refused(folder: Path) -> None:
    path = folder / "population.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *(line.rsplit(",", 1)[0] + ",0" for line in lines[1:])]))
    with pytest.raises(BadInput, match="nobody is registered: all counts are 0"):
        load_region(folder)


def test_a_region_that_lacks_a_service_is_refused(folder: Path) -> None:
    path = folder / "capacity.csv"
    path.write_text("\n".join(line for line in path.read_text().splitlines() if not line.startswith("mri,")))
    lists = folder / "waiting_lists.csv"
    lists.write_text("\n".join(line for line in lists.read_text().splitlines() if not line.startswith("mri,")))
    with pytest.raises(BadInput, match="no row for the service 'mri', which has capacity 'slots'"):
        compile_plan(load_pathway("usual_care"), load_region(folder), years=1)


def test_a_site_of_an_unknown_service_is_refused(folder: Path) -> None:
    append("capacity.csv", "mrii,Somewhere,,5,,,,local,ours")(folder)
    with pytest.raises(
        BadInput, match=r"'mrii' is no service of 'usual_care' with limited capacity. Did you mean 'mri'?"
    ):
        compile_plan(load_pathway("usual_care"), load_region(folder), years=1)


def test_spreadsheet_habits_are_accepted(folder: Path) -> None:
    """A byte-order mark, CRLF, thousands with commas, blanks around names."""
    path = folder / "population.csv"
    text = path.read_text().replace("D00001,female,0-4,236", 'D00001 , female,0-4,"1,236"')
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert load_region(folder).people[0, 0, 0] == 1236


def test_prices_of_the_region_replace_the_pathways(folder: Path) -> None:
    from sim.results import prices_table

    (folder / "prices.csv").write_text("service,price_gbp,price_year\nmri,123.5,2024\n")
    prices = prices_table(load_pathway("usual_care"), load_region(folder)).set_index("service")["price_gbp"]
    assert prices["mri"] == 123.5
    assert prices["gp"] == 42


def test_the_demonstration_is_labelled_made_up() -> None:
    region = load_region("demonstration")
    assert region.about.made_up
    assert "No practice, provider or count in it is real" in region.about.says
    assert region.population == 104_000
    assert np.allclose(region.deciles.sum(axis=1), 1)


def test_assumed_capacity_follows_the_population() -> None:
    pathway = load_pathway("usual_care")
    small, said = assumed_sites(pathway, population=100_000, area="")
    large, _ = assumed_sites(pathway, population=300_000, area="")
    assert [3 * site.amount for site in small] == pytest.approx([site.amount for site in large])
    assert {site.grade for site in small} == {"assumed"}
    assert len(said) == len(small)
    rows, _ = assumed_waiting(pathway, small)
    listed = sum(row.people for row in rows if row.service == "mri")
    assert listed == round(pathway.quantities["mri_waiting_per_100k"].number())


def test_every_slot_of_a_week_is_given_out_on_open_days() -> None:
    """Fractions are carried over; nothing happens on closed days."""
    plan = compile_plan(load_pathway("usual_care"), load_region("demonstration"), years=2)
    amounts = np.array([site.amount for site in plan.sites])
    weeks = plan.days / 7
    for k, site in enumerate(plan.sites):
        word = plan.pathway.services[site.service]
        if word.capacity != "slots":
            continue
        given = plan.arrays.capacity[k, : plan.days]
        assert given.sum() == pytest.approx(amounts[k] * weeks, rel=0.04)
        sundays = (np.arange(plan.days) + plan.first_tick + plan.region.about.start.weekday()) % 7 == 6
        assert given[sundays].sum() == 0
        christmas = (np.datetime64("2026-12-25") - np.datetime64("2026-07-01")).astype(int) - plan.first_tick
        assert given[christmas] == 0
