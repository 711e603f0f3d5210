"""Data Center by key: nothing is lost or ends early, whatever happens between pages."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from connectors.base import Reading, Usage
from connectors.jira.window import Resume
from connectors.records import Item
from simulator import JiraSite
from simulator.site import Answer, Call, Refusal
from tests.connectors.jira.simulated import (
    NOW,
    after,
    connected,
    jira_site,
    listed,
    read_items,
    read_pages,
    scope_of,
)


def filled(count: int, **options: int | bool) -> JiraSite:
    site = jira_site("datacenter", **options)
    for number in range(count):
        site.add_issue("SHOP", f"Number {number}")
    return site


def present(site: JiraSite) -> list[str]:
    return [key for key in iter(site.keys()) if key.startswith("SHOP-")]


@pytest.mark.parametrize("count,requests", [(0, 1), (99, 1), (100, 1), (101, 2), (199, 2), (200, 3), (1100, 12)])
def test_every_issue_is_read_once_in_few_requests(count: int, requests: int) -> None:  # bug 29
    site, usage = filled(count), Usage()
    with connected(site) as jira:
        pages = read_pages(site, jira, usage=usage)
    assert [item.key for page in pages for item in page.items] == present(site)
    assert [page.resume is None for page in pages] == [False] * (len(pages) - 1) + [True]
    assert {page.clock for page in pages} == {NOW}
    assert usage.requests == requests


@pytest.mark.parametrize("seed", range(6))
def test_nothing_that_stays_is_lost_while_issues_come_and_go(seed: int) -> None:  # bug 3
    chance, site = random.Random(seed), filled(420)
    stays = set(present(site))

    def change() -> None:
        here = present(site)
        for key in chance.sample(here, 3):
            what = chance.choice(("edit", "delete", "move", "hide", "add"))
            if what == "edit":
                site.advance(timedelta(seconds=1))
                site.edit(key, labels=["moved"])
            elif what == "add":
                site.add_issue("SHOP", "New")
            else:
                stays.discard(key)
                {"delete": site.delete, "hide": site.hide, "move": lambda one: site.move(one, "PLAT")}[what](key)

    after(site, "/search", change, times=99)
    with connected(site, in_flight=2) as jira:
        items = [item for page in read_pages(site, jira) for item in page.items]
    assert stays <= {item.key for item in items}
    assert {item.scope for item in items} == {site.projects["SHOP"]["id"]}


@pytest.mark.parametrize("what", ["delete", "move", "hide"])
def test_a_page_whose_last_issue_is_gone_goes_on_from_an_earlier_one(what: str) -> None:
    site = filled(350)
    gone = {"delete": site.delete, "move": lambda key: site.move(key, "PLAT"), "hide": site.hide}[what]
    after(site, "/search", lambda: gone("SHOP-100"))
    with connected(site) as jira:
        items = read_items(site, jira)
    assert set(items) - {"SHOP-100"} == {f"SHOP-{number}" for number in range(1, 351)} - {"SHOP-100"}


@pytest.mark.parametrize(
    "count,requests", [(0, 1), (99, 1), (100, 2), (198, 2), (199, 3), (200, 1 + 1 + 1), (1100, 1 + 2 + 11)]
)
def test_by_key_every_issue_is_read_once_in_few_requests(count: int, requests: int) -> None:  # bug 29
    site, usage = filled(count + 1), Usage()
    with connected(site) as jira:
        pages = read_pages(site, jira, Reading(resume=Resume(keys=["SHOP-1"]).write()), usage)
    assert [item.key for page in pages for item in page.items] == present(site)[1:]
    assert [page.resume is None for page in pages] == [False] * (len(pages) - 1) + [True]
    assert usage.requests <= requests + 1


@pytest.mark.parametrize("gone", [(), ("SHOP-100",), tuple(f"SHOP-{number}" for number in range(80, 101))])
def test_an_interrupted_reading_goes_on_behind_its_page(gone: tuple[str, ...]) -> None:
    site = filled(350)
    with connected(site) as jira:
        first = next(jira.items(scope_of(site), Reading(), Usage()))
        for key in gone:
            site.delete(key)
        rest = read_pages(site, jira, Reading(resume=first.resume))
    found: dict[str, Item] = {item.key: item for page in rest for item in page.items}
    assert {f"SHOP-{number}" for number in range(101, 351)} <= set(found)
    assert len(found) == (250 if len(gone) < 3 else 329)
    assert rest[-1].resume is None


@pytest.mark.parametrize("options", [{"keyset": False}, {"max_results": 50}, {"max_results": 100}])
def test_a_server_that_lists_no_faster_or_compares_no_keys_is_read_by_offset(options: dict[str, int]) -> None:
    site = filled(320, **options)
    with connected(site) as jira:
        items = read_items(site, jira)
        ids = {one for page in listed(jira, scope_of(site)) for one in page}
    assert set(items) == set(present(site))
    assert ids == {item.external_id for item in items.values()}


@dataclass
class NoQueriesById:
    """Refuses each query for ids, as a proxy may that looks into requests."""

    refused: list[tuple[datetime, str]] = field(default_factory=list)

    def admit(self, call: Call, route: str, now: datetime, under_way: int) -> None:
        if b"id in (" in call.body:
            raise Refusal(400, {"errorMessages": ["Forbidden word."]})

    def finish(self, call: Call, route: str, answer: Answer, now: datetime) -> None:
        """Adds nothing."""


def test_issues_are_not_taken_for_gone_because_queries_are_refused() -> None:
    site = filled(150)
    site.limits = NoQueriesById()
    with connected(site) as jira:
        pages = read_pages(site, jira, Reading(resume=Resume(keys=["SHOP-1"]).write()))
    assert [item.key for page in pages for item in page.items] == present(site)[1:]


def test_a_listing_goes_by_key() -> None:
    site, usage = filled(2500), Usage()
    with connected(site) as jira:
        pages = listed(jira, scope_of(site), usage)
    assert [len(page) for page in pages] == [1000, 999, 501]
    assert usage.requests == 3


def test_keys_are_in_the_order_of_their_numbers() -> None:
    site = filled(1005)
    site.move("SHOP-2", "PLAT")
    back = site.move("PLAT-1", "SHOP")
    with connected(site) as jira:
        keys = [item.key for page in read_pages(site, jira) for item in page.items]
    assert keys == ["SHOP-1", *(f"SHOP-{number}" for number in range(3, 1006)), back]
