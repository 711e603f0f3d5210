"""`northing doctor`."""

from tests.cli.conftest import Northing


def test_a_healthy_set_up_passes_every_check(synced: Northing) -> None:
    result = synced("doctor")
    rows = synced("doctor", "--json").data

    assert result.code == 0
    assert all(row["ok"] for row in rows)
    assert list(dict.fromkeys(row["connection"] for row in rows)) == [None, "jira", "github"]
    assert set(rows[0]) == {"connection", "name", "ok", "detail", "advice"}
    assert "✓ migrations: schema" in result.out


def test_quiet_prints_failures_only(synced: Northing) -> None:
    assert synced("doctor", "--quiet").out == ""


def test_a_database_that_is_not_there_yet_is_no_failure_and_is_not_made(fresh: Northing) -> None:
    assert "the first `northing sync` makes it" in fresh("doctor").out
    assert not (fresh.folder / "northing.db").exists()


def test_a_database_that_cannot_be_made_fails_with_advice(fresh: Northing) -> None:
    fresh.append("northing.yaml", "\ndatabase: sqlite:///no/such/folder/northing.db\n")
    result = fresh("doctor")
    assert result.code == 3
    assert "cannot be written" in result.out
    assert "→ Make it" in result.out
    assert fresh("sync").code == 3


def test_a_file_that_is_no_database_is_named(northing: Northing) -> None:
    (northing.folder / "northing.db").write_text("nothing of the kind, but long enough to be looked at " * 20)
    for command in ("doctor", "status", "sync"):
        result = northing(command)
        assert result.code == 3
        assert "Traceback" not in result.err
        assert "northing.db" in result.out + result.err


def test_a_database_of_a_newer_version_is_left_alone(northing: Northing) -> None:
    import sqlite3

    connection = sqlite3.connect(northing.folder / "northing.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    assert "Install the newer version" in northing("doctor").out
    assert northing("doctor").code == 3
    assert northing("db", "upgrade").code == 3


def test_upgrade_makes_the_tables(fresh: Northing) -> None:
    found = fresh("db", "upgrade", "--json").data
    assert found["database"].endswith("northing.db")
    assert (fresh.folder / "northing.db").is_file()
