"""`${VAR}`, `${VAR:-default}`, `${file:PATH}`: filled everywhere, shown nowhere."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import config
from config import Loaded

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]


CONNECTION = "connections: {x: {kind: jira, url: 'https://h', auth: {token: %s}, projects: [A]}}\n"


def token(load: Load, written: str, env: dict[str, str]) -> str:
    read = load(CONNECTION % written, env).config
    return read.connections["x"].model_dump()["auth"]["token"].get_secret_value()


@pytest.mark.parametrize(
    "written, env, expected",
    [
        ("'${T}'", {"T": "abc"}, "abc"),
        ("'Bearer ${A}-${B}'", {"A": "x", "B": "y"}, "Bearer x-y"),
        ("'${T:-fallback}'", {}, "fallback"),
        ("'${T:-fallback}'", {"T": ""}, "fallback"),
        ("'${T:-}x'", {}, "x"),
        ("'${T:-fallback}'", {"T": "set"}, "set"),
        ("'${T}'", {"T": "${A}"}, "${A}"),
        ("'$${T} ${T}'", {"T": "abc"}, "${T} abc"),
        ("'$T {T}${T}'", {"T": "abc"}, "$T {T}abc"),
        ("'${file:secret.txt}'", {}, "from file"),
    ],
)
def test_references_are_filled(load: Load, tmp_path: Path, written: str, env: dict[str, str], expected: str) -> None:
    (tmp_path / "secret.txt").write_text("from file\n")
    assert token(load, written, env) == expected


@pytest.mark.parametrize(
    "written, expected",
    [
        ("${NOPE}", "variable `NOPE` is not set. Set it, or write a default: `${NOPE:-…}`."),
        ("${NOPE", "`${` without a closing `}`. Write `$${` for the letters themselves."),
        ("${}", "`${…}` holds no name of a variable"),
        ("${a b}", "`${…}` holds no name of a variable"),
        ("${file:}", "`${file:…}` names no file."),
        ("${file:gone.txt}", "cannot read file `gone.txt`: No such file or directory."),
        ("${file:.}", "cannot read file `.`: Is a directory."),
        ("${file:latin}", "file `latin` is not UTF-8 text."),
        ("${BROKEN}", "variable `BROKEN` is not UTF-8 text."),
    ],
)
def test_a_reference_that_leads_nowhere_is_named_with_its_place(
    problems: Problems, tmp_path: Path, written: str, expected: str
) -> None:
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    found = problems(CONNECTION % f"'{written}'", {"BROKEN": "a\udce9"})
    assert len(found) == 1, found
    assert found[0].startswith(f"northing.yaml:1:63: connections.x.auth.token: {expected}")


def test_all_missing_variables_are_named_at_once_and_hide_nothing_else(problems: Problems) -> None:
    assert problems("timezone: ${Z}\nteams: [{key: a, parent: '${P}'}, {key: b, parent: c}]\n") == [
        "northing.yaml:1:11: timezone: variable `Z` is not set. Set it, or write a default: `${Z:-…}`.",
        "northing.yaml:2:26: teams[0].parent: variable `P` is not set. Set it, or write a default: `${P:-…}`.",
        "northing.yaml:2:52: teams[1].parent: unknown team `c`. Known: a, b.",
    ]


def test_references_work_in_every_text_also_in_numbers_and_includes(load: Load) -> None:
    text = "include: ['${DIR}/*.yaml']\ncounting: {in_progress_credit: '${CREDIT}', subtasks: '${SUB:-count}'}\n"
    read = load(text, {"DIR": "more", "CREDIT": "0.5"}, more__a_yaml="teams: [{key: '${CREDIT}'}]\n").config
    assert (read.counting.in_progress_credit, read.counting.subtasks) == (0.5, "count")
    assert [team.key for team in read.teams] == ["0.5"]


def test_a_literal_token_is_a_warning(load: Load, problems: Problems, tmp_path: Path) -> None:
    warned = load(CONNECTION % "ghp_abc").warnings
    assert [(one.severity, one.line, one.column, one.path) for one in warned] == [
        ("warning", 1, 63, "connections.x.auth.token")
    ]
    assert "ghp_abc" not in str(warned[0])
    assert problems("database: 'postgresql://u:pw@h/d'") == [
        (
            "northing.yaml:1:11: warning: database: a secret stands in the file itself. "
            "Write `${VAR}` or `${file:PATH}` in its place."
        )
    ]
    assert problems("database: 'postgresql://u:${PW}@h/d'", {"PW": "x"}) == []
    assert problems("database: 'postgresql://u@h/d'") == []


SECRETS = """\
database: "postgresql://me:${DB_PASSWORD}@db.acme/northing?sslmode=require&password=query-secret"
connections:
  x:
    kind: jira
    url: "https://user:url-secret@h/path"
    auth: {token: "${T}"}
    projects: [A, "${ANY_TOKEN}"]
    proxy: "http://p:proxy-secret@proxy:80"
cycles: [{key: Q, start: 2026-10-01, end: 2026-12-31}]
objectives:
  - key: O
    title: t
    cycle: Q
    key_results:
      - {key: a, title: a, value: {http: "https://h/x?api_key=key-secret&a=b", path: p, headers: {A: header-secret}}}
      - {key: b, title: b, value: {sql: "postgresql://u:sql-secret@h/d", query: q}}
      - {key: c, title: c, value: {prometheus: "https://tok-secret@h/x", query: "${file:token}"}}
alerts: {channels: {ops: "slack://channel-secret/x"}}
"""
SECRET_ENV = {"DB_PASSWORD": "db-pass/se@cret", "T": "token-secret", "ANY_TOKEN": "any-secret"}


def test_no_secret_is_among_the_effective_values(load: Load, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("file-secret")
    loaded = load(SECRETS, SECRET_ENV)
    shown = config.effective(loaded)
    text = json.dumps(shown)
    assert "secret" not in text
    assert "se@cret" not in text
    assert shown["database"] == "postgresql://me:***@db.acme/northing?sslmode=require&password=***"
    connection = shown["connections"]["x"]
    assert connection["url"] == "https://***@h/path"
    assert connection["auth"] == {"token": "***"}
    assert connection["projects"] == ["A", "***"]
    assert shown["alerts"]["channels"] == {"ops": "***"}
    http = shown["objectives"][0]["key_results"][0]["value"]
    assert http == {
        "http": "https://h/x?api_key=***&a=b",
        "path": "p",
        "headers": {"A": "***"},
        "allow_private": False,
        "timeout": 30.0,
    }


def test_no_secret_is_in_the_text_of_the_configuration_or_its_errors(load: Load, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("file-secret")
    loaded = load(SECRETS, SECRET_ENV)
    assert "token-secret" not in repr(loaded)
    assert "db-pass" not in repr(loaded)
    assert "channel-secret" not in repr(loaded)
    with pytest.raises(config.ConfigError) as caught:
        load(SECRETS.replace("[A,", "{A:").replace('OKEN}"]', 'OKEN}"}').replace("query: q", "qury: q"), SECRET_ENV)
    assert "secret" not in "".join(one.message for one in caught.value.problems if one.severity == "error")


@pytest.mark.parametrize(
    "line",
    [
        "connections: {x: {kind: jira, url: 'https://h', auth: tops3cret, projects: [A]}}",
        "connections: {x: {kind: jira, url: [tops3cret], auth: {token: {a: tops3cret}}, projects: [A]}}",
        "connections: {x: {kind: jira, url: 'https://h', auth: {tokn: tops3cret}, projects: [A]}}",
        "connections: {x: {kind: jira, url: 'https://h', auth: {token: '${T}'}, projects: '${T}'}}",
        "connections: {x: {kind: jira, url: 'https://h', auth: {token:tops3cret}, projects: [A]}}",
        "connections: {x: {kind: jira, url: 'https://h', auth: {token: {tops3cret: a}}, projects: [A]}}",
        "connections: {x: {kind: jira, url: 'https://h', auth: {ghp_0123456789abcdefghijtops3cret}, projects: [A]}}",
        "database: '${T}'",
        "database: 'mysql://u:tops3cret@h'",
        "alerts: {channels: {a: [tops3cret]}}",
        "alerts: {channels: tops3cret}",
        "timezone: '${MY_TOKEN}'",
        "teams: [{key: a, parent: '${MY_TOKEN}'}]",
        "include: ['${MY_TOKEN}']",
    ],
)
def test_no_error_repeats_a_secret(problems: Problems, line: str) -> None:
    found = problems(line, {"T": "tops3cret", "MY_TOKEN": "tops3cret"})
    assert found
    assert "tops3cret" not in "".join(found)
