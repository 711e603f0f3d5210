"""A receiver, and an installation on either database."""

from collections.abc import Iterator

import pytest

import store
from tests.alerts.office import Office
from tests.alerts.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def office(migrated_url: str) -> Iterator[Office]:
    engine = store.connect(migrated_url)
    yield Office(engine)
    engine.dispose()
