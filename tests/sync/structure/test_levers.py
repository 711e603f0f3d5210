"""Levers: what they match, whose work that is, and the share of a key result that its team holds."""

from typing import Any

import pytest
import sqlalchemy as sa

from store import okrs
from sync.facts import TeamPart
from sync.link import link
from sync.structure import Lever, levers
from tests.mapping.tracker import NOW, Tracker, item
from tests.sync.office import remove
from tests.sync.structure.company import LEVERS, applied, company, lever_shares, numbered, store

MAPPED = {"mappings": [{"key_result": "SALES.1", "work": {"label": "x"}}]}


def of_sales(conn: sa.Connection, **sections: Any) -> tuple[Lever, ...]:
    """The levers of SALES.1."""
    config = applied(conn, company(**sections))
    identity = conn.execute(sa.text("SELECT id FROM key_result WHERE key = 'SALES.1'")).scalar_one()
    return levers(conn, config, [identity])[identity]


def test_levers_link_nothing(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, *numbered("SHOP", 2))
    applied(conn, company())
    for query in (
        "SELECT * FROM link",
        "SELECT * FROM northing_links",
        "SELECT 1 FROM mapping WHERE key_result_id > 0",
    ):
        assert conn.execute(sa.text(query)).all() == []
    assert conn.execute(sa.text("SELECT count(*) FROM match")).scalar_one() == 2


def test_each_lever_is_told_with_its_work_by_team_and_its_owners(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, *numbered("SHOP", 2), item("SHOP-3", labels=("pay",)), *numbered("CRM", 1, category="done"))
    found = of_sales(conn)
    assert found == (
        Lever(
            key_result="SALES.1",
            number=1,
            text="project SHOP",
            matched=3,
            teams=(
                TeamPart(team="product", todo=2, size_todo=2),
                TeamPart(team="checkout", todo=1, size_todo=1),
            ),
            owners=("product", "checkout"),
            places=((), ("SHOP",), ()),
        ),
        Lever(
            key_result="SALES.1",
            number=2,
            text="project CRM",
            matched=1,
            teams=(TeamPart(team="tooling", done=1, size_done=1),),
            owners=("tooling",),
            places=((), ("CRM",), ()),
        ),
        Lever(
            key_result="SALES.1",
            number=3,
            text="label partner contract",
            matched=0,
            teams=(),
            owners=(),
            places=((), (), ()),
        ),
    )
    assert [lever.unowned for lever in found] == [0, 0, 1]


def test_a_part_of_a_lever_may_be_nobodys(conn: sa.Connection, tracker: Tracker) -> None:
    labels = ("partner contract",)
    store(tracker, *numbered("OPS", 3, labels=labels), *numbered("CRM", 1, labels=labels))
    lever = of_sales(conn)[2]
    assert (lever.owners, lever.sizes, lever.unowned) == (("tooling",), {None: 3, "tooling": 1}, 0.75)


def test_an_epics_team_owns_a_lever_whose_leaves_name_none(conn: sa.Connection, tracker: Tracker) -> None:
    labels = ("partner contract",)
    store(tracker, item("OPS-1", labels=labels, team="Sales"), item("OPS-2", parent="OPS-1"))
    lever = of_sales(conn)[2]
    assert (lever.owners, lever.sizes) == (("sales",), {None: 1})


def test_cancelled_and_deleted_work_is_no_lever(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, item("CRM-1", category="done", resolution="Won't Do"), item("CRM-2"))
    remove(conn, "CRM-2")
    lever = of_sales(conn)[1]
    assert (lever.matched, lever.teams) == (2, ())


@pytest.mark.parametrize(
    "lever, owner",
    [
        ({"project": "CRM"}, "tooling"),
        ({"project": "crm", "label": "leads"}, "tooling"),
        ({"project": ["CRM", "SHOP"]}, None),
        ({"project": "SHOP", "label": "Pay"}, "checkout"),
        ({"project": "SHOP", "label": ["pay", "ship"]}, "product"),
        ({"project": "SHO*"}, None),
        ({"team": "Sales Tooling"}, "tooling"),
        ({"team": "sales", "label": "leads"}, "sales"),
        ({"label": "leads"}, None),
    ],
)
def test_a_lever_without_work_is_whose_selectors_cover_it(
    conn: sa.Connection, tracker: Tracker, lever: dict[str, Any], owner: str | None
) -> None:
    config = applied(conn, company({"key": "SALES.1", "title": "X", "levers": [lever]}))
    [found] = levers(conn, config, [conn.execute(sa.text("SELECT id FROM key_result")).scalar_one()]).values()
    assert found[0].owners == (() if owner is None else (owner,))


@pytest.mark.parametrize(
    "owned, lever, covered",
    [
        ({"repository": "acme/shop*"}, {"repository": "acme/shop-web"}, True),
        ({"repository": "acme/shop*"}, {"repository": "acme/shop-*"}, True),
        ({"repository": "acme/shop?"}, {"repository": "acme/shop*"}, False),
        ({"repository": "acme/sh?p"}, {"repository": "acme/sh?p"}, True),
        ({"label": "a", "not": {"label": "b"}}, {"label": "a"}, False),
        ({"label": "a", "not": {"label": "b"}}, {"label": "a", "not": {"label": ["b", "c"]}}, True),
        ({"label": "a", "not": {"label": ["b", "c"]}}, {"label": "a", "not": {"label": "b"}}, False),
        ({"label": "a", "descend": False}, {"label": "a"}, False),
        ({"label": "a", "descend": False}, {"label": "a", "descend": False}, True),
        ({"jql": "x = 1"}, {"jql": "x = 1", "label": "a"}, True),
        ({"jql": "x = 1"}, {"jql": "x = 2"}, False),
    ],
)
def test_what_covers_what(
    conn: sa.Connection, tracker: Tracker, owned: dict[str, Any], lever: dict[str, Any], covered: bool
) -> None:
    teams = [{"key": "web", "owns": [owned]}]
    key_result = {"key": "A.1", "title": "A", "levers": [lever]}
    objectives = [{"key": "A", "title": "A", "cycle": "Q4", "key_results": [key_result]}]
    config = applied(conn, company(objectives=objectives, teams=teams))
    [found] = levers(conn, config, [conn.execute(sa.text("SELECT id FROM key_result")).scalar_one()]).values()
    assert found[0].owners == (("web",) if covered else ())


def test_before_work_exists_the_share_is_that_of_the_levers_left_to_move(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, *numbered("SHOP", 2), *numbered("CRM", 8), *numbered("SHOP", 5, first=3, category="done"))
    assert lever_shares(conn, company()) == {"SALES.1": pytest.approx(0.2)}


def test_where_all_levers_are_done_the_share_is_that_of_all_of_them(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, *numbered("SHOP", 1, category="done"), *numbered("CRM", 3, category="done"))
    assert lever_shares(conn, company()) == {"SALES.1": pytest.approx(0.25)}


def test_an_item_that_two_levers_match_weighs_once(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, item("SHOP-1", labels=("partner contract",)), item("CRM-1"))
    assert lever_shares(conn, company()) == {"SALES.1": pytest.approx(0.5)}


def test_once_work_counts_the_share_is_that_of_what_remains_of_it(conn: sa.Connection, tracker: Tracker) -> None:
    mine = item("SHOP-1", labels=("x", "pay"))
    done = item("CRM-9", labels=("x",), category="done")
    store(tracker, mine, done, *numbered("CRM", 3, labels=("x",)), *numbered("CRM", 5, first=20))
    assert lever_shares(conn, company(**MAPPED)) == {"SALES.1": pytest.approx(0.25)}


def test_where_nothing_is_left_to_do_there_is_no_share(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, item("SHOP-1", labels=("x",), category="done"), *numbered("CRM", 3))
    assert lever_shares(conn, company(**MAPPED)) == {"SALES.1": None}


def test_without_a_team_or_without_levers_there_is_no_share(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, *numbered("SHOP", 2))
    objectives = [
        {"key": "A", "title": "A", "cycle": "Q4", "key_results": [{"key": "A.1", "title": "A", "levers": LEVERS}]},
        {"key": "B", "title": "B", "cycle": "Q4", "team": "product", "key_results": [{"key": "B.1", "title": "B"}]},
    ]
    assert lever_shares(conn, company(objectives=objectives)) == {"A.1": None, "B.1": None}


def test_levers_weigh_by_estimate_and_by_the_connections_median_without_one(
    conn: sa.Connection, tracker: Tracker
) -> None:
    store(
        tracker, item("SHOP-1", estimate=3.0), item("CRM-1"), item("CRM-2", estimate=5.0), item("OPS-1", estimate=1.0)
    )
    assert lever_shares(conn, company(counting={"measure": "points"})) == {"SALES.1": pytest.approx(3 / 11)}


def test_between_two_estimates_the_median_is_their_mean(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, item("SHOP-1"), item("CRM-1", estimate=1.0), item("CRM-2", estimate=4.0))
    assert lever_shares(conn, company(counting={"measure": "points"})) == {"SALES.1": pytest.approx(2.5 / 7.5)}


def test_an_item_with_ignored_sub_tasks_is_a_leaf(conn: sa.Connection, tracker: Tracker) -> None:
    subtasks = numbered("SHOP", 3, 2, level="subtask", parent="SHOP-1")
    store(tracker, item("SHOP-1"), *subtasks, item("CRM-1"))
    assert lever_shares(conn, company()) == {"SALES.1": 0.5}
    tracker.conn.execute(sa.text("DELETE FROM meta"))
    assert lever_shares(conn, company(counting={"subtasks": "count"})) == {"SALES.1": 0.75}


def test_what_levers_match_is_kept_up_to_date_with_small_changes(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, *numbered("SHOP", 1), *numbered("CRM", 1), *numbered("OPS", 40))
    config = company()
    assert lever_shares(conn, config) == {"SALES.1": 0.5}
    tracker.save(item("OPS-3", labels=("partner contract",)), item("OPS-4", parent="CRM-1"))
    assert lever_shares(conn, config) == {"SALES.1": pytest.approx(1 / 3)}
    tracker.save(item("OPS-3"))
    assert lever_shares(conn, config) == {"SALES.1": 0.5}


def test_a_changed_lever_is_looked_up_anew_and_that_of_an_archived_key_result_not_at_all(
    conn: sa.Connection, tracker: Tracker
) -> None:
    store(tracker, *numbered("SHOP", 1), *numbered("CRM", 3))
    other = {"key": "SALES.2", "title": "Y", "levers": [{"project": "CRM"}]}
    changed = {"key": "SALES.1", "title": "$10M of product X", "levers": [{"project": "SHOP"}]}
    assert lever_shares(conn, company(changed, other)) == {"SALES.1": 1, "SALES.2": 0}
    assert lever_shares(conn, company()) == {"SALES.1": 0.25}
    [rows] = conn.execute(
        sa.text("SELECT count(*) FROM mapping m JOIN key_result k ON k.id = m.lever_of AND k.archived")
    )
    assert rows == (0,)


def test_levers_that_stay_keep_their_rows_and_cause_no_linking_anew(conn: sa.Connection, tracker: Tracker) -> None:
    config = company()
    okrs.apply(conn, config, NOW)
    link(conn, config)
    before = conn.execute(sa.text("SELECT id, position, lever_of FROM mapping ORDER BY id")).all()
    assert not okrs.apply(conn, config, NOW)
    moved = company({"key": "SALES.1", "title": "$10M of product X", "levers": LEVERS[::-1]})
    assert okrs.apply(conn, moved, NOW)
    after = conn.execute(sa.text("SELECT id, position, lever_of FROM mapping ORDER BY id")).all()
    assert [(row.id, 2 - row.position, row.lever_of) for row in after] == before
