"""What forecasts start from, what they give, and how they are worded. Plain values: nothing here is drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

WINDOW = 84
"""Days of history that are drawn from: twelve weeks."""
FLOOR = 5
"""Fewer different days with a completion in the window than this give no number."""
HORIZON = 728
"""Days looked ahead, two years. What is done later has no date."""
LIKELY, SAFE = 0.50, 0.85
"""The shares of trials behind P50 and P85."""
NOTHING_REMAINS = "nothing remains to be done"

Team = str | None
"""Key of a team; None for all work of no team, which is forecast as if one more team did it."""


@dataclass(frozen=True, kw_only=True)
class TeamWork:
    """What a team did and what is left to it.

    `completions`, and `additions` where enough is known of them, by day: the `WINDOW` days before the day of the
    forecast, oldest first. An addition is an item that was added to what the team had to do. `due`: how many of its
    remaining items have to be done by which day, each item once, by the earliest day that asks for it.
    """

    team: Team
    completions: Sequence[int]
    additions: Sequence[int] | None = None
    due: Mapping[date, int]

    @property
    def backlog(self) -> int:
        """Number of items that remain."""
        return sum(self.due.values())

    @property
    def active_days(self) -> int:
        """Number of days of the window with a completion."""
        return sum(1 for number in self.completions if number > 0)


@dataclass(frozen=True, kw_only=True)
class KeyResultWork:
    """What remains of a key result: items by the team that does them. `ends_on`: last day of its cycle."""

    key: str
    ends_on: date
    remaining: Mapping[Team, int]


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """When something is done. `p50`, `p85`: the day by which it is done in that share of the trials, None where later
    than `HORIZON` days; `chance`: the share in which it is done by the end, 1 only where nothing remains.

    All None where there is no number, and `reason` says why, or that nothing remains. `ends_on`: the end that `chance`
    is about; None for a team to which nothing is left.
    """

    ends_on: date | None
    p50: date | None = None
    p85: date | None = None
    chance: float | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class TeamOutlook(Outlook):
    """The outlook of a team's whole backlog, and how many items of it fit before `ends_on` in 85 of 100 trials."""

    fits: int | None = None


def too_little(work: TeamWork) -> str:
    """Why there is no number: which team has too little history."""
    days = work.active_days
    return (
        f"{team_name(work.team)} finished linked work on {days} {'day' if days == 1 else 'days'} of the last {WINDOW},"
        f" and a forecast needs {FLOOR}"
    )


def team_name(team: Team) -> str:
    """How a team is named in a sentence."""
    return "work of no team" if team is None else f"team {team}"


def chance_text(chance: float | None) -> str:
    """`43 %`; at most `>95 %` while work remains, `100 %` only where none does (chance 1), `–` where unknown."""
    if chance is None:
        return "–"
    if chance == 1:
        return "100 %"
    if chance > 0.95:
        return ">95 %"
    return "<1 %" if chance < 0.01 else f"{int(chance * 100 + 0.5)} %"
