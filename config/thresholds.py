"""The numbers at which health words change and findings open. Every one has a default."""

from typing import Literal, Self

from pydantic import model_validator

from config.base import Count, Fraction, Model, Positive, unfit

PRESETS: dict[str, dict[str, str | float]] = {
    "oboard": {"pace": "ratio", "on_track": 0.70, "behind": 0.40},
    "upraise": {"pace": "ratio", "on_track": 0.95, "behind": 0.75},
    "viva": {"pace": "ratio", "on_track": 1.0, "behind": 0.75},
    "engagedly": {"pace": "gap", "on_track": 0.165, "behind": 0.33},
    "mooncamp": {"pace": "ratio", "on_track": 0.90, "behind": 0.70},
    "google": {"pace": "score", "on_track": 0.70, "behind": 0.40},
}
"""What a preset sets; a threshold written beside `preset` wins over it."""


class Thresholds(Model):
    """Shares, chances and progress are fractions 0 to 1; days are whole days."""

    preset: Literal["oboard", "upraise", "viva", "engagedly", "mooncamp", "google"] | None = None
    """Take `pace`, `on_track` and `behind` from that product's published rule."""
    pace: Literal["ratio", "gap", "score"] = "ratio"
    """What `on_track` and `behind` are compared with.

    `ratio` is progress / expected, `gap` is expected - progress, `score` is progress alone.
    """
    on_track: Positive = 0.90
    """On track from this ratio or score on (gap: below it)."""
    behind: Positive = 0.70
    """Behind from this ratio or score on (gap: up to it); beyond it, at risk."""
    grace_days: Count = 7
    """No verdict on pace in the first days of a cycle: so many,"""
    grace_share: Fraction = 0.10
    """or this share of the cycle, whichever is longer."""
    check_in_days: Count = 14
    """A manual key result without a check-in for longer is stale (HYG403)."""
    source_intervals: Positive = 3.0
    """A source is old after so many sync intervals without success (SYN501, SYN502)."""
    committed_chance: Fraction = 0.5
    """A committed key result with a lower chance to finish is at least behind."""
    stale_days: Count = 14
    """Work that has not moved for longer is stale (COV101, COV103)."""
    idle_share: Fraction = 0.25
    """After this share of the cycle, nothing in progress is a finding (COV101)."""
    late_chance: Fraction = 0.20
    """Below this chance to finish in time, a late forecast is critical (DRF202)."""
    drift_gap: Fraction = 0.40
    """Delivery and outcome part by at least this (DRF203, DRF204)."""
    drift_delivery: Fraction = 0.60
    """From this delivery on, a flat metric is a finding (DRF203)."""
    scope_growth: Positive = 0.20
    """Growth of scope since the cycle's start (DRF205)."""
    reopened: Fraction = 0.10
    """Reopened work as a share of work done (DRF206)."""
    jump: Fraction = 0.25
    """Change of delivery within a day without work done (DRF208)."""
    lever_share: Fraction = 0.5
    """Share of the work that should lie in the owner's teams (STR302)."""
    teams_per_key_result: Count = 3
    """More teams on one key result are a finding (STR303)."""
    capacity_chance: Fraction = 0.5
    """A team with a lower chance over its whole backlog has promised too much (STR304)."""
    key_results_per_team: Count = 5
    """A team on more key results is spread (STR310)."""
    missing_estimates: Fraction = 0.30
    """Share of counted work without an estimate (HYG404)."""
    beyond_cycle: Fraction = 0.10
    """Share of open work that is planned for after the cycle (HYG406)."""
    key_results_per_objective: Count = 5
    """An objective with more is a finding (HYG407)."""
    objectives_per_team: Count = 5
    """A team with more is a finding (HYG407)."""
    expiry_days: Count = 14
    """A token that expires sooner is a finding (SYN505),"""
    expiry_critical_days: Count = 3
    """and sooner than this a critical one."""
    drop_items: Count = 20
    """More items gone from a scope at once than this,"""
    drop_share: Fraction = 0.05
    """and more than this share of it, are held back (SYN506)."""
    hysteresis: Fraction = 0.05
    """An open finding closes only when its number is better than the threshold by this share of the threshold."""

    @model_validator(mode="before")
    @classmethod
    def _take_preset(cls, value: object) -> object:
        if isinstance(value, dict) and isinstance(value.get("preset"), str):
            return {**PRESETS.get(value["preset"], {}), **value}
        return value

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        better, worse = (self.behind, self.on_track) if self.pace == "gap" else (self.on_track, self.behind)
        if better < worse:
            raise unfit(f"`on_track` ({self.on_track:g}) at least as good as `behind` ({self.behind:g})")
        return self
