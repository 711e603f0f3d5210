"""Applying the configuration: what left is archived, what comes back is taken up, what is unchanged is not written."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

import store
from config import Config
from store import okrs
from store.mappings import describe
from store.tables import KeyResult, Mapping
from tests.store.samples import NOW, execute, rows

BASE: dict[str, Any] = {
    "teams": [{"key": "product", "name": "Product"}, {"key": "commerce", "parent": "product", "lead": "Dana"}],
    "themes": [{"key": "growth", "title": "Grow in Europe"}],
    "cycles": [{"key": "2026-Q4", "start": "2026-10-01", "end": "2026-12-31"}],
    "objectives": [
        {"key": "COMPANY", "title": "Live long", "cycle": "2026-Q4", "kind": "committed"},
        {
            "key": "GROW",
            "title": "Make checkout the reason",
            "cycle": "2026-Q4",
            "team": "commerce",
            "owner": "Dana",
            "theme": "growth",
            "supports": ["COMPANY"],
            "key_results": [
                {
                    "key": "GROW.1",
                    "title": "Conversion",
                    "metric": {"unit": "%", "start": "2.1", "target": "3.0"},
                    "expected": [["2026-11-01", "0.1"], ["2026-12-15", "0.8"]],
                },
                {
                    "key": "GROW.2",
                    "title": "Markets",
                    "weight": 2,
                    "owner": "Kim",
                    "value": {"from": "delivery"},
                    "delivery": {"none": "no need"},
                },
            ],
        },
    ],
    "mappings": [
        {"key_result": "GROW.1", "work": {"epic": ["SHOP-12", "SHOP-40"], "connection": "jira"}, "share": 40},
        {"key_result": "GROW.1", "work": {"label": "checkout"}, "share": 60},
        {"key_result": "GROW.2", "work": {"jql": "project = SHOP"}},
    ],
    "intentional": [{"reason": "Keep the lights on", "work": {"label": ["maintenance", "security"]}}],
    "checkins": [
        {"key_result": "GROW.1", "date": "2026-11-02", "value": 2.4, "confidence": 0.6, "note": "live"},
        {"key_result": "GROW.1", "date": "2026-11-02", "value": 2.5},
    ],
}

KEY_RESULTS = "SELECT key, archived FROM key_result ORDER BY key"
MAPPINGS = "SELECT id, key_result_id, via, position, share, text FROM mapping ORDER BY via, position"
CHECK_INS = (
    "SELECT k.key, c.day, c.value, c.confidence, c.note, c.origin, c.position FROM check_in c"
    " JOIN key_result k ON k.id = c.key_result_id ORDER BY c.origin, c.day, c.position"
)


def config(**sections: Any) -> Config:
    return Config.model_validate(BASE | sections)


def grow(*key_results: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """The objectives, with other key results in GROW."""
    return [BASE["objectives"][0], BASE["objectives"][1] | {"key_results": list(key_results)} | more]


def apply(engine: sa.Engine, wanted: Config, days: int = 0) -> bool:
    with engine.begin() as conn:
        return okrs.apply(conn, wanted, NOW + timedelta(days=days))


def day(engine: sa.Engine, text: str) -> object:
    """A day as a plain query gives it."""
    return text if engine.dialect.name == "sqlite" else date.fromisoformat(text)


def test_everything_is_kept_as_written(engine: sa.Engine) -> None:
    assert apply(engine, config())
    first, last = day(engine, "2026-10-01"), day(engine, "2026-12-31")
    assert rows(engine, "SELECT key, starts_on, ends_on, archived FROM cycle") == [("2026-Q4", first, last, False)]
    assert rows(engine, "SELECT t.key, t.name, t.lead, p.key FROM team t LEFT JOIN team p ON p.id = t.parent_id") == [
        ("product", "Product", None, None),
        ("commerce", "commerce", "Dana", "product"),
    ]
    objectives = (
        "SELECT o.key, o.title, c.key, t.key, o.owner, th.key, o.kind, o.position FROM objective o"
        " JOIN cycle c ON c.id = o.cycle_id LEFT JOIN team t ON t.id = o.team_id"
        " LEFT JOIN theme th ON th.id = o.theme_id ORDER BY o.position"
    )
    assert rows(engine, objectives) == [
        ("COMPANY", "Live long", "2026-Q4", None, None, None, "committed", 0),
        ("GROW", "Make checkout the reason", "2026-Q4", "commerce", "Dana", "growth", "aspirational", 1),
    ]
    assert rows(engine, "SELECT o.key, s.target_key FROM support s JOIN objective o ON o.id = s.objective_id") == [
        ("GROW", "COMPANY")
    ]
    table = KeyResult.__table__
    with engine.connect() as conn:
        found = [
            (row.key, row.title, row.owner, row.weight, row.position, row.definition, row.archived)
            for row in conn.execute(sa.select(table).order_by(table.c.position))
        ]
    assert found == [
        (
            "GROW.1",
            "Conversion",
            "Dana",
            1.0,
            0,
            {
                "metric": {"type": "number", "unit": "%", "start": 2.1, "target": 3.0},
                "value": "manual",
                "expected": [["2026-11-01", 0.1], ["2026-12-15", 0.8]],
                "delivery": "expected",
            },
            False,
        ),
        (
            "GROW.2",
            "Markets",
            "Kim",
            2.0,
            1,
            {
                "metric": None,
                "value": {"from": "delivery"},
                "expected": "linear",
                "delivery": {"none": "no need"},
            },
            False,
        ),
    ]
    assert rows(engine, CHECK_INS) == [
        ("GROW.1", day(engine, "2026-11-02"), 2.4, 0.6, "live", "file", 0),
        ("GROW.1", day(engine, "2026-11-02"), 2.5, None, None, "file", 1),
    ]
    assert [row[2:] for row in rows(engine, MAPPINGS)] == [
        ("intentional", 0, None, "Keep the lights on"),
        ("mapping", 0, 40.0, "epic SHOP-12, SHOP-40 in jira"),
        ("mapping", 1, 60.0, "label checkout"),
        ("mapping", 2, None, "jql project = SHOP"),
    ]
    table = Mapping.__table__
    with engine.connect() as conn:
        selectors = conn.execute(sa.select(table.c.selector).order_by(table.c.via, table.c.position)).scalars().all()
    assert selectors == [
        {"label": ["maintenance", "security"]},
        {"connection": ["jira"], "epic": ["SHOP-12", "SHOP-40"]},
        {"label": ["checkout"]},
        {"jql": "project = SHOP"},
    ]


def test_applying_the_same_again_writes_nothing(engine: sa.Engine) -> None:
    apply(engine, config())
    written: list[str] = []

    def note(conn: object, cursor: sa.engine.interfaces.DBAPICursor, statement: str, *rest: object) -> None:
        if not statement.startswith(("SELECT", "BEGIN")) and cursor.rowcount > 0:
            written.append(statement)

    event.listen(engine, "after_cursor_execute", note)
    assert not apply(engine, config(), days=1)
    assert written == []


def test_a_source_elsewhere_leaves_no_secret_in_the_database(engine: sa.Engine) -> None:
    elsewhere = {"sql": "postgresql://u:hunter2@db/x", "query": "select 1"}
    apply(
        engine, config(objectives=grow({"key": "GROW.1", "title": "x", "value": elsewhere}), mappings=[], checkins=[])
    )
    assert "hunter2" not in str(rows(engine, "SELECT definition FROM key_result"))
    with engine.connect() as conn:
        assert conn.execute(sa.select(KeyResult.__table__.c.definition)).scalar_one()["value"] == {"sql": None}


def test_a_key_result_that_left_is_archived_with_its_history_and_may_come_back(engine: sa.Engine) -> None:
    apply(engine, config())
    identity = rows(engine, "SELECT id, key FROM key_result ORDER BY key")
    one = BASE["objectives"][1]["key_results"][1]
    without = config(objectives=grow(one), mappings=BASE["mappings"][2:], checkins=[])
    assert apply(engine, without, days=1)
    assert rows(engine, KEY_RESULTS) == [("GROW.1", True), ("GROW.2", False)]
    assert len(rows(engine, CHECK_INS)) == 2
    assert [row[5] for row in rows(engine, MAPPINGS)] == ["Keep the lights on", "jql project = SHOP"]
    assert apply(engine, config(), days=2)
    assert rows(engine, "SELECT id, key FROM key_result WHERE NOT archived ORDER BY key") == identity
    assert len(rows(engine, CHECK_INS)) == 2


def test_teams_themes_cycles_and_objectives_are_archived_and_taken_up_alike(engine: sa.Engine) -> None:
    apply(engine, config())
    nothing = Config()
    assert apply(engine, nothing)
    tables = ("team", "theme", "cycle", "objective", "key_result")
    assert [rows(engine, f"SELECT DISTINCT archived FROM {name}") for name in tables] == [[(True,)]] * 5
    assert apply(engine, config())
    assert [rows(engine, f"SELECT DISTINCT archived FROM {name}") for name in tables] == [[(False,)]] * 5


def test_a_renamed_key_keeps_its_row_its_check_ins_and_its_findings(engine: sa.Engine) -> None:
    apply(engine, config())
    identity = rows(
        engine, "SELECT o.id, k.id FROM key_result k JOIN objective o ON o.id = k.objective_id ORDER BY k.id"
    )
    finding = (
        "INSERT INTO finding (code, subject_kind, subject, severity, summary, evidence, opened_at, last_seen_at)"
        " VALUES ('COV101', '{}', '{}', 'warning', 's', '{{}}', '2026-11-01 00:00:00', '2026-11-01 00:00:00')"
    )
    subjects = {"key_result": "GROW.1", "objective": "GROW", "mapping": "GROW.1#2", "item": "GROW.1#2", "team": "GROW"}
    execute(engine, *(finding.format(kind, subject) for kind, subject in subjects.items()))
    execute(engine, finding.format("mapping", "GROW.10#1"), finding.format("mapping", "grow.1#1"))
    renamed = {
        "objectives": grow(
            BASE["objectives"][1]["key_results"][0] | {"key": "RISE.1", "was": "GROW.1"},
            BASE["objectives"][1]["key_results"][1],
            key="RISE",
            was="GROW",
        ),
        "mappings": [one | {"key_result": "RISE.1"} for one in BASE["mappings"][:2]] + BASE["mappings"][2:],
        "checkins": [one | {"key_result": "RISE.1"} for one in BASE["checkins"]],
    }
    mappings = rows(engine, MAPPINGS)
    assert apply(engine, config(**renamed))
    assert rows(engine, KEY_RESULTS) == [("GROW.2", False), ("RISE.1", False)]
    assert rows(engine, "SELECT key, archived FROM objective ORDER BY key") == [("COMPANY", False), ("RISE", False)]
    found = rows(engine, "SELECT o.id, k.id FROM key_result k JOIN objective o ON o.id = k.objective_id ORDER BY k.id")
    assert found == identity
    assert {row[0] for row in rows(engine, CHECK_INS)} == {"RISE.1"}
    assert rows(engine, MAPPINGS) == mappings
    assert sorted(rows(engine, "SELECT subject_kind, subject FROM finding")) == [
        ("item", "GROW.1#2"),
        ("key_result", "RISE.1"),
        ("mapping", "GROW.10#1"),
        ("mapping", "RISE.1#2"),
        ("mapping", "grow.1#1"),
        ("objective", "RISE"),
        ("team", "GROW"),
    ]
    assert not apply(engine, config(**renamed))


def test_a_new_key_result_may_take_the_key_that_another_gave_up(engine: sa.Engine) -> None:
    apply(engine, config(objectives=grow({"key": "A", "title": "a"}), mappings=[], checkins=[]))
    both = grow({"key": "B", "title": "a", "was": "A"}, {"key": "A", "title": "new"})
    apply(engine, config(objectives=both, mappings=[], checkins=[]))
    apply(engine, config(objectives=both, mappings=[], checkins=[]))
    assert rows(engine, "SELECT id, key, title, archived FROM key_result ORDER BY id") == [
        (1, "B", "a", False),
        (2, "A", "new", False),
    ]


def test_a_mapping_keeps_its_id_wherever_it_moves(engine: sa.Engine) -> None:
    apply(engine, config())
    before = {row[5]: row[0] for row in rows(engine, MAPPINGS)}
    first, second, third = BASE["mappings"]
    assert apply(engine, config(mappings=[third, second, first]))
    assert [(row[5], row[3], row[0]) for row in rows(engine, MAPPINGS)] == [
        ("Keep the lights on", 0, before["Keep the lights on"]),
        ("jql project = SHOP", 0, before["jql project = SHOP"]),
        ("label checkout", 1, before["label checkout"]),
        ("epic SHOP-12, SHOP-40 in jira", 2, before["epic SHOP-12, SHOP-40 in jira"]),
    ]


@pytest.mark.parametrize("change", [{"share": 50}, {"work": {"label": "Checkout"}}, {"key_result": "GROW.2"}])
def test_a_mapping_that_says_something_else_is_another_one(engine: sa.Engine, change: dict[str, Any]) -> None:
    alone = BASE["mappings"][1] | {"share": 60}
    apply(engine, config(mappings=[alone]))
    ((before,),) = rows(engine, "SELECT id FROM mapping WHERE via = 'mapping'")
    assert apply(engine, config(mappings=[alone, alone | change]))
    assert apply(engine, config(mappings=[alone | change]))
    ((after,),) = rows(engine, "SELECT id FROM mapping WHERE via = 'mapping'")
    assert after != before


def test_links_made_by_convention_are_not_the_configurations_to_remove(engine: sa.Engine) -> None:
    apply(engine, config())
    execute(
        engine,
        "INSERT INTO mapping (key_result_id, via, position, text, selector, matched)"
        " SELECT id, 'label', 1000000, 'label kr:GROW.1', '{}', 0 FROM key_result WHERE key = 'GROW.1'",
    )
    assert not apply(engine, config())
    assert ("label kr:GROW.1",) in rows(engine, "SELECT text FROM mapping")


@pytest.mark.parametrize(
    "change,relink",
    [
        ({"conventions": {"label": "kr:{key}"}}, True),
        ({"teams": [*BASE["teams"], {"key": "new"}]}, True),
        ({"intentional": []}, True),
        ({"cycles": [{"key": "2026-Q4", "start": "2026-10-01", "end": "2026-12-30"}]}, False),
        ({"checkins": []}, False),
        ({"themes": [{"key": "growth", "title": "Other"}]}, False),
    ],
)
def test_only_what_concerns_links_asks_for_linking_anew(
    engine: sa.Engine, change: dict[str, Any], relink: bool
) -> None:
    apply(engine, config())
    execute(engine, "UPDATE meta SET value = '0' WHERE key = 'relink'")
    assert apply(engine, config(**change)) is relink
    assert rows(engine, "SELECT value FROM meta WHERE key = 'relink'") == [("1" if relink else "0",)]


def test_a_check_in_added_to_the_file_moves_no_other(engine: sa.Engine) -> None:
    apply(engine, config())
    before = rows(engine, "SELECT id, recorded_at FROM check_in ORDER BY id")
    earlier = {"key_result": "GROW.1", "date": "2026-10-20", "value": 2.2}
    apply(engine, config(checkins=[earlier, *BASE["checkins"]]), days=1)
    assert rows(engine, "SELECT id, recorded_at FROM check_in ORDER BY id")[:2] == before
    apply(engine, config(checkins=[earlier]), days=2)
    assert [row[:3] for row in rows(engine, CHECK_INS)] == [("GROW.1", day(engine, "2026-10-20"), 2.2)]


def test_a_value_recorded_by_hand_stays_beside_those_of_the_files(engine: sa.Engine) -> None:
    apply(engine, config())
    with engine.begin() as conn:
        okrs.add_check_in(conn, "GROW.2", date(2026, 11, 20), 1.5, None, "told", NOW)
    apply(engine, config(checkins=[]))
    assert rows(engine, CHECK_INS) == [("GROW.2", day(engine, "2026-11-20"), 1.5, None, "told", "cli", 0)]


def test_a_value_of_an_unknown_or_archived_key_result_is_refused(engine: sa.Engine) -> None:
    apply(engine, config())
    apply(engine, Config())
    with engine.begin() as conn:
        with pytest.raises(store.StoreError, match=r"There is no key result grow\.1"):
            okrs.add_check_in(conn, "grow.1", date(2026, 11, 20), 1.5, None, None, NOW)
        with pytest.raises(store.StoreError, match=r"Key result GROW\.1 left the configuration"):
            okrs.add_check_in(conn, "GROW.1", date(2026, 11, 20), 1.5, None, None, NOW)


@pytest.mark.parametrize(
    "work,text",
    [
        ({"label": "x"}, "label x"),
        (
            {"repository": "acme/shop", "milestone": "V 2", "connection": ["a", "b"]},
            "repository acme/shop and milestone V 2 in a, b",
        ),
        ({"epic": "S-1", "not": {"label": "y"}}, "epic S-1 but not label y"),
        ({"issue": "S-1", "descend": False}, "issue S-1, without what lies below"),
        ({"connection": "a"}, "all work in a"),
    ],
)
def test_a_selector_reads_as_a_phrase(work: dict[str, Any], text: str) -> None:
    (mapping,) = config(mappings=[{"key_result": "GROW.1", "work": work}]).mappings
    assert describe(mapping.work) == text
