"""Small official files, as they are published, for tests that read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pathways import BadInput, Region, load_pathway
from pathways.official.new_region import region_from_official_files
from pathways.official.selection import Selection

HEAD = "PUBLICATION,EXTRACT_DATE,ORG_TYPE,ORG_CODE,ONS_CODE,POSTCODE,SEX,AGE_GROUP_5,NUMBER_OF_PATIENTS"
MAP_HEAD = (
    "PUBLICATION,EXTRACT_DATE,PRACTICE_CODE,PRACTICE_NAME,PRACTICE_POSTCODE,PCN_CODE,PCN_NAME,"
    "ONS_SUB_ICB_LOCATION_CODE,SUB_ICB_LOCATION_CODE,SUB_ICB_LOCATION_NAME"
)


def row(code: str, sex: str, band: str, people: object, kind: str = "GP") -> str:
    """A row of the file of registered patients."""
    return f"GP_PRAC_PAT_LIST,2026-07-01,{kind},{code},,NG1 1AA,{sex},{band},{people}"


ROWS = [
    row("Y56", "ALL", "ALL", 999999, "Comm Region"),
    row("U1", "FEMALE", "40_44", 888, "PCN"),
    row("A1", "ALL", "ALL", 170),
    row("A1", "FEMALE", "ALL", 100),
    row("A1", "FEMALE", "40_44", 90),
    row("A1", "FEMALE", "95+", 10),
    row("A1", "MALE", "0_4", 60),
    row("A2", "FEMALE", "40_44", 50),
    row("A2", "MALE", "40_44", 50),
    row("A3", "MALE", "20_24", 70),
]
MAP_ROWS = [
    'G,01Jul2026,A1,"ABBEY, THE",NG1 1AA,U1,ONE PCN,E1,52R,NHS X',
    "G,01Jul2026,A2,BECK,NG1 1AA,U,,E1,52R,NHS X",
    "G,01Jul2026,A3,CANAL,NG1 1AA,U2,TWO PCN,E2,06T,NHS Y",
    "G,01Jul2026,A9,CLOSED SURGERY,NG1 1AA,U2,TWO PCN,E2,06T,NHS Y",
]
SCORES = ["A1,The Abbey,2025,33.5", "A2,Beck,2025,8.1", "A3,Canal,2025,21.0"]


class Files:
    """The three files, which a test may spoil before it builds a region of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.registered = self.write("registered.csv", [HEAD, *ROWS])
        self.map = self.write("map.csv", [MAP_HEAD, *MAP_ROWS])
        self.deprivation = self.write("deprivation.csv", ["PRACTICE_CODE,PRACTICE_NAME,IMD_YEAR,IMD_SCORE", *SCORES])

    def write(self, name: str, lines: list[str]) -> Path:
        """A file with the line ends of the publisher."""
        path = self.folder / name
        path.write_bytes(("\r\n".join(lines) + "\r\n").encode())
        return path

    def build(self, *, name: str = "small", **selection: object) -> Region:
        """The region of these files."""
        return region_from_official_files(
            name, registered=self.registered, practice_map=self.map, deprivation=self.deprivation,
            selection=Selection(**(selection or {"england": True})), pathway=load_pathway("usual_care"),  # type: ignore[arg-type]
        )  # fmt: skip


def message(bad: pytest.ExceptionInfo[BadInput]) -> str:
    """What the user reads."""
    return "\n".join(str(problem) for problem in bad.value.problems)
