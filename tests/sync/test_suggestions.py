"""What a sync keeps as suggestions, and the groups in which unaligned work is shown."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from sync.suggestions import bare_key_results, open_groups, step, suggest_unaligned, targets, unaligned_groups
from tests.mapping.tracker import NOW, Tracker, container, item
from tests.sync.office import config, link_anew

ACTIVE: dict[str, Any] = {"category": "in_progress"}
KEY_RESULTS = [
    {"key": "A.1", "title": "One-click payment in 12 markets", "levers": [{"component": "Payments"}]},
    {"key": "A.2", "title": "Shoppers find what they look for"},
    {"key": "A.3", "title": "Nobody calls", "delivery": {"none": "by itself"}},
]
DAY = NOW.date()


def kept(conn: sa.Connection) -> dict[str, tuple[str | None, float | None]]:
    """What the view suggests, by key of the item."""
    rows = conn.execute(
        sa.text("SELECT key, suggested_key_result, suggestion_score FROM northing_unaligned_work ORDER BY key")
    )
    return {key: (key_result, score) for key, key_result, score in rows}


def counted(conn: sa.Connection, configuration: Any, later: timedelta = timedelta(0)) -> None:
    """Links and suggests, as a sync does."""
    from sync.measure import measure

    link_anew(conn, configuration, NOW + later)
    measure(conn, configuration, NOW + later)
    suggest_unaligned(conn, configuration, NOW + later)


def test_unaligned_work_in_progress_gets_the_key_result_of_its_epic(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1", title="One-click payment with banks", level="epic"),
        item("SHOP-2", parent="SHOP-1", title="Ask for consent", **ACTIVE),
        item("SHOP-3", title="Shoppers look at filters", **ACTIVE),
        item("SHOP-4", title="Water the plants", **ACTIVE),
        item("SHOP-5", title="One-click payment, linked", **ACTIVE),
        item("SHOP-6", title="One-click payment, not begun"),
    )
    configuration = config({"work": {"issue": "SHOP-5"}}, key_results=KEY_RESULTS)
    counted(conn, configuration)
    found = kept(conn)
    assert {key: key_result for key, (key_result, _) in found.items()} == {
        "SHOP-2": "A.1",
        "SHOP-3": "A.2",
        "SHOP-4": None,
    }
    assert all(score is None or step.LEAST <= score <= 1 for _, score in found.values())
    links = conn.execute(sa.text("SELECT i.key FROM link l JOIN work_item i ON i.id = l.item_id")).scalars().all()
    assert links == ["SHOP-5"]


def test_only_what_is_new_or_renamed_is_looked_at_again(
    conn: sa.Connection, tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    real = step.suggest

    def watched(work: Any, *args: Any, **more: Any) -> Any:
        asked.append(sorted(one.title for one in work))
        return real(work, *args, **more)

    monkeypatch.setattr(step, "suggest", watched)
    tracker.save(item("SHOP-1", title="Water the plants", **ACTIVE), item("SHOP-2", title="Sweep", **ACTIVE))
    configuration = config(key_results=KEY_RESULTS)
    counted(conn, configuration)
    counted(conn, configuration)
    tracker.save(
        item("SHOP-1", title="Payment in markets by one click", updated_at=NOW + timedelta(hours=1), **ACTIVE),
        item("SHOP-3", title="Dust", **ACTIVE),
    )
    counted(conn, configuration)
    assert asked == [["Sweep", "Water the plants"], ["Dust", "Payment in markets by one click"]]
    assert kept(conn)["SHOP-1"][0] == "A.1"

    renamed = [{**KEY_RESULTS[0], "title": "Dust is gone"}, *KEY_RESULTS[1:]]
    counted(conn, config(key_results=renamed))
    assert asked[2:] == [["Dust", "Payment in markets by one click", "Sweep"]]
    assert kept(conn)["SHOP-3"][0] == "A.1"


def test_what_is_no_longer_in_progress_or_of_no_running_key_result_leaves_no_trace(
    conn: sa.Connection, tracker: Tracker
) -> None:
    tracker.save(item("SHOP-1", title="One-click payment", **ACTIVE))
    configuration = config(key_results=KEY_RESULTS)
    counted(conn, configuration)
    tracker.save(item("SHOP-1", title="One-click payment", category="done", updated_at=NOW + timedelta(hours=1)))
    counted(conn, configuration)
    assert conn.execute(sa.text("SELECT count(*) FROM suggestion")).scalar_one() == 0
    tracker.save(item("SHOP-2", title="One-click payment", **ACTIVE))
    counted(conn, configuration, timedelta(days=200))
    assert kept(conn) == {"SHOP-2": (None, None)}


def test_more_groups_than_one_sync_looks_at_wait_for_the_next(
    conn: sa.Connection, tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "MOST", 2)
    tracker.save(*(item(f"SHOP-{number}", title=f"One-click payment {number}", **ACTIVE) for number in range(1, 6)))
    configuration = config(key_results=KEY_RESULTS)
    filled = []
    for _ in range(3):
        counted(conn, configuration)
        filled.append(sum(key_result == "A.1" for key_result, _ in kept(conn).values()))
    assert filled == [2, 4, 5]


def test_unaligned_work_is_grouped_by_epic_milestone_and_version(conn: sa.Connection, tracker: Tracker) -> None:
    beta = container("milestone", "Beta")
    tracker.save(
        item("SHOP-1", title="Top", level="initiative"),
        item("SHOP-2", title="Middle", level="epic", parent="SHOP-1"),
        item("SHOP-3", parent="SHOP-2", **ACTIVE),
        item("SHOP-4", parent="SHOP-2", **ACTIVE),
        item("acme/shop#1", containers=(beta,), components=("Web",), **ACTIVE),
        item("acme/shop#2", containers=(beta,)),
        item("SHOP-5", containers=(container("version", "4.0"),), **ACTIVE),
        item("SHOP-6", **ACTIVE),
        item("SHOP-7", title="Empty epic", level="epic", **ACTIVE),
    )
    link_anew(conn, config(key_results=KEY_RESULTS))
    groups = unaligned_groups(conn, DAY, 100)
    assert [(one.kind, one.key, len(one.members), one.work.context) for one in groups] == [
        ("item", "SHOP-1", 2, ("Middle",)),
        ("item", "SHOP-6", 1, ()),
        ("item", "SHOP-7", 1, ()),
        ("milestone", "Beta", 1, ("Item acme/shop#1", "Item acme/shop#2")),
        ("version", "4.0", 1, ("Item SHOP-5",)),
    ]
    assert next(one for one in groups if one.key == "Beta").work.components == ("Web",)


def test_a_group_ends_below_what_serves_a_key_result(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1", level="initiative"),
        item("SHOP-2", level="epic", parent="SHOP-1"),
        item("SHOP-3", parent="SHOP-2", **ACTIVE),
    )
    link_anew(conn, config({"work": {"issue": "SHOP-1", "descend": False}}, key_results=KEY_RESULTS))
    assert [(one.key, one.level) for one in unaligned_groups(conn, DAY, 100)] == [("SHOP-2", "epic")]


def test_open_work_says_which_key_results_it_serves_already(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1", title="Serves", level="epic", **ACTIVE),
        item("SHOP-2", title="Is free", level="epic"),
        item("SHOP-3", title="Is over", level="epic", category="done"),
        item("SHOP-4", title="On purpose", level="epic"),
        item("acme/shop#1", containers=(container("milestone", "Beta"),)),
    )
    configuration = config(
        {"work": {"epic": "SHOP-1"}},
        {"key_result": "A.2", "work": {"label": "nobody"}},
        key_results=[*KEY_RESULTS, {"key": "A.4", "title": "Bare"}],
        intentional=[{"reason": "because", "work": {"epic": "SHOP-4"}}],
    )
    link_anew(conn, configuration)
    assert {one.key: one.serves for one in open_groups(conn, DAY, 100)} == {
        "SHOP-1": ("A.1",),
        "SHOP-2": (),
        "Beta": (),
    }
    assert bare_key_results(conn, configuration, DAY) == {"A.2": "matches_nothing", "A.4": "no_mapping"}


def test_all_is_looked_at_again_once_levers_or_mappings_change(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", title="Water the plants", components=("Greenhouse",), **ACTIVE))
    counted(conn, config(key_results=KEY_RESULTS))
    assert kept(conn) == {"SHOP-1": (None, None)}
    grown = KEY_RESULTS[1] | {"levers": [{"component": "Greenhouse"}, {"title": "Water the plants"}]}
    counted(conn, config(key_results=[KEY_RESULTS[0], grown, KEY_RESULTS[2]]))
    assert kept(conn)["SHOP-1"][0] == "A.2"


def test_a_key_result_is_known_by_its_levers_its_mappings_and_its_work(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1", title="Direct", level="epic", components=("Checkout",), labels=("fast",)),
        item("SHOP-2", title="Below", parent="SHOP-1"),
    )
    configuration = config({"work": {"epic": "SHOP-1", "label": "fast"}}, key_results=KEY_RESULTS[:1])
    link_anew(conn, configuration)
    [target] = targets(conn, configuration, DAY)
    assert (target.key, target.title, target.objective, target.team) == ("A.1", KEY_RESULTS[0]["title"], "A", None)
    assert (target.levers, target.mapped, target.components, target.labels, target.scopes) == (
        ("Payments", "fast"),
        ("Direct",),
        ("Payments", "Checkout"),
        ("fast",),
        ("SHOP",),
    )


def test_what_is_suggested_does_not_depend_on_what_was_stored_first(conn: sa.Connection, tracker: Tracker) -> None:
    beta = container("milestone", "Beta")
    work = [item(f"SHOP-{number}", title=f"Pay {number}", labels=(f"l{number}",)) for number in range(1, 11)]
    work += [item("acme/Shop#1", title="Pay upper"), item("acme/shop#1", title="Pay lower")]
    work += [item("EPIC-1", title="Checkout", level="epic")]
    work += [item(f"EPIC-{number}", title=f"Step {number}", parent="EPIC-1", **ACTIVE) for number in range(2, 14)]
    work += [item(f"acme/web#{number}", title=f"Page {number}", containers=(beta,), **ACTIVE) for number in range(12)]
    configuration = config({"work": {"title": "Pay *"}}, key_results=KEY_RESULTS)
    found = []
    for stored in (work, work[::-1]):
        with conn.begin_nested() as nested:
            # What stands in a table is found in the order in which it came.
            for one in stored:
                tracker.save(one)
            tracker.save(*stored)
            counted(conn, configuration)
            seen = [(one.mapped, one.labels, one.scopes) for one in targets(conn, configuration, DAY)]
            groups = [(one.key, one.work.context, one.work.teams) for one in unaligned_groups(conn, DAY, 1)]
            found.append((seen, groups, kept(conn)))
            nested.rollback()
    assert found[0] == found[1]
    [(mapped, _, scopes), *_], [(key, context, _)], _ = found[0]
    assert mapped == ("Pay 1", "Pay 10", "Pay 2", "Pay 3", "Pay 4", "Pay 5", "Pay 6", "Pay 7")
    assert scopes == ("SHOP",)
    assert (key, context[:3]) == ("EPIC-1", ("Step 10", "Step 11", "Step 12"))
