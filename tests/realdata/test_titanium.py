"""A recorded Jira with 29,049 issues, synced through the real connector: what is stored and counted is what its JSON
says.
"""

from collections import defaultdict

import pytest
import sqlalchemy as sa

from tests.realdata.facts import Fact, Raw, Work, instant
from tests.realdata.tell import kept, rows
from tests.realdata.titanium import Chapters, Recorded, after, chosen

KEY_RESULTS = (
    "EPICS",
    "EPIC.UNSEEN",
    "VERSION",
    "VERSION.ONE",
    "LABEL",
    "SPRINT",
    "SPRINTS",
    "COMPONENT",
    "TITLE",
    "NOT.LABEL",
    "NOT.EPIC",
    "TYPE",
    "EPIC.ALONE",
    "JQL",
    "ASSIGNEE",
    "SHARE",
    "testadded",
    "win1",
    "manualtest",
    "NOTHING",
)
COLUMNS = (
    "scope, key, url, type, level, title, state, status, parent_key, milestone, versions, labels, estimate, created_at,"
    " closed_at, due_on, updated_at, presence"
)


def told(fact: Fact, url: str) -> Raw:
    """What `northing_work` must say of an item."""
    return {
        "scope": fact.scope,
        "key": fact.key,
        "url": f"{url}/browse/{fact.key}",
        "type": fact.type,
        "level": fact.level,
        "title": fact.title,
        "state": fact.state,
        "status": fact.status,
        "parent_key": fact.parent,
        "milestone": None,
        "versions": fact.versions,
        "labels": fact.labels,
        "estimate": None,
        "created_at": fact.created_at,
        "closed_at": fact.closed_at,
        "due_on": None,
        "updated_at": fact.updated_at,
        "presence": "present",
    }


def stored_items(engine: sa.Engine) -> dict[str, Raw]:
    found = rows(engine, f"SELECT {COLUMNS} FROM northing_work")
    stored = {row["key"]: row for row in found}
    assert len(stored) == len(found)
    return stored


def by_url(found: list[Raw]) -> dict[str, Raw]:
    return {str(row["url"]): row for row in found}


def differences(stored: dict[str, Raw], expected: dict[str, Raw]) -> dict[str, dict[str, tuple[object, object]]]:
    """By key, the columns that differ, as (stored, expected): a whole comparison of 29,049 rows shows nothing."""
    assert stored.keys() == expected.keys()
    return {
        key: {name: (stored[key][name], value) for name, value in row.items() if stored[key][name] != value}
        for key, row in expected.items()
        if stored[key] != row
    }


def counting(work: Work) -> list[Fact]:
    """The items that a version or sprint counts."""
    return [one for one in work.facts.values() if one.level != "subtask" and one.state != "cancelled"]


def test_every_issue_is_stored_as_its_json_says(titanium: Recorded, chapters: Chapters) -> None:
    stored = stored_items(chapters.first)
    expected = {fact.key: told(fact, chapters.url) for fact in titanium.work.facts.values()}
    assert len(expected) == 29_049
    assert differences(stored, expected) == {}


def test_issues_without_a_summary_are_called_by_their_key(chapters: Chapters) -> None:
    untitled = rows(chapters.first, "SELECT key FROM northing_work WHERE title = key ORDER BY key")
    assert untitled == [{"key": "AC-2241"}, {"key": "AC-523"}]


def test_nothing_was_set_aside(chapters: Chapters) -> None:
    assert rows(chapters.first, "SELECT * FROM quarantine") == []


@pytest.mark.parametrize("key", KEY_RESULTS)
def test_a_key_result_links_and_counts_what_the_json_says(titanium: Recorded, chapters: Chapters, key: str) -> None:
    holds(chapters.first, titanium.work, titanium, key)


def holds(engine: sa.Engine, work: Work, titanium: Recorded, key: str) -> None:
    expected = work.linked(titanium.plan[key])
    links = rows(engine, f"SELECT item_key, direct, counted FROM northing_links WHERE key_result = '{key}'")
    assert {row["item_key"] for row in links} == expected.keys
    assert {row["item_key"] for row in links if row["direct"]} == expected.direct
    assert {row["item_key"] for row in links if row["counted"]} == expected.counted
    [numbers] = rows(
        engine,
        "SELECT work_todo, work_in_progress, work_done, work_descoped, delivery, outcome FROM northing_key_results"
        f" WHERE key_result = '{key}'",
    )
    delivery = None if expected.count.delivery is None else pytest.approx(expected.count.delivery)
    assert tuple(numbers.values()) == (*expected.count[:-1], delivery, delivery)


def test_every_key_result_of_the_plan_is_compared(titanium: Recorded) -> None:
    assert set(KEY_RESULTS) == titanium.plan.keys()
    counts = [titanium.work.linked(titanium.plan[key]).count for key in KEY_RESULTS]
    assert sum(count.delivery not in (None, 0, 1) and count.descoped > 0 for count in counts) >= 10


def test_key_results_of_an_item_stand_beside_it(titanium: Recorded, chapters: Chapters) -> None:
    expected: dict[str, list[str]] = {}
    for key in sorted(KEY_RESULTS):
        for item in titanium.work.linked(titanium.plan[key]).keys:
            expected.setdefault(item, []).append(key)
    stored = rows(chapters.first, "SELECT key, key_results FROM northing_work")
    assert {row["key"]: row["key_results"] for row in stored if row["key_results"]} == {
        item: tuple(keys) for item, keys in expected.items()
    }


def test_versions_are_stored_as_their_json_says(titanium: Recorded, chapters: Chapters) -> None:
    members: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in counting(titanium.work):
        for title in fact.versions:
            members[fact.scope, title].append(fact)
    expected = []
    for project in titanium.projects:
        for version in project["versions"]:
            work = members[project["key"], version["name"]]
            expected.append(
                {
                    "scope": project["key"],
                    "title": version["name"],
                    "url": f"{chapters.url}/projects/{project['key']}/versions/{version['id']}",
                    "state": "archived" if version["archived"] else "released" if version["released"] else "unreleased",
                    "starts_on": version.get("startDate"),
                    "due_on": version.get("releaseDate"),
                    "work_total": len(work),
                    "work_done": sum(one.state == "done" for one in work),
                }
            )
    stored = rows(
        chapters.first,
        "SELECT scope, title, url, state, starts_on, due_on, work_total, work_done FROM northing_containers"
        " WHERE kind = 'version'",
    )
    assert differences(by_url(stored), by_url(expected)) == {}


def test_sprints_are_stored_as_their_json_says(titanium: Recorded, chapters: Chapters) -> None:
    members: dict[int, list[Fact]] = defaultdict(list)
    for fact in counting(titanium.work):
        for number in fact.sprints:
            members[number].append(fact)
    expected = []
    for sprint in titanium.sprints:
        work = members[sprint["id"]]
        # Sprints without a board are not listed anywhere: only issues tell of them.
        listed = sprint if sprint.get("originBoardId") else {}
        expected.append(
            {
                "title": sprint["name"],
                "state": listed.get("state"),
                "starts_on": listed.get("startDate", "")[:10] or None,
                "due_on": listed.get("endDate", "")[:10] or None,
                "closed_at": instant(listed.get("completeDate")),
                "work_total": len(work),
                "work_done": sum(one.state == "done" for one in work),
            }
        )
    stored = rows(
        chapters.first,
        "SELECT title, state, starts_on, due_on, closed_at, work_total, work_done FROM northing_containers"
        " WHERE kind = 'sprint'",
    )
    assert sorted(map(repr, stored)) == sorted(map(repr, expected))


def test_a_sync_with_nothing_new_writes_nothing(chapters: Chapters) -> None:
    before, now = kept(chapters.first), kept(chapters.again)
    assert {table for table in before if before[table] != now[table]} == set()
    assert before.keys() == now.keys()


def test_edits_arrive_with_the_next_sync(titanium: Recorded, chapters: Chapters) -> None:
    work = after(titanium.work)
    expected = {fact.key: told(fact, chapters.url) for fact in work.facts.values()}
    assert differences(stored_items(chapters.edited), expected) == {}
    run = "SELECT sum(changed) AS changed FROM northing_sync_runs WHERE run = (SELECT max(run) FROM northing_sync_runs)"
    assert rows(chapters.edited, run) == [{"changed": len(chosen(work))}]


def test_numbers_follow_edits(titanium: Recorded, chapters: Chapters) -> None:
    work = after(titanium.work)
    for key in KEY_RESULTS:
        holds(chapters.edited, work, titanium, key)
    before, now = (one.linked(titanium.plan["NOTHING"]).count for one in (titanium.work, work))
    assert (before.delivery, now.delivery) == (None, 0)


def test_reading_what_changed_takes_few_requests(chapters: Chapters) -> None:
    first, again, edited = chapters.requests
    assert first > 290  # pages of at most 100 issues
    assert again < first / 3
    assert edited <= again + 5
