"""What changed in a configuration, in words, and whether two machines have the same one."""

from pathlib import Path

import pytest

from config import Loaded, load
from config.changes import changes
from config.fingerprint import fingerprint

TEXT = """
timezone: Europe/Zurich
teams: [{key: shop, name: Shop}, {key: web, name: Web}]
cycles: [{key: Q4, start: 2026-10-01, end: 2026-12-31}]
objectives:
  - {key: GROW, title: Grow, cycle: Q4, team: shop, key_results: [{key: GROW.1, title: Sell}]}
mappings:
  - {key_result: GROW.1, work: {label: one}}
  - {key_result: GROW.1, work: {label: two}}
alerts: {channels: {leads: "${URL}"}, routes: [{to: leads, severity: critical}]}
"""


def read(folder: Path, text: str = TEXT, **env: str) -> Loaded:
    folder.mkdir(exist_ok=True)
    file = folder / "northing.yaml"
    file.write_text(text)
    return load(file, env={"URL": "json://127.0.0.1/token-1", **env}, kinds={})


@pytest.mark.parametrize(
    "old, new, told",
    [
        ("", "", []),
        ("Europe/Zurich", "UTC", ["changed: timezone"]),
        ("{key: web, name: Web}", "{key: web, name: Web shop}", ["changed: teams.web.name"]),
        (", {key: web, name: Web}", "", ["removed: teams.web"]),
        ("name: Web}", "name: Web}, {key: new, name: New}", ["added: teams.new"]),
        ("title: Sell", "title: Sell more", ["changed: objectives.GROW.key_results.GROW.1.title"]),
        ("label: one", "label: three", ["mappings: 1 added, 1 removed"]),
        ("  - {key_result: GROW.1, work: {label: one}}\n", "", ["mappings: 1 removed"]),
        ("severity: critical", "severity: warning", ["alerts.routes: 1 added, 1 removed"]),
        ("team: shop, ", "", ["removed: objectives.GROW.team", "removed: objectives.GROW.key_results.GROW.1.team"]),
        ("timezone: Europe/Zurich", "schedule: {sync: every 1 hour}", ["changed: timezone", "changed: schedule.sync"]),
    ],
)
def test_what_changed_in_words(tmp_path: Path, old: str, new: str, told: list[str]) -> None:
    before, after = read(tmp_path).config, read(tmp_path, TEXT.replace(old, new, 1) if old else TEXT).config
    assert changes(before, after) == told


def test_a_secret_that_changed_is_told_by_its_name_alone(tmp_path: Path) -> None:
    before, after = (read(tmp_path, URL=f"json://127.0.0.1/token-{number}").config for number in (1, 2))
    assert changes(before, after) == ["changed: alerts.channels.leads"]


def test_mappings_in_another_order_are_said_to_be(tmp_path: Path) -> None:
    config = read(tmp_path).config
    other = config.model_copy(update={"mappings": config.mappings[::-1]})
    assert changes(config, other) == ["changed: mappings (their order)"]


def test_two_machines_have_the_same_configuration_whatever_is_only_theirs(tmp_path: Path) -> None:
    one = read(tmp_path / "one")
    other = read(tmp_path / "other", "database: sqlite:///elsewhere.db\n" + TEXT, URL="json://127.0.0.1/token-2")
    assert fingerprint(one) == fingerprint(other)
    assert fingerprint(one) != fingerprint(read(tmp_path / "one", TEXT.replace("label: one", "label: three")))
