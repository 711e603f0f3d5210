"""One configuration from many files."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

import config
from config import ConfigError, Loaded

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]


def keys(entries: Iterable[Any]) -> list[str]:
    return [one.key for one in entries]


def test_own_entries_come_first_then_those_of_includes_by_name(load: Load, tmp_path: Path) -> None:
    loaded = load(
        "include: [z/*.yaml, b.yaml, a.yaml]\nteams: [{key: main}]\n",
        b_yaml="teams: [{key: b}]\ninclude: [c.yaml]\n",
        a_yaml="teams: [{key: a}]\n",
        c_yaml="teams: [{key: c}]\n",
        z__2_yaml="teams: [{key: z2}]\n",
        z__1_yaml="teams: [{key: z1}]\n",
    )
    assert keys(loaded.config.teams) == ["main", "a", "b", "c", "z1", "z2"]
    assert [str(file.relative_to(tmp_path)) for file in loaded.files] == [
        "northing.yaml",
        "a.yaml",
        "b.yaml",
        "c.yaml",
        "z/1.yaml",
        "z/2.yaml",
    ]


def test_positions_of_mappings_count_over_all_files(load: Load) -> None:
    text = """\
include: [a.yaml]
cycles: [{key: Q, start: 2026-10-01, end: 2026-12-31}]
objectives: [{key: O, title: t, cycle: Q, key_results: [{key: K, title: t}]}]
mappings: [{key_result: K, work: {label: x}}]
"""
    mapped = load(text, a_yaml="mappings: [{key_result: K, work: {label: y}}, {key_result: K, work: {label: z}}]\n")
    assert [(one.position, one.work.label) for one in mapped.config.mappings] == [(0, ("x",)), (1, ("y",)), (2, ("z",))]


def test_includes_are_relative_to_the_file_that_names_them_and_may_be_globs_below_folders(load: Load) -> None:
    read = load(
        "include: ['sub/**/*.yaml']\n", sub__a__b_yaml="include: [../c.yaml]\n", sub__c_yaml="teams: [{key: c}]"
    )
    assert keys(read.config.teams) == ["c"]


def test_a_file_that_two_globs_name_is_read_once(load: Load) -> None:
    read = load("include: ['*.yaml', 'a*', a.yaml]\n", a_yaml="teams: [{key: a}]\n")
    assert keys(read.config.teams) == ["a"]


def test_sections_of_several_files_are_joined_key_by_key(load: Load) -> None:
    read = load(
        "include: [a.yaml]\ncounting: {subtasks: count}\nfindings: {ignore: [HYG407]}\n"
        "alerts: {channels: {x: 'json://h'}, routes: [{to: y}]}\n",
        a_yaml="version: 1\ncounting: {measure: points}\nfindings: {ignore: [HYG408]}\n"
        "alerts: {channels: {y: 'json://h'}, routes: [{to: x}]}\n",
    ).config
    assert (read.counting.subtasks, read.counting.measure) == ("count", "points")
    assert read.findings.ignore == ("HYG407", "HYG408")
    assert sorted(read.alerts.channels) == ["x", "y"]
    assert [one.to for one in read.alerts.routes] == [("y",), ("x",)]


def test_what_two_files_both_give_is_an_error_that_names_both(problems: Problems, tmp_path: Path) -> None:
    connection = "{kind: jira, url: 'https://h', auth: {token: '${T:-t}'}, projects: [A]}"
    assert problems(
        f"include: [a.yaml]\ntimezone: UTC\nconnections: {{x: {connection}}}\ncounting: {{subtasks: count}}\n"
        "teams: [{key: a}]\n",
        a_yaml=f"timezone: UTC\nconnections: {{x: {connection}}}\ncounting: {{subtasks: count}}\nteams: [{{key: a}}]\n",
    ) == [
        "a.yaml:1:1: timezone: `timezone` is given twice; first at northing.yaml:2:1",
        "a.yaml:2:15: connections.x: `x` is given twice; first at northing.yaml:3:15",
        "a.yaml:3:12: counting.subtasks: `subtasks` is given twice; first at northing.yaml:4:12",
        "a.yaml:4:15: teams[0].key: team `a` is declared twice; first at northing.yaml:5:15",
    ]


def test_files_that_include_each_other_are_an_error(problems: Problems) -> None:
    found = problems("include: [a.yaml]\n", a_yaml="include: [b.yaml]\n", b_yaml="version: 1\ninclude: [a.yaml]\n")
    assert found == ["b.yaml:2:11: include: files include each other in a circle: a.yaml → b.yaml → a.yaml"]


def test_a_file_that_includes_itself_by_name_is_an_error(problems: Problems) -> None:
    found = problems("include: northing.yaml\n")
    assert found == ["northing.yaml:1:10: include: files include each other in a circle: northing.yaml → northing.yaml"]


def test_an_included_file_that_is_not_there_is_an_error(problems: Problems, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert problems("include: [gone.yaml, folder]\n") == [
        "northing.yaml:1:11: include: `gone.yaml` no such file, expected a file, relative to northing.yaml",
        "northing.yaml:1:22: include: `folder` is a folder, expected a file, relative to northing.yaml",
    ]


def test_a_glob_that_matches_nothing_is_a_warning(load: Load) -> None:
    (warning,) = load("include: [okrs/*.yaml]\n").warnings
    assert (warning.severity, warning.message) == ("warning", "`okrs/*.yaml` matches no file")


def test_an_include_that_is_no_list_of_texts_is_an_error_in_every_file(problems: Problems) -> None:
    assert problems("include: {a: b}\n") == [
        "northing.yaml:1:10: include: found a mapping with `a`, expected a text or a list of texts"
    ]
    assert problems("include: a.yaml\n", a_yaml="include: {a: b}\n") == [
        "a.yaml:1:10: include: found a mapping, expected a list of files"
    ]


def test_errors_in_a_section_joined_of_two_files_carry_the_path_in_their_own_file(problems: Problems) -> None:
    found = problems("include: [a.yaml]\nteams: [{key: a}]\n", a_yaml="teams: [{key: b}, {key: c, parnt: a}]\n")
    assert found == ["a.yaml:1:28: teams[1].parnt: unknown key. Did you mean `parent`?"]


def test_a_chain_of_includes_has_an_end(problems: Problems) -> None:
    chain = {f"f{n}_yaml": f"include: f{n + 1}.yaml\n" for n in range(60)}
    assert problems("include: f0.yaml\n", **chain) == [
        "f49.yaml:1:10: include: includes go deeper than 50 files: refused"
    ]


def test_files_on_top_of_the_configuration_come_last_and_once_and_bring_their_own_includes(
    tmp_path: Path, load: Load, kinds: Any
) -> None:
    main = load("include: [a.yaml]\nteams: [{key: main}]\n", a_yaml="teams: [{key: a}]\n").files[0]
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "next.yaml").write_text("include: [more.yaml]\nteams: [{key: next, parent: a}]\n")
    (tmp_path / "plans" / "more.yaml").write_text("teams: [{key: more}]\n")

    twice = [tmp_path / "plans" / "next.yaml", tmp_path / "a.yaml", main, tmp_path / "plans" / ".." / "a.yaml"]
    loaded = config.load(main, env={}, kinds=kinds, more=twice)
    assert keys(loaded.config.teams) == ["main", "a", "next", "more"]
    assert loaded.files[2:] == (twice[0], tmp_path / "plans" / "more.yaml")
    assert loaded.where("team", "next") == (twice[0], 2)
    assert loaded.where("team", "nobody") is None


def test_what_is_wrong_with_files_on_top_comes_with_all_else(tmp_path: Path, load: Load, kinds: Any) -> None:
    main = load("teams: [{key: main}]\n").files[0]
    plan = tmp_path / "plan.yaml"
    plan.write_text("teams: [{key: main}]\ninclude: {a: b}\n")
    with pytest.raises(ConfigError) as caught:
        config.load(main, env={}, kinds=kinds, more=[plan, tmp_path / "gone.yaml", tmp_path])
    assert [str(one).replace(f"{tmp_path}/", "") for one in caught.value.problems] == [
        f"{tmp_path}: is a folder, expected a YAML file",
        "gone.yaml: no such file",
        "plan.yaml:1:15: teams[0].key: team `main` is declared twice; first at northing.yaml:1:15",
        "plan.yaml:2:10: include: found a mapping, expected a list of files",
    ]
