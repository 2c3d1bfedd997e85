"""The words for policy: lever, change, scenario."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator, model_validator

from pathways.word import (
    CapacityPerHead,
    Duration,
    Price,
    Share,
    Time,
    TimesCapacity,
    TimesPrice,
    TimesShare,
    When,
    Word,
)


class Change(Word):
    """What a lever changes, where it is on.

    Of a decision: the share of one option is multiplied by `times`, or grows by `plus`, up to `at_most`. What it
    loses goes to the options in `freed` (shares of what is freed, one of them may be 'rest'), or to the other options
    in proportion; what it gains comes from the options in `taken_from`, or from all others in proportion.
    Of a service: its capacity, by `capacity_times` or by `capacity_plus_per_100k`. What is provided so is paid for,
    whoever uses it: each appointment, or each place for a day, at its own `price`, or at `premium_times` what the
    service pays, or, where neither is said, at the service's price. All of it is cash but where `cash_share` says
    that staff are moved from elsewhere.
    """

    decision: str | None = None
    option: str | None = None
    when: When = {}
    times: TimesShare | None = None
    plus: Share | None = None
    at_most: Share | None = None
    freed: dict[str, Share] = {}
    taken_from: list[str] = []
    service: str | None = None
    capacity_times: TimesCapacity | None = None
    capacity_plus_per_100k: CapacityPerHead | None = None
    price: Price | None = None
    premium_times: TimesPrice | None = None
    cash_share: Share | None = None

    @model_validator(mode="after")
    def _of_one_thing(self) -> Change:
        sizes = (self.times is not None) + (self.plus is not None)
        of_decision = self.decision is not None and self.option is not None and sizes == 1
        of_service = self.service is not None and (self.capacity_times is None) != (self.capacity_plus_per_100k is None)
        if of_decision == of_service:
            raise ValueError(
                "changes either a decision (give 'decision', 'option' and one of 'times', 'plus') "
                "or a service (give 'service' and one of 'capacity_times', 'capacity_plus_per_100k')"
            )
        if of_decision and (self.service or self.capacity_times or self.capacity_plus_per_100k):
            raise ValueError("mixes a decision with a service: make two changes of it")
        words_of_decisions = ("decision", "option", "times", "plus", "at_most", "freed", "taken_from", "when")
        if of_service and any(getattr(self, word) for word in words_of_decisions):
            raise ValueError("mixes a service with a decision: make two changes of it")
        if of_decision and (self.price or self.premium_times or self.cash_share):
            raise ValueError("has a price, but buys nothing: 'price', 'premium_times', 'cash_share' are for capacity")
        if self.price and self.premium_times:
            raise ValueError("give 'price' or 'premium_times', not both: a premium is on the service's price")
        if self.plus is not None and self.freed:
            raise ValueError("'freed' is for a share that falls; 'plus' makes it grow: use 'taken_from'")
        if self.freed and self.taken_from:
            raise ValueError("give 'freed' where the share falls or 'taken_from' where it grows, not both")
        for word in ("freed", "taken_from"):
            if self.option in getattr(self, word):
                raise ValueError(f"'{self.option}' stands in its own '{word}': name other options there")
        return self


class Lever(Word):
    """A policy switch: what it changes, in how many practices, how fast they take it up, how it fades.

    A lever without `changes` acts through conditions that name it: `when = { lever = "protected_slots" }`.

    `reach` is the share of practices that ever take it up; `adoption` how long after the start each one
    does; `half_life` how fast the change wears off in a practice that has.
    """

    title: str = Field(min_length=1)
    says: str = Field(min_length=1)
    counter_effects: str = Field(min_length=1, description="what is known to get worse, or that nothing is known")
    changes: list[Change] = []
    reach: Share | None = None
    adoption: Duration | None = None
    half_life: Time | None = None


class LeverSetting(Word):
    """A lever set in a scenario: from when, in which practices. What is left out is as the lever says.

    `starts` and `ends` are read as time after the measured years begin ("26 weeks"); `reach` a share from 0 to 1;
    `practices` a list of practice codes, which then is where the lever is on and nowhere else.
    """

    starts: str = "0 weeks"
    ends: str | None = None
    reach: float | None = Field(default=None, ge=0, le=1)
    practices: list[str] | None = None
    why: str | None = None

    @field_validator("practices")
    @classmethod
    def _some_practice(cls, practices: list[str] | None) -> list[str] | None:
        if practices == []:
            raise ValueError("is empty, so the lever would be on nowhere. Name practices, or remove the lever")
        return practices

    @model_validator(mode="after")
    def _reach_or_practices(self) -> LeverSetting:
        if self.reach is not None and self.practices is not None:
            raise ValueError("give 'reach' or 'practices', not both: the list already says where")
        return self


class Scenario(Word):
    """A pathway with levers set: base plus overrides.

    `quantities` replaces quantities of the pathway; each is a full record, because a changed number
    needs a source as much as the first one did.
    """

    format: int = Field(ge=1)
    title: str = Field(min_length=1)
    says: str = Field(min_length=1)
    pathway: str = Field(description="the name of a pathway of the library, or a file beside this one: mine.toml")
    evidence: str | None = Field(default=None, description="how strong the evidence is, in words")
    cannot_tell: str | None = Field(default=None, description="what this scenario cannot tell")
    levers: dict[str, LeverSetting] = {}
    quantities: dict[str, dict[str, Any]] = {}
