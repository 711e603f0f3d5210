"""Projects of all kinds: classic and team-managed, with Plans, in other languages, beside others that are not read."""

import json
from datetime import date
from typing import Any

import pytest

from connectors.base import Reading, Usage
from connectors.jira.fields import FieldMap
from connectors.jira.parse import IssueReader
from connectors.jira.values import sprints
from connectors.records import ContainerRef
from simulator import JiraSite
from simulator.jira import shapes
from tests.connectors.jira.simulated import connected, jira_site, read_items

JSW_POINTS = "com.pyxis.greenhopper.jira:jsw-story-points"
PARENT_LINK = "com.atlassian.jpo:jpo-custom-field-parent"
PLANS_END = "com.atlassian.jpo:jpo-custom-field-baseline-end"


def add_field(site: JiraSite, number: int, name: str, kind: str, custom: str) -> str:
    schema = {"type": kind, "custom": custom, "customId": number}
    site.fields.append({"id": f"customfield_{number}", "name": name, "custom": True, "schema": schema})
    return f"customfield_{number}"


def _fields(field: str, value: object) -> dict[str, Any]:
    return {field: value}


@pytest.fixture(params=["cloud", "datacenter"])
def site(request: pytest.FixtureRequest) -> JiraSite:
    return jira_site(request.param)


def test_a_team_managed_project_reads_like_any_other() -> None:
    """Its types, statuses and fields are its own, with names that others have, too."""
    site = jira_site("cloud")
    points = add_field(site, 10036, "Story point estimate", "number", JSW_POINTS)
    epic = site.add_issue("SHOP", "Checkout", "Epic")
    story = site.add_issue("SHOP", "Pay", parent=epic, estimate=8, **_fields(points, 2))
    own = {"scope": {"type": "PROJECT", "project": {"id": "10000"}}}
    site.issue(story)["fields"]["issuetype"] |= {"id": "10777", **own}
    site.issue(story)["fields"]["status"] = {
        "id": "10888",
        "name": "To Do",
        "statusCategory": shapes.CATEGORIES["indeterminate"],
        **own,
    }
    with connected(site) as jira:
        items = read_items(site, jira)
    item = items[story]
    assert (item.category, item.estimate, item.parent_key, item.level) == ("in_progress", 2.0, epic, "issue")
    assert items[epic].level == "epic"


def test_levels_above_epics_are_initiatives() -> None:
    site = jira_site("cloud")
    initiative = site.add_issue("SHOP", "Grow", "Initiative")
    vision = site.add_issue("SHOP", "Lead", "Initiative")
    site.issue(vision)["fields"]["issuetype"]["hierarchyLevel"] = 4
    epic = site.add_issue("SHOP", "Checkout", "Epic", parent=initiative)
    with connected(site) as jira:
        items = read_items(site, jira)
    assert {items[key].level for key in (initiative, vision)} == {"initiative"}
    assert (items[epic].level, items[epic].parent_key) == ("epic", initiative)


def test_the_parent_link_of_plans_leads_above_epics() -> None:
    site = jira_site("datacenter")
    link = add_field(site, 10500, "Übergeordnet", "any", PARENT_LINK)
    initiative = site.add_issue("PLAT", "Grow", "Initiative")
    epic = site.add_issue("SHOP", "Checkout", "Epic", **_fields(link, initiative))
    with connected(site) as jira:
        item = read_items(site, jira)[epic]
    assert (item.parent_id, item.parent_key) == (None, initiative)


def test_a_target_end_stands_in_for_a_due_date(site: JiraSite) -> None:
    end = add_field(site, 10501, "Zielende", "date", PLANS_END)
    planned = site.add_issue("SHOP", "Pay", **_fields(end, "2026-12-24"))
    due = site.add_issue("SHOP", "Ship", duedate=date(2026, 12, 1), **_fields(end, "2026-12-24"))
    odd = site.add_issue("SHOP", "Return", **_fields(end, "51502-01-01"))
    with connected(site) as jira:
        items = read_items(site, jira)
    assert [items[key].due_on for key in (planned, due, odd)] == [date(2026, 12, 24), date(2026, 12, 1), None]


@pytest.mark.parametrize(
    "custom,value",
    [
        ("com.atlassian.teams:rm-teams-custom-field-team", {"id": "7", "title": "Commerce"}),
        ("com.atlassian.jira.plugin.system.customfieldtypes:atlassian-team", {"id": "a-b", "name": "Commerce"}),
        ("com.acme:squad", "Commerce"),
    ],
)
def test_a_team_is_found_by_any_of_its_fields(site: JiraSite, custom: str, value: object) -> None:
    site.fields = [one for one in site.fields if one["name"] != "Team"]
    team = add_field(site, 10600, "Mannschaft", "team" if custom == "com.acme:squad" else "any", custom)
    key = site.add_issue("SHOP", "Pay", **_fields(team, value))
    with connected(site) as jira:
        assert read_items(site, jira)[key].team == "Commerce"


def test_boards_tell_the_estimate_where_its_name_is_translated(site: JiraSite) -> None:
    points = site.field_id("estimate")
    site.add_board("SHOP")
    for field in site.fields:
        if field["id"] == points:
            field["name"] = "故事点"
    add_field(site, 10036, "故事点估算", "number", JSW_POINTS)
    key = site.add_issue("SHOP", "Pay", **_fields(points, 5))
    with connected(site) as jira:
        assert read_items(site, jira)[key].estimate == 5.0


@pytest.mark.parametrize("as_json", [True, False])
def test_sprints_are_read_in_both_shapes(site: JiraSite, *, as_json: bool) -> None:
    site.sprints_as_json = as_json
    board = site.add_board("SHOP")["id"]
    names = ["Week 1, the long one", "[2] brackets]", "a=b,c", "x]", "] ,state"]
    made = [site.add_sprint(board, name, "closed", date(2026, 1, 5), date(2026, 1, 9)) for name in names]
    key = site.add_issue("SHOP", "Pay", sprint=[one["id"] for one in made])
    with connected(site) as jira:
        item = read_items(site, jira)[key]
    assert item.containers == tuple(
        ContainerRef(external_id=str(one["id"]), kind="sprint", title=one["name"]) for one in made
    )


def test_thousands_of_sprints_as_text_are_read() -> None:
    made = [
        shapes.sprint(
            number, 1, f"Team {number}, [part {number % 7}], name: {number}", "closed", *[date(2026, 1, 5)] * 2
        )
        for number in range(1, 3001)
    ]
    told = sprints([shapes.sprint_text(one) for one in made])
    assert told == [(str(one["id"]), one["name"]) for one in made]


def test_a_link_blocks_in_one_direction(site: JiraSite) -> None:
    blocked, blocker = site.add_issue("SHOP", "Pay"), site.add_issue("SHOP", "Tokens")
    elsewhere = site.add_issue("PLAT", "Vault")
    site.block(blocked, by=blocker)
    site.block(blocker, by=elsewhere)
    with connected(site) as jira:
        items = read_items(site, jira)
    assert (items[blocked].blocked_by, items[blocker].blocked_by) == ((blocker,), (elsewhere,))


def test_versions_of_the_same_name_in_two_projects_are_two() -> None:
    rows = [_row(number, [{"id": str(500 + number), "name": "1.0"}]) for number in (1, 2)]
    reader = IssueReader(FieldMap(), site="https://jira.example")
    found = [reader.read([json.dumps(row).encode()], row["fields"]["project"]["id"]).items[0] for row in rows]
    assert [item.containers for item in found] == [
        (ContainerRef(external_id=number, kind="version", title="1.0"),) for number in ("501", "502")
    ]


def _row(number: int, versions: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": str(number),
        "key": f"P{number}-1",
        "fields": {"project": {"id": str(number)}, "fixVersions": versions},
    }


def test_an_epic_in_a_project_that_is_not_read_is_named(site: JiraSite) -> None:  # bug 6
    epic = site.add_issue("PLAT", "Checkout", "Epic")
    story = site.add_issue("SHOP", "Pay", parent=epic)
    with connected(site) as jira:
        items = read_items(site, jira)
    assert set(items) == {story}
    assert items[story].parent_key == epic


def test_epics_are_read_though_no_board_shows_them(site: JiraSite) -> None:  # bug 6
    site.add_board("SHOP")
    keys = [site.add_issue("SHOP", "Checkout", "Epic"), site.add_issue("SHOP", "Pay")]
    with connected(site) as jira:
        assert list(read_items(site, jira)) == keys
    assert not any("/agile/" in seen.path and "/issue" in seen.path for seen in site.requests)


def test_an_archived_project_has_nothing_new(site: JiraSite) -> None:
    site.add_issue("SHOP", "Pay")
    site.archive("SHOP")
    with connected(site) as jira:
        [scope] = jira.scopes().scopes
        pages = list(jira.items(scope, Reading(), Usage()))
    assert scope.archived
    assert [(page.items, page.resume) for page in pages] == [([], None)]
