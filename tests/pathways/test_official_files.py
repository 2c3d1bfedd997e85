"""Regions from official files as published: the real ones where they are at hand, and small ones in their formats."""

from __future__ import annotations

import errno
import gzip
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pathways import BadInput, Region, load_pathway, load_region
from pathways.official.new_region import region_from_official_files, write_region
from pathways.official.places import read_deprivation, read_map
from pathways.official.practices import read_registered
from pathways.official.selection import Selection
from pathways.region import AGE_BANDS
from tests.helpers.official import HEAD, MAP_HEAD, MAP_ROWS, ROWS, Files, message, row
from tests.helpers.shared import (
    DEPRIVATION,
    MAP,
    MID_NOTTS,
    OLD_DEPRIVATION,
    OLD_MAP,
    OLD_REGISTERED,
    REGISTERED,
    needs_official_files,
)

OLD_HEAD = "PUBLICATION,EXTRACT_DATE,TYPE,CCG_CODE,ONS_CCG_CODE,CODE,POSTCODE,SEX,AGE,NUMBER_OF_PATIENTS"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Good files."""
    return Files(tmp_path)


def test_other_organisations_and_totals_are_not_counted(files: Files) -> None:
    region = files.build()
    assert region.population == 160 + 100 + 70
    assert region.codes == ("A1", "A2", "A3")
    assert region.area_names() == ["52R", "06T"]
    first = dict(zip(region.codes, region.people, strict=True))["A1"]
    assert first[0, AGE_BANDS.index("40-44")] == 90
    assert first[0, AGE_BANDS.index("95+")] == 10
    assert first[1, 0] == 60
    assert any(
        "Sex or age of 10 people is not stated, and they are left out (A1: 10)" in said for said in region.about.assumed
    )


def test_names_with_commas_and_practices_without_network(files: Files) -> None:
    region = files.build(areas=("52R",))
    assert region.names == ("ABBEY, THE", "BECK")
    assert region.networks == ("U1", "")
    assert files.build(networks=("U1", "U2")).codes == ("A1", "A3")


def test_zipped_gzipped_and_plain_files_read_alike(files: Files) -> None:
    plain = files.build()
    with zipfile.ZipFile(files.folder / "registered.zip", "w") as archive:
        archive.write(files.registered, "gp-reg.csv")
    files.registered = files.folder / "registered.zip"
    packed = files.folder / "map.csv.gz"
    packed.write_bytes(gzip.compress(files.map.read_bytes()))
    files.map = packed
    assert np.array_equal(files.build().people, plain.people)


def test_the_older_format_has_totals_and_gets_englands_ages(files: Files) -> None:
    lines = [f"G,01JAN2021,GP,04E,E38,{code},NG1 1AA,ALL,ALL,{people}" for code, people in (("A1", 1000), ("A2", 501))]
    files.registered = files.write("old.csv", [OLD_HEAD, *lines])
    files.map = files.write("oldmap.csv", [MAP_HEAD.replace("SUB_ICB_LOCATION", "CCG"), *MAP_ROWS])
    region = files.build(areas=("52R",))
    assert region.people.sum(axis=(1, 2)).tolist() == [1000, 501]
    assert str(region.about.start) == "2021-01-01"
    assert any("England's shape" in said for said in region.about.assumed)


def test_fingertips_files_with_an_england_row_twice(files: Files) -> None:
    head = "Indicator ID,Area Code,Area Name,Area Type,Value"
    rows = ["1,E92000001,England,England,21.7"] * 2 + ["1,A1,Abbey,GP,33.5", "1,A2,Beck,GP,8.1", "1,A3,Canal,GP,"]
    files.deprivation = files.write("fingertips.csv", [head, *rows])
    assert read_deprivation(files.deprivation) == {"A1": 33.5, "A2": 8.1}
    assert any("1 practices without a score" in said for said in files.build().about.assumed)


def test_more_deprived_practices_have_more_people_in_the_first_deciles(files: Files) -> None:
    region = files.build()
    deciles = dict(zip(region.codes, region.deciles, strict=True))
    assert deciles["A1"][0] > deciles["A3"][0] > deciles["A2"][0]
    assert np.allclose(region.deciles.sum(axis=1), 1, atol=2e-4)


def test_what_is_assumed_is_told(files: Files) -> None:
    said = files.build(areas=("52R",)).about.assumed
    assert any(sentence.startswith("MRI scan:") and "per week" in sentence for sentence in said)
    assert any("people waiting at the start" in sentence for sentence in said)
    assert any("Deprivation within practices" in sentence for sentence in said)


def test_a_region_is_written_whole_and_read_back(files: Files, tmp_path: Path) -> None:
    region = files.build()
    write_region(region, tmp_path / "out" / "mine")
    again = load_region(tmp_path / "out" / "mine")
    assert np.array_equal(again.people, region.people)
    assert again.sites == region.sites or str(again.sites) == str(region.sites)
    assert again.waiting == region.waiting
    assert again.about == region.about
    with pytest.raises(BadInput, match="exists already and is not empty"):
        write_region(region, tmp_path / "out" / "mine")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def spoil_count(files: Files, people: object) -> None:
    files.registered = files.write("bad.csv", [HEAD, *ROWS, row("A3", "FEMALE", "30_34", people)])


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda f: spoil_count(f, -5), "bad.csv: row 12, column NUMBER_OF_PATIENTS: '-5' is negative."),
        (lambda f: spoil_count(f, "many"), "bad.csv: row 12, column NUMBER_OF_PATIENTS: 'many' is not a number."),
        (lambda f: spoil_count(f, "1.5"), "'1.5' is not a whole number."),
        (lambda f: spoil_count(f, "inf"), "'inf' is not a finite number."),
        (lambda f: spoil_count(f, 10**10), "'10000000000' is above 10,000,000, the most that is possible."),
        (lambda f: spoil_count(f, ""), "column NUMBER_OF_PATIENTS: is blank; write 0 if none."),
        (lambda f: setattr(f, "registered", f.write("bad.csv", [HEAD, *ROWS, ROWS[4]])), "the practice 'A1' stands twice for sex FEMALE, age 40_44."),
        (lambda f: setattr(f, "registered", f.write("bad.csv", [HEAD, row("A1", "MALE", "40_49", 5)])), "the age band '40-49' is not a five-year band."),
        (lambda f: setattr(f, "registered", f.write("bad.csv", [HEAD, ROWS[0]])), "no row has the organisation type 'GP'."),
        (lambda f: setattr(f, "registered", f.map), "this is not patients registered at a GP practice: there is no column"),
        (lambda f: setattr(f, "registered", f.map), "It looks like the map of practices to networks (--map): were two files swapped?"),
        (lambda f: setattr(f, "deprivation", f.registered), "this is not deprivation score by practice"),
        (lambda f: setattr(f, "map", f.folder / "nowhere.csv"), "there is no such file."),
        (lambda f: setattr(f, "map", f.write("bad.csv", [MAP_HEAD, MAP_ROWS[0], MAP_ROWS[0]])), "row 3: the practice 'A1' stands twice."),
        (lambda f: setattr(f, "deprivation", f.write("bad.csv", ["PRACTICE_CODE,IMD_SCORE", "A1,high"])), "column IMD_SCORE: 'high' is not a number."),
        (lambda f: setattr(f, "deprivation", f.write("bad.csv", ["PRACTICE_CODE,IMD_SCORE", "A1,3", "A1,4"])), "the practice 'A1' stands twice."),
    ],
)  # fmt: skip
def test_spoiled_files_are_explained(files: Files, spoil, expected: str) -> None:  # type: ignore[no-untyped-def]
    spoil(files)
    with pytest.raises(BadInput) as bad:
        files.build()
    assert expected in message(bad)


def test_a_truncated_zip_is_explained(files: Files) -> None:
    with zipfile.ZipFile(files.folder / "registered.zip", "w") as archive:
        archive.write(files.registered, "gp-reg.csv")
    whole = (files.folder / "registered.zip").read_bytes()
    cut = files.folder / "cut.zip"
    cut.write_bytes(whole[: len(whole) // 2])
    files.registered = cut
    with pytest.raises(BadInput) as bad:
        files.build()
    assert "cut.zip: the archive is damaged or cut short" in message(bad)
    packed = files.folder / "cut.csv.gz"
    packed.write_bytes(gzip.compress(files.map.read_bytes())[:60])
    with pytest.raises(BadInput, match="damaged or cut short"):
        read_map(packed)


def zipped(files: Files, *, flags: int = 0, method: int = 0) -> Path:
    """The file of registered patients in a zip whose headers say that it is locked, or packed in some other way."""
    path = files.folder / "packed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(files.registered, "gp-reg.csv")
    data = bytearray(path.read_bytes())
    for header, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(header) + offset
        data[at : at + 4] = struct.pack("<HH", flags, method)
    path.write_bytes(data)
    return path


def test_archives_that_cannot_be_opened_are_explained(files: Files) -> None:
    """A password (bit 0 of the flags), and Deflate64 (method 9), with which Windows packs large files."""
    assert read_registered(zipped(files)).codes == ("A1", "A2", "A3")
    with pytest.raises(BadInput, match=r"packed.zip: the archive is locked with a password. Unpack it"):
        read_registered(zipped(files, flags=1))
    with pytest.raises(BadInput, match=r"packed.zip: the archive is packed in a way that cannot be read here."):
        read_registered(zipped(files, method=9))


@pytest.mark.parametrize("name", ["folder", "folder.zip"])
def test_a_folder_in_place_of_a_file_is_explained(files: Files, name: str) -> None:
    (files.folder / name).mkdir()
    with pytest.raises(BadInput, match=f"{name}: this is a folder; a file is needed"):
        read_map(files.folder / name)


def test_a_zip_packed_on_a_mac_is_read(files: Files) -> None:
    """The Finder adds a file of its own for each that it packs."""
    path = files.folder / "mac.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(files.registered, "data/gp-reg.csv")
        archive.writestr("__MACOSX/data/._gp-reg.csv", b"\x00\x05\x16\x07")
        archive.writestr("data/._gp-reg.csv", b"\x00\x05\x16\x07")
    assert np.array_equal(read_registered(path).people, read_registered(files.registered).people)


@pytest.mark.parametrize("name", ["", "Mid Notts", "mid-notts", "../mid", "mid\n", "mid_notts\n", ".", "müde"])
def test_names_of_regions_are_plain(files: Files, name: str) -> None:
    """Told together with what is wrong with the files, before anything is built."""
    files.map = files.folder / "nowhere.csv"
    with pytest.raises(BadInput) as bad:
        files.build(name=name)
    assert "is no name for a region: use small letters, digits and underscores" in message(bad)
    assert "there is no such file" in message(bad)


def test_a_place_that_cannot_be_written_is_told_and_left_as_it_was(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file where a folder should be; and a disk that is full when half of the region is written."""
    region = files.build()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadInput, match=r"mine: it cannot be written: a file stands where a folder is needed."):
        write_region(region, files.registered / "mine")

    def full(region: Region, folder: Path) -> None:
        (folder / "practices.csv").write_text("practice")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathways.official.new_region.save_region", full)
    with pytest.raises(BadInput, match="mine: it cannot be written: the disk is full"):
        write_region(region, tmp_path / "new" / "deep" / "mine")
    assert sorted(tmp_path.rglob("*")) == before


def test_problems_of_all_files_come_together(files: Files) -> None:
    files.map = files.folder / "nowhere.csv"
    files.deprivation = files.registered
    with pytest.raises(BadInput) as bad:
        files.build()
    assert len(bad.value.problems) == 2


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"practices": ("A9",)}, "nobody was registered there in July 2026: it may have closed or merged. The map still lists it as CLOSED SURGERY."),
        ({"practices": ("A1", "A0")}, "--practice A0: no practice has this code or name. Near are:"),
        ({"networks": ("U7",)}, "--pcn U7: no network has this code or name. Near are: ONE PCN (U1), TWO PCN (U2)."),
        ({"areas": ("52Q",)}, "--sub-icb 52Q: no sub-ICB location has this code or name. Near are: NHS X (52R)."),
        ({"areas": ("52R",), "england": True}, "2 selections are given; give one of --icb, --sub-icb, --pcn, --practice or --england"),
        ({"england": False}, "0 selections are given"),
    ],
)  # fmt: skip
def test_selections_that_cannot_be_made_are_explained(
    files: Files, selection: dict[str, object], expected: str
) -> None:
    with pytest.raises(BadInput) as bad:
        files.build(**selection)
    assert expected in message(bad)


def test_nobody_registered_is_refused(files: Files) -> None:
    files.registered = files.write("none.csv", [HEAD, row("A1", "MALE", "40_44", 0)])
    with pytest.raises(BadInput, match="nobody is registered at the chosen practices"):
        files.build(practices=("A1",))


@needs_official_files
def test_mid_nottinghamshire_has_its_people() -> None:
    region = region_from_official_files(
        "mid_notts", registered=REGISTERED, practice_map=MAP, deprivation=DEPRIVATION,
        selection=Selection(networks=MID_NOTTS), pathway=load_pathway("usual_care"),
    )  # fmt: skip
    assert region.population == 348_948
    assert len(region.codes) == 36
    assert set(region.networks) == set(MID_NOTTS)


@needs_official_files
def test_england_has_its_people_and_practices() -> None:
    found = read_registered(REGISTERED)
    assert int(found.people.sum()) == 63_436_508
    assert len(found.codes) == 6_139
    assert not found.missing


@needs_official_files
def test_the_older_official_files_are_read() -> None:
    region = region_from_official_files(
        "north_east_essex", registered=OLD_REGISTERED, practice_map=OLD_MAP, deprivation=OLD_DEPRIVATION,
        selection=Selection(areas=("06T",)), pathway=load_pathway("usual_care"),
    )  # fmt: skip
    assert region.population == 361_272
    assert region.about.start.year == 2021


@needs_official_files
def test_deciles_of_england_hold_a_tenth_each() -> None:
    region = region_from_official_files(
        "england", registered=REGISTERED, practice_map=MAP, deprivation=DEPRIVATION,
        selection=Selection(england=True), pathway=load_pathway("usual_care"),
    )  # fmt: skip
    people = region.people.sum(axis=(1, 2))
    assert np.allclose(people @ region.deciles / people.sum(), 0.1, atol=0.003)
    assert len(region.area_names()) == 106
