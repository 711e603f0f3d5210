"""The history of issues: what was set when, and when work began."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import respx

from connectors.base import Context, Reading, Usage
from connectors.errors import Refused, TryAgain
from connectors.jira.changelogs import Changelogs
from connectors.jira.fields import FieldMap
from connectors.jira.history import History, HistoryReader, KnownStatus, Past, Statuses, with_past
from connectors.jira.inside import InsideIssues
from connectors.jira.parse import IssueReader
from connectors.records import Category, Change, Item
from connectors.transport import Transport
from simulator import JiraSite
from tests.connectors.jira.simulated import NOW, after, connected, jira_site, read_items, read_pages
from tests.connectors.poor import without

DAY = timedelta(days=1)
CREATED = datetime(2026, 11, 1, tzinfo=UTC)
STATUSES = [
    {"id": "1", "name": "Open", "statusCategory": {"key": "new"}},
    {"id": "3", "name": "En curso", "statusCategory": {"key": "indeterminate"}},
    {"id": "4", "name": "Review", "statusCategory": {"key": "indeterminate"}},
    {"id": "5", "name": "Hecho", "statusCategory": {"key": "done"}},
    {"id": "6", "name": "Review", "statusCategory": {"key": "done"}},
]


@pytest.fixture(params=["cloud", "datacenter"])
def site(request: pytest.FixtureRequest) -> JiraSite:
    return jira_site(request.param)


def past(*histories: dict[str, Any], fields: FieldMap | None = None) -> Past:
    statuses = Statuses(lambda: msgspec.convert(STATUSES, list[KnownStatus]))
    reader = HistoryReader(fields or FieldMap(estimate=("cf_1",), sprint=("cf_2",)), statuses)
    return reader.past(msgspec.convert(list(histories), list[History]))


def moved(day: int, before: str, after: str, **names: str) -> dict[str, Any]:
    item = {"field": "status", "fieldId": "status", "from": before, "to": after, **names}
    return {"id": str(day), "created": f"2026-11-{day:02}T08:00:00.000+0000", "items": [item]}


def sprints(before: str, before_names: str, after: str, after_names: str) -> dict[str, Any]:
    item = {"field": "Sprint", "fieldId": "cf_2", "from": before, "fromString": before_names}
    item |= {"to": after, "toString": after_names}
    return {"created": "2026-11-05T08:00:00.000+0000", "items": [item]}


def began(told: Past, category: Category = "todo") -> datetime | None:
    return with_past(an_item("1", category), told).started_at


def an_item(number: str, category: Category = "todo") -> Item:
    return Item(
        external_id=number,
        key=f"SHOP-{number}",
        scope="10",
        url="x",
        title="x",
        category=category,
        created_at=CREATED,
    )


def on(day: int) -> datetime:
    return datetime(2026, 11, day, 8, tzinfo=UTC)


def test_the_steps_of_an_issue_are_read(site: JiraSite) -> None:  # bug 12
    board = site.add_board("SHOP")["id"]
    first = site.add_sprint(board, "Week 47", "closed", date(2026, 11, 16), date(2026, 11, 20))["id"]
    second = site.add_sprint(board, "Week 48, long", "active", date(2026, 11, 23), date(2026, 11, 27))["id"]
    key = site.add_issue("SHOP", "Pay", estimate=3)
    site.edit(key, sprint=[first])
    site.advance(DAY)
    site.transition(key, "In Progress")
    site.edit(key, sprint=[first, second], estimate=5)
    site.advance(DAY)
    site.edit(key, sprint=[second], summary="Pay at once")
    site.close(key)
    with connected(site) as jira:
        item = read_items(site, jira)[key]
    assert item.changes == (
        Change(at=NOW, kind="sprint", after="Week 47"),
        Change(at=NOW + DAY, kind="status", before="To Do", after="In Progress", category="in_progress"),
        Change(at=NOW + DAY, kind="estimate", before="3", after="5"),
        Change(at=NOW + DAY, kind="sprint", after="Week 48, long"),
        Change(at=NOW + 2 * DAY, kind="sprint", before="Week 47"),
        Change(at=NOW + 2 * DAY, kind="status", before="In Progress", after="Done", category="done"),
    )
    assert item.started_at == NOW + DAY


def test_taking_work_up_again_does_not_begin_it_again(site: JiraSite) -> None:
    key = site.add_issue("SHOP", "Pay")
    for status in ("In Progress", "Done", "In Progress"):
        site.advance(DAY)
        site.transition(key, status)
    with connected(site) as jira:
        item = read_items(site, jira)[key]
    assert (item.started_at, item.category, len(item.changes)) == (NOW + DAY, "in_progress", 3)


def test_who_made_a_change_is_not_kept(site: JiraSite) -> None:
    key = site.add_issue("SHOP", "Pay")
    site.transition(key, "Done")
    with connected(site) as jira:
        [page] = read_pages(site, jira)
    assert b"Robin" not in msgspec.json.encode(page.items)


def test_work_began_with_the_first_step_into_progress() -> None:
    assert began(past(moved(5, "1", "3"), moved(6, "3", "5"), moved(7, "5", "4"))) == on(5)
    assert began(past(moved(5, "1", "5")), "done") is None
    assert began(past(), "todo") is None


def test_what_was_in_progress_before_its_first_step_was_so_from_the_beginning() -> None:
    assert began(past(moved(5, "3", "5")), "done") == CREATED
    assert began(past(), "in_progress") == CREATED
    assert began(past(moved(5, "3", "1"), moved(6, "1", "4")), "in_progress") == CREATED


def test_steps_come_by_time_whatever_their_order() -> None:
    assert began(past(moved(9, "5", "3"), moved(5, "1", "3"), moved(7, "3", "5"))) == on(5)


def test_a_status_that_is_gone_is_known_by_its_name_where_one_means_one_thing() -> None:
    told = past(moved(5, "91", "92", fromString="Open", toString="EN CURSO"), moved(6, "92", "93", toString="Review"))
    assert [one.category for one in told.steps] == ["in_progress", None]
    assert told.first == "todo"


def test_a_renamed_status_counts_by_its_id() -> None:
    [step] = past(moved(5, "1", "3", toString="Hecho")).steps
    assert step == Change(at=on(5), kind="status", after="Hecho", category="in_progress")


@pytest.mark.parametrize(
    "created", [1793865600000, 1793865600, "2026-11-05T08:00:00.000Z", "2026-11-05T13:30:00+05:30"]
)
def test_times_are_text_or_numbers(created: object) -> None:
    [step] = past(moved(5, "1", "3") | {"created": created}).steps
    assert step.at == on(5)


@pytest.mark.parametrize("created", [None, "soon", "51502-01-01T00:00:00Z", 1e300, True, {}])
def test_a_step_without_a_time_has_no_place(created: object) -> None:  # bug 22
    assert past(moved(5, "1", "3") | {"created": created}) == Past()


@pytest.mark.parametrize(
    "told,steps",
    [
        (("", "", "7", "Week 1"), [(None, "Week 1")]),
        (("7", "Week 1", "7, 8", "Week 1, Week 2, long"), [(None, "Week 2, long")]),
        (("7, 8", "Week 1, Week 2, long", "7", "Week 1"), [("Week 2, long", None)]),
        (("7, 8", "A, B", "8, 9", "B, C"), [("A", None), (None, "C")]),
        (("7, 8", "A, B, C", "", ""), [("7", None), ("8", None)]),
        (("7", "A [x], {y}", "7", "A renamed"), []),
        ((None, "A", None, "B"), [("A", "B")]),
    ],
)
def test_each_sprint_that_was_joined_or_left_is_a_step(
    told: tuple[str, str, str, str], steps: list[tuple[str | None, str | None]]
) -> None:  # bug 12
    assert [(one.before, one.after) for one in past(sprints(*told)).steps] == steps


def test_fields_are_known_by_name_where_history_gives_no_id() -> None:
    fields = FieldMap(estimate=("cf_1",), sprint=("cf_2",), names={"cf_1": "Story-Punkte", "cf_2": "Sprint-Feld"})
    entries = [
        {"field": "Story-Punkte", "fromString": "1", "toString": "2"},
        {"field": "Sprint-Feld", "from": "", "to": "7", "toString": "Week 1"},
        {"field": "Sprint", "from": "7", "fromString": "Week 1", "to": ""},
        {"field": "Rank", "toString": "Ranked higher"},
        {"field": None},
    ]
    told = past({"created": "2026-11-05T08:00:00.000+0000", "items": entries}, fields=fields)
    assert [(one.kind, one.before, one.after) for one in told.steps] == [
        ("estimate", "1", "2"),
        ("sprint", None, "Week 1"),
        ("sprint", "Week 1", None),
    ]


def busy(site: JiraSite, issues: int, steps: int) -> None:
    for number in range(issues):
        key = site.add_issue("SHOP", f"Number {number}")
        for step in range(steps):
            site.advance(timedelta(seconds=1))
            site.edit(key, estimate=step)


@pytest.mark.parametrize("milliseconds", [False, True])
def test_histories_come_to_their_end_page_by_page(*, milliseconds: bool) -> None:  # bug 30
    site = jira_site("cloud")
    site.history_page, site.history_in_milliseconds = 7, milliseconds
    busy(site, 30, 5)
    usage = Usage()
    with connected(site) as jira:
        [page] = read_pages(site, jira, usage=usage)
    assert [[one.after for one in item.changes] for item in page.items] == [["0", "1", "2", "3", "4"]] * 30
    assert usage.requests == 3 + 22


def test_a_history_longer_than_an_issue_shows_is_read_whole(site: JiraSite) -> None:  # bug 30
    site.history_cap = 10
    busy(site, 2, 60)
    with connected(site) as jira:
        items = read_items(site, jira)
    assert [[one.after for one in item.changes] for item in items.values()] == [[str(step) for step in range(60)]] * 2


def test_histories_of_many_pages_of_issues_are_asked_for_at_once() -> None:
    site = jira_site("cloud")
    busy(site, 1150, 1)
    usage = Usage()
    with connected(site) as jira:
        pages = read_pages(site, jira, usage=usage)
    assert {len(item.changes) for page in pages for item in page.items} == {1}
    assert usage.requests == 1 + 1 + 12 + 2
    asked = [msgspec.json.decode(one.body) for one in site.requests if one.path.endswith("changelog/bulkfetch")]
    assert [len(one["issueIdsOrKeys"]) for one in asked] == [1000, 150]
    assert {tuple(one["fieldIds"]) for one in asked} == {("status", "customfield_10016", "customfield_10020")}


def test_only_what_changed_has_its_history_read_again(site: JiraSite) -> None:
    busy(site, 20, 1)
    site.advance(timedelta(hours=1))
    since = site.now()
    site.edit("SHOP-3", estimate=9)
    with connected(site) as jira:
        usage = Usage()
        [page] = read_pages(site, jira, Reading(since=since), usage)
        assert [(item.key, [one.after for one in item.changes]) for item in page.items] == [("SHOP-3", ["0", "9"])]
        assert usage.requests == (3 if site.cloud else 1)
        quiet = Usage()
        read_pages(site, jira, Reading(since=since + timedelta(minutes=5)), quiet)
        assert quiet.requests == 1


@pytest.mark.parametrize("status", [403, 404, 405])
def test_a_site_that_tells_no_histories_is_read_without(status: int) -> None:
    site = jira_site("cloud")
    busy(site, 3, 2)
    without(site, "/changelog/bulkfetch$", status=status)
    with connected(site) as jira:
        items = read_items(site, jira)
    assert [(item.changes, item.started_at) for item in items.values()] == [((), None)] * 3


def test_a_history_that_is_refused_for_another_reason_fails_the_reading() -> None:  # bug 19
    site = jira_site("cloud")
    busy(site, 3, 2)
    without(site, "/changelog/bulkfetch$", status=400)
    with connected(site) as jira, pytest.raises(Refused, match="bulkfetch"):
        read_items(site, jira)


def test_an_expired_page_token_reads_the_histories_anew() -> None:
    site = jira_site("cloud")
    site.history_page = 10
    busy(site, 20, 3)
    after(site, "changelog/bulkfetch", site.expire_page_tokens)
    with connected(site) as jira:
        items = read_items(site, jira)
    assert [len(item.changes) for item in items.values()] == [3] * 20


def test_a_page_token_that_expires_again_and_again_fails_the_reading() -> None:
    site = jira_site("cloud")
    site.history_page = 10
    busy(site, 20, 3)
    after(site, "changelog/bulkfetch", site.expire_page_tokens, times=9)
    with connected(site) as jira, pytest.raises(Refused, match="expired"):
        read_items(site, jira)


LOG = "https://acme.example/rest/api/3/changelog/bulkfetch"


def changelogs(context: Context) -> Changelogs:
    reader = HistoryReader(FieldMap(), Statuses(lambda: msgspec.convert(STATUSES, list[KnownStatus])))
    return Changelogs(Transport("https://acme.example", auth=dict, context=context), reader)


def test_a_page_of_histories_that_names_itself_next_is_an_error_and_no_end(context: Context) -> None:
    with respx.mock() as router:
        router.post(LOG).respond(json={"issueChangeLogs": [], "nextPageToken": "again"})
        with pytest.raises(TryAgain, match="twice"):
            changelogs(context).fetch(["1"], Usage())


def test_a_page_of_histories_that_comes_twice_adds_nothing(context: Context) -> None:
    row = {"issueId": "1", "changeHistories": [moved(5, "1", "3")]}
    pages = iter([{"issueChangeLogs": [row], "nextPageToken": "next"}, {"issueChangeLogs": [row]}])
    with respx.mock() as router:
        router.post(LOG).side_effect = lambda _request: httpx.Response(200, json=next(pages))
        found = changelogs(context).fetch(["1"], Usage())
    assert found is not None
    assert [one.at for one in found.known["1"].steps] == [on(5)]


def test_a_history_that_cannot_be_read_is_noted_beside_its_item(context: Context) -> None:
    rows = [{"issueId": 1, "changeHistories": "none"}, {"issueId": "2", "changeHistories": [moved(5, "1", "3")]}]
    with respx.mock() as router:
        router.post(LOG).respond(json={"issueChangeLogs": rows})
        found = changelogs(context).fetch(["1", "2"], Usage())
    assert found is not None
    items, notes = found.apply([an_item("1"), an_item("2")])
    assert [(item.started_at, len(item.changes)) for item in items] == [(None, 0), (on(5), 1)]
    assert [(note.external_id, note.whole) for note in notes] == [("1", False)]


def test_a_history_that_stays_cut_is_noted_and_not_taken_for_the_whole(context: Context) -> None:  # bug 30
    cut = {"total": 3, "histories": [moved(5, "1", "3")]}
    row = {"id": "7", "key": "SHOP-7", "fields": {}, "changelog": cut}
    site = "https://jira.example"
    statuses = Statuses(lambda: msgspec.convert(STATUSES, list[KnownStatus]))
    inside = InsideIssues(Transport(site, auth=dict, context=context), HistoryReader(FieldMap(), statuses))
    read = IssueReader(FieldMap(), site=site).read([msgspec.json.encode(row)], "10")
    with respx.mock() as router:
        router.get(f"{site}/rest/api/2/issue/7").respond(json=row)
        router.get(f"{site}/rest/api/2/issue/7/changelog").respond(404)
        told = inside.apply(read, Usage())
    assert [(item.changes, item.started_at) for item in told.items] == [((), None)]
    assert [note.reason for note in told.set_aside] == ["Its history is cut: 1 of 3 changes are told"]


def test_a_real_history_in_another_language_is_read(realdata: Path) -> None:
    folder = realdata / "jira/devlake-merico"
    statuses = [json.loads(line)["data"] for line in (folder / "status.jsonl").read_text().splitlines() if line]
    rows = [json.loads(line) for line in (folder / "issue_changelogs.jsonl").read_text().splitlines()]
    reader = HistoryReader(
        FieldMap(sprint=("customfield_10020",)), Statuses(lambda: msgspec.convert(statuses, list[KnownStatus]))
    )
    steps = reader.past(msgspec.convert([row["data"] for row in rows], list[History])).steps
    told = [item for row in rows for item in row["data"]["items"]]
    moves = [one for one in steps if one.kind == "status"]
    assert len(moves) == sum(item["field"] == "status" for item in told) == 10
    assert {(one.after, one.category) for one in moves} >= {("开发中", "in_progress"), ("已完成", "done")}
    assert sum(one.kind == "sprint" for one in steps) >= sum(item["field"] == "Sprint" for item in told) == 12
