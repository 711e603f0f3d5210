"""Another configuration is applied while a job that began with the one before still reads."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from config import Config, Conventions, Counting
from connectors.hooks import About, Hint
from connectors.records import Ref
from store import hints, tables
from sync.apply import take_over
from sync.hints import work_off
from sync.jobs.scopes import Read, list_scopes, read_scope
from tests.sync.fake import START, Fake, Tool, World, world


@dataclass
class Shop:
    """A scope of five items with the label `later`, and two configurations."""

    here: World
    fake: Fake
    after: Config
    pages: list[int] = field(default_factory=list)

    def read(self, config: Config) -> Read:
        with self.here._closing():
            return read_scope(
                self.here.engine, config, "fake", self.fake, "SHOP", now=lambda: START, stop=self.here.stop
            )

    def change_at(self, page: int) -> None:
        """Has the other configuration applied while a page of the reading that is next is under way."""

        def trap(_scope: str, offset: int) -> None:
            self.pages.append(offset // self.fake.per_page)
            if self.pages[-1] == page:
                self.apply(self.after)

        self.fake.trap = trap

    def apply(self, config: Config) -> None:
        take_over(self.here.engine, config, now=lambda: START)

    def levels(self) -> list[str]:
        return [row["level"] for row in self.here.rows(tables.WorkItem)]


@pytest.fixture
def shop(migrated_url: str) -> Callable[..., Shop]:
    def made(**after: object) -> Shop:
        tool = Tool()
        for number in range(1, 6):
            tool.put("SHOP", number, age=timedelta(days=30), labels=("later",))
        fake = Fake(tool)
        here = world(migrated_url, fake)
        found = Shop(here, fake, here.config.model_copy(update=after))
        found.apply(here.config)
        with here._closing():
            list_scopes(here.engine, here.config, "fake", fake, now=lambda: START, stop=here.stop)
        return found

    return made


def test_what_is_stored_after_that_is_counted_by_the_rules_of_now(shop: Callable[..., Shop]) -> None:
    one = shop(counting=Counting(epic_labels=("later",)))
    one.change_at(1)
    assert one.read(one.here.config).news
    assert one.pages[:3] == [0, 1, 2]
    assert one.levels() == ["epic"] * 5


def test_what_is_looked_at_again_is_counted_by_the_rules_of_now(shop: Callable[..., Shop]) -> None:
    one = shop(counting=Counting(epic_labels=("later",)))
    one.read(one.here.config)
    one.apply(one.after)
    one.fake.tool.put("SHOP", 1, title="Another")
    with one.here._closing():
        with one.here.engine.begin() as conn:
            told = About(scope="SHOP", scope_key="SHOP", refs=(Ref(external_id="SHOP/1", key="SHOP-1"),))
            hints.put(conn, "fake", Hint(delivery="1", event="changed", about=told), START)
        work_off(one.here.engine, one.here.config, one.here.fakes, now=lambda: START, stop=one.here.stop)
    assert one.levels() == ["epic"] * 5


def test_where_answers_are_to_be_read_otherwise_the_reading_ends_and_the_next_one_begins_anew(
    shop: Callable[..., Shop],
) -> None:
    one = shop(conventions=Conventions(trailer="Serves"))
    one.change_at(0)
    done = one.read(one.here.config)
    assert done.result is not None
    assert (done.result.outcome, done.result.read) == ("interrupted", 0)
    assert one.here.stream("SHOP") == {}
    one.fake.trap = lambda scope, offset: None
    again = one.read(one.after)
    assert again.result is not None
    assert (again.result.outcome, again.result.read) == ("ok", 5)
