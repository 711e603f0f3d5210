"""Each rule of the loader, by a file that breaks it."""

from collections.abc import Callable

import pytest

from config import Loaded

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]


ENV = {"T": "token"}


@pytest.mark.parametrize(
    "line, expected",
    [
        ("mapings: []", "13:1: mapings: unknown key. Did you mean `mappings`?"),
        (
            "mappings: [{key_result: O.3, work: {label: x}}]",
            "13:25: mappings[0].key_result: unknown key result `O.3`. Did you mean `O.2`?",
        ),
        (
            "mappings: [{key_result: O, work: {label: x}}]",
            "13:25: mappings[0].key_result: `O` is an objective, expected a key result. Its key results: O.1, O.2.",
        ),
        (
            "mappings: [{key_result: O.1, work: {lable: x}}]",
            "13:37: mappings[0].work.lable: unknown key. Did you mean `label`?",
        ),
        (
            "mappings: [{key_result: O.1, work: {label: x, descend: no}}]",
            "13:56: mappings[0].work.descend: found `no`, expected true or false",
        ),
        (
            "mappings: [{key_result: O.1, work: {label: []}}]",
            "13:44: mappings[0].work.label: found an empty list, expected at least 1 value",
        ),
        (
            "mappings: [{key_result: O.1, work: {label: }}]",
            "13:44: mappings[0].work.label: found nothing, expected a text or a list of texts",
        ),
        (
            "mappings: [{key_result: O.1, work: {label: ''}}]",
            "13:44: mappings[0].work.label: found an empty text, expected a text that is not empty",
        ),
        (
            "mappings: [{key_result: O.1, work: {connection: bord}}]",
            "13:49: mappings[0].work.connection: unknown connection `bord`. Did you mean `board`?",
        ),
        (
            "mappings: [{key_result: O.1, work: {project: SHIP}}]",
            (
                "13:46: mappings[0].work.project: `SHIP` cannot match: it is not among what `board`, `forge` reads. "
                "Did you mean `SHOP`?"
            ),
        ),
        (
            "mappings: [{key_result: O.1, work: {label: x, not: {repository: [acme/shop, acme/other]}}}]",
            (
                "13:77: mappings[0].work.not.repository[1]: `acme/other` cannot match: "
                "it is not among what `board`, `forge` reads. Did you mean `acme/shop`?"
            ),
        ),
        (
            "mappings: [{key_result: O.1, work: {connection: board, repository: acme/shop}}]",
            "13:68: mappings[0].work.repository: `acme/shop` cannot match: `board` reads no repository",
        ),
        (
            "mappings: [{key_result: O.1, work: {team: c}}]",
            "13:43: mappings[0].work.team: unknown team `c`. Known: a, b.",
        ),
        (
            "mappings: [{key_result: O.1, work: {label: x}, share: -1}]",
            "13:55: mappings[0].share: found `-1`, expected at least 0",
        ),
        (
            "mappings: [{key_result: O.1, work: {label: x}, share: 4}, {key_result: O.1, work: {label: y}}]",
            "13:59: mappings[1]: no `share`, while other mappings of `O.1` have one: expected on all of them",
        ),
        (
            "mappings: [{key_result: O.1, work: {label: x}, position: 3}]",
            "13:48: mappings[0].position: unknown key. Known: key_result, work, share.",
        ),
        (
            "mappings: {key_result: O.1}",
            "13:11: mappings: found a mapping with `key_result`, expected a list",
        ),
        (
            "checkins: [{key_result: O.9, date: 2026-11-01, value: 1}]",
            "13:25: checkins[0].key_result: unknown key result `O.9`. Did you mean `O.2`?",
        ),
        (
            "checkins: [{key_result: O.1, date: 2026-02-30}]",
            "13:36: checkins[0].date: found `2026-02-30`, expected a day that the calendar has",
        ),
        (
            "checkins: [{key_result: O.1, date: 20261101}]",
            "13:36: checkins[0].date: found `20261101`, expected a day like 2026-10-01",
        ),
        (
            "checkins: [{key_result: O.1, date: 2026-11-01, confidence: 1.1}]",
            "13:60: checkins[0].confidence: found `1.1`, expected at most 1",
        ),
        (
            "checkins: [{key_result: O.1, date: 2026-11-01, value: 1_000}]",
            "13:55: checkins[0].value: found `1_000`, expected a number",
        ),
        ("checkins: [{date: 2026-11-01}]", "13:12: checkins[0].key_result: missing, expected a value"),
        ("version: 2", "13:10: version: found `2`, expected 1"),
        (
            "timezone: Europe/Zurrich",
            "13:11: timezone: found `Europe/Zurrich`, expected a timezone like Europe/Zurich. Did you mean",
        ),
        (
            "timezone: ../../etc/passwd",
            "13:11: timezone: found `../../etc/passwd`, expected a timezone like Europe/Zurich",
        ),
        (
            "queue: procrastinate",
            (
                "13:8: queue: `procrastinate` needs a PostgreSQL database, and `database` is SQLite: expected "
                "`database: postgresql://…`, or no `queue`, as one process does without"
            ),
        ),
        ("queue: celery", "13:8: queue: found `celery`, expected `procrastinate`"),
        (
            "database: mysql://me:pw@host/db",
            (
                "13:11: database: found a text that is not shown, "
                "expected a URL like sqlite:///northing.db or postgresql://user:password@host/database"
            ),
        ),
        (
            "schedule: {sync: daily at 02:30}",
            "13:18: schedule.sync: found `daily at 02:30`, expected an interval like `every 15 minutes`",
        ),
        (
            "schedule: {sync: every 0 minutes}",
            "13:18: schedule.sync: found `every 0 minutes`, expected an interval between 1 second and 31 days",
        ),
        (
            "schedule: {digest: mon 25:00}",
            "13:20: schedule.digest: found `mon 25:00`, expected a time between 00:00 and 23:59",
        ),
        (
            "schedule: {digest: someday 08:00}",
            "13:20: schedule.digest: found `someday 08:00`, expected a weekday, one of mon, tue, wed",
        ),
        (
            "schedule: {digest: whenever}",
            (
                "13:20: schedule.digest: found `whenever`, "
                "expected a schedule like `every 15 minutes`, `daily at 02:30` or `mon 08:00`"
            ),
        ),
        (
            "findings: {ignore: [HYG499]}",
            (
                "13:21: findings.ignore[0]: found `HYG499`, "
                "expected the code of a finding or its beginning, like COV101 or COV. Did you mean `HYG409`?"
            ),
        ),
        (
            "findings: {severity: {COV1O2: info}}",
            (
                "13:23: findings.severity.COV1O2: found `COV1O2`, "
                "expected the code of a finding, like COV101. Did you mean `COV102`?"
            ),
        ),
        (
            "findings: {severity: {COV102: warn}}",
            (
                "13:31: findings.severity.COV102: found `warn`, expected `info`, `warning` or `critical`. "
                "Did you mean `warning`?"
            ),
        ),
        (
            "findings: {suppress: [{code: COV102, subject: x, until: 2026-12-01}]}",
            "13:23: findings.suppress[0].reason: missing, expected a value",
        ),
        (
            "counting: {subtasks: yes}",
            "13:22: counting.subtasks: found `yes`, expected `ignore` or `count`",
        ),
        (
            "counting: {in_progress_credit: 1.5}",
            "13:32: counting.in_progress_credit: found `1.5`, expected at most 1",
        ),
        (
            "conventions: {label: 'kr:'}",
            "13:14: conventions: expected a `label` with `{key}` in it once, like kr:{key}",
        ),
        ("conventions: {field: x}", "13:15: conventions.field: unknown key. Did you mean `jira_field`?"),
        (
            "alerts: {channels: {ops: json://h}, routes: [{to: opps}]}",
            "13:51: alerts.routes[0].to: unknown channel `opps`. Did you mean `ops`?",
        ),
        (
            "alerts: {channels: {ops: json://h}, digests: [{to: ops, team: c}]}",
            "13:63: alerts.digests[0].team: unknown team `c`. Known: a, b.",
        ),
        (
            "alerts: {quiet: {from: 19:00}}",
            "13:17: alerts.quiet: expected `from` and `to`, or neither",
        ),
        (
            "thresholds: {on_track: 0.6}",
            "13:13: thresholds: expected `on_track` (0.6) at least as good as `behind` (0.7)",
        ),
        (
            "thresholds: {preset: googol}",
            (
                "13:22: thresholds.preset: found `googol`, expected `oboard`, `upraise`, `viva`, `engagedly`, "
                "`mooncamp` or `google`. Did you mean `google`?"
            ),
        ),
        (
            "intentional: [{reason: x, work: {}}]",
            "13:33: intentional[0].work: expected a selector with at least one of",
        ),
        (
            "intentional: [{reason: x, work: {not: {label: x}}}]",
            "13:33: intentional[0].work: expected a selector with at least one of",
        ),
        (
            "intentional: [{reason: x, work: {not: [], label: x}}]",
            "13:39: intentional[0].work.not: found an empty list, expected at least 1 value",
        ),
        (
            "themes: [{key: x, title: x}, {key: x, title: y}]",
            "13:36: themes[1].key: theme `x` is declared twice; first at northing.yaml:13:16",
        ),
        ("themes: [{key: 'a\n\n  b', title: x}]", "13:16: themes[0].key: found `a b`, expected a text of one line"),
    ],
)
def test_a_wrong_line_is_named_with_its_place(head: str, problems: Problems, line: str, expected: str) -> None:
    found = problems(head + line + "\n", ENV)
    assert len(found) == 1, found
    assert found[0].startswith(f"northing.yaml:{expected}")
