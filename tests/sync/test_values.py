"""Values of key results from elsewhere: fetched at each sync, kept one a day, and what a failing source leaves."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from config import Config
from store.tables import CheckIn, KeyResult, ValueSource
from tests.sync.fake import START, Fake, Tool, World, world

DAY = START.date()


def csv_file(folder: Path, *values: object) -> Path:
    file = folder / "values.csv"
    file.write_text("day,value\n" + "".join(f"{number},{value}\n" for number, value in enumerate(values)))
    return file


def configured(*key_results: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A configuration's sections: one objective in a running cycle, with these key results."""
    whole = [{"title": one["key"], "metric": {"start": 0, "target": 10}, **one} for one in key_results]
    return {
        "cycles": [
            {"key": "Q4", "start": "2026-10-01", "end": "2026-12-31"},
            {"key": "Q3", "start": "2026-07-01", "end": "2026-09-30"},
        ],
        "objectives": [{"key": "A", "title": "A", "cycle": "Q4", "key_results": whole}],
        **more,
    }


def check_ins(one: World) -> list[tuple[str, str, Any, str]]:
    """Key, day, value and origin of all check-ins."""
    keys = {row["id"]: row["key"] for row in one.rows(KeyResult)}
    rows = one.rows(CheckIn)
    return [(keys[row["key_result_id"]], f"{row['day']}", row["value"], row["origin"]) for row in rows]


def made(url: str, *key_results: dict[str, Any], **more: Any) -> World:
    found = world(url, Fake(Tool()))
    sections = configured(*key_results, **more)
    found.config = Config.model_validate({"connections": found.config.connections, **sections})
    return found


def test_a_fetched_value_is_the_days_check_in(migrated_url: str, tmp_path: Path) -> None:
    one = made(migrated_url, {"key": "A.1", "value": {"csv": str(csv_file(tmp_path, 1, 4)), "column": "value"}})
    result = one.sync()
    assert (result.outcome, [(v.key_result, v.value) for v in result.values]) == ("ok", [("A.1", 4.0)])
    assert check_ins(one) == [("A.1", f"{DAY}", 4.0, "source")]
    [source] = one.rows(ValueSource, "key_result_id")
    assert source == {
        "place": f"column value of {tmp_path / 'values.csv'}",
        "error": None,
        "failed_at": None,
        "last_ok_at": START,
    }
    assert START + timedelta(0) == one.now
