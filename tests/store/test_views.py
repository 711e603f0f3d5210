"""The public views: the same rows on SQLite and PostgreSQL, the columns that the contract names."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from config import Config
from connectors.records import ContainerRef
from store import meta, okrs, streams
from store.tables import Finding, Link, Mapping, Match, Measure
from store.view_columns import VIEWS
from tests.store.samples import NOW, Shop, execute, item, listed, milestone, rows, scope_record

# The columns that the design promises; more may stand beside them.
PROMISED = {
    "northing_key_results": "cycle cycle_start cycle_end objective objective_title key_result title team owner theme"
    " kind outcome outcome_value outcome_start outcome_target unit delivery expected pace confidence health"
    " health_reason work_total work_todo work_in_progress work_done work_descoped size_total size_done size_imputed"
    " lever_share forecast_p50 forecast_p85 chance_by_end open_findings last_check_in_at work_moved_at measured_at",
    "northing_key_result_days": "day key_result outcome delivery expected confidence health work_total work_done"
    " size_total size_done chance_by_end rebuilt",
    "northing_objectives": "cycle objective title team theme parent outcome delivery health key_results"
    " key_results_without_work",
    "northing_work": "connection scope key url type level title state status team parent_key milestone versions labels"
    " estimate created_at started_at closed_at due_on updated_at key_results share_unaligned presence",
    "northing_links": "key_result item_key connection via mapping direct counted size imputed state",
    "northing_unaligned_work": "key url title level team scope size age_days suggested_key_result suggestion_score",
    "northing_containers": "connection scope kind title url state starts_on due_on closed_at work_total work_done"
    " key_results",
    "northing_findings": "code severity subject_kind subject team reason summary evidence opened_at last_seen_at"
    " resolved_at decision decided_by decided_until days_left_when_opened",
    "northing_barriers": "cycle code subject_kind subject team reason summary state raised_at raised_by"
    " days_left_when_raised acknowledged_by acknowledged_at decision decided_by decided_at decided_until"
    " days_to_decision ended_at",
    "northing_team_alignment": "cycle team kind objective size share",
    "northing_sync_runs": "started_at finished_at outcome read changed set_aside requests not_modified waited_s error",
    "northing_scopes": "connection kind name items watermark last_ok_at age_s state",
    "northing_schema_version": "version",
}
LISTS = {"versions", "labels", "key_results", "evidence"}


@pytest.mark.parametrize("name", PROMISED)
def test_a_view_has_the_promised_columns_and_those_that_are_explained(engine: sa.Engine, name: str) -> None:
    found = [column["name"] for column in sa.inspect(engine).get_columns(name)]
    assert set(PROMISED[name].split()) <= set(found)
    assert sorted(found) == sorted(VIEWS[name][1])


def test_there_are_no_other_views(engine: sa.Engine) -> None:
    assert set(sa.inspect(engine).get_view_names()) == set(PROMISED) == set(VIEWS)


def test_postgresql_explains_each_column(engine: sa.Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite keeps no comments")
    found = rows(
        engine,
        "SELECT c.relname, a.attname, col_description(c.oid, a.attnum) FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relkind = 'v' AND c.relname LIKE 'northing_%'",
    )
    explained = {(view, column, text) for view, (_, columns) in VIEWS.items() for column, text in columns.items()}
    assert set(found) == explained


def view(engine: sa.Engine, name: str, order: str) -> list[dict[str, Any]]:
    """The rows of a view, with instants and days as SQLite writes them and lists read."""

    def plain(column: str, value: Any) -> Any:
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        if isinstance(value, date):
            return value.isoformat()
        if column in LISTS and isinstance(value, str):
            return json.loads(value)
        return value

    with engine.connect() as conn:
        found = conn.execute(sa.text(f"SELECT * FROM {name} ORDER BY {order}")).mappings().all()
    return [{column: plain(column, value) for column, value in row.items()} for row in found]


def okr(key: str, cycle: str, **more: Any) -> dict[str, Any]:
    first = {
        "key": f"{key}.1",
        "title": f"{key} one",
        "weight": 3,
        "metric": {"unit": "%", "start": "2.5", "target": "1.0"},
    }
    second = {"key": f"{key}.2", "title": f"{key} two", "metric": {"type": "keep", "max": "200"}}
    return {"key": key, "title": f"{key} it", "cycle": cycle, "key_results": [first, second]} | more


CONFIG = Config.model_validate(
    {
        "teams": [{"key": "commerce", "name": "Commerce"}],
        "themes": [{"key": "growth", "title": "Grow"}],
        "cycles": [
            {"key": "2026-Q4", "start": "2026-10-01", "end": "2026-12-31"},
            {"key": "2026-Q3", "start": "2026-07-01", "end": "2026-09-30"},
        ],
        "objectives": [
            okr("NOW", "2026-Q4", team="commerce", owner="Dana", theme="growth", supports=["PAST", "LAST"]),
            okr("PAST", "2026-Q3"),
            {"key": "BARE", "title": "Bare", "cycle": "2026-Q4"},
            {"key": "LAST", "title": "Last", "cycle": "2026-Q4"},
        ],
        "mappings": [
            {"key_result": "NOW.1", "work": {"label": "now"}},
            {"key_result": "PAST.1", "work": {"label": "past"}},
        ],
        "intentional": [{"reason": "Lights on", "work": {"label": "lights"}}],
    }
)


@pytest.fixture
def filled(shop: Shop) -> Shop:
    """Five items in progress and one done, three of them linked or intentional, as of 24 November."""
    shop.save_containers(
        listed("5", "V 2", url="https://code.example/m/5", due_on=date(2026, 11, 30), starts_on=date(2026, 11, 1))
    )
    versions = tuple(ContainerRef(external_id=name, kind="version", title=name) for name in ("1.10", "1.9"))
    at = datetime(2026, 11, 1, 23, 59, 59, 999000, tzinfo=UTC)
    work = {"category": "in_progress", "created_at": at}
    shop.save(
        item(1, **work, labels=("now", "b", "Á"), containers=(milestone("5", "V 2"), *versions), estimate=3, type="Bug",
             status="Doing", started_at=NOW, updated_at=NOW, due_on=date(2026, 12, 1)),
        item(2, **work, parent_id="id-1", labels=("past",), containers=(milestone("5", "V 2"),)),
        item(3, **work, labels=("lights",), parent_key="OUTSIDE-1"),
        item(4, **work, estimate=5, started_at=datetime(2026, 11, 20, 1, tzinfo=UTC)),
        item(5, **work),
        item(6, category="done", closed_at=NOW, parent_id="id-5", level="subtask", containers=(milestone("5", "V 2"),)),
    )  # fmt: skip
    shop.resolve()
    with shop.engine.begin() as conn:
        okrs.apply(conn, CONFIG, NOW)
        meta.write(conn, {"active_day": "2026-11-24", "subtasks": "ignore", "measure": "count"})
        ids = dict(conn.execute(sa.text("SELECT external_id, id FROM work_item")).all())
        table = Mapping.__table__
        mappings = {row.text: row for row in conn.execute(sa.select(table))}
        now, past, lights = (mappings[text] for text in ("label now", "label past", "Lights on"))
        matches = [(now.id, 1), (past.id, 2), (lights.id, 3)]
        conn.execute(
            sa.insert(Match.__table__),
            [{"mapping_id": m, "item_id": ids[f"id-{n}"], "direct": True} for m, n in matches],
        )
        link = {"direct": True, "role": "counted", "state": "in_progress", "moved_at": None, "finished_at": None}
        conn.execute(
            sa.insert(Link.__table__),
            [
                link | {"key_result_id": now.key_result_id, "item_id": ids["id-1"], "mapping_id": now.id,
                        "counted": True, "size": 3.0, "imputed": False},
                link | {"key_result_id": past.key_result_id, "item_id": ids["id-2"], "mapping_id": past.id,
                        "counted": False, "size": None, "imputed": False},
            ],
        )  # fmt: skip
        give_to_commerce(conn, ids["id-1"])
    return shop


def give_to_commerce(conn: sa.Connection, item_id: int) -> None:
    conn.execute(
        sa.text("UPDATE work_item SET team_id = (SELECT id FROM team WHERE key = 'commerce') WHERE id = :id"),
        {"id": item_id},
    )


def measured(shop: Shop, key: str, **numbers: Any) -> None:
    values: dict[str, Any] = {name: 0 for name in Measure.model_fields if name.startswith(("work_", "size_"))}
    values |= {"work_moved_at": None, "health": "on_track", "health_reason": "pace", "measured_at": NOW}
    row = Measure(key_result_id=0, **(values | numbers)).model_dump(exclude={"key_result_id"})
    with shop.engine.begin() as conn:
        id_ = conn.execute(sa.text("SELECT id FROM key_result WHERE key = :key"), {"key": key}).scalar_one()
        conn.execute(sa.insert(Measure.__table__).values(key_result_id=id_, **row))


def test_work_is_shown_whole(filled: Shop) -> None:
    found = view(filled.engine, "northing_work", "key")
    assert found[0] == {
        "connection": "code",
        "scope": "acme/shop",
        "key": "acme/shop#1",
        "url": "https://code.example/acme/shop/issues/1",
        "type": "Bug",
        "level": "issue",
        "title": "Issue 1",
        "state": "in_progress",
        "status": "Doing",
        "team": "commerce",
        "parent_key": None,
        "milestone": "V 2",
        "versions": ["1.10", "1.9"],
        "labels": ["b", "now", "Á"],
        "estimate": 3.0,
        "created_at": "2026-11-01T23:59:59Z" if is_sqlite(filled) else "2026-11-01T23:59:59.999000Z",
        "started_at": "2026-11-24T12:00:00Z",
        "closed_at": None,
        "due_on": "2026-12-01",
        "updated_at": "2026-11-24T12:00:00Z",
        "key_results": ["NOW.1"],
        "share_unaligned": 0.0,
        "presence": "present",
        "gone_at": None,
    }
    assert [(row["key"][-2:], row["parent_key"], row["key_results"], row["share_unaligned"]) for row in found] == [
        ("#1", None, ["NOW.1"], 0.0),
        ("#2", "acme/shop#1", ["PAST.1"], 1.0),
        ("#3", "OUTSIDE-1", [], 0.0),
        ("#4", None, [], 1.0),
        ("#5", None, [], 1.0),
        ("#6", "acme/shop#5", [], 1.0),
    ]


def is_sqlite(shop: Shop) -> bool:
    return shop.engine.dialect.name == "sqlite"


def test_links_are_shown_with_their_source(filled: Shop) -> None:
    assert view(filled.engine, "northing_links", "key_result") == [
        {
            "key_result": "NOW.1",
            "item_key": "acme/shop#1",
            "connection": "code",
            "via": "mapping",
            "mapping": "label now",
            "direct": True,
            "counted": True,
            "size": 3.0,
            "imputed": False,
            "state": "in_progress",
        },
        {
            "key_result": "PAST.1",
            "item_key": "acme/shop#2",
            "connection": "code",
            "via": "mapping",
            "mapping": "label past",
            "direct": True,
            "counted": False,
            "size": None,
            "imputed": None,
            "state": "in_progress",
        },
    ]


def test_an_archived_key_result_shows_nowhere(filled: Shop) -> None:
    execute(filled.engine, "UPDATE key_result SET archived = TRUE WHERE key = 'NOW.1'")
    assert [row["key_result"] for row in view(filled.engine, "northing_key_results", "key_result")] == [
        "NOW.2",
        "PAST.1",
        "PAST.2",
    ]
    assert [row["key_result"] for row in view(filled.engine, "northing_links", "key_result")] == ["PAST.1"]
    (first, *_) = view(filled.engine, "northing_work", "key")
    assert (first["key_results"], first["share_unaligned"]) == ([], 1.0)


def test_work_in_progress_that_serves_nothing_is_listed_once_for_each_leaf(filled: Shop) -> None:
    found = view(filled.engine, "northing_unaligned_work", "key")
    assert found[1] == {
        "connection": "code",
        "key": "acme/shop#4",
        "url": "https://code.example/acme/shop/issues/4",
        "title": "Issue 4",
        "level": "issue",
        "team": None,
        "scope": "acme/shop",
        "size": 1.0,
        "age_days": 4,
        "suggested_key_result": None,
        "suggestion_score": None,
    }
    # 2 serves a cycle that is over; 5 has an ignored sub-task below it, and stays a leaf.
    assert [(row["key"], row["age_days"]) for row in found] == [
        ("acme/shop#2", 23),
        ("acme/shop#4", 4),
        ("acme/shop#5", 23),
    ]


def test_sub_tasks_that_count_make_their_parent_a_container_and_are_listed(filled: Shop) -> None:
    execute(
        filled.engine,
        "UPDATE meta SET value = 'count' WHERE key = 'subtasks'",
        "UPDATE meta SET value = 'points' WHERE key = 'measure'",
        "UPDATE work_item SET state = 'in_progress' WHERE external_id = 'id-6'",
    )
    found = view(filled.engine, "northing_unaligned_work", "key")
    assert [(row["key"], row["size"]) for row in found] == [
        ("acme/shop#2", 1.0),
        ("acme/shop#4", 5.0),
        ("acme/shop#6", 1.0),
    ]


@pytest.mark.parametrize("gone", ["state = 'cancelled'", "presence = 'deleted'"])
def test_a_container_whose_children_are_all_gone_is_a_leaf_again(filled: Shop, gone: str) -> None:
    execute(filled.engine, "UPDATE work_item SET level = 'issue', state = 'todo' WHERE external_id = 'id-6'")
    assert [row["key"][-1] for row in view(filled.engine, "northing_unaligned_work", "key")] == ["2", "4"]
    execute(filled.engine, f"UPDATE work_item SET {gone} WHERE external_id = 'id-6'")
    assert [row["key"][-1] for row in view(filled.engine, "northing_unaligned_work", "key")] == ["2", "4", "5"]


def test_work_is_a_container_for_what_lies_below_a_cancelled_child(filled: Shop) -> None:
    execute(
        filled.engine,
        "UPDATE work_item SET level = 'issue', state = 'cancelled' WHERE external_id = 'id-6'",
        "UPDATE work_item SET parent_id = (SELECT id FROM work_item WHERE external_id = 'id-6')"
        " WHERE external_id = 'id-4'",
    )
    assert [row["key"][-1] for row in view(filled.engine, "northing_unaligned_work", "key")] == ["2", "4"]


def test_deleted_work_is_not_in_progress_and_hidden_work_is(filled: Shop) -> None:
    execute(
        filled.engine,
        "UPDATE work_item SET presence = 'deleted' WHERE external_id = 'id-4'",
        "UPDATE work_item SET presence = 'not_visible' WHERE external_id = 'id-5'",
    )
    assert [row["key"][-1] for row in view(filled.engine, "northing_unaligned_work", "key")] == ["2", "5"]


def test_containers_count_their_items_without_sub_tasks_and_name_the_key_results(filled: Shop) -> None:
    execute(filled.engine, "UPDATE work_item SET state = 'done' WHERE external_id = 'id-2'")
    found = view(filled.engine, "northing_containers", "kind, title")
    assert found[0] == {
        "connection": "code",
        "scope": "acme/shop",
        "kind": "milestone",
        "title": "V 2",
        "url": "https://code.example/m/5",
        "state": "open",
        "starts_on": "2026-11-01",
        "due_on": "2026-11-30",
        "closed_at": None,
        "work_total": 2,
        "work_done": 1,
        "key_results": ["NOW.1", "PAST.1"],
    }
    assert [(row["kind"], row["title"], row["work_total"]) for row in found[1:]] == [
        ("version", "1.10", 1),
        ("version", "1.9", 1),
    ]


def test_a_key_result_is_shown_with_its_numbers(filled: Shop) -> None:
    numbers = {
        "outcome": 0.5,
        "outcome_value": 1.75,
        "delivery": 0.25,
        "expected": 0.5,
        "pace": 1.0,
        "confidence": 0.6,
        "work_total": 4,
        "work_todo": 1,
        "work_in_progress": 2,
        "work_done": 1,
        "work_descoped": 3,
        "size_total": 8.0,
        "size_done": 2.0,
        "size_imputed": 1.0,
    }
    measured(filled, "NOW.1", **numbers, last_check_in_at=NOW, work_moved_at=NOW)
    finding(filled, subject="NOW.1")
    finding(filled, code="COV103", subject="NOW.1", resolved_at=NOW)
    found = view(filled.engine, "northing_key_results", "key_result")
    assert found[0] == numbers | {
        "cycle": "2026-Q4",
        "cycle_start": "2026-10-01",
        "cycle_end": "2026-12-31",
        "objective": "NOW",
        "objective_title": "NOW it",
        "key_result": "NOW.1",
        "title": "NOW one",
        "team": "commerce",
        "owner": "Dana",
        "theme": "growth",
        "kind": "aspirational",
        "outcome_start": 2.5,
        "outcome_target": 1.0,
        "unit": "%",
        "health": "on_track",
        "health_reason": "pace",
        "lever_share": None,
        "forecast_p50": None,
        "forecast_p85": None,
        "chance_by_end": None,
        "open_findings": 1,
        "last_check_in_at": "2026-11-24T12:00:00Z",
        "work_moved_at": "2026-11-24T12:00:00Z",
        "measured_at": "2026-11-24T12:00:00Z",
    }
    summary = ("key_result", "cycle", "outcome_start", "outcome_target", "unit", "health", "open_findings")
    assert [tuple(row[name] for name in summary) for row in found[1:]] == [
        ("NOW.2", "2026-Q4", None, None, None, None, 0),
        ("PAST.1", "2026-Q3", 2.5, 1.0, "%", None, 0),
        ("PAST.2", "2026-Q3", None, None, None, None, 0),
    ]


def test_an_objective_is_the_weighted_mean_of_what_is_known(filled: Shop) -> None:
    measured(filled, "NOW.1", outcome=0.2, delivery=0.5, work_total=2)
    measured(filled, "NOW.2", outcome=1.0, health="behind")
    measured(filled, "PAST.1", outcome=0.4)
    columns = (
        "cycle", "objective", "title", "team", "theme", "parent", "outcome", "delivery", "health", "key_results",
        "key_results_without_work", "key_results_without_outcome",
    )  # fmt: skip
    expected = [
        ("2026-Q4", "BARE", "Bare", None, None, None, None, None, None, 0, 0, 0),
        ("2026-Q4", "LAST", "Last", None, None, None, None, None, None, 0, 0, 0),
        ("2026-Q4", "NOW", "NOW it", "commerce", "growth", "LAST", pytest.approx(0.4), 0.5, "behind", 2, 1, 0),
        ("2026-Q3", "PAST", "PAST it", None, None, None, pytest.approx(0.4), None, "on_track", 2, 2, 1),
    ]
    found = view(filled.engine, "northing_objectives", "objective")
    assert found == [dict(zip(columns, values, strict=True)) for values in expected]


def finding(shop: Shop, **more: Any) -> None:
    words = {
        "code": "COV101",
        "subject_kind": "key_result",
        "subject": "NOW.1",
        "severity": "critical",
        "team": "commerce",
        "reason": "no_mapping",
        "summary": "Nothing behind it",
        "evidence": {"items": ["acme/shop#1"], "total": 0},
        "opened_at": NOW,
        "last_seen_at": NOW,
        "resolved_at": None,
        "days_left_when_opened": 37,
    }
    with shop.engine.begin() as conn:
        conn.execute(sa.insert(Finding.__table__).values(**(words | more)))


def test_a_finding_is_shown_whole(filled: Shop) -> None:
    finding(filled)
    assert view(filled.engine, "northing_findings", "code") == [
        {
            "code": "COV101",
            "severity": "critical",
            "subject_kind": "key_result",
            "subject": "NOW.1",
            "team": "commerce",
            "reason": "no_mapping",
            "summary": "Nothing behind it",
            "evidence": {"items": ["acme/shop#1"], "total": 0},
            "opened_at": "2026-11-24T12:00:00Z",
            "last_seen_at": "2026-11-24T12:00:00Z",
            "resolved_at": None,
            "decision": None,
            "decided_by": None,
            "decided_until": None,
            "days_left_when_opened": 37,
            "acknowledged_by": None,
            "acknowledged_at": None,
        }
    ]


def test_scopes_are_shown_with_how_far_they_were_read(filled: Shop) -> None:
    with filled.engine.begin() as conn:
        streams.save(conn, filled.id, "items", streams.StreamState(watermark=NOW))
    other = Shop.in_new(filled.engine, "gone", scope_record("9", "acme/gone"))
    execute(other.engine, "UPDATE connection SET archived = TRUE WHERE name = 'gone'")
    execute(other.engine, "UPDATE work_item SET presence = 'deleted' WHERE external_id = 'id-6'")
    assert view(filled.engine, "northing_scopes", "name") == [
        {
            "connection": "code",
            "kind": "repository",
            "name": "acme/shop",
            "items": 5,
            "watermark": "2026-11-24T12:00:00Z",
            "last_ok_at": None,
            "age_s": None,
            "state": "never_read",
            "title": "acme/shop",
        }
    ]


@pytest.mark.parametrize(
    "name,start",
    [("northing_work", "SCAN w"), ("northing_unaligned_work", "SEARCH w USING INDEX ix_work_item_in_progress")],
)
def test_work_is_walked_once_and_all_else_is_looked_up_for_each_row(filled: Shop, name: str, start: str) -> None:
    if not is_sqlite(filled):
        pytest.skip("PostgreSQL's plans depend on the sizes of tables, which are small here")
    for number in range(50):
        Shop.in_new(filled.engine, f"tool {number % 5}", scope_record(f"{number}", f"acme/{number}"))
    plan = [row[3] for row in rows(filled.engine, f"EXPLAIN QUERY PLAN SELECT * FROM {name}")]
    assert plan[0].startswith(start)
    # `q` is the list of one item's words, `below` what lies below one item, each made by its subquery. `k` and `mp` are
    # lists that are made once: the active key results, and what is intentional.
    made = {"SCAN q", "SCAN below", "SCAN k", "SCAN mp"}
    assert [line for line in plan[1:] if line.startswith("SCAN") and line not in made] == []
