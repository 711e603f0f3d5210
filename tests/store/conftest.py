"""A migrated database with one connection and one scope in it."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

import store
from tests.store.samples import Shop, scope_record


@pytest.fixture
def engine(migrated_url: str) -> Iterator[sa.Engine]:
    engine = store.connect(migrated_url)
    yield engine
    engine.dispose()


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    """The scope `acme/shop` of the connection `code`, read by nobody yet."""
    return Shop.in_new(engine, "code", scope_record("1", "acme/shop"))
