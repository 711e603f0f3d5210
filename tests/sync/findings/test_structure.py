"""Barriers in the structure: levers held elsewhere or by nobody, cascades that end, teams that are spread."""

from typing import Any

import sqlalchemy as sa

from config import ConnectionOptions
from connectors.records import Item
from tests.mapping.databases import conn, migrated_engine, tracker
from tests.mapping.tracker import Tracker, item
from tests.sync.structure.company import LEVERS, TEAMS, company, evidence, found, numbered, store

__all__ = ["conn", "migrated_engine", "tracker"]

MAPPED = [{"key_result": "SALES.1", "work": {"label": "x"}}]
SEEN = {"key": "SALES.1", "title": "$10M of product X"}


def linked(scope: str, count: int, first: int = 1, **more: Any) -> list[Item]:
    """Items that count for SALES.1 where it is mapped."""
    return numbered(scope, count, first, labels=("x",), **more)


def objective(key: str, team: str | None = None, *key_results: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An objective of this quarter, by default with one key result that needs no tracked work."""
    return {
        "key": key,
        "title": key,
        "cycle": "Q4",
        **({"team": team} if team else {}),
        "key_results": list(key_results) or [{"key": f"{key}.1", "title": key, "delivery": {"none": "by phone"}}],
        **more,
    }


# --- leadership's number: STR301, STR302, STR308 ---------------------------------------------------------------------


def test_a_team_that_holds_a_part_of_the_levers_is_told_who_holds_the_rest_and_what_is_nobodys(
    conn: sa.Connection, tracker: Tracker
) -> None:
    store(tracker, *numbered("SHOP", 2), *numbered("CRM", 8))
    assert found(conn, company(), "STR30") == [
        (
            "STR302",
            "SALES.1",
            "Product (KR team) holds 20 % of the levers of SALES.1 (no work counts yet); Sales Tooling holds 80 %",
        ),
        ("STR306", "SALES.1", "SALES.1 ends the cascade: no work counts for it, and no objective below supports it"),
        ("STR308", "SALES.1", "Lever 3 of SALES.1 is owned by no team: label partner contract"),
    ]
    assert evidence(conn, "STR302") == {
        "title": "$10M of product X",
        "team": "product",
        "share": 0.2,
        "threshold": 0.5,
        "of": "levers",
        "size": 10,
        "others": {"tooling": 0.8},
        "no_team": 0,
    }
    assert evidence(conn, "STR308") == {
        "title": "$10M of product X",
        "levers": ["label partner contract"],
        "numbers": [3],
        "matched": [0],
        "of": 3,
    }


def test_once_work_counts_it_is_the_remaining_work_that_is_shared_out(conn: sa.Connection, tracker: Tracker) -> None:
    done = linked("SHOP", 9, first=5, category="done")
    store(tracker, *linked("SHOP", 1), *done, *linked("CRM", 3), *linked("OPS", 1))
    said = "Product (KR team) holds 20 % of the remaining work of SALES.1; Sales Tooling holds 60 %"
    assert found(conn, company(mappings=MAPPED), "STR301", "STR302") == [
        ("STR302", "SALES.1", f"{said}, 20 % belongs to no team")
    ]


def test_a_team_that_holds_nothing_is_critical_and_told_once(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, *linked("CRM", 3))
    said = "Product (KR team) holds 0 % of the remaining work of SALES.1; Sales Tooling holds 100 %"
    assert found(conn, company(mappings=MAPPED), "STR301", "STR302") == [("STR301", "SALES.1", said)]
    rows = conn.execute(sa.text("SELECT severity, team FROM finding WHERE code IN ('STR301', 'STR302')")).all()
    assert rows == [("critical", "product")]


def test_work_of_a_team_below_is_the_teams_own(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, item("SHOP-1", labels=("x", "pay")), *linked("CRM", 1))
    assert found(conn, company(mappings=MAPPED), "STR301", "STR302") == []


def test_a_key_results_own_team_goes_before_the_objectives(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, *linked("CRM", 3))
    assert found(conn, company(SEEN | {"team": "sales"}, mappings=MAPPED), "STR301", "STR302") == []


def test_an_open_finding_ends_only_when_the_share_is_better_than_the_threshold(
    conn: sa.Connection, tracker: Tracker
) -> None:
    config = company(mappings=MAPPED)
    store(tracker, *linked("SHOP", 51), *linked("CRM", 49))
    assert found(conn, config, "STR302") == []
    tracker.save(*linked("CRM", 3, first=50))
    assert [code for code, *_ in found(conn, config, "STR302")] == ["STR302"]
    tracker.save(*linked("SHOP", 2, first=52))
    assert [code for code, *_ in found(conn, config, "STR302")] == ["STR302"]  # 53 of 105
    tracker.save(*linked("SHOP", 8, first=54))
    assert found(conn, config, "STR302") == []  # 61 of 113


def test_nothing_is_said_of_levers_where_nobodys_work_is_known(conn: sa.Connection, tracker: Tracker) -> None:
    teams = [{name: value for name, value in team.items() if name != "owns"} for team in TEAMS]
    store(tracker, *linked("SHOP", 3), *linked("CRM", 3))
    assert found(conn, company(mappings=MAPPED, teams=teams), "STR301", "STR302") == []
    assert found(conn, company(SEEN | {"levers": LEVERS}, teams=teams), "STR301", "STR302", "STR308") == []


def test_finished_work_has_no_levers_left(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, *linked("CRM", 3, category="done"))
    assert found(conn, company(mappings=MAPPED), "STR301", "STR302", "STR303") == []


def test_a_key_result_of_a_coming_cycle_is_not_judged(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, *numbered("CRM", 3))
    coming = [{"key": "Q4", "start": "2027-01-01", "end": "2027-03-31"}]
    assert found(conn, company(cycles=coming)) == []


def test_levers_that_cannot_be_read_open_nothing_and_end_nothing(conn: sa.Connection, tracker: Tracker) -> None:
    store(tracker, *numbered("CRM", 3))
    levers = [{"connection": "tool"} | lever for lever in LEVERS]
    config = company(SEEN | {"levers": levers}).model_copy(
        update={"connections": {"tool": ConnectionOptions(kind="tool")}}
    )
    conn.execute(sa.text("UPDATE connection SET error = 'refused'"))
    assert found(conn, config, "STR301", "STR302", "STR308") == []
    conn.execute(sa.text("UPDATE connection SET error = NULL"))
    opened = [code for code, *_ in found(conn, config, "STR301", "STR302", "STR308")]
    assert opened == ["STR301", "STR308"]
    conn.execute(sa.text("UPDATE connection SET error = 'refused'"))
    store(tracker, *numbered("SHOP", 5))
    assert [code for code, *_ in found(conn, config, "STR301", "STR302", "STR308")] == opened
    conn.execute(sa.text("UPDATE connection SET error = NULL"))
    assert [code for code, *_ in found(conn, config, "STR301", "STR302", "STR308")] == ["STR308"]


def test_once_work_counts_it_is_judged_even_where_levers_cannot_be_read(conn: sa.Connection, tracker: Tracker) -> None:
    levers = [{"connection": "other"}, {"connection": "tool"}]
    mapped = [{"key_result": "SALES.1", "work": {"connection": "tool", "label": "x"}}]
    connections = {name: ConnectionOptions(kind="tool") for name in ("tool", "other")}
    config = company(SEEN | {"levers": levers}, mappings=mapped).model_copy(update={"connections": connections})
    store(tracker, *linked("CRM", 4))
    Tracker(conn, "other").save(item("OPS-1"))
    conn.execute(sa.text("UPDATE connection SET error = 'refused' WHERE name = 'other'"))
    assert [code for code, *_ in found(conn, config, "STR301")] == ["STR301"]


def test_a_half_that_is_no_half_in_binary_is_one(conn: sa.Connection, tracker: Tracker) -> None:
    own = [item("SHOP-1", labels=("x",), estimate=0.3)]
    store(tracker, *own, item("CRM-1", labels=("x",), estimate=0.1), item("CRM-2", labels=("x",), estimate=0.2))
    assert found(conn, company(mappings=MAPPED, counting={"measure": "points"}), "STR302") == []


def test_several_levers_of_nobody_are_one_finding(conn: sa.Connection, tracker: Tracker) -> None:
    levers = [{"label": "a"}, {"project": "CRM"}, {"project": "OPS"}]
    store(tracker, *numbered("OPS", 2))
    assert found(conn, company(SEEN | {"levers": levers}), "STR308") == [
        ("STR308", "SALES.1", "2 of 3 levers of SALES.1 are owned by no team: label a, project OPS")
    ]


# --- many teams, many key results: STR303, STR310 --------------------------------------------------------------------

FIVE = [{"key": key, "name": key.upper(), "owns": [{"project": key.upper()}]} for key in "abcde"]


def test_a_key_result_that_needs_more_than_three_teams(conn: sa.Connection, tracker: Tracker) -> None:
    config = company(objectives=[objective("SALES", "a", SEEN)], teams=FIVE, mappings=MAPPED)
    store(tracker, *(one for scope in "ABC" for one in linked(scope, 2)), *linked("NOBODY", 2))
    assert found(conn, config, "STR303") == []
    tracker.save(*linked("D", 1), *linked("E", 1, category="done"))
    assert found(conn, config, "STR303") == [
        ("STR303", "SALES.1", "SALES.1 needs 4 teams to finish its work: A, B, C, D")
    ]
    assert evidence(conn, "STR303")["teams"] == {"a": 2, "b": 2, "c": 2, "d": 1}
    tracker.save(*linked("D", 1, category="done"))
    assert [code for code, *_ in found(conn, config, "STR303")] == ["STR303"]
    tracker.save(*linked("C", 2, category="done"))
    assert found(conn, config, "STR303") == []


def test_before_work_exists_it_is_the_levers_that_need_teams(conn: sa.Connection, tracker: Tracker) -> None:
    levers = [{"project": scope} for scope in "ABCDE"]
    config = company(objectives=[objective("SALES", "a", SEEN | {"levers": levers})], teams=FIVE)
    store(tracker, *(one for scope in "ABCD" for one in numbered(scope, 1)), *numbered("E", 1, category="done"))
    assert found(conn, config, "STR303") == [
        ("STR303", "SALES.1", "SALES.1 needs 4 teams to move its levers (no work counts yet): A, B, C, D")
    ]


def test_levers_that_cannot_be_read_need_no_teams_and_end_nothing(conn: sa.Connection, tracker: Tracker) -> None:
    levers = [{"project": scope} for scope in "ABCDE"]
    config = company(objectives=[objective("SALES", "a", SEEN | {"levers": levers})], teams=FIVE).model_copy(
        update={"connections": {"tool": ConnectionOptions(kind="tool")}}
    )
    store(tracker, *(one for scope in "ABCD" for one in numbered(scope, 1)))
    conn.execute(sa.text("UPDATE connection SET error = 'refused'"))
    assert found(conn, config, "STR303") == []
    conn.execute(sa.text("UPDATE connection SET error = NULL"))
    assert [code for code, *_ in found(conn, config, "STR303")] == ["STR303"]
    store(tracker, *(one for scope in "ABCD" for one in numbered(scope, 1, category="done")))
    conn.execute(sa.text("UPDATE connection SET error = 'refused'"))
    assert [code for code, *_ in found(conn, config, "STR303")] == ["STR303"]


def test_of_key_results_that_cannot_be_read_a_team_is_not_called_spread(conn: sa.Connection, tracker: Tracker) -> None:
    key_results = [{"key": f"SALES.{number}", "title": str(number)} for number in range(1, 7)]
    mappings = [
        {"key_result": one["key"], "work": {"connection": "tool" if at else "other", "label": one["key"]}}
        for at, one in enumerate(key_results)
    ]
    connections = {name: ConnectionOptions(kind="tool") for name in ("tool", "other")}
    config = company(*key_results, mappings=mappings).model_copy(update={"connections": connections})
    store(tracker, item("SHOP-1", labels=tuple(one["key"] for one in key_results)))
    other = Tracker(conn, "other")
    store(other, item("SHOP-9", labels=("SALES.1",)))
    conn.execute(sa.text("UPDATE connection SET error = 'refused' WHERE name = 'other'"))
    assert found(conn, config, "STR310") == []
    conn.execute(sa.text("UPDATE connection SET error = NULL"))
    assert [code for code, *_ in found(conn, config, "STR310")] == ["STR310"]


def test_a_team_with_unfinished_work_for_more_than_five_key_results(conn: sa.Connection, tracker: Tracker) -> None:
    key_results = [{"key": f"SALES.{number}", "title": str(number)} for number in range(1, 7)]
    mappings = [{"key_result": one["key"], "work": {"label": one["key"]}} for one in key_results]
    config = company(*key_results, mappings=mappings)
    store(tracker, item("SHOP-1", labels=tuple(one["key"] for one in key_results[:5])))
    assert found(conn, config, "STR310") == []
    tracker.save(item("SHOP-2", labels=("SALES.6",)), item("CRM-1", labels=("SALES.6",)))
    assert found(conn, config, "STR310") == [
        (
            "STR310",
            "product",
            "Product has unfinished work for 6 key results: SALES.1, SALES.2, SALES.3, SALES.4, SALES.5 and 1 more",
        )
    ]


# --- the cascade: STR305, STR306, STR309 -----------------------------------------------------------------------------


def test_an_objective_below_others_that_supports_nothing(conn: sa.Connection, tracker: Tracker) -> None:
    objectives = [
        objective("WIN", "company"),
        objective("GROW", "product", supports=["WIN.1"]),
        objective("PAY", "checkout"),
        objective("TOOLS", "tooling", supports=["WIN"]),
    ]
    assert found(conn, company(objectives=objectives), "STR305") == [
        ("STR305", "PAY", "PAY of Checkout supports nothing above it; above it stand WIN, GROW")
    ]


def test_objectives_of_no_team_are_the_top_where_others_support_them(conn: sa.Connection, tracker: Tracker) -> None:
    below = [objective("GROW", "product"), objective("PAY", "checkout", supports=["GROW"])]
    assert found(conn, company(objectives=[objective("WIN"), *below]), "STR305") == []
    supporting = objective("TOOLS", "tooling", supports=["WIN"])
    assert found(conn, company(objectives=[objective("WIN"), *below, supporting]), "STR305") == [
        ("STR305", "GROW", "GROW of Product supports nothing above it; above it stands WIN")
    ]


def test_an_objective_of_the_topmost_team_is_at_the_top_itself(conn: sa.Connection, tracker: Tracker) -> None:
    objectives = [objective("WIN"), objective("GROW", "product", supports=["WIN"]), objective("LEAD", "company")]
    assert found(conn, company(objectives=objectives), "STR305") == []


def test_an_objective_of_a_past_cycle_carries_nothing_on(conn: sa.Connection, tracker: Tracker) -> None:
    past = {"key": "Q3", "start": "2026-07-01", "end": "2026-09-30"}
    now = {"key": "Q4", "start": "2026-10-01", "end": "2026-12-31"}
    top = objective("WIN", "company", {"key": "WIN.1", "title": "W"})
    below = objective("GROW", "product", supports=["WIN.1"])
    assert found(conn, company(objectives=[top, below], cycles=[past, now]), "STR306") == []
    config = company(objectives=[top, below | {"cycle": "Q3"}], cycles=[past, now])
    assert [subject for _, subject, _ in found(conn, config, "STR306")] == ["WIN.1"]


def test_a_theme_of_past_objectives_alone_has_none(conn: sa.Connection, tracker: Tracker) -> None:
    cycles = [
        {"key": "Q3", "start": "2026-07-01", "end": "2026-09-30"},
        {"key": "Q4", "start": "2026-10-01", "end": "2026-12-31"},
        {"key": "Q1", "start": "2027-01-01", "end": "2027-03-31"},
    ]
    themes = [{"key": "growth", "title": "Grow"}, {"key": "trust", "title": "Be trusted"}]
    objectives = [objective("A", theme="growth"), objective("B", theme="trust", cycle="Q3")]
    config = company(objectives=objectives, cycles=cycles, themes=themes)
    assert [subject for _, subject, _ in found(conn, config, "STR309")] == ["trust"]
    coming = [objectives[0], objectives[1] | {"cycle": "Q1"}]
    assert found(conn, company(objectives=coming, cycles=cycles, themes=themes), "STR309") == []


def test_a_company_with_one_level_has_no_such_finding(conn: sa.Connection, tracker: Tracker) -> None:
    objectives = [objective("GROW", "a"), objective("PAY", "b"), objective("PEOPLE")]
    assert found(conn, company(objectives=objectives, teams=FIVE), "STR305") == []
    assert found(conn, company(objectives=[objective("GROW", "product"), objective("PAY", "tooling")]), "STR305") == []


def test_objectives_above_in_a_past_cycle_ask_for_nothing(conn: sa.Connection, tracker: Tracker) -> None:
    cycles = [
        {"key": "Q3", "start": "2026-07-01", "end": "2026-09-30"},
        {"key": "Q4", "start": "2026-10-01", "end": "2026-12-31"},
    ]
    objectives = [objective("WIN", "company", cycle="Q3"), objective("GROW", "product")]
    assert found(conn, company(objectives=objectives, cycles=cycles), "STR305") == []


def test_a_cascade_ends_where_there_is_neither_work_nor_support(conn: sa.Connection, tracker: Tracker) -> None:
    results = [{"key": f"WIN.{number}", "title": str(number)} for number in (1, 2, 3)]
    objectives = [
        objective("WIN", "company", *results),
        objective("GROW", "product", supports=["WIN.1"]),
        objective("WHOLE", "company", {"key": "WHOLE.1", "title": "W"}),
        objective("PART", "sales", supports=["WHOLE"]),
    ]
    store(tracker, *linked("SHOP", 1))
    config = company(objectives=objectives, mappings=[{"key_result": "WIN.2", "work": {"label": "x"}}])
    said = "WIN.3 ends the cascade: no work counts for it, and no objective below supports it"
    assert found(conn, config, "STR306") == [("STR306", "WIN.3", said)]


def test_themes_are_only_looked_at_where_there_are_any(conn: sa.Connection, tracker: Tracker) -> None:
    objectives = [objective("WIN", "company", theme="growth"), objective("GROW", "product")]
    themes = [{"key": "growth", "title": "Grow in Europe"}, {"key": "trust", "title": "Be trusted"}]
    assert found(conn, company(objectives=objectives, themes=themes), "STR309") == [
        ("STR309", "GROW", "GROW belongs to no theme"),
        ("STR309", "trust", "No objective of a running or coming cycle belongs to theme trust: Be trusted"),
    ]
    assert found(conn, company(objectives=[objective("WIN", "company")]), "STR309") == []
