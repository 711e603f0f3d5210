"""Work on GitHub that is deleted, transferred, hidden and comes back, as somebody sees it who reads the views."""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.conftest import Northing
from tests.acceptance.tools import NOT_FOUND, Hub, ticket

TODAY = dt.datetime.now(dt.UTC).date()


def written(northing: Northing, hub: str, repositories: str = "o/r", mappings: str = "", more: str = "") -> None:
    """A key result K, served by o/r unless told otherwise."""
    northing.write(f"""
version: 1
database: sqlite:///northing.db
connections:
  hub: {{kind: github, url: "{hub}", auth: {{token: "${{GITHUB_TOKEN}}"}}, repositories: [{repositories}]}}
cycles: [{{key: now, start: {TODAY - dt.timedelta(50)}, end: {TODAY + dt.timedelta(50)}}}]
objectives: [{{key: O, title: One, cycle: now, key_results: [{{key: K, title: k}}]}}]
mappings: [{mappings or "{key_result: K, work: {repository: o/r}}"}]
{more}
""")


def presence(northing: Northing) -> dict[str, str]:
    return {row["key"]: row["presence"] for row in northing.rows("SELECT key, presence FROM northing_work")}


def numbers(northing: Northing) -> tuple[Any, ...]:
    """Counted, done, delivery, descoped."""
    return tuple(
        northing.row("SELECT work_total, work_done, delivery, work_descoped FROM northing_key_results").values()
    )


def linked(northing: Northing) -> set[str]:
    return {row["item_key"] for row in northing.rows("SELECT item_key FROM northing_links WHERE counted")}


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as site:
        site.add("o/r", 77, [ticket(1, "closed"), ticket(2), ticket(3), ticket(4, "closed"), ticket(5)])
        site.add("o/other", 78, [ticket(1, id=901, node_id="I_901")])
        yield site


def test_deleted_hidden_and_transferred_issues_leave_the_numbers_and_come_back(northing: Northing, hub: Hub) -> None:
    written(northing, hub.url)
    assert northing("sync").code == 0
    assert numbers(northing) == (5, 2, 0.4, 0)
    taken = {number: hub.issues["o/r"].pop(number) for number in (2, 3, 4)}
    hub.gone = {"o/r#2": 410, "o/r#4": "o/other#9"}
    hub.issues["o/other"][9] = taken[4] | {"number": 9, "id": 909, "node_id": "I_909"}
    assert northing("sync").code == 0
    done = northing("sync", "--full")
    assert done.code == 0, done.out + done.err
    assert presence(northing) == {
        "o/r#1": "present",
        "o/r#2": "deleted",
        "o/r#3": "deleted",
        "o/r#4": "not_visible",
        "o/r#5": "present",
    }
    # What is out of sight counts as it was last seen; what is deleted does not.
    assert numbers(northing) == (3, 2, pytest.approx(2 / 3), 2)
    assert linked(northing) == {"o/r#1", "o/r#4", "o/r#5"}
    hub.issues["o/r"][3] = taken[3]
    assert northing("sync", "--full").code == 0
    assert presence(northing)["o/r#3"] == "present"
    assert numbers(northing) == (4, 2, 0.5, 1)


def test_a_transferred_issue_keeps_its_old_key_in_selectors_and_explain(northing: Northing, hub: Hub) -> None:
    written(northing, hub.url, "o/r, o/other", '{key_result: K, work: {issue: ["o/r#4", "o/r#5"]}}')
    assert northing("sync").code == 0
    assert numbers(northing) == (2, 1, 0.5, 0)
    moved = hub.issues["o/r"].pop(4)
    hub.gone = {"o/r#4": "o/other#9"}
    hub.issues["o/other"][9] = moved | {"number": 9, "id": 909, "node_id": "I_909"}
    assert northing("sync").code == 0
    assert northing("sync", "--full").code == 0
    assert numbers(northing) == (2, 1, 0.5, 0)
    assert linked(northing) == {"o/other#9", "o/r#5"}
    told = northing("explain", "o/r#4")
    assert told.code == 0
    assert "o/other#9" in told.out


def test_a_renamed_repository_keeps_its_work_and_what_names_it(northing: Northing, hub: Hub) -> None:
    written(northing, hub.url)
    assert northing("sync").code == 0
    hub.repositories["o/new"] = hub.repositories.pop("o/r") | {"name": "new", "full_name": "o/new"}
    hub.issues["o/new"] = hub.issues.pop("o/r")
    hub.renamed = {"o/r": "o/new"}
    hub.issues["o/new"][2] |= {"state": "closed", "state_reason": "completed"}
    assert northing("sync", "--full").code == 0
    assert set(presence(northing).values()) == {"present"}
    assert len(presence(northing)) == 5
    assert northing.rows("SELECT name, state FROM northing_scopes") == [{"name": "o/new", "state": "ok"}]
    assert numbers(northing) == (5, 3, 0.6, 0)


def test_a_repository_out_of_sight_or_without_issues_keeps_its_numbers(northing: Northing, hub: Hub) -> None:
    written(northing, hub.url, "o/r, o/other")
    assert northing("sync").code == 0
    before = numbers(northing)
    for fault, code in [
        (lambda path, _: NOT_FOUND if "/other" not in path else None, "SYN503"),
        (lambda path, _: (410, {"message": "Issues are disabled"}, {}) if "/issues" in path else None, None),
    ]:
        hub.fault = fault
        done = northing("sync", "--full")
        assert done.code == 3
        assert "o/r" in done.out + done.err
        assert numbers(northing) == before
        assert set(presence(northing).values()) == {"present"}
        told = northing("check", "--json").data
        assert code is None or any((one["code"], one["subject"]) == (code, "o/r") for one in told), told
    hub.fault = None
    assert northing("sync", "--full").code == 0
    assert not northing.reasons("SYN503")


@pytest.mark.parametrize("kind", ["500", "truncated", "repeated"])
def test_an_incomplete_list_removes_nothing(
    northing: Northing, hub: Hub, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.retry.PAUSE", 0.01, raising=False)
    written(northing, hub.url)
    assert northing("sync").code == 0

    def fault(path: str, asked: dict[str, Any]) -> Any:
        if not re.search(r"/issues$", path) or asked.get("page") != "2":
            return None
        if kind == "500":
            return 422, {"message": "Server Error"}, {}
        if kind == "truncated":
            return 200, {"items": []}, {}
        link = f'<{hub.url}/repositories/77/issues?page=2>; rel="next"'
        return 200, [hub._shown("o/r", hub.issues["o/r"][1])], {"Link": link}

    hub.fault = fault
    del hub.issues["o/r"][5]
    assert northing("sync", "--full").code == 3
    assert set(presence(northing).values()) == {"present"}
    assert numbers(northing) == (5, 2, 0.4, 0)


def test_many_gone_at_once_are_held_back_until_somebody_accepts_it(northing: Northing, hub: Hub) -> None:
    hub.add("o/r", 77, [ticket(number, "closed" if number % 2 else "open") for number in range(1, 41)])
    hub.size = 30
    written(northing, hub.url)
    assert northing("sync").code == 0
    before = (numbers(northing), presence(northing))
    for number in range(1, 23):
        del hub.issues["o/r"][number]
    for _ in range(2):
        done = northing("sync", "--full")
        assert done.code in (0, 1, 3)
        assert (numbers(northing), presence(northing)) == before
        found = [one for one in northing("check", "--json").data if one["code"] == "SYN506"]
        assert [one["subject"] for one in found] == ["o/r"]
    assert northing("sync", "--accept-drop", "o/nothing").code == 2
    assert northing("sync", "--accept-drop", "o/r").code == 0
    assert sorted(presence(northing).values()) == ["deleted"] * 22 + ["present"] * 18
    assert numbers(northing)[:3] == (18, 9, 0.5)
    assert not northing.reasons("SYN506")
