import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from connectors.base import Context
from connectors.errors import Cancelled
from tests.connectors.values.small_server import SmallServer, small_server


@pytest.fixture
def server() -> Iterator[SmallServer]:
    """A web server that answers as a test says."""
    with small_server() as found:
        yield found


@pytest.fixture
def context() -> Context:
    """A context whose clock only waiting moves."""
    at, stop = datetime(2026, 11, 24, 9, tzinfo=UTC), threading.Event()

    def sleep(seconds: float) -> None:
        nonlocal at
        if stop.is_set():
            raise Cancelled
        at += timedelta(seconds=seconds)

    return Context(now=lambda: at, stop=stop, sleep=sleep)
