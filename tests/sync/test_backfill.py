"""A backfill against the real limits, a small one: nothing is refused, and what is allowed is used.

The large ones are `python -m benchmarks.backfill`.
"""

from pathlib import Path

from benchmarks.backfill import backfill


def test_a_backfill_uses_the_points_of_an_hour_but_for_the_reserve_and_is_never_refused(tmp_path: Path) -> None:
    done = backfill("cloud", 10, 200, tmp_path, scale=0.05, in_flight=1)
    assert (done.items, done.refused) == (2000, {})
    assert done.used >= 0.9


def test_a_backfill_takes_from_a_bucket_what_flows_in_and_is_never_refused(tmp_path: Path) -> None:
    done = backfill("datacenter", 2, 1500, tmp_path, scale=0.05, in_flight=4)
    assert (done.items, done.refused) == (3000, {})
    assert done.used >= 0.9
