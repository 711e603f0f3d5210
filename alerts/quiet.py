"""Quiet hours: pure, by the clock on the wall of the configured zone."""

from datetime import UTC, datetime, timedelta, tzinfo

from config import Quiet

WEEK = 7


def is_quiet(quiet: Quiet | None, zone: tzinfo, at: datetime) -> bool:
    """Whether nothing is sent at this moment.

    `from` belongs to the quiet hours, `to` does not. Where both are the same, no hour is quiet. What the clock shows
    counts: an hour that comes twice is quiet twice, one that is left out never is.
    """
    if quiet is None:
        return False
    local = at.astimezone(zone)
    if local.weekday() in quiet.days:
        return True
    if quiet.start is None or quiet.end is None:
        return False
    clock = local.time().replace(fold=0)
    if quiet.start <= quiet.end:
        return quiet.start <= clock < quiet.end
    return clock >= quiet.start or clock < quiet.end


def quiet_until(quiet: Quiet | None, zone: tzinfo, at: datetime) -> datetime | None:
    """The first full minute after `at`, in UTC, that is not quiet. None where `at` is not, or every minute is."""
    if not is_quiet(quiet, zone, at) or quiet is None:
        return None
    if len(set(quiet.days)) == WEEK:
        return None
    minute = timedelta(minutes=1)
    found = at.astimezone(UTC).replace(second=0, microsecond=0) + minute
    while is_quiet(quiet, zone, found):
        found += minute
    return found
