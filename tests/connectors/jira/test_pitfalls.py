"""What users of other tools met: each test fails a connector that makes the mistake."""

from collections.abc import Generator
from datetime import date, datetime, timedelta
from typing import Any, cast

import msgspec
import pytest

from connectors.base import Reading, Usage
from connectors.errors import Refused
from connectors.records import Item, Page
from simulator import JiraSite
from tests.connectors.jira.simulated import NOW, connected, jira_site, listed, read_items, read_pages, scope_of
from tests.connectors.poor import without


@pytest.fixture(params=["cloud", "datacenter"])
def site(request: pytest.FixtureRequest) -> JiraSite:
    return jira_site(request.param)


def searches(site: JiraSite) -> list[dict[str, Any]]:
    paths = ("/search", "/search/jql", "issue/bulkfetch")
    return [msgspec.json.decode(one.body) for one in site.requests if one.path.endswith(paths) and one.body]


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "Asia/Kathmandu", "Etc/UTC"])
def test_a_change_is_found_whatever_zone_the_account_lives_in(site: JiraSite, zone: str) -> None:  # bug 1
    site.user_timezone = zone
    keys = [site.add_issue("SHOP", f"Number {number}") for number in range(3)]
    since = NOW + timedelta(hours=1)
    site.advance(timedelta(hours=1, seconds=20))
    site.edit(keys[1], summary="Changed")
    with connected(site) as jira:
        assert list(read_items(site, jira, Reading(since=since))) == [keys[1]]


def test_an_issue_that_is_edited_all_the_time_is_read_each_time(site: JiraSite) -> None:  # bug 2
    key = site.add_issue("SHOP", "Busy")
    with connected(site) as jira:
        since: datetime | None = None
        for number in range(5):
            site.advance(timedelta(minutes=7))
            began = site.now()
            site.edit(key, summary=f"Edit {number}")
            [page] = read_pages(site, jira, Reading(since=since))
            assert [item.title for item in page.items] == [f"Edit {number}"]
            since = began - jira.overlap
    assert not any("<" in one["jql"] for one in searches(site) if "jql" in one)


def test_a_bulk_edit_of_more_than_a_page_at_one_instant_is_read_whole(site: JiraSite) -> None:  # bug 5
    keys = [site.add_issue("SHOP", f"Number {number}") for number in range(330)]
    site.advance(timedelta(hours=2))
    for key in keys:
        site.edit(key, labels=["bulk"])
    with connected(site) as jira:
        items = read_items(site, jira, Reading(since=site.now()))
    assert list(items) == keys
    assert {item.labels for item in items.values()} == {("bulk",)}


def test_what_is_read_again_unchanged_is_the_same_to_the_last_letter(site: JiraSite) -> None:  # bug 7
    board = site.add_board("SHOP")["id"]
    sprint = site.add_sprint(board, "Week 48", "active", date(2026, 11, 23), date(2026, 11, 27))["id"]
    epic = site.add_issue("SHOP", "Checkout", "Epic", labels=["a", "b"])
    story = site.add_issue("SHOP", "Pay", parent=epic, sprint=sprint, assignee="Dana Fox")
    site.transition(story, "Done")
    with connected(site) as jira:
        first, second = read_items(site, jira), read_items(site, jira)
    assert msgspec.msgpack.encode(list(first.values())) == msgspec.msgpack.encode(list(second.values()))
    assert len({item.external_id for item in first.values()}) == 2


@pytest.mark.parametrize("status", [400, 409, 422])
def test_an_error_of_the_request_is_no_empty_project(site: JiraSite, status: int) -> None:  # bug 19
    site.add_issue("SHOP", "Pay")
    without(site, "/search(/jql)?$", status=status)
    with connected(site) as jira:
        with pytest.raises(Refused):
            read_items(site, jira)
        with pytest.raises(Refused):
            listed(jira, scope_of(site))


def test_no_text_of_an_issue_holds_what_databases_refuse(site: JiraSite) -> None:  # bug 21
    key = site.add_issue("SHOP", "Pay")
    fields = site.issue(key)["fields"]
    fields |= {"labels": ["x\x00y"], "customfield_10001": {"id": "1", "name": "Team\x00"}}
    fields["status"] = {"id": "3", "name": "Do\x00ing", "statusCategory": {"key": "indeterminate"}}
    site.edit(key, summary="Pay\x00 now")
    site.edit(key, estimate=3)
    with connected(site) as jira:
        item = read_items(site, jira)[key]
    assert (item.title, item.labels, item.team, item.status) == ("Pay now", ("xy",), "Team", "Doing")
    assert b"\x00" not in msgspec.json.encode(item)


@pytest.mark.parametrize("raw", ["51502-03-28T00:00:00.000+0000", "0000-00-00T00:00:00.000+0000", "soon"])
def test_a_date_out_of_range_costs_the_date_and_not_the_issue(site: JiraSite, raw: str) -> None:  # bug 22
    key = site.add_issue("SHOP", "Pay")
    site.issue(key)["fields"] |= {"resolutiondate": raw, "duedate": raw[:10]}
    with connected(site) as jira:
        [page] = read_pages(site, jira)
    [item] = page.items
    assert (item.key, item.closed_at, item.due_on) == (key, None, None)
    assert [(note.external_id, note.whole, note.excerpt) for note in page.set_aside] == [
        (item.external_id, False, raw[:10]),
        (item.external_id, False, raw),
    ]


def test_only_what_is_kept_is_asked_for_and_a_few_pages_at_a_time(site: JiraSite) -> None:  # bug 23
    for number in range(2000):
        site.add_issue("SHOP", f"Number {number}")
    with connected(site, in_flight=2) as jira:
        pages = cast("Generator[Page]", jira.items(scope_of(site), Reading(), Usage()))
        assert len(next(pages).items) == 100
        asked = searches(site)
        assert len(asked) <= 5
        assert all("fields" in one and not {"*all", "*navigable"} & set(one["fields"]) for one in asked)
        assert all(one.get("expand") in (None, ["changelog"]) for one in asked)
        pages.close()


def test_hundreds_of_fields_make_no_address_too_long(site: JiraSite) -> None:  # bug 24
    team = "com.atlassian.teams:rm-teams-custom-field-team"
    for number in range(20_000, 20_400):
        name = f"customfield_{number}"
        schema = {"type": "any", "custom": team, "customId": number}
        site.fields.append({"id": name, "name": f"Team {number}", "custom": True, "schema": schema})
    key = site.add_issue("SHOP", "Pay")
    with connected(site) as jira:
        assert list(read_items(site, jira)) == [key]
    assert max(len(one.path) + len(one.query) for one in site.requests) < 500


def test_a_field_that_changes_its_type_costs_its_value_and_no_issue(site: JiraSite) -> None:  # bug 25
    values: list[Any] = [3, "3", {"value": "3"}, ["3"], True, None]
    fields = (site.field_id("estimate"), site.field_id("sprint"), "customfield_10001")
    keys = [site.add_issue("SHOP", f"Number {index}") for index in range(len(values))]
    for key, value in zip(keys, values, strict=True):
        site.issue(key)["fields"] |= dict.fromkeys(fields, value)
    with connected(site) as jira:
        [page] = read_pages(site, jira)
    items: dict[str, Item] = {item.key: item for item in page.items}
    assert page.set_aside == []
    assert [items[key].estimate for key in keys] == [3.0, None, None, None, None, None]
