"""Sources of values, as they are written: what is wrong with them shows while loading, without asking anybody."""

from pathlib import Path

import pytest

import config
from tests.config.conftest import Load, Problems

HEAD = """\
cycles: [{key: Q, start: 2026-10-01, end: 2026-12-31}]
objectives:
  - key: O
    title: t
    cycle: Q
    key_results:
      - key: O.1
        title: t
        value: """


@pytest.mark.parametrize(
    "value, expected",
    [
        ('{http: "ftp://h/x", path: a}', "http: found `ftp://h/x`, expected an address like https://"),
        ('{http: "https://", path: a}', "http: found `https://`, expected an address like https://"),
        ('{http: "https://h:99999/x", path: a}', "http: found `https://h:99999/x`, expected an address"),
        ('{prometheus: "prom.acme:9090", query: up}', "prometheus: found `prom.acme:9090`, expected an address"),
        (
            '{http: "https://h/x", path: "a[[b"}',
            "path: found `a[[b`, expected a JMESPath expression, like data[0].value",
        ),
        ('{http: "https://h/x"}', "path: missing"),
        (
            '{http: "https://h/x", path: a, headers: {"A B": c}}',
            "headers: found a mapping, expected names of headers",
        ),
        ('{http: "https://h/x", path: a, headers: {A: "b\\nc: d"}}', "headers: "),
        ('{http: "https://h/x", path: a, timeout: 0}', "timeout: found `0`, expected more than 0"),
        ('{http: "https://h/x", path: a, timeout: 601}', "timeout: found `601`, expected at most 600"),
        ('{http: "https://h/x", path: a, allow_private: yes}', "allow_private: found `yes`, expected true or false"),
        (
            '{http: "https://h/x", path: a, alow_private: true}',
            "alow_private: unknown key. Did you mean `allow_private`?",
        ),
        (
            '{sql: "mysql://h/x", query: select 1}',
            "sql: found a text that is not shown, expected a URL like sqlite:///northing.db or postgresql://",
        ),
        (
            '{sql: "sqlite://x.db", query: select 1}',
            "sql: found a text that is not shown, expected three slashes before a relative SQLite path",
        ),
        ('{sql: "postgresql://h/x", query: select 1, allow_private: true}', "allow_private: unknown key"),
        ("{csv: a.csv}", "column: missing"),
        (
            '{prometheus: "http://h", query: up, headers: {A: b}}',
            "prometheus: headers or a password would be sent in clear",
        ),
        ('{http: "http://u:${W}@h/x", path: a}', "http: headers or a password would be sent in clear"),
    ],
)
def test_a_wrong_source_is_named_with_its_place(problems: Problems, value: str, expected: str) -> None:
    found = problems(f"{HEAD}{value}\n", {"W": "word"})
    assert len(found) == 1, found
    assert f"objectives[0].key_results[0].value.{expected}" in found[0]


def test_headers_may_be_sent_in_clear_to_this_machine(load: Load) -> None:
    for host in ("127.0.0.1:9090", "localhost", "[::1]"):
        assert load(f'{HEAD}{{prometheus: "http://{host}", query: up, headers: {{X-Scope: b}}}}\n', {}).warnings == []


@pytest.mark.parametrize(
    "value, place",
    [
        ('{http: "https://h/x", path: a, headers: {Authorization: Bearer abcd}}', "headers.Authorization"),
        ('{prometheus: "https://h/x", query: up, headers: {X-Api-Key: abcd}}', "headers.X-Api-Key"),
        ('{http: "https://me:word@h/x", path: a}', "http"),
        ('{prometheus: "https://me:word@h/x", query: up}', "prometheus"),
        ('{sql: "postgresql://me:word@h/x", query: select 1}', "sql"),
    ],
)
def test_a_secret_in_the_file_itself_is_warned_about(load: Load, value: str, place: str) -> None:
    [warning] = load(f"{HEAD}{value}\n", {}).warnings
    assert warning.path == f"objectives[0].key_results[0].value.{place}"
    assert warning.message.startswith("a secret stands in the file itself")


@pytest.mark.parametrize(
    "value",
    [
        '{http: "https://h/x@y", path: a, headers: {Accept: text/plain}}',
        '{http: "https://me:${W}@h/x", path: a, headers: {Authorization: "Bearer ${W}"}}',
        '{sql: "postgresql://me:${W}@h/x", query: select 1}',
        '{sql: "postgresql://h/x", query: select 1}',
    ],
)
def test_what_is_no_secret_or_stands_elsewhere_is_not(load: Load, value: str) -> None:
    assert load(f"{HEAD}{value}\n", {"W": "word"}).warnings == []


def test_relative_files_lie_beside_the_main_file(load: Load, tmp_path: Path) -> None:
    def value_of(text: str) -> object:
        return load(f"{HEAD}{text}\n", {}).config.objectives[0].key_results[0].value

    sql, csv = value_of('{sql: "sqlite:///kpi.db", query: select 1}'), value_of("{csv: data/kpi.csv, column: a}")
    assert isinstance(sql, config.SqlValue)
    assert sql.sql.get_secret_value() == f"sqlite:///{tmp_path}/kpi.db"
    assert isinstance(csv, config.CsvValue)
    assert csv.csv == tmp_path / "data/kpi.csv"
