"""`/healthz` and `/readyz`."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from config import Config
from tests.dashboard.served import NOW, Served, served


def checks(one: Served) -> tuple[int, dict[str, tuple[bool, str]]]:
    answer = one.get("/readyz")
    kind = "application/json" if answer.status_code == 200 else "application/problem+json"
    assert answer.headers["content-type"] == kind
    return answer.status_code, {check["check"]: (check["ok"], check["detail"]) for check in answer.json()["checks"]}


def test_a_service_at_work_is_alive_and_ready(migrated_url: str) -> None:
    with served(Config(database=migrated_url)) as one:
        assert one.get("/healthz").json() == {"status": "alive", "detail": "It is at work."}
        assert checks(one) == (
            200,
            {
                "database": (True, "It answers, with schema 0001."),
                "configuration": (True, "That of the files is in force."),
                "scheduler": (True, "It is at work."),
            },
        )


@pytest.mark.parametrize(
    "state, words",
    [
        ({"ticked": None}, "It has not begun."),
        ({"ticked": NOW - timedelta(seconds=61)}, "It has stood still for 61 s."),
    ],
)
def test_a_scheduler_that_stands_still_is_dead_and_not_ready(sqlite_url: str, state: Any, words: str) -> None:
    with served(Config(database=sqlite_url)) as one:
        one.ticked = state["ticked"]
        answer = one.get("/healthz")
        assert (answer.status_code, answer.json()["detail"]) == (503, words)
        assert checks(one)[1]["scheduler"] == (False, words)


def test_one_that_stands_by_is_alive_and_ready(sqlite_url: str) -> None:
    with served(Config(database=sqlite_url)) as one:
        one.ticked, one.standing_by = None, True
        assert one.get("/healthz").status_code == 200
        words = "Another process does the work; this one takes over when it ends."
        assert checks(one)[1]["scheduler"] == (True, words)


def test_a_configuration_that_cannot_be_applied_is_told_without_secrets(migrated_url: str) -> None:
    with served(Config(database=migrated_url)) as one:
        one.problems = ("northing.yaml:3:1: nonsense: unknown key geheim", "another")
        code, found = checks(one)
        assert code == 503
        assert found["configuration"] == (False, "northing.yaml:3:1: nonsense: unknown key ***. another.")
        assert one.get("/readyz").json()["detail"].startswith("configuration: northing.yaml:3:1")
        one.problems = ()
        assert checks(one)[0] == 200


def test_a_database_that_is_not_migrated_or_of_a_newer_program_is_told(database_url: str) -> None:
    with served(Config(database=database_url)) as one:
        assert checks(one)[1]["database"] == (False, "Its schema is missing, this program needs 0001.")
        with one.writing() as conn:
            conn.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
            conn.execute(sa.text("INSERT INTO alembic_version VALUES ('9999')"))
        code, found = checks(one)
        assert (code, found["database"]) == (503, (False, "Its schema is 9999, this program needs 0001."))


def test_a_database_out_of_reach_is_told_without_its_password(tmp_path: Any) -> None:
    url = "postgresql://northing:geheim@127.0.0.1:9/northing"
    with served(Config(database=url)) as one:
        code, found = checks(one)
    assert code == 503
    ok, words = found["database"]
    assert not ok
    assert "refused" in words
    assert "geheim" not in words
