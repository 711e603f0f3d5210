"""Rules for objectives, key results, teams and connections, and what holds for all errors."""

from collections.abc import Callable

import pytest

from config import Loaded

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]


ENV = {"T": "token"}


@pytest.mark.parametrize(
    "metric, expected",
    [
        ("{start: 3, target: 3}", "`start` and `target` that differ; both are 3"),
        ("{target: 0}", "`start` and `target` that differ; both are 0"),
        ("{start: 3}", "a `target` in a metric of type number"),
        ("{type: keep}", "`min` or `max` in a metric of type keep"),
        ("{type: keep, min: 5, max: 4}", "`min` (5) not above `max` (4)"),
        ("{type: keep, min: 5, target: 4}", "no `start` and `target` in a metric of type keep"),
        ("{type: done, max: 4}", "no `min` and `max` in a metric of type done; they belong to type keep"),
    ],
)
def test_a_metric_must_fit_its_type(head: str, problems: Problems, metric: str, expected: str) -> None:
    text = head + f"      - {{key: O.3, title: t, metric: {metric}}}\n"
    assert problems(text, ENV) == [f"northing.yaml:13:38: objectives[0].key_results[2].metric: expected {expected}"]


@pytest.mark.parametrize(
    "keys, expected",
    [
        ("wieght: 1", "13:30: objectives[0].key_results[2].wieght: unknown key. Did you mean `weight`?"),
        ("weight: -1", "13:38: objectives[0].key_results[2].weight: found `-1`, expected at least 0"),
        ("weight: .inf", "13:38: objectives[0].key_results[2].weight: found `.inf`, expected a number"),
        ("team: c", "13:36: objectives[0].key_results[2].team: unknown team `c`. Known: a, b."),
        (
            "value: {form: delivery}",
            (
                "13:37: objectives[0].key_results[2].value: found keys `form`, "
                "expected `manual`, or a mapping with one of from, http, prometheus, sql, csv, jira. Did you mean"
            ),
        ),
        (
            "value: {from: hand}",
            "13:44: objectives[0].key_results[2].value.from: found `hand`, expected `delivery`",
        ),
        (
            "value: {jira: bord, jql: x}",
            "13:44: objectives[0].key_results[2].value.jira: unknown connection `bord`. Did you mean `board`?",
        ),
        (
            "value: {http: 'http://h/x', path: a, headers: {Authorization: s}}",
            (
                "13:44: objectives[0].key_results[2].value.http: headers or a password would be sent in clear, "
                "expected https://"
            ),
        ),
        (
            "expected: [[2026-11-01, 0.5], [2026-10-20, 0.6]]",
            "13:40: objectives[0].key_results[2].expected: found a list, expected days that rise",
        ),
        (
            "expected: [[2027-01-01, 0.5]]",
            (
                "13:42: objectives[0].key_results[2].expected[0][0]: found 2027-01-01, "
                "expected a day of cycle `Q`, 2026-10-01 to 2026-12-31"
            ),
        ),
        (
            "expected: [[2026-11-01, 5]]",
            "13:54: objectives[0].key_results[2].expected[0][1]: found `5`, expected at most 1",
        ),
        (
            "delivery: {none: }",
            "13:40: objectives[0].key_results[2].delivery: found a mapping with `none`, expected `expected`, or {none",
        ),
        ("levers: [{}]", "13:39: objectives[0].key_results[2].levers[0]: expected a selector with at least one of"),
        ("was: O.1", "13:35: objectives[0].key_results[2].was: `O.1` is still a key, at northing.yaml:11:15"),
    ],
)
def test_a_wrong_key_result_is_named_with_its_place(head: str, problems: Problems, keys: str, expected: str) -> None:
    found = problems(head + f"      - {{key: O.3, title: t, {keys}}}\n", ENV)
    assert len(found) == 1, found
    assert found[0].startswith(f"northing.yaml:{expected}")


@pytest.mark.parametrize(
    "keys, expected",
    [
        ("cycle: Q5", "15:12: objectives[1].cycle: unknown cycle `Q5`. Did you mean `Q`?"),
        ("cycle: Q\n    team: c", "16:11: objectives[1].team: unknown team `c`. Known: a, b."),
        ("cycle: Q\n    theme: g", "16:12: objectives[1].theme: unknown theme `g`."),
        (
            "cycle: Q\n    supports: [O.1, O.7]",
            "16:21: objectives[1].supports[1]: unknown objective or key result `O.7`. Did you mean `O.2`?",
        ),
        (
            "cycle: Q\n    key_results: [{key: O.1, title: t}]",
            "16:25: objectives[1].key_results[0].key: key result `O.1` is declared twice; first at northing.yaml:11:15",
        ),
        (
            "cycle: Q\n    key_results: [{key: O, title: t}]",
            "16:25: objectives[1].key_results[0].key: `O` is an objective too, at northing.yaml:7:10",
        ),
        (
            "cycle: Q\n    supports: [P.1]\n    key_results: [{key: P.1, title: t}]",
            "16:15: objectives[1].supports: `supports` goes in a circle: P → P",
        ),
    ],
)
def test_a_wrong_objective_is_named_with_its_place(head: str, problems: Problems, keys: str, expected: str) -> None:
    found = problems(head + f"  - key: P\n    title: t\n    {keys}\n", ENV)
    assert found == [f"northing.yaml:{expected}"]


def test_a_circle_of_support_through_key_results_is_named(head: str, problems: Problems) -> None:
    text = head.replace("    cycle: Q\n", "    cycle: Q\n    supports: [P]\n")
    text += "  - {key: P, title: t, cycle: Q, supports: [R.1]}\n"
    text += "  - {key: R, title: t, cycle: Q, supports: [O.2], key_results: [{key: R.1, title: t}]}\n"
    assert problems(text, ENV) == [
        "northing.yaml:10:15: objectives[0].supports: `supports` goes in a circle: O → P → R → O"
    ]


def test_a_circle_of_teams_is_named(problems: Problems) -> None:
    text = "teams: [{key: a, parent: c}, {key: b, parent: a}, {key: c, parent: b}, {key: d, parent: d}]"
    assert problems(text) == [
        "northing.yaml:1:26: teams[0].parent: teams in a circle: a → c → b → a",
        "northing.yaml:1:89: teams[3].parent: teams in a circle: d → d",
    ]


def test_a_long_chain_of_teams_is_no_circle(load: Load) -> None:
    chain = "".join(f"  - {{key: t{n}, parent: t{n + 1}}}\n" for n in range(3000))
    assert len(load(f"teams:\n{chain}  - {{key: t3000}}\n").config.teams) == 3001


def test_reversed_dates_are_an_error(problems: Problems) -> None:
    assert problems("cycles: [{key: Q, start: 2026-12-31, end: 2026-10-01}]") == [
        (
            "northing.yaml:1:10: cycles[0]: expected `start` (2026-12-31) not after `end` (2026-10-01): "
            "the dates are reversed"
        )
    ]


@pytest.mark.parametrize(
    "connection, expected",
    [
        ("{url: 'https://x'}", "x: kind: missing"),
        (
            "{kind: gitlab}",
            "2:13: connections.x.kind: found `gitlab`, expected one of jira, github. Did you mean `github`?",
        ),
        ("{kind: jira, url: 'https://x', auth: {token: '${T}'}}", "2:6: connections.x.projects: missing"),
        (
            "{kind: github, auth: {token: '${T}'}, repositorys: [a/b]}",
            "2:44: connections.x.repositorys: unknown key. Did you mean `repositories`?",
        ),
        (
            "{kind: jira, url: 'http://jira.acme', auth: {token: '${T}'}, projects: [A]}",
            "2:24: connections.x.url: the token would be sent in clear to `jira.acme`, expected https://",
        ),
        (
            "{kind: jira, url: 'HTTP://127.0.0.1.evil.example', auth: {token: '${T}'}, projects: [A]}",
            "2:24: connections.x.url: the token would be sent in clear to `127.0.0.1.evil.example`, expected https://",
        ),
        (
            "{kind: jira, url: 'https://x', auth: ghp_abc, projects: [A]}",
            "2:43: connections.x.auth: found a text that is not shown, expected a mapping",
        ),
        (
            "{kind: jira, url: 'https://x', auth: {token: [ghp_abc]}, projects: [A]}",
            "2:51: connections.x.auth.token: found a list, expected a text",
        ),
        (
            "{kind: jira, url: 'https://x', auth: {token: '${T}'}, projects: [A], in_flight: 101}",
            "2:86: connections.x.in_flight: found `101`, expected at most 100",
        ),
        ("", "2:5: connections.x: found nothing, expected a mapping"),
    ],
)
def test_a_wrong_connection_is_named_with_its_place(problems: Problems, connection: str, expected: str) -> None:
    found = problems(f"connections:\n  x: {connection}\n", ENV)
    assert len(found) == 1, found
    assert expected.removeprefix("x: ") in found[0]


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "127.8.9.1:80", "[::1]:9000", "jira.localhost"])
def test_plain_http_to_this_machine_is_allowed(load: Load, host: str) -> None:
    load(f"connections: {{x: {{kind: jira, url: 'http://{host}', auth: {{token: '${{T}}'}}, projects: [A]}}}}", ENV)


def test_plain_http_is_allowed_where_the_connection_says_insecure(load: Load) -> None:
    load("connections: {x: {kind: jira, url: 'http://h', insecure: true, auth: {token: '${T}'}, projects: [A]}}", ENV)


def test_globs_of_a_selector_that_may_meet_those_of_a_connection_are_fine(head: str, load: Load) -> None:
    work = (
        "{project: ['shop', 'TEAM7', '*9', 'T?AM*']}, {repository: ['acme/web-*', '*']}, {connection: BOARD, label: x}"
    )
    mappings = "".join(f"  - {{key_result: O.1, work: {one}}}\n" for one in work.replace("}, {", "}|{").split("|"))
    assert len(load(f"{head}mappings:\n{mappings}", ENV).config.mappings) == 3


def test_all_errors_of_all_files_come_in_one_run(problems: Problems) -> None:
    assert problems(
        "version: 1\ninclude: ['*.yaml']\nnonsense: 1\n"
        "mappings: [{key_result: K.1, wrk: {label: x}}, {key_result: O.9, work: {label: x}}]\n",
        a_yaml="objectives:\n  - key: O\n    title: t\n    cycle: Q5\n    key_results:\n"
        "      - {key: O.1, title: t, wieght: 1, metric: {start: 1, target: 1}}\n",
        b_yaml="cycles: [{key: Q, start: 2026-12-31, end: 2026-10-01}]\nteams: [{key: a, parent: b}]\n",
        c_yaml="teams: [\n",
    ) == [
        "a.yaml:6:30: objectives[0].key_results[0].wieght: unknown key. Did you mean `weight`?",
        "a.yaml:6:49: objectives[0].key_results[0].metric: expected `start` and `target` that differ; both are 1",
        "b.yaml:1:10: cycles[0]: expected `start` (2026-12-31) not after `end` (2026-10-01): the dates are reversed",
        "c.yaml:2:1: not valid YAML: did not find expected node content while parsing a flow node",
        "northing.yaml:3:1: nonsense: unknown key. 22 others are known.",
        "northing.yaml:4:30: mappings[0].wrk: unknown key. Did you mean `work`?",
    ]


def test_names_that_only_an_unreadable_file_could_declare_are_not_called_unknown(problems: Problems) -> None:
    found = problems("include: [a.yaml]\nmappings: [{key_result: O.9, work: {label: x}}]\n", a_yaml="objectives: [\n")
    assert [one.partition(": ")[0] for one in found] == ["a.yaml:2:1"]


def test_the_message_holds_a_value_that_comes_from_a_variable_only_as_written(problems: Problems) -> None:
    assert problems("counting: {in_progress_credit: '${N}'}", {"N": "12345"}) == [
        "northing.yaml:1:32: counting.in_progress_credit: found `${N}`, expected at most 1"
    ]
