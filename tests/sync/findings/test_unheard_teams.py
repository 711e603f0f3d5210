"""HYG408: teams that work for key results which they never acknowledged."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from store import tables, voice
from sync.facts import KeyResultFacts, TeamPart
from sync.findings import Hit, Unjudged, rules
from sync.findings.world import World
from tests.sync.findings.making import END, NOW, Stored, config, key_result

PARENTS = {"product": None, "commerce": "product", "tech": None, "platform": "tech"}


@pytest.fixture(autouse=True)
def teams(stored: Stored) -> None:
    """Commerce is a part of Product, Platform one of Tech."""
    ids: dict[str | None, int | None] = {None: None}
    for key, parent in PARENTS.items():
        ids[key] = stored.add(tables.Team, key=key, name=key.title(), parent_id=ids[parent], archived=False)


def worked_on(key: str, *parts: TeamPart, **given: Any) -> KeyResultFacts:
    """A key result that Product holds."""
    return key_result(key, **{"team": "product", "teams": parts} | given)


def platform(todo: int = 0, done: int = 0) -> TeamPart:
    return TeamPart(team="platform", todo=todo, done=done, size_todo=todo, size_done=done)


def find(conn: sa.Connection, *facts: KeyResultFacts, now: datetime = NOW) -> list[Hit | Unjudged]:
    return list(rules()["HYG408"].find(World(conn, config(), facts, now), frozenset()))


def test_one_finding_names_all_key_results_that_a_team_never_acknowledged(conn: sa.Connection) -> None:
    few, many = worked_on("GROW.1", platform(todo=1)), worked_on("GROW.2", platform(todo=5, done=2), id=2)

    assert find(conn, few, many) == [
        Hit(
            subject_kind="team",
            subject="platform",
            severity="info",
            summary=(
                "Platform does work for 2 key results of other teams and never acknowledged them:"
                " GROW.2 (5 items left), GROW.1 (1 item left)"
            ),
            evidence={"count": 2, "key_results": ["GROW.2", "GROW.1"], "items": 6},
            team="platform",
            cycle_end=END,
        )
    ]


@pytest.mark.parametrize(
    "given",
    [
        {"teams": (TeamPart(team="product", todo=1), TeamPart(team="commerce", todo=1))},
        {"teams": (TeamPart(team="commerce", todo=1),), "team": None, "objective_team": "product"},
        {"teams": (platform(done=3), TeamPart(team=None, todo=4))},
        {"teams": (platform(todo=1),), "active": False},
    ],
    ids=["its own teams", "the objective's team", "nothing left, or no team", "another cycle"],
)
def test_who_holds_it_or_has_nothing_left_to_do_need_not_be_asked(conn: sa.Connection, given: dict[str, Any]) -> None:
    assert find(conn, worked_on("GROW.1", **given)) == []


def test_a_key_result_of_no_team_is_other_teams(conn: sa.Connection) -> None:
    given = worked_on("GROW.1", platform(todo=1), team=None, objective_team=None)

    assert [hit.subject for hit in find(conn, given)] == ["platform"]


@pytest.mark.parametrize("day, asked", [(9, False), (10, True)])
def test_nobody_is_asked_in_the_first_days_of_a_cycle(conn: sa.Connection, day: int, asked: bool) -> None:
    """A tenth of 92 days is ten."""
    found = find(conn, worked_on("GROW.1", platform(todo=1)), now=datetime(2026, 10, day, 12, tzinfo=UTC))

    assert bool(found) is asked


@pytest.mark.parametrize("key", ["platform", "tech"])
def test_the_team_or_one_above_it_acknowledges(conn: sa.Connection, stored: Stored, key: str) -> None:
    identity = stored.key_result("GROW.1")
    given = worked_on("GROW.1", platform(todo=1), id=identity), worked_on("GROW.2", platform(todo=1), id=identity + 1)

    assert voice.acknowledge_work(conn, "GROW.1", key, "Eva", None, NOW)
    assert not voice.acknowledge_work(conn, "GROW.1", key, "Dan", None, NOW + timedelta(hours=1))
    [hit] = find(conn, *given)
    assert isinstance(hit, Hit)
    assert hit.evidence["key_results"] == ["GROW.2"]
    assert len(find(conn, given[0], now=NOW - timedelta(hours=1))) == 1


def test_whoever_objected_knows_of_it(conn: sa.Connection, stored: Stored) -> None:
    identity = stored.key_result("GROW.1")
    voice.object_to(conn, "GROW.1", "capacity", "platform", "Eva", None, NOW, date(2026, 11, 24))
    voice.withdraw(conn, "GROW.1", "platform", "Eva", None, NOW)

    assert find(conn, worked_on("GROW.1", platform(todo=1), id=identity)) == []


def test_key_results_that_cannot_be_read_open_none_and_end_none(conn: sa.Connection) -> None:
    hidden = worked_on("GROW.1", platform(todo=1), readable=False)

    assert find(conn, hidden) == [Unjudged("team", "platform")]
    [hit] = find(conn, hidden, worked_on("GROW.2", platform(todo=1), id=2))
    assert isinstance(hit, Hit)
    assert hit.evidence["key_results"] == ["GROW.2"]
