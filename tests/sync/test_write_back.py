"""Write-back over HTTP to simulated tools: what is written where, once, and without counting as movement."""

import pytest

from tests.sync.desk import FORMS, desk, key, shop


@pytest.mark.parametrize("what", FORMS)
def test_writing_twice_writes_nothing_the_second_time(migrated_url: str, what: str) -> None:
    with desk(migrated_url, what, shop) as here:
        here.begin()
        assert here.writings() == []
        first = here.write()
        assert (first.error, first.refused, first.left, first.wrote > 0) == (None, [], 0, True)
        assert here.writings() != []
        assert sorted(here.shown()) == [key(here.site, 1), key(here.site, 4)]
        here.clock.tick(minutes=1)
        again = here.write()
        assert (again.steps, again.wrote) == ([], 0)
        here.sync()
        assert here.write().steps == []
        assert here.writings() == []


@pytest.mark.parametrize("what", FORMS)
def test_our_own_writings_change_no_number_and_no_item(migrated_url: str, what: str) -> None:
    with desk(migrated_url, what, shop) as here:
        here.begin()
        before = here.numbers()
        here.clock.tick(minutes=1)
        assert here.write().wrote
        for options in ({}, {}, {"sweep": True}, {"full": True}):
            here.clock.tick(minutes=5)
            here.sync(**options)
            assert here.numbers() == before
