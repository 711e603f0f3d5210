"""Digests: what the company, or a team, is told on a Monday morning, and on demand by `northing report`.

Gathered (`gather`) into facts, said (`company`, `team`) as a document of plain words, and written by a renderer for
each form. What only the engine can work out is asked of an `Asked`, which the command line hands in.
"""

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from alerts.digest.company import company
from alerts.digest.document import Document
from alerts.digest.facts import Asked, Facts
from alerts.digest.gather import UnknownTeam, counted_day, gather
from alerts.digest.team import team as of_team
from config import Config

__all__ = ["Asked", "Facts", "Report", "UnknownTeam", "counted_day", "report"]


@dataclass(frozen=True)
class Report:
    """A digest: what it says, and the facts behind it, of which the tables are made."""

    document: Document
    facts: Facts


def report(
    conn: sa.Connection, config: Config, asked: Asked, *, team: str | None, since: date, now: datetime
) -> Report:
    """The digest of the company, or of a team with those below it; arguments and errors as `gather`'s."""
    facts = gather(conn, config, asked, team=team, since=since, now=now)
    say = company if team is None else of_team
    return Report(say(facts, config.zone), facts)
