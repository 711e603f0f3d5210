"""`northing db …`."""

import json
from pathlib import Path

import pytest

from store import connect
from tests.cli.conftest import Northing
from tests.cli.test_postgresql import without_times
from tests.store.samples import execute, rows


def url_of(northing: Northing) -> str:
    return f"sqlite:///{northing.folder / 'northing.db'}"


def test_a_backup_moves_all_to_postgresql_and_back(
    northing: Northing, fresh: Northing, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "northing.backup"
    made = northing("db", "backup", str(file), "--json").data
    assert (made["file"], made["schema"], made["bytes"]) == (str(file), "0001", file.stat().st_size)
    assert made["rows"]["work_item"] > 50
    monkeypatch.setenv("DATABASE", postgres_url.replace("+psycopg", ""))
    fresh.append("northing.yaml", '\ndatabase: "${DATABASE}"\n')
    restored = fresh("db", "restore", str(file), "--json").data
    assert restored["rows"] == made["rows"]
    for command in (("status",), ("check",), ("explain", "SHOP-3"), ("history", "CHECKOUT.1")):
        assert without_times(fresh(*command, "--json").data) == without_times(northing(*command, "--json").data)
    assert sum(one["changed"] for one in fresh("sync", "--json").data["scopes"]) == 0
    back = tmp_path / "back"
    assert fresh("db", "backup", str(back)).code == 0
    assert northing("db", "restore", str(back), "--yes").code == 0
    assert without_times(northing("status", "--json").data) == without_times(fresh("status", "--json").data)


def test_what_is_there_is_replaced_only_where_that_is_wanted(northing: Northing, tmp_path: Path) -> None:
    file = tmp_path / "northing.backup"
    assert "northing.backup: " in northing("db", "backup", str(file)).out
    before = file.read_bytes()
    again = northing("db", "backup", str(file))
    assert (again.code, "is there already" in again.err, "--force" in again.err) == (2, True, True)
    assert file.read_bytes() == before
    assert northing("db", "backup", str(file), "--force", "--quiet").out == ""
    northing("checkin", "CHECKOUT.1", "2.9")
    asked = northing("db", "restore", str(file))
    assert (asked.code, "holds 2 connections, " in asked.err) == (2, True)
    assert "--yes" in asked.err
    done = northing("db", "restore", str(file), "--yes")
    assert (done.code, "is as it was at 20" in done.out) == (0, True)


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_what_cannot_be_done_is_said_in_words(fresh: Northing, tmp_path: Path, command: str) -> None:
    result = fresh("db", command, str(tmp_path / "no" / "file"))
    assert result.code in (2, 3)
    assert result.err.startswith("error: ")
    assert "Traceback" not in result.err
    (tmp_path / "text").write_text("no backup")
    assert "is no backup of Northing" in fresh("db", "restore", str(tmp_path / "text")).err


def test_purging_tells_how_much_and_the_past_is_asked_no_further_back(northing: Northing) -> None:
    told = northing("db", "purge", "--older-than", "1 day", "--dry-run", "--json").data
    assert (told["dry_run"], told["kept"]) == (
        True,
        dict.fromkeys(("changes", "runs", "snapshots", "findings"), "1 day"),
    )
    before = rows(engine := connect(url_of(northing)), "SELECT count(*) FROM work_change")[0][0]
    execute(engine, "UPDATE cycle SET ends_at = '2020-01-01 00:00:00.000000'")  # as if no cycle ran
    engine.dispose()
    assert "Would remove" in northing("db", "purge", "--older-than", "1 day", "--dry-run").out
    removed = northing("db", "purge", "--older-than", "1 day", "--json").data
    assert 0 < removed["changes"] < before
    assert "Removed 0 of changes" in northing("db", "purge", "--older-than", "1 day").out
    result = northing("status", "--as-of", "2026-01-31")
    assert (result.code, "The history of items is kept since" in result.err) == (2, True)
    wrong = northing("db", "purge", "--older-than", "soon")
    assert (wrong.code, "expected an age like" in wrong.err) == (2, True)


def test_a_connection_goes_only_once_it_left_the_configuration(northing: Northing) -> None:
    used = northing("db", "purge", "--connection", "github", "--yes")
    assert (used.code, "is in use" in used.err) == (2, True)
    unknown = northing("db", "purge", "--connection", "nope", "--yes")
    assert (unknown.code, "Stored are github, jira." in unknown.err) == (3, True)
    (northing.folder / "less.yaml").write_text("version: 1\n")  # names no connection, and the same database
    less = Northing(northing.folder, "less.yaml")
    asked = less("db", "purge", "--connection", "github")
    assert (asked.code, "are removed for good" in asked.err) == (2, True)
    told = less("db", "purge", "--connection", "github", "--dry-run", "--json").data
    removed = less("db", "purge", "--connection", "github", "--yes", "--json").data
    assert told == {"connection": "github", "items": removed["items"], "dry_run": True}
    assert removed["items"] > 10
    engine = connect(url_of(northing))
    assert rows(engine, "SELECT DISTINCT connection FROM northing_work") == [("jira",)]
    engine.dispose()
    assert northing("sync", "--json").data["outcome"] == "ok"
    engine = connect(url_of(northing))
    assert rows(engine, "SELECT DISTINCT connection FROM northing_work ORDER BY 1") == [("github",), ("jira",)]
    engine.dispose()


def test_only_postgresql_has_readers(
    northing: Northing, fresh: Northing, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = northing("db", "grant-readonly", "grafana")
    assert (result.code, "SQLite has no roles" in result.err) == (3, True)
    monkeypatch.setenv("DATABASE", postgres_url.replace("+psycopg", ""))
    fresh.append("northing.yaml", '\ndatabase: "${DATABASE}"\n')
    missing = fresh("db", "grant-readonly", "grafana", "--password-variable", "NOT_SET")
    assert (missing.code, "NOT_SET is not set" in missing.err) == (2, True)
    engine = connect(postgres_url)
    try:
        made = fresh("db", "grant-readonly", "northing_test_reader")
        assert (made.code, "was made and reads the public views" in made.out) == (0, True)
        assert "It has no password" in made.out
        assert json.loads(fresh("db", "grant-readonly", "northing_test_reader", "--json").out)["made"] is False
    finally:
        execute(engine, "DROP OWNED BY northing_test_reader", "DROP ROLE northing_test_reader")
        engine.dispose()
