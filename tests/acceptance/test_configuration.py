"""What a user writes, right and wrong: each wrong file ends with exit code 2, the place, and no traceback."""

import re

import pytest

from tests.acceptance.conftest import Northing

CYCLE = "version: 1\ncycles: [{key: q, start: 2026-10-01, end: 2026-12-31}]\n"
JIRA = (
    "connections:\n  j:\n    kind: jira\n    url: https://jira.example\n    auth: {token: TOKEN}\n    projects: [A]\n"
)
KEY_RESULT = CYCLE + "objectives:\n - {key: A, title: x, cycle: q, key_results: [{key: A.1, title: x}]}\n"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

WRONG: dict[str, str | bytes] = {
    "unknown key": CYCLE + "conections: {}\n",
    "key twice": CYCLE + "cycles: []\n",
    "dates reversed": "version: 1\ncycles: [{key: q, start: 2026-12-31, end: 2026-10-01}]\n",
    "missing variable": CYCLE + JIRA.replace("TOKEN", '"${NO_SUCH_VARIABLE}"'),
    "missing file": CYCLE + JIRA.replace("TOKEN", '"${file:no/such/file}"'),
    "alias bomb": "version: 1\n" + BOMB,
    "alias in itself": "version: 1\ncycles: &a [*a]\n",
    "Latin-1": (CYCLE + 'themes: [{key: a, title: "Café"}]\n').encode("latin-1"),
    "UTF-16": CYCLE.encode("utf-16"),
    "empty": b"",
    "tabs": "version: 1\ncycles:\n\t- {key: a}\n",
    "binary": bytes(range(256)),
    "NUL": "version: 1\n\x00x: 2\n",
    "escaped NUL": CYCLE + 'themes: [{key: "a\\0b", title: x}]\n',
    "list": "- a\n",
    "other version": "version: 2\n",
    "two documents": CYCLE + "---\nversion: 1\n",
    "not closed": "version: 1\ncycles: [{key: a\n",
    "too deep": "version: 1\ncycles: " + "[" * 5000 + "]" * 5000,
    "a Python object": CYCLE + 'themes: !!python/object/apply:os.getcwd [""]\n',
    "teams in a circle": CYCLE + "teams: [{key: a, parent: b}, {key: b, parent: a}]\n",
    "supports in a circle": CYCLE
    + "objectives:\n - {key: A, title: x, cycle: q, supports: [B]}\n - {key: B, title: x, cycle: q, supports: [A]}\n",
    "key result twice": KEY_RESULT + " - {key: B, title: x, cycle: q, key_results: [{key: A.1, title: x}]}\n",
    "start is target": KEY_RESULT.replace("title: x}]", "title: x, metric: {start: 3, target: 3}}]"),
    "day outside the cycle": KEY_RESULT.replace("title: x}]", "title: x, expected: [[2027-02-01, 0.1]]}]"),
    "unknown cycle": KEY_RESULT.replace("cycle: q", "cycle: qq"),
    "unknown team": KEY_RESULT.replace("cycle: q", "cycle: q, team: t"),
    "unknown connection": KEY_RESULT + "mappings: [{key_result: A.1, work: {connection: jj, project: B}}]\n",
    "unknown key result": KEY_RESULT + "mappings: [{key_result: A.2, work: {label: x}}]\n",
    "empty selector": KEY_RESULT + "mappings: [{key_result: A.1, work: {}}]\n",
    "only not": KEY_RESULT + "mappings: [{key_result: A.1, work: {not: {label: x}}}]\n",
    "mixed shares": KEY_RESULT
    + "mappings: [{key_result: A.1, work: {label: x}}, {key_result: A.1, work: {label: y}, share: 3}]\n",
    "negative share": KEY_RESULT + "mappings: [{key_result: A.1, work: {label: x}, share: -3}]\n",
    "token in clear": CYCLE + JIRA.replace("https:", "http:").replace("TOKEN", "x"),
    "no projects": CYCLE + JIRA.replace("    projects: [A]\n", "").replace("TOKEN", "x"),
    "cannot match": KEY_RESULT
    + JIRA.replace("TOKEN", "x")
    + "mappings: [{key_result: A.1, work: {connection: j, project: B}}]\n",
    "confidence above 1": KEY_RESULT + "checkins: [{key_result: A.1, date: 2026-11-05, value: 2, confidence: 7}]\n",
    "unknown code": CYCLE + "findings: {ignore: [COV999]}\n",
    "senseless schedule": CYCLE + "schedule: {sync: sometimes}\n",
    "unknown timezone": CYCLE + "timezone: Mars/Olympus\n",
    "includes itself": CYCLE + "include: [northing.yaml]\n",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_ends_with_its_place_and_what_is_wrong(northing: Northing, text: str | bytes) -> None:
    (northing.folder / "northing.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    found = northing("config", "check")
    assert found.code == 2
    assert re.search(r"^northing\.yaml:\d+:\d+: ", found.out + found.err, re.MULTILINE), found.out + found.err
    assert "Traceback" not in found.out + found.err


def test_a_literal_token_is_a_warning_that_does_not_repeat_it(northing: Northing) -> None:
    northing.write(CYCLE + JIRA.replace("TOKEN", "ghp_literal"))
    for command in ("check", "show"):
        for more in ((), ("--json",)):
            found = northing("config", command, *more)
            assert found.code == 0
            assert "ghp_literal" not in found.out + found.err
    assert "northing.yaml:7:19: warning" in northing("config", "check").err + northing("config", "check").out


def test_words_of_yaml_1_1_stay_text(northing: Northing) -> None:
    northing.write(CYCLE + "themes: [{key: no, title: on}, {key: 1.10, title: 007}]\n")
    assert northing("config", "check").code == 0
    shown = northing("config", "show", "--json").data
    assert [(one["key"], one["title"]) for one in shown["themes"]] == [("no", "on"), ("1.10", "007")]
