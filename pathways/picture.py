"""A pathway and a scenario in words and as a diagram. The diagram in text shows every decision; the drawing, services only."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from textwrap import fill
from typing import Any

from pathways.checks.without_effect import without_effect
from pathways.condition import in_words
from pathways.decision import REST, Decision, Odds
from pathways.lever import Change, LeverSetting, Scenario
from pathways.pathway import Pathway
from pathways.provision import provision, rounded
from pathways.quantity import Quantity
from pathways.region import Region
from pathways.service import Service
from pathways.word import HOME, Duration

WIDTH = 100
GRADE_MARK = {"read": "", "recalled": " (recalled)", "assumed": " (assumed)", "local": " (local)"}


def pathway_in_words(pathway: Pathway) -> str:
    """The pathway as text: what happens at each service, and how each decision divides people."""
    parts = [pathway.title, "=" * len(pathway.title), fill(" ".join(pathway.says.split()), WIDTH), ""]
    parts += ["People need care", _tree(pathway, pathway.care.entry, "  "), "", "Services", "--------"]
    for service in pathway.services.values():
        parts += [_service(pathway, service), _tree(pathway, service.next, "  "), ""]
        if service.course and service.course.after_cap:
            parts[-1:] = ["  when the cap is reached", _tree(pathway, service.course.after_cap, "    "), ""]
    if waiting := pathway.care.while_waiting:
        parts += [
            f"While waiting, people see: {pathway.services[waiting.service].title}",
            _tree(pathway, waiting.then, "  "),
            "",
        ]
    if pathway.levers:
        parts += ["Levers", "------"]
        parts += [
            f"{name}: {lever.title}. {lever.says}. Counter-effects: {lever.counter_effects}."
            for name, lever in pathway.levers.items()
        ]
    return "\n".join(
        fill(part, WIDTH, subsequent_indent="    ") if len(part) > WIDTH and "\n" not in part else part
        for part in parts
    )


def _service(pathway: Pathway, service: Service) -> str:
    price = pathway.quantities[service.price]
    said = [f"{service.title}: £{price.number():g}{GRADE_MARK[price.grade]}"]
    match service.capacity:
        case "open":
            said.append("everyone is seen")
        case "slots":
            said.append(f"appointments on {', '.join(service.weekdays) if service.weekdays else 'working days'}")
        case "places":
            said.append(f"places held for {_duration(pathway, service.stay)}")
    if service.per_100k:
        amount = pathway.quantities[service.per_100k]
        said.append(f"{amount.number():g} {amount.unit}{GRADE_MARK[amount.grade]} unless the region knows better")
    if service.delay:
        said.append(f"reached after {_duration(pathway, service.delay)}")
    if service.course:
        visits = pathway.quantities[service.course.visits].levels()
        mean = sum(int(number) * share for number, share in visits.items())
        cap = f", at most {pathway.quantities[service.course.cap].number():g}" if service.course.cap else ""
        said.append(f"{mean:.1f} visits on average{cap}, {_duration(pathway, service.course.gap)} apart")
    if service.attendance:
        missed, again = pathway.quantities[service.attendance.missed], pathway.quantities[service.attendance.rebooked]
        said.append(f"{missed.number():.0%} of appointments missed, {again.number():.0%} of these booked again")
    if service.waiting and service.waiting.patience:
        said.append(f"people give up after {_duration(pathway, service.waiting.patience)}")
    if service.effect:
        said.append(f"effect: {service.effect}")
    return "; ".join(said) + ". Then"


def _duration(pathway: Pathway, duration: Duration | None) -> str:
    if duration is None:
        return "no time"
    quantities = pathway.quantities

    def time(name: str) -> str:
        return f"{quantities[name].number():g} {quantities[name].unit}"

    match duration.kind:
        case "uniform" if duration.uniform:
            return f"{time(duration.uniform[0])} to {time(duration.uniform[1])}"
        case "empirical":
            return f"a time from the table {duration.empirical}"
        case "lognormal" | "weibull" as kind:
            return f"{time(getattr(duration, kind))} (median)"
        case "fixed":
            return time(str(duration.fixed))
        case kind:
            return f"{time(getattr(duration, kind))} on average"


def _tree(pathway: Pathway, to: str, indent: str, told: set[str] | None = None) -> str:
    """A destination, and the decisions that follow until a service or home, as a tree of shares.

    A decision that stands in the tree already (`told`) is named and not drawn again.
    """
    if to == HOME:
        return f"{indent}go home"
    if to in pathway.services:
        return f"{indent}▶ {pathway.services[to].title}"
    decision, told = pathway.decisions[to], set() if told is None else told
    title = f"{indent}{decision.says or to}"
    if to in told:
        return f"{title} (as above)"
    told.add(to)
    lines = [title]
    shares = option_shares(pathway, decision)
    names = list(decision.options)
    for name in names:
        last = name == names[-1]
        branch, below = ("└─", "  ") if last else ("├─", "│ ")
        share = f"{shares[name]:6.1%}"
        onward = decision.destination(name)
        when = _when(decision.options[name].when)
        sets = "".join(f" [{key} = {value}]" for key, value in decision.options[name].sets.items())
        sets += f" [health becomes {state}]" if (state := decision.options[name].state) else ""
        if onward in pathway.decisions:
            lines.append(f"{indent}{branch}{share}{when}{sets}")
            lines.append(_tree(pathway, onward, f"{indent}{below}       ", told))
        else:
            lines.append(f"{indent}{branch}{share}  {_tree(pathway, onward, '')}{when}{sets}")
    lines += [f"{indent}   odds: {_odds(pathway, odds)}" for odds in decision.odds]
    return "\n".join(lines)


def _odds(pathway: Pathway, odds: Odds) -> str:
    if odds.practice_effect:
        return f"{odds.option} differs between practices ({odds.practice_effect})"
    quantity = pathway.quantities[str(odds.times)]
    return f"{odds.option} times {quantity.number():g}{GRADE_MARK[quantity.grade]}{_when(odds.when)}"


def _when(when: dict[str, Any]) -> str:
    """A condition as it is read aloud, with a blank before it; nothing where there is none."""
    return f" if {in_words(when)}" if when else ""


def option_shares(pathway: Pathway, decision: Decision) -> dict[str, float]:
    """The base shares of a decision's options; 'rest' is that of someone to whom no option with a condition is open."""
    given = {
        name: pathway.quantities[option.share].number()
        for name, option in decision.options.items()
        if option.share != REST
    }
    has_rest = len(given) < len(decision.options)
    taken = sum(share for name, share in given.items() if not (has_rest and decision.options[name].when))
    return {name: given.get(name, max(0.0, 1 - taken)) for name in decision.options}


def scenario_in_words(name: str, scenario: Scenario, pathway: Pathway, region: Region | None = None) -> str:
    """A scenario as text: what is switched on, from when, where, by how much, and on what evidence.

    With a `region` also what its levers make of the capacity there, in appointments a week or places, and what of it comes to
    nothing there.
    """
    parts = [scenario.title, "=" * len(scenario.title), fill(" ".join(scenario.says.split()), WIDTH), ""]
    parts.append(f"Built on the pathway '{scenario.pathway}' ({pathway.title}).")
    if not scenario.levers and not scenario.quantities:
        parts.append("Nothing is switched on.")
    for lever_name, setting in scenario.levers.items():
        lever = pathway.levers[lever_name]
        parts += [
            "",
            f"Lever {lever_name}: {lever.title}",
            _indented(f"{lever.says}."),
            _indented(_where_and_when(pathway, lever_name, setting)),
        ]
        parts += [_indented(f"- {_change(pathway, change)}") for change in lever.changes]
        parts.append(_indented(f"Counter-effects: {lever.counter_effects}."))
    for quantity_name in scenario.quantities:
        parts.append(fill(f"Quantity {quantity_name} is {_quantity(pathway.quantities[quantity_name])}.", WIDTH))
    if region is not None and (changed := provision(pathway, region, scenario)):
        parts += ["", f"Capacity in {region.about.title}"]
        parts += [_indented(f"- {each.sentence}") for each in changed]
    if region is not None and (nothing := without_effect(scenario, pathway, region, name=name)):
        parts += ["", f"Without effect in {region.about.title}"]
        parts += [_indented(f"- {problem.where.removeprefix(f'{name}: ')}: {problem.says}") for problem in nothing]
    if scenario.evidence:
        parts += ["", fill(f"Evidence: {scenario.evidence}", WIDTH)]
    if scenario.cannot_tell:
        parts.append(fill(f"What it cannot tell: {scenario.cannot_tell}", WIDTH))
    flow = _levers_diagram(scenario, pathway)
    return "\n".join([*parts, *(["", *flow] if flow else [])])


def _indented(text: str) -> str:
    return fill(text, WIDTH, initial_indent="  ", subsequent_indent="    ")


def _where_and_when(pathway: Pathway, name: str, setting: LeverSetting) -> str:
    lever = pathway.levers[name]
    if setting.practices is not None:
        where = f"in {len(setting.practices)} named practices"
    else:
        reach = (
            setting.reach
            if setting.reach is not None
            else pathway.quantities[lever.reach].number()
            if lever.reach
            else 1.0
        )
        where = "in all practices" if reach == 1 else f"in {reach:.0%} of practices"
    start = "from the start" if setting.starts.strip().startswith("0 ") else f"from {setting.starts} after the start"
    adoption = f", each taking it up after {_duration(pathway, lever.adoption)}" if lever.adoption else ""
    fades = f", wearing off by half every {_quantity(pathway.quantities[lever.half_life])}" if lever.half_life else ""
    ends = f" until {setting.ends} after it" if setting.ends else ""
    return f"On {start}{ends}, {where}{adoption}{fades}."


def _quantity(quantity: Quantity) -> str:
    if isinstance(quantity.value, dict):
        return f"a table ({quantity.grade}: {quantity.source})"
    return f"{quantity.value:g} {quantity.unit} ({quantity.low:g} to {quantity.high:g}; {quantity.grade}: {quantity.source})"


def _change(pathway: Pathway, change: Change) -> str:
    quantities = pathway.quantities
    if change.service:
        service = pathway.services[change.service]
        name = change.capacity_times or str(change.capacity_plus_per_100k)
        said = (
            f"capacity of {service.title} {'times' if change.capacity_times else 'plus'} {_quantity(quantities[name])}"
        )
        if change.capacity_times and service.per_100k:
            before, times = quantities[service.per_100k], quantities[name].number()
            said += f", as from {rounded(before.number(), digits=3)} to {rounded(before.number() * times, digits=3)} {before.unit}"
        if change.price:
            said += f"; each provided costs {_quantity(quantities[change.price])}"
        if change.premium_times:
            said += f"; each provided costs the service's price times {_quantity(quantities[change.premium_times])}"
        if change.cash_share:
            said += f"; of what they cost, cash is {_quantity(quantities[change.cash_share])}"
        return said
    size = (
        f"times {_quantity(quantities[change.times])}"
        if change.times
        else f"plus {_quantity(quantities[str(change.plus)])}"
    )
    said = f"at '{change.decision}', the share of '{change.option}'{_when(change.when)} {size}"
    if change.at_most:
        said += f", at most {quantities[change.at_most].number():.0%}"
    if change.freed:
        ways = [
            f"{'the rest' if share == REST else format(quantities[share].number(), '.0%')} to '{option}'"
            for option, share in change.freed.items()
        ]
        said += f"; of those kept from it, {', '.join(ways)}"
    if change.taken_from:
        said += f"; taken from {' and '.join(repr(option) for option in change.taken_from)}"
    return said


def _levers_diagram(scenario: Scenario, pathway: Pathway) -> list[str]:
    lines = []
    for name in scenario.levers:
        for change in pathway.levers[name].changes:
            if change.decision:
                others = " and ".join([*change.freed, *change.taken_from]) or "the other options"
                size = pathway.quantities[str(change.times or change.plus)].number()
                arrow = (
                    f"{change.option} ──(times {size:g})──▶ {others}"
                    if change.times and size <= 1
                    else f"{others} ──▶ {change.option} ({'times' if change.times else 'plus'} {size:g})"
                )
                lines.append(f"  {pathway.levers[name].title:<36} {change.decision}: {arrow}")
            else:
                lines.append(f"  {pathway.levers[name].title:<36} capacity of {change.service}")
    return ["What moves", *lines] if lines else []


# the drawing

BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y = 190, 44, 90, 26
INK, PALE, LINE = "#212B32", "#F0F4F5", "#425563"


def edges(pathway: Pathway) -> dict[tuple[str, str], float]:
    """The share of people going from each service (or the entry '') to each service or home, decisions worked through."""
    found: dict[tuple[str, str], float] = {}
    ways = [("", pathway.care.entry)] + [(name, service.next) for name, service in pathway.services.items()]
    for source, to in ways:
        for target, share in _ends(pathway, to, 1.0):
            found[source, target] = found.get((source, target), 0.0) + share
    return found


def _ends(pathway: Pathway, to: str, share: float) -> Iterator[tuple[str, float]]:
    if to not in pathway.decisions:
        yield to, share
        return
    decision = pathway.decisions[to]
    shares = option_shares(pathway, decision)
    whole = sum(shares.values())
    for name, part in shares.items():
        yield from _ends(pathway, decision.destination(name), share * part / whole)


def draw(pathway: Pathway) -> str:
    """The pathway as an SVG drawing: a box for each service, wider arrows for larger shares. Ways home are left out."""
    ways = {way: share for way, share in edges(pathway).items() if way[1] != HOME and share > 0}
    column = {"": 0}
    frontier = [""]
    while frontier:
        following = [
            target for source in frontier for (start, target) in ways if start == source and target not in column
        ]
        column |= {
            target: column[source] + 1
            for source in frontier
            for (start, target) in ways
            if start == source and target not in column
        }
        frontier = list(dict.fromkeys(following))
    for name in pathway.services:
        column.setdefault(name, max(column.values()))
    place: dict[str, tuple[int, int]] = {}
    rows: dict[int, int] = {}
    for name in ["", *pathway.services]:
        row = rows.get(column[name], 0)
        rows[column[name]] = row + 1
        place[name] = (20 + column[name] * (BOX_WIDTH + GAP_X), 20 + row * (BOX_HEIGHT + GAP_Y))
    width = 40 + (max(column.values()) + 1) * (BOX_WIDTH + GAP_X)
    height = 40 + max(rows.values()) * (BOX_HEIGHT + GAP_Y)
    arrows = "".join(_arrow(place[source], place[target], share) for (source, target), share in sorted(ways.items()))
    boxes = "".join(_box(place[name], pathway.services[name].title if name else "Needs care") for name in place)
    alt = escape(f"{pathway.title}: services and the ways between them")
    marker = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto" '
        f'markerUnits="userSpaceOnUse"><path d="M0 0L8 4L0 8z" fill="{LINE}"/></marker></defs>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{alt}" font-family="Arial, Helvetica, sans-serif" font-size="13"><title>{alt}</title>'
        f'<rect width="100%" height="100%" fill="#FFFFFF"/>{marker}{arrows}{boxes}</svg>\n'
    )


def _box(at: tuple[int, int], title: str) -> str:
    x, y = at
    words, lines = title.split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) > 24:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    first = y + BOX_HEIGHT / 2 + 5 - 8 * (len(lines) - 1)
    text = "".join(
        f'<text x="{x + BOX_WIDTH / 2}" y="{first + 16 * row}" text-anchor="middle" fill="{INK}">{escape(line)}</text>'
        for row, line in enumerate(lines)
    )
    return (
        f'<rect x="{x}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6" fill="{PALE}" stroke="{LINE}"/>{text}'
    )


def _arrow(source: tuple[int, int], target: tuple[int, int], share: float) -> str:
    x0: float
    x1: float
    x0, y0 = source[0] + BOX_WIDTH, source[1] + BOX_HEIGHT / 2
    x1, y1 = target[0], target[1] + BOX_HEIGHT / 2
    if x1 <= source[0]:  # a way back runs below the boxes
        x0, y0, x1, y1 = (
            source[0] + BOX_WIDTH / 2,
            source[1] + BOX_HEIGHT,
            target[0] + BOX_WIDTH / 2,
            target[1] + BOX_HEIGHT,
        )
        path = f"M{x0} {y0}C{x0} {y0 + GAP_Y},{x1} {y1 + GAP_Y},{x1} {y1}"
    else:
        middle = (x0 + x1) / 2
        path = f"M{x0} {y0}C{middle} {y0},{middle} {y1},{x1} {y1}"
    return (
        f'<path d="{path}" fill="none" stroke="{LINE}" stroke-opacity="0.6" stroke-width="{1 + 6 * share:.1f}" '
        f'marker-end="url(#tip)"/>'
    )
