"""What digests ask of the engine: put together here, as the telling side knows nothing of it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

import sqlalchemy as sa

from alerts.digest.facts import Effort, Moved, Unaligned
from cli.bars import by_number
from cli.map_suggest import unaligned_work
from config import Config
from sync.history.effort import effort
from sync.history.load import end_of
from sync.history.report import Event, moves

LEAST = 0.3
"""How much a key result must look like a piece of work to be named beside it, as `northing map suggest` has it."""


class Engine:
    """Answers `alerts.digest.Asked`."""

    def moves(
        self, conn: sa.Connection, config: Config, keys: Collection[str], start: date, end: date
    ) -> Mapping[str, Moved]:
        """The waterfalls of `northing history`."""
        return {
            key: Moved(
                one.waterfall.start if one.waterfall.start_known else None,
                one.waterfall.end if one.waterfall.end_known else None,
                dict(one.waterfall.parts.items()),
                {part: _largest_first(one.items[part]) for part in one.items},
            )
            for key, one in moves(conn, config, keys, start, end).items()
        }

    def effort(self, conn: sa.Connection, config: Config, day: date) -> Sequence[Effort]:
        """The view of the teams' alignment at the end of a day, summed over objectives."""
        sizes: dict[tuple[str, str, str], float] = {}
        for one in effort(conn, config, end_of(day, config.zone)):
            group = (one.cycle, one.team, one.kind)
            sizes[group] = sizes.get(group, 0.0) + one.size
        return [Effort(*group, size) for group, size in sizes.items()]

    def unaligned(self, conn: sa.Connection, config: Config, day: date) -> Sequence[Unaligned]:
        """The groups of `northing map suggest`, each with the key result that it looks most like."""
        found = []
        for one in unaligned_work(conn, config, day, LEAST):
            best = next(iter(one["suggestions"]), None)
            found.append(
                Unaligned(
                    one["kind"],
                    one["key"],
                    one["title"],
                    one["url"],
                    one["team"],
                    one["items"],
                    best["key_result"] if best else None,
                    best["title"] if best else None,
                    best["score"] if best else None,
                    best["paste"]["mapping"] if best else None,
                )
            )
        return found


def _largest_first(events: Sequence[Event]) -> list[str]:
    """The keys of items by what they changed, and of as much by key, however they are numbered inside."""
    return [one.key for one in sorted(events, key=lambda one: (-round(abs(one.change), 9), by_number(one.key)))]
