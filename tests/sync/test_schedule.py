"""Jobs that are done again and again."""

import threading
from datetime import UTC, datetime, timedelta

from sync.schedule import JITTER, repeat, trigger


def test_intervals_are_jittered_a_little() -> None:
    start = datetime(2026, 11, 24, 12, tzinfo=UTC)
    one = trigger(timedelta(minutes=15)).get_next_fire_time(start, start)
    assert one is not None
    assert abs(one - start - timedelta(minutes=15)) <= timedelta(minutes=15) * JITTER


def test_a_run_under_way_ends_before_repeat_returns() -> None:
    stop, began, ended = threading.Event(), threading.Event(), threading.Event()

    def job() -> None:
        began.set()
        stop.wait()
        ended.set()

    threading.Thread(target=lambda: began.wait() and stop.set()).start()
    repeat(job, trigger(timedelta(hours=1)), stop)
    assert ended.is_set()
