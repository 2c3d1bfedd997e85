"""The command `region new`: a region from official files."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from ui.commands.asking import places_to_write
from ui.commands.options import DEFAULT_BASE, Overwrite
from ui.terminal.telling import say, say_wrapped, warn

Name = Annotated[str, typer.Argument(help="The new region's name.", metavar="NAME")]
RegisteredFile = Annotated[
    Path, typer.Option("--registered", help="Patients registered at a GP practice.", metavar="FILE")
]
MapFile = Annotated[Path, typer.Option("--map", help="Map of practices to networks and areas.", metavar="FILE")]
DeprivationFile = Annotated[Path, typer.Option("--deprivation", help="Deprivation score by practice.", metavar="FILE")]
RegionOut = Annotated[Path, typer.Option("--out", help="The new region's folder.", metavar="DIR")]
Icbs = Annotated[
    list[str] | None,
    typer.Option("--icb", help="An integrated care board, by code or name, or several.", metavar="CODE|NAME …"),
]
SubIcbs = Annotated[
    list[str] | None,
    typer.Option(
        "--sub-icb", help="A sub-ICB location (formerly CCG), by code or name, or several.", metavar="CODE|NAME …"
    ),
]
Networks = Annotated[
    list[str] | None, typer.Option("--pcn", help="A network, by code or name, or several.", metavar="CODE|NAME …")
]
Practices = Annotated[
    list[str] | None, typer.Option("--practice", help="A practice, by code or name, or several.", metavar="CODE|NAME …")
]
England = Annotated[bool, typer.Option("--england", help="All practices, area by area.")]
ForPathway = Annotated[
    str, typer.Option("--pathway", help="The pathway whose services the region gets.", metavar="NAME|FILE")
]


def region_new(
    name: Name,
    registered: RegisteredFile,
    practice_map: MapFile,
    deprivation: DeprivationFile,
    folder: RegionOut,
    icb: Icbs = None,
    sub_icb: SubIcbs = None,
    pcn: Networks = None,
    practice: Practices = None,
    england: England = False,
    pathway: ForPathway = DEFAULT_BASE,
    overwrite: Overwrite = False,
) -> None:
    """Build a region from official files as they are published, and tell what was assumed.

    Several areas, networks or practices may follow their option, be parted by commas, or have the option each.
    """
    from pathways import load_pathway
    from pathways.official.new_region import region_from_official_files, write_region
    from pathways.official.selection import Selection
    from ui.words import counted

    places_to_write(folder=folder, overwrite=overwrite)
    selection = Selection(
        icbs=tuple(icb or ()),
        areas=tuple(sub_icb or ()),
        networks=tuple(pcn or ()),
        practices=tuple(practice or ()),
        england=england,
    )
    region = region_from_official_files(
        name,
        registered=registered,
        practice_map=practice_map,
        deprivation=deprivation,
        selection=selection,
        pathway=load_pathway(pathway),
    )
    write_region(region, folder, overwrite=overwrite)
    areas = len(region.area_names())
    say(
        f"{region.population:,} registered people at {counted(len(region.codes), 'practice')}"
        f"{f' in {areas} areas' if areas > 1 else ''}, written to {folder}"
    )
    for sentence in region.about.warnings:
        warn(sentence)
    say_wrapped("Assumed, because the official files do not tell:")
    for sentence in region.about.assumed:
        say(f"  - {sentence}")
    following = f"backpath compare mri_guidance physio_first --region {shlex.quote(str(folder))}"
    say(f"Next: {following}")
