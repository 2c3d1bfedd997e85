"""Draws the pictures of docs/clock.md beside this file: `python docs/pictures/draw.py`. A test holds that they are up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

HERE = Path(__file__).parent
INK, GREY, PALE, WHITE = "#212B32", "#425563", "#F0F4F5", "#FFFFFF"
BLUE, GREEN, ORANGE = "#005EB8", "#007F3B", "#B35900"
LINE = 19


def svg(width: int, height: int, title: str, says: str, parts: list[str]) -> str:
    """A whole drawing on white, with its name and description for those who cannot see it."""
    arrow = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" orient="auto" '
        f'markerUnits="userSpaceOnUse"><path d="M0 0L8 4L0 8z" fill="{GREY}"/></marker></defs>'
    )
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(title)}" font-family="Arial, Helvetica, sans-serif" font-size="14">\n'
        f"<title>{escape(title)}</title>\n<desc>{escape(says)}</desc>\n"
        f'<rect width="{width}" height="{height}" fill="{WHITE}"/>{arrow}\n{body}\n</svg>\n'
    )


def text(
    x: float, y: float, words: str, *, colour: str = INK, size: int = 14, bold: bool = False, middle: bool = False
) -> str:
    """One line of text, its baseline at y."""
    weight = ' font-weight="bold"' if bold else ""
    anchor = ' text-anchor="middle"' if middle else ""
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}" font-size="{size}"{weight}{anchor}>{escape(words)}</text>'


def lines(x: float, y: float, said: list[str], **style: Any) -> list[str]:
    """Several lines of text, the first with its baseline at y."""
    return [text(x, y + LINE * row, words, **style) for row, words in enumerate(said)]


def box(
    x: float, y: float, width: float, height: float, *, fill: str = PALE, line: str = GREY, round_by: int = 5
) -> str:
    """A rectangle."""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{round_by}" fill="{fill}" stroke="{line}"/>'


def arrow(path: str, *, dashed: bool = False) -> str:
    """A line with a tip at its end."""
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<path d="{path}" fill="none" stroke="{GREY}" stroke-width="1.6"{dashes} marker-end="url(#tip)"/>'


def clock() -> str:
    """Three ticks of two phases, and what happens in them to two patients."""
    left, top, column, wide, between = 150, 74, 264, 232, 14
    rows = [
        ("1a", "Backs act", "phase 1", 62),
        ("1b", "Cares act", "phase 1", 86),
        ("2", "Services see", "phase 2", 86),
    ]
    told = [
        [
            ["Ann falls ill", "Bob falls ill"],
            ["Ann sees the GP", "Bob sees the GP", "(open: nobody queues)"],
            ["Clinic, 1 slot:", "its list is empty"],
        ],
        [
            [],
            ["Ann's visit is over: the GP", "refers her, she joins the list", "Bob's visit is over: the same"],
            ["Clinic, 1 slot: both joined", "today, Bob has the smaller lot", "Bob is seen"],
        ],
        [
            ["Ann's pain gets worse"],
            ["Bob's visit is over: its effect", "begins, he goes home"],
            ["Clinic, 1 slot:", "Ann is seen (waited 1 day)"],
        ],
    ]
    parts = [text(20, 30, "Three ticks of the clock", size=18, bold=True)]
    for day, name in enumerate(("Monday", "Tuesday", "Wednesday")):
        parts.append(text(left + column * day + wide / 2, 60, f"tick {day} ({name})", bold=True, middle=True))
    y = top
    middles = []
    for row, (number, name, phase, height) in enumerate(rows):
        colour = BLUE if row < 2 else GREEN
        parts.append(text(20, y + 26, number, size=18, bold=True, colour=colour))
        parts += [text(50, y + 26, name, bold=True), text(50, y + 26 + LINE, phase, colour=GREY)]
        for day in range(3):
            x = left + column * day
            parts.append(box(x, y, wide, height, line=colour))
            parts += lines(x + 12, y + 26, told[day][row] or ["nothing"], colour=INK if told[day][row] else GREY)
        middles.append(y + height / 2)
        y += height + between
    edge = left + wide
    parts.append(arrow(f"M{edge} {middles[1]}L{left + column - 2} {middles[1]}"))
    edge += column
    parts.append(
        arrow(
            f"M{edge} {middles[2]}C{edge + 26} {middles[2]},{edge + 4} {middles[1]},{left + 2 * column - 2} {middles[1]}"
        )
    )
    parts.append(
        text(
            left, y + 12, "Arrows: what follows from a visit takes effect in the next tick, never before.", colour=GREY
        )
    )
    says = (
        "Within each tick first every patient's back acts, then every patient's care, then services see people from their "
        "lists. What follows from a visit takes effect in the next tick."
    )
    return svg(930, y + 30, "The two-phase clock", says, parts)


def bar(x: float, y: float, width: float, height: float, options: list[tuple[str, float, str]]) -> list[str]:
    """The options of a decision side by side, as wide as their shares."""
    parts = []
    for name, share, colour in options:
        parts.append(block(x, y, share * width, height, name, colour))
        x += share * width
    return parts


def block(x: float, y: float, width: float, height: float, name: str, colour: str) -> str:
    """A filled rectangle with a name in its middle."""
    drawn = f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{colour}" stroke="{WHITE}" stroke-width="2"/>'
    return drawn + text(x + width / 2, y + height / 2 + 5, name, colour=WHITE, bold=True, middle=True)


def chance() -> str:
    """From the key to the draw, and what a lever does to it."""
    parts = [text(20, 30, "One draw, and what a lever does to it", size=18, bold=True)]
    keys = [
        ("seed", "42"),
        ("replication", "3"),
        ("practice, person", "D00004, 117"),
        ("decision", "gp_plan"),
        ("how often met", "0"),
    ]
    for place, (what, value) in enumerate(keys):
        x = 20 + 142 * place
        parts += [box(x, 52, 132, 52), text(x + 66, 73, what, colour=GREY, size=13, middle=True)]
        parts.append(text(x + 66, 94, value, bold=True, middle=True))
    parts += [arrow("M724 78L764 78"), box(770, 52, 164, 52, line=BLUE)]
    parts.append(text(852, 73, "64 bits, scrambled", colour=GREY, size=13, middle=True))
    parts.append(text(852, 94, "a number: 0.81", bold=True, middle=True))
    x, width, height, scan, diverted = 130, 804, 62, 0.3, 0.4
    at = x + 0.81 * width
    others = [("home", 0.5, GREY), ("physiotherapy", 0.2, GREEN)]
    parts += lines(20, 178, ["without", "the form"], bold=True)
    parts += bar(x, 152, width, height, [*others, ("scan", scan, BLUE)])
    parts.append(arrow(f"M{at:g} 106L{at:g} 149"))
    parts += lines(20, 282, ["with", "the form"], bold=True)
    parts += bar(x, 256, width, height, others)
    from_x, scanned = x + 0.7 * width, height * (1 - diverted)
    parts.append(block(from_x, 256, scan * width, scanned, "scan", BLUE))
    parts.append(block(from_x, 256 + scanned, scan * width, height * diverted, "diverted elsewhere", ORANGE))
    parts.append(arrow(f"M{at:g} 216L{at:g} 253", dashed=True))
    parts.append(f'<circle cx="{at:g}" cy="268" r="5" fill="{WHITE}" stroke="{INK}" stroke-width="1.5"/>')
    said = [
        "Across: the first draw. It is the same with and without the form, and this patient's number says scan.",
        "Down: a second draw with a key of its own. It says whether the form diverts the patient; here it does not (the dot).",
        "4 in 10 of those who would have had a scan go elsewhere. Nobody else moves. The shares are for illustration.",
    ]
    parts += lines(x, 346, said, colour=GREY)
    says = (
        "Seed, replication, person, decision and visit give one number. With and without a lever the number is the same; "
        "the lever diverts some of those whose number chose the option that it lowers."
    )
    return svg(954, 404, "Keyed draws and levers", says, parts)


PICTURES = {"clock.svg": clock, "chance.svg": chance}

if __name__ == "__main__":
    for name, draw in PICTURES.items():
        (HERE / name).write_text(draw(), encoding="utf-8")
