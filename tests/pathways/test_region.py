"""A region's folder: what is wrong with it is told by file, row and column."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pathways import BadInput, Site, load_pathway, load_region, save_region
from pathways.assumed import assumed_sites, assumed_waiting, new_people_per_week
from pathways.load import LIBRARY
from pathways.service import WEEKDAYS
from sim.plan import compile_plan
from tests.helpers.build import Numbers
from tests.helpers.build import pathway as small_pathway


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


def write(file: str, text: str) -> Callable[[Path], None]:
    """A file written into the folder."""

    def spoil(folder: Path) -> None:
        (folder / file).write_text(text + "\n")

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
        (change("practices.csv", ",0.135,", ",1.5,"), "row 2, column decile_1: '1.5' is above 1, the most that is possible."),
        (change("practices.csv", "decile_1,", "decile_0,"), "there is no column 'decile_1'. Did you mean 'decile_10'?"),
        (append("capacity.csv", "mri,Hub,,plenty,,,,local,ours"), "column amount: 'plenty' is not a number."),
        (append("capacity.csv", "mri,Hub,,inf,,,,local,ours"), "column amount: 'inf' is not a finite number."),
        (append("capacity.csv", "mri,Hub,,1e12,,,,local,ours"), "column amount: '1e12' is above 1,000,000, the most that is possible."),
        (append("capacity.csv", "mri,Hub,,5,,inf,0,local,ours"), "column x_km: 'inf' is not a finite number."),
        (append("capacity.csv", "mri,Hub,,5,,0,-1e9,local,ours"), "column y_km: '-1e9' is below -20,000, the least that is possible."),
        (append("capacity.csv", "mri,Hub,north,5,,,,local,ours"), "no practice is in the area 'north'. Areas in practices.csv: none, so leave the column blank."),
        (change("practices.csv", ",Riverside,,0.135", ",Riverside,,-inf"), "row 2, column decile_1: '-inf' is not a finite number."),
        (change("population.csv", "D00001,female,0-4,236", "D00001,female,0-4,10000000000"), "row 2, column people: '10000000000' is above 10,000,000, the most that is possible."),
        (append("waiting_lists.csv", "mri,County Hospital Imaging,,3,100000000"), "column people: '100000000' is above 1,000,000, the most that is possible."),
        (append("waiting_lists.csv", "mri,Anywhere,,90,5\nmri,Anywhere,,90,6"), "the list 'mri / Anywhere / 90' stands twice. Remove one."),
        (write("prices.csv", "service,price_gbp,price_year\nmri,1,2024\ngp,2,2024\nmri,3,2024"), "prices.csv: row 4: the price of 'mri' stands twice. Remove one."),
        (write("prices.csv", "service,price_gbp,price_year\nmri,,2024"), "prices.csv: row 2, column price_gbp: is blank; a price that is not known is not 0: write what it is, or 0 where it costs nothing."),
        (write("prices.csv", "service,price_gbp,price_year\nmri,inf,2024"), "prices.csv: row 2, column price_gbp: 'inf' is not a finite number."),
        (write("prices.csv", "service,price_gbp,price_year\nmri,1e12,2024"), "row 2, column price_gbp: '1e12' is above 10,000,000, the most that is possible."),
        (append("waiting_lists.csv", "mri,Nowhere,,3,5"), "there is no site 'Nowhere' of 'mri' in capacity.csv."),
        (append("waiting_lists.csv", "mri,County Hospital Imaging,,999,5"), "column weeks_waited: '999' is above 520, the most that is possible."),
        (change("region.toml", "start = 2026-07-01", "start = 'soon'"), "region.toml: start:"),
        (change("region.toml", 'name = "demonstration"', 'name = "Mid Notts"'), "region.toml: name: 'Mid Notts' is no name for a region: use small letters, digits and underscores, as in 'mid_notts'."),
        (change("region.toml", 'name = "demonstration"', 'name = "demo\\n"'), "region.toml: name: 'demo\\n' is no name for a region"),
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
    append("capacity.csv", "mri,Hub,,plenty,,,,local,ours")(folder)
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


def in_areas(folder: Path, area_of: Callable[[str], str]) -> None:
    """Puts every practice into the area that its code says; sites and lists stay where they are."""
    path = folder / "practices.csv"
    lines = [line.split(",") for line in path.read_text().splitlines()]
    for cells in lines[1:]:
        cells[3] = area_of(cells[0])
    path.write_text("\n".join(map(",".join, lines)))


def test_areas_that_do_not_match_are_named(folder: Path) -> None:
    """Blank areas of sites, sites in the wrong area, and lists that leave the area out."""
    in_areas(folder, lambda code: "north")
    with pytest.raises(BadInput) as bad:
        load_region(folder)
    says = "capacity.csv: row 2: the site is in no area, and every practice is in one. Areas in practices.csv: north."
    assert says in str(bad.value)
    table = pd.read_csv(folder / "capacity.csv").assign(area="north")
    table.to_csv(folder / "capacity.csv", index=False)
    with pytest.raises(BadInput) as bad:
        load_region(folder)
    says = "there is no site 'Riverside Clinic' of 'community_physio' in capacity.csv. There it is in the area 'north'."
    assert says in str(bad.value)
    lists = pd.read_csv(folder / "waiting_lists.csv").assign(area="south")
    lists.to_csv(folder / "waiting_lists.csv", index=False)
    with pytest.raises(BadInput) as bad:
        load_region(folder)
    assert "there is no site 'Riverside Clinic' of 'community_physio' in the area 'south'" in str(bad.value)


def test_an_area_that_lacks_a_service_is_named(folder: Path) -> None:
    in_areas(folder, lambda code: "south" if code == "D00001" else "north")
    table = pd.read_csv(folder / "capacity.csv").assign(area="north")
    south = table[table["service"] != "mri"].assign(area="south")
    pd.concat([table, south]).to_csv(folder / "capacity.csv", index=False)
    (folder / "waiting_lists.csv").unlink()
    region = load_region(folder)
    compile_plan(load_pathway("usual_care"), region.area("north"), years=0)
    with pytest.raises(BadInput) as bad:
        compile_plan(load_pathway("usual_care"), region.area("south"), years=0)
    assert [str(problem) for problem in bad.value.problems] == [
        "capacity.csv: no row for the service 'mri' in the area 'south', which has capacity 'slots'. "
        "Add its sites and amounts."
    ]


def test_a_region_survives_being_saved_and_read(folder: Path, tmp_path: Path) -> None:
    """Prices too, and a title with every awkward character."""
    write("prices.csv", "service,price_gbp,price_year\nmri,123.5,2024\ngp,40,2023")(folder)
    region = load_region(folder)
    about = region.about.model_copy(update={"title": 'A "title"\nof\ttwo \\ lines, \x7f and more'})
    out = tmp_path / "out"
    out.mkdir()
    save_region(replace(region, about=about), out)
    again = load_region(out)
    assert again.prices == region.prices == {"mri": (123.5, 2024), "gp": (40.0, 2023)}
    assert again.about == about
    assert again.waiting == region.waiting
    assert np.array_equal(again.people, region.people)


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
    # amounts are rounded to hundredths
    assert [3 * site.amount for site in small] == pytest.approx([site.amount for site in large], abs=0.03)
    assert {site.grade for site in small} == {"assumed"}
    assert len(said) == len({site.service for site in small})
    rows, _ = assumed_waiting(pathway, small)
    listed = sum(row.people for row in rows if row.service == "mri")
    assert listed == round(pathway.quantities["mri_waiting_per_100k"].number())


@pytest.mark.parametrize(
    ("stay", "mean"),
    [
        (lambda numbers: {"uniform": [numbers(2, "days"), numbers(10, "days")]}, 6.0),
        (
            lambda numbers: {"lognormal": numbers(10, "days"), "p90": numbers(50, "days")},
            float(10 * np.exp((np.log(5) / NormalDist().inv_cdf(0.9)) ** 2 / 2)),
        ),
        (lambda numbers: {"weibull": numbers(6, "days"), "shape": numbers(0.5, "ratio")}, 2 * 6 / np.log(2) ** 2),
        (lambda numbers: {"empirical": numbers({"0": 0, "0.5": 4, "1": 12}, "days")}, 5.0),
        (lambda numbers: {"exponential": numbers(6, "hours")}, 0.25),
    ],
)
def test_a_ward_takes_as_many_people_as_their_mean_stay_leaves(
    stay: Callable[[Numbers], dict[str, Any]], mean: float
) -> None:
    """Two places of seven days each: 14 over the mean stay, in days. A stay below a day is not a day."""
    numbers = Numbers()
    ward = {"capacity": "places", "stay": stay(numbers), "next": "home"}
    word = small_pathway(numbers, {"ward": ward}, entry="ward", tick="1 hour")
    nan = float("nan")
    site = Site("ward", "ward", "", 2.0, "", nan, nan, "assumed", "a test")
    assert new_people_per_week(word, site) == pytest.approx(14 / mean, rel=1e-4)


def test_every_slot_of_a_week_is_given_out_on_open_days() -> None:
    """Fractions are carried over in the measured years; nothing happens on closed days."""
    plan = compile_plan(load_pathway("usual_care"), load_region("demonstration"), years=2)
    days = np.arange(0, 730)
    weekday = (days + plan.region.about.start.weekday()) % 7
    christmas = int((np.datetime64("2026-12-25") - np.datetime64("2026-07-01")).astype(int))
    looked_at = set()
    for site, capacity in zip(plan.sites, plan.arrays.capacity, strict=True):
        word = plan.pathway.services[site.service]
        if word.capacity != "slots":
            continue
        given = capacity[days - plan.first_tick]
        open_days = [WEEKDAYS.index(day) for day in word.weekdays or plan.region.about.weekdays]
        assert given[~np.isin(weekday, open_days)].sum() == 0
        assert given[christmas] == 0
        # closed days are at most 1 in 25 of the open ones, and one slot may be carried over
        assert given.sum() == pytest.approx(site.amount * len(days) / 7, rel=0.04, abs=1)
        looked_at.add(tuple(open_days))
    assert len(looked_at) > 2
