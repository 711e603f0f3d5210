"""Recorded GitHub repositories, synced through the real connector, on both databases: what is stored and counted is
what their JSON says.
"""

from pathlib import Path

import pytest

from tests.realdata.facts import Fact, Raw, Work
from tests.realdata.repositories import HUB4J, PLAN, Chapter, Story, chosen, tell


@pytest.fixture(params=["sqlite", "postgresql"], scope="session")
def story(request: pytest.FixtureRequest, realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The story on one database. Only to be read."""
    place = tmp_path_factory.mktemp("repositories")
    if request.param == "sqlite":
        return tell(realdata / "github", f"sqlite:///{place}/northing.db", place)
    with request.getfixturevalue("postgres").database() as url:
        return tell(realdata / "github", url, place)


def told(fact: Fact, url: str) -> Raw:
    """What `northing_work` must say of an item."""
    return {
        "scope": fact.scope,
        "key": fact.key,
        "url": f"{url}/{fact.key.replace('#', '/issues/')}",
        "type": None,
        "level": "issue",
        "title": fact.title,
        "state": fact.state,
        "status": fact.status,
        "parent_key": None,
        "milestone": fact.milestone,
        "versions": (),
        "labels": fact.labels,
        "estimate": None,
        "created_at": fact.created_at,
        "closed_at": fact.closed_at,
        "due_on": None,
        "updated_at": fact.updated_at,
        "presence": "present",
    }


def all_told(work: Work, url: str) -> dict[str, Raw]:
    return {key: told(fact, url) for key, fact in work.facts.items()}


def holds(chapter: Chapter, work: Work) -> None:
    """Every key result links and counts what the JSON says."""
    assert set(chapter.numbers) == set(PLAN)
    for key, mappings in PLAN.items():
        expected = work.linked(mappings)
        links = [row for row in chapter.links if row["key_result"] == key]
        assert {row["item_key"] for row in links} == expected.keys
        assert {row["item_key"] for row in links if row["direct"]} == expected.direct
        assert {row["item_key"] for row in links if row["counted"]} == expected.counted
        row = chapter.numbers[key]
        numbers = [row[f"work_{name}"] for name in ("todo", "in_progress", "done", "descoped")]
        assert [*numbers, row["delivery"]] == [
            *expected.count[:-1],
            None if expected.count.delivery is None else pytest.approx(expected.count.delivery),
        ]


def test_every_issue_is_stored_and_no_pull_request(story: Story) -> None:
    hub4j = [raw for raw in story.raw if raw["repository_url"].endswith(HUB4J)]
    assert len(hub4j) == 606
    assert story.first.items == all_told(story.work, story.url)
    assert len(story.first.items) == sum("pull_request" not in raw for raw in story.raw)


def test_key_results_link_and_count_what_the_json_says(story: Story) -> None:
    holds(story.first, story.work)
    assert all(story.work.linked(mappings).count.delivery for mappings in PLAN.values())


def test_a_milestone_that_only_issues_name_is_kept(story: Story) -> None:
    [milestone] = story.first.milestones
    within = [fact for fact in story.work.facts.values() if fact.milestone]
    shown = {name: milestone[name] for name in ("scope", "title", "state", "due_on", "work_total", "work_done")}
    assert shown == {
        "scope": "panjf2000/ants",
        "title": "v0.11.0",
        "state": "open",
        "due_on": None,
        "work_total": len(within),
        "work_done": sum(fact.state == "done" for fact in within),
    }


def test_a_sync_with_nothing_new_is_answered_by_304_and_writes_nothing(story: Story) -> None:
    reading = [status for path, status in story.again.answers if path.endswith(("/issues", "/milestones"))]
    assert reading == [304] * 4
    # The rest asks which repositories there are.
    assert len(story.again.answers) == len(reading) + 2
    assert [(run["read"], run["changed"], run["requests"] - run["not_modified"]) for run in story.again.runs] == [
        (0, 0, 0),
        (0, 0, 0),
    ]
    changed = [table for table, rows in story.first.tables.items() if story.again.tables[table] != rows]
    assert changed == []


def test_edits_arrive_with_the_next_sync(story: Story) -> None:
    assert story.last.items == all_told(story.edited, story.url)
    holds(story.last, story.edited)
    assert {run["scope"]: run["changed"] for run in story.last.runs}[HUB4J] == len(chosen(story.work))


def test_a_milestone_moves_without_a_word_from_its_issues(story: Story) -> None:
    [milestone] = story.last.milestones
    assert (milestone["title"], str(milestone["due_on"])) == ("v0.12.0", "2026-12-05")
    assert story.last.numbers["MILESTONE"]["work_total"] == 0
