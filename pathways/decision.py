"""The words for what happens next: decision, option, odds. Attributes of patients are drawn by decisions too."""

from __future__ import annotations

from pydantic import Field, model_validator

from pathways.word import Destination, Ratio, Share, State, When, Word

REST = "rest"
"""Written for a share: whatever the other options leave."""


class Option(Word):
    """One way onward. Its `share` is a quantity or 'rest'.

    `to` may be left out where the option bears the name of its destination. `when` closes the option
    to everyone else: their share goes to the option that takes the rest, or, where there is none or it is closed
    too, to the open options in proportion. `sets` changes the patient's attributes; `effect` starts a treatment effect;
    `state` puts the patient into that state of health at once, whatever the clocks of illness say.
    """

    share: Share
    to: Destination | None = None
    when: When = {}
    sets: dict[str, str] = {}
    effect: str | None = None
    state: State | None = None


class Odds(Word):
    """A multiplier on the odds of one option against all the others.

    Either `times`, a quantity, for patients of whom `when` holds; or `practice_effect`, the name of an
    effect that differs from practice to practice.
    """

    option: str
    when: When = {}
    times: Ratio | None = None
    practice_effect: str | None = None

    @model_validator(mode="after")
    def _one_multiplier(self) -> Odds:
        if (self.times is None) == (self.practice_effect is None):
            raise ValueError("needs either 'times' or 'practice_effect'")
        return self


class Decision(Word):
    """Ways onward with shares that add to one, and odds that move them for some patients."""

    says: str | None = None
    options: dict[str, Option] = Field(min_length=1)
    odds: list[Odds] = []

    def destination(self, option: str) -> str:
        """Where an option leads."""
        return self.options[option].to or option


class Level(Word):
    """One level of an attribute, with the share of patients who have it."""

    share: Share
    when: When = {}


class Attribute(Word):
    """A fact about a patient, drawn when they fall ill: levels with shares, and odds on earlier attributes.

    Levels are listed in order; conditions may compare them by name only.
    """

    says: str | None = None
    levels: dict[str, Level] = Field(min_length=2)
    odds: list[Odds] = []

    def as_decision(self, name: str) -> Decision:
        """The decision that draws this attribute: each option sets one level."""
        options = {
            level: Option(share=word.share, when=word.when, to="home", sets={name: level})
            for level, word in self.levels.items()
        }
        return Decision(says=self.says, options=options, odds=self.odds)
