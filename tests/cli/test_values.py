"""Values from elsewhere, as people see them: sync, status, explain, doctor, checkin, config check."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Northing
from tests.connectors.values.small_server import SmallServer, small_server
from tests.program import call

CONFIG = """\
version: 1
cycles: [{{key: now, start: 2020-01-01, end: 2099-12-31}}]
objectives:
  - key: GROW
    title: Grow
    cycle: now
    key_results:
      - key: GROW.1
        title: From 2 to 6
        metric: {{start: 2, target: 6, unit: "%"}}
        value:
          http: "{url}/v?key=${{API_KEY}}"
          path: data.0.value
          headers: {{Authorization: "Bearer ${{TOKEN}}"}}
          allow_private: true
      - key: GROW.2
        title: From 0 to 10
        metric: {{start: 0, target: 10}}
        value: {{csv: kpi.csv, column: value}}
      - {{key: GROW.3, title: By hand, metric: {{target: 4}}}}
"""


@pytest.fixture
def server() -> Iterator[SmallServer]:
    with small_server() as found:
        yield found


@pytest.fixture
def grow(server: SmallServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Northing:
    """A program whose first value is 3 on a server, and whose second is 5 in a file."""
    monkeypatch.setenv("TOKEN", "head-secret")
    monkeypatch.setenv("API_KEY", "query-secret")
    server.says("/v", {"data": [{"value": 3}]})
    (tmp_path / "northing.yaml").write_text(CONFIG.format(url=server.url))
    (tmp_path / "kpi.csv").write_text("value\n5\n")
    return Northing(tmp_path)


def test_a_sync_fetches_values_and_says_how_many(grow: Northing) -> None:
    result = grow("sync")
    assert (result.code, result.err) == (0, "")
    assert "Values: 2 fetched, 0 failed." in result.out
    assert grow("sync", "--json").data["values"] == [
        {"key_result": "GROW.1", "value": 3.0, "error": None, "advice": ""},
        {"key_result": "GROW.2", "value": 5.0, "error": None, "advice": ""},
    ]
    rows = {row["key_result"]: row for row in grow("status", "--json").data[0]["key_results"]}
    assert [(rows[key]["outcome_value"], rows[key]["outcome"]) for key in ("GROW.1", "GROW.2")] == [(3, 0.25), (5, 0.5)]
    assert "3 %" in grow("status").out


def test_a_value_that_fails_shows_everywhere_and_no_secret_does(grow: Northing, server: SmallServer) -> None:
    grow("sync")
    server.says("/v", {"message": "head-secret is not welcome"}, 403)
    result = grow("sync")
    assert result.code == 3
    assert "error: value of GROW.1: " in result.err
    assert "answered 403: *** is not welcome" in result.err
    assert "GROW.1: SYN501 warning value_refused" in result.out
    status, explained = grow("status"), grow("explain", "GROW.1")
    assert "its value cannot be fetched" in status.out
    assert f"value from data.0.value in {server.url}/v, fetched 20" in explained.out
    assert "check the source's `headers`" in explained.out
    source = grow("explain", "GROW.1", "--json").data["source"]
    assert source["place"] == f"data.0.value in {server.url}/v"
    assert source["error"] == (
        f"{server.url}/v answered 403: *** is not welcome. "
        "The credentials lack a permission: check the source's `headers`."
    )
    assert grow("explain", "GROW.1", "--json").data["outcome"]["current"] == 3
    assert grow("check", "--select", "SYN501").code == 1
    everything = [result, status, explained, grow("check"), grow("doctor"), grow("config", "show", "--json")]
    assert "secret" not in "".join(one.out + one.err for one in everything)
    assert b"secret" not in (grow.folder / "northing.db").read_bytes()


def test_doctor_tries_each_source_once(grow: Northing, server: SmallServer) -> None:
    (grow.folder / "kpi.csv").unlink()
    result = grow("doctor", "--json")
    assert result.code == 3
    rows = [row for row in result.data if row["name"].startswith("value of")]
    assert rows == [
        {
            "connection": None,
            "name": "value of GROW.1",
            "ok": True,
            "detail": f"3, data.0.value in {server.url}/v",
            "advice": "",
        },
        {
            "connection": None,
            "name": "value of GROW.2",
            "ok": False,
            "detail": f"{grow.folder / 'kpi.csv'} is not there.",
            "advice": "Check the path: a relative one begins at the main configuration file.",
        },
    ]
    assert len(server.asked) == 1
    text = grow("doctor").out
    assert "values\n  ✓ value of GROW.1: 3, data.0.value" in text
    assert not (grow.folder / "northing.db").exists()


def test_config_check_asks_nobody(grow: Northing, server: SmallServer) -> None:
    (grow.folder / "kpi.csv").unlink()
    assert grow("config", "check").code == 0
    assert server.asked == []


def test_a_source_on_this_machine_says_which_line_to_add(grow: Northing, server: SmallServer) -> None:
    grow.edit("northing.yaml", "          allow_private: true\n", "")
    result = grow("sync")
    assert "add `allow_private: true` to the source, beside its url" in result.err
    assert server.asked == []


def test_people_say_how_sure_they_are_of_a_fetched_value(grow: Northing) -> None:
    grow("sync")
    result = grow("checkin", "GROW.1", "--confidence", "0.3", "--note", "The campaign starts late")
    assert (result.code, result.out.splitlines()[0][:30]) == (0, "Recorded a check-in for GROW.1")
    row = grow("explain", "GROW.1", "--json").data["key_result"]
    assert (row["outcome_value"], row["confidence"]) == (3, 0.3)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ("GROW.1 4 --confidence 0.3", "comes from a source, not from people. → Leave it out"),
        ("GROW.1", "there is nothing to record. → Give --confidence or --note"),
        ("GROW.3 --confidence 0.3", "The VALUE of GROW.3 is missing"),
    ],
)
def test_a_check_in_that_does_not_fit_is_refused(grow: Northing, arguments: str, words: str) -> None:
    grow("sync")
    result = call("--config", str(grow.config), "checkin", *arguments.split())
    assert result.code == 2
    assert words in " ".join(result.err.split())
