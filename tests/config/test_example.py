"""The whole language in one file, and the same spread over many."""

import json
from collections.abc import Callable
from datetime import date, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import config
from config import (
    CheckIn,
    Cycle,
    FromDelivery,
    Loaded,
    Mapping,
    Metric,
    QueryValue,
    Route,
    Selector,
    Suppression,
    Team,
    Theme,
)

Load = Callable[..., Loaded]


EXAMPLE = """\
version: 1
include: [okrs/*.yaml, teams/*.yaml]
database: sqlite:///northing.db
timezone: Europe/Zurich

connections:
  jira:
    kind: jira
    url: https://acme.atlassian.net
    auth: {email: sync@acme.example, token: "${JIRA_TOKEN}"}
    projects: [SHOP, PLAT, "TEAM*"]
    estimate: Story Points
    boards: true
  github:
    kind: github
    url: https://api.github.com
    auth: {token: "${GITHUB_TOKEN}"}
    repositories: [acme/shop, "acme/platform-*"]
    projects: [acme/7]
    in_flight: 4

counting:
  cancelled: ["Won't Do", "Won't Fix", Duplicate, Declined, "Cannot Reproduce", not_planned, duplicate]
  in_progress_labels: ["in progress", doing, wip]
  assigned_is_in_progress: false
  epic_labels: [epic]
  epic_types: [Epic, Initiative, Feature]
  subtasks: ignore
  measure: count
  in_progress_credit: 0

teams:
  - key: product
    name: Product
  - key: commerce
    name: Commerce
    parent: product
    lead: Dana
    owns:
      - {connection: jira, project: SHOP}
      - {connection: github, repository: "acme/shop*"}

themes:
  - {key: growth, title: Grow in Europe}

cycles:
  - {key: 2026-Q4, start: 2026-10-01, end: 2026-12-31}

objectives:
  - key: COMPANY
    title: Grow without burning out
    cycle: 2026-Q4
    key_results:
      - {key: COMPANY.2, title: Revenue per visit up, value: manual}
  - key: GROW
    title: Make checkout the reason customers come back
    cycle: 2026-Q4
    team: commerce
    owner: Dana
    theme: growth
    supports: [COMPANY.2]
    kind: aspirational
    key_results:
      - key: GROW.1
        title: Checkout conversion from 2.1 % to 3.0 %
        weight: 1
        metric: {unit: "%", start: 2.1, target: 3.0}
        value: manual
        expected: [[2026-11-01, 0.1], [2026-12-15, 0.8]]
        delivery: expected
        levers:
          - {connection: jira, project: SHOP, component: Checkout}
      - key: GROW.2
        title: Ship one-click payment in 12 markets
        owner: [Ana, Bo]
        value: {from: delivery}
        delivery: {none: "bought, not built"}

mappings:
  - key_result: GROW.1
    work: {connection: jira, epic: [SHOP-12, SHOP-40]}
    share: 60
  - key_result: GROW.1
    work: {connection: github, repository: acme/shop, milestone: 1.0, not: {label: [no, on]}}
    share: 40
  - key_result: GROW.2
    work: {connection: jira, jql: "project = PLAT AND labels = latency"}

conventions:
  label: "kr:{key}"
  trailer: Key-Result
  jira_field: Key Result

intentional:
  - {reason: Keep the lights on, work: {label: [maintenance, security]}}

checkins:
  - {key_result: GROW.1, date: 2026-11-02, value: 2.4, confidence: 0.6, note: "A/B test live"}

schedule: {sync: every 15 minutes, reconcile: daily at 02:30, digest: mon 08:00}
alerts:
  channels: {leads: "${SLACK_URL}", commerce: "msteams://x", ops: "mailtos://y", hook: "json://127.0.0.1:9000/x"}
  routes:
    - {to: commerce, team: commerce, severity: warning}
    - {to: leads, severity: critical, codes: [COV, STR]}
    - {to: ops, codes: [SYN]}
  digests: [{to: leads, at: mon 08:00}, {to: commerce, team: commerce, at: mon 08:30}]
  quiet: {from: 19:00, to: "07:00", days: [sat, sun]}
thresholds: {preset: viva, behind: 0.8, stale_days: 21}
findings:
  ignore: [HYG407]
  severity: {COV102: info}
  suppress: [{code: STR302, subject: GROW.1, until: 2026-12-01, reason: "platform on loan"}]
"""
ENV = {"JIRA_TOKEN": "jira-secret", "GITHUB_TOKEN": "github-secret", "SLACK_URL": "slack://secret"}


def test_every_key_of_the_language_loads(load: Load, tmp_path: Path) -> None:
    loaded = load(EXAMPLE, ENV, okrs__empty_yaml="objectives:\n", teams__empty_yaml="teams: []\n")
    read = loaded.config
    assert loaded.warnings == []
    assert loaded.files == (
        tmp_path / "northing.yaml",
        tmp_path / "okrs" / "empty.yaml",
        tmp_path / "teams" / "empty.yaml",
    )
    assert read.version == 1
    assert read.database == f"sqlite:///{tmp_path}/northing.db"
    assert read.zone == ZoneInfo("Europe/Zurich")
    jira, github = read.connections["jira"], read.connections["github"]
    assert jira.scope_patterns() == ["SHOP", "PLAT", "TEAM*"]
    assert (jira.in_flight, github.in_flight, jira.insecure) == (8, 4, False)
    assert jira.model_dump()["auth"]["token"].get_secret_value() == "jira-secret"
    assert read.counting == config.Counting()
    shop, forge = (
        Selector(connection=("jira",), project=("SHOP",)),
        Selector(connection=("github",), repository=("acme/shop*",)),
    )
    assert read.teams == (
        Team(key="product", name="Product"),
        Team(key="commerce", name="Commerce", parent="product", lead="Dana", owns=(shop, forge)),
    )
    assert read.themes == (Theme(key="growth", title="Grow in Europe"),)
    assert read.cycles == (Cycle(key="2026-Q4", start=date(2026, 10, 1), end=date(2026, 12, 31)),)
    grow = read.objectives[1]
    assert (grow.team, grow.owner, grow.theme, grow.supports, grow.kind) == (
        "commerce",
        "Dana",
        "growth",
        ("COMPANY.2",),
        "aspirational",
    )
    first, second = grow.key_results
    assert first.metric == Metric(unit="%", start=2.1, target=3.0)
    assert first.expected == ((date(2026, 11, 1), 0.1), (date(2026, 12, 15), 0.8))
    assert first.delivery.expected
    assert first.levers == (Selector(connection=("jira",), project=("SHOP",), component=("Checkout",)),)
    assert (first.team, first.owner) == ("commerce", "Dana")
    assert (second.team, second.owner) == ("commerce", "Ana, Bo")
    assert second.value == FromDelivery()
    assert (second.delivery.expected, second.delivery.none) == (False, "bought, not built")
    assert read.mappings == (
        Mapping(
            key_result="GROW.1",
            work=Selector(connection=("jira",), epic=("SHOP-12", "SHOP-40")),
            share=60,
            position=0,
        ),
        Mapping(
            key_result="GROW.1",
            work=Selector(
                connection=("github",),
                repository=("acme/shop",),
                milestone=("1.0",),
                not_=(Selector(label=("no", "on")),),
            ),
            share=40,
            position=1,
        ),
        Mapping(
            key_result="GROW.2",
            work=Selector(connection=("jira",), jql="project = PLAT AND labels = latency"),
            position=2,
        ),
    )
    assert read.conventions == config.Conventions(label="kr:{key}", trailer="Key-Result", field="Key Result")
    assert read.intentional[0].work == Selector(label=("maintenance", "security"))
    assert read.checkins == (
        CheckIn(key_result="GROW.1", date=date(2026, 11, 2), value=2.4, confidence=0.6, note="A/B test live"),
    )
    assert read.schedule.sync_interval == timedelta(minutes=15)
    assert read.alerts.channels["leads"].get_secret_value() == "slack://secret"
    assert read.alerts.routes[1] == Route(to=("leads",), severity="critical", codes=("COV", "STR"))
    assert read.alerts.quiet is not None
    assert (read.alerts.quiet.start, read.alerts.quiet.end, read.alerts.quiet.days) == (time(19), time(7), (5, 6))
    assert (read.thresholds.on_track, read.thresholds.behind, read.thresholds.stale_days) == (1.0, 0.8, 21)
    assert read.findings.suppress == (
        Suppression(code="STR302", subject="GROW.1", until=date(2026, 12, 1), reason="platform on loan"),
    )


def test_what_the_effective_values_say_loads_again_as_the_same(load: Load, tmp_path: Path) -> None:
    """Secrets aside: they are masked, so the second reading gets them from the mask."""
    loaded = load(EXAMPLE, ENV, okrs__empty_yaml="objectives:\n", teams__empty_yaml="teams: []\n")
    shown = config.effective(loaded)
    again = load(json.dumps(shown))
    assert config.effective(again) == shown
    ours, theirs = (
        again.config.model_dump(exclude={"connections", "alerts"}),
        loaded.config.model_dump(exclude={"connections", "alerts"}),
    )
    assert ours == theirs


def test_all_sources_of_a_value_load(load: Load, tmp_path: Path) -> None:
    text = """\
connections:
  site: {kind: jira, url: "https://x", auth: {token: "${T}"}, projects: ["*"]}
cycles: [{key: Q, start: 2026-10-01, end: 2026-12-31}]
objectives:
  - key: O
    title: O
    cycle: Q
    key_results:
      - {key: a, title: a, value: {http: "https://h/x", path: "data.0.value", headers: {Authorization: "Bearer ${T}"}}}
      - {key: b, title: b, value: {prometheus: "http://h", query: "sum(x)"}}
      - {key: c, title: c, value: {sql: "postgresql://u:p${T}@h/d", query: select 1}}
      - {key: d, title: d, value: {csv: data.csv, column: name}}
      - {key: e, title: e, value: {jira: site, jql: "project = X", measure: Points}}
      - {key: f, title: f}
"""
    http, prometheus, sql, csv, query, manual = (
        one.value for one in load(text, {"T": "tok"}).config.objectives[0].key_results
    )
    assert isinstance(http, config.HttpValue)
    assert (http.path, http.headers["Authorization"].get_secret_value()) == ("data.0.value", "Bearer tok")
    assert prometheus == config.PrometheusValue(prometheus="http://h", query="sum(x)")
    assert isinstance(sql, config.SqlValue)
    assert sql.sql.get_secret_value() == "postgresql://u:ptok@h/d"
    assert csv == config.CsvValue(csv=tmp_path / "data.csv", column="name")
    assert query == QueryValue(connection="site", jql="project = X", measure="Points")
    assert manual == config.Manual()


def test_an_empty_section_counts_as_absent(load: Load) -> None:
    read = load("version: 1\nteams:\nmappings: ~\ncounting:\nalerts: null\n").config
    assert (read.teams, read.mappings, read.counting) == ((), (), config.Counting())


def test_without_a_conventions_section_all_conventions_are_off(load: Load) -> None:
    assert load("version: 1\n").config.conventions == config.Conventions(label=None, trailer=None, field=None)


def test_relative_database_paths_lie_beside_the_main_file(load: Load, tmp_path: Path) -> None:
    def database(url: str) -> str:
        return load(f"database: '{url}'\n").config.database

    assert database("sqlite:///data/x.db") == f"sqlite:///{tmp_path}/data/x.db"
    assert database("sqlite:////srv/x.db") == "sqlite:////srv/x.db"
    assert database("sqlite:///:memory:") == "sqlite:///:memory:"
    assert database("postgres://h/d") == "postgresql://h/d"
    assert load("version: 1").config.database == f"sqlite:///{tmp_path}/northing.db"


def test_the_main_file_is_found_by_flag_then_variable_then_folder(tmp_path: Path) -> None:
    named, other, here = tmp_path / "a.yaml", tmp_path / "b.yaml", tmp_path / "northing.yaml"
    for path in (named, other, here):
        path.write_text("version: 1")
    env = {"NORTHING_CONFIG": str(other)}
    assert config.find(named, env, tmp_path) == named
    assert config.find(None, env, tmp_path) == other
    assert config.find(None, {"NORTHING_CONFIG": ""}, tmp_path) == here
    assert config.find(Path("a.yaml"), {}, tmp_path) == named


def test_a_missing_main_file_names_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError, match=r"northing\.yaml: no such file .*`northing init`.*`northing demo`"):
        config.find(None, {}, tmp_path)
    with pytest.raises(config.ConfigError, match="named by --config"):
        config.find(tmp_path / "x.yaml", {}, tmp_path)
