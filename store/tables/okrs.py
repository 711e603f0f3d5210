"""What the user wrote: teams, cycles, objectives, key results, check-ins, mappings."""

from datetime import date, datetime
from typing import Any

from sqlmodel import Field

from store.tables.base import JSON, Row


class Team(Row, table=True):
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    name: str
    lead: str | None = None
    parent_id: int | None = Field(default=None, foreign_key="team.id")
    archived: bool = False


class Theme(Row, table=True):
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    title: str
    archived: bool = False


class Cycle(Row, table=True):
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    starts_on: date
    ends_on: date
    starts_at: datetime
    """When its first day begins in the configured zone."""
    ends_at: datetime
    """When the day after its last day begins there: the first instant that is no longer in it."""
    archived: bool = False


class Objective(Row, table=True):
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    title: str
    cycle_id: int = Field(foreign_key="cycle.id")
    team_id: int | None = Field(default=None, foreign_key="team.id")
    owner: str | None = None
    theme_id: int | None = Field(default=None, foreign_key="theme.id")
    kind: str
    position: int
    archived: bool = False


class KeyResult(Row, table=True):
    __tablename__ = "key_result"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    title: str
    objective_id: int = Field(foreign_key="objective.id")
    team_id: int | None = Field(default=None, foreign_key="team.id")
    owner: str | None = None
    weight: float
    position: int
    definition: dict[str, Any] = Field(sa_type=JSON)
    """metric, value, expected and delivery as written, for the formulas."""
    archived: bool = False


class Support(Row, table=True):
    """`objective_id` supports the objective or key result with `target_key`, one level up."""

    objective_id: int = Field(foreign_key="objective.id", primary_key=True)
    target_key: str = Field(primary_key=True)


class CheckIn(Row, table=True):
    """A recorded value. `origin`: `file` (the configuration's list), `cli`, or `source` (fetched: one a day)."""

    __tablename__ = "check_in"

    id: int | None = Field(default=None, primary_key=True)
    key_result_id: int = Field(foreign_key="key_result.id", index=True)
    day: date
    value: float | None = None
    confidence: float | None = None
    note: str | None = None
    origin: str
    position: int = 0
    recorded_at: datetime


class ValueSource(Row, table=True):
    """How fetching a key result's value from elsewhere went last. The values themselves are check-ins."""

    __tablename__ = "value_source"

    key_result_id: int = Field(foreign_key="key_result.id", primary_key=True)
    place: str | None = None
    """Where it comes from, as people read it, without what may be secret in it."""
    error: str | None = None
    """Why the last attempt failed; None while it works."""
    failed_at: datetime | None = None
    last_ok_at: datetime | None = None


class Mapping(Row, table=True):
    """What is looked for among the work. `via`: mapping, label, trailer, field (these link), intentional, or lever.

    `position` orders the sources of a key result: its mappings as listed, then the conventions; and its levers. Levers
    link nothing: they have no `key_result_id`, and name their key result in `lever_of`.
    """

    id: int | None = Field(default=None, primary_key=True)
    key_result_id: int | None = Field(default=None, foreign_key="key_result.id", index=True)
    lever_of: int | None = Field(default=None, foreign_key="key_result.id", index=True)
    via: str
    position: int
    share: float | None = None
    text: str
    """The selector as people read it: `epic SHOP-12, SHOP-40 in jira`; or the label; or why it is intentional."""
    selector: dict[str, Any] = Field(sa_type=JSON)
    matched: int = 0
    """How many items it matches, descendants included. Kept up to date by the linking where it links."""
    covered_by: int | None = None
    """Another mapping of the same key result that matches all that this one does. Set by the linking."""
