"""The command `region new`: a region from official files."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from ui.commands.options import Overwrite, out, places_to_write, say, warn


def region_new(
    name: Annotated[str, typer.Argument(help="The new region's name.")],
    registered: Annotated[
        Path, typer.Option("--registered", help="Patients registered at a GP practice.", metavar="FILE")
    ],
    practice_map: Annotated[
        Path, typer.Option("--map", help="Map of practices to networks and areas.", metavar="FILE")
    ],
    deprivation: Annotated[Path, typer.Option("--deprivation", help="Deprivation score by practice.", metavar="FILE")],
    folder: Annotated[Path, typer.Option("--out", help="The new region's folder.", metavar="DIR")],
    icb: Annotated[
        list[str] | None,
        typer.Option("--icb", help="An integrated care board, by code or name, or several.", metavar="CODE|NAME …"),
    ] = None,
    sub_icb: Annotated[
        list[str] | None,
        typer.Option(
            "--sub-icb",
            help="A sub-ICB location (formerly CCG), by code or name, or several.",
            metavar="CODE|NAME …",
        ),
    ] = None,
    pcn: Annotated[
        list[str] | None,
        typer.Option("--pcn", help="A network, by code or name, or several.", metavar="CODE|NAME …"),
    ] = None,
    practice: Annotated[
        list[str] | None,
        typer.Option("--practice", help="A practice, by code or name, or several.", metavar="CODE|NAME …"),
    ] = None,
    england: Annotated[bool, typer.Option("--england", help="All practices, area by area.")] = False,
    pathway: Annotated[
        str, typer.Option("--pathway", help="The pathway whose services the region gets.")
    ] = "usual_care",
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
    out.print("Assumed, because the official files do not tell:", markup=False, highlight=False)
    for sentence in region.about.assumed:
        say(f"  - {sentence}")
    following = f"backpath compare mri_guidance physio_first --region {shlex.quote(str(folder))}"
    say(f"Next: {following}")
