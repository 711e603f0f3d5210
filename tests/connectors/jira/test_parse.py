"""Issues as Cloud and Data Center write them, read into whole records."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from connectors.jira.fields import FieldMap
from connectors.jira.parse import IssueReader
from connectors.records import ContainerRef, Item, SetAside

FIELDS = FieldMap(
    estimate=("customfield_1", "customfield_2"),
    sprint=("customfield_3",),
    epic_link=("customfield_4",),
    epic_name=("customfield_5",),
    parent_link=("customfield_6",),
    team=("customfield_7",),
    key_result=("customfield_8", "priority"),
)
SPRINT_TEXT = (
    "com.atlassian.greenhopper.service.sprint.Sprint@1bf75fd[id=31,rapidViewId=1,state=CLOSED,"
    "name=Week 3, the long one,startDate=2026-01-12T09:00:00.000Z,endDate=<null>,sequence=31,goal=id=4]"
)


def issue(**fields: Any) -> dict[str, Any]:
    return {"id": "10001", "key": "SHOP-1", "fields": {"summary": "Pay with one click", **fields}}


def read(raw: dict[str, Any], *, trailer: str | None = None, agile: bool = False) -> tuple[Item, list[SetAside]]:
    reader = IssueReader(FIELDS, site="https://jira.example/", trailer=trailer, agile=agile)
    found = reader.read([json.dumps(raw).encode()], "10")
    [item] = found.items
    return item, found.set_aside


def test_a_cloud_issue_is_read_whole() -> None:
    raw = issue(
        status={"name": "In Arbeit", "statusCategory": {"key": "indeterminate", "name": "In Arbeit"}},
        issuetype={"name": "Geschichte", "subtask": False, "hierarchyLevel": 0},
        project={"id": "10", "key": "SHOP"},
        parent={"id": "9000", "key": "SHOP-9", "fields": {"summary": "Checkout"}},
        resolution=None,
        resolutiondate=None,
        created="2026-01-05T10:00:00.000+0530",
        updated="2026-02-05T10:00:00.000+0000",
        duedate="2026-03-01",
        labels=["kr:GROW.1", "web"],
        components=[{"id": "1", "name": "Checkout"}],
        fixVersions=[{"id": "501", "name": "1.0"}, {"id": "502", "name": "1.1"}],
        assignee={"accountId": "5b10a", "displayName": "Dana", "emailAddress": "dana@shop.example"},
        issuelinks=[
            {"type": {"name": "Blocks", "inward": "is blocked by"}, "inwardIssue": {"id": "3", "key": "PLAT-3"}},
            {"type": {"name": "Blocks", "inward": "is blocked by"}, "outwardIssue": {"id": "4", "key": "PLAT-4"}},
            {"type": {"name": "Relates", "inward": "relates to"}, "inwardIssue": {"id": "5", "key": "PLAT-5"}},
        ],
        customfield_1=None,
        customfield_2=3,
        customfield_3=[{"id": 31, "name": "Week 3", "state": "closed"}, {"id": 32, "name": "Week 4"}],
        customfield_4="SHOP-8",
        customfield_7={"id": "t-1", "name": "Commerce"},
        customfield_8={"value": "GROW.1"},
        priority={"name": "GROW.2"},
    )
    assert read(raw) == (
        Item(
            external_id="10001",
            key="SHOP-1",
            scope="10",
            url="https://jira.example/browse/SHOP-1",
            title="Pay with one click",
            category="in_progress",
            status="In Arbeit",
            type="Geschichte",
            level="issue",
            parent_id="9000",
            parent_key="SHOP-9",
            estimate=3.0,
            team="Commerce",
            labels=("kr:GROW.1", "web"),
            components=("Checkout",),
            assignees=("5b10a", "Dana"),
            containers=(
                ContainerRef(external_id="501", kind="version", title="1.0"),
                ContainerRef(external_id="502", kind="version", title="1.1"),
                ContainerRef(external_id="31", kind="sprint", title="Week 3"),
                ContainerRef(external_id="32", kind="sprint", title="Week 4"),
            ),
            key_results=(("field", "GROW.1"), ("field", "GROW.2")),
            blocked_by=("PLAT-3",),
            created_at=datetime(2026, 1, 5, 4, 30, tzinfo=UTC),
            updated_at=datetime(2026, 2, 5, 10, tzinfo=UTC),
            due_on=date(2026, 3, 1),
        ),
        [],
    )


def test_a_data_center_issue_is_read_whole() -> None:
    raw = issue(
        status={"name": "Closed", "statusCategory": {"key": "done"}},
        issuetype={"name": "Story", "subtask": False},
        resolution={"id": "2", "name": "Won't Fix"},
        resolutiondate="2026-02-05T10:00:00.000+0000",
        created="2026-01-05T10:00:00.000+0000",
        updated="2026-02-05T10:00:01.000+0000",
        labels=[],
        assignee={"name": "dana", "key": "JIRAUSER1", "displayName": "Dana", "emailAddress": "dana@shop.example"},
        description="h1. Why\r\n\r\n key-result:  GROW.1 \r\nKey-Result: GROW.2 and more\r\nNot Key-Result: GROW.3",
        customfield_1=0.0,
        customfield_3=[SPRINT_TEXT],
        customfield_4="SHOP-8",
        customfield_7="Commerce",
    )
    item, notes = read(raw, trailer="Key-Result", agile=True)
    assert notes == []
    assert item == Item(
        external_id="10001",
        key="SHOP-1",
        scope="10",
        url="https://jira.example/browse/SHOP-1",
        title="Pay with one click",
        category="done",
        status="Closed",
        resolution="Won't Fix",
        type="Story",
        parent_key="SHOP-8",
        estimate=0.0,
        team="Commerce",
        assignees=("dana", "JIRAUSER1", "Dana"),
        containers=(ContainerRef(external_id="31", kind="sprint", title="Week 3, the long one"),),
        key_results=(("trailer", "GROW.1"), ("trailer", "GROW.2 and more")),
        created_at=datetime(2026, 1, 5, 10, tzinfo=UTC),
        closed_at=datetime(2026, 2, 5, 10, tzinfo=UTC),
        updated_at=datetime(2026, 2, 5, 10, 0, 1, tzinfo=UTC),
    )


def test_the_agile_apis_own_fields_are_read() -> None:
    raw = issue(
        epic={"id": 128, "key": "SHOP-7", "name": "Epic"},
        sprint={"id": 5, "name": "Now", "state": "active"},
        closedSprints=[{"id": 4, "name": "Before"}],
    )
    item, _ = read(raw, agile=True)
    assert (item.parent_id, item.parent_key) == ("128", "SHOP-7")
    assert [(one.external_id, one.title) for one in item.containers] == [("5", "Now"), ("4", "Before")]


@pytest.mark.parametrize(
    "kind,level",
    [
        ({"name": "Teilaufgabe", "subtask": True}, "subtask"),
        ({"name": "x", "subtask": False, "hierarchyLevel": -1}, "subtask"),
        ({"name": "x", "hierarchyLevel": 0}, "issue"),
        ({"name": "x", "hierarchyLevel": 1}, "epic"),
        ({"name": "x", "hierarchyLevel": 2}, "initiative"),
        ({"name": "x", "hierarchyLevel": 5}, "initiative"),
        ({"name": "Epic", "subtask": False}, None),
        (None, None),
    ],
)
def test_the_level_is_what_the_hierarchy_says(kind: dict[str, Any] | None, level: str | None) -> None:
    assert read(issue(issuetype=kind))[0].level == level


def test_an_issue_with_an_epic_name_is_an_epic_in_any_language() -> None:
    assert read(issue(issuetype={"name": "史诗", "subtask": False}, customfield_5="Checkout"))[0].level == "epic"


@pytest.mark.parametrize(
    "value,parent",
    [
        ("PLAN-1", (None, "PLAN-1")),
        ({"id": 7, "key": "PLAN-1"}, ("7", "PLAN-1")),
        ({"hasEpicLinkFieldDependency": False, "showField": True, "data": {"id": 7, "key": "PLAN-1"}}, ("7", "PLAN-1")),
        ({"hasEpicLinkFieldDependency": False, "showField": True}, (None, None)),
        (None, (None, None)),
    ],
)
def test_a_parent_link_of_plans_is_read_in_all_its_shapes(value: object, parent: tuple[str | None, str | None]) -> None:
    item, _ = read(issue(customfield_6=value))
    assert (item.parent_id, item.parent_key) == parent


@pytest.mark.parametrize("value", ["0.0", True, None, {"value": 3}, [], ""])
def test_only_numbers_are_estimates(value: object) -> None:  # bug 25
    assert read(issue(customfield_1=value))[0].estimate is None


def test_a_trailer_is_found_in_a_cloud_document() -> None:
    def paragraph(*content: dict[str, Any]) -> dict[str, Any]:
        return {"type": "paragraph", "content": list(content)}

    def words(text: str) -> dict[str, Any]:
        return {"type": "text", "text": text}

    bold = {"type": "text", "text": "Key-Result:", "marks": [{"type": "strong"}]}
    document = {
        "type": "doc",
        "version": 1,
        "content": [
            paragraph(words("See Key-Result: NOT.1")),
            paragraph(words("Intro"), {"type": "hardBreak"}, bold, words(" GROW.1")),
            {
                "type": "bulletList",
                "content": [{"type": "listItem", "content": [paragraph(words("key-result: GROW.2"))]}],
            },
            paragraph({"type": "mention", "attrs": {"text": "@dana"}}, words(" Key-Result: NOT.2")),
        ],
    }
    item, _ = read(issue(description=document), trailer="Key-Result")
    assert item.key_results == (("trailer", "GROW.1"), ("trailer", "GROW.2"))


def test_a_document_as_deep_as_it_gets_is_read() -> None:
    node: dict[str, Any] = {"type": "text", "text": "Key-Result: GROW.1"}
    for _ in range(400):
        node = {"type": "blockquote", "content": [node]}
    assert read(issue(description=node), trailer="Key-Result")[0].key_results == (("trailer", "GROW.1"),)


@pytest.mark.parametrize(
    "value,found",
    [
        ("GROW.1", ["GROW.1"]),
        ("  ", []),
        ({"value": "GROW.1", "id": "3"}, ["GROW.1"]),
        ([{"value": "GROW.1"}, {"value": "GROW.2"}], ["GROW.1", "GROW.2"]),
        (["GROW.1", "GROW.1"], ["GROW.1"]),
        ({"value": "GROW", "child": {"value": "GROW.1"}}, ["GROW", "GROW.1"]),
        (
            {"type": "doc", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "GROW.1"}]}]},
            ["GROW.1"],
        ),
        (7, []),
        (None, []),
    ],
)
def test_the_convention_field_is_read_in_all_its_shapes(value: object, found: list[str]) -> None:
    assert [one for _, one in read(issue(customfield_8=value))[0].key_results] == found


def test_a_convention_may_name_a_system_field() -> None:
    reader = IssueReader(FieldMap(key_result=("components",)), site="https://jira.example")
    raw = issue(components=[{"name": "GROW.1"}])
    [item] = reader.read([json.dumps(raw).encode()], "10").items
    assert (item.key_results, item.components) == ((("field", "GROW.1"),), ("GROW.1",))


def test_what_is_missing_or_null_does_no_harm() -> None:
    raw = {"id": 7, "key": "SHOP-7", "fields": {"summary": None, "status": None, "assignee": None, "labels": None}}
    item, notes = read(raw)
    assert notes == []
    assert item == Item(
        external_id="7",
        key="SHOP-7",
        scope="10",
        url="https://jira.example/browse/SHOP-7",
        title="SHOP-7",
        category="todo",
    )


def test_a_date_out_of_range_is_left_out_with_a_note() -> None:  # bug 22
    item, notes = read(issue(created="292278994-08-17T07:12:55.807+0000", duedate="0000-00-00"))
    assert (item.created_at, item.due_on) == (None, None)
    assert [(one.external_id, one.excerpt, one.whole) for one in notes] == [
        ("10001", "0000-00-00", False),
        ("10001", "292278994-08-17T07:12:55.807+0000", False),
    ]


def test_a_bad_row_is_set_aside_and_its_neighbours_are_read() -> None:
    good, bad, nameless = issue(), issue(labels="web") | {"id": "2"}, {"key": "SHOP-3"}
    reader = IssueReader(FIELDS, site="https://jira.example")
    found = reader.read([json.dumps(one).encode() for one in (good, bad, nameless, good)], "10")
    assert found.ids == ["10001", "2", None, "10001"]
    assert len(found.items) == 2
    assert [(one.external_id, one.whole) for one in found.set_aside] == [("2", True), (None, True)]
    assert "labels" in found.set_aside[0].reason
    assert len(found.set_aside[0].excerpt) <= 500


def test_an_issue_that_moved_to_another_project_meanwhile_is_left_to_that_one() -> None:
    reader = IssueReader(FIELDS, site="https://jira.example")
    raw = issue(project={"id": "11", "key": "PLAT"})
    assert reader.read([json.dumps(raw).encode()], "10").items == []


def test_a_link_is_read_by_its_wording_whatever_its_type_is_called() -> None:
    links = [
        {"type": {"name": "Blockiert", "outward": "is blocked by"}, "outwardIssue": {"key": "PLAT-1"}},
        {"type": {"name": "Blockiert", "outward": "blocks"}, "outwardIssue": {"key": "PLAT-2"}},
        {"type": {"name": "Hindernis", "inward": "Is Blocked By"}, "inwardIssue": {"key": "PLAT-3"}},
        {"type": None, "inwardIssue": {"key": "PLAT-4"}},
    ]
    assert read(issue(issuelinks=links))[0].blocked_by == ("PLAT-1", "PLAT-3")


def test_e_mail_addresses_are_not_kept() -> None:
    item, _ = read(issue(assignee={"name": "dana@shop.example", "displayName": "Dana"}))
    assert item.assignees == ("Dana",)


def test_descriptions_are_not_asked_for_without_a_trailer() -> None:
    with_trailer = IssueReader(FIELDS, site="https://jira.example", trailer="Key-Result")
    without = IssueReader(FIELDS, site="https://jira.example")
    assert set(with_trailer.names) - set(without.names) == {"description"}
    assert {"summary", "fixVersions", "customfield_3", "priority"} <= set(without.names)
    assert "epic" not in without.names
