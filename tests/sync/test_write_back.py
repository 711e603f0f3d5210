"""Write-back over HTTP to simulated tools: what is written where, once, and without counting as movement."""

import random
from pathlib import Path
from typing import Any

import pytest

from simulator import GitHubSite
from store import tables
from sync.verify import verify
from tests.sync.desk import Desk, desk, key, sections, shop

MARK = "<!-- northing:write-back -->"
KEPT = "<sub>Northing keeps this up to date, in steps of ten per cent.</sub>"
NONE = "This work serves no key result that is running."


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    """A migrated database, on SQLite."""
    file = request.getfixturevalue("tmp_path") / "northing.db"
    file.write_bytes(request.getfixturevalue("migrated_sqlite").read_bytes())
    return f"sqlite:///{file}"


@pytest.mark.parametrize("what", ["github comment", "github label", "cloud property", "datacenter comment"])
def test_a_second_writing_writes_nothing_and_none_is_movement(url: str, what: str) -> None:
    with desk(url, what, shop) as here:
        here.begin()
        before = here.numbers()
        assert here.writings() == []
        first = here.write()
        assert (first.error, first.refused, first.left, first.wrote > 0) == (None, [], 0, True)
        assert here.writings() != []
        assert sorted(here.shown()) == [key(here.site, 1), key(here.site, 4)]
        again = here.write()
        assert (again.steps, again.wrote) == ([], 0)
        for options in ({"sweep": True}, {"full": True}):
            here.clock.tick(minutes=5)
            here.sync(**options)
            assert here.numbers() == before
            assert here.write().steps == []
        assert here.writings() == []


def test_the_mirror_is_true_on_either_database_before_our_own_writing_is_read(migrated_url: str) -> None:
    with desk(migrated_url, "github comment", shop) as here:
        here.begin()
        before = here.numbers()
        assert here.write().wrote == 2
        tools = {"tool": here.connector}
        [verdict] = verify(here.engine, here.config, tools, stop=here.stop, pick=random.Random(1))
        assert (verdict.same, verdict.compared) == (True, 6)
        here.clock.tick(minutes=5)
        here.sync()
        assert here.numbers() == before
        assert here.write().steps == []


def test_a_comment_on_github_says_how_its_key_results_stand_and_calls_nobody(url: str) -> None:
    config = sections() | {"service": {"url": "https://northing.acme.example"}}
    with desk(url, "github comment", shop, config) as here:
        here.begin()
        here.write()
        first = (
            "- [**GROW.1**](https://northing.acme.example/key-results/GROW.1) Conversion to 3.0 % for @\u2060dana "
            "\\#\u206012: at risk, delivery 0 %, outcome 0 %"
        )
        second = "- [**GROW.2**](https://northing.acme.example/key-results/GROW.2) One\\-click payment: "
        [epic], [story] = here.shown().values()
        head = f"{MARK}\n\nKey results that this work serves:\n\n"
        assert epic == f"{head}{first}\n\n{KEPT}"
        assert story.startswith(f"{head}{first}\n{second}")


def test_a_label_tells_by_colour_and_description_and_touches_no_issue_when_these_change(url: str) -> None:
    with desk(url, "github label", shop) as here:
        assert isinstance(here.site, GitHubSite)
        here.begin()
        here.write()
        assert here.shown() == {
            "merlo/shop#1": ["northing:GROW.1"],
            "merlo/shop#4": ["northing:GROW.1", "northing:GROW.2"],
        }
        label = here.site.repository("merlo/shop").labels["northing:GROW.1"]
        said = "at risk, delivery 0 %, outcome 0 %: Conversion to 3.0 % for @dana #12"
        assert (label["color"], label["description"]) == ("cf222e", said)
        here.site.close("merlo/shop#2")
        here.clock.tick(minutes=5)
        here.sync()
        here.writings()
        here.write()
        assert here.writings() == ["PATCH /repos/merlo/shop/labels/northing:GROW.1"]
        assert label["description"].startswith("at risk, delivery 30 %, outcome 30 %: ")


def test_a_property_of_jira_has_a_stable_shape(url: str) -> None:
    with desk(url, "cloud property", shop) as here:
        here.begin()
        here.write()
        words = {"key": "GROW.1", "title": "Conversion to 3.0 % for @dana #12", "health": "at_risk"}
        row = words | {"delivery": 0, "outcome": 0, "url": None}
        assert here.shown()["SHOP-1"] == {"version": 1, "keyResults": [row]}
        assert [one["key"] for one in here.shown()["SHOP-4"]["keyResults"]] == ["GROW.1", "GROW.2"]


def test_a_comment_is_edited_only_once_a_full_step_is_reached(url: str) -> None:
    def many(site: Any) -> None:
        for number in range(11):
            site.add_issue("merlo/shop", f"Item {number}", labels=["kr:GROW.1"])

    with desk(url, "github comment", many) as here:
        assert isinstance(here.site, GitHubSite)
        here.begin()
        assert here.write().wrote == 11
        told = []
        for number in range(1, 4):
            here.site.close(f"merlo/shop#{number}")
            here.clock.tick(minutes=15)
            here.sync()
            told.append(here.write().wrote)
        assert told == [0, 11, 11]  # 9 %, 18 %, 27 %
        assert all(len(one) == 1 for one in here.shown().values())


@pytest.mark.parametrize("what", ["github label", "datacenter comment"])
def test_work_that_serves_none_any_more_says_so_or_bears_nothing(url: str, what: str) -> None:
    with desk(url, what, shop) as here:
        here.begin()
        here.write()
        for number in (1, 2, 4):
            for label in ("kr:GROW.1", "kr:GROW.2"):
                here.site.remove_label(key(here.site, number), label)
        here.clock.tick(minutes=5)
        here.sync()
        before = here.numbers()
        here.write()
        here.clock.tick(minutes=5)
        here.sync()
        assert here.numbers() == before
        assert here.write().steps == []
        if "comment" not in what:
            assert here.shown() == {}
        else:
            assert [NONE in str(one) for one in here.shown().values()] == [True, True]
        if isinstance(here.site, GitHubSite):
            assert [one for one in here.site.repository("merlo/shop").labels if one.startswith("northing:")] == []
        here.site.add_label(key(here.site, 4), "kr:GROW.2")
        here.clock.tick(minutes=5)
        here.sync()
        assert here.write().wrote
        [again] = [shown for name, shown in here.shown().items() if name == key(here.site, 4)]
        assert "GROW.2" in str(again)
        assert "comment" not in what or len(again) == 1


def test_done_work_keeps_what_it_got_up_to_date_and_gets_nothing_anew(url: str) -> None:
    with desk(url, "github comment", shop) as here:
        assert isinstance(here.site, GitHubSite)
        here.begin()
        here.write()
        here.site.close("merlo/shop#4")
        here.clock.tick(minutes=5)
        here.sync()
        here.write()
        assert sorted(here.shown()) == ["merlo/shop#1", "merlo/shop#4"]
        assert "delivery 100 %" in here.shown()["merlo/shop#4"][0]


def item(here: Desk, number: int) -> dict[str, Any]:
    [row] = [one for one in here.rows(tables.WorkItem) if one["key"] == key(here.site, number)]
    return row


@pytest.mark.parametrize("what", ["cloud comment"])
def test_what_people_do_before_and_after_our_writing_counts(url: str, what: str) -> None:
    with desk(url, what, shop) as here:
        here.begin()
        here.clock.tick(minutes=5)
        before = here.clock.now
        here.site.comment(key(here.site, 1), "I begin with it.")
        here.clock.tick(minutes=5)
        here.write()
        here.clock.tick(minutes=5)
        here.sync()
        assert item(here, 1)["updated_at"] == before
        assert item(here, 4)["updated_at"] < before
        after = here.clock.now
        here.site.comment(key(here.site, 4), "Almost done.")
        here.clock.tick(minutes=5)
        here.sync()
        assert (item(here, 1)["updated_at"], item(here, 4)["updated_at"]) == (before, after)
        here.site.edit(key(here.site, 1), labels=["kr:GROW.1", "kr:GROW.2"])
        edited = here.clock.now
        here.clock.tick(minutes=5)
        here.sync()
        here.write()
        here.clock.tick(minutes=5)
        here.sync(full=True)
        assert item(here, 1)["updated_at"] == edited


def test_a_change_at_the_very_moment_of_our_writing_counts(url: str) -> None:
    with desk(url, "github comment", shop) as here:
        assert isinstance(here.site, GitHubSite)
        here.begin()
        here.write()
        here.site.find("merlo/shop#1").raw["title"] = "Another title"  # in the same second
        here.site.find("merlo/shop#1").changed()
        moment = here.site.issue("merlo/shop#1")["updated_at"]
        here.clock.tick(minutes=5)
        here.sync(full=True)
        assert (item(here, 1)["title"], f"{item(here, 1)['updated_at']:%Y-%m-%dT%H:%M:%SZ}") == (
            "Another title",
            moment,
        )


@pytest.mark.parametrize("what", ["github comment", "cloud comment"])
def test_a_lost_database_makes_no_second_comment(url: str, what: str, migrated_sqlite: Path) -> None:
    with desk(url, what, shop) as here:
        here.begin()
        here.write()
        here.site.comment(key(here.site, 1), "A person's.")
        shown = here.shown()
        here.lose(migrated_sqlite)
        here.begin()
        here.writings()
        here.write()
        assert (here.writings(), here.shown()) == ([], shown)
