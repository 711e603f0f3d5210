"""What leadership writes: teams, themes, cycles, objectives, key results, check-ins."""

from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_serializer,
    model_validator,
)

from config.base import Day, Fraction, Key, Model, Names, Number, Positive, Text, Title, Words, unfit, wrong
from config.values import TAG, Manual, ValueSource
from config.work import Selector


class Team(Model):
    """A team. Teams form a tree."""

    key: Key
    """Unique among teams."""
    name: Title | None = None
    """What people call it. Default: its key."""
    parent: Key | None = None
    """Key of the team above."""
    lead: Names | None = None
    """Who leads it."""
    owns: tuple[Selector, ...] = ()
    """The work that this team does."""

    @property
    def label(self) -> str:
        """Name of the team, or its key where it has none."""
        return self.name or self.key


class Theme(Model):
    """What several objectives have in common."""

    key: Key
    """Unique among themes."""
    title: Title
    """What it says."""


class Cycle(Model):
    """The days in which objectives are to be reached, first and last included."""

    key: Key
    """Unique among cycles."""
    start: Day
    """First day."""
    end: Day
    """Last day."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start > self.end:
            raise unfit(f"`start` ({self.start}) not after `end` ({self.end}): the dates are reversed")
        return self


class Metric(Model):
    """What a key result is measured by."""

    type: Literal["number", "keep", "done"] = "number"
    """`number` goes from `start` to `target`, up or down; `keep` stays within `min` and `max`; `done` is yes or no."""
    unit: Title | None = None
    """Unit of the values, shown behind them."""
    start: Number | None = None
    """Value at the start of the cycle (number). Default 0."""
    target: Number | None = None
    """Value to reach (number)."""
    min: Number | None = None
    """Lowest good value (keep)."""
    max: Number | None = None
    """Highest good value (keep)."""

    @model_validator(mode="before")
    @classmethod
    def _numbers_start_at_zero(cls, value: object) -> object:
        if isinstance(value, dict) and value.get("type", "number") == "number" and "start" not in value:
            return {**value, "start": 0.0}
        return value

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        ends, bounds = (self.start, self.target), (self.min, self.max)
        if self.type != "number" and ends != (None, None):
            raise unfit(f"no `start` and `target` in a metric of type {self.type}")
        if self.type != "keep" and bounds != (None, None):
            raise unfit(f"no `min` and `max` in a metric of type {self.type}; they belong to type keep")
        if self.type == "number":
            if self.start is None or self.target is None:
                raise unfit("a `target` in a metric of type number")
            if self.start == self.target:
                raise unfit(f"`start` and `target` that differ; both are {self.start:g}")
        if self.type == "keep":
            if self.min is None and self.max is None:
                raise unfit("`min` or `max` in a metric of type keep")
            if self.min is not None and self.max is not None and self.min > self.max:
                raise unfit(f"`min` ({self.min:g}) not above `max` ({self.max:g})")
        return self


def _is_a_word_too(schema: dict[str, Any]) -> None:
    whole = {**schema, "required": ["none"]}
    schema.clear()
    schema["anyOf"] = [{"const": "expected"}, whole]


class Delivery(Model):
    """`expected`, or `{none: "reason"}`: this key result needs no tracked work, and why."""

    model_config = ConfigDict(json_schema_extra=_is_a_word_too)

    none: Title | None = None
    """Why no tracked work is needed; None where it is."""

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, value: object) -> object:
        if value == "expected":
            return {}
        if not isinstance(value, dict) or (value and value.get("none", "") is None):
            raise wrong('`expected`, or {none: "the reason"}')
        return value

    @model_serializer
    def _as_written(self) -> str | dict[str, str]:
        return "expected" if self.none is None else {"none": self.none}

    @property
    def expected(self) -> bool:
        """Whether tracked work is expected behind the key result."""
        return self.none is None


def _curve(value: Any) -> str | None:
    if isinstance(value, str):
        return TAG + "linear"
    return TAG + "phased" if isinstance(value, list | tuple) else None


def _rising(points: tuple[tuple[date, float], ...]) -> tuple[tuple[date, float], ...]:
    for (earlier, _), (later, _) in pairwise(points):
        if earlier >= later:
            raise wrong(f"days that rise; {later} stands behind {earlier}: the dates are reversed")
    return points


Expected = Annotated[
    Annotated[Literal["linear"], Tag(TAG + "linear")]
    | Annotated[tuple[tuple[Day, Fraction], ...], Field(min_length=1), AfterValidator(_rising), Tag(TAG + "phased")],
    Discriminator(
        _curve,
        custom_error_type="northing_expected",
        custom_error_message="expected {expected}",
        custom_error_context={"expected": "`linear`, or a list of [day, fraction]"},
    ),
]
"""The expected curve: linear over the cycle, or linear between the points given."""


class KeyResult(Model):
    """A key result."""

    key: Key
    """Unique over all files, objectives included."""
    title: Title
    """What is to be reached."""
    weight: Positive = 1.0
    """Weight in the objective's outcome."""
    owner: Names | None = None
    """Who answers for it. Default: the objective's owner."""
    team: Key | None = None
    """Whose it is. Default: the objective's team."""
    metric: Metric | None = None
    """What it is measured by."""
    value: ValueSource = Manual()
    """Where the current value comes from."""
    expected: Expected = "linear"
    """How much of the way is expected when."""
    delivery: Delivery = Delivery.model_construct()
    """Whether tracked work is expected behind it."""
    levers: tuple[Selector, ...] = ()
    """What must move for this key result to move."""
    was: Key | None = None
    """The key that it had before, to keep its history."""


class Objective(Model):
    """An objective with its key results."""

    key: Key
    """Unique over all files, key results included."""
    title: Title
    """What is to be reached."""
    cycle: Key
    """Key of the cycle."""
    team: Key | None = None
    """Key of the team."""
    owner: Names | None = None
    """Who answers for it."""
    theme: Key | None = None
    """Key of the theme."""
    supports: Words = ()
    """Keys of objectives or key results one level up."""
    kind: Literal["committed", "aspirational"] = "aspirational"
    """A committed objective is to be reached in full."""
    weight: Positive | None = None
    """Weight among the objectives that support the same one above."""
    was: Key | None = None
    """The key that it had before, to keep its history."""
    key_results: tuple[KeyResult, ...] = ()
    """What shows that it is reached."""

    @model_validator(mode="after")
    def _key_results_inherit(self) -> Self:
        heirs = tuple(
            one
            if one.team and one.owner
            else one.model_copy(update={"team": one.team or self.team, "owner": one.owner or self.owner})
            for one in self.key_results
        )
        object.__setattr__(self, "key_results", heirs)
        return self


def _true_is_one(value: object) -> object:
    return {"true": "1", "false": "0"}.get(value.lower(), value) if isinstance(value, str) else value


class CheckIn(Model):
    """What somebody said about a key result on a day."""

    key_result: Key
    """Key of the key result."""
    date: Day
    """The day."""
    value: Annotated[Number | None, BeforeValidator(_true_is_one, json_schema_input_type=float | bool | None)] = None
    """Current value of the metric. true and false (type done) are 1 and 0."""
    confidence: Fraction | None = None
    """How sure people are to reach it, 0 to 1."""
    note: Text | None = None
    """What is behind it."""
