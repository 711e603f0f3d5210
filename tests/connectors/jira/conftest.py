import threading
from datetime import UTC, datetime, timedelta

import pytest

from connectors.base import Context


@pytest.fixture
def context() -> Context:
    """A context whose clock only waiting moves."""
    at = datetime(2026, 11, 24, 9, tzinfo=UTC)

    def sleep(seconds: float) -> None:
        nonlocal at
        at += timedelta(seconds=seconds)

    return Context(now=lambda: at, stop=threading.Event(), sleep=sleep)
