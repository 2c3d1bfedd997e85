"""The user's own scenario: levers set with sliders, a reason for each, and the file that the command line reads."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from pathways import LeverSetting, Pathway, Scenario

NAME = "my_scenario"
TITLE = "My scenario"
LONGEST_REASON = 500


def _evidence(pathway: Pathway, lever: str) -> str:
    """One line on how well a lever's size is known."""
    changes = [change for change in pathway.levers[lever].changes if change.times]
    if not changes:
        return ""
    quantity = pathway.quantities[str(changes[0].times)]
    return f"Evidence: {quantity.grade}. {quantity.source}."


def _on_one_line(text: str) -> str:
    """A text without line ends and other characters that no file of text may hold."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())[:LONGEST_REASON]


@dataclass(frozen=True)
class OwnScenario:
    """What the user has set: the share of practices by lever, and why."""

    reach: dict[str, float]
    why: dict[str, str]

    def scenario(self, pathway: Pathway) -> Scenario:
        """The scenario with every lever on that reaches anybody."""
        levers = {
            name: LeverSetting(reach=reach, why=_on_one_line(self.why.get(name, "")) or None)
            for name, reach in self.reach.items()
            if reach > 0
        }
        return Scenario(format=1, title=TITLE, says="A scenario made in the app.", pathway=pathway.name, levers=levers)

    def key(self) -> tuple[tuple[str, float], ...]:
        """What decides its results."""
        return tuple(sorted(self.reach.items()))


def form(pathway: Pathway) -> OwnScenario:
    """Sliders for every lever of the pathway, in a form with one button."""
    with st.form("own"):
        st.markdown("**My scenario.** Share of practices in which each is on. Press the button to run it.")
        reach, why = {}, {}
        for name, lever in pathway.levers.items():
            # capacity is as written wherever anybody takes part, so a lever of it alone is on or off
            alone = bool(lever.changes) and all(change.service for change in lever.changes)
            percent = st.slider(
                f"{lever.title} (% of practices)",
                0,
                100,
                0,
                100 if alone else 5,
                key=f"lever_{name}",
                bind="query-params",
                help=f"{lever.says}. Counter-effects: {lever.counter_effects}.",
            )
            st.caption(_evidence(pathway, name))
            reach[name] = percent / 100
            why[name] = st.text_input(
                f"Why this value: {lever.title}",
                key=f"why_{name}",
                persist_state="session",
                label_visibility="collapsed",
                placeholder="Why this value?",
                max_chars=LONGEST_REASON,
            )
        st.form_submit_button("Update results", type="primary")
    return OwnScenario(reach, why)


def scenario_file(choice: OwnScenario, pathway: Pathway) -> str:
    """The scenario as a file for `backpath compare`."""

    def text(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    lines = [
        "format = 1",
        f"title = {text(TITLE)}",
        'says = "A scenario made in the app."',
        f"pathway = {text(pathway.name)}",
    ]
    for name, setting in choice.scenario(pathway).levers.items():
        lines += ["", f"[levers.{name}]", f"reach = {setting.reach:g}"]
        if setting.why:
            lines.append(f"why = {text(setting.why)}")
    return "\n".join(lines) + "\n"
