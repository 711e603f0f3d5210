"""The tables, inside the program: ours to change, through migrations. What others read are the views.

Instants are timezone-aware UTC on both databases (SQLModel's own column type sees to it). Columns named `*_folded`
hold the text as selectors compare it: trimmed and case-folded as Unicode says, which no database function does alike.
"""

from sqlmodel import SQLModel

from store.tables.alerts import AlertChannel, Delivery
from store.tables.base import JSON, Meta, Row
from store.tables.digests import DigestDelivery
from store.tables.firings import Firing
from store.tables.forecasts import Forecast, TeamForecast
from store.tables.history import Snapshot
from store.tables.limits import RateBudget
from store.tables.okrs import CheckIn, Cycle, KeyResult, Mapping, Objective, Support, Team, Theme, ValueSource
from store.tables.program import Credential, Hint, Quarantine, Run, RunScope
from store.tables.results import Finding, FindingChange, Link, Match, Measure, Tally
from store.tables.suggestions import Suggestion
from store.tables.tools import (
    Connection,
    Container,
    Dependency,
    Dirty,
    Membership,
    Scope,
    ScopeAlias,
    StreamState,
    SweepSeen,
    Tag,
    WorkAlias,
    WorkChange,
    WorkContainer,
    WorkItem,
    WorkTag,
)
from store.tables.totals import ChannelTotal, JobTotal, ScopeTotal
from store.tables.voice import Acknowledgement, Barrier, Decision, Suppressed, TeamAcknowledgement
from store.tables.write_back import WriteRefusal, Written, WrittenShared

__all__ = [
    "JSON",
    "Acknowledgement",
    "AlertChannel",
    "Barrier",
    "ChannelTotal",
    "CheckIn",
    "Connection",
    "Container",
    "Credential",
    "Cycle",
    "Decision",
    "Delivery",
    "Dependency",
    "DigestDelivery",
    "Dirty",
    "Finding",
    "FindingChange",
    "Firing",
    "Forecast",
    "Hint",
    "JobTotal",
    "KeyResult",
    "Link",
    "Mapping",
    "Match",
    "Measure",
    "Membership",
    "Meta",
    "Objective",
    "Quarantine",
    "RateBudget",
    "Row",
    "Run",
    "RunScope",
    "SQLModel",
    "Scope",
    "ScopeAlias",
    "ScopeTotal",
    "Snapshot",
    "StreamState",
    "Suggestion",
    "Support",
    "Suppressed",
    "SweepSeen",
    "Tag",
    "Tally",
    "Team",
    "TeamAcknowledgement",
    "TeamForecast",
    "Theme",
    "ValueSource",
    "WorkAlias",
    "WorkChange",
    "WorkContainer",
    "WorkItem",
    "WorkTag",
    "WriteRefusal",
    "Written",
    "WrittenShared",
]
